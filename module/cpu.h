/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cpu.h - one CPU's part of a session
 */
#ifndef PROFBUF_CPU_H
#define PROFBUF_CPU_H

#include <linux/hrtimer.h>
#include <linux/irq_work.h>

#include "budget.h"
#include "counters.h"
#include "profbuf_core.h"
#include "profbuf_uapi.h"
#include "requests.h"

struct perf_event;
struct profbuf_cpu_tags;
struct profbuf_session;

/* Words of a sample's header: what struct profbuf_sample has between time and frames. */
#define PROFBUF_HEADER_WORDS	4

/**
 * struct profbuf_cpu - one CPU's part of a session
 *
 * The ring's writer is that CPU's tick: one at a time, which @busy guards.
 */
struct profbuf_cpu {
	struct profbuf ring;

	/* The tick's own. */
	struct profbuf_session *session;
	unsigned int cpu;
	bool busy;			/* a tick is at work: a nested one only counts */
	bool ended;			/* max_ticks reached */
	bool off;			/* the CPU has gone offline, or its source did not start: no ticks come */
	int err;			/* why it did not; 0: it did, or has not been asked to */
	struct profbuf_cpu_counters counters;
	struct profbuf_cpu_requests requests;
	struct profbuf_budget budget;
	u64 frames[2 * PROFBUF_STACK_MAX];

	/* The source: started and stopped on this CPU only. */
	struct hrtimer timer;
	struct perf_event *event;
	u64 expires;			/* of the perf clock's tick before; 0: none yet */
	u64 left_out;			/* periods before the next tick that have none, for the budget */
	u64 left_out_next;		/* the same of the tick after it */

	struct irq_work wake;		/* out of the tick: wakes readers, passes requests on, ends */
	u64 *memory;			/* the ring's */
	struct profbuf_cpu_tags *tags;	/* NULL: the session has none */
};

#endif /* PROFBUF_CPU_H */
