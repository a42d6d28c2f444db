// SPDX-License-Identifier: GPL-2.0-only
/*
 * outside_tags.c - tags that processes and threads have from outside
 */
#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/kref.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "label_set.h"
#include "opener.h"
#include "outside_tags.h"

/* A tag, shared by all that have it: the process or thread that it was set for, and those that inherited it. */
struct shared {
	struct kref kref;
	struct rcu_head rcu;
	struct profbuf_outside_tags_owner *owner;	/* the session that removes it at its end; NULL: it stays */
	kuid_t uid;			/* the user whose session has set it */
	bool removed;			/* it is no longer inherited; under the lock */
	struct profbuf_outside_tag tag;
};

/*
 * A process or a thread that has a tag. A process is known by the struct pid of its number, a thread by its task.
 * Both stay the same as long as it exists, even if a thread takes another number because it executes a program.
 */
struct tagged {
	struct hlist_node node;
	void *who;			/* struct pid * or struct task_struct *; a reference */
	bool is_thread;
	struct shared *shared;		/* a reference */
	struct rcu_head rcu;
};

static DEFINE_HASHTABLE(table, 10);	/* by who; written under the lock, ticks and tracepoints read under RCU */
static DEFINE_RAW_SPINLOCK(profbuf_outside_tags_lock);	/* raw: see tracepoints.c */
static unsigned int nr_tagged;		/* under the lock */
static atomic64_t next_id;
static atomic64_t nr_lost;

/* A fork cannot allocate, so the module keeps some struct tagged in store. */
#define STORE	512
static HLIST_HEAD(store);		/* under the lock */
static unsigned int nr_stored;		/* under the lock */

/* Tags */

static void free_shared(struct kref *kref)
{
	struct shared *shared = container_of(kref, struct shared, kref);

	kfree_rcu(shared, rcu);
}

static struct shared *alloc_shared(const struct profbuf_opener *opener, struct profbuf_outside_tags_owner *owner,
				   const struct profbuf_tag_set *set)
{
	struct shared *shared = kzalloc(struct_size(shared, tag.text, set->bytes), GFP_KERNEL_ACCOUNT);
	int err;

	if (!shared)
		return ERR_PTR(-ENOMEM);
	err = -EFAULT;
	if (copy_from_user(shared->tag.text, u64_to_user_ptr(set->data), set->bytes))
		goto err_free;
	err = -EINVAL;
	if (!profbuf_label_set_is_valid(shared->tag.text, set->bytes, 0))
		goto err_free;
	kref_init(&shared->kref);
	shared->owner = set->flags & PROFBUF_TAG_STAY ? NULL : owner;
	shared->uid = opener->cred->uid;
	shared->tag.bytes = set->bytes;
	shared->tag.tag = PROFBUF_TAG_OUTSIDE | atomic64_inc_return(&next_id);
	return shared;

err_free:
	kfree(shared);
	return ERR_PTR(err);
}

/* Processes and threads that have them */

static struct tagged *find(const void *who)
{
	struct tagged *t;

	hash_for_each_possible_rcu(table, t, node, (unsigned long)who, lockdep_is_held(&profbuf_outside_tags_lock)) {
		if (t->who == who)
			return t;
	}
	return NULL;
}

/* The tag of the thread itself comes before the tag of its process. */
static struct tagged *find_of(struct task_struct *task)
{
	struct tagged *t = find(task);

	return t ? t : find(task_tgid(task));
}

const struct profbuf_outside_tag *profbuf_outside_tag_of(struct task_struct *task)
{
	const struct tagged *t;

	if (likely(!READ_ONCE(nr_tagged)))
		return NULL;
	t = find_of(task);
	return t ? &t->shared->tag : NULL;
}

/* Takes over the reference on @shared. */
static void init_tagged(struct tagged *t, struct task_struct *task, bool is_thread, struct shared *shared)
{
	t->who = is_thread ? (void *)get_task_struct(task) : get_pid(task_tgid(task));
	t->is_thread = is_thread;
	t->shared = shared;
}

static void profbuf_free_tagged(struct rcu_head *rcu)
{
	struct tagged *t = container_of(rcu, struct tagged, rcu);

	if (t->is_thread)
		put_task_struct(t->who);
	else
		put_pid(t->who);
	kref_put(&t->shared->kref, free_shared);
	kfree(t);
}

static void remove(struct tagged *t)
{
	lockdep_assert_held(&profbuf_outside_tags_lock);
	hash_del_rcu(&t->node);
	WRITE_ONCE(nr_tagged, nr_tagged - 1);
	call_rcu(&t->rcu, profbuf_free_tagged);
}

/* Takes over @t and its references. Returns false, and takes over nothing, if there are too many in the table. */
static bool insert(struct tagged *t)
{
	struct tagged *old = find(t->who);

	lockdep_assert_held(&profbuf_outside_tags_lock);
	if (!old && nr_tagged == PROFBUF_OUTSIDE_TAGS_MAX)
		return false;
	/* The new one goes in front of the old one, so that a reader finds a tag at any time. */
	hash_add_rcu(table, &t->node, (unsigned long)t->who);
	WRITE_ONCE(nr_tagged, nr_tagged + 1);
	if (old)
		remove(old);
	return true;
}

/* Removes all that have @shared; if @shared is NULL, all that @owner has set; if @owner is NULL too, all. */
static void remove_all(const struct shared *shared, const struct profbuf_outside_tags_owner *owner)
{
	struct hlist_node *next;
	struct tagged *t;
	unsigned long flags;
	unsigned int i;

	/* One pass is enough: what is to be removed is no longer inherited, so nothing is added behind this walk. */
	for (i = 0; i < HASH_SIZE(table); i++) {
		raw_spin_lock_irqsave(&profbuf_outside_tags_lock, flags);
		hlist_for_each_entry_safe(t, next, &table[i], node) {
			if (shared ? t->shared == shared : !owner || t->shared->owner == owner)
				remove(t);
		}
		raw_spin_unlock_irqrestore(&profbuf_outside_tags_lock, flags);
		cond_resched();
	}
}

/* Setting and removing */

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

static void profbuf_fill_store(struct work_struct *work)
{
	struct tagged *t;
	unsigned long flags;

	while (READ_ONCE(nr_stored) < STORE) {
		t = kzalloc(sizeof(*t), GFP_KERNEL);
		if (!t)
			return;
		raw_spin_lock_irqsave(&profbuf_outside_tags_lock, flags);
		hlist_add_head(&t->node, &store);
		WRITE_ONCE(nr_stored, nr_stored + 1);
		raw_spin_unlock_irqrestore(&profbuf_outside_tags_lock, flags);
	}
}

static DECLARE_WORK(fill_store_work, profbuf_fill_store);

/*
 * Has the task begun to end? If this returns false, profbuf_outside_tags_remove() is still to come, and finds what was
 * inserted before this.
 */
static bool ends(struct task_struct *task, bool is_thread)
{
	smp_mb();	/* the insertion comes before the flag; pairs with profbuf_outside_tags_remove() */
	return is_thread ? READ_ONCE(task->flags) & PF_EXITING : !atomic_read(&task->signal->live);
}

static int tag(struct task_struct *task, bool is_thread, struct shared *shared)
{
	struct tagged *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	unsigned long flags;
	int err = 0;

	if (!t) {
		kref_put(&shared->kref, free_shared);
		return -ENOMEM;
	}
	rcu_read_lock();
	init_tagged(t, task, is_thread, shared);
	rcu_read_unlock();
	raw_spin_lock_irqsave(&profbuf_outside_tags_lock, flags);
	if (!insert(t)) {
		err = -ENOSPC;
	} else if (ends(task, is_thread)) {
		remove(t);
		err = -ESRCH;
	}
	raw_spin_unlock_irqrestore(&profbuf_outside_tags_lock, flags);
	if (err == -ENOSPC)
		profbuf_free_tagged(&t->rcu);
	if (!err)
		profbuf_fill_store(NULL);
	return err;
}

/*
 * Removes the tag of @who from all that have it, also from those that inherited it. An opener without the right to see
 * other users' processes can do this only if the same user has set it; otherwise only @who loses the tag.
 */
static int untag(const struct profbuf_opener *opener, const void *who)
{
	struct shared *shared = NULL;
	unsigned long flags;
	struct tagged *t;

	raw_spin_lock_irqsave(&profbuf_outside_tags_lock, flags);
	t = find(who);
	if (t && (opener->rights & PROFBUF_RIGHT_TASKS || uid_eq(t->shared->uid, opener->cred->uid))) {
		shared = t->shared;
		kref_get(&shared->kref);
		shared->removed = true;
	} else if (t) {
		remove(t);
	}
	raw_spin_unlock_irqrestore(&profbuf_outside_tags_lock, flags);
	if (shared) {
		remove_all(shared, NULL);
		kref_put(&shared->kref, free_shared);
	}
	return t ? 0 : -ENOENT;
}

int profbuf_outside_tag_set(const struct profbuf_opener *opener, struct profbuf_outside_tags_owner *owner,
			    const struct profbuf_tag_set *set)
{
	bool is_thread = set->flags & PROFBUF_TAG_THREAD, removes = set->flags & PROFBUF_TAG_REMOVE;
	struct shared *shared = NULL;
	struct task_struct *task;
	struct mm_struct *mm;
	struct pid *pid;
	int err;

	err = check_set(set);
	if (err)
		return err;
	/* Done before there is a reference on the task: reading the user's memory may take long. */
	if (!removes)
		shared = alloc_shared(opener, owner, set);
	if (IS_ERR(shared))
		return PTR_ERR(shared);
	task = profbuf_task_get(opener, set->pid, is_thread ? PIDTYPE_PID : PIDTYPE_TGID, 0, &mm);
	if (IS_ERR(task)) {
		if (shared)
			kref_put(&shared->kref, free_shared);
		return PTR_ERR(task);
	}
	mmput_async(mm);
	if (!removes) {
		err = tag(task, is_thread, shared);
	} else {
		pid = get_task_pid(task, PIDTYPE_TGID);
		err = untag(opener, is_thread ? (void *)task : pid);
		put_pid(pid);
	}
	put_task_struct(task);
	return err;
}

void profbuf_outside_tags_drop(struct profbuf_outside_tags_owner *owner)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&profbuf_outside_tags_lock, flags);
	owner->dropped = true;
	raw_spin_unlock_irqrestore(&profbuf_outside_tags_lock, flags);
	if (READ_ONCE(nr_tagged))
		remove_all(NULL, owner);
}

/* Creation and end */

static bool is_inherited(const struct shared *shared)
{
	lockdep_assert_held(&profbuf_outside_tags_lock);
	return !shared->removed && !(shared->owner && shared->owner->dropped);
}

/* Takes one out of the store; NULL: the store is empty. */
static struct tagged *take_stored(void)
{
	struct tagged *t;

	lockdep_assert_held(&profbuf_outside_tags_lock);
	if (nr_stored < STORE / 2)
		schedule_work(&fill_store_work);
	if (!nr_stored)
		return NULL;
	t = hlist_entry(store.first, struct tagged, node);
	hlist_del(&t->node);
	WRITE_ONCE(nr_stored, nr_stored - 1);
	return t;
}

/* @child gets the tag that @parent has, as a thread or as a process. */
static void inherit(struct task_struct *parent, struct task_struct *child, bool is_thread)
{
	const struct tagged *from;
	struct tagged *t;
	unsigned long flags;

	raw_spin_lock_irqsave(&profbuf_outside_tags_lock, flags);
	from = is_thread ? find(parent) : find_of(parent);
	/* If the child was tagged before its fork ended, it keeps that tag. */
	if (!from || !is_inherited(from->shared) || find(is_thread ? (void *)child : task_tgid(child)))
		goto out;
	t = nr_tagged < PROFBUF_OUTSIDE_TAGS_MAX ? take_stored() : NULL;
	if (t) {
		kref_get(&from->shared->kref);
		init_tagged(t, child, is_thread, from->shared);
		insert(t);
	} else {
		atomic64_inc(&nr_lost);
	}
out:
	raw_spin_unlock_irqrestore(&profbuf_outside_tags_lock, flags);
}

void profbuf_outside_tags_inherit(struct task_struct *parent, struct task_struct *child)
{
	/* A new thread inherits only the tag of the parent thread: it has that of its process anyway. */
	bool is_thread = task_tgid(parent) == task_tgid(child);

	if (likely(!READ_ONCE(nr_tagged)))
		return;
	/* All CPUs share the lock, so it is taken only if the parent has a tag. */
	rcu_read_lock();
	if (is_thread ? find(parent) : find_of(parent))
		inherit(parent, child, is_thread);
	rcu_read_unlock();
}

static void remove_of(const void *who)
{
	struct tagged *t;
	unsigned long flags;

	rcu_read_lock();
	t = find(who);
	rcu_read_unlock();
	if (!t)
		return;
	raw_spin_lock_irqsave(&profbuf_outside_tags_lock, flags);
	/* It may be replaced or gone by now. */
	t = find(who);
	if (t)
		remove(t);
	raw_spin_unlock_irqrestore(&profbuf_outside_tags_lock, flags);
}

void profbuf_outside_tags_remove(struct task_struct *task)
{
	smp_mb();	/* PF_EXITING and live come before the table; pairs with ends() */
	if (likely(!READ_ONCE(nr_tagged)))
		return;
	remove_of(task);
	if (!atomic_read(&task->signal->live))
		remove_of(task_tgid(task));
}

unsigned int profbuf_outside_tags_nr(void)
{
	return READ_ONCE(nr_tagged);
}

u64 profbuf_outside_tags_lost(void)
{
	return atomic64_read(&nr_lost);
}

void profbuf_outside_tags_module_exit(void)
{
	struct hlist_node *next;
	struct tagged *t;

	cancel_work_sync(&fill_store_work);
	remove_all(NULL, NULL);
	rcu_barrier();
	hlist_for_each_entry_safe(t, next, &store, node)
		kfree(t);
}
