/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * worker.h - the module's worker: it does what a tick or a tracepoint must not do itself
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

/* @turn: the function that the worker calls after each wakeup; it may sleep. */
static inline void profbuf_worker_init(struct profbuf_worker *w, work_func_t turn)
{
	INIT_WORK(&w->work, turn);
}

/* Wakes the worker, as there is something to do. Context: any but NMI. */
void profbuf_worker_wake(struct profbuf_worker *w);

/**
 * profbuf_worker_finish() - let the worker do one more turn, and wait for its end
 * @w: the worker; profbuf_worker_wake() is not called for it any more
 *
 * Context: may sleep.
 */
void profbuf_worker_finish(struct profbuf_worker *w);

int profbuf_worker_module_init(void);
void profbuf_worker_module_exit(void);

#endif /* PROFBUF_WORKER_H */
