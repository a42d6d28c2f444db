// SPDX-License-Identifier: GPL-2.0-only
/*
 * sessions.c - the register of sessions, what they have together, and the counters of all of them
 */
#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "session.h"
#include "sessions.h"

static DEFINE_MUTEX(profbuf_sessions_lock);
LIST_HEAD(profbuf_sessions);		/* written under profbuf_sessions_lock, like the next two */
static unsigned int nr_sessions;
static struct profbuf_counters *past;	/* [nr_cpu_ids]: the sums of past sessions */

int profbuf_sessions_join(struct profbuf_ksession *s, size_t memory)
{
	int err;

	mutex_lock(&profbuf_sessions_lock);
	err = profbuf_quota_check(&profbuf_sessions, &s->quota, memory);
	if (!err) {
		s->quota.memory = memory;
		list_add_tail_rcu(&s->quota.list, &profbuf_sessions);
		WRITE_ONCE(nr_sessions, nr_sessions + 1);
	}
	mutex_unlock(&profbuf_sessions_lock);
	return err;
}

void profbuf_sessions_part(struct profbuf_ksession *s)
{
	mutex_lock(&profbuf_sessions_lock);
	list_del_rcu(&s->quota.list);
	WRITE_ONCE(nr_sessions, nr_sessions - 1);
	s->quota.memory = 0;
	mutex_unlock(&profbuf_sessions_lock);
}

void profbuf_sessions_show(struct profbuf_ksession *s)
{
	mutex_lock(&profbuf_sessions_lock);
	smp_store_release(&s->shown, true);	/* pairs with profbuf_ksession_is_shown() */
	mutex_unlock(&profbuf_sessions_lock);
}

void profbuf_sessions_hide(struct profbuf_ksession *s)
{
	struct profbuf_counters one;
	unsigned int cpu;

	mutex_lock(&profbuf_sessions_lock);
	for_each_cpu(cpu, s->cpumask) {
		profbuf_counters_read(&s->cpus[cpu]->counters, &one);
		profbuf_counters_add(&past[cpu], &one);
	}
	WRITE_ONCE(s->shown, false);
	mutex_unlock(&profbuf_sessions_lock);
}

void profbuf_sessions_tick(struct profbuf_ksession *s, bool on)
{
	mutex_lock(&profbuf_sessions_lock);
	s->quota.ticking = on;
	profbuf_quota_share_out(&profbuf_sessions);
	mutex_unlock(&profbuf_sessions_lock);
}

u64 profbuf_sessions_flush_ns(u64 flush_ns)
{
	return profbuf_quota_flush_ns(flush_ns, READ_ONCE(nr_sessions));
}

/* Adds the counters of all sessions that are or were shown. */
static void add_all(unsigned int cpu, struct profbuf_counters *to)
{
	struct profbuf_counters one;
	struct profbuf_ksession *s;

	lockdep_assert_held(&profbuf_sessions_lock);
	profbuf_counters_add(to, &past[cpu]);
	list_for_each_entry(s, &profbuf_sessions, quota.list) {
		if (!s->shown || !s->cpus[cpu])
			continue;
		profbuf_counters_read(&s->cpus[cpu]->counters, &one);
		profbuf_counters_add(to, &one);
	}
}

void profbuf_sessions_counters(unsigned int cpu, struct profbuf_counters *sum)
{
	memset(sum, 0, sizeof(*sum));
	mutex_lock(&profbuf_sessions_lock);
	if (cpu != PROFBUF_CPU_NONE) {
		add_all(cpu, sum);
	} else {
		for_each_possible_cpu(cpu)
			add_all(cpu, sum);
	}
	mutex_unlock(&profbuf_sessions_lock);
}

unsigned int profbuf_sessions_nr(void)
{
	struct profbuf_ksession *s;
	unsigned int n = 0;

	mutex_lock(&profbuf_sessions_lock);
	list_for_each_entry(s, &profbuf_sessions, quota.list)
		n += s->shown;
	mutex_unlock(&profbuf_sessions_lock);
	return n;
}

int profbuf_sessions_module_init(void)
{
	past = kcalloc(nr_cpu_ids, sizeof(*past), GFP_KERNEL);
	return past ? 0 : -ENOMEM;
}

void profbuf_sessions_module_exit(void)
{
	kfree(past);
}
