// SPDX-License-Identifier: GPL-2.0-only
/*
 * session.c - one open file
 */
#include <linux/capability.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
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
#include "labels.h"
#include "kernel_modules.h"
#include "sampler.h"
#include "session.h"

static void set_state(struct profbuf_session *s, enum profbuf_state state)
{
	lockdep_assert_held(&s->lock);
	smp_store_release(&s->state, state);	/* with profbuf_session_state() */
}

/* Configuration */

/* What the filter names; its references are the session's. */
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

int profbuf_session_configure(struct profbuf_session *s, const struct profbuf_config *from)
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
	err = profbuf_config_check(s, &config, mask);
	if (!err)
		err = profbuf_sampler_probe(&config);
	if (!err)
		err = find_filter(&config, s->pid_ns, &pid, &cgroup);
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

/* What it needs to run. */
static void free_run(struct profbuf_session *s)
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
	profbuf_tags_stop(&s->tags);
	profbuf_sideband_free(&s->sideband);
}

static int alloc_cpu(struct profbuf_session *s, unsigned int cpu)
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
		c->tags = profbuf_tags_alloc_cpu();
		if (!c->tags)
			return -ENOMEM;
		/* Positions wrap on the first lap. */
		c->tags->head = -(PROFBUF_TAG_REQUESTS / 2);
		c->tags->tail = c->tags->head;
	}
	c->requests.head = -(PROFBUF_REQUESTS / 2);	/* likewise */
	c->requests.tail = c->requests.head;
	profbuf_budget_init(&c->budget);
	profbuf_init(&c->ring, PROFBUF_HEADER_WORDS, words, s->config.tag_slots, c->memory);
	profbuf_set_watermark(&c->ring, s->config.watermark / sizeof(u64));
	profbuf_sampler_init_cpu(c);
	return 0;
}

static int alloc_run(struct profbuf_session *s)
{
	unsigned int cpu;
	int err;

	s->cpus = kcalloc(nr_cpu_ids, sizeof(*s->cpus), GFP_KERNEL_ACCOUNT);
	if (!s->cpus)
		return -ENOMEM;
	err = profbuf_sideband_alloc(&s->sideband);
	if (!err && s->config.flags & PROFBUF_CONFIG_TAGS)
		err = profbuf_tags_start(&s->tags);
	for_each_cpu(cpu, s->cpumask) {
		if (!err)
			err = alloc_cpu(s, cpu);
	}
	if (err)
		free_run(s);
	return err;
}

/* The record that describes the stream: the first in the queue. */
static struct profbuf_note *stream_info(const struct profbuf_session *s)
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
	if (s->rights & PROFBUF_RIGHT_KERNEL)
		info->kernel_anchor = (u64)&schedule;
	strscpy(info->release, init_utsname()->release, sizeof(info->release));
	strscpy(info->machine, init_utsname()->machine, sizeof(info->machine));
	return note;
}

static unsigned long delay_jiffies(u64 ns)
{
	/* One more: a delay is at least as long as it says. */
	return min_t(u64, nsecs_to_jiffies64(ns) + 1, MAX_JIFFY_OFFSET);
}

/* Turns the ticks on, and the end of the session with them. */
static int start_ticks(struct profbuf_session *s)
{
	int err;

	lockdep_assert_held(&s->lock);
	profbuf_quota_tick(s, true);
	err = profbuf_sampler_start(s);
	if (err) {
		/* CPUs that had as many ticks as they may would end the next start. */
		cancel_delayed_work(&s->stop_work);
		profbuf_quota_tick(s, false);
		return err;
	}
	s->ticking = true;
	if (s->config.duration_ns)
		schedule_delayed_work(&s->stop_work, delay_jiffies(s->config.duration_ns));
	return 0;
}

int profbuf_session_start(struct profbuf_session *s)
{
	struct profbuf_note *info;
	int err;

	mutex_lock(&s->lock);
	err = -EBUSY;
	if (s->state != PROFBUF_STATE_NEW)
		goto err_unlock;
	/* Before there is any memory: starts at once together do not take more than they may either. */
	err = profbuf_quota_take(s, profbuf_config_memory(&s->config, cpumask_weight(s->cpumask)));
	if (err)
		goto err_unlock;
	err = alloc_run(s);
	if (err)
		goto err_give;
	err = -ENOMEM;
	info = stream_info(s);
	if (!info)
		goto err_free;

	profbuf_counters_join(s);
	/* Nothing is queued yet, so there is room. */
	profbuf_sideband_put(&s->sideband, info);
	if (s->config.flags & PROFBUF_CONFIG_SIDEBAND && s->config.flags & PROFBUF_CONFIG_KERNEL &&
	    s->rights & PROFBUF_RIGHT_KERNEL)
		profbuf_modules_describe(&s->sideband);
	profbuf_sideband_start(&s->sideband);
	if (!s->config.delay_ns) {
		err = start_ticks(s);
		if (err)
			goto err_part;
	} else {
		schedule_delayed_work(&s->start_work, delay_jiffies(s->config.delay_ns));
	}
	schedule_delayed_work(&s->flush_work, delay_jiffies(profbuf_quota_flush_ns(s)));
	set_state(s, PROFBUF_STATE_RUNNING);
	mutex_unlock(&s->lock);
	return 0;

err_part:
	profbuf_counters_part(s);
	synchronize_rcu();
	/* A source that failed on the second CPU may have left requests of the first. */
	profbuf_sideband_stop(s);
	profbuf_sideband_clear(&s->sideband);
err_free:
	free_run(s);
err_give:
	profbuf_quota_give(s);
err_unlock:
	mutex_unlock(&s->lock);
	return err;
}

static void stop_locked(struct profbuf_session *s)
{
	unsigned int cpu;

	lockdep_assert_held(&s->lock);
	if (s->state != PROFBUF_STATE_RUNNING)
		return;
	if (s->ticking) {
		profbuf_sampler_stop(s);
		profbuf_quota_tick(s, false);
	}
	s->ticking = false;
	profbuf_sideband_stop(s);
	/* The state first: a reader that finds a ring closed finds the session stopped, and does not look again. */
	set_state(s, PROFBUF_STATE_STOPPED);
	for_each_cpu(cpu, s->cpumask)
		profbuf_close(&s->cpus[cpu]->ring);
	wake_up_interruptible_poll(&s->wait, EPOLLIN | EPOLLRDNORM | EPOLLHUP);
}

int profbuf_session_stop(struct profbuf_session *s)
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

static void do_start(struct work_struct *work)
{
	struct profbuf_session *s = container_of(to_delayed_work(work), struct profbuf_session, start_work);

	mutex_lock(&s->lock);
	/* A start that fails this late can only end the session. */
	if (s->state == PROFBUF_STATE_RUNNING && start_ticks(s))
		stop_locked(s);
	mutex_unlock(&s->lock);
}

static void do_stop(struct work_struct *work)
{
	struct profbuf_session *s = container_of(to_delayed_work(work), struct profbuf_session, stop_work);

	mutex_lock(&s->lock);
	stop_locked(s);
	mutex_unlock(&s->lock);
}

void profbuf_session_cpu_ended(struct profbuf_session *s)
{
	bool any = false;
	unsigned int cpu;

	if (!s->config.max_ticks)
		return;
	smp_mb();	/* of two CPUs that end at once, the later one sees both */
	for_each_cpu(cpu, s->cpumask) {
		const struct profbuf_cpu *c = s->cpus[cpu];

		if (READ_ONCE(c->ended))
			any = true;
		else if (cpu_online(cpu) && !READ_ONCE(c->off))
			return;
	}
	if (any)
		mod_delayed_work(system_wq, &s->stop_work, 0);
}

static void do_flush(struct work_struct *work)
{
	struct profbuf_session *s = container_of(to_delayed_work(work), struct profbuf_session, flush_work);

	profbuf_session_flush(s);
	if (profbuf_session_state(s) == PROFBUF_STATE_RUNNING)
		schedule_delayed_work(&s->flush_work, delay_jiffies(profbuf_quota_flush_ns(s)));
}

/* Life */

struct profbuf_session *profbuf_session_create(u32 rights)
{
	struct profbuf_session *s;

	s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	if (!s)
		return ERR_PTR(-ENOMEM);
	if (!alloc_cpumask_var(&s->cpumask, GFP_KERNEL_ACCOUNT)) {
		kfree(s);
		return ERR_PTR(-ENOMEM);
	}
	s->rights = rights;
	s->may_ptrace = ns_capable_noaudit(&init_user_ns, CAP_SYS_PTRACE);
	s->cred = get_current_cred();
	s->pid_ns = get_pid_ns(task_active_pid_ns(current));
	s->opener = get_pid(task_tgid(current));
	mutex_init(&s->lock);
	mutex_init(&s->read_lock);
	init_waitqueue_head(&s->wait);
	profbuf_sideband_init(&s->sideband);
	profbuf_tags_init(&s->tags);
	INIT_DELAYED_WORK(&s->start_work, do_start);
	INIT_DELAYED_WORK(&s->stop_work, do_stop);
	INIT_DELAYED_WORK(&s->flush_work, do_flush);
	profbuf_config_default(s, &s->config);
	cpumask_copy(s->cpumask, cpu_possible_mask);
	return s;
}

void profbuf_session_destroy(struct profbuf_session *s)
{
	profbuf_session_stop(s);
	cancel_delayed_work_sync(&s->start_work);
	cancel_delayed_work_sync(&s->stop_work);
	cancel_delayed_work_sync(&s->flush_work);
	if (profbuf_session_state(s) != PROFBUF_STATE_NEW) {
		profbuf_counters_part(s);
		synchronize_rcu();
	}
	profbuf_labels_drop(s);
	profbuf_sideband_exit(&s->sideband);
	profbuf_tags_exit(&s->tags);
	free_run(s);
	if (profbuf_session_state(s) != PROFBUF_STATE_NEW)
		profbuf_quota_give(s);
	put_filter(s->filter_pid, s->filter_cgroup);
	put_pid(s->opener);
	put_pid_ns(s->pid_ns);
	put_cred(s->cred);
	free_cpumask_var(s->cpumask);
	kfree(s);
}
