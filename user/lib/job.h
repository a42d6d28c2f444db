/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * job.h - work that may take forever, inside libprofbuf
 *
 * What a process has mapped, and the files it is made of, can be those of a file system of its own, which answers when
 * it likes. So whatever looks into other processes is done in a thread that can be left behind.
 */
#ifndef PROFBUF_JOB_H
#define PROFBUF_JOB_H

#include <stdint.h>

/* How long it is waited for. Tests wait longer, for machines that have much else to do. */
#ifndef JOB_PATIENCE_NS
#define JOB_PATIENCE_NS	200000000ULL
#endif

/* Threads that are left behind at a time, in all. */
#ifndef JOB_LEFT_MAX
#define JOB_LEFT_MAX	16
#endif

/**
 * job_run() - does work in a thread of its own, and waits for it, but not long
 * @work: called with @arg
 * @drop: called with @arg when work that was left behind is done after all
 * @arg: the caller's again, unless -ETIMEDOUT is returned: then it is the work's, and @drop frees it
 *
 * Return: 0: the work is done; -ETIMEDOUT: it takes longer; and if it was not begun, -EBUSY: too many others do;
 * -EUSERS: there is no thread to be had; -ENOMEM.
 */
int job_run(void (*work)(void *arg), void (*drop)(void *arg), void *arg);

/* Likewise, and waits for so long. */
int job_run_for(void (*work)(void *arg), void (*drop)(void *arg), void *arg, uint64_t patience_ns);

#endif /* PROFBUF_JOB_H */
