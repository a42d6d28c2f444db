// SPDX-License-Identifier: GPL-2.0-only
/*
 * overhead.c - ticks never take more than their share of a CPU, whatever the sessions ask for
 *
 * The share is measured by how much slower a loop gets, on a machine whose clock counts instructions (tests/module/run
 * --icount).
 *
 * Runs on: none: see tests/module/run --icount
 */
#define _GNU_SOURCE
#include "greedy.h"

/* Returns how often a function below @depth frames can count to a thousand in @ns. */
__attribute__((noinline)) static uint64_t work(unsigned int depth, uint64_t ns)
{
	uint64_t end, n = 0;
	volatile unsigned int i;

	if (depth) {
		n = work(depth - 1, ns);
		__asm__ volatile("" : "+r"(n));	/* not a tail call */
		return n;
	}
	for (end = kt_now() + ns; kt_now() < end; n++) {
		for (i = 0; i < 1000; i++)
			;
	}
	return n;
}

/* Returns the share of a CPU that @n such sessions take: the median of rounds, each with and without them. */
static double share_of(const struct profbuf_config *config, unsigned int n)
{
	double shares[5];
	int fds[KT_SESSIONS];

	kt_pin(0);
	for (int round = 0; round < 5; round++) {
		uint64_t without = work(120, 300 * MSEC), with;
		int at = round;

		for (unsigned int i = 0; i < n; i++)
			fds[i] = start(config);
		work(120, 500 * MSEC);	/* until the rate has settled */
		with = work(120, 300 * MSEC);
		for (unsigned int i = 0; i < n; i++)
			close(fds[i]);
		without = (without + work(120, 300 * MSEC)) / 2;
		for (double one = 1 - (double)with / without; at && shares[at - 1] > one; at--)
			shares[at] = shares[at - 1];
		shares[at] = 1 - (double)with / without;
	}
	return shares[2];
}

static double share(uint32_t source, unsigned int n)
{
	struct profbuf_config config = greedy(source);

	return share_of(&config, n);
}

/* Looking which readers to wake is not a tick, and not limited by the budget. */
TEST(flushes_are_bounded)
{
	struct profbuf_config config = greedy(PROFBUF_SOURCE_HRTIMER);
	double flushes;

	config.delay_ns = 3600 * SEC;
	flushes = share_of(&config, KT_SESSIONS);
	printf("# %d sessions without ticks, flushed as often as may be: %.1f %%\n", KT_SESSIONS, 100 * flushes);
	CHECK(flushes < 0.008);
}

TEST(the_share_of_a_cpu_is_bounded)
{
	double unlimited, limited;

	kt_set_parameter("max_overhead_percent", 100);
	unlimited = share(PROFBUF_SOURCE_HRTIMER, 1);
	kt_set_parameter("max_overhead_percent", 5);
	limited = share(PROFBUF_SOURCE_HRTIMER, 1);
	printf("# hrtimer at 20 kHz takes %.1f %% of a CPU, with a limit of 5 %%: %.1f %%\n", 100 * unlimited,
	       100 * limited);
	CHECK(unlimited > 0.1 && limited < 0.05);
	unlimited = limited;
	limited = share(PROFBUF_SOURCE_PERF_CPU_CLOCK, 1);
	printf("# cpu-clock, with a limit of 5 %%: %.1f %%\n", 100 * limited);
	CHECK(limited < 0.05);
	limited = share(PROFBUF_SOURCE_HRTIMER, KT_SESSIONS);
	printf("# %d sessions at once, with a limit of 5 %%: %.1f %%\n", KT_SESSIONS, 100 * limited);
	CHECK(limited < 0.06);
}

int main(void)
{
	return kt_main();
}
