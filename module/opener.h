/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * opener.h - who opened the device, and which processes it may see
 */
#ifndef PROFBUF_OPENER_H
#define PROFBUF_OPENER_H

#include <linux/pid.h>
#include <linux/types.h>

struct cred;
struct mm_struct;
struct pid_namespace;
struct task_struct;

/**
 * struct profbuf_opener - the process that opened a file, as it was then; its rights stay with the file
 */
struct profbuf_opener {
	u32 rights;			/* PROFBUF_RIGHT_* */
	bool may_ptrace;		/* it had CAP_SYS_PTRACE: thread contexts of every process */
	const struct cred *cred;
	struct pid_namespace *pid_ns;
	struct pid *pid;
};

/* The current process opens; exit gives the references back. */
void profbuf_opener_init(struct profbuf_opener *opener);
void profbuf_opener_exit(struct profbuf_opener *opener);

/**
 * profbuf_cred_is_own() - may the opener look at who has these credentials, without a right to do so?
 * @opener: who
 * @cred: a task's own, that is its real ones
 *
 * What the kernel asks of who reads a process's memory or takes samples of it by perf (ptrace_may_access() with
 * PTRACE_MODE_READ_REALCREDS), as far as a module can ask: all its ids are the opener's, it has no capability that the
 * opener has not, and it is in the same user namespace, or in one that the opener has made. Security modules are not
 * asked; Yama, for one, has no word on reading.
 *
 * Context: any, NMI too.
 */
bool profbuf_cred_is_own(const struct profbuf_opener *opener, const struct cred *cred);

/* The same of a process, which has to let itself be looked at (prctl(PR_SET_DUMPABLE)). */
bool profbuf_process_is_own(const struct profbuf_opener *opener, const struct cred *cred, struct mm_struct *mm);

/* Is @pid the task's thread group, or one that it descends from, by parents that have not exited? Context: any. */
bool profbuf_task_descends(struct task_struct *task, const struct pid *pid);

/* profbuf_process_is_own() of a task that has that memory map. Context: may sleep. */
bool profbuf_task_is_own(const struct profbuf_opener *opener, struct task_struct *task, struct mm_struct *mm);

/**
 * profbuf_task_get() - a thread by its number, or any living thread of a process: its first one may have ended before
 * @opener: whose pid namespace and rights
 * @nr: the number
 * @type: PIDTYPE_PID or PIDTYPE_TGID
 * @start_time: what has the number has to have that; 0: whatever it has
 * @mm: set to its memory map, a reference for mmput()
 *
 * Context: may sleep.
 * Return: the thread, a reference for put_task_struct(); -ESRCH: there is none, or it has no memory of its own; -EPERM:
 * another user's, without the right to see it.
 */
struct task_struct *profbuf_task_get(const struct profbuf_opener *opener, u32 nr, enum pid_type type, u64 start_time,
				     struct mm_struct **mm);

#endif /* PROFBUF_OPENER_H */
