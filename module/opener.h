/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * opener.h - the process that opened the device, and which processes it may see
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
	bool may_ptrace;		/* it had CAP_SYS_PTRACE: it may see thread contexts of every process */
	const struct cred *cred;
	struct pid_namespace *pid_ns;
	struct pid *pid;
};

/* The current process is the opener; profbuf_opener_exit() drops the references. */
void profbuf_opener_init(struct profbuf_opener *opener);
void profbuf_opener_exit(struct profbuf_opener *opener);

/**
 * profbuf_cred_is_own() - may the opener see a task with these credentials, even without PROFBUF_RIGHT_TASKS?
 * @opener: the opener
 * @cred: the task's real credentials
 *
 * The kernel checks the same before a process may read another one's memory, or sample it by perf (ptrace_may_access()
 * with PTRACE_MODE_READ_REALCREDS), as far as a module can check it: all ids of the task are the opener's. The task is
 * in the opener's user namespace and has no capability that the opener does not have, or it is in a user namespace that
 * the opener has made, or below one. Security modules are not asked; Yama, for example, does not restrict reading.
 *
 * Context: any, also NMI.
 */
bool profbuf_cred_is_own(const struct profbuf_opener *opener, const struct cred *cred);

/*
 * The same for a process, which must also be dumpable (prctl(PR_SET_DUMPABLE)). @task is the current task, or the
 * caller holds its task_lock(); @mm is its memory map.
 */
bool profbuf_process_is_own(const struct profbuf_opener *opener, const struct cred *cred,
			    const struct task_struct *task, struct mm_struct *mm);

/* Is @pid the task's thread group, or one it descends from by parents that have not exited? Context: any. */
bool profbuf_task_descends(struct task_struct *task, const struct pid *pid);

/* profbuf_process_is_own() for any task; false if @mm is not its memory map any more. Context: may sleep. */
bool profbuf_task_is_own(const struct profbuf_opener *opener, struct task_struct *task, struct mm_struct *mm);

/**
 * profbuf_task_get() - find a thread by its number, or any living thread of a process
 * @opener: for its pid namespace and rights
 * @nr: the number
 * @type: PIDTYPE_PID or PIDTYPE_TGID
 * @start_time: which start time the thread or process must have; 0: any
 * @mm: set to its memory map, a reference for mmput()
 *
 * A process may live on after its first thread has ended.
 *
 * Context: may sleep.
 * Return: the thread, a reference for put_task_struct(); -ESRCH: there is none, or it has no memory of its own; -EPERM:
 * the opener has no right to see it.
 */
struct task_struct *profbuf_task_get(const struct profbuf_opener *opener, u32 nr, enum pid_type type, u64 start_time,
				     struct mm_struct **mm);

#endif /* PROFBUF_OPENER_H */
