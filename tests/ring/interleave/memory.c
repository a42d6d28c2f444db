// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory.c - the memory of two threads as C11 has it, and what the compiler calls to get there
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

#define MIN(a, b)	((a) < (b) ? (a) : (b))
#define MAX(a, b)	((a) > (b) ? (a) : (b))

static struct {
	const volatile void *at;
	const char *name;
	int owner;
} locations[LOCATIONS];
static uint32_t nlocations;

void explore_location(volatile void *at, const char *name, int owner)
{
	if (nlocations == LOCATIONS)
		abort();
	locations[nlocations].at = at;
	locations[nlocations].name = name;
	locations[nlocations].owner = owner;
	nlocations++;
}

const char *name_of_location(uint32_t location)
{
	return locations[location].name;
}

void explore_reset(void)
{
	nlocations = 0;
}

void start_memory(void)
{
	uint32_t x;
	int t;

	for (x = 0; x < nlocations; x++) {
		machine.messages[x] = 1;
		machine.message[x][0].value = *(const volatile uint64_t *)locations[x].at;
	}
	for (t = 0; t < 2; t++)
		machine.clock[t][t] = 1;
}

static uint32_t location_of(const volatile void *at)
{
	uint32_t x;

	for (x = 0; x < nlocations; x++) {
		if (locations[x].at == at)
			return x;
	}
	fprintf(stderr, "explore: an atomic access to what is no location\n");
	exit(2);
}

uint64_t explore_last(const volatile void *at)
{
	uint32_t x = location_of(at);

	return machine.message[x][machine.messages[x] - 1].value;
}

static bool acquires(int order)
{
	return order == __ATOMIC_ACQUIRE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static bool releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static void read_message(int t, uint32_t x, uint32_t at, int order)
{
	const struct message *m = &machine.message[x][at];
	uint32_t y;

	machine.view[t][x] = at;
	if (order == __ATOMIC_SEQ_CST)
		machine.sc[x] = MAX(machine.sc[x], at);
	if (!acquires(order))
		return;
	for (y = 0; y < nlocations; y++)
		machine.view[t][y] = MAX(machine.view[t][y], m->view[y]);
	machine.clock[t][!t] = MAX(machine.clock[t][!t], m->clock[!t]);
}

/* Positions in @view from @at on move by one. */
static void make_room(uint8_t *view, uint32_t at)
{
	if (*view >= at)
		++*view;
}

static void insert_message(int t, uint32_t x, uint32_t at, uint64_t value, int order, bool glued)
{
	struct message *m = &machine.message[x][at];
	uint32_t y, i;

	if (machine.messages[x] == MESSAGES) {
		fprintf(stderr, "explore: too many messages\n");
		exit(2);
	}
	memmove(m + 1, m, (machine.messages[x] - at) * sizeof(*m));
	machine.messages[x]++;
	make_room(&machine.view[0][x], at);
	make_room(&machine.view[1][x], at);
	make_room(&machine.sc[x], at);
	for (y = 0; y < nlocations; y++) {
		for (i = 0; i < machine.messages[y]; i++)
			make_room(&machine.message[y][i].view[x], at);
	}

	machine.view[t][x] = at;
	*m = (struct message){ .value = value, .glued = glued };
	m->view[x] = at;
	if (order == __ATOMIC_SEQ_CST)
		machine.sc[x] = MAX(machine.sc[x], at);
	if (!releases(order))
		return;
	memcpy(m->view, machine.view[t], sizeof(m->view));
	memcpy(m->clock, machine.clock[t], sizeof(m->clock));
	if (++machine.clock[t][t] == UINT8_MAX) {
		fprintf(stderr, "explore: a clock is at its end\n");
		exit(2);
	}
}

/* May something be put right behind this message? */
static bool is_free(uint32_t x, uint32_t at)
{
	return at + 1 == machine.messages[x] || !machine.message[x][at + 1].glued;
}

bool access_memory(int t, uint32_t choice)
{
	struct op *op = &machine.op[t];
	uint32_t x = op->location;
	uint32_t from, at, sc;
	const struct message *m;

	from = machine.view[t][x];
	sc = op->order == __ATOMIC_SEQ_CST ? MAX(from, machine.sc[x]) : from;
	for (at = from; at < machine.messages[x]; at++) {
		m = &machine.message[x][at];
		if (op->kind == STORE || op->kind == SWAP || (op->kind == CAS && m->value == op->old)) {
			if (at < sc || !is_free(x, at) || choice--)
				continue;
			op->result = m->value;
			op->ok = true;
			if (op->kind != STORE)
				read_message(t, x, at, op->order);
			insert_message(t, x, at + 1, op->value, op->order, op->kind != STORE);
			return true;
		}
		if ((op->kind == LOAD && at < sc) || choice--)
			continue;
		op->result = m->value;
		op->ok = false;
		read_message(t, x, at, op->kind == LOAD ? op->order : __ATOMIC_RELAXED);
		return true;
	}
	return false;
}

void join_memory(int t)
{
	uint32_t x;

	for (x = 0; x < nlocations; x++)
		machine.view[t][x] = MAX(machine.view[t][x], machine.view[!t][x]);
	machine.clock[t][!t] = machine.clock[!t][!t];
}

static uint64_t atomic(enum kind kind, const volatile void *at, uint64_t value, int order)
{
	struct op op = { .kind = kind, .value = value, .order = order, .location = location_of(at) };
	int owner = locations[op.location].owner;

	if (kind != LOAD && owner == !running)
		explore_fail("a store to what the other thread owns");
	/* What only this thread stores to has one value for it, whenever it looks. */
	if (kind == LOAD && owner == running)
		return explore_last(at);
	return wait_for_turn(op)->result;
}

/* What the compiler calls; the names are its own. Not in a thread: nothing. */

uint64_t __tsan_atomic64_load(const volatile uint64_t *at, int order);
uint64_t __tsan_atomic64_load(const volatile uint64_t *at, int order)
{
	return running < 0 ? *at : atomic(LOAD, at, 0, order);
}

void __tsan_atomic64_store(volatile uint64_t *at, uint64_t value, int order);
void __tsan_atomic64_store(volatile uint64_t *at, uint64_t value, int order)
{
	if (running < 0)
		*at = value;
	else if (order == __ATOMIC_SEQ_CST)
		abort();		/* the model has none, nor has the port */
	else
		atomic(STORE, at, value, order);
}

uint64_t __tsan_atomic64_exchange(volatile uint64_t *at, uint64_t value, int order);
uint64_t __tsan_atomic64_exchange(volatile uint64_t *at, uint64_t value, int order)
{
	return atomic(SWAP, at, value, order);
}

int __tsan_atomic64_compare_exchange_strong(volatile uint64_t *at, uint64_t *old, uint64_t value, int order,
					    int failed_order);
int __tsan_atomic64_compare_exchange_strong(volatile uint64_t *at, uint64_t *old, uint64_t value, int order,
					    int failed_order)
{
	struct op op = { .kind = CAS, .value = value, .old = *old, .order = order, .location = location_of(at) };
	struct op *done;

	if (failed_order != __ATOMIC_RELAXED)
		abort();
	if (locations[op.location].owner == !running)
		explore_fail("a store to what the other thread owns");
	done = wait_for_turn(op);
	*old = done->result;
	return done->ok;
}

static void plain(const volatile void *at, size_t size, bool store)
{
	int t = running;
	struct shadow *s;
	uintptr_t offset;
	size_t i;

	if (t < 0)
		return;
	offset = (uintptr_t)at - (uintptr_t)explored->state;
	if (offset >= explored->size)
		return;
	for (i = offset / WORD; i <= (offset + size - 1) / WORD; i++) {
		s = &machine.shadow[i];
		if (s->stored[!t] > machine.clock[t][!t])
			explore_fail(store ? "a race: two stores" : "a race: a load of what the other one stores");
		if (store && s->loaded[!t] > machine.clock[t][!t])
			explore_fail("a race: a store to what the other one loads");
		if (store)
			s->stored[t] = machine.clock[t][t];
		else
			s->loaded[t] = machine.clock[t][t];
	}
}

uint64_t explore_read(const uint64_t *at)
{
	plain(at, sizeof(*at), false);
	return *at;
}

#define PLAIN(size)						\
void __tsan_read##size(void *at);				\
void __tsan_read##size(void *at)				\
{								\
	plain(at, size, false);					\
}								\
void __tsan_write##size(void *at);				\
void __tsan_write##size(void *at)				\
{								\
	plain(at, size, true);					\
}								\
void __tsan_unaligned_read##size(void *at);			\
void __tsan_unaligned_read##size(void *at)			\
{								\
	plain(at, size, false);					\
}								\
void __tsan_unaligned_write##size(void *at);			\
void __tsan_unaligned_write##size(void *at)			\
{								\
	plain(at, size, true);					\
}
PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

void __tsan_read_range(void *at, unsigned long size);
void __tsan_read_range(void *at, unsigned long size)
{
	plain(at, size, false);
}

void __tsan_write_range(void *at, unsigned long size);
void __tsan_write_range(void *at, unsigned long size)
{
	plain(at, size, true);
}

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller);
void __tsan_func_entry(void *caller)
{
	(void)caller;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}

static void forget_messages(uint32_t x, uint32_t n)
{
	uint32_t y, i;

	memmove(machine.message[x], machine.message[x] + n, (machine.messages[x] - n) * sizeof(struct message));
	machine.messages[x] -= n;
	memset(machine.message[x] + machine.messages[x], 0, n * sizeof(struct message));
	machine.view[0][x] -= n;
	machine.view[1][x] -= n;
	machine.sc[x] -= MIN(machine.sc[x], n);
	for (y = 0; y < nlocations; y++) {
		for (i = 0; i < machine.messages[y]; i++)
			machine.message[y][i].view[x] -= MIN(machine.message[y][i].view[x], n);
	}
}

static uint32_t words_checked(void)
{
	return explored->size / WORD;
}

/* A thread's clock: values that nobody can tell from others become the same. Ranks of those that are left. */
static void normalize_clock(int t)
{
	uint8_t known = machine.clock[!t][t];
	uint8_t own = machine.clock[t][t];
	uint8_t rank[UINT8_MAX + 1];
	uint32_t i, x, n = 0;

	/* No value is above the thread's own. */
	memset(rank, 0, own);
	rank[own] = 1;
	for (x = 0; x < nlocations; x++) {
		for (i = 0; i < machine.messages[x]; i++)
			rank[machine.message[x][i].clock[t]] = 1;
	}
	for (i = 0; i < words_checked(); i++) {
		rank[machine.shadow[i].loaded[t]] = 1;
		rank[machine.shadow[i].stored[t]] = 1;
	}
	for (i = 0; i <= own; i++)
		rank[i] = i <= known ? 0 : rank[i] ? ++n : 0;

	machine.clock[!t][t] = 0;
	machine.clock[t][t] = rank[own];
	for (x = 0; x < nlocations; x++) {
		for (i = 0; i < machine.messages[x]; i++)
			machine.message[x][i].clock[t] = rank[machine.message[x][i].clock[t]];
	}
	for (i = 0; i < words_checked(); i++) {
		machine.shadow[i].loaded[t] = rank[machine.shadow[i].loaded[t]];
		machine.shadow[i].stored[t] = rank[machine.shadow[i].stored[t]];
	}
}

void normalize_memory(void)
{
	uint32_t x, y, i;

	for (x = 0; x < nlocations; x++) {
		forget_messages(x, MIN(machine.view[0][x], machine.view[1][x]));
		machine.message[x][0].glued = false;
		for (i = 0; i < machine.messages[x]; i++) {
			for (y = 0; y < nlocations; y++) {
				if (machine.message[x][i].view[y] <= MIN(machine.view[0][y], machine.view[1][y]))
					machine.message[x][i].view[y] = 0;
			}
		}
	}
	normalize_clock(0);
	normalize_clock(1);
}

void each_part_of_memory(void (*add)(void *to, const void *from, size_t size), void *to)
{
	uint32_t x;

	add(to, machine.messages, offsetof(struct machine, op) - offsetof(struct machine, messages));
	for (x = 0; x < nlocations; x++)
		add(to, machine.message[x], machine.messages[x] * sizeof(struct message));
	add(to, machine.shadow, words_checked() * sizeof(struct shadow));
}
