/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * job.h - work that may take forever
 *
 * What a process has mapped, and the files it is made of, can be those of a file system of its own, which answers when
 * it likes. Until then not even SIGKILL ends who waits for it. So whatever looks into other processes is done in a
 * child process that can be left behind: it has a copy of all memory, no descriptor that it was not given, no signals,
 * and ends with the thread that started it, if it can. Its results come back in memory from job_alloc().
 *
 * Whoever is looked at can be slow on purpose. What is left behind counts for the user whom the look was at, so that
 * nobody keeps others from being looked at.
 */
#ifndef PROFBUF_JOB_H
#define PROFBUF_JOB_H

#include <stddef.h>
#include <stdint.h>

/* How long it is waited for. Tests wait longer, for machines that have much else to do. */
#ifndef JOB_PATIENCE_NS
#define JOB_PATIENCE_NS	200000000ULL
#endif

/* Jobs that are left behind at a time, of one user. */
#ifndef JOB_LEFT_MAX
#define JOB_LEFT_MAX	4
#endif

/* In all. From half of them on only users have a job who have none left behind. */
#define JOB_LEFT_TOTAL	128

#define JOB_NO_USER	UINT64_MAX

/* What a job may take beyond what its caller has. */
#define JOB_CPU_SECONDS		10
#define JOB_MEMORY_BYTES	(512UL << 20)

struct job {
	void (*work)(void *arg);	/* in the child process */
	void (*drop)(void *arg);	/* here, in any thread, when one that was left behind has ended, in any way */
	void *arg;
	uint64_t user;			/* who is looked at; JOB_NO_USER: nobody in particular */
	uint64_t patience_ns;
	int fd;				/* what stays open in the child, and also here; -1: nothing */
	int sent;			/* set: what the work gave to job_send(), if 0 is returned; else -1 */
};

/* Memory that jobs share with their caller, filled with zeros. What is never written takes none. NULL: none is left. */
void *job_alloc(size_t bytes);
void job_free(void *memory);

/**
 * job_run_as() - does work in a process of its own, and waits for it, but not long
 * @job: its arg is the caller's again, unless -ETIMEDOUT is returned: then it is the job's, and drop frees it
 *
 * Return: 0: the work is done; -ETIMEDOUT: it takes longer; -EIO: it ended in the middle; and if it was not begun,
 * -EBUSY: too many others of that user were left behind; -EUSERS: there is no process to be had.
 */
int job_run_as(struct job *job);

/* The same for nobody in particular. */
int job_run(void (*work)(void *arg), void (*drop)(void *arg), void *arg);

/* In the work: gives @fd to whoever waits for it; it stays the work's. One at most. */
void job_send(int fd);

/* Has drop called for jobs that were left behind and have ended. So does job_run_as(). */
void job_reap(void);

/* Nobody wants that job any more, which was left behind: ends it, as soon as that can be. */
void job_kill(void *arg);

#endif /* PROFBUF_JOB_H */
