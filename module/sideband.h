/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sideband.h - records that explain samples
 *
 * A tick that samples a process it has not seen leaves a request: what it can copy of the process there and then, and a
 * reference on its memory map. A worker walks the map. The reference keeps the mappings in place even if the process
 * exits before the worker comes, so a process that lives for one sample only is described all the same; and unlike a
 * task_work, nothing waits for the task to return to user space, so nothing keeps the module from unloading.
 *
 * What is described is others': it decides neither how much memory a description takes, nor how much time the worker,
 * nor how long the worker waits, as the end of the session waits for the worker.
 *
 * Everything waiting for the reader is in one queue per session, bounded in bytes.
 */
#ifndef PROFBUF_SIDEBAND_H
#define PROFBUF_SIDEBAND_H

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "profbuf_uapi.h"

struct mm_struct;
struct profbuf_cpu;
struct profbuf_session;

#define PROFBUF_REQUESTS	64	/* per CPU: processes and threads seen between two runs of the worker */
#define PROFBUF_SEEN		512	/* per CPU: processes remembered, and as many threads */
#define PROFBUF_DESCRIBED	2048	/* per session: processes and threads remembered by the worker */
#define PROFBUF_ASKED		1024	/* per session: processes that some CPU has asked for */
#define PROFBUF_SAMPLED		8192	/* per session: processes whose end is to be told */
#define PROFBUF_SAMPLED_WAYS	4	/* entries in a row that may have one */
#define PROFBUF_LIVES		256	/* per session: ends of processes between two runs of the worker */

struct profbuf_request {
	u32 tid;			/* a thread's name; 0: a process */
	struct mm_struct *mm;		/* of a process, a reference; NULL: kernel thread */
	u64 time;
	u64 start_time;
	u64 cgroup;
	u32 pid;
	u32 ns_pid;
	u32 ppid;
	u32 uid;
	bool is_32bit;
	bool exiting;			/* has let go of its memory */
	char comm[TASK_COMM_LEN] __aligned(8);
};

/* A CPU's requests: the tick puts at @head, the worker takes at @tail. */
struct profbuf_requests {
	struct profbuf_request ring[PROFBUF_REQUESTS];
	unsigned int head;
	unsigned int tail;
	u64 seen[PROFBUF_SEEN];		/* the tick's: signatures of what was asked for */
	u64 seen_threads[PROFBUF_SEEN];	/* likewise */
};

/* The last request for a process, of any CPU; the ticks'. */
struct profbuf_asked {
	u64 time;
	u64 signature;
	u32 times;			/* how often, for as long as it was no other process */
};

/* A process or a thread as the stream has it, from @time on. */
struct profbuf_described {
	u64 signature;			/* of who it is, and what was said of it */
	u64 time;
};

/* A process changed its program, or ended. */
struct profbuf_life_request {
	u64 time;
	u64 start_time;
	u16 type;
	u32 pid;
	u32 tid;
	char comm[TASK_COMM_LEN];
};

/* A hash of 64 bits; the kernel's hash_64() has 32. */
static inline u64 profbuf_hash(u64 x)
{
	x = (x ^ x >> 32) * GOLDEN_RATIO_64;
	x = (x ^ x >> 29) * GOLDEN_RATIO_64;
	return x ^ x >> 32;
}

/* A record in the queue. */
struct profbuf_note {
	struct list_head list;
	u64 words[];			/* words[0]: how many */
};

/* What only a session that runs needs. */
struct profbuf_sideband_tables {
	struct profbuf_described described[PROFBUF_DESCRIBED];	/* the worker's: what was put in */
	struct profbuf_asked asked[PROFBUF_ASKED];
	u64 sampled[PROFBUF_SAMPLED];	/* who they are, in no order; set by ticks, marked at the end; 0 is free */
	struct profbuf_life_request lives[PROFBUF_LIVES];	/* under the sideband's @lives_lock */
};

/**
 * struct profbuf_sideband - a session's queue, and what was not put into it
 */
struct profbuf_sideband {
	spinlock_t lock;		/* the queue's */
	struct list_head notes;		/* under @lock; only the reader takes from it */
	size_t bytes;			/* in @notes; under @lock */
	bool closed;			/* the session has stopped: nothing comes after its end; under @lock */
	struct work_struct work;	/* describes requests, of all CPUs */
	struct profbuf_sideband_tables *tables;	/* NULL before the start */
	raw_spinlock_t lives_lock;	/* raw: tracepoints come with preemption disabled */
	unsigned int lives_head;	/* of @tables->lives; under @lives_lock, as the next two */
	unsigned int lives_tail;
	bool lives_on;			/* from start to stop */
	u32 generation;			/* part of the ticks' signatures, of tags too: changed to be asked again */
	struct delayed_work retry;	/* changes it, when something was lost */
	atomic64_t processes;
	atomic64_t mappings;
	atomic64_t lost[PROFBUF_NR_SIDEBAND_CAUSES];
	u64 lost_told[PROFBUF_NR_SIDEBAND_CAUSES];	/* the reader's: in the stream already */
};

void profbuf_sideband_init(struct profbuf_sideband *b);

/* Bytes of the tables. */
size_t profbuf_sideband_memory(void);

/* The tables, all zeros. Return: 0 or -ENOMEM. */
int profbuf_sideband_alloc(struct profbuf_sideband *b);

/* Without them, or after profbuf_sideband_stop() and with nobody in profbuf_sideband_tell(). */
void profbuf_sideband_free(struct profbuf_sideband *b);

/**
 * profbuf_sideband_exit() - drop what is queued
 * @b: after profbuf_sideband_stop(), or never started
 */
void profbuf_sideband_exit(struct profbuf_sideband *b);

/* The tick asked for a process: its end is to be told. Context: the tick, NMI too. */
void profbuf_sideband_expect_end(struct profbuf_sideband *b, const struct task_struct *leader);

/**
 * profbuf_sideband_tell() - a process changed its program, or ended: say so if it was sampled
 * @s: a session
 * @type: PROFBUF_RECORD_EXEC or PROFBUF_RECORD_EXIT
 * @task: the thread that does it, the current one
 *
 * Context: preemption disabled.
 */
void profbuf_sideband_tell(struct profbuf_session *s, u16 type, struct task_struct *task);

/**
 * profbuf_sideband_pass() - get requests to the worker
 * @c: any CPU's part
 *
 * Context: irq_work.
 */
void profbuf_sideband_pass(struct profbuf_cpu *c);

/**
 * profbuf_sideband_lose() - the worker could not put something into the queue: counted, and asked for again a little
 * later, when the queue has room again
 * @b: the sideband
 * @cause: why
 */
void profbuf_sideband_lose(struct profbuf_sideband *b, enum profbuf_sideband_cause cause);

/* From now on profbuf_sideband_tell() does something. */
void profbuf_sideband_start(struct profbuf_sideband *b);

/**
 * profbuf_sideband_stop() - describe the last requests; from now on nothing is put into the queue
 * @s: its ticks and irq_works are off
 */
void profbuf_sideband_stop(struct profbuf_session *s);

/* As if nothing had been queued: for a start that failed, after profbuf_sideband_stop(). The tables are to go, too. */
void profbuf_sideband_clear(struct profbuf_sideband *b);

/* A note with room for @bytes of record, zeroed, its length set; NULL: no memory. */
struct profbuf_note *profbuf_note_alloc(size_t bytes);

/**
 * profbuf_sideband_queue() - put notes into the stream, all or none
 * @b: the sideband
 * @notes: list of notes, taken over on success
 *
 * Return: false if there is no room, or the session has stopped.
 */
bool profbuf_sideband_queue(struct profbuf_sideband *b, struct list_head *notes);

/* The same for one record: in the stream, or freed. */
bool profbuf_sideband_put(struct profbuf_sideband *b, struct profbuf_note *note);

/* The reader: the first note, which stays until it is dropped; NULL if there is none. */
struct profbuf_note *profbuf_sideband_first(struct profbuf_sideband *b);
void profbuf_sideband_drop(struct profbuf_sideband *b, struct profbuf_note *note);

/* What a record of nested lengths needs: bytes rounded up to whole words. */
#define PROFBUF_WORDS(bytes)	DIV_ROUND_UP(bytes, sizeof(u64))

int profbuf_sideband_module_init(void);
void profbuf_sideband_module_exit(void);

#endif /* PROFBUF_SIDEBAND_H */
