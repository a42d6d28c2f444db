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

#define PROFBUF_TAG_PROCESSES	4096	/* per session */

/* Of a thread-local variable. */
struct profbuf_tag_location {
	bool known;
	u32 tls;			/* enum profbuf_tls */
	s64 offset;
	u64 module;
};

/* A process that tags itself. The reference on @mm is not one on its memory: it keeps the address from being reused. */
struct profbuf_tag_process {
	struct hlist_node node;
	struct mm_struct *mm;
	u64 key;			/* random, and nobody's to know: of the signatures of its tags */
	struct profbuf_tag_location at[PROFBUF_NR_TAG_KINDS];
	struct profbuf_tag_process *gone;	/* the next of those to be freed together */
	struct rcu_head rcu;
};

/**
 * struct profbuf_tag_processes - those that a session knows
 */
struct profbuf_tag_processes {
	struct mutex lock;		/* for writers; ticks read under RCU */
	DECLARE_HASHTABLE(table, 8);	/* by memory map */
	unsigned int n;
	unsigned long next_sweep;	/* jiffies */
};

void profbuf_tag_processes_init(struct profbuf_tag_processes *processes);

/**
 * profbuf_tag_processes_exit() - forget them
 * @processes: of a session whose ticks are off
 *
 * Context: may sleep.
 */
void profbuf_tag_processes_exit(struct profbuf_tag_processes *processes);

/**
 * profbuf_tag_process_find() - what is known of a process
 * @processes: the session's
 * @mm: its memory map
 *
 * Context: the tick, NMI too, which keeps the result; or under the lock.
 * Return: NULL if there is none.
 */
const struct profbuf_tag_process *profbuf_tag_process_find(const struct profbuf_tag_processes *processes,
							   const struct mm_struct *mm);

/**
 * profbuf_tag_source_set() - where a process has the pointer to its tag, or that it has none any more
 * @processes: the session's
 * @opener: whose rights
 * @from: as user space gave it, not yet validated
 *
 * Context: may sleep.
 * Return: 0 or one of the errors in profbuf_uapi.h, with nothing changed.
 */
int profbuf_tag_source_set(struct profbuf_tag_processes *processes, const struct profbuf_opener *opener,
			   const struct profbuf_tag_source *from);

#endif /* PROFBUF_TAG_SOURCES_H */
