// SPDX-License-Identifier: GPL-2.0-only
/*
 * sessions.c - the register of open sessions that were started, and the counters of all sessions
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

void profbuf_sessions_join(struct profbuf_ksession *s)
{
	mutex_lock(&profbuf_sessions_lock);
	list_add_tail_rcu(&s->list, &profbuf_sessions);
	nr_sessions++;
	mutex_unlock(&profbuf_sessions_lock);
}

void profbuf_sessions_part(struct profbuf_ksession *s)
{
	struct profbuf_counters one;
	unsigned int cpu;

	mutex_lock(&profbuf_sessions_lock);
	for_each_cpu(cpu, s->cpumask) {
		profbuf_counters_get(&s->cpus[cpu]->counters, &one);
		profbuf_counters_add(&past[cpu], &one);
	}
	list_del_rcu(&s->list);
	nr_sessions--;
	mutex_unlock(&profbuf_sessions_lock);
}

/* Adds the counters of all sessions, past and present. */
static void add_all(unsigned int cpu, struct profbuf_counters *to)
{
	struct profbuf_counters one;
	struct profbuf_ksession *s;

	lockdep_assert_held(&profbuf_sessions_lock);
	profbuf_counters_add(to, &past[cpu]);
	list_for_each_entry(s, &profbuf_sessions, list) {
		if (!s->cpus[cpu])
			continue;
		profbuf_counters_get(&s->cpus[cpu]->counters, &one);
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

unsigned int profbuf_sessions_count(void)
{
	unsigned int n;

	mutex_lock(&profbuf_sessions_lock);
	n = nr_sessions;
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
