// SPDX-License-Identifier: GPL-2.0-only
/*
 * observed.c - observed processes are untrusted: they decide neither how long the worker waits nor how much work it has
 *
 * profbuf_observed.ko (in $OBSERVED_MODULE) keeps a process's mappings locked.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kt.h"

/* Counts the samples of a process, and its descriptions. */
static void count(const struct kt_stream *s, pid_t pid, unsigned int *samples, unsigned int *descriptions)
{
	const struct profbuf_record *r = NULL;

	*samples = 0;
	*descriptions = 0;
	while ((r = kt_next(s, r))) {
		*samples += r->type == PROFBUF_RECORD_SAMPLE && ((const struct profbuf_sample *)r)->pid == (__u32)pid;
		*descriptions += r->type == PROFBUF_RECORD_PROCESS &&
				 ((const struct profbuf_process *)r)->pid == (__u32)pid;
	}
}

static unsigned int locked(void)
{
	FILE *f = fopen("/sys/module/profbuf_observed/parameters/locked", "r");
	unsigned int value = 0;

	if (f && fscanf(f, "%u", &value) != 1)
		value = 0;
	if (f)
		fclose(f);
	return value;
}

static void on_signal(int signal)
{
	(void)signal;
}

static void *lock_mappings(void *arg)
{
	int fd = open(getenv("OBSERVED_MODULE"), O_RDONLY | O_CLOEXEC);

	(void)arg;
	syscall(SYS_finit_module, fd, "", 0);
	close(fd);
	return NULL;
}

/* One thread waits in the kernel with the lock of the mappings held; the other one runs on. */
static void have_mappings_locked(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t thread;
	sigset_t set;

	NEED(!sigaction(SIGUSR1, &action, NULL));
	NEED(!pthread_create(&thread, NULL, lock_mappings, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	NEED(!pthread_sigmask(SIG_BLOCK, &set, NULL));
}

/* Neither the worker nor the session's end, which waits for the worker, may wait for the lock. */
TEST(a_process_that_keeps_its_mappings_locked)
{
	struct profbuf_config config = kt_config();
	unsigned int samples, descriptions;
	struct profbuf_counters_get get;
	struct kt_stream s = { 0 };
	pid_t pid = kt_busy(1, have_mappings_locked, NULL);
	int fd = kt_open();

	for (int i = 0; i < 1000 && !locked(); i++)
		kt_sleep(10 * MSEC);
	NEED(locked());
	kt_pin(0);
	kt_configure(fd, &config);
	kt_start(fd);
	kt_spin(400 * MSEC);
	kt_stop(fd);
	CHECK(locked(), "the end waited for the lock");
	get = kt_all_counters(fd);
	kt_drain(fd, &s);
	kt_check(&s);
	count(&s, pid, &samples, &descriptions);
	printf("# %u samples, %llu descriptions lost\n", samples,
	       (unsigned long long)get.sideband_lost[PROFBUF_SIDEBAND_CHANGES]);
	ENOUGH(samples > 50);
	CHECK(!descriptions && get.sideband_lost[PROFBUF_SIDEBAND_CHANGES]);
	count(&s, getpid(), &samples, &descriptions);
	ENOUGH(samples > 50);
	CHECK(descriptions);
	kt_free(&s);
	close(fd);

	/* When the lock is free again, the process is described. */
	fd = kt_open();
	kt_configure(fd, &config);
	kt_start(fd);
	kt_spin(200 * MSEC);
	CHECK(locked());
	kill(pid, SIGUSR1);
	for (int i = 0; i < 1000 && locked(); i++)
		kt_sleep(10 * MSEC);
	kt_spin(500 * MSEC);
	s = (struct kt_stream){ 0 };
	kt_end_session(fd, &s);
	count(&s, pid, &samples, &descriptions);
	CHECK(descriptions, "of %u samples", samples);
	kt_free(&s);
	close(fd);
	kt_kill(pid);
}

#define MANY	3000
#define NAME	250
#define DEEP	15

/*
 * Maps a file many times whose path is nearly as long as a path can be: the descriptions of all of them are larger than
 * the queue.
 */
static void have_many_mappings(void)
{
	char name[NAME + 1];
	int fd;

	memset(name, 'n', NAME);
	name[NAME] = 0;
	NEED(!chdir("/tmp"));
	for (int i = 0; i < DEEP; i++)
		NEED((!mkdir(name, 0700) || errno == EEXIST) && !chdir(name));
	fd = open(name, O_RDWR | O_CREAT, 0700);
	NEED(fd >= 0 && !ftruncate(fd, 4096));
	/* The mappings do not continue each other, so the kernel does not merge them. */
	for (int i = 0; i < MANY; i++)
		NEED(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED);
}

TEST(a_process_with_more_mappings_than_may_wait)
{
	struct profbuf_config config = kt_config();
	unsigned int samples, descriptions;
	struct profbuf_counters_get get;
	struct kt_stream s = { 0 };
	pid_t pid = kt_busy(1, have_many_mappings, NULL);
	int fd = kt_open();

	kt_pin(0);
	kt_configure(fd, &config);
	/* Time for several attempts. */
	kt_run_session(fd, 4 * SEC, &s);
	get = kt_all_counters(fd);
	count(&s, pid, &samples, &descriptions);
	printf("# %u samples, %llu descriptions lost\n", samples,
	       (unsigned long long)get.sideband_lost[PROFBUF_SIDEBAND_LIMIT]);
	/* The loss is counted, and the work is not repeated all the time. */
	ENOUGH(samples > 100);
	CHECK(!descriptions);
	CHECK(get.sideband_lost[PROFBUF_SIDEBAND_LIMIT] && get.sideband_lost[PROFBUF_SIDEBAND_LIMIT] < 3);
	count(&s, getpid(), &samples, &descriptions);
	ENOUGH(samples > 100);
	CHECK(descriptions);
	kt_free(&s);
	close(fd);
	kt_kill(pid);
	NEED(!system("rm -rf /tmp/nnn*"));
}

#define MAPPINGS	4000

/* Each mapping has other rights than the one before, so the kernel does not merge them. */
static void have_mappings(void)
{
	for (int i = 0; i < MAPPINGS; i++)
		NEED(mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		     MAP_FAILED);
}

static void change_mappings(void)
{
	void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	kt_spin(100000);
	munmap(code, 4096);
	kt_spin(100000);
}

/* Walking over the mappings takes time, and the worker's time for it is limited. */
TEST(a_process_that_changes_its_mappings_all_the_time)
{
	struct profbuf_config config = kt_config();
	unsigned int samples, descriptions;
	struct profbuf_counters_get get;
	struct kt_stream s = { 0 };
	pid_t pid = kt_busy(1, have_mappings, change_mappings);
	uint64_t start_ns, ns;
	int fd = kt_open();

	kt_pin(0);
	config.period = 200000;
	config.ring_bytes = 2 << 20;
	kt_configure(fd, &config);
	start_ns = kt_now();
	kt_run_session(fd, 2 * SEC, &s);
	ns = kt_now() - start_ns;
	get = kt_all_counters(fd);
	count(&s, pid, &samples, &descriptions);
	printf("# %u samples, %u descriptions in %.1f s, %llu lost\n", samples, descriptions, ns / 1e9,
	       (unsigned long long)get.sideband_lost[PROFBUF_SIDEBAND_CHANGES]);
	/* At most one description in 4 us for each of its mappings, besides some at the beginning. */
	ENOUGH(samples > 300);
	CHECK(descriptions > 1 && descriptions <= ns / 4000 / MAPPINGS + 20);
	kt_free(&s);
	close(fd);
	kt_kill(pid);
}

int main(void)
{
	return kt_main();
}
