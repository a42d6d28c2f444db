/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labels.h - label sets that processes and threads have from outside
 *
 * The module's, not a session's: whoever tags is seldom who records. A set has an id that is never used again, and
 * goes with the identity of the process or thread, not with its number, so that a reused pid carries nobody's tag, and
 * a thread that takes its process's number when it executes a program keeps its own.
 * What a tagged process or thread creates is tagged when it is created (profbuf_labels_fork()).
 */
#ifndef PROFBUF_LABELS_H
#define PROFBUF_LABELS_H

#include <linux/jump_label.h>
#include <linux/types.h>

#include "profbuf_uapi.h"

struct profbuf_opener;
struct task_struct;

#define PROFBUF_LABELS_TAGGED	65536	/* processes and threads at once */

/* A label set's text. */
struct profbuf_labels {
	u64 id;				/* the tag */
	u16 bytes;
	char text[];
};

/* Who has set labels, and takes those away at the end that are not to stay: a session. */
struct profbuf_labels_owner {
	bool dropped;			/* nothing inherits what it has set; under the lock of labels.c */
};

/* Is that a label set's text, with so many labels (or, if it is 0, as many as there are)? */
bool profbuf_labels_valid(const char *text, unsigned int bytes, unsigned int count);

/**
 * profbuf_labels_of() - what a task has from outside
 * @task: the task
 *
 * Context: any, NMI too, under RCU or with interrupts off, which keeps the result.
 * Return: its thread's labels, else its process's, else NULL.
 */
const struct profbuf_labels *profbuf_labels_of(struct task_struct *task);

/**
 * profbuf_labels_set() - tag a process or a thread from outside, or remove that
 * @opener: who may
 * @owner: who does it
 * @set: as user space gave it, not yet validated
 *
 * Context: may sleep.
 * Return: 0 or one of the errors in profbuf_uapi.h, with nothing changed.
 */
int profbuf_labels_set(const struct profbuf_opener *opener, struct profbuf_labels_owner *owner,
		       const struct profbuf_tag_set *set);

/* Removes what @owner has set and did not ask to stay. Context: it sets nothing meanwhile; may sleep. */
void profbuf_labels_drop(struct profbuf_labels_owner *owner);

/* A task has been created, and does not run yet; a task has ended. Context: preemption disabled. */
void profbuf_labels_fork(struct task_struct *parent, struct task_struct *child);
void profbuf_labels_exit(struct task_struct *task);

/* How many processes and threads are tagged, and how many are not because there was no memory or too many. */
unsigned int profbuf_labels_tagged(void);
u64 profbuf_labels_lost(void);

void profbuf_labels_module_exit(void);

#endif /* PROFBUF_LABELS_H */
