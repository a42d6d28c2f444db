/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * counters.h - the accounting: ticks = delivered + lost + skipped + missed, per CPU, exactly
 *
 * A CPU's counters are written by its ticks only, and a tick may be an NMI inside another: local64_t. entered and left
 * frame every tick, so that a reader on another CPU sees the counters of whole ticks only. ticks is not a sum of the
 * others: it is entered + missed + what was left out for the budget, and entered knows nothing of what became of the
 * tick.
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

/* Around everything a tick does. */
static inline void profbuf_counters_enter(struct profbuf_cpu_counters *c)
{
	local64_inc(&c->entered);
	smp_wmb();	/* pairs with profbuf_counters_get() */
}

static inline void profbuf_counters_leave(struct profbuf_cpu_counters *c)
{
	smp_wmb();	/* pairs with profbuf_counters_get() */
	local64_inc(&c->left);
}

static inline void profbuf_counters_skip(struct profbuf_cpu_counters *c, enum profbuf_skip cause)
{
	local64_inc(&c->skipped[cause]);
}

/* Periods that passed; the tick's. */
static inline u64 profbuf_counters_ticks(const struct profbuf_cpu_counters *c)
{
	return local64_read(&c->entered) + local64_read(&c->missed) + local64_read(&c->skipped[PROFBUF_SKIP_BUDGET]);
}

/**
 * profbuf_counters_get() - one CPU's counters, of whole ticks
 * @c: the counters
 * @to: set
 *
 * Context: may sleep; not in the tick.
 */
void profbuf_counters_get(const struct profbuf_cpu_counters *c, struct profbuf_counters *to);

/**
 * profbuf_counters_add() - add them up
 * @to: the sum
 * @c: what is added
 */
void profbuf_counters_add(struct profbuf_counters *to, const struct profbuf_counters *c);

#endif /* PROFBUF_COUNTERS_H */
