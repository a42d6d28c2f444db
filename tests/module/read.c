// SPDX-License-Identifier: GPL-2.0-only
/*
 * read.c - read(): blocking, whole records, errors that lose nothing, the end
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>

#include "kt.h"

TEST(first_read_starts_with_defaults)
{
	int fd = open(PROFBUF_DEVICE, O_RDONLY);
	struct profbuf_info info = { .size = sizeof(info) };
	struct kt_stream s = { 0 };
	struct kt_sums sums;

	NEED(fd >= 0);
	CHECK(kt_read(fd, &s) > 0);
	NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
	CHECK(info.state == PROFBUF_STATE_RUNNING);
	CHECK(info.abi_version == PROFBUF_ABI_VERSION);
	kt_spin(300 * MSEC);
	kt_stop(fd);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	CHECK(sums.info->magic == PROFBUF_MAGIC && sums.info->abi_version == PROFBUF_ABI_VERSION);
	CHECK(sums.info->clock == CLOCK_MONOTONIC && sums.info->nr_cpus == info.nr_cpus);
	CHECK(sums.info->period == 10101000);
	ENOUGH(sums.all_samples > 5, "%llu", (unsigned long long)sums.all_samples);
	kt_free(&s);
	close(fd);
}

static void on_signal(int signo)
{
	(void)signo;
}

TEST(blocking_read_waits_for_a_record)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	int fd = kt_open();
	uint64_t start;

	config.delay_ns = 300 * MSEC;
	kt_configure(fd, &config);
	kt_start(fd);
	CHECK(kt_read(fd, &s) > 0);	/* the INFO record is there at once */
	start = kt_now();
	CHECK(kt_read(fd, &s) > 0);
	CHECK(kt_now() - start > 200 * MSEC);
	kt_free(&s);
	close(fd);
}

TEST(nonblocking_read_is_eagain)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	int fd = kt_open();

	config.delay_ns = 10 * SEC;
	kt_configure(fd, &config);
	kt_start(fd);
	NEED(!fcntl(fd, F_SETFL, O_NONBLOCK));
	CHECK(kt_read(fd, &s) > 0);
	CHECK(kt_read(fd, &s) == -1 && errno == EAGAIN);
	CHECK(read(fd, s.words, 0) == 0);
	kt_free(&s);
	close(fd);
}

TEST(signal_interrupts_a_waiting_read)
{
	struct profbuf_config config = kt_config();
	struct sigaction action = { .sa_handler = on_signal };
	struct kt_stream s = { 0 };
	int fd = kt_open();

	config.delay_ns = 10 * SEC;
	kt_configure(fd, &config);
	kt_start(fd);
	CHECK(kt_read(fd, &s) > 0);
	sigaction(SIGALRM, &action, NULL);
	ualarm(100000, 0);
	CHECK(kt_read(fd, &s) == -1 && errno == EINTR);
	kt_free(&s);
	close(fd);
}

/* With SA_RESTART the read goes on after a signal, and it goes on after a stop: the reader notices neither. */
TEST(restarted_read_gets_its_records)
{
	for (int stopped = 0; stopped < 2; stopped++) {
		struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
		struct profbuf_config config = kt_config();
		int fd = kt_open(), status;
		struct kt_stream s = { 0 };
		pid_t child;

		config.delay_ns = 400 * MSEC;
		kt_configure(fd, &config);
		kt_start(fd);
		CHECK(kt_read(fd, &s) > 0);
		fflush(stdout);
		child = fork();
		if (!child) {
			sigaction(SIGUSR1, &action, NULL);
			_exit(kt_read(fd, &s) <= 0);
		}
		for (int i = 0; i < 10; i++) {
			kt_sleep(20 * MSEC);
			kill(child, stopped ? SIGSTOP : SIGUSR1);
			if (stopped)
				waitpid(child, &status, WUNTRACED);
			kt_sleep(5 * MSEC);
			if (stopped)
				kill(child, SIGCONT);
		}
		waitpid(child, &status, 0);
		CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "stopped %d: status %x", stopped, status);
		kt_free(&s);
		close(fd);
	}
}

/* A reader that is killed while it waits ends at once, and so does its session. */
TEST(killed_reader_takes_its_session_along)
{
	for (int by_poll = 0; by_poll < 2; by_poll++) {
		struct profbuf_config config = kt_config();
		int ready[2], status;
		pid_t child;
		char byte;

		NEED(!pipe(ready));
		fflush(stdout);
		child = fork();
		if (!child) {
			struct pollfd p = { .fd = kt_open(), .events = POLLIN };
			struct kt_stream s = { 0 };

			config.delay_ns = 3600 * SEC;
			kt_configure(p.fd, &config);
			kt_start(p.fd);
			kt_read(p.fd, &s);
			NEED(write(ready[1], "", 1) == 1);
			if (by_poll)
				poll(&p, 1, -1);
			else
				kt_read(p.fd, &s);
			_exit(1);
		}
		NEED(read(ready[0], &byte, 1) == 1);
		kt_sleep(50 * MSEC);
		CHECK(kt_sysfs("sessions") == 1);
		kill(child, SIGKILL);
		CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
		CHECK(kt_sysfs("sessions") == 0);
		close(ready[0]);
		close(ready[1]);
	}
}

/*
 * Records that a killed reader had read are gone. Another process that shares the session reads on from a whole record.
 */
TEST(killed_reader_leaves_whole_records)
{
	struct profbuf_config config = kt_config();
	uint64_t samples = 0, lost = 0;
	struct kt_stream s = { 0 };
	int fd = kt_open();

	config.period = 200000;
	config.flush_ns = MSEC;
	kt_configure(fd, &config);
	kt_start(fd);
	for (int i = 0; i < 20; i++) {
		const struct profbuf_record *r = NULL;
		pid_t child;

		fflush(stdout);
		child = fork();
		if (!child) {
			char *buffer = malloc(1 << 20);

			for (;;)
				read(fd, buffer, 1 << 20);
		}
		kt_spin(15 * MSEC);
		kt_kill(child);
		kt_spin(10 * MSEC);
		s.n = 0;
		CHECK(kt_read(fd, &s) > 0);
		while ((r = kt_next(&s, r))) {
			NEED(r->len >= 3 && r->len * 8 <= PROFBUF_RECORD_MAX);
			NEED((const uint64_t *)r + r->len <= s.words + s.n);
			samples += r->type == PROFBUF_RECORD_SAMPLE;
			lost += r->type == PROFBUF_RECORD_LOST ? ((const struct profbuf_lost *)r)->count : 0;
		}
	}
	kt_stop(fd);
	ENOUGH(samples > 20);
	CHECK(samples <= kt_counters(fd, -1).delivered && lost <= kt_counters(fd, -1).lost);
	s.n = 0;
	kt_drain(fd, &s);
	kt_free(&s);
	close(fd);
}

TEST(small_buffer_is_einval_and_consumes_nothing)
{
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	struct profbuf_config config = kt_config();
	uint64_t small[7];
	int fd = kt_open();

	kt_configure(fd, &config);
	kt_start(fd);
	CHECK(read(fd, small, 8) == -1 && errno == EINVAL);
	CHECK(kt_read(fd, &s) >= (ssize_t)sizeof(struct profbuf_stream_info));
	CHECK(((struct profbuf_record *)s.words)->type == PROFBUF_RECORD_INFO);
	kt_spin(100 * MSEC);
	kt_stop(fd);
	CHECK(read(fd, small, 16) == -1 && errno == EINVAL);
	CHECK(read(fd, small, 1) == -1 && errno == EINVAL);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	CHECK(sums.all_samples == kt_counters(fd, -1).delivered);
	kt_free(&s);
	close(fd);
}

/* Reads a stopped session with buffers of many sizes, from one record on: records stay whole, and none is lost. */
TEST(odd_buffers_get_whole_records)
{
	struct profbuf_config config = kt_config();
	size_t size = PROFBUF_RECORD_MAX;
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd = kt_open();
	ssize_t n;

	kt_configure(fd, &config);
	kt_start(fd);
	kt_spin(200 * MSEC);
	kt_stop(fd);
	s.words = malloc(8 << 20);
	NEED(s.words);
	while ((n = read(fd, (char *)s.words + s.n * 8, size)) > 0) {
		s.n += n / 8;
		size = PROFBUF_RECORD_MAX + s.n % 1009;
	}
	CHECK(n == 0);
	sums = kt_check(&s);
	ENOUGH(sums.all_samples > 50);
	CHECK(sums.all_samples == kt_counters(fd, -1).delivered);
	kt_free(&s);
	close(fd);
}

/*
 * The second page of the buffer is not writable, at every offset of a word: the read fails with EFAULT or returns what
 * fits, and nothing is lost.
 */
TEST(fault_loses_nothing)
{
	struct profbuf_config config = kt_config();
	long page = sysconf(_SC_PAGESIZE);
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd = kt_open(), faults = 0;
	char *map;
	ssize_t n;

	map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(map != MAP_FAILED && !mprotect(map + page, page, PROT_NONE));
	kt_configure(fd, &config);
	kt_start(fd);
	kt_spin(300 * MSEC);
	kt_stop(fd);
	s.words = malloc(8 << 20);
	NEED(s.words);
	for (long at = page - 8; at >= 0; at -= 8) {
		n = read(fd, map + at, page);
		if (n < 0) {
			CHECK(errno == EFAULT);
			faults++;
			continue;
		}
		memcpy(s.words + s.n, map + at, n);
		s.n += n / 8;
	}
	ENOUGH(faults > 10, "%d", faults);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	CHECK(sums.all_samples == kt_counters(fd, -1).delivered);
	munmap(map, 2 * page);
	kt_free(&s);
	close(fd);
}

/*
 * Reads a stopped session to its end, each record into a buffer of exactly its size. Before each read that succeeds,
 * the buffer's last bytes are not mapped, for every possible number of them: read() must fail with EFAULT, and the
 * record must still be the next one, whole. Returns the types of records.
 */
static unsigned int read_with_faults(int fd, struct kt_stream *s)
{
	unsigned int types = 0, records = 0, faults = 0;
	long page = sysconf(_SC_PAGESIZE);
	char *end;

	end = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(end != MAP_FAILED && !munmap(end + page, page));
	end += page;
	s->words = malloc(8 << 20);
	NEED(s->words);
	for (;; records++) {
		const struct profbuf_record *r = (const struct profbuf_record *)(s->words + s->n);
		ssize_t n, size = 0;

		/*
		 * A buffer that is too small is refused before anything is copied. So the first EFAULT tells the
		 * record's size.
		 */
		do {
			size += 8;
			n = read(fd, end - size + 1, size);
		} while (n < 0 && errno == EINVAL);
		if (!n)
			break;
		CHECK(n < 0 && errno == EFAULT, "%zd", n);
		for (ssize_t there = 0; there < size; there++) {
			n = read(fd, end - there, size);
			CHECK(n < 0 && errno == EFAULT, "%zd bytes of %zd: %zd", there, size, n);
			faults++;
		}
		n = read(fd, end - size, size);
		CHECK(n == size, "%zd", n);
		NEED(n > 0);
		memcpy(s->words + s->n, end - size, n);
		types |= 1U << r->type;
		s->n += n / 8;
	}
	ENOUGH(records > 30 && faults > 1000, "%u records, %u faults", records, faults);
	munmap(end - page, page);
	return types;
}

/* Starts a session of the first CPU only: with two CPUs, the next record could be from either. */
static int start_on_first_cpu(struct profbuf_config *config)
{
	unsigned char mask = 1;
	int fd = kt_open();

	config->user_depth = 3;
	config->kernel_depth = 3;
	config->ring_bytes = 4096;	/* it overflows, so that there are losses, too */
	config->cpus = (uintptr_t)&mask;
	config->cpus_bytes = 1;
	kt_configure(fd, config);
	kt_start(fd);
	return fd;
}

static void check_all_came(int fd, struct kt_stream *s)
{
	struct profbuf_counters_get get;
	struct kt_sums sums = kt_check(s);
	uint64_t sideband_lost = 0;

	get = kt_all_counters(fd);
	for (int i = 0; i < 8; i++)
		sideband_lost += get.sideband_lost[i];
	CHECK(sums.all_samples == get.counters.delivered && sums.all_lost == get.counters.lost);
	CHECK(sums.sideband_lost == sideband_lost, "%llu told of %llu", (unsigned long long)sums.sideband_lost,
	      (unsigned long long)sideband_lost);
	kt_free(s);
	close(fd);
}

TEST(fault_at_every_byte_of_a_record)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	unsigned int types;
	cpu_set_t all;
	int fd;

	NEED(!sched_getaffinity(0, sizeof(all), &all));
	kt_pin(0);
	fd = start_on_first_cpu(&config);
	kt_spin(400 * MSEC);
	kt_stop(fd);
	types = read_with_faults(fd, &s);
	/* Notes, rings and the end are copied by different code. */
	CHECK(types & 1U << PROFBUF_RECORD_INFO && types & 1U << PROFBUF_RECORD_SAMPLE &&
	      types & 1U << PROFBUF_RECORD_LOST && types & 1U << PROFBUF_RECORD_COUNTERS, "types %x", types);
	check_all_came(fd, &s);
	sched_setaffinity(0, sizeof(all), &all);
}

/* The same with changes of the rate, and with changes that were lost because nobody has read them in time. */
TEST(fault_at_every_byte_of_rates_and_losses)
{
	struct profbuf_counters_get get = { 0 };
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	unsigned int types;
	cpu_set_t all;
	int fd;

	NEED(!sched_getaffinity(0, sizeof(all), &all));
	kt_pin(0);
	config.flags &= ~PROFBUF_CONFIG_SIDEBAND;
	config.period = 50000;
	fd = start_on_first_cpu(&config);
	for (int i = 0; i < 100 && !get.sideband_lost[PROFBUF_SIDEBAND_BUSY]; i++) {
		kt_set_parameter("max_overhead_percent", 1);
		kt_spin(50 * MSEC);
		kt_set_parameter("max_overhead_percent", 100);
		kt_spin(150 * MSEC);
		get = kt_all_counters(fd);
	}
	kt_stop(fd);
	types = read_with_faults(fd, &s);
	CHECK(types & 1U << PROFBUF_RECORD_RATE && types & 1U << PROFBUF_RECORD_SIDEBAND_LOST, "types %x", types);
	check_all_came(fd, &s);
	sched_setaffinity(0, sizeof(all), &all);
}

TEST(end_after_stop)
{
	struct kt_stream s = { 0 };
	int fd = kt_open();
	char byte[64];

	CHECK(ioctl(fd, PROFBUF_IOC_STOP) == -1 && errno == EINVAL);	/* the session never started */
	kt_start(fd);
	kt_stop(fd);
	kt_stop(fd);
	kt_drain(fd, &s);
	CHECK(read(fd, byte, sizeof(byte)) == 0);
	CHECK(ioctl(fd, PROFBUF_IOC_START) == -1 && errno == EBUSY);
	CHECK(kt_check(&s).has_final[0]);
	kt_free(&s);
	close(fd);
}

static void *stop_later(void *arg)
{
	kt_sleep(200 * MSEC);
	kt_stop(*(int *)arg);
	return NULL;
}

TEST(stop_wakes_a_waiting_reader)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	int fd = kt_open();
	pthread_t thread;

	config.delay_ns = 100 * SEC;
	config.flush_ns = 100 * SEC;
	kt_configure(fd, &config);
	kt_start(fd);
	NEED(!pthread_create(&thread, NULL, stop_later, &fd));
	kt_drain(fd, &s);
	CHECK(kt_check(&s).has_final[0]);
	pthread_join(thread, NULL);
	kt_free(&s);
	close(fd);
}

static int shared_fd;

static void *reader(void *arg)
{
	kt_drain(shared_fd, arg);
	return NULL;
}

/* Four threads read one file: each gets whole records, and together they get every record once. */
TEST(concurrent_readers_are_serialised)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s[4] = { 0 };
	uint64_t samples = 0, lost = 0;
	pthread_t threads[4];

	shared_fd = kt_open();
	config.period = 200000;
	config.flush_ns = 5 * MSEC;
	kt_configure(shared_fd, &config);
	kt_start(shared_fd);
	for (int i = 0; i < 4; i++)
		NEED(!pthread_create(&threads[i], NULL, reader, &s[i]));
	kt_spin(1000 * MSEC);
	kt_stop(shared_fd);
	for (int i = 0; i < 4; i++) {
		const struct profbuf_record *r = NULL;

		pthread_join(threads[i], NULL);
		while ((r = kt_next(&s[i], r))) {
			NEED(r->len >= 3 && r->len * 8 <= PROFBUF_RECORD_MAX);
			samples += r->type == PROFBUF_RECORD_SAMPLE;
			lost += r->type == PROFBUF_RECORD_LOST ? ((struct profbuf_lost *)r)->count : 0;
		}
		kt_free(&s[i]);
	}
	ENOUGH(samples > 100, "%llu", (unsigned long long)samples);
	CHECK(samples == kt_counters(shared_fd, -1).delivered, "%llu", (unsigned long long)samples);
	CHECK(lost == kt_counters(shared_fd, -1).lost);
	close(shared_fd);
}

/* dup() and fork() share the session; it lives until the last descriptor is closed. */
TEST(dup_and_fork_share_the_session)
{
	struct kt_stream s = { 0 };
	int fd = kt_open(), copy;
	pid_t pid;
	int status;

	kt_start(fd);
	copy = dup(fd);
	close(fd);
	pid = fork();
	if (!pid) {
		char buf[65536];

		_exit(read(copy, buf, sizeof(buf)) > 0 ? 0 : 1);	/* reads the INFO record */
	}
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	kt_spin(100 * MSEC);
	kt_stop(copy);
	while (kt_read(copy, &s) > 0)
		;
	CHECK(((struct profbuf_record *)s.words)->type != PROFBUF_RECORD_INFO);
	kt_free(&s);
	close(copy);
}

int main(void)
{
	return kt_main();
}
