/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sessions.h - the register of sessions that run or ran, and what became of the ticks of all
 */
#ifndef PROFBUF_SESSIONS_H
#define PROFBUF_SESSIONS_H

#include <linux/list.h>

struct profbuf_counters;
struct profbuf_session;

/* From profbuf_sessions_join() to profbuf_sessions_part(); read under RCU. */
extern struct list_head profbuf_sessions;

/**
 * profbuf_sessions_join() - tracepoints and sysfs look at a session from now on
 * @s: the session, about to start
 */
void profbuf_sessions_join(struct profbuf_session *s);

/**
 * profbuf_sessions_part() - its counters are added to the module's, and it is not looked at any more
 * @s: the session, its ticks off; after a grace period nobody looks at it
 */
void profbuf_sessions_part(struct profbuf_session *s);

/* The sum of all sessions since the module was loaded. @cpu: a possible one, or PROFBUF_CPU_NONE: all. May sleep. */
void profbuf_sessions_counters(unsigned int cpu, struct profbuf_counters *sum);

/* How many there are. Context: may sleep. */
unsigned int profbuf_sessions_count(void);

int profbuf_sessions_module_init(void);
void profbuf_sessions_module_exit(void);

#endif /* PROFBUF_SESSIONS_H */
