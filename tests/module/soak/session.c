// SPDX-License-Identifier: GPL-2.0-only
/*
 * session.c - sessions under load: how they are set up, how they are read, how they end, and whether they add up
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/prctl.h>

#include "soak.h"

/* What a killed reader had is found where read() put it. */
#define LOG_BYTES	(512 << 10)

enum reader {
	FAST,		/* as soon as there is something */
	SLOW,		/* a little at a time */
	ABSENT,		/* nothing before the end */
	KILLED,		/* processes that are killed, one after another */
	NR_READERS
};

enum end {
	STOP,
	DURATION,
	MAX_TICKS,
	CLOSE,		/* while it runs */
	NR_ENDS
};

struct session {
	int fd, source, rate;
	uint64_t end;		/* when it is stopped at the latest */
	struct kt_sums sums;
	int nr_cpus;		/* as the stream says; 0: it has not said it yet */
};

static void take(struct session *s, uint64_t *words, size_t n)
{
	struct kt_stream part = { .words = words, .n = n };

	kt_check_part(&part, &s->sums);
	if (s->sums.info && !s->nr_cpus)
		s->nr_cpus = s->sums.info->nr_cpus;
}

/* One read; false if there was nothing. */
static bool read_some(struct session *s, size_t bytes)
{
	static uint64_t buffer[(256 << 10) / 8];
	ssize_t n = read(s->fd, buffer, bytes);

	if (n > 0) {
		CHECK(n % 8 == 0);
		take(s, buffer, n / 8);
	} else {
		CHECK(n == 0 || errno == EAGAIN, "%s", strerror(errno));
	}
	return n > 0;
}

static bool ended(const struct session *s)
{
	struct profbuf_info info = { .size = sizeof(info) };

	NEED(!ioctl(s->fd, PROFBUF_IOC_INFO, &info));
	return info.state == PROFBUF_STATE_STOPPED || kt_now() >= s->end || soak_over();
}

static void read_fast(struct session *s)
{
	struct pollfd poll_fd = { .fd = s->fd, .events = POLLIN };

	while (!ended(s)) {
		if (poll(&poll_fd, 1, 50) > 0)
			read_some(s, 256 << 10);
	}
}

static void read_slowly(struct session *s)
{
	while (!ended(s)) {
		kt_sleep(20 * MSEC);
		read_some(s, PROFBUF_RECORD_MAX);
	}
}

/* Reads into the log, until it is killed: asleep in poll() or in read(), or while it copies. */
static void reader_to_be_killed(int fd, char *log)
{
	bool polls = soak_random(2);
	size_t off = 0;
	ssize_t n = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A fault in the middle of a copy would be another test: of a read that fails. */
	madvise(log, LOG_BYTES, MADV_POPULATE_WRITE);
	while (n > 0 && LOG_BYTES - off >= PROFBUF_RECORD_MAX) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

		if (polls)
			poll(&poll_fd, 1, -1);
		n = read(fd, log + off, PROFBUF_RECORD_MAX + soak_random(LOG_BYTES - off - PROFBUF_RECORD_MAX + 1));
		if (n > 0)
			off += n;
	}
	for (;;)
		pause();
}

/*
 * A reader that is killed inside read() never says how much it had. But what read() took out of the session is in the
 * log, which was all zeros, record after record; and what it did not take is for the next reader.
 */
static void read_and_be_killed(struct session *s)
{
	uint64_t *log = mmap(NULL, LOG_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	NEED(log != MAP_FAILED);
	while (!ended(s)) {
		size_t n = 0;
		int status;
		pid_t pid;

		pid = fork();
		NEED(pid >= 0);
		if (!pid)
			reader_to_be_killed(s->fd, (char *)log);
		/* Mostly in the middle of its work, now and then before it, now and then asleep for long. */
		kt_sleep(soak_random(soak_random(8) ? 20 * MSEC : 100 * MSEC));
		kill(pid, SIGKILL);
		NEED(waitpid(pid, &status, 0) == pid);
		CHECK(WIFSIGNALED(status), "status %x", status);
		while (n < LOG_BYTES / 8 && log[n])
			n += log[n];
		take(s, log, n);
		memset(log, 0, n * 8);
		soak->count[SOAK_KILLS]++;
		soak->killed_after_data += n > 0;
	}
	soak->killed_records += s->sums.records;
	munmap(log, LOG_BYTES);
}

static uint64_t difference(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* At the end: the stream, its final counters and the ioctl's say the same, and it adds up on every CPU and in sum. */
static void account(struct session *s)
{
	struct soak_row *row = &soak->rows[s->source][s->rate];
	struct profbuf_counters all = kt_counters(s->fd, -1);
	uint64_t unaccounted = 0, ticks = 0;

	CHECK(s->nr_cpus == soak->nr_cpus, "%d CPUs", s->nr_cpus);
	for (int cpu = 0; cpu < s->nr_cpus; cpu++) {
		struct profbuf_counters c = kt_counters(s->fd, cpu);

		CHECK(s->sums.has_final[cpu], "CPU %d", cpu);
		CHECK(!memcmp(&c, &s->sums.final[cpu], sizeof(c)), "CPU %d", cpu);
		unaccounted += difference(c.ticks, kt_accounted(&c)) + difference(c.delivered, s->sums.samples[cpu]) +
			       difference(c.lost, s->sums.lost[cpu]);
		CHECK(!unaccounted, "CPU %d: ticks %llu of %llu, delivered %llu of %llu, lost %llu of %llu", cpu,
		      (unsigned long long)kt_accounted(&c), (unsigned long long)c.ticks,
		      (unsigned long long)s->sums.samples[cpu], (unsigned long long)c.delivered,
		      (unsigned long long)s->sums.lost[cpu], (unsigned long long)c.lost);
		ticks += c.ticks;
	}
	unaccounted += difference(all.ticks, ticks) + difference(all.ticks, kt_accounted(&all));
	row->ticks += all.ticks;
	row->delivered += all.delivered;
	row->lost += all.lost;
	row->missed += all.missed;
	for (int i = 0; i < PROFBUF_NR_SKIPS; i++)
		row->skipped[i] += all.skipped[i];
	row->records += s->sums.records;
	row->unaccounted += unaccounted;
	row->sessions++;
}

static void start(struct session *s, const struct profbuf_config *config, int flags)
{
	s->fd = open(PROFBUF_DEVICE, O_RDWR | O_CLOEXEC | flags);
	NEED(s->fd >= 0);
	kt_configure(s->fd, config);
	kt_start(s->fd);
}

static void finish(struct session *s, enum end how)
{
	struct profbuf_info info = { .size = sizeof(info) };

	if (how == CLOSE) {
		soak->abandoned++;
	} else {
		NEED(!ioctl(s->fd, PROFBUF_IOC_INFO, &info));
		soak->by_themselves += info.state == PROFBUF_STATE_STOPPED;
		kt_stop(s->fd);
		while (read_some(s, 256 << 10))
			;
		account(s);
	}
	close(s->fd);
	soak->count[SOAK_OPENS]++;
	soak->count[SOAK_STARTS]++;
}

static struct profbuf_config random_config(struct session *s, enum end how, unsigned char *mask)
{
	struct profbuf_config config = kt_config();

	s->source = soak_random(soak->cycles ? PROFBUF_NR_SOURCES : PROFBUF_SOURCE_PERF_CYCLES);
	s->rate = !soak_random(3) && !atomic_exchange(&soak->at_floor, 1);
	config.source = s->source;
	config.period = s->rate ? soak->floor : MSEC;
	if (s->source == PROFBUF_SOURCE_PERF_CYCLES)
		config.period = s->rate ? 100000 : 3000000;
	config.ring_bytes = 4096 << soak_random(8);
	config.kernel_depth = config.ring_bytes > 4096 ? PROFBUF_STACK_MAX : 60;
	config.user_depth = config.kernel_depth;
	config.flush_ns = MSEC + soak_random(100 * MSEC);
	if (soak_random(2))
		config.flags &= ~PROFBUF_CONFIG_IDLE;
	if (!soak_random(4))
		config.flags &= ~PROFBUF_CONFIG_SIDEBAND;
	if (!soak_random(4))
		config.flags &= ~PROFBUF_CONFIG_TAGS;
	if (!soak_random(8))
		config.flags = PROFBUF_CONFIG_USER | PROFBUF_CONFIG_SIDEBAND;
	if (!soak_random(8)) {
		config.filter = PROFBUF_FILTER_PROCESS;
		config.filter_id = getppid();
	}
	if (!soak_random(4)) {
		*mask = 1 + soak_random((1 << soak->nr_cpus) - 1);
		config.cpus = (uintptr_t)mask;
		config.cpus_bytes = 1;
	}
	if (how == DURATION)
		config.duration_ns = 1 + soak_random(200 * MSEC);
	if (how == MAX_TICKS)
		config.max_ticks = 1 + soak_random(500);
	return config;
}

static void one_session(enum reader reader)
{
	enum end how = soak_random(NR_ENDS);
	struct session s = { 0 };
	struct profbuf_config config;
	unsigned char mask;

	if (reader == KILLED && how == CLOSE)
		how = STOP;
	config = random_config(&s, how, &mask);
	start(&s, &config, reader == KILLED ? 0 : O_NONBLOCK);
	s.end = kt_now() + soak_random(soak_wanted(SOAK_STARTS) ? 20 * MSEC : 500 * MSEC);
	if (reader == KILLED)
		s.end = kt_now() + SEC;
	switch (reader) {
	case FAST:
		read_fast(&s);
		break;
	case SLOW:
		read_slowly(&s);
		break;
	case KILLED:
		read_and_be_killed(&s);
		break;
	default:
		while (!ended(&s))
			kt_sleep(5 * MSEC);
	}
	if (s.rate)
		atomic_store(&soak->at_floor, 0);
	finish(&s, how);
}

void soak_sessions(void)
{
	while (!soak_over())
		one_session(soak_random(KILLED));
}

void soak_killed_readers(void)
{
	while (!soak_over())
		one_session(KILLED);
}

/* It sees every transition of a CPU, and every process that comes and goes. */
void soak_long_session(void)
{
	struct profbuf_config config = kt_config();
	struct session s = { .source = soak_random(2), .end = UINT64_MAX };

	config.source = s.source;
	start(&s, &config, O_NONBLOCK);
	read_fast(&s);
	finish(&s, STOP);
}

/* Opened and closed, with a little between, or nothing. */
void soak_opens(void)
{
	while (!soak_over()) {
		struct profbuf_config config = kt_config();
		int fd = kt_open(), n = 1;
		int fds[16] = { fd };

		for (int i = soak_random(soak_random(4) ? 1 : 16); i > 0; i--)
			fds[n++] = kt_open();
		if (!soak_random(4))
			kt_configure(fd, &config);
		for (int i = 0; i < n; i++)
			close(fds[i]);
		soak->count[SOAK_OPENS] += n;
		if (!soak_wanted(SOAK_OPENS))
			kt_sleep(soak_random(20 * MSEC));
	}
}
