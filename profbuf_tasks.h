/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profbuf_tasks.h - processes and threads that user space names by their numbers, and whether it may
 */
#ifndef PROFBUF_TASKS_H
#define PROFBUF_TASKS_H

#include <linux/pid.h>
#include <linux/types.h>

struct mm_struct;
struct profbuf_session;
struct task_struct;

/**
 * profbuf_task_get() - a thread by its number, or any living thread of a process: its first one may have ended before
 * @s: whose pid namespace and rights
 * @nr: the number
 * @type: PIDTYPE_PID or PIDTYPE_TGID
 * @start_time: what has the number has to have that; 0: whatever it has
 * @mm: set to its memory map, a reference for mmput()
 *
 * Context: may sleep.
 * Return: the thread, a reference for put_task_struct(); -ESRCH: there is none, or it has no memory of its own; -EPERM:
 * another user's, without the right to see it.
 */
struct task_struct *profbuf_task_get(const struct profbuf_session *s, u32 nr, enum pid_type type, u64 start_time,
				     struct mm_struct **mm);

#endif /* PROFBUF_TASKS_H */
