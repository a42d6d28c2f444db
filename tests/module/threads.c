// SPDX-License-Identifier: GPL-2.0-only
/*
 * threads.c - what the stream says about threads: their names, their ends, and their numbers in a namespace
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "kt.h"

static void *named_thread(void *name)
{
	prctl(PR_SET_NAME, "second name");
	kt_spin(100 * MSEC);
	prctl(PR_SET_NAME, name);
	kt_spin(100 * MSEC);
	return (void *)(intptr_t)syscall(SYS_gettid);
}

/*
 * A thread's own name and its later name are each in the stream once, or once more for an older sample on another CPU.
 */
TEST(threads_have_their_names)
{
	struct profbuf_config config = kt_config();
	const struct profbuf_record *r = NULL;
	unsigned int second = 0, third = 0;
	struct kt_stream s = { 0 };
	int fd = kt_open();
	pthread_t thread;
	void *tid;

	kt_configure(fd, &config);
	kt_start(fd);
	NEED(!pthread_create(&thread, NULL, named_thread, "a third name"));
	NEED(!pthread_join(thread, &tid));
	kt_stop(fd);
	kt_drain(fd, &s);
	kt_check(&s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_thread *t = (const struct profbuf_thread *)r;

		if (r->type != PROFBUF_RECORD_THREAD || t->tid != (uint32_t)(intptr_t)tid)
			continue;
		CHECK(t->pid == (uint32_t)getpid() && t->start_time);
		second += !strcmp(t->comm, "second name");
		third += !strcmp(t->comm, "a third name");
	}
	CHECK(second && second < 4 && third && third < 4, "%u %u", second, third);
	kt_free(&s);
	close(fd);
}

static void *short_thread(void *arg)
{
	kt_spin(200000);
	return arg;
}

/*
 * An exiting thread has given up its memory before its last sample. That does not mean that the process has none: its
 * mappings stay as they were (a bug once: an empty description replaced them).
 */
TEST(exiting_threads_leave_the_mappings)
{
	struct profbuf_config config = kt_config();
	unsigned int descriptions = 0, empty = 0;
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	pthread_t threads[8];
	int fd = kt_open();
	uint64_t end;

	config.period = 50000;
	config.ring_bytes = 8 << 20;
	kt_configure(fd, &config);
	kt_start(fd);
	for (end = kt_now() + 2000 * MSEC; kt_now() < end;) {
		for (int i = 0; i < 8; i++)
			NEED(!pthread_create(&threads[i], NULL, short_thread, NULL));
		for (int i = 0; i < 8; i++)
			pthread_join(threads[i], NULL);
	}
	kt_stop(fd);
	kt_drain(fd, &s);
	kt_check(&s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_process *p = (const struct profbuf_process *)r;

		if (r->type != PROFBUF_RECORD_PROCESS || p->pid != (uint32_t)getpid())
			continue;
		descriptions++;
		empty += !p->nr_mappings;
	}
	CHECK(descriptions && !empty, "%u descriptions, %u of them empty", descriptions, empty);
	kt_free(&s);
	close(fd);
}

/*
 * Returns how many of @n processes were sampled, but not described. Adds the number of samples without user code to
 * @late.
 */
static unsigned int undescribed(const struct kt_stream *s, const pid_t *pids, int n, unsigned int *late)
{
	const struct profbuf_record *r = NULL;
	unsigned int missing = 0;

	for (int i = 0; i < n; i++) {
		bool sampled = false, in_user = false, described = false, mapped = false;

		while ((r = kt_next(s, r))) {
			const struct profbuf_process *p = (const struct profbuf_process *)r;
			const struct profbuf_sample *sample = (const struct profbuf_sample *)r;

			if (r->type == PROFBUF_RECORD_SAMPLE && sample->pid == (uint32_t)pids[i]) {
				sampled = true;
				in_user |= sample->nr_user;
				*late += !sample->nr_user;
			} else if (r->type == PROFBUF_RECORD_PROCESS && p->pid == (uint32_t)pids[i]) {
				described = true;
				mapped |= p->nr_mappings;
				/* A description without mappings is right only if the process exits. */
				CHECK(p->nr_mappings || p->misc & PROFBUF_PROCESS_EXITING);
			}
		}
		missing += (sampled && !described) || (in_user && !mapped);
	}
	return missing;
}

/* Samples @n processes, one after another; each does @work in several threads and ends. */
static void sample_processes(void (*work)(void), pid_t *pids, int n, struct kt_stream *s)
{
	struct profbuf_config config = kt_config();
	int fd = kt_open();

	config.period = 50000;
	config.ring_bytes = 8 << 20;
	kt_configure(fd, &config);
	kt_start(fd);
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		NEED(pids[i] >= 0);
		if (!pids[i]) {
			work();
			_exit(0);
		}
		waitpid(pids[i], NULL, 0);
	}
	kt_stop(fd);
	kt_drain(fd, s);
	kt_check(s);
	close(fd);
}

static void start_threads(void *(*run)(void *arg))
{
	pthread_t thread;

	for (int k = 0; k < 3; k++)
		pthread_create(&thread, NULL, run, NULL);
}

static void end_first(void)
{
	start_threads(short_thread);
	pthread_exit(NULL);
}

/*
 * The first thread ends before the others. The parent reaps the process while its last thread is still exiting: a
 * sample of that thread must not use the process (a bug once, seen by KASAN).
 */
TEST(threads_that_outlive_their_first)
{
	enum { N = 200 };
	struct kt_stream s = { 0 };
	unsigned int late = 0, missing;
	static pid_t pids[N];

	sample_processes(end_first, pids, N, &s);
	missing = undescribed(&s, pids, N, &late);
	printf("# %u samples without user code, %u processes not described\n", late, missing);
	CHECK(late && !missing);
	kt_free(&s);
}

static void *spinning_thread(void *arg)
{
	kt_spin(10 * SEC);
	return arg;
}

static void end_at_once(void)
{
	start_threads(spinning_thread);
	kt_spin(MSEC);
}

/*
 * Threads that end at once each see that no other thread is left, but the end of the process is reported once. A bug
 * once: if two CPUs sampled a process for the first time at the same moment, its end was reported twice, for one
 * process in some hundreds.
 */
TEST(a_process_ends_once)
{
	enum { N = 200, ROUNDS = 5, PIDS = 1 << 16 };
	unsigned int once = 0, more = 0;
	static uint8_t ends[PIDS];
	static pid_t pids[N];

	for (int k = 0; k < ROUNDS; k++) {
		const struct profbuf_record *r = NULL;
		struct kt_stream s = { 0 };

		memset(ends, 0, sizeof(ends));
		sample_processes(end_at_once, pids, N, &s);
		while ((r = kt_next(&s, r))) {
			if (r->type == PROFBUF_RECORD_EXIT)
				ends[((const struct profbuf_life *)r)->pid % PIDS]++;
		}
		for (int i = 0; i < N; i++) {
			once += ends[pids[i] % PIDS] == 1;
			more += ends[pids[i] % PIDS] > 1;
		}
		kt_free(&s);
	}
	CHECK(once > ROUNDS * N / 2 && !more, "%u once, %u more than once", once, more);
}

/*
 * What the first process of a pid namespace sees of itself, of its child and of other processes. A thread that has been
 * reaped has no number in the namespace any more while it still exits. A bug once: it was taken for a process without
 * code.
 */
static void look_from_inside(void)
{
	unsigned int own = 0, of_child = 0, outside = 0, described = 0, reaped = 0;
	struct profbuf_config config = kt_config();
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	int fd = kt_open();
	pthread_t thread;
	uint64_t end;
	pid_t child;

	config.period = 50000;
	config.ring_bytes = 16 << 20;
	kt_configure(fd, &config);
	kt_start(fd);
	child = fork();
	kt_spin(300 * MSEC);
	if (!child)
		_exit(0);
	CHECK(getpid() == 1 && child == 2);
	waitpid(child, NULL, 0);
	for (end = kt_now() + SEC; kt_now() < end;) {
		NEED(!pthread_create(&thread, NULL, short_thread, NULL));
		pthread_join(thread, NULL);
	}
	kt_stop(fd);
	kt_drain(fd, &s);
	kt_check(&s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *sample = (const struct profbuf_sample *)r;
		const struct profbuf_process *p = (const struct profbuf_process *)r;

		if (r->type == PROFBUF_RECORD_PROCESS) {
			CHECK(p->pid == 1 || p->pid == 2, "%u", p->pid);
			CHECK(p->ns_pid == p->pid && p->nr_mappings, "%u, in its namespace %u, %u mappings", p->pid,
			      p->ns_pid, p->nr_mappings);
			described |= p->pid;
		}
		if (r->type != PROFBUF_RECORD_SAMPLE)
			continue;
		CHECK(sample->pid <= 2, "%u", sample->pid);
		CHECK(!sample->tid || sample->pid == 1 || sample->tid == sample->pid, "%u %u", sample->pid,
		      sample->tid);
		reaped += sample->pid && !sample->tid;
		own += sample->pid == 1;
		of_child += sample->pid == 2;
		outside += !sample->pid;
	}
	printf("# %u samples of threads that had been reaped\n", reaped);
	ENOUGH(own > 50 && of_child > 50, "%u %u %u %u", own, of_child, outside, described);
	CHECK(outside && described == 3, "%u %u %u %u", own, of_child, outside, described);
	kt_free(&s);
	close(fd);
}

/* Pids are those in the opener's pid namespace. A process outside of it has none. */
TEST(pids_are_those_of_the_openers_namespace)
{
	pid_t pid, noise = fork();
	int status;

	NEED(noise >= 0);
	if (!noise) {
		kt_spin(10 * SEC);
		_exit(0);
	}
	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		NEED(!unshare(CLONE_NEWPID));
		pid = fork();
		NEED(pid >= 0);
		if (!pid) {
			look_from_inside();
			fflush(stdout);
			_exit(kt_failed);
		}
		NEED(waitpid(pid, &status, 0) == pid);
		_exit(status ? 1 : 0);
	}
	NEED(waitpid(pid, &status, 0) == pid);
	CHECK(!status);
	kill(noise, SIGKILL);
	waitpid(noise, NULL, 0);
}

int main(void)
{
	return kt_main();
}
