// SPDX-License-Identifier: GPL-2.0-only
/*
 * profbuf_tasks.c - processes and threads that user space names by their numbers, and whether it may
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "profbuf_compat.h"
#include "profbuf_session.h"
#include "profbuf_tasks.h"

/* One that has not begun to exit; NULL: there is none. */
static struct task_struct *living_thread(struct task_struct *leader)
{
	struct task_struct *task;

	/* for_each_thread() looks at a lock that modules do not get at. */
	list_for_each_entry_rcu(task, &leader->signal->thread_head, thread_node) {
		if (!(READ_ONCE(task->flags) & PF_EXITING) && !profbuf_compat_kernel_thread(task))
			return task;
	}
	return NULL;
}

static struct task_struct *find(const struct profbuf_session *s, u32 nr, enum pid_type type, u64 start_time)
{
	struct task_struct *task;

	rcu_read_lock();
	task = pid_task(find_pid_ns(nr, s->pid_ns), type);
	if (task && start_time && task->start_boottime != start_time)
		task = NULL;
	if (task && type == PIDTYPE_TGID)
		task = living_thread(task);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	return task;
}

/* Does it belong to the user of the session, so that he could as well have written into its memory? */
static bool is_users(const struct profbuf_session *s, struct task_struct *task, struct mm_struct *mm)
{
	const struct cred *cred = get_task_cred(task);
	bool is = uid_eq(cred->uid, s->uid) && uid_eq(cred->euid, s->uid) && uid_eq(cred->suid, s->uid) &&
		  get_dumpable(mm) == SUID_DUMP_USER;

	put_cred(cred);
	return is;
}

struct task_struct *profbuf_task_get(const struct profbuf_session *s, u32 nr, enum pid_type type, u64 start_time,
				     struct mm_struct **mm)
{
	struct task_struct *task = find(s, nr, type, start_time);
	int err = -ESRCH;

	if (!task)
		return ERR_PTR(-ESRCH);
	/* NULL of one that exits. */
	*mm = profbuf_compat_kernel_thread(task) ? NULL : get_task_mm(task);
	if (!*mm)
		goto err_put;
	err = -EPERM;
	if (!(s->rights & PROFBUF_RIGHT_TASKS) && !is_users(s, task, *mm))
		goto err_put_mm;
	return task;

err_put_mm:
	mmput(*mm);
err_put:
	put_task_struct(task);
	return ERR_PTR(err);
}
