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
struct profbuf_ksession;

/* Words of a sample's header: what struct profbuf_sample has between time and frames. */
#define PROFBUF_HEADER_WORDS	4

/**
 * struct profbuf_cpu - one CPU's part of a session
 *
 * The writer of the ring is the tick of this CPU. @busy makes sure that there is only one writer at a time.
 */
struct profbuf_cpu {
	struct profbuf ring;

	/* Used by the tick. */
	struct profbuf_ksession *session;
	unsigned int cpu;
	bool busy;			/* a tick is at work: a nested tick is only counted */
	bool ended;			/* max_ticks reached */
	bool off;			/* no ticks come: the CPU is offline, or its source did not start */
	int err;			/* why the source did not start; 0: it did, or was not asked to */
	struct profbuf_cpu_counters counters;
	struct profbuf_cpu_requests requests;
	struct profbuf_budget budget;
	u64 frames[2 * PROFBUF_STACK_MAX];

	/* The source: started and stopped on this CPU only. */
	struct hrtimer timer;
	struct perf_event *event;
	u64 expires;			/* expiry of the perf clock at the last tick; 0: no tick yet */
	u64 left_out;			/* periods before the next tick that the budget leaves out */
	u64 left_out_next;		/* the same for the tick after the next */

	struct irq_work wake;		/* queued by the tick: wakes readers and the worker, ends the session */
	u64 *memory;			/* the ring's */
	struct profbuf_cpu_tags *tags;	/* NULL: the session has none */
};

#endif /* PROFBUF_CPU_H */
