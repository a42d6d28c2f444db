/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * quota.h - what sessions may have together: slots, memory, parts of a CPU
 *
 * The session of an opener with PROFBUF_RIGHT_TASKS has two limits: the memory of a session, and the number of slots.
 * All other sessions together have further limits, so that they leave room for the administrator, and those of each
 * user too, so that users leave room for each other.
 *
 * This is the arithmetic; who has what is in the register of sessions (sessions.h).
 */
#ifndef PROFBUF_QUOTA_H
#define PROFBUF_QUOTA_H

#include <linux/list.h>
#include <linux/types.h>

struct profbuf_opener;

/**
 * struct profbuf_quota - what one session has of the quota
 */
struct profbuf_quota {
	const struct profbuf_opener *opener;
	struct list_head list;	/* in the register of sessions (sessions.h); under its lock, like the rest */
	size_t memory;		/* bytes that the session has taken */
	bool ticking;
	u32 parts;		/* ticks may take one of so many parts of the budget; they read it without the lock */
};

void profbuf_quota_init(struct profbuf_quota *q, const struct profbuf_opener *opener);

/**
 * profbuf_quota_check() - may one more session have a slot, and so much memory?
 * @sessions: all that have a slot: a list of struct profbuf_quota
 * @q: the session, not in the list
 * @memory: bytes that it wants
 *
 * Context: the lock of the register is held.
 * Return: 0; -EUSERS: too many sessions, in all, without rights, or of this user; -EDQUOT: more memory than this
 * session, this user, or all users without rights may have.
 */
int profbuf_quota_check(const struct list_head *sessions, const struct profbuf_quota *q, size_t memory);

/**
 * profbuf_quota_share_out() - divide the budget among the sessions that have ticks
 * @sessions: all that have a slot: a list of struct profbuf_quota
 *
 * Context: the lock of the register is held.
 */
void profbuf_quota_share_out(const struct list_head *sessions);

/**
 * profbuf_quota_flush_ns() - how long to wait until the next flush of a session
 * @flush_ns: its flush period
 * @sessions: how many sessions have a slot
 *
 * The budget covers ticks, not flushes, so flushes have a limit of their own: 1,000 a second for all sessions together.
 *
 * Return: @flush_ns, or more if there are so many sessions.
 */
u64 profbuf_quota_flush_ns(u64 flush_ns, unsigned int sessions);

#endif /* PROFBUF_QUOTA_H */
