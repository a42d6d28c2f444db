/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tag_sources.h - where processes that tag themselves have the pointers to their tags
 *
 * Each session has its own tag sources. A process is known by its memory map, so that a tag source is no longer used
 * after the process has executed another program.
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

/* Where a thread-local variable is. */
struct profbuf_tag_location {
	bool known;
	u32 tls;			/* enum profbuf_tls */
	s64 offset;
	u64 module;
};

/* A process that tags itself. The reference on @mm keeps its address from being reused, but not the user memory. */
struct profbuf_tag_process {
	struct hlist_node node;
	struct mm_struct *mm;
	u64 key;			/* random and secret; part of the signatures of its tags */
	struct profbuf_tag_location at[PROFBUF_NR_TAG_KINDS];
	struct profbuf_tag_process *gone;	/* the next of the processes that are freed together */
	struct rcu_head rcu;
};

/**
 * struct profbuf_tag_processes - the processes whose tag sources a session knows
 */
struct profbuf_tag_processes {
	struct mutex lock;		/* for writers; ticks read under RCU */
	DECLARE_HASHTABLE(table, 8);	/* by memory map */
	unsigned int n;
	unsigned long next_sweep;	/* jiffies */
};

void profbuf_tag_processes_init(struct profbuf_tag_processes *processes);

/**
 * profbuf_tag_processes_exit() - forget all processes
 * @processes: of a session whose ticks are off
 *
 * Context: may sleep.
 */
void profbuf_tag_processes_exit(struct profbuf_tag_processes *processes);

/**
 * profbuf_tag_process_find() - find the tag sources of a process
 * @processes: the session's
 * @mm: its memory map
 *
 * Context: the tick, also NMI; or under the lock. The result is valid as long.
 * Return: the process; NULL if the session does not know it.
 */
const struct profbuf_tag_process *profbuf_tag_process_find(const struct profbuf_tag_processes *processes,
							   const struct mm_struct *mm);

/**
 * profbuf_tag_source_set() - set where a process has the pointer to its tag, or that it no longer has one
 * @processes: the session's
 * @opener: for its rights
 * @from: as user space gave it, not yet validated
 *
 * Context: may sleep.
 * Return: 0 or one of the errors in profbuf_uapi.h, with nothing changed.
 */
int profbuf_tag_source_set(struct profbuf_tag_processes *processes, const struct profbuf_opener *opener,
			   const struct profbuf_tag_source *from);

#endif /* PROFBUF_TAG_SOURCES_H */
