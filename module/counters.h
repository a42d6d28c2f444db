/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * counters.h - the accounting: ticks = delivered + lost + skipped + missed, per CPU, exactly
 *
 * Only the ticks of a CPU write its counters, and a tick may be an NMI inside another tick, so they are local64_t.
 * Every tick first increments entered, and last left, so that a reader on another CPU sees the counters of whole ticks
 * only. ticks is not the sum of the other counters: it is entered + missed + the periods that the budget left out, and
 * entered is counted before it is known what becomes of the tick.
 */
#ifndef PROFBUF_COUNTERS_H
#define PROFBUF_COUNTERS_H

#include <asm/local64.h>
#include <linux/types.h>

#include "profbuf_uapi.h"

struct profbuf_cpu_counters {
	local64_t entered;
	local64_t delivered;
	local64_t lost;
	local64_t missed;
	local64_t skipped[PROFBUF_NR_SKIPS];
	local64_t left;
};

/* A tick calls these two before and after everything else. */
static inline void profbuf_counters_enter(struct profbuf_cpu_counters *c)
{
	local64_inc(&c->entered);
	smp_wmb();	/* pairs with profbuf_counters_read() */
}

static inline void profbuf_counters_leave(struct profbuf_cpu_counters *c)
{
	smp_wmb();	/* pairs with profbuf_counters_read() */
	local64_inc(&c->left);
}

static inline void profbuf_counters_skip(struct profbuf_cpu_counters *c, enum profbuf_skip cause)
{
	local64_inc(&c->skipped[cause]);
}

/* How many periods have passed. Context: the tick. */
static inline u64 profbuf_counters_ticks(const struct profbuf_cpu_counters *c)
{
	return local64_read(&c->entered) + local64_read(&c->missed) + local64_read(&c->skipped[PROFBUF_SKIP_BUDGET]);
}

/**
 * profbuf_counters_read() - read one CPU's counters, of whole ticks
 * @c: the counters
 * @to: set to them
 *
 * Context: may sleep; not in the tick.
 */
void profbuf_counters_read(const struct profbuf_cpu_counters *c, struct profbuf_counters *to);

/**
 * profbuf_counters_add() - add counters to a sum
 * @to: the sum
 * @c: what is added
 */
void profbuf_counters_add(struct profbuf_counters *to, const struct profbuf_counters *c);

#endif /* PROFBUF_COUNTERS_H */
