/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * worker.h - the module's worker: what a tick or a tracepoint must not do itself is done there
 */
#ifndef PROFBUF_WORKER_H
#define PROFBUF_WORKER_H

#include <linux/workqueue.h>

/**
 * struct profbuf_worker - a session's turn of the worker
 */
struct profbuf_worker {
	struct work_struct work;
};

/* @turn: what it does each time it was woken. Context of @turn: may sleep. */
static inline void profbuf_worker_init(struct profbuf_worker *w, work_func_t turn)
{
	INIT_WORK(&w->work, turn);
}

/* There is something to do. Context: any but NMI. */
void profbuf_worker_wake(struct profbuf_worker *w);

/**
 * profbuf_worker_finish() - one more turn, and wait for its end
 * @w: whose profbuf_worker_wake() nobody calls any more
 *
 * Context: may sleep.
 */
void profbuf_worker_finish(struct profbuf_worker *w);

int profbuf_worker_module_init(void);
void profbuf_worker_module_exit(void);

#endif /* PROFBUF_WORKER_H */
