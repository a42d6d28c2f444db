/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session.h - one open file: its configuration, its rings, its life
 *
 * Life: NEW -> RUNNING -> STOPPED, never back. What a session needs to run is made by the start and unmade by the
 * release; what ticks read is constant while RUNNING.
 *
 * Locks, outer to inner:
 *
 *	session->read_lock	the reader's side of the rings, the queue's head
 *	  session->lock		state, configuration
 *	    cpus_read_lock	taken by cpuhp_state_{add,remove}_instance()
 *	    sessions_lock	the list of running sessions (counters.c)
 *	    quota_lock		what they have together (quota.c)
 *	    queue.lock		the sideband queue
 *
 * The tick takes none of them.
 *
 * Teardown: ticks off on every CPU (profbuf_sampler_stop), then the irq_works they queued, then the requests these
 * made (profbuf_sideband_stop), then the rings are closed and readers woken. Memory goes at the release.
 */
#ifndef PROFBUF_SESSION_H
#define PROFBUF_SESSION_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "budget.h"
#include "profbuf_core.h"
#include "counters.h"
#include "quota.h"
#include "sideband.h"
#include "tags.h"
#include "profbuf_uapi.h"

struct cgroup;
struct cred;
struct perf_event;
struct pid;
struct pid_namespace;

/* Words of a sample's header: what struct profbuf_sample has between time and frames. */
#define PROFBUF_HEADER_WORDS	4

/*
 * For what is as large as the user says, or there for each CPU: that there is no memory is an answer to the user. It is
 * no reason to kill anybody in the cgroup that would be charged, and none for a report in the kernel's log.
 */
#define PROFBUF_GFP_LARGE	(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/**
 * struct profbuf_cpu - one CPU's part of a session
 *
 * The ring's writer is that CPU's tick: one at a time, which @busy guards.
 */
struct profbuf_cpu {
	struct profbuf ring;

	/* The tick's own. */
	struct profbuf_session *session;
	unsigned int cpu;
	bool busy;			/* a tick is at work: a nested one only counts */
	bool ended;			/* max_ticks reached */
	bool off;			/* the CPU has gone offline, or its source did not start: no ticks come */
	int err;			/* why it did not; 0: it did, or has not been asked to */
	struct profbuf_cpu_counters counters;
	struct profbuf_requests requests;
	struct profbuf_budget budget;
	u64 frames[2 * PROFBUF_STACK_MAX];

	/* The source: started and stopped on this CPU only. */
	struct hrtimer timer;
	struct perf_event *event;
	u64 expires;			/* of the perf clock's tick before; 0: none yet */
	u64 left_out;			/* periods before the next tick that have none, for the budget */
	u64 left_out_next;		/* the same of the tick after it */

	struct irq_work wake;		/* out of the tick: wakes readers, passes requests on, ends */
	u64 *memory;			/* the ring's */
	struct profbuf_cpu_tags *tags;	/* NULL: the session has none */
};

/**
 * struct profbuf_session - one open file
 */
struct profbuf_session {
	/* Constant while RUNNING; before, under @lock. */
	struct profbuf_config config;	/* complete: no field says default; cpus is not used */
	cpumask_var_t cpumask;		/* CPUs to sample */
	struct pid *filter_pid;
	struct cgroup *filter_cgroup;
	struct profbuf_cpu **cpus;	/* [nr_cpu_ids], NULL where not sampled */
	size_t memory;			/* bytes of the rings and what is around them; quota.c writes it */

	/* Constant from the open. */
	u32 rights;			/* PROFBUF_RIGHT_*, the opener's */
	bool may_ptrace;		/* the opener had CAP_SYS_PTRACE: thread contexts of every process */
	const struct cred *cred;	/* the opener's */
	struct pid_namespace *pid_ns;	/* the opener's */
	struct pid *opener;		/* its process */

	struct mutex lock;		/* outer to cpus_read_lock; see above */
	int state;			/* enum profbuf_state; written under @lock with release */
	struct hlist_node node;		/* of the CPU hotplug state's instances */
	struct list_head list;		/* of the running sessions */
	struct profbuf_quota quota;	/* from the start */
	bool ticking;			/* the ticks are on; under @lock */
	struct delayed_work start_work;	/* after delay_ns */
	struct delayed_work stop_work;	/* after duration_ns, or max_ticks */
	struct delayed_work flush_work;	/* every flush_ns */

	struct profbuf_sideband sideband;
	struct profbuf_tags tags;
	bool labels_dropped;		/* nothing inherits what it has set; under the lock of labels.c */

	/* Readers. */
	wait_queue_head_t wait;
	atomic_t wakeups;		/* out of ticks: each may have taken back a mark under which a reader sleeps */
	struct mutex read_lock;		/* one reader at a time */
	unsigned int next_cpu;		/* where the next read begins, for fairness */
	unsigned int final_cpu;		/* the next whose final counters go out */
};

/**
 * profbuf_session_create() - a session for the task that opens the device
 * @rights: PROFBUF_RIGHT_*
 *
 * Return: the session, or an ERR_PTR: ENOMEM.
 */
struct profbuf_session *profbuf_session_create(u32 rights);

/**
 * profbuf_session_destroy() - stop and free it
 * @s: the session; no other call on it is under way
 *
 * Context: may sleep.
 */
void profbuf_session_destroy(struct profbuf_session *s);

/**
 * profbuf_session_configure() - replace the configuration
 * @s: the session
 * @config: as user space gave it, not yet validated; missing words are 0
 *
 * Return: 0 or one of the errors in profbuf_uapi.h, with nothing changed.
 */
int profbuf_session_configure(struct profbuf_session *s, const struct profbuf_config *config);

/**
 * profbuf_session_start() - make the rings, put the stream's description in front, turn the ticks on
 * @s: the session
 *
 * Return: 0 or one of the errors in profbuf_uapi.h, with nothing changed.
 */
int profbuf_session_start(struct profbuf_session *s);

/**
 * profbuf_session_stop() - turn the ticks off for good; readers get what is there, then EOF
 * @s: the session
 *
 * Return: 0; -EINVAL: it never started.
 */
int profbuf_session_stop(struct profbuf_session *s);

/**
 * profbuf_session_read() - read whole records; starts a new session
 * @s: the session
 * @to: user memory
 * @count: its bytes
 * @nonblock: -EAGAIN instead of waiting
 *
 * Return: bytes; 0 at the end; -EINVAL: @count is less than the next record; -EFAULT; -EAGAIN; -ERESTARTSYS; -EIO: a
 * ring was written over; or as profbuf_session_start().
 */
ssize_t profbuf_session_read(struct profbuf_session *s, char __user *to, size_t count, bool nonblock);

/**
 * profbuf_session_poll() - EPOLLIN when a read would not wait, EPOLLHUP at the end
 * @s: the session
 * @file: for poll_wait()
 * @wait: likewise
 */
__poll_t profbuf_session_poll(struct profbuf_session *s, struct file *file, poll_table *wait);

/**
 * profbuf_session_flush() - wake readers for what is there
 * @s: the session
 */
void profbuf_session_flush(struct profbuf_session *s);

/**
 * profbuf_session_cpu_ended() - a CPU had its last tick, or went offline: is the session at its end?
 * @s: the session, RUNNING
 *
 * Context: irq_work or task.
 */
void profbuf_session_cpu_ended(struct profbuf_session *s);

static inline int profbuf_session_state(const struct profbuf_session *s)
{
	return smp_load_acquire(&s->state);	/* with set_state() */
}

/* The unprivileged see their own processes' user code only: what flags a session without rights may have. */
static inline u32 profbuf_session_allowed_flags(const struct profbuf_session *s)
{
	if (s->rights & PROFBUF_RIGHT_KERNEL)
		return PROFBUF_CONFIG_FLAGS;
	return PROFBUF_CONFIG_FLAGS & ~(PROFBUF_CONFIG_KERNEL | PROFBUF_CONFIG_IDLE);
}

#endif /* PROFBUF_SESSION_H */
