/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * requests.h - what the ticks ask to be described
 *
 * A tick that samples a process for the first time leaves a request: what it can copy of the process at once, and a
 * reference on its memory map. The reference keeps the mappings even if the process exits before the worker comes, so
 * that a process with a single sample is described, too. Unlike a task_work, a request does not wait until the task
 * returns to user space, so it does not keep the module from unloading.
 *
 * Each CPU remembers what its ticks have asked for, and the session remembers the last request for each process. So a
 * process is asked for once, until a tick sees a change of it, and not too often (see requests.c).
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
	u32 tid;			/* of the thread, in a request for its name; 0: a request for a process */
	struct mm_struct *mm;		/* a reference; NULL: a thread's name, a kernel thread, or @exiting */
	u64 time;
	u64 start_time;
	u64 cgroup;
	u32 pid;
	u32 ns_pid;
	u32 ppid;
	u32 uid;
	bool is_32bit;
	bool exiting;			/* the process has given up its memory */
	char comm[TASK_COMM_LEN] __aligned(8);
};

/**
 * struct profbuf_requests - a session's part
 */
struct profbuf_requests {
	const struct profbuf_opener *opener;
	struct profbuf_notes *notes;
	struct profbuf_lives *lives;
	struct profbuf_asked *asked;	/* used by ticks: the last request for each process; NULL before the start */
};

/* A CPU's part. */
struct profbuf_cpu_requests {
	struct profbuf_requests *all;
	struct profbuf_request ring[PROFBUF_REQUESTS];
	struct profbuf_fifo fifo;	/* of @ring: the tick puts, the worker takes */
	u64 seen[PROFBUF_SEEN];		/* used by the tick: signatures of what was asked for */
	u64 seen_threads[PROFBUF_SEEN];	/* likewise */
};

void profbuf_requests_init(struct profbuf_requests *all, const struct profbuf_opener *opener,
			   struct profbuf_notes *notes, struct profbuf_lives *lives);
void profbuf_requests_init_cpu(struct profbuf_cpu_requests *q, struct profbuf_requests *all);

/* What all CPUs share: its bytes; allocate and free it. */
size_t profbuf_requests_memory(void);
int profbuf_requests_alloc(struct profbuf_requests *all);
void profbuf_requests_free(struct profbuf_requests *all);

/**
 * profbuf_requests_see() - the tick has a sample of the current task
 * @q: this CPU's part
 * @now: the sample's time
 * @pid: the thread group, as in the sample
 * @tid: the thread, as in the sample
 *
 * Context: the tick, also NMI.
 * Return: whether there is a request, so that an irq_work has to wake the worker.
 */
bool profbuf_requests_see(struct profbuf_cpu_requests *q, u64 now, u32 pid, u32 tid);

/* At the session's end: counts changes that were put off and did not come again. Context: the CPU's ticks are off. */
void profbuf_requests_forget(struct profbuf_cpu_requests *q);

/* Are there requests? */
bool profbuf_requests_pending(const struct profbuf_cpu_requests *q);

/* The worker: the first request, which stays until it is dropped; NULL if there is none. The worker puts its mm. */
struct profbuf_request *profbuf_requests_first(struct profbuf_cpu_requests *q);
void profbuf_requests_drop(struct profbuf_cpu_requests *q);

#endif /* PROFBUF_REQUESTS_H */
