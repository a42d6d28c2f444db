/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * timeline.h - a writer and a reader on one ring, and what must hold between them
 *
 * Every write has a number; write n has time n. The reader must get all numbers in order: a record where the write
 * returned PROFBUF_WROTE; where it returned PROFBUF_LOST, the number is counted in a loss record, which has the time of
 * its first loss. The reader sleeps on a semaphore that every PROFBUF_WAKE raises, and which must never be above one.
 * Whenever both sides are outside of the ring, a sleeping reader that was not woken must have no reason to be awake.
 *
 * Each side may run inside the other one at the ring's atomic operations. The checks only note the first failure, and
 * timeline_check() reports it.
 */
#ifndef TIMELINE_H
#define TIMELINE_H

#include "unit.h"

#define TIMELINE_MAX	8192

enum give_back {
	BY_READ,	/* the next read gives the slice back */
	BY_CONSUME,	/* consume gives all of it back at once */
	BY_RECORD,	/* consume gives only the first record back */
	KEEP_ONCE,	/* nothing when a slice is seen first, its first record the second time */
};

struct timeline {
	struct profbuf *b;
	enum profbuf_read_mode mode;
	enum give_back how;
	bool impatient;			/* the reader sometimes comes back before its wakeup */

	u32 written;			/* number of writes so far */
	bool closed;

	u32 nseen;
	struct profbuf_slice out;	/* the slice that the reader holds */
	bool kept;
	bool asleep;
	bool eof;

	u32 tokens, sleeps, wakes;
	u32 inside, writing;		/* calls that have not returned yet: all calls, the writer's calls */
	const char *failure;

	/* timeline_start() does not clear these. */
	u64 copy[256];			/* copy of the slice, to compare with */
	bool lost[TIMELINE_MAX];	/* by number: was the write lost? */
	struct {
		u64 time, lost;		/* lost: 0 if it is a record */
	} seen[TIMELINE_MAX];
};

void timeline_start(struct timeline *t, u32 hdrsize, u32 bufwords, u32 tags, enum profbuf_read_mode mode,
		    enum give_back how);
void timeline_end(struct timeline *t);

void timeline_write(struct timeline *t, u32 nstk);
void timeline_close(struct timeline *t);

/* Does one read. Returns false without a read if the reader sleeps and was not woken. */
bool timeline_read(struct timeline *t);

/* Closes the ring if that was not done, reads to the end, and checks. Returns what is wrong, or NULL. */
const char *timeline_check(struct timeline *t);

#endif /* TIMELINE_H */
