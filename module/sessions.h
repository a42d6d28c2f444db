/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sessions.h - the register of sessions, what they have together, and the counters of all of them
 *
 * A session is in the register as long as it has memory and a slot: from profbuf_sessions_join(), before it allocates
 * anything, to profbuf_sessions_part(), when everything is freed. In between, while it has rings and counters, it is
 * shown to tracepoints and sysfs: from profbuf_sessions_show() to profbuf_sessions_hide().
 */
#ifndef PROFBUF_SESSIONS_H
#define PROFBUF_SESSIONS_H

#include <linux/list.h>
#include <linux/types.h>

struct profbuf_counters;
struct profbuf_ksession;

/* The register, by quota.list; written under its lock, read under RCU. A reader looks only at sessions with @shown. */
extern struct list_head profbuf_sessions;

/**
 * profbuf_sessions_join() - give a session a slot and a part of the memory
 * @s: the session, about to start
 * @memory: bytes, not allocated yet
 *
 * Return: 0, or the error of profbuf_quota_check(), and the session is not in the register.
 */
int profbuf_sessions_join(struct profbuf_ksession *s, size_t memory);

/**
 * profbuf_sessions_part() - take slot and memory back
 * @s: the session, hidden; its memory is freed, and its ticks are off
 *
 * After an RCU grace period the session may be freed, or join again.
 */
void profbuf_sessions_part(struct profbuf_ksession *s);

/* From now on, tracepoints and sysfs look at the session. */
void profbuf_sessions_show(struct profbuf_ksession *s);

/**
 * profbuf_sessions_hide() - add the counters of a session to those of past sessions
 * @s: the session, shown, whose ticks are off; after an RCU grace period, tracepoints no longer look at it
 */
void profbuf_sessions_hide(struct profbuf_ksession *s);

/**
 * profbuf_sessions_tick() - divide the budget anew among the sessions that have ticks
 * @s: a session in the register
 * @on: whether its ticks are about to be turned on; false: they are off
 */
void profbuf_sessions_tick(struct profbuf_ksession *s, bool on);

/* How long to wait until the next flush of a session with this flush period: profbuf_quota_flush_ns(). */
u64 profbuf_sessions_flush_ns(u64 flush_ns);

/* The sum of all sessions since the module was loaded. @cpu: a possible CPU, or PROFBUF_CPU_NONE for all. May sleep. */
void profbuf_sessions_counters(unsigned int cpu, struct profbuf_counters *sum);

/* How many sessions are shown. Context: may sleep. */
unsigned int profbuf_sessions_nr(void);

int profbuf_sessions_module_init(void);
void profbuf_sessions_module_exit(void);

#endif /* PROFBUF_SESSIONS_H */
