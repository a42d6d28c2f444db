// SPDX-License-Identifier: GPL-2.0-only
/*
 * schedule_test.c - writer and reader as two threads of control, and every way to run them with few switches
 *
 * Each side has its own stack, and changes to the other side at the ring's atomic operations where the schedule says
 * so. A schedule is the numbers of steps between the switches. All schedules with up to SWITCHES switches are run, then
 * random ones, which switch all the time. There is only one processor, so this tries only the order of the steps, not
 * weaker memory orders. tests/ring/interleave tries those, and every schedule, for a few calls; here there are many
 * calls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "timeline.h"

/* Fewer in slow builds. */
#ifndef SWITCHES
#define SWITCHES	3
#endif
#define STACK_SIZE	(256 * 1024)
#define CLOSE		-1
#define END		-2
#define TOO_BIG		1000

enum { WRITER, READER };

struct scenario {
	u32 hdrsize, words, tags, watermark;
	int script[12];
};

static const struct scenario scenarios[] = {
	{ 1, 16, 4, 0, { 1, 5, 1, CLOSE, END } },
	{ 1, 16, 4, 0, { TOO_BIG, 1, TOO_BIG, 1, CLOSE, END } },
	{ 1, 16, 2, 0, { 1, 1, 1, 1, CLOSE, END } },
	{ 0, 4, 1, 0, { 1, 2, 0, 1, CLOSE, END } },
	{ 0, 8, 4, 1, { 1, 6, 1, 2, CLOSE, END } },
	{ 1, 16, 4, 16, { 5, 5, 1, 9, CLOSE, END } },
	{ 1, 8, 2, 4, { 1, TOO_BIG, 1, 1, TOO_BIG, CLOSE, END } },
	{ 2, 16, 4, 12, { 6, 6, 1, 2, 6, CLOSE, END } },
};

static struct timeline t;
static ucontext_t main_context, context[2];
static char *stack[2];
static bool done[2];
static int running;

static u32 schedule[SWITCHES];
static bool used[SWITCHES];
static u32 most_switches;
static u32 switches;		/* switches done so far */
static u32 left;		/* steps until the next switch */
static u64 random_state;	/* not 0: random switches, no schedule */
static const int *script;

static u32 chance(void)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return random_state >> 33;
}

static void next_gap(void)
{
	if (random_state)
		left = 1 + chance() % (chance() % 4 ? 4 : 40);
	else
		left = switches < most_switches ? schedule[switches] : UINT32_MAX;
}

static void change_side(void)
{
	int from = running;

	running = !running;
	swapcontext(&context[from], &context[running]);
}

static void step(void)
{
	if (--left)
		return;
	if (!random_state && switches < most_switches)
		used[switches++] = true;
	next_gap();
	if (!done[!running])
		change_side();
}

static void leave(void)
{
	done[running] = true;
	if (!done[!running]) {
		running = !running;
		setcontext(&context[running]);
	}
	setcontext(&main_context);
}

static void writer(void)
{
	const int *op;

	for (op = script; *op != END && !t.failure; op++) {
		if (*op == CLOSE)
			timeline_close(&t);
		else
			timeline_write(&t, *op);
	}
	leave();
}

/* When the reader has nothing to do, the writer runs, up to the next switch or its end. */
static void reader(void)
{
	u32 before;

	while (!t.eof && !t.failure) {
		before = t.nseen;
		if (timeline_read(&t) && t.nseen != before)
			continue;
		if (!done[WRITER])
			change_side();
		else if (t.asleep && !t.tokens && !t.impatient)
			t.failure = "the reader sleeps for ever";
	}
	leave();
}

static const char *run(const struct scenario *s, const int *ops, enum profbuf_read_mode mode, enum give_back how,
		       bool impatient, int first)
{
	static void (*const side[2])(void) = { writer, reader };
	const char *failure;
	int i;

	timeline_start(&t, s->hdrsize, s->words, s->tags, mode, how);
	t.impatient = impatient;
	if (s->watermark)
		profbuf_set_watermark(t.b, s->watermark);
	script = ops;
	switches = 0;
	memset(used, 0, sizeof(used));
	next_gap();
	for (i = 0; i < 2; i++) {
		done[i] = false;
		getcontext(&context[i]);
		context[i].uc_stack.ss_sp = stack[i];
		context[i].uc_stack.ss_size = STACK_SIZE;
		context[i].uc_link = NULL;
		makecontext(&context[i], side[i], 0);
	}
	running = first;
	unit_step = step;
	swapcontext(&main_context, &context[first]);
	unit_step = NULL;
	failure = timeline_check(&t);
	timeline_end(&t);
	return failure;
}

/* Makes the next schedule: the last switch that happened comes one step later. Returns false if there is none. */
static bool next_schedule(void)
{
	int i;

	for (i = SWITCHES - 1; i >= 0; i--) {
		if (used[i]) {
			schedule[i]++;
			return true;
		}
		schedule[i] = 1;
	}
	return false;
}

static u64 run_all_schedules(const struct scenario *s, enum profbuf_read_mode mode, enum give_back how, bool impatient)
{
	const char *failure;
	u64 runs = 0;
	int first, i;

	for (first = WRITER; first <= READER; first++) {
		for (i = 0; i < SWITCHES; i++)
			schedule[i] = 1;
		do {
			failure = run(s, s->script, mode, how, impatient, first);
			if (failure) {
				fprintf(stderr, "scenario %d mode %d give back %d impatient %d first %d schedule",
					(int)(s - scenarios), mode, how, impatient, first);
				for (i = 0; i < SWITCHES; i++)
					fprintf(stderr, " %u", schedule[i]);
				fprintf(stderr, ": %s\n", failure);
				fail();
			}
			runs++;
		} while (next_schedule());
	}
	return runs;
}

static void run_scenarios(enum profbuf_read_mode mode, bool impatient)
{
	u64 runs = 0;
	int how;
	u32 i;

	random_state = 0;
	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		for (how = BY_READ; how <= KEEP_ONCE; how++) {
			/* The full number of switches is tried with only one way to give back for each scenario. */
			most_switches = (i + mode + impatient) % 4 == (u32)how ? SWITCHES : 2;
			runs += run_all_schedules(&scenarios[i], mode, how, impatient);
		}
	}
	assert_true(runs > 10000);
}

static void allocate_stacks(void)
{
	stack[0] = malloc(STACK_SIZE);
	stack[1] = malloc(STACK_SIZE);
	assert_true(stack[0] && stack[1]);
}

static void free_stacks(void)
{
	free(stack[0]);
	free(stack[1]);
}

TEST(blocking_reader_in_every_schedule, .setup = allocate_stacks, .teardown = free_stacks)
{
	run_scenarios(PROFBUF_BLOCKING, false);
}

TEST(reader_that_comes_back_early_in_every_schedule, .setup = allocate_stacks, .teardown = free_stacks)
{
	run_scenarios(PROFBUF_BLOCKING, true);
}

TEST(nonblocking_reader_in_every_schedule, .setup = allocate_stacks, .teardown = free_stacks)
{
	run_scenarios(PROFBUF_NONBLOCKING, false);
}

TEST(long_runs_in_random_schedules, .setup = allocate_stacks, .teardown = free_stacks)
{
	static int ops[402];
	const char *failure;
	struct scenario s;
	u64 seed;
	int how, variant;
	u32 i;

	for (seed = 1; seed <= 4000; seed++) {
		random_state = seed * 0x9e3779b97f4a7c15ULL;
		s = (struct scenario){ 0 };
		s.hdrsize = chance() % 4;
		s.words = 1U << (3 + chance() % 4);
		s.tags = 1 + chance() % 8;
		s.watermark = chance() % 3 ? 0 : 1 + chance() % s.words;
		how = chance() % 4;
		variant = chance() % 3;
		for (i = 0; i < 400; i++)
			ops[i] = chance() % 12 ? chance() % (1 + chance() % s.words) % 60 : TOO_BIG;
		ops[i++] = CLOSE;
		ops[i] = END;
		failure = run(&s, ops, variant ? PROFBUF_BLOCKING : PROFBUF_NONBLOCKING, how, variant == 2, seed % 2);
		if (failure) {
			fprintf(stderr, "seed %d: %s\n", (int)seed, failure);
			fail();
		}
	}
	random_state = 0;
}
