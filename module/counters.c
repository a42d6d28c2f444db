// SPDX-License-Identifier: GPL-2.0-only
/*
 * counters.c - read the counters of a CPU while its ticks go on
 */
#include <linux/sched.h>

#include "counters.h"

void profbuf_counters_read(const struct profbuf_cpu_counters *c, struct profbuf_counters *to)
{
	u64 left, entered;
	unsigned int i;

	do {
		cond_resched();
		left = local64_read(&c->left);
		smp_rmb();	/* pairs with profbuf_counters_leave() */
		to->delivered = local64_read(&c->delivered);
		to->lost = local64_read(&c->lost);
		to->missed = local64_read(&c->missed);
		for (i = 0; i < PROFBUF_NR_SKIPS; i++)
			to->skipped[i] = local64_read(&c->skipped[i]);
		smp_rmb();	/* pairs with profbuf_counters_enter() */
		entered = local64_read(&c->entered);
	} while (left != entered);
	to->ticks = entered + to->missed + to->skipped[PROFBUF_SKIP_BUDGET];
	for (; i < PROFBUF_SKIPS_MAX; i++)
		to->skipped[i] = 0;
}

void profbuf_counters_add(struct profbuf_counters *to, const struct profbuf_counters *c)
{
	unsigned int i;

	to->ticks += c->ticks;
	to->delivered += c->delivered;
	to->lost += c->lost;
	to->missed += c->missed;
	for (i = 0; i < PROFBUF_NR_SKIPS; i++)
		to->skipped[i] += c->skipped[i];
}
