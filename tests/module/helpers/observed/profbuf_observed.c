// SPDX-License-Identifier: GPL-2.0-only
/*
 * profbuf_observed.c - keeps the mappings of the process that loads it locked, as a file system's mmap() may
 *
 * Until the thread that loads it gets a signal, or for half a minute; then it does not load. Meanwhile
 * /sys/module/profbuf_observed/parameters/locked is 1.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>

static unsigned int locked;
module_param(locked, uint, 0444);
MODULE_PARM_DESC(locked, "the mappings are locked now");

static int __init observed_init(void)
{
	unsigned int i;

	mmap_write_lock(current->mm);
	WRITE_ONCE(locked, 1);
	for (i = 0; i < 3000 && !signal_pending(current); i++)
		msleep_interruptible(10);
	WRITE_ONCE(locked, 0);
	mmap_write_unlock(current->mm);
	return -EINTR;
}

module_init(observed_init);
MODULE_DESCRIPTION("For tests of profbuf");
MODULE_LICENSE("GPL");
