// SPDX-License-Identifier: GPL-2.0-only
/*
 * hotplug.c - CPUs go offline and come online while they are sampled
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

/* A CPU that is offline has no ticks. When it is online again, its ticks go on in the same session. */
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
	ENOUGH(before > 10);
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

TEST(cpu_goes_and_comes_hrtimer)
{
	cpu_goes_and_comes(PROFBUF_SOURCE_HRTIMER);
}

TEST(cpu_goes_and_comes_perf)
{
	cpu_goes_and_comes(PROFBUF_SOURCE_PERF_CPU_CLOCK);
}

TEST(session_starts_while_a_cpu_is_off)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	int fd = kt_open();

	CHECK(set_online(1, false));
	kt_configure(fd, &config);
	kt_start(fd);
	kt_spin(100 * MSEC);
	ENOUGH(kt_counters(fd, 0).ticks > 10);
	CHECK(kt_counters(fd, 1).ticks == 0);
	CHECK(set_online(1, true));
	kt_spin(200 * MSEC);
	ENOUGH(kt_counters(fd, 1).ticks > 20);
	kt_stop(fd);
	kt_drain(fd, &s);
	check_sums(fd, &s);
	kt_free(&s);
	close(fd);
}

TEST(session_ends_while_a_cpu_is_off)
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

/* A session with max_ticks ends without waiting for a CPU that is offline. */
TEST(max_ticks_with_a_cpu_off)
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

/* A session with max_ticks also ends if the last CPU with ticks left goes offline. */
TEST(max_ticks_when_the_last_cpu_goes_off)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	struct pollfd p = { 0 };
	pid_t spinner = kt_spinner(0);
	int fd = kt_open();

	config.max_ticks = 2000;
	CHECK(set_online(1, false));
	kt_configure(fd, &config);
	kt_start(fd);
	while (kt_counters(fd, 0).ticks < 1000)
		kt_sleep(MSEC);
	CHECK(set_online(1, true));
	while (kt_counters(fd, 0).ticks < 2000)
		kt_sleep(MSEC);
	CHECK(kt_counters(fd, 1).ticks < 2000);
	CHECK(set_online(1, false));
	p = (struct pollfd){ .fd = fd };
	if (poll(&p, 1, 5000) == 1)
		kt_drain(fd, &s);
	CHECK(p.revents == POLLHUP);
	CHECK(kt_counters(fd, 1).ticks < 2000);
	kt_stop(fd);
	kt_free(&s);
	close(fd);
	CHECK(set_online(1, true));
	kt_kill(spinner);
}

TEST(many_transitions_under_load)
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

/* All other CPUs go offline, one after another, while the session runs, and come back. */
TEST(first_cpu_is_alone)
{
	struct profbuf_config config = kt_config();
	int n = sysconf(_SC_NPROCESSORS_CONF), fd = kt_open();
	struct kt_stream s = { 0 };
	uint64_t before;

	kt_configure(fd, &config);
	kt_start(fd);
	for (int cpu = 1; cpu < n; cpu++)
		CHECK(set_online(cpu, false));
	CHECK(sysconf(_SC_NPROCESSORS_ONLN) == 1);
	before = kt_counters(fd, 0).ticks;
	kt_spin(200 * MSEC);
	CHECK(kt_counters(fd, 0).ticks > before + 20);
	CHECK(kt_read(fd, &s) > 0);
	for (int cpu = 1; cpu < n; cpu++)
		CHECK(set_online(cpu, true));
	kt_spin(200 * MSEC);
	for (int cpu = 1; cpu < n; cpu++)
		ENOUGH(kt_counters(fd, cpu).ticks > 20, "CPU %d", cpu);
	kt_stop(fd);
	kt_drain(fd, &s);
	check_sums(fd, &s);
	kt_free(&s);
	close(fd);
}

/* Makes the kernel fail the next callback of @state on @cpu. Returns false if that state cannot fail. */
static bool inject(int cpu, int state)
{
	char path[96], number[16];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/hotplug/fail", cpu);
	fd = open(path, O_WRONLY);
	NEED(fd >= 0);
	snprintf(number, sizeof(number), "%d", state);
	ok = write(fd, number, strlen(number)) > 0;
	close(fd);
	return ok;
}

#define STATES_MAX	300

/* Gets the numbers of the kernel's CPU hotplug states, and which of them is the module's. */
static int get_states(int *states, int *own)
{
	FILE *f = fopen("/sys/devices/system/cpu/hotplug/states", "r");
	char name[128];
	int n = 0;

	NEED(f);
	*own = -1;
	while (n < STATES_MAX && fscanf(f, "%d: %127[^\n]", &states[n], name) == 2) {
		if (!strcmp(name, "profbuf:online"))
			*own = states[n];
		n++;
	}
	fclose(f);
	NEED(*own > 0);
	return n;
}

static bool is_online(int cpu)
{
	char path[96];
	int online;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	f = fopen(path, "r");
	NEED(f && fscanf(f, "%d", &online) == 1);
	fclose(f);
	return online;
}

/* The CPU has ticks if it is online, and none otherwise. */
static void check_ticks_of_cpu_1(int fd, int state)
{
	uint64_t before = kt_counters(fd, 1).ticks;
	bool online = is_online(1);
	uint64_t ticks = 0;

	for (int i = 0; i < (online ? 500 : 5) && ticks < 5; i++) {
		kt_sleep(10 * MSEC);
		ticks = kt_counters(fd, 1).ticks - before;
	}
	CHECK(online ? ticks >= 5 : !ticks, "state %d: CPU 1 is %s and had %llu ticks", state, online ? "on" : "off",
	      (unsigned long long)ticks);
}

/*
 * A CPU fails to go offline or come online, at each callback that can fail. The kernel then undoes the callbacks
 * before, also the module's. A CPU that is online must then have ticks, and one that is offline none.
 */
static void transitions_that_fail(int source)
{
	int states[STATES_MAX], failed_down = 0, failed_up = 0, fd = kt_open(), own, n = get_states(states, &own);
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	bool own_down = false, own_up = false;

	config.source = source;
	kt_configure(fd, &config);
	kt_start(fd);
	NEED(!fcntl(fd, F_SETFL, O_NONBLOCK));
	for (int i = 0; i < n; i++) {
		bool failed;

		if (!inject(1, states[i]))
			continue;
		failed = !set_online(1, false);
		CHECK(failed == is_online(1), "state %d", states[i]);
		check_ticks_of_cpu_1(fd, states[i]);
		failed_down += failed;
		own_down |= failed && states[i] == own;
		NEED(inject(1, -1));
		CHECK(failed || set_online(1, true));
		while (kt_read(fd, &s) > 0)
			;
	}
	CHECK(set_online(1, false));
	for (int i = 0; i < n; i++) {
		bool failed;

		if (!inject(1, states[i]))
			continue;
		failed = !set_online(1, true);
		CHECK(failed == !is_online(1), "state %d", states[i]);
		check_ticks_of_cpu_1(fd, states[i]);
		failed_up += failed;
		own_up |= failed && states[i] == own;
		NEED(inject(1, -1));
		CHECK(failed || set_online(1, false));
		while (kt_read(fd, &s) > 0)
			;
	}
	CHECK(set_online(1, true));
	printf("# %d failed to go, %d failed to come\n", failed_down, failed_up);
	ENOUGH(failed_down >= 5 && failed_up >= 10);
	CHECK(own_down && own_up);
	kt_stop(fd);
	kt_drain(fd, &s);
	check_sums(fd, &s);
	kt_free(&s);
	close(fd);
}

TEST(transitions_that_fail_hrtimer)
{
	transitions_that_fail(PROFBUF_SOURCE_HRTIMER);
}

TEST(transitions_that_fail_perf)
{
	transitions_that_fail(PROFBUF_SOURCE_PERF_CPU_CLOCK);
}

/*
 * The start fails on the second CPU, when the first one already has ticks: nothing of them is left, and the next start
 * is like a first one.
 */
TEST(start_that_fails_on_the_second_cpu)
{
	for (int source = 0; source < 2; source++) {
		struct profbuf_config config = kt_config();
		int states[STATES_MAX], fd = kt_open(), own;
		struct kt_stream s = { 0 };
		struct profbuf_info info = { .size = sizeof(info) };
		struct kt_sums sums;

		get_states(states, &own);
		config.source = source;
		kt_configure(fd, &config);
		for (int i = 0; i < 5; i++) {
			NEED(inject(1, own));
			CHECK(ioctl(fd, PROFBUF_IOC_START) == -1 && errno == EAGAIN, "%s", strerror(errno));
			NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
			CHECK(info.state == PROFBUF_STATE_NEW && !info.used_memory);
		}
		sums = kt_run_session(fd, 200 * MSEC, &s);
		ENOUGH(sums.samples[0] > 10 && sums.samples[1] > 10);
		kt_free(&s);
		close(fd);
	}
}

int main(void)
{
	return kt_main();
}
