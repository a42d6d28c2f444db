// SPDX-License-Identifier: GPL-2.0-only
/*
 * job.c - work that may take forever
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "job.h"

#define SECOND		1000000000ULL

/* Whoever is last of the two frees it. */
struct job {
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool is_done, is_left;
	void (*work)(void *arg);
	void (*drop)(void *arg);
	void *arg;
};

static unsigned int nr_left;

static void job_free(struct job *job)
{
	pthread_cond_destroy(&job->done);
	pthread_mutex_destroy(&job->lock);
	free(job);
}

static void *run(void *arg)
{
	struct job *job = arg;
	bool left;

	job->work(job->arg);
	pthread_mutex_lock(&job->lock);
	job->is_done = true;
	left = job->is_left;
	pthread_cond_signal(&job->done);
	pthread_mutex_unlock(&job->lock);
	if (left) {
		job->drop(job->arg);
		job_free(job);
		__atomic_sub_fetch(&nr_left, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Signals are for the caller's threads. */
static int start(struct job *job)
{
	sigset_t all, former;
	pthread_t thread;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &former);
	err = pthread_create(&thread, NULL, run, job);
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	if (!err)
		pthread_detach(thread);
	return err ? -EUSERS : 0;
}

int job_run_for(void (*work)(void *arg), void (*drop)(void *arg), void *arg, uint64_t patience_ns)
{
	struct timespec deadline;
	pthread_condattr_t clock;
	struct job *job;
	uint64_t end;
	int err;

	if (__atomic_load_n(&nr_left, __ATOMIC_RELAXED) >= JOB_LEFT_MAX)
		return -EBUSY;
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	job->work = work;
	job->drop = drop;
	job->arg = arg;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&job->done, &clock);
	pthread_condattr_destroy(&clock);
	pthread_mutex_init(&job->lock, NULL);
	clock_gettime(CLOCK_MONOTONIC, &deadline);
	end = deadline.tv_sec * SECOND + deadline.tv_nsec + patience_ns;
	deadline = (struct timespec){ .tv_sec = end / SECOND, .tv_nsec = end % SECOND };
	err = start(job);
	if (err) {
		job_free(job);
		return err;
	}
	pthread_mutex_lock(&job->lock);
	while (!job->is_done && !err)
		err = pthread_cond_timedwait(&job->done, &job->lock, &deadline);
	if (!job->is_done) {
		/* Counted before the thread can see it, and count down. */
		__atomic_add_fetch(&nr_left, 1, __ATOMIC_RELAXED);
		job->is_left = true;
		pthread_mutex_unlock(&job->lock);
		return -ETIMEDOUT;
	}
	pthread_mutex_unlock(&job->lock);
	job_free(job);
	return 0;
}

int job_run(void (*work)(void *arg), void (*drop)(void *arg), void *arg)
{
	return job_run_for(work, drop, arg, JOB_PATIENCE_NS);
}
