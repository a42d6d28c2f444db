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

#include "tag_sources.h"
#include "opener.h"

const struct profbuf_place *profbuf_place_find(const struct profbuf_places *places, const struct mm_struct *mm)
{
	const struct profbuf_place *place;

	hash_for_each_possible_rcu(places->table, place, node, (unsigned long)mm, lockdep_is_held(&places->lock)) {
		if (place->mm == mm)
			return place;
	}
	return NULL;
}

static void free_place(struct profbuf_place *place)
{
	mmdrop(place->mm);
	kfree(place);
}

static void unlink_place(struct profbuf_places *places, struct profbuf_place *place)
{
	lockdep_assert_held(&places->lock);
	hash_del_rcu(&place->node);
	WRITE_ONCE(places->n, places->n - 1);
}

/* Forgets processes that have gone; not again for a second, however often somebody asks for more. */
static void sweep(struct profbuf_places *places)
{
	struct profbuf_place *place, *gone = NULL;
	struct hlist_node *next;
	unsigned int i;

	lockdep_assert_held(&places->lock);
	if (time_before(jiffies, places->next_sweep))
		return;
	hash_for_each_safe(places->table, i, next, place, node) {
		if (atomic_read(&place->mm->mm_users))
			continue;
		unlink_place(places, place);
		place->gone = gone;
		gone = place;
	}
	synchronize_rcu();
	while (gone) {
		place = gone;
		gone = place->gone;
		free_place(place);
	}
	places->next_sweep = jiffies + HZ;
}

/* x86-64: a program's own variables lie below the thread pointer. What is above are the C library's secrets. */
static bool is_static_offset(s64 offset)
{
	return offset < 0 && offset >= -(s64)PROFBUF_TLS_BYTES && !(offset % sizeof(u64));
}

static bool is_block_offset(s64 offset)
{
	return offset >= 0 && offset < PROFBUF_TLS_BYTES && !(offset % sizeof(u64));
}

static int check_place(const struct profbuf_tag_source *s)
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

/* Puts @place where @old is, which may be NULL. Returns -ENOSPC if there is no room. */
static int replace_place(struct profbuf_places *places, struct profbuf_place *old, struct profbuf_place *place)
{
	lockdep_assert_held(&places->lock);
	if (old) {
		hlist_replace_rcu(&old->node, &place->node);
		return 0;
	}
	if (places->n == PROFBUF_PLACES)
		sweep(places);
	if (places->n == PROFBUF_PLACES)
		return -ENOSPC;
	hash_add_rcu(places->table, &place->node, (unsigned long)place->mm);
	WRITE_ONCE(places->n, places->n + 1);
	return 0;
}

static bool has_location(const struct profbuf_place *place)
{
	unsigned int i;

	for (i = 0; i < PROFBUF_NR_TAG_KINDS; i++) {
		if (place->at[i].known)
			return true;
	}
	return false;
}

/* Changes that of @place's memory map. On success @place, with its reference, is in the table, or freed. */
static int change(struct profbuf_places *places, struct profbuf_place *place,
		  const struct profbuf_tag_source *from)
{
	struct profbuf_place *old;
	bool is_none = from->tls == PROFBUF_TLS_NONE, is_left;
	int err = 0;

	mutex_lock(&places->lock);
	old = (struct profbuf_place *)profbuf_place_find(places, place->mm);
	if (is_none && !(old && old->at[from->kind].known)) {
		mutex_unlock(&places->lock);
		return -ENOENT;
	}
	if (old) {
		memcpy(place->at, old->at, sizeof(place->at));
		place->key = old->key;
	}
	place->at[from->kind] = (struct profbuf_location){ !is_none, from->tls, from->offset, from->module };
	is_left = has_location(place);
	if (is_left)
		err = replace_place(places, old, place);
	else
		unlink_place(places, old);
	mutex_unlock(&places->lock);
	if (err)
		return err;
	if (!is_left)
		free_place(place);
	if (old) {
		mmdrop(old->mm);	/* a tick that still sees it runs on it */
		kfree_rcu(old, rcu);
	}
	return 0;
}

/*
 * A thread context has no magic: what is taken for one can be something else, 28 bytes of it at least. So it is for
 * those who may read the process's memory by ptrace(), where Yama lets a process look at those that descend from it.
 */
static bool may_have_contexts(const struct profbuf_opener *opener, struct task_struct *task, struct mm_struct *mm)
{
	return opener->may_ptrace || (profbuf_task_is_own(opener, task, mm) && profbuf_task_descends(task, opener->pid));
}

int profbuf_place_set(struct profbuf_places *places, const struct profbuf_opener *opener,
		      const struct profbuf_tag_source *from)
{
	struct profbuf_place *place;
	struct task_struct *task;
	int err;

	err = check_place(from);
	if (err)
		return err;
	place = kzalloc(sizeof(*place), GFP_KERNEL_ACCOUNT);
	if (!place)
		return -ENOMEM;
	task = profbuf_task_get(opener, from->pid, PIDTYPE_TGID, from->start_time, &place->mm);
	if (IS_ERR(task)) {
		kfree(place);
		return PTR_ERR(task);
	}
	place->key = get_random_u64();
	err = from->kind == PROFBUF_TAG_OTEL && !may_have_contexts(opener, task, place->mm) ? -EPERM : 0;
	put_task_struct(task);
	mmgrab(place->mm);
	mmput_async(place->mm);
	if (!err)
		err = change(places, place, from);
	if (err)
		free_place(place);
	return err;
}

void profbuf_places_init(struct profbuf_places *places)
{
	mutex_init(&places->lock);
	hash_init(places->table);
	places->next_sweep = jiffies;
}

void profbuf_places_exit(struct profbuf_places *places)
{
	struct profbuf_place *place;
	struct hlist_node *next;
	unsigned int i;

	hash_for_each_safe(places->table, i, next, place, node) {
		hash_del(&place->node);
		free_place(place);
	}
}
