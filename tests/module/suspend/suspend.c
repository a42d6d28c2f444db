// SPDX-License-Identifier: GPL-2.0-only
/*
 * suspend.c - the machine sleeps while it is sampled: the session goes on after it, and its reader; it adds up
 *
 * The kernel's test of suspend goes as far as a step and comes back: the last one is all but the hardware's part.
 *
 * Runs in a machine of its own, with no device that does not wake again: see run.
 */
#define _GNU_SOURCE
#include "kt.h"

static bool set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);
	bool ok = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);

	close(fd);
	return ok;
}

/* ns, of the clock that goes on in the machine's sleep. */
static uint64_t boottime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * SEC + t.tv_nsec;
}

/* Waits for data in read() all the time. */
static pid_t start_reader(int fd)
{
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (pid)
		return pid;
	kt_drain(fd, &s);
	sums = kt_check(&s);
	for (int cpu = 0; cpu < (int)sums.info->nr_cpus; cpu++) {
		struct profbuf_counters c = kt_counters(fd, cpu);

		CHECK(c.ticks == kt_accounted(&c), "CPU %d", cpu);
		CHECK(c.delivered == sums.samples[cpu] && c.lost == sums.lost[cpu], "CPU %d", cpu);
	}
	fflush(stdout);
	_exit(kt_failed);
}

static void wait_for_ticks(int fd, int cpu, uint64_t more)
{
	uint64_t before = kt_counters(fd, cpu).ticks;

	for (int i = 0; i < 1000 && kt_counters(fd, cpu).ticks < before + more; i++)
		kt_sleep(10 * MSEC);
	CHECK(kt_counters(fd, cpu).ticks >= before + more, "CPU %d", cpu);
}

/* A session over a sleep that goes as far as @level, a second long, and back. */
static void sleep_under(int source, const char *level)
{
	struct profbuf_config config = kt_config();
	uint64_t start, awake;
	int64_t slept;
	int fd = kt_open(), status;
	pid_t reader;

	config.source = source;
	config.ring_bytes = 1 << 20;
	kt_configure(fd, &config);
	start = kt_now();
	kt_start(fd);
	reader = start_reader(fd);
	wait_for_ticks(fd, 1, 50);

	NEED(set("/sys/power/pm_test", level));
	slept = boottime() - kt_now();
	CHECK(set("/sys/power/state", "mem"), "%s: %s", level, strerror(errno));
	slept = boottime() - kt_now() - slept;
	printf("# %s, source %d: %lld ms out of time\n", level, source, (long long)slept / (long long)MSEC);
	/* To the last step even the clock was off. */
	CHECK(strcmp(level, "core") || slept > 100 * (int64_t)MSEC);

	for (int cpu = 0; cpu < 2; cpu++)
		wait_for_ticks(fd, cpu, 50);
	kt_stop(fd);
	awake = kt_now() - start;
	/* In its sleep the machine has no ticks, nor were they missed. */
	for (int cpu = 0; cpu < 2; cpu++)
		CHECK(kt_counters(fd, cpu).ticks <= awake / config.period + 30, "CPU %d: %llu ticks in %llu ms", cpu,
		      (unsigned long long)kt_counters(fd, cpu).ticks, (unsigned long long)(awake / MSEC));
	NEED(waitpid(reader, &status, 0) == reader);
	CHECK(!status, "the reader ended with %x", status);
	close(fd);
}

static const char *const levels[] = { "freezer", "devices", "platform", "processors", "core" };

/* How many there are: a machine that only idles in its sleep goes no further than the third. */
static size_t nr_levels = sizeof(levels) / sizeof(*levels);

/* As far as to each step, and back. */
static void steps_towards_sleep(int source)
{
	for (size_t i = 0; i < nr_levels; i++)
		sleep_under(source, levels[i]);
}

TEST(steps_towards_sleep_hrtimer)
{
	steps_towards_sleep(PROFBUF_SOURCE_HRTIMER);
}

TEST(steps_towards_sleep_perf)
{
	steps_towards_sleep(PROFBUF_SOURCE_PERF_CPU_CLOCK);
}

int main(void)
{
	NEED(set("/sys/module/suspend/parameters/pm_test_delay", "1"));
	if (!set("/sys/power/mem_sleep", "deep")) {
		NEED(set("/sys/power/mem_sleep", "s2idle"));
		nr_levels = 3;
	}
	return kt_main();
}
