/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sessions.h - the register of open sessions that were started, and the counters of all sessions
 */
#ifndef PROFBUF_SESSIONS_H
#define PROFBUF_SESSIONS_H

#include <linux/list.h>

struct profbuf_counters;
struct profbuf_ksession;

/* Has each session from profbuf_sessions_join() to profbuf_sessions_part(); read under RCU. */
extern struct list_head profbuf_sessions;

/**
 * profbuf_sessions_join() - add a session to the register: from now on, tracepoints and sysfs look at it
 * @s: the session, about to start
 */
void profbuf_sessions_join(struct profbuf_ksession *s);

/**
 * profbuf_sessions_part() - remove a session, and add its counters to those of past sessions
 * @s: the session, whose ticks are off; after an RCU grace period, tracepoints no longer look at it
 */
void profbuf_sessions_part(struct profbuf_ksession *s);

/* The sum of all sessions since the module was loaded. @cpu: a possible CPU, or PROFBUF_CPU_NONE for all. May sleep. */
void profbuf_sessions_counters(unsigned int cpu, struct profbuf_counters *sum);

/* How many sessions are in the register. Context: may sleep. */
unsigned int profbuf_sessions_count(void);

int profbuf_sessions_module_init(void);
void profbuf_sessions_module_exit(void);

#endif /* PROFBUF_SESSIONS_H */
