// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress.c - the ring with a real writer, a real interrupt and a reader that sleeps; TAP
 *
 * usage: stress SECONDS [WATCHDOG-SECONDS [RECORDS]]
 *
 * Every word of a record is made from its number, so the reader checks all of them, and that numbers follow one
 * another or a loss record with the missing count and the time of the first one missing. Wakeups are never more than
 * sleeps, and in the end written + lost = attempted. Where no flush period is set, only the wakeup ends a sleep: a lost
 * one stops everything, and the watchdog says so.
 *
 * A scenario is what it says: it goes on until it has seen the losses, sleeps, flushes and nested writes that it is
 * about, however busy the machine, and fails if there are none for a minute.
 *
 * With RECORDS, only the scenario that is in no hurry to see such, until so many have been delivered and checked.
 *
 * The writer is a thread, a signal handler in it, or both. As the sampler does, a handler that comes upon a write that
 * is not done skips its own and counts that.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../tap.h"
#include "profbuf_core.h"

#define MAX_STACK		600
#define MAX_HDR			4
#define PATIENCE_SECONDS	60

enum source {
	THREAD,
	HANDLER,
	BOTH,
};

enum pace {
	FREE,		/* as fast as it goes, with a pause now and then */
	STEADY,		/* without a pause, but where the ring is full */
	ANSWERED,	/* writes the next record only when the reader has seen the last one: every wakeup counts */
};

struct scenario {
	const char *name;
	enum source source;
	enum pace pace;
	u32 hdrsize, bufwords, tags, watermark;
	u32 stack_max;		/* words; more than the ring holds makes losses of a sort that no reading helps */
	u32 records;		/* in a ring; then it is closed */
	u32 flush_us;		/* 0: nothing but the wakeup ends a sleep */
	u32 rings;		/* one after another, with the same threads */
	bool loses;		/* the writer is faster than the reader, or the ring too small */
};

static const struct scenario scenarios[] = {
	{ "tiny ring, watermark 1", THREAD, FREE, 2, 16, 8, 1, 6, 20000, 0, 1, true },
	{ "tiny ring, half full", THREAD, FREE, 2, 16, 8, 8, 6, 20000, 0, 1, true },
	{ "tiny ring, full, flushed", THREAD, FREE, 1, 16, 2, 16, 6, 20000, 200, 1, true },
	{ "large ring, half full", THREAD, FREE, 4, 8192, 1024, 4096, 64, 20000, 0, 1, true },
	{ "large ring, watermark 64, flushed", THREAD, FREE, 4, 8192, 64, 64, 64, 20000, 200, 1, true },
	{ "closed at once", THREAD, FREE, 1, 16, 4, 16, 4, 2, 0, 2000, false },
	{ "closed while the reader falls asleep", THREAD, ANSWERED, 1, 16, 4, 1, 4, 2, 0, 2000, false },
	{ "each wakeup counts, watermark 1", THREAD, ANSWERED, 2, 16, 8, 1, 20, 2000, 0, 1, true },
	{ "signal handler, tiny ring", HANDLER, FREE, 2, 16, 8, 8, 6, 500, 0, 1, true },
	{ "signal handler, large ring, flushed", HANDLER, FREE, 4, 4096, 512, 1024, 64, 500, 500, 1, false },
	{ "thread and signal handler, tiny ring", BOTH, FREE, 2, 16, 8, 8, 6, 5000, 0, 1, true },
	{ "thread and signal handler, large ring", BOTH, FREE, 4, 8192, 1024, 4096, 500, 5000, 0, 1, true },
	{ "huge ring, without a pause", THREAD, STEADY, 1, 1 << 16, 1 << 14, 1 << 15, 4, 1000000, 0, 1, false },
};

static const struct scenario *now_running;
static int watchdog_seconds = 20;	/* the machine may be busy, but not as busy as this */

static struct {
	struct profbuf ring;
	sem_t wake;
	volatile sig_atomic_t busy, in_writer;
	u64 next;		/* the writer's: the number of the next record */
	u64 written, lost, nested, wakes;
	u64 delivered, missed, sleeps, flushes, slices, parts;	/* the reader's */
	u64 random_writer, random_reader, random_signals;
	_Atomic u32 made, done;	/* rings: made by the reader, closed by the writer */
	u64 *memory;
	_Atomic u64 seen;	/* the reader is past this number */
	_Atomic bool stop;	/* the one who sends signals */
	pthread_t writer;
} s;

static _Atomic u64 progress;
static u64 total_attempted, total_written, total_lost, total_sleeps, total_wakes, total_nested, total_flushes;

__attribute__((__noreturn__, __format__(__printf__, 1, 2))) static void fail(const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	tap_result(false, "%s: %s", now_running->name, what);
	_exit(1);
}

static u64 random_next(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Word @i of record @n; never 0, as a header of zeros is a loss. */
static u64 pattern(u64 n, u32 i)
{
	return (n * 0x9e3779b97f4a7c15ULL ^ (u64)i << 48) | 1;
}

static u32 stack_of(u64 n)
{
	return (pattern(n, 7) >> 20) % (now_running->stack_max + 1);
}

/* One word too few where that can be: padding. */
static u32 header_of(u64 n)
{
	return now_running->hdrsize - (n % 2 && now_running->hdrsize > 1);
}

static void woken(unsigned int result)
{
	if (!(result & PROFBUF_WAKE))
		return;
	s.wakes++;
	sem_post(&s.wake);
}

/* The writer, one record; in a handler, too. */
static void attempt(void)
{
	u64 hdr[MAX_HDR], stk[MAX_STACK];
	unsigned int result;
	u32 nstk, nhdr;
	u64 n;

	if (s.busy) {
		s.nested++;
		return;
	}
	s.busy = 1;
	atomic_signal_fence(memory_order_seq_cst);
	n = s.next++;
	nstk = stack_of(n);
	nhdr = header_of(n);
	for (u32 i = 0; i < nhdr; i++)
		hdr[i] = pattern(n, 100 + i);
	for (u32 i = 0; i < nstk; i++)
		stk[i] = pattern(n, 1000 + i);
	result = profbuf_write(&s.ring, pattern(n, 1), n, hdr, nhdr, stk, nstk);
	if ((result & ~PROFBUF_WAKE) == PROFBUF_WROTE)
		s.written++;
	else if ((result & ~PROFBUF_WAKE) == PROFBUF_LOST)
		s.lost++;
	else
		fail("write %lu returned %u", n, result);
	woken(result);
	atomic_signal_fence(memory_order_seq_cst);
	s.busy = 0;
}

static void on_signal(int sig)
{
	(void)sig;
	if (s.in_writer)
		attempt();
}

static void short_sleep(long ns)
{
	struct timespec t = { 0, ns };

	nanosleep(&t, NULL);
}

/* The thread sanitizer hands out signals only in calls like this one. */
static void signal_point(void)
{
	short_sleep(1);
}

static void spin(u32 n)
{
	for (; n; n--)
		atomic_signal_fence(memory_order_seq_cst);
}

static void wait_until(const _Atomic u32 *a, u32 n)
{
	for (u32 i = 0; atomic_load_explicit(a, memory_order_acquire) < n; i++)
		if (i > 1000)
			sched_yield();
}

static void write_all(const struct scenario *c, u64 end)
{
	u64 *random = &s.random_writer;
	u64 lost;

	s.in_writer = 1;
	while (*(volatile u64 *)&s.next < end) {
		if (c->source == HANDLER) {
			signal_point();
			continue;
		}
		lost = s.lost;
		attempt();
		if (c->pace == STEADY) {
			if (s.lost != lost)
				sched_yield();
		} else if (c->pace == ANSWERED) {
			while (atomic_load_explicit(&s.seen, memory_order_relaxed) < s.next)
				sched_yield();
		} else if (random_next(random) % 512 == 0) {
			short_sleep(random_next(random) % 30000);
		} else if (random_next(random) % 16 == 0) {
			/* Time for the reader to fall asleep, at all lengths of it. */
			spin(random_next(random) % 2000);
		}
	}
	/* The close, too, comes at all times of falling asleep, which may take some 50 ns or some 50 us. */
	spin(random_next(random) % (1U << random_next(random) % 16));
	s.in_writer = 0;
	atomic_signal_fence(memory_order_seq_cst);
	woken(profbuf_close(&s.ring));
	if (profbuf_close(&s.ring) != PROFBUF_MISUSE)
		fail("closed twice");
}

/* The @nth CPU is this thread's: reader and writer that take turns on one seldom meet. */
static void run_on(int nth)
{
	cpu_set_t may, one;

	if (sched_getaffinity(0, sizeof(may), &may))
		fail("no CPUs");
	nth %= CPU_COUNT(&may);
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &may) && !nth--)
			CPU_SET(i, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		fail("no CPU for a thread");
}

static void *writer(void *arg)
{
	const struct scenario *c = arg;

	run_on(0);
	for (u32 i = 1; i <= c->rings; i++) {
		wait_until(&s.made, i);
		spin(random_next(&s.random_writer) % 200);
		write_all(c, s.next + c->records);
		atomic_store_explicit(&s.done, i, memory_order_release);
	}
	return NULL;
}

static void *signals(void *arg)
{
	u64 random = s.random_signals;

	(void)arg;
	while (!atomic_load_explicit(&s.stop, memory_order_relaxed)) {
		pthread_kill(s.writer, SIGUSR1);
		if (random_next(&random) % 8 == 0)
			short_sleep(1);
		else
			spin(random_next(&random) % 3000);
	}
	return NULL;
}

static void check_loss(const u64 *rec, u64 tag, u64 *next)
{
	u64 count = rec[2 + now_running->hdrsize];

	if (rec[0] != 3 + now_running->hdrsize || tag != PROFBUF_OVERFLOW_TAG || !count)
		fail("loss record of %lu words, tag %lx, count %lu", rec[0], tag, count);
	if (rec[1] != *next)
		fail("loss of %lu starts at %lu, not at %lu", count, rec[1], *next);
	*next += count;
	s.missed += count;
}

static void check_record(const u64 *rec, u64 tag, u64 *next)
{
	u32 hdrsize = now_running->hdrsize;
	u64 n = rec[1];
	u32 nhdr = header_of(n);
	u32 nstk = stack_of(n);

	if (n != *next)
		fail("record %lu after %lu", n, *next - 1);
	if (rec[0] != 2 + hdrsize + nstk)
		fail("record %lu: %lu words", n, rec[0]);
	if (tag != pattern(n, 1))
		fail("record %lu: tag %lx", n, tag);
	for (u32 i = 0; i < hdrsize; i++)
		if (rec[2 + i] != (i < nhdr ? pattern(n, 100 + i) : 0))
			fail("record %lu: header word %u is %lx", n, i, rec[2 + i]);
	for (u32 i = 0; i < nstk; i++)
		if (rec[2 + hdrsize + i] != pattern(n, 1000 + i))
			fail("record %lu: stack word %u is %lx", n, i, rec[2 + hdrsize + i]);
	++*next;
	s.delivered++;
}

/* Checks the slice, gives all of it back or a part, after writing over what it gives back. */
static void take(struct profbuf_slice *slice, u64 *next, u64 *random)
{
	u32 at = 0, i = 0, n = slice->ntags;
	bool part = random_next(random) % 4 == 0;

	if (part)
		n = random_next(random) % (slice->ntags + 1);
	for (; i < n; i++) {
		u64 *rec = &slice->data[at];
		u64 words = rec[0];

		if (words > slice->ndata - at)
			fail("a record of %lu words in a slice of %u", words, slice->ndata - at);
		if (rec[2])
			check_record(rec, slice->tags[i], next);
		else
			check_loss(rec, slice->tags[i], next);
		memset(rec, 0x5a, words * sizeof(u64));
		at += words;
	}
	if (!part && at != slice->ndata)
		fail("%u words of records in a slice of %u", at, slice->ndata);
	if (part)
		profbuf_consume(&s.ring, at, n);
	s.parts += part;
	s.slices++;
	atomic_store_explicit(&s.seen, *next, memory_order_relaxed);
}

static void wait_for_wakeup(u32 flush_us)
{
	struct timespec t;

	if (!flush_us) {
		while (sem_wait(&s.wake) && errno == EINTR)
			;
		return;
	}
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += flush_us * 1000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_nsec -= 1000000000L;
		t.tv_sec++;
	}
	if (sem_timedwait(&s.wake, &t))
		s.flushes++;
}

static void read_all(const struct scenario *c, u64 *next)
{
	u64 *random = &s.random_reader;
	struct profbuf_slice slice;

	for (;;) {
		enum profbuf_read_mode mode = random_next(random) % 8 ? PROFBUF_BLOCKING : PROFBUF_NONBLOCKING;

		atomic_fetch_add_explicit(&progress, 1, memory_order_relaxed);
		switch (profbuf_read(&s.ring, mode, &slice)) {
		case PROFBUF_DATA:
			take(&slice, next, random);
			if (random_next(random) % 1024 == 0)
				short_sleep(random_next(random) % 50000);
			break;
		case PROFBUF_EMPTY:
			break;
		case PROFBUF_SLEEP:
			s.sleeps++;
			wait_for_wakeup(c->flush_us);
			break;
		case PROFBUF_EOF:
			if (profbuf_read(&s.ring, PROFBUF_BLOCKING, &slice) != PROFBUF_EOF)
				fail("something after the end");
			return;
		default:
			fail("the ring is corrupt after record %lu", *next - 1);
		}
	}
}

static void *reader(void *arg)
{
	const struct scenario *c = arg;
	u64 next = 0;

	run_on(1);
	for (u32 i = 1; i <= c->rings; i++) {
		if (!profbuf_init(&s.ring, c->hdrsize, c->bufwords, c->tags, s.memory))
			fail("no ring");
		profbuf_set_watermark(&s.ring, c->watermark);
		atomic_store_explicit(&s.made, i, memory_order_release);
		read_all(c, &next);
		wait_until(&s.done, i);
	}
	return NULL;
}

static void round_of(const struct scenario *c)
{
	pthread_t read_thread, signal_thread;
	u64 random[2] = { s.random_writer, s.random_reader };

	memset(&s, 0, sizeof(s));
	s.random_writer = random[0];
	s.random_reader = random[1];
	s.random_signals = random[0] ^ 0x5555;
	sem_init(&s.wake, 0, 0);
	s.memory = malloc(profbuf_memory(c->hdrsize, c->bufwords, c->tags));
	if (!s.memory)
		fail("no memory");

	if (pthread_create(&read_thread, NULL, reader, (void *)c) ||
	    pthread_create(&s.writer, NULL, writer, (void *)c))
		fail("no thread");
	if (c->source != THREAD && pthread_create(&signal_thread, NULL, signals, NULL))
		fail("no thread");
	if (c->source != THREAD) {
		pthread_join(read_thread, NULL);
		atomic_store_explicit(&s.stop, true, memory_order_relaxed);
		pthread_join(signal_thread, NULL);
		pthread_join(s.writer, NULL);
	} else {
		pthread_join(s.writer, NULL);
		pthread_join(read_thread, NULL);
	}

	if (s.written + s.lost != s.next)
		fail("%lu written + %lu lost of %lu", s.written, s.lost, s.next);
	if (s.delivered != s.written || s.missed != s.lost)
		fail("%lu of %lu delivered, %lu of %lu reported as lost", s.delivered, s.written, s.missed, s.lost);
	if (s.wakes > s.sleeps)
		fail("%lu wakeups for %lu sleeps", s.wakes, s.sleeps);
	total_attempted += s.next;
	total_written += s.written;
	total_lost += s.lost;
	total_sleeps += s.sleeps;
	total_wakes += s.wakes;
	total_nested += s.nested;
	total_flushes += s.flushes;
	sem_destroy(&s.wake);
	free(s.memory);
}

/* What the scenario is about and has not come in any of its rings; NULL if all has. */
static const char *missing(const struct scenario *c)
{
	if (!total_written)
		return "record";
	if (!total_sleeps)
		return "sleep";
	if (!c->flush_us && !total_wakes)
		return "wakeup";
	if (c->flush_us && !total_flushes)
		return "flush";
	if (c->loses && !total_lost)
		return "loss";
	if (c->source == BOTH && !total_nested)
		return "signal in the middle of a write";
	return NULL;
}

static void *watchdog(void *arg)
{
	u64 last = 0;
	int still = 0;

	(void)arg;
	for (;;) {
		u64 seen = atomic_load_explicit(&progress, memory_order_relaxed);

		sleep(1);
		still = seen == last ? still + 1 : 0;
		last = seen;
		if (still == watchdog_seconds)
			fail("the reader sleeps for %d s: a lost wakeup", still);
	}
	return NULL;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	const u32 n = sizeof(scenarios) / sizeof(scenarios[0]);
	double each = (argc > 1 ? atof(argv[1]) : 10) / n;
	u64 records = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	pthread_t dog;

	if (argc > 2)
		watchdog_seconds = atoi(argv[2]);

	sigaction(SIGUSR1, &action, NULL);
	now_running = &scenarios[0];
	s.random_writer = 0x2545f4914f6cdd1dULL;
	s.random_reader = 0x9e3779b97f4a7c15ULL;
	if (pthread_create(&dog, NULL, watchdog, NULL))
		fail("no thread");
	for (u32 i = records ? n - 1 : 0; i < n; i++) {
		double end = seconds() + each;
		u64 rounds = 0;

		now_running = &scenarios[i];
		total_attempted = total_written = total_lost = total_sleeps = 0;
		total_wakes = total_nested = total_flushes = 0;
		do {
			round_of(now_running);
			rounds++;
		} while (seconds() < end || total_written < records ||
			 (missing(now_running) && seconds() < end + PATIENCE_SECONDS));
		if (missing(now_running))
			fail("not one %s in %lu rings", missing(now_running), rounds * now_running->rings);
		tap_result(true, "%s: %lu rings, %lu attempts = %lu written + %lu lost, %lu nested, "
			   "%lu sleeps, %lu wakeups, %lu flushes", now_running->name, rounds * now_running->rings,
			   total_attempted, total_written, total_lost, total_nested, total_sleeps, total_wakes,
			   total_flushes);
	}
	return 0;
}
