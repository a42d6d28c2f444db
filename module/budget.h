/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * budget.h - how much of a CPU the ticks may take
 *
 * The period of a session never changes. When its ticks take more of a CPU than they may, only one of `stride` periods
 * has a tick on that CPU from then on; the other periods are skipped with the cause budget. The sessions that have
 * ticks share the budget (quota.h), so that an expensive session does not take from the others.
 */
#ifndef PROFBUF_BUDGET_H
#define PROFBUF_BUDGET_H

#include <linux/types.h>

#include "fifo.h"

/* Module parameter: the budget of all sessions, in percent of each CPU's time; 100 means that there is none. */
extern unsigned int profbuf_max_overhead_percent;

#define PROFBUF_STRIDE_CHANGES	32	/* per CPU: so many can wait for a read */

/* From @time on there is another stride. */
struct profbuf_stride_change {
	u64 time;
	u32 stride;
	u32 overhead;		/* what ticks took before the change, in parts per million */
};

/**
 * struct profbuf_budget - a CPU's part of a session; only the tick uses it, apart from the reader's side of @changes
 */
struct profbuf_budget {
	u64 began;		/* when the measured time began */
	u64 spent;		/* ns in ticks since then */
	u32 stride;		/* one of so many periods has a tick */
	struct profbuf_fifo fifo;	/* of @changes: the tick puts, the reader takes */
	struct profbuf_stride_change changes[PROFBUF_STRIDE_CHANGES];
};

void profbuf_budget_init(struct profbuf_budget *b);

/* Begins to measure: before the first tick on a CPU, and when the CPU is back online. */
void profbuf_budget_begin(struct profbuf_budget *b, u64 now);

enum profbuf_budget_verdict {
	PROFBUF_BUDGET_KEPT,
	PROFBUF_BUDGET_CHANGED,		/* another stride from now on; the reader gets a record */
	PROFBUF_BUDGET_UNSEEN,		/* another stride from now on; no room for a record */
};

/**
 * profbuf_budget_charge() - count what a tick took; perhaps change the stride
 * @b: this CPU's budget
 * @period: of the session, ns or cycles
 * @parts: the ticks may take one of so many parts of the budget (quota.h)
 * @begin: when the tick began, ns
 * @end: now, ns
 *
 * Context: the tick, also NMI.
 * Return: what happened to the stride.
 */
enum profbuf_budget_verdict profbuf_budget_charge(struct profbuf_budget *b, u64 period, u32 parts, u64 begin,
						  u64 end);

/* The reader: the first change that is not dropped; NULL if there is none. Others may only test for NULL. */
const struct profbuf_stride_change *profbuf_budget_first(struct profbuf_budget *b);
void profbuf_budget_drop(struct profbuf_budget *b);

#endif /* PROFBUF_BUDGET_H */
