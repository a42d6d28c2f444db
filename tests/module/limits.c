// SPDX-License-Identifier: GPL-2.0-only
/*
 * limits.c - sessions that end by themselves, begin late or run on some CPUs only; limits of all sessions together
 */
#define _GNU_SOURCE
#include <sys/stat.h>

#include "kt.h"

TEST(duration_ends_the_session)
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
	ENOUGH(sums.all_samples > 50);
	CHECK(sums.has_final[0]);
	kt_free(&s);
	close(fd);
}

/* Every CPU ends after exactly max_ticks ticks, whatever became of the ticks. */
TEST(max_ticks_ends_the_session)
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

/* No sample has a time before the end of the delay. */
TEST(delay_comes_before_the_first_tick)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	pid_t spinner = kt_spinner(0);
	uint64_t first = UINT64_MAX;
	struct kt_sums sums;
	int fd = kt_open();

	config.delay_ns = 400 * MSEC;
	config.duration_ns = 3 * SEC;	/* counted from the first tick */
	kt_configure(fd, &config);
	kt_start(fd);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	EACH_SAMPLE(sample, &s) {
		if (sample->time < first)
			first = sample->time;
	}
	CHECK(sums.all_samples > 0 && first >= sums.info->time + config.delay_ns, "%llu samples, the first after %lld",
	      (unsigned long long)sums.all_samples, (long long)(first - sums.info->time));
	kt_kill(spinner);
	kt_free(&s);
	close(fd);
}

TEST(stop_before_the_delay_has_passed)
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

TEST(only_the_cpus_asked_for)
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
	ENOUGH(sums.final[1].ticks > 50);
	CHECK(!sums.final[0].ticks);
	kt_free(&s);
	close(fd);
}

/* One session more than the limit cannot start, and can start when another one is closed. */
TEST(one_session_more_than_the_limit)
{
	struct profbuf_config config = kt_config();
	int fds[KT_SESSIONS], extra = kt_open();

	config.ring_bytes = 16384;
	config.period = SEC;
	for (int i = 0; i < KT_SESSIONS; i++) {
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

/* Starts that fail again and again take no more memory (a bug once: half a MiB of tags each). */
TEST(starts_that_fail_keep_no_memory)
{
	struct profbuf_config config = kt_config();
	int fds[KT_SESSIONS], extra = kt_open();
	long before, after;

	config.ring_bytes = 16384;
	config.period = SEC;
	for (int i = 0; i < KT_SESSIONS; i++) {
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
	for (int i = 0; i < KT_SESSIONS; i++)
		close(fds[i]);
	close(extra);
}

/* Reads a number from a file, after @word if there is one. */
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

/* A session of a user without rights: it samples nearly nothing, and has little memory. */
static struct profbuf_config small_config(void)
{
	struct profbuf_config config = kt_config();

	config.flags = PROFBUF_CONFIG_USER;
	config.period = SEC;
	config.ring_bytes = 4096;
	config.kernel_depth = 0;
	config.user_depth = 16;
	return config;
}

static int configured_as(uid_t uid, const struct profbuf_config *config)
{
	int fd = uid ? kt_open_as(uid) : kt_open();

	kt_configure(fd, config);
	return fd;
}

/* Checks that the session cannot start for that reason, and has not changed. */
static void refused(int fd, int error)
{
	struct profbuf_info info = { .size = sizeof(info) };

	CHECK(ioctl(fd, PROFBUF_IOC_START) == -1 && errno == error, "%s", strerror(errno));
	CHECK(read(fd, &info, 8) == -1 && errno == error, "%s", strerror(errno));	/* a read would start it */
	NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
	CHECK(info.state == PROFBUF_STATE_NEW && !info.used_memory);
}

static void starts(int fd)
{
	CHECK(!ioctl(fd, PROFBUF_IOC_START), "%s", strerror(errno));
}

static void close_all(int *fds, int n)
{
	for (int i = 0; i < n; i++)
		close(fds[i]);
}

#define USER 1000	/* this user and the ones with the numbers after it */

TEST(one_user_has_eight_sessions)
{
	struct profbuf_config config = small_config();
	int fds[8], extra, others[2];

	for (int i = 0; i < 8; i++) {
		fds[i] = configured_as(USER, &config);
		starts(fds[i]);
	}
	extra = configured_as(USER, &config);
	refused(extra, EUSERS);
	others[0] = configured_as(USER + 1, &config);
	starts(others[0]);
	others[1] = configured_as(0, &config);
	starts(others[1]);
	/* The slot becomes free when the file is closed, not at the stop. */
	kt_stop(fds[0]);
	refused(extra, EUSERS);
	close(fds[0]);
	starts(extra);
	close_all(fds + 1, 7);
	close_all(others, 2);
	close(extra);
}

TEST(users_without_rights_have_half_of_the_slots)
{
	struct profbuf_config config = small_config();
	int users[32], root[32], extra, one_more;

	for (int i = 0; i < 32; i++) {
		users[i] = configured_as(USER + i / 7, &config);
		starts(users[i]);
	}
	extra = configured_as(USER + 100, &config);
	refused(extra, EUSERS);
	for (int i = 0; i < 32; i++) {
		root[i] = configured_as(0, &config);
		starts(root[i]);
	}
	one_more = configured_as(0, &config);
	refused(one_more, EUSERS);
	close(users[0]);
	starts(extra);
	close_all(users + 1, 31);
	close_all(root, 32);
	close(extra);
	close(one_more);
}

static void set_memory(int mb)
{
	FILE *f = fopen("/sys/module/profbuf/parameters/max_memory_mb", "w");

	NEED(f && fprintf(f, "%d", mb) > 0 && !fclose(f));
}

TEST(the_memory_of_a_user_is_bounded)
{
	struct profbuf_config config = small_config();
	int fds[2], others[3];

	set_memory(8);
	config.ring_bytes = 2 << 20;	/* on 2 CPUs: more than half of the limit */
	for (int i = 0; i < 2; i++)
		fds[i] = configured_as(USER, &config);
	starts(fds[0]);
	refused(fds[1], EDQUOT);
	others[0] = configured_as(USER + 1, &config);
	starts(others[0]);
	/* Each session of root may have the limit for itself. */
	for (int i = 1; i < 3; i++) {
		others[i] = configured_as(0, &config);
		starts(others[i]);
	}
	close(fds[0]);
	starts(fds[1]);
	close(fds[1]);
	close_all(others, 3);
	/* The limit was another one when these were configured. */
	fds[0] = configured_as(0, &config);
	fds[1] = configured_as(USER, &config);
	set_memory(2);
	refused(fds[0], EDQUOT);
	refused(fds[1], EDQUOT);
	set_memory(256);
	starts(fds[0]);
	close_all(fds, 2);
}

/* Sessions of users together leave most of the machine's memory free, whatever a single session may have. */
TEST(the_memory_of_all_users_is_bounded)
{
	struct profbuf_config config = small_config();
	long long quarter = number("/proc/meminfo", "MemTotal: ") << 8;
	long long used = 0;
	int fds[KT_SESSIONS / 2], n;

	set_memory(1 << 20);
	config.ring_bytes = 32 << 20;
	for (n = 0; n < KT_SESSIONS / 2; n++) {
		struct profbuf_info info = { .size = sizeof(info) };

		fds[n] = configured_as(USER + n, &config);
		if (ioctl(fds[n], PROFBUF_IOC_START))
			break;
		NEED(!ioctl(fds[n], PROFBUF_IOC_INFO, &info));
		used += info.used_memory;
	}
	NEED(n < KT_SESSIONS / 2);
	CHECK(n > 0 && used <= quarter && used * (n + 1) / n > quarter, "%d sessions: %lld of %lld", n, used, quarter);
	refused(fds[n], EDQUOT);
	close_all(fds, n + 1);
	set_memory(256);
}

/* cat /dev/profbuf works on a machine with many CPUs. Here a low limit for a session has the same effect. */
TEST(the_default_is_what_a_session_may_have)
{
	struct profbuf_config config = { .size = sizeof(config) }, zeros = { .size = sizeof(config) };
	struct profbuf_info info = { .size = sizeof(info) };
	char buffer[PROFBUF_RECORD_MAX];
	int fd;

	set_memory(1);
	fd = kt_open();
	CHECK(read(fd, buffer, sizeof(buffer)) > 0, "%s", strerror(errno));
	NEED(!ioctl(fd, PROFBUF_IOC_GET_CONFIG, &config) && !ioctl(fd, PROFBUF_IOC_INFO, &info));
	ENOUGH(config.ring_bytes >= 16384, "%u", config.ring_bytes);
	CHECK(config.ring_bytes < 512 << 10, "%u", config.ring_bytes);
	CHECK(config.watermark == config.ring_bytes / 2 && config.tag_slots == config.ring_bytes / 64);
	CHECK(info.used_memory > 1 << 18 && info.used_memory <= 1 << 20);
	close(fd);
	fd = kt_open();
	zeros.flags = PROFBUF_CONFIG_FLAGS;
	kt_configure(fd, &zeros);
	NEED(!ioctl(fd, PROFBUF_IOC_GET_CONFIG, &zeros));
	CHECK(zeros.ring_bytes == config.ring_bytes);
	close(fd);
	set_memory(256);
}

#define CGROUP "/sys/fs/cgroup/kt-memory"

static void set(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	NEED(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* In a cgroup of 12 MiB, a session that needs too much is refused without an OOM kill, and a smaller one runs. */
static int in_a_small_cgroup(void)
{
	struct profbuf_config config = kt_config();
	struct profbuf_info info = { .size = sizeof(info) };
	struct kt_stream s = { 0 };
	int fds[500], fd;
	long long before;

	set(CGROUP "/cgroup.procs", "0");
	/*
	 * An open file has none of the memory that a session needs to run: 24 KiB for each file would be too much here.
	 */
	for (int i = 0; i < 500; i++)
		fds[i] = kt_open();
	for (int i = 0; i < 500; i++)
		close(fds[i]);
	fd = kt_open();
	config.ring_bytes = 32 << 20;
	kt_configure(fd, &config);
	for (int i = 0; i < 5; i++) {
		CHECK(ioctl(fd, PROFBUF_IOC_START) == -1 && errno == ENOMEM, "%s", strerror(errno));
		NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
		CHECK(info.state == PROFBUF_STATE_NEW && !info.used_memory);
	}
	CHECK(read(fd, &info, 8) == -1 && errno == ENOMEM);	/* a read would start it */
	before = number(CGROUP "/memory.current", "");
	config.ring_bytes = 1 << 20;
	kt_configure(fd, &config);
	ENOUGH(kt_run_session(fd, 200 * MSEC, &s).all_samples > 20);
	/* The rings, at least two of them, are charged to the cgroup. */
	before = number(CGROUP "/memory.current", "") - before;
	CHECK(before > 2 << 20, "%lld", before);
	fflush(stdout);
	_exit(kt_failed);
}

TEST(a_cgroups_memory_is_a_limit)
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
	NEED(!chmod(PROFBUF_DEVICE, 0666));
	return kt_main();
}
