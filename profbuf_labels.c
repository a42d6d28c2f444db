// SPDX-License-Identifier: GPL-2.0-only
/*
 * profbuf_labels.c - label sets that processes and threads have from outside
 */
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/kref.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "profbuf_labels.h"
#include "profbuf_session.h"

/* A label set, shared by all that have it. */
struct shared {
	struct kref kref;
	struct rcu_head rcu;
	struct profbuf_labels labels;
};

/* A process or a thread that has one. */
struct tagged {
	struct hlist_node node;
	struct pid *pid;		/* a reference */
	enum pid_type type;		/* PIDTYPE_TGID or PIDTYPE_PID */
	struct shared *shared;
	const struct profbuf_session *owner;	/* removes it; NULL: it stays */
	struct rcu_head rcu;
};

static DEFINE_HASHTABLE(table, 10);	/* by pid; under lock, ticks read under RCU */
static DEFINE_RAW_SPINLOCK(lock);	/* raw: tracepoints come with preemption disabled */
static unsigned int nr_tagged;		/* under lock */
static atomic64_t next_id;
static atomic64_t nr_lost;

/* A fork cannot allocate, so there are some in store. */
#define STORE	512
static HLIST_HEAD(store);		/* under lock */
static unsigned int nr_stored;		/* under lock */

bool profbuf_labels_valid(const char *text, unsigned int bytes, unsigned int count)
{
	unsigned int i, ends = 0;

	if (!bytes || bytes > PROFBUF_LABELS_BYTES || text[bytes - 1] || !text[0])
		return false;
	for (i = 0; i < bytes; i++) {
		if (text[i])
			continue;
		ends++;
		/* After a value comes a key, which has a name. */
		if (ends % 2 == 0 && i + 1 < bytes && !text[i + 1])
			return false;
	}
	return ends % 2 == 0 && ends / 2 <= PROFBUF_LABELS_MAX && (!count || ends / 2 == count);
}

/* Label sets */

static void free_shared(struct kref *kref)
{
	struct shared *shared = container_of(kref, struct shared, kref);

	kfree_rcu(shared, rcu);
}

static struct shared *get_shared(const struct profbuf_tag_set *set)
{
	struct shared *shared = kzalloc(struct_size(shared, labels.text, set->bytes), GFP_KERNEL_ACCOUNT);
	int err;

	if (!shared)
		return ERR_PTR(-ENOMEM);
	err = -EFAULT;
	if (copy_from_user(shared->labels.text, u64_to_user_ptr(set->data), set->bytes))
		goto err_free;
	err = -EINVAL;
	if (!profbuf_labels_valid(shared->labels.text, set->bytes, 0))
		goto err_free;
	kref_init(&shared->kref);
	shared->labels.bytes = set->bytes;
	shared->labels.id = PROFBUF_TAG_OUTSIDE | atomic64_inc_return(&next_id);
	return shared;

err_free:
	kfree(shared);
	return ERR_PTR(err);
}

/* Who has them */

static struct tagged *find(const struct pid *pid, enum pid_type type)
{
	struct tagged *t;

	hash_for_each_possible_rcu(table, t, node, (unsigned long)pid, lockdep_is_held(&lock)) {
		if (t->pid == pid && t->type == type)
			return t;
	}
	return NULL;
}

const struct profbuf_labels *profbuf_labels_of(struct task_struct *task)
{
	const struct tagged *t;

	if (likely(!READ_ONCE(nr_tagged)))
		return NULL;
	t = find(task_pid(task), PIDTYPE_PID);
	if (!t)
		t = find(task_tgid(task), PIDTYPE_TGID);
	return t ? &t->shared->labels : NULL;
}

static void free_tagged(struct rcu_head *rcu)
{
	struct tagged *t = container_of(rcu, struct tagged, rcu);

	put_pid(t->pid);
	kref_put(&t->shared->kref, free_shared);
	kfree(t);
}

static void remove(struct tagged *t)
{
	lockdep_assert_held(&lock);
	hash_del_rcu(&t->node);
	WRITE_ONCE(nr_tagged, nr_tagged - 1);
	call_rcu(&t->rcu, free_tagged);
}

/* Takes the references of @t over. Returns false if there are too many. */
static bool insert(struct tagged *t)
{
	struct tagged *old = find(t->pid, t->type);

	lockdep_assert_held(&lock);
	if (!old && nr_tagged == PROFBUF_LABELS_TAGGED)
		return false;
	/* The new one in front of the old one, so that it has labels at any time. */
	hash_add_rcu(table, &t->node, (unsigned long)t->pid);
	WRITE_ONCE(nr_tagged, nr_tagged + 1);
	if (old)
		remove(old);
	return true;
}

static bool remove_of(const struct pid *pid, enum pid_type type)
{
	struct tagged *t;
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	t = find(pid, type);
	if (t)
		remove(t);
	raw_spin_unlock_irqrestore(&lock, flags);
	return t;
}

/* Does the task belong to the user of the session, so that he could as well have written the labels into it? */
static bool is_users(const struct profbuf_session *s, struct task_struct *task)
{
	const struct cred *cred = get_task_cred(task);
	struct mm_struct *mm = get_task_mm(task);
	bool is = uid_eq(cred->uid, s->uid) && uid_eq(cred->euid, s->uid) && uid_eq(cred->suid, s->uid) &&
		  mm && get_dumpable(mm) == SUID_DUMP_USER;

	if (mm)
		mmput(mm);
	put_cred(cred);
	return is;
}

/* What is to be tagged, with a reference; or an error. */
static struct pid *find_target(const struct profbuf_session *s, const struct profbuf_tag_set *set, enum pid_type type)
{
	struct task_struct *task;
	struct pid *pid;
	int err = 0;

	rcu_read_lock();
	pid = get_pid(find_pid_ns(set->pid, s->pid_ns));
	task = pid_task(pid, type);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	if (!task || task->exit_state)
		err = -ESRCH;
	else if (!(s->rights & PROFBUF_RIGHT_TASKS) && !is_users(s, task))
		err = -EPERM;
	if (task)
		put_task_struct(task);
	if (!err)
		return pid;
	put_pid(pid);
	return ERR_PTR(err);
}

static int check_set(const struct profbuf_tag_set *set)
{
	bool removes = set->flags & PROFBUF_TAG_REMOVE;

	if (set->flags & ~(PROFBUF_TAG_THREAD | PROFBUF_TAG_REMOVE | PROFBUF_TAG_STAY) || !set->pid ||
	    set->pid > INT_MAX || set->reserved[0] || set->reserved[1])
		return -EINVAL;
	if (removes)
		return set->bytes || set->data || set->flags & PROFBUF_TAG_STAY ? -EINVAL : 0;
	return !set->bytes || set->bytes > PROFBUF_LABELS_BYTES ? -EINVAL : 0;
}

static void fill_store(struct work_struct *work)
{
	struct tagged *t;
	unsigned long flags;

	while (READ_ONCE(nr_stored) < STORE) {
		t = kzalloc(sizeof(*t), GFP_KERNEL);
		if (!t)
			return;
		raw_spin_lock_irqsave(&lock, flags);
		hlist_add_head(&t->node, &store);
		WRITE_ONCE(nr_stored, nr_stored + 1);
		raw_spin_unlock_irqrestore(&lock, flags);
	}
}

static DECLARE_WORK(fill_store_work, fill_store);

static int tag(const struct profbuf_session *s, const struct profbuf_tag_set *set, struct pid *pid, enum pid_type type)
{
	struct tagged *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	struct shared *shared;
	unsigned long flags;
	bool room;

	if (!t)
		return -ENOMEM;
	shared = get_shared(set);
	if (IS_ERR(shared)) {
		kfree(t);
		return PTR_ERR(shared);
	}
	t->pid = get_pid(pid);
	t->type = type;
	t->shared = shared;
	t->owner = set->flags & PROFBUF_TAG_STAY ? NULL : s;
	raw_spin_lock_irqsave(&lock, flags);
	room = insert(t);
	raw_spin_unlock_irqrestore(&lock, flags);
	if (!room) {
		free_tagged(&t->rcu);
		return -ENOSPC;
	}
	fill_store(NULL);
	return 0;
}

int profbuf_labels_set(struct profbuf_session *s, const struct profbuf_tag_set *set)
{
	enum pid_type type = set->flags & PROFBUF_TAG_THREAD ? PIDTYPE_PID : PIDTYPE_TGID;
	struct pid *pid;
	int err;

	err = check_set(set);
	if (err)
		return err;
	pid = find_target(s, set, type);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	if (set->flags & PROFBUF_TAG_REMOVE) {
		err = remove_of(pid, type) ? 0 : -ENOENT;
	} else {
		err = tag(s, set, pid, type);
		/* It may have ended meanwhile, and its end not have found this. */
		rcu_read_lock();
		if (!err && !pid_task(pid, type)) {
			remove_of(pid, type);
			err = -ESRCH;
		}
		rcu_read_unlock();
	}
	put_pid(pid);
	return err;
}

/* Returns whether there were any. */
static bool remove_all_of(const struct profbuf_session *s)
{
	struct hlist_node *next;
	struct tagged *t;
	unsigned long flags;
	unsigned int i;
	bool any = false;

	for (i = 0; i < HASH_SIZE(table); i++) {
		raw_spin_lock_irqsave(&lock, flags);
		hlist_for_each_entry_safe(t, next, &table[i], node) {
			if (!s || t->owner == s) {
				remove(t);
				any = true;
			}
		}
		raw_spin_unlock_irqrestore(&lock, flags);
	}
	return any;
}

void profbuf_labels_drop(const struct profbuf_session *s)
{
	if (!READ_ONCE(nr_tagged))
		return;
	/* A child of one that is still there may come where it has looked already. */
	while (remove_all_of(s))
		cond_resched();
}

/* Creation and end */

/* @child of @child_type gets what @parent of @parent_type has. */
static void inherit(struct pid *parent, enum pid_type parent_type, struct pid *child, enum pid_type child_type)
{
	const struct tagged *from;
	struct tagged *t = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	from = find(parent, parent_type);
	if (!from)
		goto out;
	if (nr_stored && nr_tagged < PROFBUF_LABELS_TAGGED) {
		t = hlist_entry(store.first, struct tagged, node);
		hlist_del(&t->node);
		WRITE_ONCE(nr_stored, nr_stored - 1);
	}
	if (t) {
		t->pid = get_pid(child);
		t->type = child_type;
		t->shared = from->shared;
		kref_get(&t->shared->kref);
		t->owner = from->owner;
		insert(t);
	} else {
		atomic64_inc(&nr_lost);
	}
	if (nr_stored < STORE / 2)
		schedule_work(&fill_store_work);
out:
	raw_spin_unlock_irqrestore(&lock, flags);
}

void profbuf_labels_fork(struct task_struct *parent, struct task_struct *child)
{
	bool is_thread = task_tgid(parent) == task_tgid(child);

	if (likely(!READ_ONCE(nr_tagged)))
		return;
	/* Threads of a tagged process have its labels by their process. */
	if (!is_thread)
		inherit(task_tgid(parent), PIDTYPE_TGID, task_tgid(child), PIDTYPE_TGID);
	/* The thread's are in front of its process's. */
	inherit(task_pid(parent), PIDTYPE_PID, task_pid(child), is_thread ? PIDTYPE_PID : PIDTYPE_TGID);
}

void profbuf_labels_exit(struct task_struct *task)
{
	if (likely(!READ_ONCE(nr_tagged)))
		return;
	remove_of(task_pid(task), PIDTYPE_PID);
	if (!atomic_read(&task->signal->live))
		remove_of(task_tgid(task), PIDTYPE_TGID);
}

unsigned int profbuf_labels_tagged(void)
{
	return READ_ONCE(nr_tagged);
}

u64 profbuf_labels_lost(void)
{
	return atomic64_read(&nr_lost);
}

void profbuf_labels_module_exit(void)
{
	struct hlist_node *next;
	struct tagged *t;

	cancel_work_sync(&fill_store_work);
	remove_all_of(NULL);
	rcu_barrier();
	hlist_for_each_entry_safe(t, next, &store, node)
		kfree(t);
}
