// SPDX-License-Identifier: GPL-2.0-only
/*
 * quota.c - what sessions may have together: how many there are, their memory, their parts of a CPU
 *
 * There are few sessions and they come and go seldom: the sums are made anew each time.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/time64.h>

#include "config.h"
#include "quota.h"
#include "session.h"

#define SESSIONS_MAX		64
#define UNPRIVILEGED_MAX	(SESSIONS_MAX / 2)	/* of all users without rights */
#define USER_MAX		8			/* of one of them */

/* Between two flushes, of any sessions, on the average. Each is a timer and a turn of a kernel thread. */
#define FLUSH_SPACING		NSEC_PER_MSEC

static DEFINE_MUTEX(quota_lock);
static LIST_HEAD(holders);		/* of a slot; under quota_lock */
static unsigned int nr_holders;		/* written under quota_lock */

static bool is_privileged(const struct profbuf_session *s)
{
	return s->rights & PROFBUF_RIGHT_TASKS;
}

static u64 session_memory_max(void)
{
	return (u64)profbuf_max_memory_mb << 20;
}

/* Rings are not swapped: whatever a session may have, users without rights leave the machine most of its memory. */
static u64 unprivileged_memory_max(void)
{
	return (u64)totalram_pages() * PAGE_SIZE / 4;
}

static int check(const struct profbuf_session *s, size_t memory)
{
	unsigned int unprivileged = 0, users = 0;
	u64 unprivileged_memory = memory, users_memory = memory;
	const struct profbuf_session *other;

	lockdep_assert_held(&quota_lock);
	list_for_each_entry(other, &holders, quota.list) {
		if (is_privileged(other))
			continue;
		unprivileged++;
		unprivileged_memory += other->memory;
		if (uid_eq(other->cred->uid, s->cred->uid)) {
			users++;
			users_memory += other->memory;
		}
	}
	if (nr_holders >= SESSIONS_MAX)
		return -EUSERS;
	if (is_privileged(s))
		return memory > session_memory_max() ? -EDQUOT : 0;
	if (unprivileged >= UNPRIVILEGED_MAX || users >= USER_MAX)
		return -EUSERS;
	return users_memory > session_memory_max() || unprivileged_memory > unprivileged_memory_max() ? -EDQUOT : 0;
}

int profbuf_quota_take(struct profbuf_session *s, size_t memory)
{
	int err;

	mutex_lock(&quota_lock);
	err = check(s, memory);
	if (!err) {
		s->memory = memory;
		list_add_tail(&s->quota.list, &holders);
		WRITE_ONCE(nr_holders, nr_holders + 1);
	}
	mutex_unlock(&quota_lock);
	return err;
}

void profbuf_quota_give(struct profbuf_session *s)
{
	mutex_lock(&quota_lock);
	list_del(&s->quota.list);
	WRITE_ONCE(nr_holders, nr_holders - 1);
	s->memory = 0;
	mutex_unlock(&quota_lock);
}

u64 profbuf_quota_flush_ns(const struct profbuf_session *s)
{
	return max_t(u64, s->config.flush_ns, READ_ONCE(nr_holders) * FLUSH_SPACING);
}

/* Parts of the overhead limit */

/* The sessions between which a part is divided: those with rights, or those of one user without. */
static bool are_peers(const struct profbuf_session *a, const struct profbuf_session *b)
{
	return is_privileged(a) == is_privileged(b) && (is_privileged(a) || uid_eq(a->cred->uid, b->cred->uid));
}

/* How many have ticks, and which is the first of them. */
static u32 peers_of(const struct profbuf_session *s, const struct profbuf_session **first)
{
	const struct profbuf_session *other;
	u32 n = 0;

	list_for_each_entry(other, &holders, quota.list) {
		if (!other->quota.ticking || !are_peers(other, s))
			continue;
		if (!n++)
			*first = other;
	}
	return n;
}

/*
 * If there are both, half of the limit is for sessions with rights and half for the others: no number of users takes
 * more from the administrator. Users without rights have equal parts, whatever the number of their sessions.
 */
static void share_out(void)
{
	const struct profbuf_session *first;
	struct profbuf_session *s;
	bool privileged = false;
	u32 parts, users = 0;

	lockdep_assert_held(&quota_lock);
	list_for_each_entry(s, &holders, quota.list) {
		if (!s->quota.ticking)
			continue;
		if (is_privileged(s))
			privileged = true;
		else if (peers_of(s, &first) && first == s)
			users++;
	}
	list_for_each_entry(s, &holders, quota.list) {
		if (!s->quota.ticking)
			continue;
		parts = peers_of(s, &first);
		if (!is_privileged(s))
			parts *= users;
		if (privileged && users)
			parts *= 2;
		WRITE_ONCE(s->quota.parts, parts);
	}
}

void profbuf_quota_tick(struct profbuf_session *s, bool on)
{
	mutex_lock(&quota_lock);
	s->quota.ticking = on;
	share_out();
	mutex_unlock(&quota_lock);
}
