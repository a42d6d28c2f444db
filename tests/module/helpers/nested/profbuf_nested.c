// SPDX-License-Identifier: GPL-2.0-only
/*
 * profbuf_nested.c - a tick inside a tick, as an NMI over the timer would make it
 *
 * The first time a tick writes a record, and every 16th time after it, the timer's own function is called from inside
 * profbuf_write(): the worst place, with the ring half written. /sys/module/profbuf_nested/parameters/made says how
 * often.
 */
#include <linux/hrtimer.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/preempt.h>

#include "module/session.h"

static unsigned int made;
module_param(made, uint, 0444);
MODULE_PARM_DESC(made, "ticks made inside others");

static DEFINE_PER_CPU(unsigned int, calls);
static DEFINE_PER_CPU(bool, inside);

static int inside_write(struct kprobe *probe, struct pt_regs *regs)
{
	/* The ring is the first of a CPU's part, and the first argument. */
	struct profbuf_cpu *c = (struct profbuf_cpu *)regs->di;
	bool nmi = in_nmi();

	if (__this_cpu_read(inside) || __this_cpu_inc_return(calls) % 16 != 1)
		return 0;
	__this_cpu_write(inside, true);
	/* A breakpoint counts as an NMI, where a timer's function does not come: lockdep would say so. */
	if (nmi)
		__preempt_count_sub(NMI_OFFSET);
	c->timer.function(&c->timer);
	if (nmi)
		__preempt_count_add(NMI_OFFSET);
	__this_cpu_write(inside, false);
	made++;
	return 0;
}

static struct kprobe probe = {
	.symbol_name = "profbuf_write",
	.pre_handler = inside_write,
};

static int __init nested_init(void)
{
	BUILD_BUG_ON(offsetof(struct profbuf_cpu, ring));
	return register_kprobe(&probe);
}

static void __exit nested_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(nested_init);
module_exit(nested_exit);

MODULE_DESCRIPTION("Ticks inside ticks, for the tests of profbuf");
MODULE_LICENSE("GPL");
