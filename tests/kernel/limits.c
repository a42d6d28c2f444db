// SPDX-License-Identifier: GPL-2.0-only
/*
 * limits.c - sessions that end by themselves, begin late, cover some CPUs; how many there may be
 */
#define _GNU_SOURCE
#include <sys/stat.h>

#include "kt.h"

static void duration_ends_the_session(void)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	uint64_t start = kt_now();
	struct kt_sums sums;
	int fd = kt_open();

	config.duration_ns = 300 * MSEC;
	kt_configure(fd, &config);
	kt_start(fd);
	kt_drain(fd, &s);
	CHECK(kt_now() - start >= 300 * MSEC);
	sums = kt_check(&s);
	CHECK(sums.all_samples > 50 && sums.has_final[0]);
	kt_free(&s);
	close(fd);
}

/* Every CPU ends at its number, exactly, whatever became of the ticks. */
static void max_ticks_ends_the_session(void)
{
	int sources[] = { PROFBUF_SOURCE_HRTIMER, PROFBUF_SOURCE_PERF_CPU_CLOCK };

	for (int i = 0; i < 2; i++) {
		struct profbuf_config config = kt_config();
		struct kt_stream s = { 0 };
		pid_t a = kt_spinner(0), b = kt_spinner(1);
		struct kt_sums sums;
		int fd = kt_open();

		config.source = sources[i];
		config.max_ticks = 100;
		kt_configure(fd, &config);
		kt_start(fd);
		kt_drain(fd, &s);
		sums = kt_check(&s);
		for (int cpu = 0; cpu < (int)sums.info->nr_cpus; cpu++) {
			const struct profbuf_counters *c = &sums.final[cpu];

			CHECK(c->ticks - c->skipped[PROFBUF_SKIP_ENDED] >= 100, "CPU %d: %llu", cpu,
			      (unsigned long long)c->ticks);
			CHECK(c->delivered + c->lost + c->skipped[PROFBUF_SKIP_IDLE] <= 100);
			CHECK(c->ticks == kt_accounted(c));
		}
		kt_kill(a);
		kt_kill(b);
		kt_free(&s);
		close(fd);
	}
}

static void delay_comes_before_the_first_tick(void)
{
	struct profbuf_config config = kt_config();
	int fd = kt_open();

	config.delay_ns = 400 * MSEC;
	kt_configure(fd, &config);
	kt_start(fd);
	kt_spin(200 * MSEC);
	CHECK(kt_counters(fd, -1).ticks == 0);
	kt_spin(600 * MSEC);
	CHECK(kt_counters(fd, -1).ticks > 0);
	close(fd);
}

static void stop_before_the_delay_has_passed(void)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd = kt_open();

	config.delay_ns = 60 * SEC;
	kt_configure(fd, &config);
	kt_start(fd);
	kt_stop(fd);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	CHECK(!sums.all_samples && sums.has_final[0] && !sums.final[0].ticks);
	kt_free(&s);
	close(fd);
}

static void only_the_cpus_asked_for(void)
{
	struct profbuf_config config = kt_config();
	unsigned char mask = 2;
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd = kt_open();

	config.cpus = (uintptr_t)&mask;
	config.cpus_bytes = 1;
	kt_configure(fd, &config);
	sums = kt_run_session(fd, 200 * MSEC, &s);
	CHECK(!sums.final[0].ticks && sums.final[1].ticks > 50);
	kt_free(&s);
	close(fd);
}

/* One more than may run is refused, and may run when another has gone. */
static void one_session_more_than_the_limit(void)
{
	struct profbuf_config config = kt_config();
	int fds[64], extra = kt_open();

	config.ring_bytes = 16384;
	config.period = SEC;
	for (int i = 0; i < 64; i++) {
		fds[i] = kt_open();
		kt_configure(fds[i], &config);
		kt_start(fds[i]);
	}
	kt_configure(extra, &config);
	CHECK(ioctl(extra, PROFBUF_IOC_START) == -1 && errno == EUSERS);
	close(fds[63]);
	CHECK(!ioctl(extra, PROFBUF_IOC_START));
	for (int i = 0; i < 63; i++)
		close(fds[i]);
	close(extra);
}

static long vmalloc_kib(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = -1;

	NEED(f);
	while (kib < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "VmallocUsed: %ld", &kib);
	fclose(f);
	NEED(kib >= 0);
	return kib;
}

/* What a failed start took, the next one does not take again: half a MiB of tags it was. */
static void starts_that_fail_keep_no_memory(void)
{
	struct profbuf_config config = kt_config();
	int fds[64], extra = kt_open();
	long before, after;

	config.ring_bytes = 16384;
	config.period = SEC;
	for (int i = 0; i < 64; i++) {
		fds[i] = kt_open();
		kt_configure(fds[i], &config);
		kt_start(fds[i]);
	}
	kt_configure(extra, &config);
	CHECK(ioctl(extra, PROFBUF_IOC_START) == -1 && errno == EUSERS);
	before = vmalloc_kib();
	for (int i = 0; i < 100; i++)
		CHECK(ioctl(extra, PROFBUF_IOC_START) == -1 && errno == EUSERS);
	after = vmalloc_kib();
	CHECK(after - before < 10000, "%ld KiB more", after - before);
	for (int i = 0; i < 64; i++)
		close(fds[i]);
	close(extra);
}

#define CGROUP "/sys/fs/cgroup/kt-memory"

static void set(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	NEED(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* A number in a file, after a word if there is one. */
static long long number(const char *path, const char *word)
{
	FILE *f = fopen(path, "r");
	long long value = -1;
	char format[64];
	char line[128];

	NEED(f);
	snprintf(format, sizeof(format), "%s%%lld", word);
	while (value < 0 && fgets(line, sizeof(line), f))
		sscanf(line, format, &value);
	fclose(f);
	return value;
}

/* In a cgroup of 12 MiB: what is too much is refused, nobody is killed for it, and what fits runs. */
static int in_a_small_cgroup(void)
{
	struct profbuf_config config = kt_config();
	struct profbuf_info info = { .size = sizeof(info) };
	struct kt_stream s = { 0 };
	long long before;
	int fd;

	set(CGROUP "/cgroup.procs", "0");
	fd = kt_open();
	config.ring_bytes = 32 << 20;
	kt_configure(fd, &config);
	for (int i = 0; i < 5; i++) {
		CHECK(ioctl(fd, PROFBUF_IOC_START) == -1 && errno == ENOMEM, "%s", strerror(errno));
		NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
		CHECK(info.state == PROFBUF_STATE_NEW && !info.used_memory);
	}
	CHECK(read(fd, &info, 8) == -1 && errno == ENOMEM);	/* which would start it */
	before = number(CGROUP "/memory.current", "");
	config.ring_bytes = 1 << 20;
	kt_configure(fd, &config);
	CHECK(kt_run_session(fd, 200 * MSEC, &s).all_samples > 20);
	/* The rings are the cgroup's to pay for, two of them at least. */
	before = number(CGROUP "/memory.current", "") - before;
	CHECK(before > 2 << 20, "%lld", before);
	fflush(stdout);
	_exit(kt_failed);
}

static void a_cgroups_memory_is_a_limit(void)
{
	int status;
	pid_t child;

	set("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	NEED(!mkdir(CGROUP, 0755));
	set(CGROUP "/memory.max", "12582912");
	fflush(stdout);
	child = fork();
	if (!child)
		_exit(in_a_small_cgroup());
	waitpid(child, &status, 0);
	CHECK(!status, "status %x", status);
	CHECK(number(CGROUP "/memory.events", "oom_kill ") == 0);
	CHECK(number(CGROUP "/memory.events", "max ") > 0);
	rmdir(CGROUP);
}

int main(void)
{
	RUN(duration_ends_the_session);
	RUN(max_ticks_ends_the_session);
	RUN(delay_comes_before_the_first_tick);
	RUN(stop_before_the_delay_has_passed);
	RUN(only_the_cpus_asked_for);
	RUN(one_session_more_than_the_limit);
	RUN(starts_that_fail_keep_no_memory);
	RUN(a_cgroups_memory_is_a_limit);
	return kt_done();
}
