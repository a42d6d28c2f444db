// SPDX-License-Identifier: GPL-2.0-only
/*
 * hotplug.c - CPUs go off and come on while they are sampled
 */
#define _GNU_SOURCE
#include "kt.h"

static bool set_online(int cpu, bool online)
{
	char path[96];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	f = fopen(path, "w");
	NEED(f);
	ok = fprintf(f, "%d", online) > 0;
	return !fclose(f) && ok;
}

static void check_sums(int fd, const struct kt_stream *s)
{
	struct kt_sums sums = kt_check(s);

	for (int cpu = 0; cpu < (int)sums.info->nr_cpus; cpu++) {
		struct profbuf_counters c = kt_counters(fd, cpu);

		CHECK(c.ticks == kt_accounted(&c), "CPU %d", cpu);
		CHECK(c.delivered == sums.samples[cpu] && c.lost == sums.lost[cpu], "CPU %d", cpu);
	}
}

/* Off: no ticks; on again: ticks go on, in the same session. */
static void cpu_goes_and_comes(int source)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	uint64_t before, off;
	int fd = kt_open();

	config.source = source;
	kt_configure(fd, &config);
	kt_start(fd);
	kt_spin(100 * MSEC);
	CHECK(set_online(1, false));
	before = kt_counters(fd, 1).ticks;
	CHECK(before > 10);
	kt_spin(200 * MSEC);
	off = kt_counters(fd, 1).ticks;
	CHECK(off == before, "%llu ticks while off", (unsigned long long)(off - before));
	CHECK(set_online(1, true));
	kt_spin(200 * MSEC);
	CHECK(kt_counters(fd, 1).ticks > off + 20);
	kt_stop(fd);
	kt_drain(fd, &s);
	check_sums(fd, &s);
	kt_free(&s);
	close(fd);
}

static void cpu_goes_and_comes_hrtimer(void)
{
	cpu_goes_and_comes(PROFBUF_SOURCE_HRTIMER);
}

static void cpu_goes_and_comes_perf(void)
{
	cpu_goes_and_comes(PROFBUF_SOURCE_PERF_CPU_CLOCK);
}

static void session_starts_while_a_cpu_is_off(void)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	int fd = kt_open();

	CHECK(set_online(1, false));
	kt_configure(fd, &config);
	kt_start(fd);
	kt_spin(100 * MSEC);
	CHECK(kt_counters(fd, 0).ticks > 10 && kt_counters(fd, 1).ticks == 0);
	CHECK(set_online(1, true));
	kt_spin(200 * MSEC);
	CHECK(kt_counters(fd, 1).ticks > 20);
	kt_stop(fd);
	kt_drain(fd, &s);
	check_sums(fd, &s);
	kt_free(&s);
	close(fd);
}

static void session_ends_while_a_cpu_is_off(void)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	int fd = kt_open();

	kt_configure(fd, &config);
	kt_start(fd);
	kt_spin(100 * MSEC);
	CHECK(set_online(1, false));
	kt_stop(fd);
	kt_drain(fd, &s);
	check_sums(fd, &s);
	kt_free(&s);
	close(fd);
	CHECK(set_online(1, true));
}

/* An end by max_ticks does not wait for a CPU that is off. */
static void max_ticks_with_a_cpu_off(void)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	pid_t spinner = kt_spinner(0);
	int fd = kt_open();

	config.max_ticks = 300;
	kt_configure(fd, &config);
	kt_start(fd);
	CHECK(set_online(1, false));
	kt_drain(fd, &s);
	check_sums(fd, &s);
	CHECK(set_online(1, true));
	kt_kill(spinner);
	kt_free(&s);
	close(fd);
}

static void many_transitions_under_load(void)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	pid_t a = kt_spinner(-1), b = kt_spinner(-1);
	int fd = kt_open(), other = kt_open();

	config.period = 200000;
	kt_configure(fd, &config);
	config.source = PROFBUF_SOURCE_PERF_CPU_CLOCK;
	kt_configure(other, &config);
	kt_start(fd);
	kt_start(other);
	NEED(!fcntl(fd, F_SETFL, O_NONBLOCK));
	for (int i = 0; i < 20; i++) {
		CHECK(set_online(1, false));
		while (kt_read(fd, &s) > 0)
			;
		CHECK(set_online(1, true));
	}
	kt_stop(fd);
	kt_drain(fd, &s);
	check_sums(fd, &s);
	kt_kill(a);
	kt_kill(b);
	kt_free(&s);
	close(other);
	close(fd);
}

int main(void)
{
	RUN(cpu_goes_and_comes_hrtimer);
	RUN(cpu_goes_and_comes_perf);
	RUN(session_starts_while_a_cpu_is_off);
	RUN(session_ends_while_a_cpu_is_off);
	RUN(max_ticks_with_a_cpu_off);
	RUN(many_transitions_under_load);
	return kt_done();
}
