// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracepoints.c - processes that are created, change their program, and end
 *
 * The tracepoints are not exported by name, but the kernel lets a module search for them. Before 7.0 they call the
 * probes with preemption disabled, on PREEMPT_RT too, so a probe must not allocate or take a sleeping lock. From 7.0 on
 * they do not disable preemption, so a probe must not rely on that either.
 */
#include <linux/binfmts.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "outside_tags.h"
#include "session.h"
#include "sessions.h"
#include "tracepoints.h"

static void profbuf_probe_fork(void *data, struct task_struct *parent, struct task_struct *child)
{
	profbuf_outside_tags_inherit(parent, child);
}

static void tell(u16 type, struct task_struct *task)
{
	struct profbuf_ksession *s;

	rcu_read_lock();
	list_for_each_entry_rcu(s, &profbuf_sessions, quota.list) {
		if (profbuf_ksession_is_shown(s) && s->config.flags & PROFBUF_CONFIG_SIDEBAND)
			profbuf_lives_tell(&s->lives, type, task);
	}
	rcu_read_unlock();
}

static void profbuf_probe_exec(void *data, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	tell(PROFBUF_RECORD_EXEC, task);
}

static void profbuf_probe_exit(void *data, struct task_struct *task)
{
	profbuf_outside_tags_remove(task);
	if (!atomic_read(&task->signal->live))
		tell(PROFBUF_RECORD_EXIT, task);
}

static struct {
	const char *name;
	void *probe;
	struct tracepoint *tracepoint;
} points[] = {
	{ "sched_process_fork", profbuf_probe_fork },
	{ "sched_process_exec", profbuf_probe_exec },
	{ "sched_process_exit", profbuf_probe_exit },
};

static void find_point(struct tracepoint *tracepoint, void *data)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		if (!strcmp(tracepoint->name, points[i].name))
			points[i].tracepoint = tracepoint;
	}
}

/* Unregisters the first @n probes. */
static void unregister(unsigned int n)
{
	while (n--)
		tracepoint_probe_unregister(points[n].tracepoint, points[n].probe, NULL);
	tracepoint_synchronize_unregister();
}

int profbuf_tracepoints_init(void)
{
	unsigned int i;
	int err;

	for_each_kernel_tracepoint(find_point, NULL);
	for (i = 0; i < ARRAY_SIZE(points); i++) {
		err = points[i].tracepoint ? tracepoint_probe_register(points[i].tracepoint, points[i].probe, NULL) :
					     -ENOENT;
		if (err) {
			unregister(i);
			return err;
		}
	}
	return 0;
}

void profbuf_tracepoints_exit(void)
{
	unregister(ARRAY_SIZE(points));
}
