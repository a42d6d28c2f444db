/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lives.h - processes that were sampled change their program, or end
 *
 * The tick remembers which processes it has sampled. The tracepoints tell when a process changes its program or ends.
 * If the process was sampled, the change is kept until the worker makes a note of it.
 */
#ifndef PROFBUF_LIVES_H
#define PROFBUF_LIVES_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include "fifo.h"

struct profbuf_notes;
struct profbuf_opener;
struct profbuf_worker;
struct task_struct;

/**
 * struct profbuf_lives - a session's part
 */
struct profbuf_lives {
	const struct profbuf_opener *opener;
	struct profbuf_notes *notes;
	struct profbuf_worker *worker;
	struct profbuf_lives_tables *tables;	/* NULL before the start */
	raw_spinlock_t lock;		/* raw: see tracepoints.c */
	struct profbuf_fifo fifo;	/* of the changes between two turns of the worker; under @lock, like @on */
	bool on;			/* from start to stop */
};

void profbuf_lives_init(struct profbuf_lives *l, const struct profbuf_opener *opener, struct profbuf_notes *notes,
			struct profbuf_worker *worker);

/* Bytes of the tables. */
size_t profbuf_lives_memory(void);

/* The tables, all zeros. Return: 0 or -ENOMEM. */
int profbuf_lives_alloc(struct profbuf_lives *l);

/* Frees the tables, if there are any. Context: after profbuf_lives_stop(); no profbuf_lives_tell() is under way. */
void profbuf_lives_free(struct profbuf_lives *l);

/* profbuf_lives_tell() keeps changes, and wakes the worker, from start to stop only. */
void profbuf_lives_start(struct profbuf_lives *l);
void profbuf_lives_stop(struct profbuf_lives *l);

/* The tick has asked for a process, so its end is to be in the stream. Context: the tick, also NMI. */
void profbuf_lives_expect_end(struct profbuf_lives *l, const struct task_struct *leader);

/**
 * profbuf_lives_tell() - a process changed its program, or ended: keep that if it was sampled
 * @l: of a session that has its tables
 * @type: PROFBUF_RECORD_EXEC or PROFBUF_RECORD_EXIT
 * @task: the thread that does it, the current one
 *
 * Context: a probe of a tracepoint (tracepoints.c).
 */
void profbuf_lives_tell(struct profbuf_lives *l, u16 type, struct task_struct *task);

/* The worker: makes a note of each change. */
void profbuf_lives_describe(struct profbuf_lives *l);

#endif /* PROFBUF_LIVES_H */
