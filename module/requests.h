/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * requests.h - what the ticks ask to be described
 *
 * A tick remembers what it asked for, and all ticks of a session what the last of them did, so that each process is
 * asked for once, as long as nothing changes that a tick can tell; and not more often than it is worth (see the .c).
 */
#ifndef PROFBUF_REQUESTS_H
#define PROFBUF_REQUESTS_H

#include <linux/types.h>

struct profbuf_cpu;

/**
 * profbuf_requests_see() - the tick has a sample of the current task
 * @c: this CPU's part
 * @now: the sample's time
 * @pid: the thread group as the sample shows it
 * @tid: the thread likewise
 *
 * Context: the tick, NMI too.
 * Return: whether there is a request, so that profbuf_sideband_pass() is to be called from an irq_work.
 */
bool profbuf_requests_see(struct profbuf_cpu *c, u64 now, u32 pid, u32 tid);

/* The session ends: what was put off and did not come again is lost. @c: whose ticks are off. */
void profbuf_requests_forget(struct profbuf_cpu *c);

#endif /* PROFBUF_REQUESTS_H */
