/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session.h - one open file: its configuration, its rings, its states
 *
 * States: NEW -> RUNNING -> STOPPED, never back. What a session needs to run is allocated by the start and freed by the
 * release of the file. What ticks read is constant while the session is RUNNING.
 *
 * Locks, outer to inner:
 *
 *	session->read_lock	the reader's side of the rings, the head of the queue of notes
 *	  session->lock		state, configuration
 *	    cpus_read_lock	taken by cpuhp_state_{add,remove}_instance()
 *	    profbuf_sessions_lock the register of sessions, and what they have together (sessions.c)
 *	    notes.lock		the queue of notes
 *
 * The tick takes none of them.
 *
 * Teardown: ticks are turned off on every CPU, then the irq_works that they queued are waited for
 * (profbuf_sampler_stop()), then the last requests are described (stop_describing()), then the rings are closed and
 * readers are woken. The release frees the memory.
 */
#ifndef PROFBUF_SESSION_H
#define PROFBUF_SESSION_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "cpu.h"
#include "describe.h"
#include "lives.h"
#include "notes.h"
#include "opener.h"
#include "outside_tags.h"
#include "quota.h"
#include "requests.h"
#include "tags.h"
#include "worker.h"
#include "profbuf_uapi.h"

struct cgroup;
struct pid;

/**
 * struct profbuf_ksession - one open file
 */
struct profbuf_ksession {
	/* Constant while RUNNING; under @lock before. */
	struct profbuf_config config;	/* complete: no 0 that means a default; cpus is not used */
	cpumask_var_t cpumask;		/* CPUs to sample */
	struct pid *filter_pid;
	struct cgroup *filter_cgroup;
	struct profbuf_cpu **cpus;	/* [nr_cpu_ids], NULL where not sampled */

	/* Constant from the open. */
	struct profbuf_opener opener;

	struct mutex lock;		/* outside of cpus_read_lock; see above */
	int state;			/* enum profbuf_state; written under @lock with release */
	struct hlist_node node;		/* in the instances of the CPU hotplug state */
	struct profbuf_quota quota;	/* in the register of sessions; taken by the start */
	bool shown;			/* to tracepoints and sysfs; written under the register's lock */
	struct rcu_head rcu;		/* a tracepoint may walk past the session when it leaves the register */
	bool ticking;			/* the ticks are on; under @lock */
	struct delayed_work start_work;	/* after delay_ns */
	struct delayed_work stop_work;	/* after duration_ns, or max_ticks */
	struct delayed_work flush_work;	/* every flush_ns */

	/* What explains samples: ticks and tracepoints ask for it, and the worker makes notes for the reader. */
	struct profbuf_requests requests;
	struct profbuf_lives lives;
	struct profbuf_tags tags;
	struct profbuf_worker worker;
	struct profbuf_describe describe;
	struct profbuf_notes notes;
	struct profbuf_outside_tags_owner outside_tags;

	/* Readers. */
	wait_queue_head_t wait;
	atomic_t wakeups;		/* from ticks: each may have cleared the sleeping flag of a ring */
	struct mutex read_lock;		/* one reader at a time */
	unsigned int next_cpu;		/* where the next read begins, for fairness */
	unsigned int final_cpu;		/* the next CPU whose final counters are read */
};

/**
 * profbuf_ksession_create() - make a session for the task that opens the device
 *
 * Return: the session, or an ERR_PTR: ENOMEM.
 */
struct profbuf_ksession *profbuf_ksession_create(void);

/**
 * profbuf_ksession_destroy() - stop and free a session
 * @s: the session; no other call on it is under way
 *
 * Context: may sleep.
 */
void profbuf_ksession_destroy(struct profbuf_ksession *s);

/**
 * profbuf_ksession_configure() - replace the configuration
 * @s: the session
 * @config: as user space gave it, not yet validated; missing words are 0
 *
 * Return: 0 or one of the errors in profbuf_uapi.h, with nothing changed.
 */
int profbuf_ksession_configure(struct profbuf_ksession *s, const struct profbuf_config *config);

/**
 * profbuf_ksession_start() - make the rings, queue the INFO record, turn the ticks on
 * @s: the session
 *
 * Return: 0 or one of the errors in profbuf_uapi.h, with nothing changed.
 */
int profbuf_ksession_start(struct profbuf_ksession *s);

/**
 * profbuf_ksession_stop() - turn the ticks off for good; readers get what is left, then EOF
 * @s: the session
 *
 * Return: 0; -EINVAL: it never started.
 */
int profbuf_ksession_stop(struct profbuf_ksession *s);

/**
 * profbuf_ksession_read() - read whole records; starts a new session
 * @s: the session
 * @to: user memory
 * @count: its size in bytes
 * @nonblock: return -EAGAIN instead of waiting
 *
 * Return: how many bytes; 0 at the end; -EINVAL: @count is less than the next record; -EFAULT; -EAGAIN; -ERESTARTSYS;
 * -EIO: a ring was written over; or an error of profbuf_ksession_start().
 */
ssize_t profbuf_ksession_read(struct profbuf_ksession *s, char __user *to, size_t count, bool nonblock);

/**
 * profbuf_ksession_poll() - EPOLLIN when a read would not wait, EPOLLHUP at the end
 * @s: the session
 * @file: for poll_wait()
 * @wait: likewise
 */
__poll_t profbuf_ksession_poll(struct profbuf_ksession *s, struct file *file, poll_table *wait);

/**
 * profbuf_ksession_flush() - wake readers if there is something to read
 * @s: the session
 */
void profbuf_ksession_flush(struct profbuf_ksession *s);

/**
 * profbuf_ksession_counters() - what became of a session's ticks
 * @s: the session, not NEW
 * @cpu: a possible CPU, or PROFBUF_CPU_NONE for the sum
 * @to: set
 *
 * Return: 0; -EINVAL: no such CPU.
 */
int profbuf_ksession_counters(struct profbuf_ksession *s, unsigned int cpu, struct profbuf_counters *to);

/* Prepares the irq_work that the tick of a CPU queues: it wakes readers and the worker. */
void profbuf_ksession_init_wake(struct profbuf_cpu *c);

static inline int profbuf_ksession_state(const struct profbuf_ksession *s)
{
	return smp_load_acquire(&s->state);	/* pairs with set_state() */
}

static inline bool profbuf_ksession_is_shown(const struct profbuf_ksession *s)
{
	return smp_load_acquire(&s->shown);	/* pairs with profbuf_sessions_show() */
}

#endif /* PROFBUF_SESSION_H */
