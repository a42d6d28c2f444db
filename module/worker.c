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
	/* Of no more than the usual priority: it works for whoever samples, as much as the sampled have it to do. */
	workqueue = alloc_workqueue("profbuf", WQ_UNBOUND, 0);
	return workqueue ? 0 : -ENOMEM;
}

void profbuf_worker_module_exit(void)
{
	destroy_workqueue(workqueue);
}
