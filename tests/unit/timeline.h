/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * timeline.h - a writer and a reader on one ring, and what there is to hold between them
 *
 * Every write is numbered; number n has time n. What the reader got must be all numbers in order: records where the
 * write returned PROFBUF_WROTE, and inside loss records, with the time of the first, where it returned PROFBUF_LOST.
 * The reader sleeps on a semaphore that every PROFBUF_WAKE raises, which must never be more than one up. Whenever both
 * sides are outside of the ring, a reader whom nobody woke must have no reason to be awake.
 *
 * The two sides may run inside each other at the ring's atomic operations: the checks while they do only note the first
 * failure, timeline_check() reports it.
 */
#ifndef TIMELINE_H
#define TIMELINE_H

#include "unit.h"

#define TIMELINE_MAX	8192

enum give_back {
	BY_READ,	/* the next read gives the slice back */
	BY_CONSUME,	/* all at once */
	BY_RECORD,	/* the first record only */
	KEEP_ONCE,	/* nothing at the first sight of a slice, all at the second */
};

struct timeline {
	struct profbuf *b;
	enum profbuf_read_mode mode;
	enum give_back how;
	bool impatient;			/* the reader comes back before its wakeup at times */

	u32 written;			/* numbers given */
	bool closed;

	u32 nseen;
	struct profbuf_slice out;	/* what the reader holds */
	bool kept;
	bool asleep;
	bool eof;

	u32 tokens, sleeps, wakes;
	u32 inside, writing;		/* calls that have not returned yet: all, the writer's */
	const char *failure;

	/* From here on not cleared by timeline_start(). */
	u64 copy[256];			/* how the slice was */
	bool lost[TIMELINE_MAX];	/* what each write returned */
	struct {
		u64 time, lost;		/* lost: 0 for a record */
	} seen[TIMELINE_MAX];
};

void timeline_start(struct timeline *t, u32 hdrsize, u32 bufwords, u32 tags, enum profbuf_read_mode mode,
		    enum give_back how);
void timeline_end(struct timeline *t);

void timeline_write(struct timeline *t, u32 nstk);
void timeline_close(struct timeline *t);

/* One read, unless the reader sleeps and nobody woke it: then false. */
bool timeline_read(struct timeline *t);

/* Closes if need be, reads to the end, checks. Returns what is wrong, or NULL. */
const char *timeline_check(struct timeline *t);

#endif /* TIMELINE_H */
