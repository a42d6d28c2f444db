// SPDX-License-Identifier: GPL-2.0-only
/*
 * accounting.c - ticks = delivered + lost + skipped + missed holds at any time, and agrees with the stream
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "kt.h"

static void adds_up(const struct profbuf_config *config, uint64_t ns, struct kt_sums *sums,
		    struct profbuf_counters *sum)
{
	struct kt_stream s = { 0 };
	int fd = kt_open();

	kt_configure(fd, config);
	*sums = kt_run_session(fd, ns, &s);
	*sum = kt_counters(fd, -1);
	sums->info = NULL;
	kt_free(&s);
	close(fd);
}

TEST(hrtimer_adds_up)
{
	struct profbuf_config config = kt_config();
	struct profbuf_counters sum;
	struct kt_sums sums;

	adds_up(&config, 500 * MSEC, &sums, &sum);
	ENOUGH(sum.delivered > 100);
	CHECK(!sum.lost);
}

TEST(perf_cpu_clock_adds_up)
{
	struct profbuf_config config = kt_config();
	struct profbuf_counters sum;
	struct kt_sums sums;

	config.source = PROFBUF_SOURCE_PERF_CPU_CLOCK;
	adds_up(&config, 500 * MSEC, &sums, &sum);
	ENOUGH(sum.delivered > 50, "%llu", (unsigned long long)sum.delivered);
}

/* Without PROFBUF_CONFIG_IDLE, ticks of idle CPUs are counted as skipped for that cause, and nothing else changes. */
TEST(idle_is_skipped_by_name)
{
	struct profbuf_config config = kt_config();
	struct profbuf_counters sum;
	struct kt_sums sums;

	config.flags &= ~PROFBUF_CONFIG_IDLE;
	adds_up(&config, 300 * MSEC, &sums, &sum);
	ENOUGH(sum.skipped[PROFBUF_SKIP_IDLE] > 20);
	config.flags |= PROFBUF_CONFIG_IDLE;
	adds_up(&config, 300 * MSEC, &sums, &sum);
	CHECK(!sum.skipped[PROFBUF_SKIP_IDLE]);
}

TEST(modes_are_skipped_by_name)
{
	struct profbuf_config config = kt_config();
	struct profbuf_counters sum;
	struct kt_sums sums;

	config.flags = PROFBUF_CONFIG_USER;
	adds_up(&config, 300 * MSEC, &sums, &sum);
	CHECK(sum.skipped[PROFBUF_SKIP_KERNEL] + sum.skipped[PROFBUF_SKIP_IDLE] > 0 && !sum.skipped[PROFBUF_SKIP_USER]);
	config.flags = PROFBUF_CONFIG_KERNEL;
	adds_up(&config, 300 * MSEC, &sums, &sum);
	ENOUGH(sum.skipped[PROFBUF_SKIP_USER] > 50);
	CHECK(!sum.skipped[PROFBUF_SKIP_KERNEL]);
}

/* With the smallest ring and no reader, most samples are lost, and LOST records have all of them. */
TEST(small_ring_loses_and_says_so)
{
	struct profbuf_config config = kt_config();
	struct profbuf_counters sum;
	struct kt_sums sums;

	config.ring_bytes = 4096;
	config.kernel_depth = 16;
	config.user_depth = 16;
	config.period = 200000;
	adds_up(&config, 500 * MSEC, &sums, &sum);
	ENOUGH(sum.lost > 100, "%llu", (unsigned long long)sum.lost);
	CHECK(sums.all_lost == sum.lost && sums.loss_records >= 1);
}

/* With a reader that keeps up only now and then, losses come between samples, and every loss is accounted for. */
TEST(losses_come_between_samples)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd = kt_open();

	config.ring_bytes = 4096;
	config.kernel_depth = 16;
	config.user_depth = 16;
	config.period = 200000;
	kt_configure(fd, &config);
	kt_start(fd);
	for (int i = 0; i < 10; i++) {
		kt_spin(50 * MSEC);
		CHECK(kt_read(fd, &s) > 0);
	}
	kt_stop(fd);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	ENOUGH(sums.loss_records >= 5, "%llu", (unsigned long long)sums.loss_records);
	for (int cpu = 0; cpu < (int)sums.info->nr_cpus; cpu++) {
		struct profbuf_counters c = kt_counters(fd, cpu);

		CHECK(c.ticks == kt_accounted(&c) && c.lost == sums.lost[cpu] && c.delivered == sums.samples[cpu]);
	}
	kt_free(&s);
	close(fd);
}

/* While ticks come, every reading of the counters adds up: no tick is counted halfway. */
TEST(adds_up_at_any_time)
{
	struct profbuf_config config = kt_config();
	int fd = kt_open(), off = 0;
	uint64_t before = 0;

	config.period = 100000;
	kt_configure(fd, &config);
	kt_start(fd);
	for (int i = 0; i < 20000; i++) {
		struct profbuf_counters c = kt_counters(fd, i % 3 - 1);

		off += c.ticks != kt_accounted(&c);
		if (i % 3 == 0) {
			CHECK(c.ticks >= before);
			before = c.ticks;
		}
	}
	CHECK(!off, "%d times", off);
	ENOUGH(before > 100);
	close(fd);
}

/*
 * Each CPU has a tick for every period that passed. On an emulated machine the clock may jump a little, and a tick is
 * late for as long as the emulator stands still (314 ms once). Late ticks still come, so the test reads again while
 * some are missing. Periods that were not counted would be missing forever.
 */
TEST(ticks_are_the_periods_that_passed)
{
	struct profbuf_config config = kt_config();
	int sources[] = { PROFBUF_SOURCE_HRTIMER, PROFBUF_SOURCE_PERF_CPU_CLOCK };

	for (int i = 0; i < 2; i++) {
		uint64_t t0, t1, t2, t3, ticks, periods;
		struct profbuf_counters a;
		int fd = kt_open();
		int tries = 0;

		config.source = sources[i];
		kt_configure(fd, &config);
		kt_start(fd);
		kt_sleep(20 * MSEC);
		t0 = kt_now();
		a = kt_counters(fd, 0);
		t1 = kt_now();
		kt_spin(700 * MSEC);
		do {
			if (tries)
				kt_sleep(20 * MSEC);
			t2 = kt_now();
			ticks = kt_counters(fd, 0).ticks - a.ticks;
			t3 = kt_now();
			periods = (t2 - t1) / config.period;
			/* With a small budget, up to a second passes between two ticks. */
		} while (ticks + 30 < periods && ++tries < 200);
		CHECK(ticks + 30 >= periods, "source %d: %llu ticks in %llu ms", i, (unsigned long long)ticks,
		      (unsigned long long)((t2 - t1) / MSEC));
		CHECK(ticks <= (t3 - t0) / config.period + 30, "source %d: %llu ticks in %llu ms", i,
		      (unsigned long long)ticks, (unsigned long long)((t3 - t0) / MSEC));
		close(fd);
	}
}

/* Periods left out for the budget are counted, also those after the last tick. */
TEST(periods_before_the_stop_count)
{
	int others[40];

	/* These sessions share the budget, so that little is left: up to a second passes between two ticks. */
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct profbuf_config config = kt_config();

		config.ring_bytes = 16384;
		config.period = 3600 * SEC;
		others[i] = kt_open();
		kt_configure(others[i], &config);
		kt_start(others[i]);
	}
	kt_set_parameter("max_overhead_percent", 1);
	for (int i = 0; i < 6; i++) {
		struct profbuf_config config = kt_config();
		uint64_t t0, t1, ticks;
		int fd = kt_open();

		config.source = i % 2;
		kt_configure(fd, &config);
		kt_start(fd);
		t0 = kt_now();
		kt_sleep(300 * MSEC + i * 70 * MSEC);
		t1 = kt_now();
		kt_stop(fd);
		ticks = kt_counters(fd, 0).ticks;
		CHECK(ticks > (t1 - t0) / config.period * 9 / 10, "source %d: %llu ticks in %llu ms", i % 2,
		      (unsigned long long)ticks, (unsigned long long)((t1 - t0) / MSEC));
		close(fd);
	}
	kt_set_parameter("max_overhead_percent", 100);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		close(others[i]);
}

/* The counters in sysfs grow by what a session counted, per CPU and in sum, while it runs and after its end. */
TEST(sysfs_has_the_same_numbers)
{
	uint64_t before = kt_sysfs("ticks"), before0 = kt_sysfs("cpu0/ticks"), delivered = kt_sysfs("delivered");
	struct profbuf_config config = kt_config();
	struct profbuf_counters c;
	int fd = kt_open();

	CHECK(kt_sysfs("sessions") == 0);
	/* So that every cause that is possible here is a part of the sum. */
	kt_set_parameter("max_overhead_percent", 1);
	config.period = MSEC / 10;
	kt_configure(fd, &config);
	kt_start(fd);
	CHECK(kt_sysfs("sessions") == 1);
	kt_spin(200 * MSEC);
	CHECK(kt_sysfs("ticks") > before);
	kt_stop(fd);
	c = kt_counters(fd, -1);
	CHECK(kt_sysfs("ticks") - before == c.ticks);
	CHECK(kt_sysfs("delivered") - delivered == c.delivered);
	CHECK(kt_sysfs("cpu0/ticks") - before0 == kt_counters(fd, 0).ticks);
	close(fd);
	CHECK(kt_sysfs("sessions") == 0);
	CHECK(kt_sysfs("ticks") - before == c.ticks);
	kt_set_parameter("max_overhead_percent", 100);
	CHECK(kt_sysfs("skipped_budget") > 0);
	CHECK(kt_sysfs("ticks") == kt_sysfs_accounted());
}

/*
 * Interrupts are sometimes off for longer than a period, in any system. With the shortest allowed period, some periods
 * are missed here.
 */
TEST(missed_periods_count)
{
	struct profbuf_config config = kt_config();
	struct profbuf_counters sum;
	struct kt_sums sums;

	config.period = 50000;
	adds_up(&config, 500 * MSEC, &sums, &sum);
	CHECK(sum.missed > 0);
}

static __attribute__((noinline)) void deep(unsigned int levels, volatile unsigned int *rounds)
{
	if (levels)
		deep(levels - 1, rounds);
	while (++*rounds)
		;
}

/*
 * With the lowest limit for the period, a sample of the deepest stack takes about as long as its period, or longer. The
 * ticks that pass meanwhile are missed, and the processes still make progress.
 */
TEST(ticks_longer_than_their_period)
{
	volatile unsigned int *rounds = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	NEED(rounds != MAP_FAILED);
	kt_set_parameter("min_period_us", 10);
	for (int source = 0; source < 2; source++) {
		struct profbuf_config config = kt_config();
		struct profbuf_counters sum;
		unsigned int before;
		struct kt_sums sums;
		pid_t pids[2];

		for (int i = 0; i < 2; i++) {
			pids[i] = fork();
			NEED(pids[i] >= 0);
			if (!pids[i])
				deep(PROFBUF_STACK_MAX + 20, &rounds[i]);
		}
		while (!rounds[0] || !rounds[1])
			kt_sleep(MSEC);
		before = rounds[0] + rounds[1];
		config.source = source;
		config.period = 10000;
		adds_up(&config, 500 * MSEC, &sums, &sum);
		CHECK(rounds[0] + rounds[1] != before);
		CHECK(sum.missed > 0 && sum.delivered + sum.lost > 10, "source %d", source);
		for (int i = 0; i < 2; i++) {
			kt_kill(pids[i]);
			rounds[i] = 0;
		}
	}
	kt_set_parameter("min_period_us", 50);
	munmap((void *)rounds, 4096);
}

/*
 * perf stops a clock that fires too often between two ticks of the scheduler, and an idle CPU has no such ticks. The
 * test runs a session of each source at the same time: on an idle CPU, perf's clock must have about as many ticks as
 * the hrtimer.
 */
TEST(an_idle_cpus_clock_is_not_throttled)
{
	struct profbuf_config config = kt_config();
	int sources[] = { PROFBUF_SOURCE_HRTIMER, PROFBUF_SOURCE_PERF_CPU_CLOCK }, fds[2];
	unsigned long long idle[2];

	config.flags &= ~PROFBUF_CONFIG_IDLE;
	kt_pin(0);
	for (int i = 0; i < 2; i++) {
		fds[i] = kt_open();
		config.source = sources[i];
		kt_configure(fds[i], &config);
		kt_start(fds[i]);
	}
	kt_sleep(5 * SEC);
	for (int i = 0; i < 2; i++)
		idle[i] = kt_counters(fds[i], 1).skipped[PROFBUF_SKIP_IDLE];
	for (int i = 0; i < 2; i++)
		close(fds[i]);
	printf("# %llu and %llu ticks of an idle CPU\n", idle[0], idle[1]);
	ENOUGH(idle[0] > 100);
	CHECK(idle[1] >= idle[0] / 10 * 9);
}

int main(void)
{
	return kt_main();
}
