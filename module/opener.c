// SPDX-License-Identifier: GPL-2.0-only
/*
 * opener.c - the process that opened the device, and which processes it may see
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/pid_namespace.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "compat.h"
#include "opener.h"
#include "profbuf_uapi.h"

/* The opener's rights hold as long as the file is open, even if another process has the descriptor later. */
static u32 rights_of_current(void)
{
	if (!perfmon_capable())
		return 0;
	return PROFBUF_RIGHT_TASKS | (security_locked_down(LOCKDOWN_PERF) ? 0 : PROFBUF_RIGHT_KERNEL);
}

void profbuf_opener_init(struct profbuf_opener *opener)
{
	opener->rights = rights_of_current();
	opener->may_ptrace = ns_capable_noaudit(&init_user_ns, CAP_SYS_PTRACE);
	opener->cred = get_current_cred();
	opener->pid_ns = get_pid_ns(task_active_pid_ns(current));
	opener->pid = get_pid(task_tgid(current));
}

void profbuf_opener_exit(struct profbuf_opener *opener)
{
	put_pid(opener->pid);
	put_pid_ns(opener->pid_ns);
	put_cred(opener->cred);
}

/* A thread that has not begun to exit; NULL: there is none. */
static struct task_struct *living_thread(struct task_struct *leader)
{
	struct task_struct *task;

	/* for_each_thread() uses a lock that is not exported to modules. */
	list_for_each_entry_rcu(task, &leader->signal->thread_head, thread_node) {
		if (!(READ_ONCE(task->flags) & PF_EXITING) && !profbuf_compat_kernel_thread(task))
			return task;
	}
	return NULL;
}

static struct task_struct *find(const struct profbuf_opener *opener, u32 nr, enum pid_type type, u64 start_time)
{
	struct task_struct *task;

	rcu_read_lock();
	task = pid_task(find_pid_ns(nr, opener->pid_ns), type);
	if (task && start_time && task->start_boottime != start_time)
		task = NULL;
	if (task && type == PIDTYPE_TGID)
		task = living_thread(task);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	return task;
}

/* Did the opener make this user namespace, or one above it? Then it has every right in @ns. */
static bool has_made(const struct cred *opener, const struct user_namespace *ns)
{
	for (; ns->level > opener->user_ns->level; ns = ns->parent) {
		if (ns->parent == opener->user_ns && uid_eq(ns->owner, opener->euid))
			return true;
	}
	return false;
}

bool profbuf_cred_is_own(const struct profbuf_opener *opener, const struct cred *cred)
{
	const struct cred *mine = opener->cred;

	if (!uid_eq(cred->uid, mine->uid) || !uid_eq(cred->euid, mine->uid) || !uid_eq(cred->suid, mine->uid) ||
	    !gid_eq(cred->gid, mine->gid) || !gid_eq(cred->egid, mine->gid) || !gid_eq(cred->sgid, mine->gid))
		return false;
	if (cred->user_ns == mine->user_ns)
		return cap_issubset(cred->cap_permitted, mine->cap_permitted);
	return has_made(mine, cred->user_ns);
}

bool profbuf_process_is_own(const struct profbuf_opener *opener, const struct cred *cred,
			    const struct task_struct *task, struct mm_struct *mm)
{
	return profbuf_cred_is_own(opener, cred) && profbuf_compat_is_dumpable(task, mm);
}

bool profbuf_task_descends(struct task_struct *task, const struct pid *pid)
{
	unsigned int depth;

	rcu_read_lock();
	for (depth = 0; depth < 32 && task && task->pid; depth++) {
		if (task_tgid(task) == pid)
			break;
		/* A released task may have outlived its parent: real_parent is not valid. */
		if (!pid_alive(task))
			task = NULL;
		else
			task = rcu_dereference(task->real_parent);
	}
	rcu_read_unlock();
	return depth < 32 && task && task->pid;
}

bool profbuf_task_is_own(const struct profbuf_opener *opener, struct task_struct *task, struct mm_struct *mm)
{
	const struct cred *cred = get_task_cred(task);
	bool is;

	/* The task may have executed another program since the caller got @mm. */
	task_lock(task);
	is = task->mm == mm && profbuf_process_is_own(opener, cred, task, mm);
	task_unlock(task);
	put_cred(cred);
	return is;
}

struct task_struct *profbuf_task_get(const struct profbuf_opener *opener, u32 nr, enum pid_type type, u64 start_time,
				     struct mm_struct **mm)
{
	struct task_struct *task = find(opener, nr, type, start_time);
	int err = -ESRCH;

	if (!task)
		return ERR_PTR(-ESRCH);
	/* get_task_mm() returns NULL for a task that exits. */
	*mm = profbuf_compat_kernel_thread(task) ? NULL : get_task_mm(task);
	if (!*mm)
		goto err_put;
	err = -EPERM;
	if (!(opener->rights & PROFBUF_RIGHT_TASKS) && !profbuf_task_is_own(opener, task, *mm))
		goto err_put_mm;
	return task;

err_put_mm:
	mmput_async(*mm);
err_put:
	put_task_struct(task);
	return ERR_PTR(err);
}
