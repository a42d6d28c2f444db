/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * quota.h - what sessions may have together: slots, memory, parts of a CPU
 *
 * The session of an opener with PROFBUF_RIGHT_TASKS has two limits: the memory of a session, and the number of slots.
 * All other sessions together have further limits, so that they leave room for the administrator, and those of each
 * user too, so that users leave room for each other.
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
	size_t memory;		/* bytes that the session has taken */
	struct list_head list;	/* of the sessions that have a slot; under profbuf_quota_lock, like @ticking */
	bool ticking;
	u32 parts;		/* the ticks may take one of so many parts of the limit; written under that lock */
};

void profbuf_quota_init(struct profbuf_quota *q, const struct profbuf_opener *opener);

/**
 * profbuf_quota_take() - take a slot, and a part of the memory
 * @q: the session's part
 * @memory: bytes, not allocated yet
 *
 * Return: 0; -EUSERS: too many sessions, in all, without rights, or of this user; -EDQUOT: more memory than this
 * session, this user, or all users without rights may have.
 */
int profbuf_quota_take(struct profbuf_quota *q, size_t memory);

/**
 * profbuf_quota_give() - give slot and memory back
 * @q: of a session that has taken them; its memory is freed, and its ticks are off
 */
void profbuf_quota_give(struct profbuf_quota *q);

/**
 * profbuf_quota_flush_ns() - how long to wait until the next flush of a session
 * @flush_ns: its flush period
 *
 * The overhead limit covers ticks, not flushes, so flushes have their own: 1,000 a second for all sessions together.
 *
 * Return: @flush_ns, or more if there are so many sessions.
 */
u64 profbuf_quota_flush_ns(u64 flush_ns);

/**
 * profbuf_quota_tick() - divide the overhead limit anew among the sessions that have ticks
 * @q: of a session that has a slot
 * @on: whether its ticks are about to be turned on; false: they are off
 */
void profbuf_quota_tick(struct profbuf_quota *q, bool on);

#endif /* PROFBUF_QUOTA_H */
