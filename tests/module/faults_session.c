// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults_session.c - faults while a session starts, is read, written to, polled, described and stopped
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "faults.h"

/* A new session with small rings, not started. */
static void new_session(__u32 source)
{
	before = kt_config();
	before.source = source;
	before.ring_bytes = 16 << 10;
	fd = kt_open();
	kt_configure(fd, &before);
}

/* Start */

static long start(void)
{
	return ioctl(fd, PROFBUF_IOC_START);
}

/* The same file is used until it starts: a failed start must leave nothing in it. */
static void after_start(long result)
{
	CHECK(state_of() == (result ? PROFBUF_STATE_NEW : PROFBUF_STATE_RUNNING));
	check_config_unchanged();
	CHECK(kt_sysfs("sessions") == !result);
	if (result) {
		struct profbuf_counters_get get = { .size = sizeof(get), .cpu = PROFBUF_CPU_NONE };

		CHECK(!lines_with("/proc/vmallocinfo", "[profbuf]"));
		CHECK(ioctl(fd, PROFBUF_IOC_STOP) == -1 && errno == EINVAL);
		CHECK(ioctl(fd, PROFBUF_IOC_COUNTERS, &get) == -1 && errno == EINVAL);
	} else {
		/* A session that started in spite of a fault must work as usual. */
		struct kt_stream s = { 0 };
		struct kt_sums sums;

		/* On a busy host, the machine may get few ticks in a short time. */
		for (int i = 0; i < 20 && kt_counters(fd, -1).delivered <= 10; i++)
			kt_spin(100 * MSEC);
		kt_stop(fd);
		kt_drain(fd, &s);
		sums = kt_check(&s);
		ENOUGH(sums.all_samples > 10, "%llu samples, %llu delivered", (unsigned long long)sums.all_samples,
		       (unsigned long long)kt_counters(fd, -1).delivered);
		CHECK(sums.has_final[0] && sums.all_samples == kt_counters(fd, -1).delivered,
		      "%llu samples, %llu delivered", (unsigned long long)sums.all_samples,
		      (unsigned long long)kt_counters(fd, -1).delivered);
		kt_free(&s);
		close(fd);
		fd = kt_open();
		kt_configure(fd, &before);
	}
}

TEST(starting)
{
	int sources[] = { PROFBUF_SOURCE_HRTIMER, PROFBUF_SOURCE_PERF_CPU_CLOCK };

	for (int i = 0; i < 2; i++) {
		new_session(sources[i]);
		before = get_config();
		each_fault("START", 20, start, after_start);
		close(fd);
		check_works();
	}
}

/* Stop */

static long stop(void)
{
	return ioctl(fd, PROFBUF_IOC_STOP);
}

/* A stop must not fail, because nobody would try again. */
static void after_stop(long result)
{
	struct kt_stream s = { 0 };
	struct kt_sums sums;

	CHECK(!result && state_of() == PROFBUF_STATE_STOPPED);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	CHECK(sums.has_final[0] && sums.all_samples == kt_counters(fd, -1).delivered);
	kt_free(&s);
	close(fd);
	check_nothing_left();
	fd = kt_open();
	kt_configure(fd, &before);
	kt_start(fd);
	kt_spin(5 * MSEC);
}

TEST(stopping)
{
	int sources[] = { PROFBUF_SOURCE_HRTIMER, PROFBUF_SOURCE_PERF_CPU_CLOCK };

	for (int i = 0; i < 2; i++) {
		new_session(sources[i]);
		kt_start(fd);
		each_fault("STOP", 0, stop, after_stop);
		close(fd);
		check_works();
	}
}

/* Returns the pid of a kernel thread. */
static pid_t kernel_thread(const char *name)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	NEED(dir);
	while ((entry = readdir(dir))) {
		char path[300], comm[64] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		f = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "r") : NULL;
		if (f && fscanf(f, "%63s", comm) == 1 && !strcmp(comm, name))
			found = atoi(entry->d_name);
		if (f)
			fclose(f);
	}
	closedir(dir);
	return found;
}

/*
 * The second CPU's counter is made by that CPU's own thread, when the first CPU already has ticks. A bug once: such a
 * start left behind which processes it had described, and the next start did not describe them.
 */
TEST(starting_on_the_second_cpu)
{
	unsigned int n = 0, failed = 0, tries = 0;
	pid_t spinner = kt_spinner(0);
	bool came;

	before = kt_config();
	before.source = PROFBUF_SOURCE_PERF_CPU_CLOCK;
	before.ring_bytes = 64 << 10;
	before.period = MSEC / 10;	/* most times, samples come before the second CPU's turn */
	fd = kt_open();
	kt_configure(fd, &before);
	before = get_config();
	NEED(!tag());
	/* Faults are for that thread, not for this one. */
	close(nth_fd);
	{
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/fail-nth", kernel_thread("cpuhp/1"));
		nth_fd = open(path, O_RDWR);
		NEED(nth_fd >= 0);
	}
	do {
		long result;

		/* Each n several times. */
		if (++tries % 8 == 1)
			n++;
		inject(n);
		result = start();
		NEED(!result || errno == ENOMEM);
		came = injected();
		CHECK(!result || came);
		failed += result < 0;
		CHECK(state_of() == (result ? PROFBUF_STATE_NEW : PROFBUF_STATE_RUNNING));
		check_config_unchanged();
		CHECK(kt_sysfs("sessions") == !result);
		if (result) {
			CHECK(!lines_with("/proc/vmallocinfo", "[profbuf]"));
		} else {
			struct profbuf_counters_get get = { .size = sizeof(get), .cpu = 1 };
			const struct profbuf_record *r = NULL;
			struct kt_stream s = { 0 };
			bool described = false;
			struct kt_sums sums;

			kt_spin(100 * MSEC);
			kt_stop(fd);
			kt_drain(fd, &s);
			sums = kt_check(&s);
			NEED(!ioctl(fd, PROFBUF_IOC_COUNTERS, &get));
			ENOUGH(get.counters.ticks > 10);
			CHECK(get.sideband_processes == sums.processes && get.sideband_mappings == sums.mappings);
			CHECK(sums.tags && get.tag_definitions == sums.tags);
			while ((r = kt_next(&s, r)))
				described |= r->type == PROFBUF_RECORD_PROCESS &&
					     ((const struct profbuf_process *)r)->pid == (__u32)spinner;
			CHECK(described, "after %u starts that failed", failed);
			kt_free(&s);
			close(fd);
			fd = kt_open();
			kt_configure(fd, &before);
			NEED(!tag());
			failed = 0;
		}
	} while (came && !kt_failed && n < 100);
	printf("# START on the second CPU: %u faults in %u starts\n", n - 1, tries);
	CHECK(n > 1);
	kt_kill(spinner);
	close(fd);
	close(nth_fd);
	nth_fd = open("/proc/self/fail-nth", O_RDWR);
	NEED(nth_fd >= 0);
	check_works();
}

/* Reading and writing */

static struct kt_stream stream;

static long read_some(void)
{
	return read(fd, stream.words + stream.n, 64 << 10);
}

static void after_read(long result)
{
	if (result > 0)
		stream.n += result / 8;
}

/* A record whose copy failed comes with the next read: no record is lost, and none comes twice. */
TEST(reading)
{
	struct profbuf_config config = kt_config();
	struct profbuf_counters c;
	struct kt_sums sums;
	uint64_t last = 0;

	config.period = 2 * MSEC;
	config.ring_bytes = 16 << 10;
	fd = kt_open();
	kt_configure(fd, &config);
	stream.words = malloc(8 << 20);
	NEED(stream.words);
	kt_start(fd);
	for (int i = 0; i < 5; i++) {
		const struct profbuf_record *r = NULL;
		size_t n = stream.n;

		kt_spin(100 * MSEC);
		each_fault("read", 1, read_some, after_read);
		CHECK(stream.n > n);
		while ((r = kt_next(&stream, r)))
			last = r->time > last ? r->time : last;
	}
	kt_stop(fd);
	each_fault("read, after the stop", 1, read_some, after_read);
	while (read_some() > 0)
		CHECK(false, "the last read had left something");
	sums = kt_check(&stream);
	c = kt_counters(fd, -1);
	CHECK(sums.all_samples == c.delivered && sums.all_lost == c.lost);
	for (unsigned int cpu = 0; cpu < sums.info->nr_cpus; cpu++)
		CHECK(sums.has_final[cpu]);
	kt_free(&stream);
	close(fd);
	check_works();
}

/* The first read starts the session. */
static void after_first_read(long result)
{
	if (result > 0) {
		CHECK(state_of() == PROFBUF_STATE_RUNNING);
		CHECK(((struct profbuf_record *)stream.words)->type == PROFBUF_RECORD_INFO);
		close(fd);
		fd = kt_open();
		kt_configure(fd, &before);
	} else {
		/* If only a copy failed, the session has started. */
		CHECK(kt_sysfs("sessions") == (state_of() == PROFBUF_STATE_RUNNING));
	}
}

TEST(first_read)
{
	before = kt_config();
	before.ring_bytes = 16 << 10;
	fd = kt_open();
	kt_configure(fd, &before);
	stream.words = malloc(64 << 10);
	NEED(stream.words);
	each_fault("read, the first", 20, read_some, after_first_read);
	kt_free(&stream);
	close(fd);
	check_works();
}

static unsigned int written;

static long write_marker(void)
{
	return write(fd, "a marker", 8);
}

static void after_write(long result)
{
	written += result == 8;
}

TEST(writing)
{
	struct kt_stream s = { 0 };

	running();
	written = 0;
	each_fault("write", 2, write_marker, after_write);
	kt_stop(fd);
	kt_drain(fd, &s);
	CHECK(written && kt_check(&s).markers == written);
	kt_free(&s);
	close(fd);
	check_works();
}

static int ep;

static long poll_it(void)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0);
}

static long epoll_add(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
}

static void after_epoll_add(long result)
{
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL) == (result ? -1 : 0));
}

TEST(polling)
{
	running();
	ep = epoll_create1(EPOLL_CLOEXEC);
	NEED(ep >= 0);
	each_fault("poll", 1, poll_it, nothing);
	each_fault("epoll_ctl", 2, epoll_add, after_epoll_add);
	NEED(!epoll_add());
	close(fd);
	close(ep);
	check_works();
}

/* Makes all threads that may be the worker fail, because it is not known which one will be. */
static void fail_workers(bool on)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	NEED(dir);
	while ((entry = readdir(dir))) {
		char path[300], comm[64] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		f = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "r") : NULL;
		if (f && fscanf(f, "%63s", comm) == 1 && !strncmp(comm, "kworker/u", 9)) {
			int file;

			snprintf(path, sizeof(path), "/proc/%s/make-it-fail", entry->d_name);
			file = open(path, O_WRONLY);
			/* The thread may be gone by now. */
			NEED(file < 0 || write(file, on ? "1" : "0", 1) == 1 || errno == ESRCH);
			close(file);
		}
		if (f)
			fclose(f);
	}
	closedir(dir);
}

/* A description for which the worker has no memory is counted, and made as soon as there is memory. */
TEST(describing)
{
	struct profbuf_counters_get get;
	struct profbuf_config config = kt_config();
	const struct profbuf_record *r = NULL;
	uint64_t lost = 0, told = 0;
	struct kt_stream s = { 0 };
	bool described = false;
	struct kt_sums sums;

	fd = kt_open();
	kt_configure(fd, &config);
	knob("failslab", "task-filter", "Y");
	knob("failslab", "times", "-1");
	/* Sometimes the buffer of a path fails, sometimes a mapping. */
	knob("failslab", "probability", "60");
	fail_workers(true);
	kt_start(fd);
	for (int i = 0; i < 200 && lost < 20; i++) {
		kt_spin(20 * MSEC);
		get = kt_all_counters(fd);
		lost = get.sideband_lost[PROFBUF_SIDEBAND_MEMORY];
	}
	fail_workers(false);
	knob("failslab", "probability", "0");
	knob("failslab", "task-filter", "N");
	knob("failslab", "times", "1");
	/* Until the descriptions are requested again. */
	kt_spin(500 * MSEC);
	kt_stop(fd);
	get = kt_all_counters(fd);
	lost = get.sideband_lost[PROFBUF_SIDEBAND_MEMORY];
	kt_drain(fd, &s);
	sums = kt_check(&s);
	CHECK(sums.all_samples == kt_counters(fd, -1).delivered);
	while ((r = kt_next(&s, r))) {
		if (r->type == PROFBUF_RECORD_SIDEBAND_LOST)
			told += ((const struct profbuf_sideband_lost *)r)->count[PROFBUF_SIDEBAND_MEMORY];
		described |= r->type == PROFBUF_RECORD_PROCESS &&
			     ((const struct profbuf_process *)r)->pid == (__u32)getpid();
	}
	printf("# %llu descriptions failed\n", (unsigned long long)lost);
	ENOUGH(lost >= 5, "%llu lost, %llu told", (unsigned long long)lost, (unsigned long long)told);
	CHECK(told == lost && described, "%llu lost, %llu told", (unsigned long long)lost, (unsigned long long)told);
	kt_free(&s);
	close(fd);
	check_works();
}
