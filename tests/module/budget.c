// SPDX-License-Identifier: GPL-2.0-only
/*
 * budget.c - the overhead budget: the rate is lowered and raised, and the stream says so; overhead.c measures how much
 *
 * Not on: *-rt
 */
#define _GNU_SOURCE
#include <sys/stat.h>

#include "greedy.h"

/* Keeps the CPU busy at a depth of @depth frames; callers use about as many frames as a sample may have. */
__attribute__((noinline)) static uint64_t work(unsigned int depth, uint64_t ns)
{
	uint64_t n = 0;

	if (depth) {
		n = work(depth - 1, ns);
		__asm__ volatile("" : "+r"(n));	/* not a tail call */
		return n;
	}
	kt_spin(ns);
	return n;
}

/* Programs still start and end while all possible sessions run at the highest rate. */
TEST(a_shell_stays_usable)
{
	struct profbuf_config config = greedy(PROFBUF_SOURCE_HRTIMER);
	int fds[KT_SESSIONS];

	kt_set_parameter("max_overhead_percent", 5);
	for (int i = 0; i < KT_SESSIONS; i++)
		fds[i] = start(&config);
	for (int i = 0; i < 20; i++)
		CHECK(!system("ls / | sort | wc -l >/dev/null"));
	for (int i = 0; i < KT_SESSIONS; i++)
		close(fds[i]);
}

/*
 * The least number of parts that the limit is divided into, by a record of a new stride: ticks that took
 * @rate->overhead of a CPU at the stride @before are to take one part, and a stride less would have been too little.
 * This says so however long the ticks of this machine are. 0: the rate was not lowered, or is the lowest that there is.
 */
static double parts_of(const struct profbuf_rate *rate, uint64_t before, int limit)
{
	if (rate->stride <= before || rate->stride >= 20000)
		return 0;
	return (rate->stride - 1) * limit * 1e4 / ((double)before * rate->overhead);
}

/* By the last run(): the most parts that a record says. */
static double most_parts;

/*
 * Runs a session until its rate was lowered, and some time longer. @max gets the largest stride, @last the last stride
 * of each CPU. @part is the session's part of a CPU, in parts per million.
 */
static struct kt_sums run(uint32_t source, uint64_t *max, uint64_t last[KT_CPUS], int limit_at_end, unsigned int part)
{
	struct profbuf_config config = greedy(source);
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd;

	config.ring_bytes = 1 << 20;
	fd = start(&config);
	/* A busy host may keep so many ticks from the machine that the remaining ones are within the limit. */
	for (int i = 0; i < 200 && !kt_counters(fd, 0).skipped[PROFBUF_SKIP_BUDGET]; i++) {
		kt_pin(0);
		work(120, 200 * MSEC);
	}
	kt_pin(1);
	work(120, 600 * MSEC);
	kt_set_parameter("max_overhead_percent", limit_at_end);
	kt_pin(0);
	/* A CPU that was slowed down most has one tick per second. */
	work(120, 1500 * MSEC);
	kt_stop(fd);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	*max = 1;
	most_parts = 0;
	for (int i = 0; i < KT_CPUS; i++)
		last[i] = 1;
	while ((r = kt_next(&s, r))) {
		const struct profbuf_rate *rate = (const void *)r;

		if (r->type != PROFBUF_RECORD_RATE)
			continue;
		CHECK(rate->stride != last[r->cpu] && rate->stride >= 1 && rate->stride <= 20000, "stride %llu",
		      (unsigned long long)rate->stride);
		CHECK(rate->overhead <= 1100000);
		CHECK(rate->stride < last[r->cpu] || rate->overhead > part, "lowered at %llu ppm",
		      (unsigned long long)rate->overhead);
		if (parts_of(rate, last[r->cpu], 5) > most_parts)
			most_parts = parts_of(rate, last[r->cpu], 5);
		last[r->cpu] = rate->stride;
		if (rate->stride > *max)
			*max = rate->stride;
	}
	kt_free(&s);
	close(fd);
	return sums;
}

/* What is left out is counted, too: the number of periods is the same as without a limit. */
TEST(the_stream_says_when_the_rate_is_lowered)
{
	static const uint32_t sources[] = { PROFBUF_SOURCE_HRTIMER, PROFBUF_SOURCE_PERF_CPU_CLOCK };
	uint64_t max, last[KT_CPUS];

	for (int i = 0; i < 2; i++) {
		struct kt_sums sums;

		kt_set_parameter("max_overhead_percent", 5);
		sums = run(sources[i], &max, last, 5, 50000);
		CHECK(sums.rates && max > 1);
		CHECK(sums.final[0].skipped[PROFBUF_SKIP_BUDGET]);
		CHECK(sums.final[0].ticks == kt_accounted(&sums.final[0]));
		/*
		 * 2.1 s at 20 kHz. This does not hold for perf's clock: when perf throttles it, not all missed periods
		 * are counted.
		 */
		CHECK(sources[i] != PROFBUF_SOURCE_HRTIMER || sums.final[0].ticks >= 42000, "%llu ticks",
		      (unsigned long long)sums.final[0].ticks);
	}
}

TEST(the_stream_says_when_the_rate_is_raised)
{
	uint64_t max, last[KT_CPUS];
	struct kt_sums sums;

	kt_set_parameter("max_overhead_percent", 5);
	sums = run(PROFBUF_SOURCE_HRTIMER, &max, last, 100, 50000);
	CHECK(sums.rates >= 2 && max > 1);
	CHECK(last[0] == 1, "CPU 0 ended at 1/%llu", (unsigned long long)last[0]);
	kt_set_parameter("max_overhead_percent", 5);
}

/* At 19 Hz the two ticks of a window take less than the session's part, however long they are. */
TEST(a_greedy_session_does_not_slow_down_a_modest_one)
{
	struct profbuf_config config = greedy(PROFBUF_SOURCE_HRTIMER);
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd, other;

	kt_set_parameter("max_overhead_percent", 5);
	other = start(&config);
	config.period = SEC / 19;
	fd = start(&config);
	kt_pin(0);
	work(120, 2 * SEC);
	kt_stop(fd);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	CHECK(!sums.rates && !sums.final[0].skipped[PROFBUF_SKIP_BUDGET]);
	ENOUGH(sums.final[0].ticks >= 36);
	CHECK(kt_counters(other, 0).skipped[PROFBUF_SKIP_BUDGET]);
	kt_free(&s);
	close(fd);
	close(other);
}

/*
 * A session with rights has half of the limit for itself, however many sessions without rights there are: its part is
 * 1/2, not 1/33.
 */
TEST(users_without_rights_do_not_take_from_those_with)
{
	struct profbuf_config idle = kt_config();
	uint64_t max, last[KT_CPUS];
	int fds[32];

	NEED(!chmod(PROFBUF_DEVICE, 0666));
	kt_set_parameter("max_overhead_percent", 5);
	idle.flags = PROFBUF_CONFIG_USER;
	idle.kernel_depth = 0;
	idle.period = SEC;
	for (int i = 0; i < 32; i++) {
		fds[i] = kt_open_as(1000 + i / 8);
		kt_configure(fds[i], &idle);
		kt_start(fds[i]);
	}
	run(PROFBUF_SOURCE_HRTIMER, &max, last, 5, 25000);
	for (int i = 0; i < 32; i++)
		close(fds[i]);
	printf("# %.2f parts at least\n", most_parts);
	ENOUGH(most_parts);
	CHECK(most_parts < 2.1, "%.2f parts", most_parts);
}

/* Sessions whose ticks have ended, or not begun, take no part of the budget. */
TEST(sessions_without_ticks_have_no_part)
{
	struct profbuf_config later = greedy(PROFBUF_SOURCE_HRTIMER);
	uint64_t max, last[KT_CPUS];
	int fds[KT_SESSIONS - 1];

	kt_set_parameter("max_overhead_percent", 5);
	later.flush_ns = SEC;
	later.delay_ns = 3600 * SEC;
	for (int i = 0; i < KT_SESSIONS - 1; i++) {
		fds[i] = start(&later);
		if (i & 1)
			kt_stop(fds[i]);
	}
	run(PROFBUF_SOURCE_HRTIMER, &max, last, 5, 50000);
	for (int i = 0; i < KT_SESSIONS - 1; i++)
		close(fds[i]);
	printf("# %.2f parts at least\n", most_parts);
	ENOUGH(most_parts);
	CHECK(most_parts < 1.1, "%.2f parts", most_parts);
}

/* If the reader does not come, more changes of the rate happen than are kept for it, and the lost ones are counted. */
TEST(changes_nobody_reads_are_counted)
{
	struct profbuf_config config = greedy(PROFBUF_SOURCE_HRTIMER);
	struct profbuf_counters_get get;
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd = start(&config);

	kt_pin(0);
	for (int i = 0; i < 20; i++) {
		kt_set_parameter("max_overhead_percent", 1);
		work(120, 120 * MSEC);
		kt_set_parameter("max_overhead_percent", 100);
		work(120, 250 * MSEC);
	}
	kt_stop(fd);
	get = kt_all_counters(fd);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	ENOUGH(sums.rates >= 32, "%llu changes, %llu lost", (unsigned long long)sums.rates,
	       (unsigned long long)get.sideband_lost[PROFBUF_SIDEBAND_BUSY]);
	CHECK(get.sideband_lost[PROFBUF_SIDEBAND_BUSY], "%llu changes, %llu lost", (unsigned long long)sums.rates,
	      (unsigned long long)get.sideband_lost[PROFBUF_SIDEBAND_BUSY]);
	kt_free(&s);
	close(fd);
	kt_set_parameter("max_overhead_percent", 5);
}

int main(void)
{
	return kt_main();
}
