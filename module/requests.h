/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * requests.h - what the ticks ask to be described
 *
 * A tick that samples a process it has not seen leaves a request: what it can copy of the process there and then, and a
 * reference on its memory map. The reference keeps the mappings in place even if the process exits before the worker
 * comes, so a process that lives for one sample only is described all the same; and unlike a task_work, nothing waits
 * for the task to return to user space, so nothing keeps the module from unloading.
 *
 * A tick remembers what it asked for, and all ticks of a session what the last of them did, so that each process is
 * asked for once, as long as nothing changes that a tick can tell; and not more often than it is worth (see the .c).
 */
#ifndef PROFBUF_REQUESTS_H
#define PROFBUF_REQUESTS_H

#include <linux/sched.h>
#include <linux/types.h>

#include "fifo.h"

struct mm_struct;
struct profbuf_asked;
struct profbuf_lives;
struct profbuf_notes;
struct profbuf_opener;

#define PROFBUF_REQUESTS	64	/* per CPU: processes and threads seen between two turns of the worker */
#define PROFBUF_SEEN		512	/* per CPU: processes remembered, and as many threads */

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

/**
 * struct profbuf_requests - a session's part
 */
struct profbuf_requests {
	const struct profbuf_opener *opener;
	struct profbuf_notes *notes;
	struct profbuf_lives *lives;
	struct profbuf_asked *asked;	/* the ticks': the last request for each process; NULL before the start */
};

/* A CPU's part. */
struct profbuf_cpu_requests {
	struct profbuf_requests *all;
	struct profbuf_request ring[PROFBUF_REQUESTS];
	struct profbuf_fifo fifo;	/* of @ring: the tick puts, the worker takes */
	u64 seen[PROFBUF_SEEN];		/* the tick's: signatures of what was asked for */
	u64 seen_threads[PROFBUF_SEEN];	/* likewise */
};

void profbuf_requests_init(struct profbuf_requests *all, const struct profbuf_opener *opener,
			   struct profbuf_notes *notes, struct profbuf_lives *lives);
void profbuf_requests_init_cpu(struct profbuf_cpu_requests *q, struct profbuf_requests *all);

/* Bytes of what all CPUs share; make and free it. */
size_t profbuf_requests_memory(void);
int profbuf_requests_alloc(struct profbuf_requests *all);
void profbuf_requests_free(struct profbuf_requests *all);

/**
 * profbuf_requests_see() - the tick has a sample of the current task
 * @q: this CPU's part
 * @now: the sample's time
 * @pid: the thread group as the sample shows it
 * @tid: the thread likewise
 *
 * Context: the tick, NMI too.
 * Return: whether there is a request, so that the worker is to be woken from an irq_work.
 */
bool profbuf_requests_see(struct profbuf_cpu_requests *q, u64 now, u32 pid, u32 tid);

/* The session ends: what was put off and did not come again is lost. @q: of a CPU whose ticks are off. */
void profbuf_requests_forget(struct profbuf_cpu_requests *q);

/* Are there requests? */
bool profbuf_requests_pending(const struct profbuf_cpu_requests *q);

/* The worker: the first request, which stays until it is dropped, with its reference; NULL if there is none. */
struct profbuf_request *profbuf_requests_first(struct profbuf_cpu_requests *q);
void profbuf_requests_drop(struct profbuf_cpu_requests *q);

#endif /* PROFBUF_REQUESTS_H */
