// SPDX-License-Identifier: GPL-2.0-only
/*
 * budget.c - how much of a CPU the ticks may take
 *
 * The stride is computed anew after every WINDOW, or as soon as a window's budget is spent. The cost of a tick hardly
 * depends on how often it comes, so the stride that keeps to the budget can be computed from the time that ticks have
 * taken at the present stride.
 */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>

#include "budget.h"

#define WINDOW		(100 * NSEC_PER_MSEC)

/* What the interrupt costs before and after the measured time: entry, exit, programming the timer. */
#define OUTSIDE		NSEC_PER_USEC

/* A tick that takes longer was interrupted itself, by an NMI or by the host of a virtual machine. */
#define CHARGE_MAX	NSEC_PER_MSEC

/* A session keeps at least one tick a second, however expensive its ticks are. */
#define SLOWEST		NSEC_PER_SEC

void profbuf_budget_init(struct profbuf_budget *b)
{
	b->stride = 1;
	profbuf_fifo_init(&b->fifo, PROFBUF_STRIDE_CHANGES);
}

void profbuf_budget_begin(struct profbuf_budget *b, u64 now)
{
	b->began = now;
	b->spent = 0;
}

/* The smallest stride at which the ticks keep to the budget. */
static u32 needed_stride(const struct profbuf_budget *b, u64 period, u64 elapsed, u32 percent, u32 parts)
{
	u64 allowed = max(div_u64(elapsed * percent, 100 * parts), 1ULL);
	u64 needed = div64_u64(b->stride * b->spent + allowed - 1, allowed);

	return clamp(needed, 1ULL, max(div64_u64(SLOWEST, period), 1ULL));
}

static enum profbuf_budget_verdict change(struct profbuf_budget *b, u32 stride, u32 overhead, u64 now)
{
	struct profbuf_stride_change *c;

	b->stride = stride;
	if (profbuf_fifo_is_full(&b->fifo, PROFBUF_STRIDE_CHANGES))
		return PROFBUF_BUDGET_UNSEEN;
	c = &b->changes[b->fifo.head % PROFBUF_STRIDE_CHANGES];
	c->time = now;
	c->stride = stride;
	c->overhead = overhead;
	profbuf_fifo_add(&b->fifo);
	return PROFBUF_BUDGET_CHANGED;
}

enum profbuf_budget_verdict profbuf_budget_charge(struct profbuf_budget *b, u64 period, u32 parts, u64 begin,
						  u64 end)
{
	u32 percent = READ_ONCE(profbuf_max_overhead_percent);
	u64 elapsed, spent;
	u32 needed;

	b->spent += OUTSIDE;
	/* The clock that can be read in an NMI may go back a little. */
	if (end > begin)
		b->spent += min_t(u64, end - begin, CHARGE_MAX);
	elapsed = end > b->began ? end - b->began : 1;
	if (elapsed < WINDOW && b->spent * 100 * parts <= WINDOW * percent)
		return PROFBUF_BUDGET_KEPT;

	spent = b->spent;
	needed = percent == 100 ? 1 : needed_stride(b, period, elapsed, percent, parts);
	b->began = end;
	b->spent = 0;
	/* The stride is lowered by a factor of two or more only: less may be noise. */
	if (needed <= b->stride && needed * 2 > b->stride)
		return PROFBUF_BUDGET_KEPT;
	return change(b, needed, div64_u64(spent * 1000000, elapsed), end);
}

const struct profbuf_stride_change *profbuf_budget_first(struct profbuf_budget *b)
{
	return profbuf_fifo_is_empty(&b->fifo) ? NULL : &b->changes[b->fifo.tail % PROFBUF_STRIDE_CHANGES];
}

void profbuf_budget_drop(struct profbuf_budget *b)
{
	profbuf_fifo_drop(&b->fifo);
}
