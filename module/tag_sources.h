/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tag_sources.h - where processes that tag themselves have the pointers to their tags
 *
 * A session's. Known by the memory map, so that a process that executes another program is not read by it.
 */
#ifndef PROFBUF_TAG_SOURCES_H
#define PROFBUF_TAG_SOURCES_H

#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "profbuf_uapi.h"

struct mm_struct;
struct profbuf_opener;

#define PROFBUF_PLACES	4096	/* per session: processes */

/* Of a thread-local variable. */
struct profbuf_location {
	bool known;
	u32 tls;			/* enum profbuf_tls */
	s64 offset;
	u64 module;
};

/* A process. The reference on @mm is not one on its memory: it keeps the address from being reused. */
struct profbuf_place {
	struct hlist_node node;
	struct mm_struct *mm;
	u64 key;			/* random, and nobody's to know: of the signatures of its tags */
	struct profbuf_location at[PROFBUF_NR_TAG_KINDS];
	struct profbuf_place *gone;	/* the next of those to be freed together */
	struct rcu_head rcu;
};

/**
 * struct profbuf_places - a session's
 */
struct profbuf_places {
	struct mutex lock;		/* for writers; ticks read under RCU */
	DECLARE_HASHTABLE(table, 8);	/* by memory map */
	unsigned int n;
	unsigned long next_sweep;	/* jiffies */
};

void profbuf_places_init(struct profbuf_places *places);

/**
 * profbuf_places_exit() - forget them
 * @places: of a session whose ticks are off
 *
 * Context: may sleep.
 */
void profbuf_places_exit(struct profbuf_places *places);

/**
 * profbuf_place_find() - that of a process
 * @places: the session's
 * @mm: the memory map
 *
 * Context: the tick, NMI too, which keeps the result; or under the lock.
 * Return: NULL if there is none.
 */
const struct profbuf_place *profbuf_place_find(const struct profbuf_places *places, const struct mm_struct *mm);

/**
 * profbuf_place_set() - where a process has the pointer to its tag, or that it has none any more
 * @places: the session's
 * @opener: whose rights
 * @from: as user space gave it, not yet validated
 *
 * Context: may sleep.
 * Return: 0 or one of the errors in profbuf_uapi.h, with nothing changed.
 */
int profbuf_place_set(struct profbuf_places *places, const struct profbuf_opener *opener,
		      const struct profbuf_tag_source *from);

#endif /* PROFBUF_TAG_SOURCES_H */
