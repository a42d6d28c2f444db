// SPDX-License-Identifier: GPL-2.0-only
/*
 * explore.c - two threads of real C, every way they can run in C11's memory model
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

#define STACK_SIZE	4096
#define DEPTH		1024

static const char *const kinds[] = { "load", "store", "swap", "cas", "choose", "wait", "join", "end" };

struct machine machine;
const struct explore_test *explored;
int running = -1;

static uint8_t stack[2][STACK_SIZE] __attribute__((__aligned__(64)));

static void *main_sp;
static const char *failure;

/* Coroutines: what is to survive a call is on the stack, so that a stack from its pointer on is all there is of one. */

void explore_switch(void **save, void *to);
asm(".text\n"
	".globl explore_switch\n"
	"explore_switch:\n"
	"push %rbp\n push %rbx\n push %r12\n push %r13\n push %r14\n push %r15\n"
	"mov %rsp, (%rdi)\n"
	"mov %rsi, %rsp\n"
	"pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n"
	"ret\n");

struct op *wait_for_turn(struct op op)
{
	int self = running;

	machine.op[self] = op;
	explore_switch(&machine.sp[self], main_sp);
	return &machine.op[self];
}

static void start_thread(void)
{
	explored->thread[running]();
	wait_for_turn((struct op){ .kind = END });
	abort();
}

static void make_thread(int thread)
{
	uint64_t *top = (uint64_t *)(stack[thread] + STACK_SIZE);

	memset(stack[thread], 0, STACK_SIZE);
	*--top = 0;			/* no return; and alignment as after a call */
	*--top = (uint64_t)start_thread;
	machine.sp[thread] = top - 6;
}

static void run_thread(int thread)
{
	running = thread;
	explore_switch(&main_sp, machine.sp[thread]);
	running = -1;
	if ((uint8_t *)machine.sp[thread] < stack[thread] + 256) {
		fprintf(stderr, "explore: the stack is too small\n");
		exit(2);
	}
}

void explore_fail(const char *what)
{
	if (!failure)
		failure = what;
	if (running >= 0) {
		wait_for_turn((struct op){ .kind = END });
		abort();
	}
}

uint32_t explore_choose(uint32_t n)
{
	return wait_for_turn((struct op){ .kind = CHOOSE, .n = n })->result;
}

void explore_wait(bool (*condition)(void))
{
	wait_for_turn((struct op){ .kind = WAIT, .condition = condition });
}

void explore_join(void)
{
	wait_for_turn((struct op){ .kind = JOIN });
}

bool explore_ended(int thread)
{
	return machine.op[thread].kind == END;
}

/* States */

struct key {
	uint64_t a, b;
};

static void hash(void *to, const void *from, size_t size)
{
	const uint64_t *words = from;
	struct key *k = to;
	size_t i;

	for (i = 0; i < size / sizeof(*words); i++) {
		k->a = (k->a ^ words[i]) * 0x9e3779b97f4a7c15ULL;
		k->a ^= k->a >> 32;
		k->b = (k->b + words[i]) * 0xd6e8feb86659fd93ULL;
		k->b ^= k->b >> 29;
	}
}

static uint8_t *live(int t)
{
	return machine.sp[t];
}

static size_t live_size(int t)
{
	return stack[t] + STACK_SIZE - live(t);
}

static struct key key_of_state(void)
{
	struct key k = { 1, 2 };
	int t;

	each_part_of_memory(hash, &k);
	hash(&k, machine.op, sizeof(machine.op));
	hash(&k, explored->state, explored->size);
	for (t = 0; t < 2; t++)
		hash(&k, live(t), live_size(t));
	return k;
}

/* The states seen, by a key of 128 bits: if it is as good as random, any two of 2^32 states share one by 2^-65. */
static struct seen {
	struct key key;
	double executions;	/* from here to an end; below 0: being looked at */
} *seen;
static uint64_t seen_size, states;

static struct seen *find(struct key key)
{
	uint64_t i = key.a & (seen_size - 1);

	while (seen[i].key.a | seen[i].key.b) {
		if (seen[i].key.a == key.a && seen[i].key.b == key.b)
			return &seen[i];
		i = (i + 1) & (seen_size - 1);
	}
	return &seen[i];
}

static void make_seen(uint64_t size)
{
	struct seen *old = seen;
	uint64_t old_size = seen_size, i;

	seen_size = size;
	seen = calloc(size, sizeof(*seen));
	if (!seen) {
		fprintf(stderr, "explore: no memory\n");
		exit(2);
	}
	for (i = 0; i < old_size; i++) {
		if (old[i].key.a | old[i].key.b)
			*find(old[i].key) = old[i];
	}
	free(old);
}

/* The way to the state that is looked at: a frame is a state, and how far its successors have been looked at. */
static struct frame {
	struct machine machine;
	uint8_t stack[2][STACK_SIZE];
	struct key key;
	double executions;
	uint32_t choice;
	int turn;			/* 0: the thread that is first here, 1: the other one */
	bool moved;			/* it has a successor */
} *frames;

static void save(struct frame *f)
{
	int t;

	memcpy(machine.state, explored->state, explored->size);
	f->machine = machine;
	for (t = 0; t < 2; t++)
		memcpy(f->stack[t] + STACK_SIZE - live_size(t), live(t), live_size(t));
}

static void restore(const struct frame *f)
{
	int t;

	machine = f->machine;
	memcpy(explored->state, machine.state, explored->size);
	for (t = 0; t < 2; t++)
		memcpy(live(t), f->stack[t] + STACK_SIZE - live_size(t), live_size(t));
}

/* Which one is first differs from state to state, so that mistakes are not found at the end of a search only. */
static int thread_of(const struct frame *f)
{
	return (f->key.b ^ f->turn) & 1;
}

static void print_step(const struct frame *f)
{
	const struct op *op = &f->machine.op[thread_of(f)];

	printf("#   thread %d: %s", thread_of(f), kinds[op->kind]);
	if (op->kind <= CAS)
		printf(" %s", name_of_location(op->location));
	if (op->kind == CAS)
		printf(" 0x%llx to", (unsigned long long)op->old);
	if (op->kind >= STORE && op->kind <= CAS)
		printf(" 0x%llx", (unsigned long long)op->value);
	printf(", way %u\n", f->choice - 1);
}

static void start(void)
{
	int t;

	memset(&machine, 0, sizeof(machine));
	start_memory();
	for (t = 0; t < 2; t++)
		make_thread(t);
	/* Up to its first operation nothing a thread does can be seen. */
	for (t = 0; t < 2; t++)
		run_thread(t);
	normalize_memory();
}

/* Does the @choice-th of the ways in which thread @t can go on; false if there are not as many. */
static bool go_on(int t, uint32_t choice)
{
	struct op *op = &machine.op[t];

	switch (op->kind) {
	case CHOOSE:
		op->result = choice;
		return choice < op->n;
	case WAIT:
		return !choice && op->condition();
	case JOIN:
		if (choice || !explore_ended(!t))
			return false;
		join_memory(t);
		return true;
	case END:
		return false;
	}
	return access_memory(t, choice);
}

/*
 * To the next successor of @f; false if there is none. A thread that chooses does so at once: the other one cannot tell
 * when.
 */
static bool step(struct frame *f)
{
	int t;

	for (; f->turn < 2; f->turn++, f->choice = 0) {
		t = thread_of(f);
		if (f->machine.op[!t].kind == CHOOSE && (t || f->machine.op[t].kind != CHOOSE))
			continue;
		restore(f);
		if (!go_on(t, f->choice++))
			continue;
		f->moved = true;
		run_thread(t);
		if (!failure && explored->after_step)
			explored->after_step();
		normalize_memory();
		return true;
	}
	return false;
}

static void enter(struct frame *f, struct key key)
{
	states++;
	if (states * 2 > seen_size)
		make_seen(seen_size * 2);
	*find(key) = (struct seen){ .key = key, .executions = -1 };
	save(f);
	f->key = key;
	f->executions = 0;
	f->turn = 0;
	f->choice = 0;
	f->moved = false;
}

struct explore_result explore(const struct explore_test *what)
{
	uint32_t depth = 1, i;
	struct seen *known;
	struct frame *f;
	struct key key;
	double ways = 0;

	explored = what;
	if (explored->size > STATE_MAX || explored->size % sizeof(uint64_t))
		abort();
	if (!frames)
		frames = calloc(DEPTH, sizeof(*frames));
	if (!frames)
		abort();
	failure = NULL;
	states = 0;
	free(seen);
	seen = NULL;
	seen_size = 0;
	make_seen(1 << 16);

	start();
	enter(&frames[0], key_of_state());
	while (!failure) {
		f = &frames[depth - 1];
		if (!step(f)) {
			if (!f->moved && !(explore_ended(0) && explore_ended(1)))
				explore_fail("both wait for ever");
			if (failure)
				break;
			ways = f->moved ? f->executions : 1;
			find(f->key)->executions = ways;
			depth--;
			if (!depth)
				break;
			frames[depth - 1].executions += ways;
			continue;
		}
		if (failure)
			break;
		key = key_of_state();
		known = find(key);
		if (known->key.a | known->key.b) {
			if (known->executions < 0)
				failure = "the same state again: this need not end";
			f->executions += known->executions;
			continue;
		}
		if (depth == DEPTH) {
			fprintf(stderr, "explore: too deep\n");
			exit(2);
		}
		enter(&frames[depth++], key);
	}
	if (failure) {
		printf("#   %s, after\n", failure);
		for (i = 0; i < depth; i++) {
			if (frames[i].turn < 2)
				print_step(&frames[i]);
		}
	}
	return (struct explore_result){ states, ways, failure };
}
