/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * machine.h - what explore.c, which runs the threads, and memory.c, which is their memory, share
 */
#ifndef MACHINE_H
#define MACHINE_H

#include "explore.h"

#define LOCATIONS	5
#define MESSAGES	16
#define STATE_MAX	512
#define WORD		4		/* bytes of plain memory that are checked as one */

enum kind { LOAD, STORE, SWAP, CAS, CHOOSE, WAIT, JOIN, END };

/* What a thread is about to do, and, when it runs again, what came of it. */
struct op {
	uint64_t value;
	uint64_t old;
	uint64_t result;
	bool (*condition)(void);
	uint8_t kind;
	uint8_t location;
	uint8_t order;
	uint8_t ok;
	uint32_t n;
};

struct message {
	uint64_t value;
	uint8_t view[LOCATIONS];
	uint8_t clock[2];
	uint8_t glued;			/* a read-modify-write of the message before it: nothing comes between */
};

/* Who accessed a word of plain memory when, by that thread's clock. */
struct shadow {
	uint8_t loaded[2];
	uint8_t stored[2];
};

/* All that changes, but the stacks. No padding: it is hashed. */
extern struct machine {
	struct message message[LOCATIONS][MESSAGES];
	uint8_t messages[LOCATIONS];
	uint8_t view[2][LOCATIONS];	/* of a thread */
	uint8_t sc[LOCATIONS];		/* the last message of a sequentially consistent operation */
	uint8_t clock[2][2];		/* of a thread: its own, what it knows of the other's */
	struct op op[2];
	void *sp[2];
	struct shadow shadow[STATE_MAX / WORD];
	uint64_t state[STATE_MAX / sizeof(uint64_t)];	/* the test's, while it does not run */
} machine;

extern const struct explore_test *explored;
extern int running;			/* the thread, or -1 */

/* From a thread: back to the search, until that has chosen this thread and done its operation, which it returns. */
struct op *wait_for_turn(struct op op);

/* The memory as it is before the first step. */
void start_memory(void);

/*
 * Does the @choice-th of the ways in which the load, store, swap or cas of thread @t can go on, and returns true; or
 * returns false if there are not as many.
 */
bool access_memory(int t, uint32_t choice);

/* @t sees what the other thread did. */
void join_memory(int t);

/* States that differ in nothing that can show any more become the same. */
void normalize_memory(void);

/* Hands all that is in memory to @add. */
void each_part_of_memory(void (*add)(void *to, const void *from, size_t size), void *to);

const char *name_of_location(uint32_t location);

#endif /* MACHINE_H */
