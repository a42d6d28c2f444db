/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * budget.h - how much of a CPU the ticks may take
 *
 * The grid of a session's ticks never changes; when its ticks take more of a CPU than they may, only one of `stride`
 * periods has a tick on that CPU from then on, and the others are skipped, with the cause budget. The module's limit is
 * shared out to the sessions that have ticks (quota.h), so that a greedy one does not take from the others.
 */
#ifndef PROFBUF_BUDGET_H
#define PROFBUF_BUDGET_H

#include <linux/types.h>

#include "fifo.h"

/* Module parameter: the limit, in percent of each CPU's time; 100 is none. */
extern unsigned int profbuf_max_overhead_percent;

#define PROFBUF_RATE_CHANGES	32	/* per CPU: between two reads */

struct profbuf_rate_change {
	u64 time;
	u32 stride;
	u32 overhead;		/* parts per million of the time before it */
};

/**
 * struct profbuf_budget - a CPU's part of a session; the tick's own, but for the reader's side of @changes
 */
struct profbuf_budget {
	u64 began;		/* the time that is looked at */
	u64 spent;		/* ns in ticks since then */
	u32 stride;		/* of so many periods one has a tick */
	struct profbuf_fifo fifo;	/* of @changes: the tick puts, the reader takes */
	struct profbuf_rate_change changes[PROFBUF_RATE_CHANGES];
};

void profbuf_budget_init(struct profbuf_budget *b);

/* Before the first tick on a CPU, and when it is back online. */
void profbuf_budget_begin(struct profbuf_budget *b, u64 now);

enum profbuf_budget_verdict {
	PROFBUF_BUDGET_KEPT,
	PROFBUF_BUDGET_CHANGED,		/* another stride from now on; the reader can see it */
	PROFBUF_BUDGET_UNSEEN,		/* another stride from now on, and no room to tell */
};

/**
 * profbuf_budget_charge() - a tick is over
 * @b: this CPU's
 * @period: of the session, ns or cycles
 * @parts: the ticks may take one of so many parts of the limit (quota.h)
 * @begin: when the tick began, ns
 * @end: now
 *
 * Context: the tick, NMI too.
 */
enum profbuf_budget_verdict profbuf_budget_charge(struct profbuf_budget *b, u64 period, u32 parts, u64 begin,
						  u64 end);

/* The reader: the first change that is not dropped; NULL if there is none. Others may only ask whether there is one. */
const struct profbuf_rate_change *profbuf_budget_first(struct profbuf_budget *b);
void profbuf_budget_drop(struct profbuf_budget *b);

#endif /* PROFBUF_BUDGET_H */
