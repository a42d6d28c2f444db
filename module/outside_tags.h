/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * outside_tags.h - tags that processes and threads have from outside
 *
 * They belong to the module, not to a session: the process that tags is seldom the one that records. Such a tag is a
 * number that is never used again, and stands for a label set. It belongs to the process or thread itself, not to its
 * number: a reused pid has no tag of an earlier process, and a thread that takes its process's number when it executes
 * a program keeps its own tag. What a tagged process or thread creates is tagged at its creation
 * (profbuf_outside_tags_inherit()).
 */
#ifndef PROFBUF_OUTSIDE_TAGS_H
#define PROFBUF_OUTSIDE_TAGS_H

#include <linux/types.h>

#include "profbuf_uapi.h"

struct profbuf_opener;
struct task_struct;

#define PROFBUF_OUTSIDE_TAGS_MAX	65536	/* processes and threads at once */

/* A tag that was set from outside, and the label set that it stands for. */
struct profbuf_outside_tag {
	u64 tag;
	u16 bytes;
	char text[];
};

/* A session that has set tags. At its end those that are not to stay are removed. */
struct profbuf_outside_tags_owner {
	bool dropped;			/* what it has set is no longer inherited; under the lock of outside_tags.c */
};

/**
 * profbuf_outside_tag_of() - the tag that a task has from outside
 * @task: the task
 *
 * Context: any, also NMI, under RCU or with interrupts off; the result is valid as long.
 * Return: the thread's tag, else the process's, else NULL.
 */
const struct profbuf_outside_tag *profbuf_outside_tag_of(struct task_struct *task);

/**
 * profbuf_outside_tag_set() - tag a process or a thread from outside, or remove such a tag
 * @opener: for its rights
 * @owner: the session that does it
 * @set: as user space gave it, not yet validated
 *
 * Context: may sleep.
 * Return: 0 or one of the errors in profbuf_uapi.h, with nothing changed.
 */
int profbuf_outside_tag_set(const struct profbuf_opener *opener, struct profbuf_outside_tags_owner *owner,
			    const struct profbuf_tag_set *set);

/* Removes what @owner has set, apart from PROFBUF_TAG_STAY. Context: @owner sets nothing meanwhile; may sleep. */
void profbuf_outside_tags_drop(struct profbuf_outside_tags_owner *owner);

/* A task was created, and does not run yet; a task ends. Context: a probe of a tracepoint. */
void profbuf_outside_tags_inherit(struct task_struct *parent, struct task_struct *child);
void profbuf_outside_tags_remove(struct task_struct *task);

/* How many processes and threads are tagged; how many did not inherit a tag, for lack of memory or of room. */
unsigned int profbuf_outside_tags_nr(void);
u64 profbuf_outside_tags_lost(void);

void profbuf_outside_tags_module_exit(void);

#endif /* PROFBUF_OUTSIDE_TAGS_H */
