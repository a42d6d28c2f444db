// SPDX-License-Identifier: GPL-2.0-only
/*
 * quota.c - what sessions may have together: slots, memory, parts of a CPU
 *
 * There are few sessions, and they seldom come and go, so each call adds up the whole register anew.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/time64.h>

#include "config.h"
#include "quota.h"
#include "opener.h"
#include "profbuf_uapi.h"

#define SESSIONS_MAX		64
#define UNPRIVILEGED_MAX	(SESSIONS_MAX / 2)	/* sessions of all users without rights */
#define USER_MAX		8			/* sessions of one of these users */

/* The average time between two flushes of any sessions. A flush costs a timer and a turn of a kernel thread. */
#define FLUSH_SPACING		NSEC_PER_MSEC

static bool is_privileged(const struct profbuf_quota *q)
{
	return q->opener->rights & PROFBUF_RIGHT_TASKS;
}

static u64 session_memory_max(void)
{
	return (u64)profbuf_max_memory_mb << 20;
}

/* Rings are not swapped, so all users without rights together may have only a part of the machine's memory. */
static u64 unprivileged_memory_max(void)
{
	return (u64)totalram_pages() * PAGE_SIZE / 4;
}

int profbuf_quota_check(const struct list_head *sessions, const struct profbuf_quota *q, size_t memory)
{
	unsigned int all = 0, unprivileged = 0, users = 0;
	u64 unprivileged_memory = memory, users_memory = memory;
	const struct profbuf_quota *other;

	list_for_each_entry(other, sessions, list) {
		all++;
		if (is_privileged(other))
			continue;
		unprivileged++;
		unprivileged_memory += other->memory;
		if (uid_eq(other->opener->cred->uid, q->opener->cred->uid)) {
			users++;
			users_memory += other->memory;
		}
	}
	if (all >= SESSIONS_MAX)
		return -EUSERS;
	if (is_privileged(q))
		return memory > session_memory_max() ? -EDQUOT : 0;
	if (unprivileged >= UNPRIVILEGED_MAX || users >= USER_MAX)
		return -EUSERS;
	return users_memory > session_memory_max() || unprivileged_memory > unprivileged_memory_max() ? -EDQUOT : 0;
}

u64 profbuf_quota_flush_ns(u64 flush_ns, unsigned int sessions)
{
	return max_t(u64, flush_ns, sessions * FLUSH_SPACING);
}

/* Parts of the budget */

/* Do two sessions share one part of the budget? Sessions with rights do, and those of one user without rights. */
static bool are_peers(const struct profbuf_quota *a, const struct profbuf_quota *b)
{
	return is_privileged(a) == is_privileged(b) &&
	       (is_privileged(a) || uid_eq(a->opener->cred->uid, b->opener->cred->uid));
}

/* How many sessions that share with @q have ticks, and which one is the first of them. */
static u32 peers_of(const struct list_head *sessions, const struct profbuf_quota *q,
		    const struct profbuf_quota **first)
{
	const struct profbuf_quota *other;
	u32 n = 0;

	list_for_each_entry(other, sessions, list) {
		if (!other->ticking || !are_peers(other, q))
			continue;
		if (!n++)
			*first = other;
	}
	return n;
}

/*
 * If there are sessions with and without rights, each kind has half of the budget: users without rights, however many,
 * take no more from the administrator. They have equal parts, however many sessions each of them has.
 */
void profbuf_quota_share_out(const struct list_head *sessions)
{
	const struct profbuf_quota *first;
	struct profbuf_quota *q;
	bool privileged = false;
	u32 parts, users = 0;

	list_for_each_entry(q, sessions, list) {
		if (!q->ticking)
			continue;
		if (is_privileged(q))
			privileged = true;
		else if (peers_of(sessions, q, &first) && first == q)
			users++;
	}
	list_for_each_entry(q, sessions, list) {
		if (!q->ticking)
			continue;
		parts = peers_of(sessions, q, &first);
		if (!is_privileged(q))
			parts *= users;
		if (privileged && users)
			parts *= 2;
		WRITE_ONCE(q->parts, parts);
	}
}

void profbuf_quota_init(struct profbuf_quota *q, const struct profbuf_opener *opener)
{
	q->opener = opener;
}
