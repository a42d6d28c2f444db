// SPDX-License-Identifier: GPL-2.0-only
/*
 * races.c - calls that meet: start, read, stop and close from several threads; unloading the module during opens
 */
#define _GNU_SOURCE
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "kt.h"

#define THREADS 6

static pthread_barrier_t barrier;
static int shared;

struct result {
	long value;
	int error;
};

static void *starter(void *arg)
{
	struct result *r = arg;

	pthread_barrier_wait(&barrier);
	r->value = ioctl(shared, PROFBUF_IOC_START);
	r->error = errno;
	return NULL;
}

/* Of six threads that start at once, one succeeds. */
TEST(one_of_many_starts)
{
	for (int round = 0; round < 20; round++) {
		struct profbuf_config config = kt_config();
		struct result results[THREADS];
		struct kt_stream s = { 0 };
		pthread_t threads[THREADS];
		int started = 0, busy = 0;

		config.ring_bytes = 16384;
		shared = kt_open();
		kt_configure(shared, &config);
		pthread_barrier_init(&barrier, NULL, THREADS);
		for (int i = 0; i < THREADS; i++)
			NEED(!pthread_create(&threads[i], NULL, starter, &results[i]));
		for (int i = 0; i < THREADS; i++) {
			pthread_join(threads[i], NULL);
			started += results[i].value == 0;
			busy += results[i].value == -1 && results[i].error == EBUSY;
		}
		CHECK(started == 1 && busy == THREADS - 1, "%d started, %d busy", started, busy);
		kt_stop(shared);
		kt_drain(shared, &s);
		kt_check(&s);
		kt_free(&s);
		close(shared);
	}
}

struct part {
	struct kt_stream stream;
	int error;
};

static void *first_reader(void *arg)
{
	struct part *p = arg;

	pthread_barrier_wait(&barrier);
	if (kt_read(shared, &p->stream) < 0)
		p->error = errno;
	return NULL;
}

/* Of six first reads at once, each gets an answer, and one gets the INFO record. */
TEST(one_of_many_first_reads_has_the_description)
{
	for (int round = 0; round < 10; round++) {
		struct part parts[THREADS] = { 0 };
		struct profbuf_config config = kt_config();
		pthread_t threads[THREADS];
		int infos = 0;

		config.ring_bytes = 16384;
		config.flush_ns = 5 * MSEC;
		shared = kt_open();
		kt_configure(shared, &config);
		pthread_barrier_init(&barrier, NULL, THREADS);
		for (int i = 0; i < THREADS; i++)
			NEED(!pthread_create(&threads[i], NULL, first_reader, &parts[i]));
		for (int i = 0; i < THREADS; i++) {
			const struct profbuf_record *r = NULL;

			pthread_join(threads[i], NULL);
			CHECK(!parts[i].error && parts[i].stream.n, "%s", strerror(parts[i].error));
			while ((r = kt_next(&parts[i].stream, r)))
				infos += r->type == PROFBUF_RECORD_INFO;
			kt_free(&parts[i].stream);
		}
		CHECK(infos == 1, "%d", infos);
		close(shared);
	}
}

static bool over;
static unsigned long calls[4], markers_written;

/* Makes all calls but start, again and again, until the session is over. */
static void *caller(void *arg)
{
	struct profbuf_config config = kt_config();
	unsigned int which = (uintptr_t)arg;
	struct pollfd p = { .fd = shared, .events = POLLIN };

	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		switch (which) {
		case 0:
			ioctl(shared, PROFBUF_IOC_FLUSH);
			break;
		case 1:
			poll(&p, 1, 1);
			break;
		case 2: {
			struct profbuf_counters_get get = { .size = sizeof(get), .cpu = PROFBUF_CPU_NONE };

			if (!ioctl(shared, PROFBUF_IOC_COUNTERS, &get))
				CHECK(get.counters.ticks == kt_accounted(&get.counters));
			break;
		}
		default:
			CHECK(ioctl(shared, PROFBUF_IOC_CONFIG, &config) == -1 && errno == EBUSY);
			if (write(shared, "m", 1) == 1)
				markers_written++;
			else
				CHECK(errno == EINVAL || errno == EAGAIN);
			break;
		}
		calls[which]++;
	}
	return NULL;
}

static void *stopper(void *arg)
{
	uint64_t end = kt_now() + (uintptr_t)arg;

	while (kt_now() < end)
		sched_yield();
	CHECK(!ioctl(shared, PROFBUF_IOC_STOP));
	return NULL;
}

static void *drainer(void *arg)
{
	struct kt_stream *s = arg;

	while (kt_read(shared, s) > 0)
		;
	return NULL;
}

/* Two readers, two stops and all other calls at once: nothing that was delivered gets lost. */
TEST(all_calls_at_once)
{
	for (int round = 0; round < 8; round++) {
		pthread_t readers[2], stoppers[2], callers[4];
		struct profbuf_config config = kt_config();
		struct kt_stream s[2] = { 0 };
		uint64_t samples = 0, lost = 0, markers = 0;
		struct kt_stream rest = { 0 };

		markers_written = 0;
		config.ring_bytes = 16384;
		config.period = 250000;
		config.flush_ns = 2 * MSEC;
		shared = kt_open();
		kt_configure(shared, &config);
		kt_start(shared);
		over = false;
		for (int i = 0; i < 2; i++) {
			uintptr_t after = (round + 1) * 20 * MSEC;

			NEED(!pthread_create(&readers[i], NULL, drainer, &s[i]));
			NEED(!pthread_create(&stoppers[i], NULL, stopper, (void *)after));
		}
		for (uintptr_t i = 0; i < 4; i++)
			NEED(!pthread_create(&callers[i], NULL, caller, (void *)i));
		for (int i = 0; i < 2; i++) {
			const struct profbuf_record *r = NULL;

			pthread_join(stoppers[i], NULL);
			pthread_join(readers[i], NULL);
			while ((r = kt_next(&s[i], r))) {
				samples += r->type == PROFBUF_RECORD_SAMPLE;
				lost += r->type == PROFBUF_RECORD_LOST ? ((const struct profbuf_lost *)r)->count : 0;
				markers += r->type == PROFBUF_RECORD_MARKER;
			}
			kt_free(&s[i]);
		}
		__atomic_store_n(&over, true, __ATOMIC_RELEASE);
		for (int i = 0; i < 4; i++)
			pthread_join(callers[i], NULL);
		CHECK(samples == kt_counters(shared, -1).delivered && lost == kt_counters(shared, -1).lost,
		      "%llu samples, %llu delivered", (unsigned long long)samples,
		      (unsigned long long)kt_counters(shared, -1).delivered);
		/* Nothing comes after the end, and every accepted marker has come before it. */
		CHECK(kt_read(shared, &rest) == 0, "%zu words", rest.n);
		CHECK(markers == markers_written, "%llu of %lu", (unsigned long long)markers, markers_written);
		kt_free(&rest);
		close(shared);
	}
	for (int i = 0; i < 4; i++)
		ENOUGH(calls[i] > 20, "%d: %lu calls", i, calls[i]);
}

static void *marker_writer(void *text)
{
	return (void *)(write(shared, text, 1) == 1 ? 0L : (long)errno);
}

/* A marker is refused if its text can be read only after the session has stopped and all records were read. */
TEST(a_marker_that_comes_after_the_end)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register region = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct profbuf_config config = kt_config();
	int faults = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_zeropage zero = { 0 };
	struct kt_stream s = { 0 };
	struct uffd_msg message;
	pthread_t thread;
	void *text, *error;

	text = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(faults >= 0 && text != MAP_FAILED && !ioctl(faults, UFFDIO_API, &api));
	region.range = (struct uffdio_range){ (uintptr_t)text, 4096 };
	NEED(!ioctl(faults, UFFDIO_REGISTER, &region));
	shared = kt_open();
	kt_configure(shared, &config);
	kt_start(shared);
	NEED(!pthread_create(&thread, NULL, marker_writer, text));
	NEED(read(faults, &message, sizeof(message)) == sizeof(message));
	kt_stop(shared);
	kt_drain(shared, &s);
	kt_check(&s);
	zero.range = region.range;
	NEED(!ioctl(faults, UFFDIO_ZEROPAGE, &zero));
	pthread_join(thread, &error);
	CHECK((long)error == EINVAL, "%s", strerror((long)error));
	CHECK(kt_read(shared, &s) == 0);
	kt_free(&s);
	close(shared);
	close(faults);
	munmap(text, 4096);
}

/* The descriptor is closed while a reader waits: the session goes on, and that read still gets the records. */
TEST(a_close_under_a_reader)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 }, rest = { 0 };
	const struct profbuf_record *r = NULL;
	unsigned int finals = 0;
	pthread_t thread;
	int other;

	config.delay_ns = 3600 * SEC;
	shared = kt_open();
	other = fcntl(shared, F_DUPFD_CLOEXEC, 100);
	NEED(other >= 0);
	kt_configure(shared, &config);
	kt_start(shared);
	NEED(!pthread_create(&thread, NULL, drainer, &s));
	kt_sleep(200 * MSEC);
	close(shared);
	kt_stop(other);
	/* The waiting read gets the records, and the reader's next read finds the descriptor closed. */
	pthread_join(thread, NULL);
	kt_drain(other, &rest);
	while ((r = kt_next(&s, r)))
		finals += r->type == PROFBUF_RECORD_COUNTERS;
	CHECK(finals == 2 && !rest.n, "%u, %zu", finals, rest.n);
	kt_free(&s);
	kt_free(&rest);
	close(other);
}

/* How many reads of the waiting reader got something. */
static unsigned long waits_ended;

static void *waiting_reader(void *arg)
{
	struct kt_stream *s = arg;

	kt_pin(1);
	while (kt_read(shared, s) > 0)
		__atomic_add_fetch(&waits_ended, 1, __ATOMIC_RELEASE);
	return NULL;
}

/*
 * Keeps the waiting reader off their common CPU until there is a record, and reads that record first. Returns what is
 * wrong, or NULL. It watches the counters, because poll() would tell the ring that somebody waits.
 */
static void *thief(void *arg)
{
	struct sched_param first = { .sched_priority = 1 };
	struct kt_stream *s = arg;

	kt_pin(1);
	NEED(!sched_setscheduler(0, SCHED_FIFO, &first));
	for (int round = 0; round < 10; round++) {
		uint64_t end = kt_now() + 30 * SEC, delivered;
		unsigned long ended;

		kt_sleep(20 * MSEC);	/* the other thread reads what there is, and waits */
		delivered = kt_counters(shared, -1).delivered;
		while (kt_counters(shared, -1).delivered == delivered) {
			if (kt_now() > end)
				return "no sample";
		}
		if (kt_read(shared, s) <= 0)
			return "nothing read";
		ended = __atomic_load_n(&waits_ended, __ATOMIC_ACQUIRE);
		while (__atomic_load_n(&waits_ended, __ATOMIC_ACQUIRE) == ended) {
			if (kt_now() > end)
				return "the other one sleeps for good";
			kt_sleep(MSEC);
		}
	}
	return NULL;
}

/* A reader is woken for a record that another reader takes first: it must wait on, and the next record must wake it. */
TEST(a_record_that_another_reader_takes)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 }, taken = { 0 };
	const uint8_t first_cpu = 1;
	pthread_t reader, other;
	pid_t spinner;
	void *wrong;

	/* Only a record can wake the reader. */
	config.flags = PROFBUF_CONFIG_USER | PROFBUF_CONFIG_KERNEL;
	config.cpus = (uintptr_t)&first_cpu;
	config.cpus_bytes = sizeof(first_cpu);
	config.period = 100 * MSEC;
	config.watermark = 8;
	config.flush_ns = 3600 * SEC;
	spinner = kt_spinner(0);
	shared = kt_open();
	kt_configure(shared, &config);
	kt_start(shared);
	NEED(!pthread_create(&reader, NULL, waiting_reader, &s));
	NEED(!pthread_create(&other, NULL, thief, &taken));
	pthread_join(other, &wrong);
	CHECK(!wrong, "%s", (char *)wrong);
	kt_stop(shared);
	pthread_join(reader, NULL);
	kt_kill(spinner);
	kt_free(&taken);
	kt_free(&s);
	close(shared);
}

/* Several threads open, use and close sessions in every state, so that the ticks of CPUs start and stop. */
static void *short_sessions(void *arg)
{
	unsigned long *done = arg;

	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		struct profbuf_config config = kt_config();
		char buffer[4096];
		int fd = kt_open();

		config.ring_bytes = 16384;
		config.max_ticks = *done % 3;
		config.duration_ns = *done % 5 ? 0 : MSEC;
		config.delay_ns = *done % 7 ? 0 : MSEC;
		config.source = *done % 2;
		config.flush_ns = MSEC;
		kt_configure(fd, &config);
		if (*done % 4)
			kt_start(fd);
		if (*done % 8 < 4)
			read(fd, buffer, sizeof(buffer));
		if (*done % 16 < 8)
			ioctl(fd, PROFBUF_IOC_STOP);
		close(fd);
		(*done)++;
	}
	return NULL;
}

TEST(sessions_come_and_go)
{
	unsigned long done[THREADS] = { 0, 1, 2, 3, 4, 5 }, all = 0;
	pthread_t threads[THREADS];

	over = false;
	for (int i = 0; i < THREADS; i++)
		NEED(!pthread_create(&threads[i], NULL, short_sessions, &done[i]));
	kt_sleep(4 * SEC);
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		all += done[i];
	}
	printf("# %lu sessions\n", all);
	ENOUGH(all > 30);
}

/* Opens, reads and closes as long as the test runs; counts the results. */
static int opener(void)
{
	unsigned long opened = 0, absent = 0;
	uint64_t end = kt_now() + 120 * SEC;
	char buffer[4096];

	while (access("/tmp/races-over", F_OK) && kt_now() < end) {
		int fd = open(PROFBUF_DEVICE, O_RDWR | O_CLOEXEC);

		if (fd < 0) {
			/* There is no device node, or no driver for it, or the module is being unloaded. */
			CHECK(errno == ENOENT || errno == ENODEV || errno == ENXIO, "%s", strerror(errno));
			absent++;
			sched_yield();
			continue;
		}
		opened++;
		CHECK(read(fd, buffer, sizeof(buffer)) > 0, "%s", strerror(errno));
		close(fd);
		kt_sleep(opened % 2 * 20 * MSEC);
	}
	printf("# %lu opened, %lu times no device\n", opened, absent);
	fflush(stdout);
	return kt_failed || !opened || !absent;
}

/* The module can be unloaded only when nobody has the device open. An open finds the whole module, or none. */
TEST(opens_meet_unloads)
{
	int module = open(getenv("MODULE"), O_RDONLY | O_CLOEXEC), unloads = 0, refused = 0, status;
	pid_t pids[2];

	NEED(module >= 0);
	unlink("/tmp/races-over");
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		NEED(pids[i] >= 0);
		if (!pids[i])
			_exit(opener());
	}
	for (int i = 0; i < 20000 && unloads < 20; i++) {
		if (syscall(SYS_delete_module, "profbuf", O_NONBLOCK)) {
			CHECK(errno == EWOULDBLOCK || errno == EBUSY, "%s", strerror(errno));
			refused++;
			kt_sleep(MSEC / 2);
			continue;
		}
		unloads++;
		kt_sleep(MSEC);
		NEED(!syscall(SYS_finit_module, module, "", 0));
		kt_sleep(2 * MSEC);
	}
	close(open("/tmp/races-over", O_WRONLY | O_CREAT, 0600));
	for (int i = 0; i < 2; i++) {
		NEED(waitpid(pids[i], &status, 0) == pids[i]);
		CHECK(!status, "status %x", status);
	}
	printf("# %d unloads, %d refused\n", unloads, refused);
	CHECK(unloads == 20 && refused > 0);
	close(module);
}

int main(void)
{
	return kt_main();
}
