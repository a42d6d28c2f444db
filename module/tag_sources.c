// SPDX-License-Identifier: GPL-2.0-only
/*
 * tag_sources.c - where processes that tag themselves have the pointers to their tags
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "lock_name.h"
#include "opener.h"
#include "tag_sources.h"

const struct profbuf_tag_process *profbuf_tag_process_find(const struct profbuf_tag_processes *processes,
							   const struct mm_struct *mm)
{
	const struct profbuf_tag_process *process;

	hash_for_each_possible_rcu(processes->table, process, node, (unsigned long)mm,
				   lockdep_is_held(&processes->lock)) {
		if (process->mm == mm)
			return process;
	}
	return NULL;
}

static void free_process(struct profbuf_tag_process *process)
{
	mmdrop(process->mm);
	kfree(process);
}

static void unlink_process(struct profbuf_tag_processes *processes, struct profbuf_tag_process *process)
{
	lockdep_assert_held(&processes->lock);
	hash_del_rcu(&process->node);
	WRITE_ONCE(processes->n, processes->n - 1);
}

/* Forgets processes that have ended. Does so once a second at most, however often user space asks for more room. */
static void sweep(struct profbuf_tag_processes *processes)
{
	struct profbuf_tag_process *process, *gone = NULL;
	struct hlist_node *next;
	unsigned int i;

	lockdep_assert_held(&processes->lock);
	if (time_before(jiffies, processes->next_sweep))
		return;
	hash_for_each_safe(processes->table, i, next, process, node) {
		if (atomic_read(&process->mm->mm_users))
			continue;
		unlink_process(processes, process);
		process->gone = gone;
		gone = process;
	}
	synchronize_rcu();
	while (gone) {
		process = gone;
		gone = process->gone;
		free_process(process);
	}
	processes->next_sweep = jiffies + HZ;
}

/* x86-64: a program's own variables are below the thread pointer; above it are secrets of the C library. */
static bool is_static_offset(s64 offset)
{
	return offset < 0 && offset >= -(s64)PROFBUF_TLS_BYTES && !(offset % sizeof(u64));
}

static bool is_block_offset(s64 offset)
{
	return offset >= 0 && offset < PROFBUF_TLS_BYTES && !(offset % sizeof(u64));
}

static int check_source(const struct profbuf_tag_source *s)
{
	if (s->kind >= PROFBUF_NR_TAG_KINDS || s->tls >= PROFBUF_NR_TLS || !s->pid || s->pid > INT_MAX ||
	    s->reserved[0] || s->reserved[1])
		return -EINVAL;
	switch (s->tls) {
	case PROFBUF_TLS_STATIC:
		return s->module || !is_static_offset(s->offset) ? -EINVAL : 0;
	case PROFBUF_TLS_NONE:
		return s->module || s->offset ? -EINVAL : 0;
	default:
		return !s->module || s->module > 1U << 20 || !is_block_offset(s->offset) ? -EINVAL : 0;
	}
}

/* Puts @process in the place of @old, which may be NULL. Returns -ENOSPC if there is no room. */
static int replace_process(struct profbuf_tag_processes *processes, struct profbuf_tag_process *old,
			   struct profbuf_tag_process *process)
{
	lockdep_assert_held(&processes->lock);
	if (old) {
		hlist_replace_rcu(&old->node, &process->node);
		return 0;
	}
	if (processes->n == PROFBUF_TAG_PROCESSES)
		sweep(processes);
	if (processes->n == PROFBUF_TAG_PROCESSES)
		return -ENOSPC;
	hash_add_rcu(processes->table, &process->node, (unsigned long)process->mm);
	WRITE_ONCE(processes->n, processes->n + 1);
	return 0;
}

static bool has_location(const struct profbuf_tag_process *process)
{
	unsigned int i;

	for (i = 0; i < PROFBUF_NR_TAG_KINDS; i++) {
		if (process->at[i].known)
			return true;
	}
	return false;
}

/* Changes what is known for the memory map of @process. On success @process is in the table, or freed. */
static int change(struct profbuf_tag_processes *processes, struct profbuf_tag_process *process,
		  const struct profbuf_tag_source *from)
{
	struct profbuf_tag_process *old;
	bool is_none = from->tls == PROFBUF_TLS_NONE, is_left;
	int err = 0;

	mutex_lock(&processes->lock);
	old = (struct profbuf_tag_process *)profbuf_tag_process_find(processes, process->mm);
	if (is_none && !(old && old->at[from->kind].known)) {
		mutex_unlock(&processes->lock);
		return -ENOENT;
	}
	if (old) {
		memcpy(process->at, old->at, sizeof(process->at));
		process->key = old->key;
	}
	process->at[from->kind] = (struct profbuf_tag_location){ !is_none, from->tls, from->offset, from->module };
	is_left = has_location(process);
	if (is_left)
		err = replace_process(processes, old, process);
	else
		unlink_process(processes, old);
	mutex_unlock(&processes->lock);
	if (err)
		return err;
	if (!is_left)
		free_process(process);
	if (old) {
		mmdrop(old->mm);	/* a tick that still sees @old runs on this mm, and so keeps it */
		kfree_rcu(old, rcu);
	}
	return 0;
}

/*
 * A thread context has no magic number: what is taken for one may be other memory, of at least 28 bytes. So only an
 * opener that may read the process's memory by ptrace() gets thread contexts: where there is Yama, of its descendants.
 */
static bool may_have_contexts(const struct profbuf_opener *opener, struct task_struct *task, struct mm_struct *mm)
{
	return opener->may_ptrace ||
	       (profbuf_task_is_own(opener, task, mm) && profbuf_task_descends(task, opener->pid));
}

int profbuf_tag_source_set(struct profbuf_tag_processes *processes, const struct profbuf_opener *opener,
			   const struct profbuf_tag_source *from)
{
	struct profbuf_tag_process *process;
	struct task_struct *task;
	int err;

	err = check_source(from);
	if (err)
		return err;
	process = kzalloc(sizeof(*process), GFP_KERNEL_ACCOUNT);
	if (!process)
		return -ENOMEM;
	task = profbuf_task_get(opener, from->pid, PIDTYPE_TGID, from->start_time, &process->mm);
	if (IS_ERR(task)) {
		kfree(process);
		return PTR_ERR(task);
	}
	process->key = get_random_u64();
	err = from->kind == PROFBUF_TAG_OTEL && !may_have_contexts(opener, task, process->mm) ? -EPERM : 0;
	put_task_struct(task);
	mmgrab(process->mm);
	mmput_async(process->mm);
	if (!err)
		err = change(processes, process, from);
	if (err)
		free_process(process);
	return err;
}

void profbuf_tag_processes_init(struct profbuf_tag_processes *processes)
{
	mutex_init(&processes->lock);
	profbuf_lock_name(&processes->lock, "profbuf_tag_sources_lock");
	hash_init(processes->table);
	processes->next_sweep = jiffies;
}

void profbuf_tag_processes_exit(struct profbuf_tag_processes *processes)
{
	struct profbuf_tag_process *process;
	struct hlist_node *next;
	unsigned int i;

	hash_for_each_safe(processes->table, i, next, process, node) {
		hash_del(&process->node);
		free_process(process);
	}
}
