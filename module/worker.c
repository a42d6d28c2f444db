// SPDX-License-Identifier: GPL-2.0-only
/*
 * worker.c - the module's worker
 */
#include <linux/errno.h>

#include "worker.h"

static struct workqueue_struct *workqueue;

void profbuf_worker_wake(struct profbuf_worker *w)
{
	queue_work(workqueue, &w->work);
}

void profbuf_worker_finish(struct profbuf_worker *w)
{
	queue_work(workqueue, &w->work);
	flush_work(&w->work);
}

int profbuf_worker_module_init(void)
{
	/* Normal priority: it works for the sessions only, and sampled processes decide how much it has to do. */
	workqueue = alloc_workqueue("profbuf", WQ_UNBOUND, 0);
	return workqueue ? 0 : -ENOMEM;
}

void profbuf_worker_module_exit(void)
{
	destroy_workqueue(workqueue);
}
