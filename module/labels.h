/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labels.h - label sets that processes and threads have from outside
 *
 * They belong to the module, not to a session: the process that tags is seldom the one that records. A label set has an
 * id that is never used again. It belongs to the process or thread itself, not to its number: a reused pid has no tag
 * of an earlier process, and a thread that takes its process's number when it executes a program keeps its own tag.
 * What a tagged process or thread creates is tagged at its creation (profbuf_labels_fork()).
 */
#ifndef PROFBUF_LABELS_H
#define PROFBUF_LABELS_H

#include <linux/jump_label.h>
#include <linux/types.h>

#include "profbuf_uapi.h"

struct profbuf_opener;
struct task_struct;

#define PROFBUF_LABELS_TAGGED	65536	/* processes and threads at once */

/* A tag that was set from outside, and the label set that it stands for. */
struct profbuf_outside_tag {
	u64 id;				/* the tag */
	u16 bytes;
	char text[];
};

/* A session that has set labels. At its end those that are not to stay are removed. */
struct profbuf_labels_owner {
	bool dropped;			/* what it has set is no longer inherited; under the lock of labels.c */
};

/* Is @text that of a label set with @count labels? 0: with any number of labels. */
bool profbuf_labels_valid(const char *text, unsigned int bytes, unsigned int count);

/**
 * profbuf_labels_of() - the label set that a task has from outside
 * @task: the task
 *
 * Context: any, also NMI, under RCU or with interrupts off; the result is valid as long.
 * Return: the thread's labels, else the process's, else NULL.
 */
const struct profbuf_outside_tag *profbuf_labels_of(struct task_struct *task);

/**
 * profbuf_labels_set() - tag a process or a thread from outside, or remove such a tag
 * @opener: for its rights
 * @owner: the session that does it
 * @set: as user space gave it, not yet validated
 *
 * Context: may sleep.
 * Return: 0 or one of the errors in profbuf_uapi.h, with nothing changed.
 */
int profbuf_labels_set(const struct profbuf_opener *opener, struct profbuf_labels_owner *owner,
		       const struct profbuf_tag_set *set);

/* Removes what @owner has set, apart from PROFBUF_TAG_STAY. Context: @owner sets nothing meanwhile; may sleep. */
void profbuf_labels_drop(struct profbuf_labels_owner *owner);

/* A task was created, and does not run yet; a task ends. Context: preemption disabled. */
void profbuf_labels_fork(struct task_struct *parent, struct task_struct *child);
void profbuf_labels_exit(struct task_struct *task);

/* How many processes and threads are tagged; how many did not inherit a tag, for lack of memory or of room. */
unsigned int profbuf_labels_tagged(void);
u64 profbuf_labels_lost(void);

void profbuf_labels_module_exit(void);

#endif /* PROFBUF_LABELS_H */
