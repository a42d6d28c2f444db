// SPDX-License-Identifier: GPL-2.0-only
/*
 * core.c - what the ring costs: ns for a record, next to a plain copy of the same words
 *
 * usage: core [ROUNDS]			the table
 *	  core --count VARIANT STACK|full	128,000 records for callgrind; full: ten times as many
 *
 * Records have a header of 4 words and a stack of 16 or 64, the rings 1 MiB. All variants take turns within a round, so
 * that a busy machine makes all of them slow. The ratios are of the minima, which others' load changes least;
 * for two threads, to what copying alone takes the writer. The copy loops of copy and Lamport are 4 words at a time, as
 * memcpy of a kernel without vector registers would do it; the ring's own is in profbuf_core.c.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "profbuf_core.h"

#define HDR		4
#define RING_WORDS	(1U << 17)
#define RING_TAGS	(1U << 13)
#define BATCH		128
#define BATCHES		2000
#define COUNTED		1000	/* batches for callgrind */
#define MAX_ROUNDS	99

static u64 hdr[HDR] = { 1, 2, 3, 4 };
static u64 stk[64];
static volatile u64 sink;

static u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline u64 *copy(u64 *to, const u64 *from, u32 n)
{
	for (; n >= 4; n -= 4, to += 4, from += 4) {
		to[0] = from[0];
		to[1] = from[1];
		to[2] = from[2];
		to[3] = from[3];
	}
	for (; n; n--)
		*to++ = *from++;
	return to;
}

/*
 * What a ring has to offer. write() is as profbuf_write(), so that all are called alike; drain() reads all there is,
 * adding up its words (walk) or copying them out, and returns how many records.
 */
struct variant {
	const char *name;
	void (*reset)(void);
	unsigned int (*write)(struct profbuf *b, u64 tag, u64 now, const u64 *h, u32 nh, const u64 *s, u32 ns);
	u32 (*drain)(bool copying);
};

static struct profbuf ring;
static u64 out[RING_WORDS + 64];

static void use(const u64 *words, u32 n, bool copying)
{
	if (copying)
		copy(out, words, n);
}

/* The same words into an array of the same size, and nothing else. */
static struct {
	u64 *data, *tags;
	u32 at, n;
	u32 from, read;
} plain;

static void plain_reset(void)
{
	plain.at = plain.n = plain.from = plain.read = 0;
}

__attribute__((__noinline__)) static unsigned int copy_write(struct profbuf *unused, u64 tag, u64 now,
							       const u64 *h, u32 nh, const u64 *s, u32 ns)
{
	u32 words = 2 + nh + ns;
	u64 *to;

	(void)unused;
	if (__builtin_expect(plain.at + words > RING_WORDS, 0)) {
		plain.data[plain.at] = 0;
		plain.at = 0;
	}
	to = &plain.data[plain.at];
	*to++ = words;
	*to++ = now;
	copy(copy(to, h, nh), s, ns);
	plain.tags[plain.n++ & (RING_TAGS - 1)] = tag;
	plain.at += words;
	return PROFBUF_WROTE;
}

static u32 plain_drain(bool copying)
{
	u32 n = plain.n - plain.read;
	u64 sum = 0;

	for (; plain.read != plain.n; plain.read++) {
		const u64 *rec;

		if (!plain.data[plain.from])
			plain.from = 0;
		rec = &plain.data[plain.from];
		sum += rec[1] + plain.tags[plain.read & (RING_TAGS - 1)];
		use(rec, (u32)rec[0], copying);
		plain.from += (u32)rec[0];
	}
	sink = sum;
	return n;
}

/* Lamport's ring: one index for each side, the other's cached; full is full, nobody counts or sleeps. */
static struct {
	_Atomic u64 w PORT_ALIGNED;
	u64 r_seen, tag_w;
	_Atomic u64 r PORT_ALIGNED;
	u64 w_seen, tag_r;
	u64 *data PORT_ALIGNED, *tags;
} lamport;

static void lamport_reset(void)
{
	atomic_store(&lamport.w, 0);
	atomic_store(&lamport.r, 0);
	lamport.r_seen = lamport.w_seen = lamport.tag_w = lamport.tag_r = 0;
}

__attribute__((__noinline__)) static unsigned int lamport_write(struct profbuf *unused, u64 tag, u64 now,
								const u64 *h, u32 nh, const u64 *s, u32 ns)
{
	u64 w = atomic_load_explicit(&lamport.w, memory_order_relaxed);
	u32 at = w & (RING_WORDS - 1);
	u32 words = 2 + nh + ns;
	u32 skip = 0;
	u64 *to;

	(void)unused;
	if (__builtin_expect(at + words > RING_WORDS, 0))
		skip = RING_WORDS - at;
	if (__builtin_expect(w + skip + words - lamport.r_seen > RING_WORDS, 0)) {
		lamport.r_seen = atomic_load_explicit(&lamport.r, memory_order_acquire);
		if (w + skip + words - lamport.r_seen > RING_WORDS)
			return PROFBUF_LOST;
	}
	if (__builtin_expect(skip, 0)) {
		lamport.data[at] = 0;
		at = 0;
	}
	to = &lamport.data[at];
	*to++ = words;
	*to++ = now;
	copy(copy(to, h, nh), s, ns);
	/* Fewer records than tags fit: no look at the reader's tags. */
	lamport.tags[lamport.tag_w++ & (RING_TAGS - 1)] = tag;
	atomic_store_explicit(&lamport.w, w + skip + words, memory_order_release);
	return PROFBUF_WROTE;
}

static u32 lamport_drain(bool copying)
{
	u64 w = atomic_load_explicit(&lamport.w, memory_order_acquire);
	u64 r = atomic_load_explicit(&lamport.r, memory_order_relaxed);
	u64 sum = 0;
	u32 n = 0;

	while (r != w) {
		const u64 *rec = &lamport.data[r & (RING_WORDS - 1)];

		if (!rec[0]) {
			r += RING_WORDS - (r & (RING_WORDS - 1));
			continue;
		}
		sum += rec[1] + lamport.tags[lamport.tag_r++ & (RING_TAGS - 1)];
		use(rec, (u32)rec[0], copying);
		r += (u32)rec[0];
		n++;
	}
	atomic_store_explicit(&lamport.r, r, memory_order_release);
	sink = sum;
	return n;
}

static u64 *ring_memory;

static void ring_reset(void)
{
	profbuf_init(&ring, HDR, RING_WORDS, RING_TAGS, ring_memory);
}

static u32 ring_drain(bool copying)
{
	struct profbuf_slice slice;
	u64 sum = 0;
	u32 n = 0;

	while (profbuf_read(&ring, PROFBUF_NONBLOCKING, &slice) == PROFBUF_DATA) {
		const u64 *rec = slice.data;

		for (u32 i = 0; i < slice.ntags; i++, rec += (u32)rec[0]) {
			sum += rec[1] + slice.tags[i];
			use(rec, (u32)rec[0], copying);
			/* A loss, if the writer was faster, is not a record here. */
			n += rec[2] != 0;
		}
	}
	sink = sum;
	return n;
}

static const struct variant variants[] = {
	{ "copy", plain_reset, copy_write, plain_drain },
	{ "lamport", lamport_reset, lamport_write, lamport_drain },
	{ "profbuf", ring_reset, profbuf_write, ring_drain },
};

#define VARIANTS (sizeof(variants) / sizeof(variants[0]))
#define COPY	0
#define PROFBUF	2

/* Ends early where there is no room. */
static u32 write_loop(const struct variant *v, u32 n, u64 first, u32 nstk)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (!(v->write(&ring, first + i, first + i, hdr, HDR, stk, nstk) & PROFBUF_WROTE))
			break;
	return i;
}

/* Batches: ns of a record for write, walk, write again and copy-out. */
static void bench_batches(const struct variant *v, u32 nstk, double *write, double *walk, double *copy_out)
{
	u64 t[3] = { 0 };

	v->reset();
	for (u32 i = 0; i < BATCHES; i++) {
		u64 a = now_ns(), b, c;

		if (write_loop(v, BATCH, (u64)i * BATCH, nstk) != BATCH)
			abort();
		b = now_ns();
		if (v->drain(i & 1) != BATCH)
			abort();
		c = now_ns();
		t[0] += b - a;
		t[1 + (i & 1)] += c - b;
	}
	*write = (double)t[0] / BATCHES / BATCH;
	*walk = (double)t[1] / (BATCHES / 2) / BATCH;
	*copy_out = (double)t[2] / (BATCHES / 2) / BATCH;
}

/* Mean of all but the slowest hundredth: interrupts, and whoever shares the machine. */
static double trimmed(double *x, u32 n)
{
	double sum = 0;

	qsort(x, n, sizeof(*x), compare);
	n -= n / 100;
	for (u32 i = 0; i < n; i++)
		sum += x[i];
	return sum / n;
}

/* A record each 5 us, the reader each 1 ms. What the clock takes is measured beside it and taken off. */
static double bench_paced(const struct variant *v, u32 nstk)
{
	static double spent[4000], clock[4000];
	u64 next = now_ns(), read_at = next + 1000000;

	v->reset();
	for (u32 i = 0; i < 4000; i++) {
		u64 a, b, c;

		next += 5000;
		do {
			a = now_ns();
		} while (a < next);
		/* Held up: no burst afterwards. */
		if (a > next + 5000)
			next = a;
		a = now_ns();
		if (!(v->write(&ring, i, i, hdr, HDR, stk, nstk) & PROFBUF_WROTE))
			abort();
		b = now_ns();
		c = now_ns();
		spent[i] = b - a;
		clock[i] = c - b;
		if (c > read_at) {
			v->drain(true);
			read_at += 1000000;
		}
	}
	return trimmed(spent, 4000) - trimmed(clock, 4000);
}

/* A ring without room: a record is one more that is lost. */
static void full_loop(const struct variant *v, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (v->write(&ring, i, i, hdr, HDR, stk, 16) & PROFBUF_WROTE)
			abort();
}

static void full_reset(const struct variant *v)
{
	v->reset();
	while (v->write(&ring, 0, 0, hdr, HDR, stk, 16) & PROFBUF_WROTE)
		;
}

static double bench_full(const struct variant *v)
{
	u64 a;

	full_reset(v);
	a = now_ns();
	full_loop(v, 1000000);
	return (double)(now_ns() - a) / 1000000;
}

/* Two threads. The writer waits where there is no room; ns from the first record written to the last one read. */
static struct {
	const struct variant *v;
	u32 nstk;
	u32 n;
	bool copying;
	_Atomic bool go;
} two;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *reader(void *arg)
{
	(void)arg;
	pin(1);
	while (!atomic_load(&two.go))
		;
	for (u32 n = 0; n < two.n;)
		n += two.v->drain(two.copying);
	return NULL;
}

static bool ring_has_room(u32 nstk)
{
	u64 w = atomic_load_explicit(&ring.w, memory_order_relaxed);
	u64 r = atomic_load_explicit(&ring.r, memory_order_acquire);

	/* Two records more than one, for the end of the array. */
	return (u32)w - (u32)r + 3 * (2 + HDR + nstk) <= RING_WORDS;
}

static double bench_two(const struct variant *v, u32 nstk, bool copying)
{
	pthread_t t;
	u64 a;

	v->reset();
	two.v = v;
	two.nstk = nstk;
	two.n = 200000;
	two.copying = copying;
	atomic_store(&two.go, false);
	if (pthread_create(&t, NULL, reader, NULL))
		abort();
	a = now_ns();
	atomic_store(&two.go, true);
	for (u32 i = 0; i < two.n;) {
		/* Batches as a sampler's bursts; a loss is not wanted here, so the ring is asked for room first. */
		if (v == &variants[PROFBUF])
			while (!ring_has_room(nstk * BATCH + (2 + HDR) * BATCH))
				__builtin_ia32_pause();
		u32 want = two.n - i < BATCH ? two.n - i : BATCH;
		u32 n = write_loop(v, want, i, nstk);

		i += n;
		if (n < want)
			__builtin_ia32_pause();
	}
	pthread_join(t, NULL);
	return (double)(now_ns() - a) / two.n;
}

static double median(const double *x, int n)
{
	double copy_of[MAX_ROUNDS];

	memcpy(copy_of, x, n * sizeof(*x));
	qsort(copy_of, n, sizeof(*x), compare);
	return copy_of[n / 2];
}

static double minimum(const double *x, int n)
{
	double min = x[0];

	for (int i = 1; i < n; i++)
		if (x[i] < min)
			min = x[i];
	return min;
}

/* [row][variant][round] */
enum row {
	WRITE16, WRITE64, WALK16, WALK64, COPY16, COPY64, PACED16, PACED64, TWO16, TWO64, TWOCOPY16, FULL,
	ROWS
};

static const char * const row_names[ROWS] = {
	"write, 16", "write, 64", "drain walking, 16", "drain walking, 64", "drain copying, 16", "drain copying, 64",
	"paced write, 16", "paced write, 64", "two threads, walking, 16", "two threads, walking, 64",
	"two threads, copying, 16", "full ring, 16",
};

/* The goals: at most so many times copy, minimum by minimum; the full ring: ns. */
static const double goals[ROWS] = { [WRITE16] = 1.3, [WRITE64] = 1.15, [PACED16] = 1.5, [PACED64] = 1.5, [FULL] = 5 };

static double results[ROWS][VARIANTS][MAX_ROUNDS];

static void print_row(enum row row, int rounds)
{
	double ring = minimum(results[row][PROFBUF], rounds);
	double base = minimum(results[row][COPY], rounds);

	printf("%-26s", row_names[row]);
	for (u32 v = 0; v < VARIANTS; v++) {
		double min = minimum(results[row][v], rounds);

		if (min == 0) {
			printf("%24s", "-");
			continue;
		}
		printf("  %6.1f /%6.1f", min, median(results[row][v], rounds));
		if (v == COPY || base == 0)
			printf("%8s", "");
		else
			printf("%7.2fx", min / base);
	}
	if (row == FULL)
		base = 1;
	if (goals[row] != 0)
		printf("  %.2f%s %s", goals[row], row == FULL ? " ns" : "x",
		       ring / base <= goals[row] ? "met" : "MISSED");
	printf("\n");
	fflush(stdout);
}

static void allocate(void)
{
	plain.data = aligned_alloc(4096, (RING_WORDS + RING_TAGS) * sizeof(u64));
	plain.tags = plain.data + RING_WORDS;
	lamport.data = aligned_alloc(4096, (RING_WORDS + RING_TAGS) * sizeof(u64));
	lamport.tags = lamport.data + RING_WORDS;
	ring_memory = aligned_alloc(4096, (profbuf_memory(HDR, RING_WORDS, RING_TAGS) + 4095) & ~4095UL);
	if (!plain.data || !lamport.data || !ring_memory)
		abort();
	memset(plain.data, 1, (RING_WORDS + RING_TAGS) * sizeof(u64));
	memset(lamport.data, 1, (RING_WORDS + RING_TAGS) * sizeof(u64));
	memset(ring_memory, 1, profbuf_memory(HDR, RING_WORDS, RING_TAGS));
	memset(out, 1, sizeof(out));
	for (u32 i = 0; i < 64; i++)
		stk[i] = 0xffffffff81000000ULL + i;
}

static int count(const char *name, const char *what)
{
	const struct variant *v = variants;

	while (v < variants + VARIANTS && strcmp(v->name, name))
		v++;
	if (v == variants + VARIANTS)
		return 2;
	if (!strcmp(what, "full")) {
		full_reset(v);
		full_loop(v, 10 * COUNTED * BATCH);
		return 0;
	}
	v->reset();
	for (u32 i = 0; i < COUNTED; i++) {
		if (write_loop(v, BATCH, i, atoi(what)) != BATCH)
			abort();
		v->drain(false);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 9;

	allocate();
	if (argc == 4 && !strcmp(argv[1], "--count"))
		return count(argv[2], argv[3]);
	if (rounds < 1 || rounds > MAX_ROUNDS)
		return 2;
	pin(0);
	/* Round -1 warms up. */
	for (int i = -1; i < rounds; i++) {
		int at = i < 0 ? 0 : i;

		for (u32 big = 0; big < 2; big++) {
			for (u32 v = 0; v < VARIANTS; v++)
				bench_batches(&variants[v], big ? 64 : 16, &results[WRITE16 + big][v][at],
					      &results[WALK16 + big][v][at], &results[COPY16 + big][v][at]);
			for (u32 v = 0; v < VARIANTS; v++)
				results[PACED16 + big][v][at] = bench_paced(&variants[v], big ? 64 : 16);
			for (u32 v = COPY + 1; v < VARIANTS; v++)
				results[TWO16 + big][v][at] = bench_two(&variants[v], big ? 64 : 16, false);
			/* Against the copy of the same round. */
			results[TWO16 + big][COPY][at] = results[WRITE16 + big][COPY][at];
		}
		for (u32 v = COPY + 1; v < VARIANTS; v++)
			results[TWOCOPY16][v][at] = bench_two(&variants[v], 16, true);
		results[TWOCOPY16][COPY][at] = results[WRITE16][COPY][at];
		for (u32 v = COPY + 1; v < VARIANTS; v++)
			results[FULL][v][at] = bench_full(&variants[v]);
	}
	printf("%-26s", "ns a record, min / median");
	for (u32 v = 0; v < VARIANTS; v++)
		printf("%*s%-8s", 16, variants[v].name, v == COPY ? "" : " (x copy)");
	printf(" goal\n");
	for (u32 row = 0; row < ROWS; row++)
		print_row(row, rounds);
	return 0;
}
