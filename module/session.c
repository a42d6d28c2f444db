// SPDX-License-Identifier: GPL-2.0-only
/*
 * session.c - one open file
 */
#include <linux/cgroup.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/utsname.h>
#include <linux/vmalloc.h>

#include "config.h"
#include "gfp.h"
#include "kernel_modules.h"
#include "lock_name.h"
#include "sampler.h"
#include "session.h"
#include "sessions.h"

static void set_state(struct profbuf_ksession *s, enum profbuf_state state)
{
	lockdep_assert_held(&s->lock);
	smp_store_release(&s->state, state);	/* pairs with profbuf_ksession_state() */
}

/* Configuration */

/* Finds what the filter names. The caller gets a reference on it. */
static int find_filter(const struct profbuf_config *config, struct pid_namespace *ns, struct pid **pid,
		       struct cgroup **cgroup)
{
	struct pid *found;

	*pid = NULL;
	*cgroup = NULL;
	switch (config->filter) {
	case PROFBUF_FILTER_PROCESS:
	case PROFBUF_FILTER_THREAD:
		rcu_read_lock();
		found = find_pid_ns(config->filter_id, ns);
		if (pid_task(found, config->filter == PROFBUF_FILTER_PROCESS ? PIDTYPE_TGID : PIDTYPE_PID))
			*pid = get_pid(found);
		rcu_read_unlock();
		if (!*pid)
			return -ESRCH;
		break;
	case PROFBUF_FILTER_CGROUP:
		*cgroup = cgroup_get_from_fd(config->filter_id);
		if (IS_ERR(*cgroup)) {
			*cgroup = NULL;
			return -EBADF;
		}
		break;
	}
	return 0;
}

static void put_filter(struct pid *pid, struct cgroup *cgroup)
{
	put_pid(pid);
	if (cgroup)
		cgroup_put(cgroup);
}

int profbuf_ksession_configure(struct profbuf_ksession *s, const struct profbuf_config *from)
{
	struct profbuf_config config = *from;
	struct cgroup *cgroup;
	cpumask_var_t mask;
	struct pid *pid;
	int err;

	if (!alloc_cpumask_var(&mask, GFP_KERNEL))
		return -ENOMEM;
	mutex_lock(&s->lock);
	err = -EBUSY;
	if (s->state != PROFBUF_STATE_NEW)
		goto out_unlock;
	err = profbuf_config_check(&s->opener, &config, mask);
	if (!err)
		err = profbuf_sampler_probe(&config);
	if (!err)
		err = find_filter(&config, s->opener.pid_ns, &pid, &cgroup);
	if (err)
		goto out_unlock;

	s->config = config;
	cpumask_copy(s->cpumask, mask);
	swap(s->filter_pid, pid);
	swap(s->filter_cgroup, cgroup);
	put_filter(pid, cgroup);
out_unlock:
	mutex_unlock(&s->lock);
	free_cpumask_var(mask);
	return err;
}

/* Start and stop */

/* Frees what the session needs to run. */
static void free_run(struct profbuf_ksession *s)
{
	unsigned int cpu;

	if (!s->cpus)
		return;
	for (cpu = 0; cpu < nr_cpu_ids; cpu++) {
		if (s->cpus[cpu]) {
			vfree(s->cpus[cpu]->memory);
			vfree(s->cpus[cpu]->tags);
		}
		vfree(s->cpus[cpu]);
	}
	kfree(s->cpus);
	s->cpus = NULL;
	profbuf_tags_free(&s->tags);
	profbuf_requests_free(&s->requests);
	profbuf_lives_free(&s->lives);
	profbuf_describe_free(&s->describe);
}

static int alloc_cpu(struct profbuf_ksession *s, unsigned int cpu)
{
	u32 words = s->config.ring_bytes / sizeof(u64);
	struct profbuf_cpu *c;

	c = __vmalloc(sizeof(*c), PROFBUF_GFP_LARGE);
	if (!c)
		return -ENOMEM;
	s->cpus[cpu] = c;
	c->session = s;
	c->cpu = cpu;
	c->memory = __vmalloc(profbuf_memory(PROFBUF_HEADER_WORDS, words, s->config.tag_slots),
			      PROFBUF_GFP_LARGE);
	if (!c->memory)
		return -ENOMEM;
	if (s->config.flags & PROFBUF_CONFIG_TAGS) {
		c->tags = profbuf_tags_alloc_cpu(&s->tags);
		if (!c->tags)
			return -ENOMEM;
	}
	profbuf_requests_init_cpu(&c->requests, &s->requests);
	profbuf_budget_init(&c->budget);
	profbuf_init(&c->ring, PROFBUF_HEADER_WORDS, words, s->config.tag_slots, c->memory);
	profbuf_set_watermark(&c->ring, s->config.watermark / sizeof(u64));
	profbuf_ksession_init_wake(c);
	profbuf_sampler_init_cpu(c);
	return 0;
}

static int alloc_run(struct profbuf_ksession *s)
{
	unsigned int cpu;
	int err;

	s->cpus = kcalloc(nr_cpu_ids, sizeof(*s->cpus), GFP_KERNEL_ACCOUNT);
	if (!s->cpus)
		return -ENOMEM;
	err = profbuf_requests_alloc(&s->requests);
	if (!err)
		err = profbuf_lives_alloc(&s->lives);
	if (!err)
		err = profbuf_describe_alloc(&s->describe);
	if (!err && s->config.flags & PROFBUF_CONFIG_TAGS)
		err = profbuf_tags_alloc(&s->tags, s->config.flags & PROFBUF_CONFIG_SIDEBAND);
	for_each_cpu(cpu, s->cpumask) {
		if (!err)
			err = alloc_cpu(s, cpu);
	}
	if (err)
		free_run(s);
	return err;
}

/* Makes the record that describes the stream, and is the first in the queue. */
static struct profbuf_note *stream_info(const struct profbuf_ksession *s)
{
	struct profbuf_note *note = profbuf_note_alloc(sizeof(struct profbuf_stream_info));
	struct profbuf_stream_info *info;

	if (!note)
		return NULL;
	info = (struct profbuf_stream_info *)note->words;
	info->time = ktime_get_ns();
	info->type = PROFBUF_RECORD_INFO;
	info->cpu = PROFBUF_CPU_NONE;
	info->magic = PROFBUF_MAGIC;
	info->abi_version = PROFBUF_ABI_VERSION;
	info->clock = CLOCK_MONOTONIC;
	info->realtime_offset = ktime_get_real_ns() - info->time;
	info->period = s->config.period;
	info->source = s->config.source;
	info->flags = s->config.flags;
	info->nr_cpus = nr_cpu_ids;
	info->nr_skips = PROFBUF_NR_SKIPS;
	info->kernel_depth = s->config.kernel_depth;
	info->user_depth = s->config.user_depth;
	if (s->opener.rights & PROFBUF_RIGHT_KERNEL)
		info->kernel_anchor = (u64)&schedule;
	strscpy(info->release, init_utsname()->release, sizeof(info->release));
	strscpy(info->machine, init_utsname()->machine, sizeof(info->machine));
	return note;
}

static unsigned long delay_jiffies(u64 ns)
{
	/* One more jiffy, so that the delay is at least @ns. */
	return min_t(u64, nsecs_to_jiffies64(ns) + 1, MAX_JIFFY_OFFSET);
}

/* Turns the ticks on, and schedules the end of the session after duration_ns. */
static int start_ticks(struct profbuf_ksession *s)
{
	int err;

	lockdep_assert_held(&s->lock);
	profbuf_sessions_tick(s, true);
	err = profbuf_sampler_start(s);
	if (err) {
		/* CPUs that have reached max_ticks may have queued this work, and it would stop the next start. */
		cancel_delayed_work(&s->stop_work);
		profbuf_sessions_tick(s, false);
		return err;
	}
	s->ticking = true;
	if (s->config.duration_ns)
		schedule_delayed_work(&s->stop_work, delay_jiffies(s->config.duration_ns));
	return 0;
}

/* A turn of the worker. */
static void profbuf_describe(struct work_struct *work)
{
	struct profbuf_ksession *s = container_of(work, struct profbuf_ksession, worker.work);
	struct profbuf_turn turn;
	unsigned int cpu;

	profbuf_turn_begin(&turn);
	for_each_cpu(cpu, s->cpumask) {
		profbuf_describe_requests(&s->describe, &s->cpus[cpu]->requests, &turn);
		if (s->cpus[cpu]->tags)
			profbuf_tags_define(s->cpus[cpu]->tags);
	}
	profbuf_lives_describe(&s->lives);
	profbuf_turn_end(&turn);
}

/* Describes the last requests, and closes the queue of notes. Context: no tick or irq_work of one is under way. */
static void stop_describing(struct profbuf_ksession *s)
{
	unsigned int cpu;

	for_each_cpu(cpu, s->cpumask)
		profbuf_requests_forget(&s->cpus[cpu]->requests);
	profbuf_lives_stop(&s->lives);
	profbuf_worker_finish(&s->worker);
	profbuf_notes_close(&s->notes);
}

int profbuf_ksession_start(struct profbuf_ksession *s)
{
	struct profbuf_note *info;
	int err;

	mutex_lock(&s->lock);
	err = -EBUSY;
	if (s->state != PROFBUF_STATE_NEW)
		goto err_unlock;
	/* Taken before the memory is allocated, so that several starts at once do not get more than they may. */
	err = profbuf_sessions_join(s, profbuf_config_memory(&s->config, cpumask_weight(s->cpumask)));
	if (err)
		goto err_unlock;
	err = alloc_run(s);
	if (err)
		goto err_part;
	err = -ENOMEM;
	info = stream_info(s);
	if (!info)
		goto err_free;

	profbuf_sessions_show(s);
	/* Nothing is queued yet, so there is room. */
	profbuf_notes_add(&s->notes, info);
	if (s->config.flags & PROFBUF_CONFIG_SIDEBAND && s->config.flags & PROFBUF_CONFIG_KERNEL &&
	    s->opener.rights & PROFBUF_RIGHT_KERNEL)
		profbuf_kernel_modules_describe(&s->notes);
	profbuf_lives_start(&s->lives);
	if (!s->config.delay_ns) {
		err = start_ticks(s);
		if (err)
			goto err_hide;
	} else {
		schedule_delayed_work(&s->start_work, delay_jiffies(s->config.delay_ns));
	}
	schedule_delayed_work(&s->flush_work, delay_jiffies(profbuf_sessions_flush_ns(s->config.flush_ns)));
	set_state(s, PROFBUF_STATE_RUNNING);
	mutex_unlock(&s->lock);
	return 0;

err_hide:
	profbuf_sessions_hide(s);
	synchronize_rcu();
	/* If a source failed on one CPU, ticks of another CPU may have left requests. */
	stop_describing(s);
	profbuf_notes_clear(&s->notes);
err_free:
	free_run(s);
err_part:
	profbuf_sessions_part(s);
	synchronize_rcu();	/* the session may be started again, and joins at the end of the list */
err_unlock:
	mutex_unlock(&s->lock);
	return err;
}

static void stop_locked(struct profbuf_ksession *s)
{
	unsigned int cpu;

	lockdep_assert_held(&s->lock);
	if (s->state != PROFBUF_STATE_RUNNING)
		return;
	if (s->ticking) {
		profbuf_sampler_stop(s);
		profbuf_sessions_tick(s, false);
	}
	s->ticking = false;
	stop_describing(s);
	/* The state changes first: a reader that finds a ring closed also finds the session stopped, and returns. */
	set_state(s, PROFBUF_STATE_STOPPED);
	for_each_cpu(cpu, s->cpumask)
		profbuf_close(&s->cpus[cpu]->ring);
	wake_up_interruptible_poll(&s->wait, EPOLLIN | EPOLLRDNORM | EPOLLHUP);
}

int profbuf_ksession_stop(struct profbuf_ksession *s)
{
	int err = 0;

	mutex_lock(&s->lock);
	if (s->state == PROFBUF_STATE_NEW)
		err = -EINVAL;
	else
		stop_locked(s);
	mutex_unlock(&s->lock);
	return err;
}

static void profbuf_do_start(struct work_struct *work)
{
	struct profbuf_ksession *s = container_of(to_delayed_work(work), struct profbuf_ksession, start_work);

	mutex_lock(&s->lock);
	/* A start that fails this late can only end the session. */
	if (s->state == PROFBUF_STATE_RUNNING && start_ticks(s))
		stop_locked(s);
	mutex_unlock(&s->lock);
}

static void profbuf_do_stop(struct work_struct *work)
{
	struct profbuf_ksession *s = container_of(to_delayed_work(work), struct profbuf_ksession, stop_work);

	mutex_lock(&s->lock);
	stop_locked(s);
	mutex_unlock(&s->lock);
}

static void profbuf_do_flush(struct work_struct *work)
{
	struct profbuf_ksession *s = container_of(to_delayed_work(work), struct profbuf_ksession, flush_work);

	profbuf_ksession_flush(s);
	if (profbuf_ksession_state(s) == PROFBUF_STATE_RUNNING)
		schedule_delayed_work(&s->flush_work, delay_jiffies(profbuf_sessions_flush_ns(s->config.flush_ns)));
}

/* Counters */

int profbuf_ksession_counters(struct profbuf_ksession *s, unsigned int cpu, struct profbuf_counters *to)
{
	struct profbuf_counters one;

	memset(to, 0, sizeof(*to));
	if (cpu != PROFBUF_CPU_NONE) {
		if (cpu >= nr_cpu_ids || !cpu_possible(cpu))
			return -EINVAL;
		if (s->cpus[cpu])
			profbuf_counters_read(&s->cpus[cpu]->counters, to);
		return 0;
	}
	for_each_cpu(cpu, s->cpumask) {
		profbuf_counters_read(&s->cpus[cpu]->counters, &one);
		profbuf_counters_add(to, &one);
	}
	return 0;
}

/* Init and exit */

struct profbuf_ksession *profbuf_ksession_create(void)
{
	struct profbuf_ksession *s;

	s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	if (!s)
		return ERR_PTR(-ENOMEM);
	if (!alloc_cpumask_var(&s->cpumask, GFP_KERNEL_ACCOUNT)) {
		kfree(s);
		return ERR_PTR(-ENOMEM);
	}
	profbuf_opener_init(&s->opener);
	mutex_init(&s->lock);
	profbuf_lock_name(&s->lock, "profbuf_session_lock");
	mutex_init(&s->read_lock);
	profbuf_lock_name(&s->read_lock, "profbuf_session_read_lock");
	init_waitqueue_head(&s->wait);
	profbuf_lock_name(&s->wait.lock, "profbuf_session_wait_lock");
	profbuf_quota_init(&s->quota, &s->opener);
	profbuf_notes_init(&s->notes);
	profbuf_worker_init(&s->worker, profbuf_describe);
	profbuf_lives_init(&s->lives, &s->opener, &s->notes, &s->worker);
	profbuf_requests_init(&s->requests, &s->opener, &s->notes, &s->lives);
	profbuf_describe_init(&s->describe, &s->notes);
	profbuf_tags_init(&s->tags, &s->opener, &s->notes);
	INIT_DELAYED_WORK(&s->start_work, profbuf_do_start);
	INIT_DELAYED_WORK(&s->stop_work, profbuf_do_stop);
	INIT_DELAYED_WORK(&s->flush_work, profbuf_do_flush);
	profbuf_config_default(&s->opener, &s->config);
	cpumask_copy(s->cpumask, cpu_possible_mask);
	return s;
}

void profbuf_ksession_destroy(struct profbuf_ksession *s)
{
	profbuf_ksession_stop(s);
	cancel_delayed_work_sync(&s->start_work);
	cancel_delayed_work_sync(&s->stop_work);
	cancel_delayed_work_sync(&s->flush_work);
	if (profbuf_ksession_state(s) != PROFBUF_STATE_NEW) {
		profbuf_sessions_hide(s);
		synchronize_rcu();
	}
	profbuf_outside_tags_drop(&s->outside_tags);
	profbuf_notes_exit(&s->notes);
	profbuf_tags_exit(&s->tags);
	free_run(s);
	if (profbuf_ksession_state(s) != PROFBUF_STATE_NEW)
		profbuf_sessions_part(s);
	put_filter(s->filter_pid, s->filter_cgroup);
	profbuf_opener_exit(&s->opener);
	free_cpumask_var(s->cpumask);
	kfree_rcu(s, rcu);
}
