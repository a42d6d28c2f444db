// SPDX-License-Identifier: GPL-2.0-only
/*
 * sampler.c - the ticks
 *
 * The source of a CPU is started and stopped on that CPU, by the callbacks of a CPU hotplug state. So a session has
 * ticks on its CPUs whenever they are online. The timer and perf both call tick().
 */
#include <linux/cgroup.h>
#include <linux/cpuhotplug.h>
#include <linux/cred.h>
#include <linux/hrtimer.h>
#include <linux/perf_event.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/timekeeping.h>
#include <asm/irq_regs.h>

#include "compat.h"
#include "sampler.h"
#include "session.h"
#include "unwind.h"

static enum cpuhp_state hotplug_state;

/* The header of a sample, as the ring takes it and as struct profbuf_sample has it. */
union header {
	struct {
		u16 type;
		u16 cpu;
		u8 mode;
		u8 stop;
		u8 nr_kernel;
		u8 nr_user;
		u64 tag;	/* set by the reader, when the record leaves the ring */
		u32 pid;
		u32 tid;
		u64 stack;
	};
	u64 words[PROFBUF_HEADER_WORDS];
};

#define SAMPLE_HEADER	offsetof(struct profbuf_sample, type)
static_assert(offsetof(union header, mode) == offsetof(struct profbuf_sample, mode) - SAMPLE_HEADER);
static_assert(offsetof(union header, nr_user) == offsetof(struct profbuf_sample, nr_user) - SAMPLE_HEADER);
static_assert(offsetof(union header, tag) == offsetof(struct profbuf_sample, tag) - SAMPLE_HEADER);
static_assert(offsetof(union header, tid) == offsetof(struct profbuf_sample, tid) - SAMPLE_HEADER);
static_assert(offsetof(union header, stack) == offsetof(struct profbuf_sample, stack) - SAMPLE_HEADER);
static_assert(sizeof(union header) == sizeof(struct profbuf_sample) - SAMPLE_HEADER);

/* May a session without rights see the task? Not if the task has no number in the opener's pid namespace. */
static bool is_own(const struct profbuf_ksession *s, struct task_struct *task)
{
	return task->mm && !profbuf_compat_kernel_thread(task) &&
	       (likely(s->opener.pid_ns == &init_pid_ns) || task_tgid_nr_ns(task, s->opener.pid_ns)) &&
	       profbuf_process_is_own(&s->opener, current_real_cred(), task, task->mm);
}

static bool passes_filter(const struct profbuf_ksession *s, struct task_struct *task)
{
	bool passes = false;

	switch (s->config.filter) {
	case PROFBUF_FILTER_NONE:
		passes = true;
		break;
	case PROFBUF_FILTER_PROCESS:
		passes = profbuf_task_descends(task, s->filter_pid);
		break;
	case PROFBUF_FILTER_THREAD:
		passes = task_pid(task) == s->filter_pid;
		break;
	case PROFBUF_FILTER_CGROUP:
		rcu_read_lock();
		passes = task_under_cgroup_hierarchy(task, s->filter_cgroup);
		rcu_read_unlock();
		break;
	}
	return passes;
}

/* What the CPU does; 0 if the session does not sample that, and @skip is why. */
static enum profbuf_mode mode_of(const struct profbuf_ksession *s, struct task_struct *task, struct pt_regs *regs,
				 enum profbuf_skip *skip)
{
	if (user_mode(regs)) {
		*skip = PROFBUF_SKIP_USER;
		return s->config.flags & PROFBUF_CONFIG_USER ? PROFBUF_MODE_USER : 0;
	}
	/* A softirq that interrupted the idle task is work. */
	if (is_idle_task(task) && !in_serving_softirq()) {
		*skip = PROFBUF_SKIP_IDLE;
		return s->config.flags & PROFBUF_CONFIG_IDLE ? PROFBUF_MODE_IDLE : 0;
	}
	*skip = PROFBUF_SKIP_KERNEL;
	return s->config.flags & PROFBUF_CONFIG_KERNEL ? PROFBUF_MODE_KERNEL : 0;
}

/* The current task's user registers, at its entry into the kernel or at the interrupt; NULL if it has none. */
static struct pt_regs *user_regs(struct task_struct *task, struct pt_regs *regs, enum profbuf_stop *stop)
{
	*stop = PROFBUF_STOP_NONE;
	if (user_mode(regs))
		return regs;
	if (!task->mm || profbuf_compat_kernel_thread(task))
		return NULL;
	if (task->in_execve) {
		*stop = PROFBUF_STOP_EXEC;
		return NULL;
	}
	regs = task_pt_regs(task);
	return user_mode(regs) ? regs : NULL;
}

static void sample(struct profbuf_cpu *c, struct pt_regs *regs, u64 now)
{
	const struct profbuf_ksession *s = c->session;
	struct task_struct *task = current;
	enum profbuf_stop kernel_stop = PROFBUF_STOP_NONE, user_stop;
	union header h = { .type = PROFBUF_RECORD_SAMPLE, .cpu = c->cpu };
	enum profbuf_tag_cause no_tag = PROFBUF_TAG_KNOWN;
	enum profbuf_skip skip;
	struct pt_regs *user;
	unsigned int wrote;
	bool irq_work;
	u64 tag;

	if (!regs) {
		profbuf_counters_skip(&c->counters, PROFBUF_SKIP_NO_REGS);
		return;
	}
	h.mode = mode_of(s, task, regs, &skip);
	if (!h.mode) {
		profbuf_counters_skip(&c->counters, skip);
		return;
	}
	if (!(s->opener.rights & PROFBUF_RIGHT_TASKS) && !is_own(s, task)) {
		profbuf_counters_skip(&c->counters, PROFBUF_SKIP_RIGHTS);
		return;
	}
	if (!passes_filter(s, task)) {
		profbuf_counters_skip(&c->counters, PROFBUF_SKIP_FILTER);
		return;
	}

	if (likely(s->opener.pid_ns == &init_pid_ns)) {
		h.pid = task->tgid;
		h.tid = task->pid;
	} else {
		h.pid = task_tgid_nr_ns(task, s->opener.pid_ns);
		h.tid = task_pid_nr_ns(task, s->opener.pid_ns);
	}
	/* A kernel address leaves the kernel only with the right to it, whatever the configuration says. */
	if (h.mode != PROFBUF_MODE_USER && (s->opener.rights & PROFBUF_RIGHT_KERNEL))
		h.nr_kernel = profbuf_unwind_kernel(regs, c->frames, s->config.kernel_depth, &kernel_stop);
	user = user_regs(task, regs, &user_stop);
	if (user) {
		if (!user_64bit_mode(user))
			h.mode |= PROFBUF_MODE_32BIT;
		h.nr_user = profbuf_unwind_user(user, c->frames + h.nr_kernel, s->config.user_depth, &user_stop);
	}
	h.stop = kernel_stop | user_stop << 4;
	tag = s->config.flags & PROFBUF_CONFIG_TAGS ? profbuf_tags_read(c->tags, regs, &no_tag) : 0;

	wrote = profbuf_write(&c->ring, tag, now, h.words, PROFBUF_HEADER_WORDS, c->frames, h.nr_kernel + h.nr_user);
	if (wrote & PROFBUF_WROTE)
		local64_inc(&c->counters.delivered);
	else
		local64_inc(&c->counters.lost);
	if (unlikely(no_tag) && !tag && wrote & PROFBUF_WROTE)
		profbuf_tags_count_unread(c->tags->all, no_tag);

	irq_work = wrote & PROFBUF_WAKE;
	if (s->config.flags & PROFBUF_CONFIG_SIDEBAND && h.pid)
		irq_work |= profbuf_requests_see(&c->requests, now, h.pid, h.tid);
	if (tag && unlikely(c->tags->fresh))
		irq_work |= profbuf_tags_ask(c->tags, now, h.pid, tag);
	if (irq_work)
		irq_work_queue(&c->wake);
}

/* Charges the time since @begin to the budget. This may change the stride. */
static void charge(struct profbuf_cpu *c, u64 begin)
{
	struct profbuf_ksession *s = c->session;
	u64 end = ktime_get_mono_fast_ns();

	switch (profbuf_budget_charge(&c->budget, s->config.period, READ_ONCE(s->quota.parts), begin, end)) {
	case PROFBUF_BUDGET_KEPT:
		break;
	case PROFBUF_BUDGET_UNSEEN:
		profbuf_notes_count(&s->notes, PROFBUF_SIDEBAND_BUSY);
		break;
	case PROFBUF_BUDGET_CHANGED:
		irq_work_queue(&c->wake);
		break;
	}
}

/* Counts periods without a tick: those that the budget left out, and those in which the source could not fire. */
static void count_periods(struct profbuf_cpu *c, u64 periods)
{
	u64 left_out = min(periods, c->left_out);

	local64_add(left_out, &c->counters.skipped[PROFBUF_SKIP_BUDGET]);
	local64_add(periods - left_out, &c->counters.missed);
}

/* Handles one tick, and the @before periods without a tick before it. Returns false if this was the last tick. */
static bool tick(struct profbuf_cpu *c, struct pt_regs *regs, u64 before)
{
	struct profbuf_cpu_counters *counters = &c->counters;
	u64 max_ticks = c->session->config.max_ticks;
	u64 begin = ktime_get_mono_fast_ns();

	profbuf_counters_enter(counters);
	if (before)
		count_periods(c, before);
	if (c->busy) {
		profbuf_counters_skip(counters, PROFBUF_SKIP_NESTED);
	} else if (c->ended) {
		/* This CPU may have ticks until all CPUs have reached max_ticks, and these ticks cost time, too. */
		profbuf_counters_skip(counters, PROFBUF_SKIP_ENDED);
		charge(c, begin);
	} else {
		c->busy = true;
		barrier();	/* a nested tick on this CPU sees busy during the writer's work */
		sample(c, regs, begin);
		if (max_ticks && profbuf_counters_ticks(counters) >= max_ticks) {
			c->ended = true;
			irq_work_queue(&c->wake);
		}
		charge(c, begin);
		barrier();	/* see above */
		c->busy = false;
	}
	profbuf_counters_leave(counters);
	return !c->ended;
}

/* hrtimer */

static enum hrtimer_restart profbuf_hrtimer_tick(struct hrtimer *timer)
{
	struct profbuf_cpu *c = container_of(timer, struct profbuf_cpu, timer);
	u64 period = c->session->config.period;
	u64 periods = hrtimer_forward_now(timer, ns_to_ktime(period));

	/* periods is at least 1: the timer fires at or after its expiry. */
	if (!tick(c, get_irq_regs(), c->left_out + periods - 1))
		return HRTIMER_NORESTART;
	c->left_out = c->budget.stride - 1;
	hrtimer_add_expires_ns(timer, c->left_out * period);
	return HRTIMER_RESTART;
}

static void hrtimer_stop(struct profbuf_cpu *c)
{
	u64 period = c->session->config.period;
	s64 late;

	hrtimer_cancel(&c->timer);
	if (c->ended)
		return;
	/* Count the periods that were to be left out, and then those that passed while the timer waited to fire. */
	late = ktime_to_ns(ktime_sub(ktime_get(), hrtimer_get_expires(&c->timer))) + c->left_out * period;
	if (late >= 0)
		count_periods(c, div64_u64(late, period) + 1);
}

/* perf */

/*
 * perf does not tell how many periods its clock left out, but the expiry of its timer does: the expiry moves in whole
 * periods, until perf throttles the timer and starts it anew.
 */
static u64 clock_periods(struct profbuf_cpu *c, struct perf_event *event)
{
	u64 expires = ktime_to_ns(hrtimer_get_expires(&event->hw.hrtimer));
	u64 periods = c->expires ? div64_u64(expires - c->expires, c->session->config.period) : 1;

	c->expires = expires;
	return max(periods, 1ULL);
}

/*
 * perf stops a clock that fires too often between two ticks of the scheduler, until the next of these. An idle CPU has
 * no such ticks, and work shorter than a jiffy may begin and end without one, so that it would hardly be sampled.
 * Therefore the clock's interrupts on an idle CPU do not count. If perf has stopped the clock already, the count is
 * U64_MAX, which perf needs to start the clock anew.
 */
static void forgive_idle(struct perf_event *event)
{
	if (is_idle_task(current) && event->hw.interrupts != U64_MAX)
		event->hw.interrupts = 0;
}

static void profbuf_perf_tick(struct perf_event *event, struct perf_sample_data *data, struct pt_regs *regs)
{
	struct profbuf_cpu *c = event->overflow_handler_context;
	u32 stride;

	if (c->session->config.source == PROFBUF_SOURCE_PERF_CPU_CLOCK) {
		tick(c, regs, clock_periods(c, event) - 1);
		stride = c->budget.stride;
		c->left_out = stride - 1;
		forgive_idle(event);
	} else {
		tick(c, regs, c->left_out);
		stride = c->budget.stride;
		/* perf set the counter for the next period before this tick: a new stride begins after that period. */
		c->left_out = c->left_out_next;
		c->left_out_next = stride - 1;
	}
	event->hw.sample_period = c->session->config.period * stride;
}

static struct perf_event *perf_event_of(const struct profbuf_config *config, unsigned int cpu, void *context)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.sample_period = config->period,
		.pinned = 1,
		.disabled = !context,
	};

	if (config->source == PROFBUF_SOURCE_PERF_CYCLES) {
		attr.type = PERF_TYPE_HARDWARE;
		attr.config = PERF_COUNT_HW_CPU_CYCLES;
		/* While a virtual machine has the counters for itself, they can be had for the host only. */
		attr.exclude_guest = 1;
	} else {
		attr.type = PERF_TYPE_SOFTWARE;
		attr.config = PERF_COUNT_SW_CPU_CLOCK;
	}
	return perf_event_create_kernel_counter(&attr, cpu, NULL, profbuf_perf_tick, context);
}

static int perf_start(struct profbuf_cpu *c)
{
	struct perf_event *event;

	c->expires = 0;
	event = perf_event_of(&c->session->config, c->cpu, c);
	if (IS_ERR(event))
		return PTR_ERR(event);
	/* The event is pinned, but this CPU has no counter left: the event would never fire, without any error. */
	if (READ_ONCE(event->state) == PERF_EVENT_STATE_ERROR) {
		perf_event_release_kernel(event);
		return -ENOSPC;
	}
	c->event = event;
	return 0;
}

static void perf_stop(struct profbuf_cpu *c)
{
	perf_event_release_kernel(c->event);
	c->event = NULL;
	/* For cycles, nothing tells how many periods have passed. */
	if (c->expires && !c->ended)
		count_periods(c, div64_u64(ktime_get_ns() - c->expires, c->session->config.period));
}

u32 profbuf_sampler_sources(void)
{
	return BIT(PROFBUF_SOURCE_HRTIMER) | BIT(PROFBUF_SOURCE_PERF_CPU_CLOCK) | BIT(PROFBUF_SOURCE_PERF_CYCLES);
}

int profbuf_sampler_probe(const struct profbuf_config *config)
{
	struct perf_event *event;

	if (config->source != PROFBUF_SOURCE_PERF_CYCLES)
		return 0;
	event = perf_event_of(config, cpumask_first(cpu_online_mask), NULL);
	if (IS_ERR(event))
		return PTR_ERR(event);
	perf_event_release_kernel(event);
	return 0;
}

/* The end of the session after max_ticks */

void profbuf_sampler_check_end(struct profbuf_ksession *s)
{
	bool any = false;
	unsigned int cpu;

	if (!s->config.max_ticks)
		return;
	smp_mb();	/* if two CPUs end at once, the later one sees both ends */
	for_each_cpu(cpu, s->cpumask) {
		const struct profbuf_cpu *c = s->cpus[cpu];

		if (READ_ONCE(c->ended))
			any = true;
		else if (cpu_online(cpu) && !READ_ONCE(c->off))
			return;
	}
	if (any)
		mod_delayed_work(profbuf_compat_percpu_wq(), &s->stop_work, 0);
}

/* CPU hotplug: on the CPU that comes or goes. */

static int profbuf_cpu_up(unsigned int cpu, struct hlist_node *node)
{
	struct profbuf_ksession *s = hlist_entry(node, struct profbuf_ksession, node);
	struct profbuf_cpu *c = s->cpus[cpu];
	int err;

	if (!c || c->ended)
		return 0;
	WRITE_ONCE(c->off, false);
	profbuf_budget_begin(&c->budget, ktime_get_mono_fast_ns());
	c->left_out = 0;
	c->left_out_next = 0;
	if (s->config.source == PROFBUF_SOURCE_HRTIMER) {
		hrtimer_start(&c->timer, ns_to_ktime(s->config.period), HRTIMER_MODE_REL_PINNED_HARD);
		return 0;
	}
	/* After an error the CPU still comes online, without ticks. profbuf_sampler_start() looks at the error. */
	err = perf_start(c);
	WRITE_ONCE(c->err, err);
	if (err) {
		WRITE_ONCE(c->off, true);
		profbuf_sampler_check_end(s);
	}
	return 0;
}

static int profbuf_cpu_down(unsigned int cpu, struct hlist_node *node)
{
	struct profbuf_ksession *s = hlist_entry(node, struct profbuf_ksession, node);
	struct profbuf_cpu *c = s->cpus[cpu];

	if (!c)
		return 0;
	if (s->config.source == PROFBUF_SOURCE_HRTIMER)
		hrtimer_stop(c);
	else if (c->event)
		perf_stop(c);
	/* The CPU goes offline: with PREEMPT_RT, an irq_work that is left would run only when the CPU comes back. */
	if (!cpu_active(cpu))
		irq_work_sync(&c->wake);
	/* The CPU still counts as online, so @off says that it has no ticks. */
	WRITE_ONCE(c->off, true);
	profbuf_sampler_check_end(s);
	return 0;
}

void profbuf_sampler_init_cpu(struct profbuf_cpu *c)
{
	profbuf_compat_hrtimer_setup(&c->timer, profbuf_hrtimer_tick, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
}

static void sync_irq_works(struct profbuf_ksession *s)
{
	unsigned int cpu;

	for_each_cpu(cpu, s->cpumask)
		irq_work_sync(&s->cpus[cpu]->wake);
}

int profbuf_sampler_start(struct profbuf_ksession *s)
{
	int err = cpuhp_state_add_instance(hotplug_state, &s->node);
	unsigned int cpu;

	if (err)
		return err;
	for_each_cpu(cpu, s->cpumask) {
		if (!err)
			err = READ_ONCE(s->cpus[cpu]->err);
	}
	/* The other CPUs have ticks already. */
	if (err)
		profbuf_sampler_stop(s);
	return err;
}

void profbuf_sampler_stop(struct profbuf_ksession *s)
{
	cpuhp_state_remove_instance(hotplug_state, &s->node);
	sync_irq_works(s);
}

int profbuf_sampler_module_init(void)
{
	int state = cpuhp_setup_state_multi(CPUHP_AP_ONLINE_DYN, "profbuf:online", profbuf_cpu_up, profbuf_cpu_down);

	if (state < 0)
		return state;
	hotplug_state = state;
	return 0;
}

void profbuf_sampler_module_exit(void)
{
	cpuhp_remove_multi_state(hotplug_state);
}
