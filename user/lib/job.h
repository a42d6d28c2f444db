/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * job.h - work that may take forever, inside libprofbuf
 *
 * What a process has mapped, and the files it is made of, can be those of a file system of its own, which answers when
 * it likes. So whatever looks into other processes is done in a thread that can be left behind.
 */
#ifndef PROFBUF_JOB_H
#define PROFBUF_JOB_H

/**
 * job_run() - does work in a thread of its own, and waits for it, but not long
 * @work: called with @arg
 * @drop: called with @arg when work that was left behind is done after all
 * @arg: the caller's again, unless -ETIMEDOUT is returned: then it is the work's, and @drop frees it
 *
 * Return: 0: the work is done; -ETIMEDOUT: it took more than 0.2 s; -EBUSY: so did too many that are still at it, or
 * -EAGAIN: there is no thread to be had, or -ENOMEM: it was not begun.
 */
int job_run(void (*work)(void *arg), void (*drop)(void *arg), void *arg);

#endif /* PROFBUF_JOB_H */
