// SPDX-License-Identifier: GPL-2.0-only
/*
 * profbuf_nmi.c - a counter of cycles for a machine that has none, with NMIs for its interrupts
 *
 * perf takes it for the hardware's, and so does a session with PROFBUF_SOURCE_PERF_CYCLES: its ticks come as they do on
 * real hardware. It counts nothing, though: each CPU has a timer that sends NMIs to all the others that have a counter,
 * every period_us. So a CPU that is alone has no ticks, and an NMI may come in the middle of anything but an NMI.
 */
#include <linux/cpuhotplug.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/perf_event.h>
#include <linux/smp.h>
#include <asm/apic.h>
#include <asm/nmi.h>

#include "module/compat.h"

#define COUNTERS	8

static unsigned int period_us = 997;
module_param(period_us, uint, 0644);
MODULE_PARM_DESC(period_us, "between two NMIs to a CPU");

static int get_made(char *text, const struct kernel_param *kp);
static const struct kernel_param_ops made_ops = { .get = get_made };
module_param_cb(made, &made_ops, NULL, 0444);
MODULE_PARM_DESC(made, "overflows of counters so far, each in an NMI");

/* A CPU's; events and made are changed on it only, with interrupts off or in its NMI. */
struct counters {
	struct perf_event *events[COUNTERS];
	unsigned int used;
	unsigned int made;
	struct hrtimer timer;
};

static DEFINE_PER_CPU(struct counters, counters);
static enum cpuhp_state hotplug_state;

static int get_made(char *text, const struct kernel_param *kp)
{
	unsigned int cpu, sum = 0;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(counters.made, cpu));
	return sysfs_emit(text, "%u\n", sum);
}

/* The interrupt */

static enum hrtimer_restart send(struct hrtimer *timer)
{
	unsigned int cpu, here = smp_processor_id();

	for_each_online_cpu(cpu) {
		if (cpu != here && READ_ONCE(per_cpu(counters.used, cpu)))
			apic->send_IPI(cpu, NMI_VECTOR);
	}
	hrtimer_forward_now(timer, ns_to_ktime(max(READ_ONCE(period_us), 50U) * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

static int overflow(unsigned int type, struct pt_regs *regs)
{
	struct counters *c = this_cpu_ptr(&counters);
	struct perf_sample_data data;
	unsigned int i;

	for (i = 0; i < COUNTERS; i++) {
		struct perf_event *event = READ_ONCE(c->events[i]);

		if (!event)
			continue;
		WRITE_ONCE(c->made, c->made + 1);
		perf_sample_data_init(&data, 0, event->hw.last_period);
		event->overflow_handler(event, &data, regs);
	}
	/* One may come when the counter that it was for has gone. */
	return NMI_HANDLED;
}

static int cpu_up(unsigned int cpu)
{
	hrtimer_start(this_cpu_ptr(&counters.timer), ns_to_ktime(NSEC_PER_MSEC), HRTIMER_MODE_REL_PINNED_HARD);
	return 0;
}

static int cpu_down(unsigned int cpu)
{
	hrtimer_cancel(this_cpu_ptr(&counters.timer));
	return 0;
}

/* The counters */

static int event_init(struct perf_event *event)
{
	if (event->attr.type != PERF_TYPE_HARDWARE || event->attr.config != PERF_COUNT_HW_CPU_CYCLES)
		return -ENOENT;
	return is_sampling_event(event) ? 0 : -EINVAL;
}

static void event_start(struct perf_event *event, int flags)
{
	struct counters *c = this_cpu_ptr(&counters);

	WRITE_ONCE(c->events[event->hw.idx], event);
}

static void event_stop(struct perf_event *event, int flags)
{
	struct counters *c = this_cpu_ptr(&counters);

	WRITE_ONCE(c->events[event->hw.idx], NULL);
}

static int event_add(struct perf_event *event, int flags)
{
	struct counters *c = this_cpu_ptr(&counters);
	unsigned int i = ffz(c->used);

	if (i >= COUNTERS)
		return -EAGAIN;
	WRITE_ONCE(c->used, c->used | BIT(i));
	event->hw.idx = i;
	if (flags & PERF_EF_START)
		event_start(event, flags);
	return 0;
}

static void event_del(struct perf_event *event, int flags)
{
	struct counters *c = this_cpu_ptr(&counters);

	event_stop(event, flags);
	WRITE_ONCE(c->used, c->used & ~BIT(event->hw.idx));
}

static void event_read(struct perf_event *event)
{
}

static struct pmu pmu = {
	.module = THIS_MODULE,
	.task_ctx_nr = perf_invalid_context,
	.event_init = event_init,
	.add = event_add,
	.del = event_del,
	.start = event_start,
	.stop = event_stop,
	.read = event_read,
};

static int __init cycles_init(void)
{
	unsigned int cpu;
	int err;

	for_each_possible_cpu(cpu) {
		struct hrtimer *timer = per_cpu_ptr(&counters.timer, cpu);

		profbuf_compat_hrtimer_setup(timer, send, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	}
	err = register_nmi_handler(NMI_LOCAL, overflow, 0, "profbuf_nmi");
	if (err)
		return err;
	err = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "profbuf_nmi:online", cpu_up, cpu_down);
	if (err < 0)
		goto err_handler;
	hotplug_state = err;
	err = perf_pmu_register(&pmu, "profbuf_nmi", -1);
	if (err)
		goto err_state;
	return 0;

err_state:
	cpuhp_remove_state(hotplug_state);
err_handler:
	unregister_nmi_handler(NMI_LOCAL, "profbuf_nmi");
	return err;
}

static void nothing(void *info)
{
}

/* perf's references keep the module while there are counters. */
static void __exit cycles_exit(void)
{
	perf_pmu_unregister(&pmu);
	cpuhp_remove_state(hotplug_state);
	/* An NMI that was sent has come when its CPU takes an interrupt that was sent later. */
	on_each_cpu(nothing, NULL, 1);
	unregister_nmi_handler(NMI_LOCAL, "profbuf_nmi");
}

module_init(cycles_init);
module_exit(cycles_exit);

MODULE_DESCRIPTION("A counter of cycles that interrupts by NMIs, for the tests of profbuf");
MODULE_LICENSE("GPL");
