/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * quota.h - what sessions may have together: how many there are, their memory, their parts of a CPU
 *
 * A session of an opener with PROFBUF_RIGHT_TASKS is bound by what a session may have, and by the number of slots. The
 * others are bound together, so that they leave room for the administrator, and those of each user, so that users leave
 * room for each other.
 */
#ifndef PROFBUF_QUOTA_H
#define PROFBUF_QUOTA_H

#include <linux/list.h>
#include <linux/types.h>

struct profbuf_opener;

/**
 * struct profbuf_quota - a session's share of it
 */
struct profbuf_quota {
	const struct profbuf_opener *opener;
	size_t memory;		/* bytes that it has taken */
	struct list_head list;	/* of the sessions that have a slot; under profbuf_quota_lock, as the next */
	bool ticking;
	u32 parts;		/* the ticks may take one of so many parts of the overhead limit; written likewise */
};

void profbuf_quota_init(struct profbuf_quota *q, const struct profbuf_opener *opener);

/**
 * profbuf_quota_take() - a slot, and memory
 * @q: the session's
 * @memory: bytes, not allocated yet
 *
 * Return: 0; -EUSERS: there are as many sessions as there may be, in all, without rights, or of its user; -EDQUOT: more
 * memory than a session, its user, or all without rights may have.
 */
int profbuf_quota_take(struct profbuf_quota *q, size_t memory);

/**
 * profbuf_quota_give() - give them back
 * @q: of a session that has taken them, its memory freed and its ticks off
 */
void profbuf_quota_give(struct profbuf_quota *q);

/**
 * profbuf_quota_flush_ns() - how long to wait until the next flush of a session
 * @flush_ns: its flush period
 *
 * Flushes are no ticks, and outside of the overhead limit: all sessions together have 1,000 a second.
 *
 * Return: @flush_ns, or more if there are so many sessions.
 */
u64 profbuf_quota_flush_ns(u64 flush_ns);

/**
 * profbuf_quota_tick() - the overhead limit is shared out anew
 * @q: of a session that has a slot
 * @on: its ticks are to be turned on; or they are off
 */
void profbuf_quota_tick(struct profbuf_quota *q, bool on);

#endif /* PROFBUF_QUOTA_H */
