/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * job.h - work that may take forever
 *
 * The files that a process runs or has mapped can lie on a file system of its own, which answers when it likes. Until
 * it answers, not even SIGKILL ends a process that waits for it. So all work that looks into other processes is done in
 * a child process that can be left behind. The child has a copy of all memory and no descriptors except those that it
 * was given, it gets no signals, and it ends with the thread that started it, if it can. Its results come back in
 * memory from job_alloc().
 *
 * A process that is looked at can be slow on purpose. A job that is left behind counts for the user of that process, so
 * that one user cannot block looks at the processes of others.
 */
#ifndef PROFBUF_JOB_H
#define PROFBUF_JOB_H

#include <stddef.h>
#include <stdint.h>

/* How long a job is waited for. Tests wait longer, for busy machines. */
#ifndef JOB_PATIENCE_NS
#define JOB_PATIENCE_NS	200000000ULL
#endif

/* The most jobs of one user that are left behind at a time. */
#ifndef JOB_LEFT_MAX
#define JOB_LEFT_MAX	4
#endif

/* The most jobs of all users. When half as many are left behind, only users who have no job left behind get one. */
#define JOB_LEFT_TOTAL	128

#define JOB_NO_USER	UINT64_MAX

/* What a job may use beyond what its caller has used. */
#define JOB_CPU_SECONDS		10
#define JOB_MEMORY_BYTES	(512UL << 20)

struct job {
	void (*work)(void *arg);	/* in the child process */
	void (*drop)(void *arg);	/* here, in any thread, after a job that was left behind ended in any way */
	void *arg;
	uint64_t user;			/* whose process is looked at; JOB_NO_USER: no single user's */
	uint64_t patience_ns;
	int fd;				/* a descriptor that stays open in the child, and also here; -1: none */
	int sent;			/* set: the work's descriptor from job_send(), if 0 is returned; else -1 */
};

/*
 * Allocates zeroed memory that jobs share with their caller. Pages that are never written take none. NULL: no memory.
 */
void *job_alloc(size_t bytes);
void job_free(void *memory);

/**
 * job_run_as() - do work in its own process, and wait for it for a limited time
 * @job: the caller owns its arg again after the call, except after -ETIMEDOUT: then the job owns it, and drop frees it
 *
 * Return: 0: the work is done; -ETIMEDOUT: the work takes longer; -EIO: the child ended before the work was done. If
 * the work was not begun: -EBUSY: too many jobs of that user were left behind; -EUSERS: no process could be created.
 */
int job_run_as(struct job *job);

/* Like job_run_as(), with JOB_NO_USER and JOB_PATIENCE_NS. */
int job_run(void (*work)(void *arg), void (*drop)(void *arg), void *arg);

/*
 * Called by the work: sends @fd to the caller when the work is done. The work still owns @fd. One descriptor at most.
 */
void job_send(int fd);

/* Calls drop for the jobs that were left behind and have ended. job_run_as() does this, too. */
void job_reap(void);

/* Kills the job with that @arg, which was left behind and is not needed any more; it ends as soon as it can. */
void job_kill(void *arg);

#endif /* PROFBUF_JOB_H */
