/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - the only tests for what a kernel has
 *
 * Each inline function has a name of our own, and says when it can go. 6.1 is the oldest kernel. Kbuild looks for
 * PROFBUF_HAS_* in the kernel's headers.
 */
#ifndef PROFBUF_COMPAT_H
#define PROFBUF_COMPAT_H

#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/workqueue.h>
#ifdef PROFBUF_HAS_EXEC_STATE
#include <linux/sched/exec_state.h>
#endif

/* The path by which a program opened @file, and its inode, even if a stacked filesystem has opened another file. */
static inline const struct path *profbuf_compat_user_path(const struct file *file)
{
#ifdef PROFBUF_HAS_USER_PATH
	return file_user_path(file);
#else	/* goes when 6.8 is the oldest: f_path was the user's path before */
	return &file->f_path;
#endif
}

static inline const struct inode *profbuf_compat_user_inode(const struct file *file)
{
#ifdef PROFBUF_HAS_USER_INODE
	return file_user_inode(file);
#else	/* goes when 6.8 is the oldest */
	return file_inode(file);
#endif
}

/* Where a module's code is. */
static inline void profbuf_compat_module_text(const struct module *mod, u64 *start, u64 *end)
{
#ifdef PROFBUF_HAS_MODULE_MEM
	*start = (u64)mod->mem[MOD_TEXT].base;
	*end = *start + mod->mem[MOD_TEXT].size;
#else	/* goes when 6.4 is the oldest */
	*start = (u64)mod->core_layout.base;
	*end = *start + mod->core_layout.text_size;
#endif
}

/* Does the task run in the kernel only? It may still have a user's memory map. */
static inline bool profbuf_compat_kernel_thread(const struct task_struct *task)
{
#ifdef PF_USER_WORKER
	return READ_ONCE(task->flags) & (PF_KTHREAD | PF_USER_WORKER);
#else	/* goes when 6.4 is the oldest */
	return READ_ONCE(task->flags) & (PF_KTHREAD | PF_IO_WORKER);
#endif
}

static inline void profbuf_compat_hrtimer_setup(struct hrtimer *timer,
						enum hrtimer_restart (*function)(struct hrtimer *timer),
						clockid_t clock, enum hrtimer_mode mode)
{
#ifdef PROFBUF_HAS_HRTIMER_SETUP
	hrtimer_setup(timer, function, clock, mode);
#else	/* goes when 6.13 is the oldest */
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#endif
}

/* Work on the CPU that queues it. */
static inline struct workqueue_struct *profbuf_compat_percpu_wq(void)
{
#ifdef PROFBUF_HAS_PERCPU_WQ
	return system_percpu_wq;
#else	/* goes when 6.17 is the oldest */
	return system_wq;
#endif
}

/*
 * May its own user look into the process (prctl(PR_SET_DUMPABLE))? @mm is the task's memory map. From 7.2 on the answer
 * belongs to the task, and exec() replaces it and the memory map in two stores, under task_lock() and with interrupts
 * off: an NMI may see one of the two.
 *
 * Context: any, also NMI, for the current task; for another one, the caller holds its task_lock().
 */
static inline bool profbuf_compat_is_dumpable(const struct task_struct *task, struct mm_struct *mm)
{
#ifdef PROFBUF_HAS_EXEC_STATE
	const struct task_exec_state *state;
	bool is;

	if (in_nmi() && task->in_execve)
		return false;
	rcu_read_lock();
	state = rcu_dereference(task->exec_state);
	is = state && READ_ONCE(state->dumpable) == TASK_DUMPABLE_OWNER;
	rcu_read_unlock();
	return is;
#else	/* goes when 7.2 is the oldest */
	return get_dumpable(mm) == SUID_DUMP_USER;
#endif
}

#endif /* PROFBUF_COMPAT_H */
