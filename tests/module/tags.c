// SPDX-License-Identifier: GPL-2.0-only
/*
 * tags.c - samples have the tag that the thread's own pointer names
 *
 * The label sets are written by hand, right and wrong ones. The tests of libprofbuf-tag check that it writes such sets.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "tags.h"

TEST(threads_have_their_own)
{
	static struct set one, other;
	struct kt_stream s = { 0 };
	struct worker a, b, none;
	int fd = session();

	one = labels("tenant", "acme");
	other = labels("tenant", "zebra");
	start(&a, &one);
	start(&b, &other);
	start(&none, NULL);
	kt_start(fd);
	be_sampled(fd, 160);
	stop(&a);
	stop(&b);
	stop(&none);
	finish(fd, &s);
	check_thread(&s, a.tid, (uintptr_t)&one);
	check_thread(&s, b.tid, (uintptr_t)&other);
	check_thread(&s, none.tid, 0);
	check_definition(&s, getpid(), (uintptr_t)&one, &one);
	check_definition(&s, getpid(), (uintptr_t)&other, &other);
	CHECK(!definition(&s, getpid(), 0));
	kt_free(&s);
	close(fd);
}

/* A sample in a system call has the thread's tag, too: the kernel's code works for this thread. */
TEST(a_tag_is_there_in_system_calls)
{
	static struct set set;
	struct kt_stream s = { 0 };
	const struct profbuf_record *r = NULL;
	unsigned int kernel = 0, tagged = 0;
	int fd = session();
	uint64_t end = kt_now() + 400 * MSEC;

	set = labels("phase", "zero pages");
	own_labels = &set;
	kt_start(fd);
	while (kt_now() < end) {
		void *p = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		NEED(p != MAP_FAILED);
		munmap(p, 4 << 20);
	}
	finish(fd, &s);
	own_labels = NULL;
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;

		if (r->type == PROFBUF_RECORD_SAMPLE && (p->mode & PROFBUF_MODE_MASK) == PROFBUF_MODE_KERNEL) {
			kernel++;
			tagged += p->tag == (uintptr_t)&set;
		}
	}
	ENOUGH(kernel > 15, "%u of %u", tagged, kernel);
	CHECK(tagged == kernel, "%u of %u", tagged, kernel);
	kt_free(&s);
	close(fd);
}

extern const char outer_begin[], outer_end[], inner_begin[], inner_end[];

/* Loops, because an emulated CPU takes interrupts at jumps. The address of a sample tells which work it is in. */
static __attribute__((noinline, noclone)) void outer_work(void)
{
	long n = 2;

	asm volatile("outer_begin:\tdec %0\n\tjnz outer_begin\nouter_end:" : "+r" (n) : : "cc");
}

static __attribute__((noinline, noclone)) void inner_work(void)
{
	long n = 6;

	asm volatile("inner_begin:\tdec %0\n\tjnz inner_begin\ninner_end:" : "+r" (n) : : "cc");
}

enum { CHANGERS = 3, CHANGES = 10000000 };

/* What a thread does while its labels change all the time. The result must be the same with and without sampling. */
struct changer {
	pthread_t thread;
	struct set outer, inner;
	pid_t tid;
	uint64_t changes, result, ns;	/* ns: the thread's own CPU time */
	bool restored;
};

static void *change(void *arg)
{
	struct changer *c = arg;
	struct timespec begin, end;
	uint64_t x = c->outer.head.bytes;

	c->tid = gettid();
	own_labels = &c->outer;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	for (unsigned int i = 0; i < CHANGES; i++) {
		const void *former = own_labels;

		__atomic_store_n(&own_labels, &c->inner, __ATOMIC_RELAXED);
		inner_work();
		x = x * 6364136223846793005 + 1442695040888963407;
		__atomic_store_n(&own_labels, former, __ATOMIC_RELAXED);
		outer_work();
		c->changes++;
	}
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	c->ns = (end.tv_sec - begin.tv_sec) * SEC + end.tv_nsec - begin.tv_nsec;
	c->result = x;
	c->restored = own_labels == &c->outer;
	return NULL;
}

static void run_changers(struct changer *changers)
{
	for (int i = 0; i < CHANGERS; i++) {
		struct changer *c = &changers[i];
		char name[8];

		snprintf(name, sizeof(name), "%d", i);
		*c = (struct changer){ .outer = labels("outer", name), .inner = labels("inner", name) };
		NEED(!pthread_create(&c->thread, NULL, change, c));
	}
	for (int i = 0; i < CHANGERS; i++)
		pthread_join(changers[i].thread, NULL);
}

static bool within(uint64_t address, const char *begin, const char *end)
{
	return address >= (uintptr_t)begin && address <= (uintptr_t)end;
}

/*
 * Returns the number of a changer's samples in the work of one of its tags, by address. @wrong: those with another tag.
 */
static unsigned int work(const struct kt_stream *s, pid_t tid, const char *begin, const char *end,
			 const struct set *tag, unsigned int *wrong)
{
	unsigned int n = 0;

	*wrong = 0;
	EACH_SAMPLE(p, s) {
		if (p->tid == (uint32_t)tid && p->nr_user && within(p->frames[p->nr_kernel], begin, end)) {
			n++;
			*wrong += p->tag != (uintptr_t)tag;
		}
	}
	return n;
}

/*
 * Several threads set and restore labels as fast as they can, more than a thousand times between two samples. Each
 * sample has the tag of the work that it is in, and the program computes the right result.
 */
TEST(millions_of_changes_leave_program_and_profile_right)
{
	static struct changer alone[CHANGERS], seen[CHANGERS];
	unsigned int all_outer = 0, all_inner = 0;
	struct kt_stream s = { 0 };
	int fd = session();

	run_changers(alone);
	kt_start(fd);
	run_changers(seen);
	finish(fd, &s);
	for (int i = 0; i < CHANGERS; i++) {
		struct changer *c = &seen[i];
		unsigned int a = count(&s, c->tid, (uintptr_t)&c->outer, NULL), others;
		unsigned int b = count(&s, c->tid, (uintptr_t)&c->inner, &others), none = count(&s, c->tid, 0, NULL);
		unsigned int wrong_outer, outer = work(&s, c->tid, outer_begin, outer_end, &c->outer, &wrong_outer);
		unsigned int wrong_inner, inner = work(&s, c->tid, inner_begin, inner_end, &c->inner, &wrong_inner);
		double rate = 1e3 * c->changes / c->ns;

		printf("# %.1f million changes a second; samples: %u outer, %u inner, %u at ends; %u, %u at work\n",
		       rate, a, b, none, outer, inner);
		/* There is at most one sample per millisecond. */
		CHECK(c->changes == CHANGES && c->changes / (a + b) > 1000, "%llu changes",
		      (unsigned long long)c->changes);
		CHECK(c->restored && c->result == alone[i].result);
		CHECK(a + b > 100, "%u, %u", a, b);
		CHECK(!wrong_outer && !wrong_inner, "%u of %u, %u of %u", wrong_outer, outer, wrong_inner, inner);
		CHECK(others == a + none && none <= 20, "%u others, %u without", others, none);
		check_definition(&s, getpid(), (uintptr_t)&c->outer, &c->outer);
		check_definition(&s, getpid(), (uintptr_t)&c->inner, &c->inner);
		all_outer += outer;
		all_inner += inner;
	}
	/* How many there are of each kind depends on where an emulated CPU that is late takes its timer interrupt. */
	ENOUGH(all_outer > 10 && all_inner > 10, "%u, %u", all_outer, all_inner);
	CHECK(!failed(fd, PROFBUF_TAG_FAULT) && !failed(fd, PROFBUF_TAG_BAD));
	kt_free(&s);
	close(fd);
}

static uint64_t definitions(int fd)
{
	return kt_all_counters(fd).tag_definitions;
}

/* Each tag is kept until a sample has it. */
TEST(ten_thousand_tags_are_defined_once_each)
{
	enum { N = 10000 };
	static struct { struct profbuf_label_set head; char text[24]; } sets[N];
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	const struct profbuf_record *r = NULL;
	static uint8_t defined[N], sampled[N];
	unsigned int bad = 0, twice = 0, n_defined = 0, n_sampled = 0;
	uint64_t begin = kt_now();
	struct kt_sums sums;
	int fd = kt_open();

	for (int i = 0; i < N; i++) {
		sets[i].head = (struct profbuf_label_set){ .magic = PROFBUF_LABELS_MAGIC, .count = 1 };
		sets[i].head.bytes = snprintf(sets[i].text, sizeof(sets[i].text), "request%c%d", 0, i) + 1;
	}
	config.period = 500000;
	config.ring_bytes = 8 << 20;
	config.kernel_depth = config.user_depth = 4;
	config.filter = PROFBUF_FILTER_THREAD;
	config.filter_id = getpid();
	kt_configure(fd, &config);
	NEED(!add_source(fd, PROFBUF_TAG_LABELS, &own_labels));
	kt_start(fd);
	for (unsigned int i = 0; i < N && kt_now() < begin + 200 * SEC; i++) {
		own_labels = &sets[i];
		be_sampled(fd, 1);
		/* Waits until the worker that defines the tags is not far behind. */
		while (i > definitions(fd) + 64 && kt_now() < begin + 200 * SEC)
			sched_yield();
	}
	own_labels = NULL;
	sums = finish(fd, &s);
	printf("# %.1f s, %llu samples\n", (kt_now() - begin) / 1e9, (unsigned long long)sums.all_samples);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;
		const struct profbuf_tag *t = (const struct profbuf_tag *)r;
		bool is_tag = r->type == PROFBUF_RECORD_TAG;
		uint64_t tag = is_tag ? t->tag : p->tag;
		size_t i = (tag - (uintptr_t)sets) / sizeof(sets[0]);

		if ((r->type != PROFBUF_RECORD_SAMPLE && !is_tag) || !tag)
			continue;
		if (tag < (uintptr_t)sets || i >= N || (uintptr_t)&sets[i] != tag) {
			bad++;
		} else if (!is_tag) {
			n_sampled += !sampled[i];
			sampled[i] = 1;
		} else {
			twice += defined[i];
			n_defined += !defined[i];
			defined[i] = 1;
			bad += t->cause || t->bytes != sets[i].head.bytes || memcmp(t->data, sets[i].text, t->bytes);
		}
	}
	CHECK(n_sampled == N && n_defined == N, "%u sampled, %u defined", n_sampled, n_defined);
	CHECK(!bad && !twice, "%u bad, %u twice", bad, twice);
	CHECK(!sums.all_lost && !sums.sideband_lost, "%llu lost", (unsigned long long)sums.sideband_lost);
	CHECK(!failed(fd, PROFBUF_TAG_BUSY));
	kt_free(&s);
	close(fd);
}

/* The number of samples and definitions whose tag is this word. */
static unsigned int occurrences(const struct kt_stream *s, uint64_t word)
{
	const struct profbuf_record *r = NULL;
	unsigned int n = 0;

	while ((r = kt_next(s, r))) {
		n += r->type == PROFBUF_RECORD_SAMPLE && ((const struct profbuf_sample *)r)->tag == word;
		n += r->type == PROFBUF_RECORD_TAG && ((const struct profbuf_tag *)r)->tag == word;
	}
	return n;
}

/*
 * A thread's pointer may have any value: nothing crashes, and nothing of the memory is in the stream, not even the
 * pointer. The stream does not even tell whether memory is mapped there: all are counted under one cause.
 */
TEST(wrong_pointers_bring_nothing_into_the_stream)
{
	static char secret[4096] __attribute__((aligned(4096))) = "a secret of the process";
	char *last = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static struct set unterminated, odd, no_key, too_long, wrong_count, not_zero;
	struct set *cut = (void *)(last + 4096 - sizeof(struct profbuf_label_set) - 4);
	const void *wrong[] = {
		(void *)1, (void *)0x1000, (void *)0x7ffffffff000, cut, secret, secret + 4090, &unterminated, &odd,
		&no_key, &too_long, &wrong_count, &not_zero, (char *)&wrong_count + 8,
	};
	struct kt_stream s = { 0 };
	unsigned int others, without;
	int fd = session();

	NEED(last != MAP_FAILED && !munmap(last + 4096, 4096));
	unterminated = odd = no_key = too_long = wrong_count = not_zero = labels("key", "value");
	cut->head = unterminated.head;
	memset(unterminated.text, 'x', sizeof(unterminated.text));
	odd.head.bytes = 4;
	no_key.text[0] = 0;
	too_long.head.bytes = PROFBUF_LABELS_BYTES + 1;
	wrong_count.head.count = 2;
	not_zero.head.zero = 1;
	kt_start(fd);
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		own_labels = wrong[i];
		be_sampled(fd, 20);
	}
	own_labels = NULL;
	finish(fd, &s);
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(!occurrences(&s, (uintptr_t)wrong[i]), "%u", i);
	CHECK(!memmem(s.words, s.n * 8, "a secret", 8));
	without = count(&s, getpid(), 0, &others);
	CHECK(!others && !failed(fd, PROFBUF_TAG_FAULT), "%u with a tag", others);
	ENOUGH(failed(fd, PROFBUF_TAG_BAD) > 200, "%llu of %u", (unsigned long long)failed(fd, PROFBUF_TAG_BAD),
	       without);
	CHECK(failed(fd, PROFBUF_TAG_BAD) <= without, "%llu of %u", (unsigned long long)failed(fd, PROFBUF_TAG_BAD),
	      without);
	CHECK(kt_check(&s).tags_lost == failed(fd, PROFBUF_TAG_BAD));
	kt_free(&s);
	close(fd);
}

/* Each sample of a thread whose tag cannot be read is counted. */
TEST(each_sample_of_a_wrong_pointer_is_counted)
{
	static struct set set;
	struct kt_stream s = { 0 };
	unsigned int others, without;
	int fd = session();

	set = labels("key", "value");
	set.text[0] = 0;
	own_labels = &set;
	kt_start(fd);
	be_sampled(fd, 20);
	finish(fd, &s);
	own_labels = NULL;
	without = count(&s, getpid(), 0, &others);
	ENOUGH(without > 15, "%u samples, %u counted", without, (unsigned int)failed(fd, PROFBUF_TAG_BAD));
	CHECK(!others && failed(fd, PROFBUF_TAG_BAD) == without, "%u samples, %u counted", without,
	      (unsigned int)failed(fd, PROFBUF_TAG_BAD));
	CHECK(kt_check(&s).tags_lost == without && !definition(&s, getpid(), (uintptr_t)&set));
	kt_free(&s);
	close(fd);
}

/*
 * Without descriptions, nothing in the stream says what a tag means, but a wrong pointer still does not become a tag.
 */
TEST(tags_are_checked_without_descriptions)
{
	struct profbuf_config config = kt_config();
	static struct set right, wrong;
	struct kt_stream s = { 0 };
	unsigned int others, with;
	int fd = kt_open();

	right = wrong = labels("key", "value");
	wrong.head.magic++;
	config.flags &= ~PROFBUF_CONFIG_SIDEBAND;
	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = getpid();
	kt_configure(fd, &config);
	NEED(!add_source(fd, PROFBUF_TAG_LABELS, &own_labels));
	own_labels = &wrong;
	kt_start(fd);
	be_sampled(fd, 20);
	own_labels = &right;
	be_sampled(fd, 20);
	finish(fd, &s);
	own_labels = NULL;
	with = count(&s, getpid(), (uintptr_t)&right, &others);
	ENOUGH(with > 15 && others > 15, "%u with, %u without", with, others);
	CHECK(others == count(&s, getpid(), 0, NULL), "%u with, %u without", with, others);
	CHECK(!definition(&s, getpid(), (uintptr_t)&right) && kt_check(&s).tags_lost == others);
	kt_free(&s);
	close(fd);
}

TEST(no_pointer_has_the_bits_of_other_tags)
{
	struct kt_stream s = { 0 };
	unsigned int others;
	int fd = session();

	kt_start(fd);
	own_labels = (void *)(PROFBUF_TAG_OUTSIDE | 1);
	be_sampled(fd, 20);
	own_labels = (void *)(1ULL << 62 | 1);
	be_sampled(fd, 20);
	own_labels = NULL;
	finish(fd, &s);
	ENOUGH(count(&s, getpid(), 0, &others) > 15);
	CHECK(!others);
	ENOUGH(failed(fd, PROFBUF_TAG_BAD) > 15);
	kt_free(&s);
	close(fd);
}

/* Returns an offset from the thread pointer at which no memory is mapped. */
static int64_t hole_below_thread_pointer(void)
{
	uint64_t page = thread_pointer() & ~0xfffULL;
	int64_t offset;

	for (offset = 4096; offset < PROFBUF_TLS_BYTES - 4096; offset += 4096) {
		if (mmap((void *)(page - offset), 4096, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)(page - offset))
			return page - offset - thread_pointer();
	}
	NEED(!"a hole");
	return 0;
}

TEST(a_wrong_place_is_a_fault_and_no_tag)
{
	struct profbuf_tag_source source = {
		.size = sizeof(source), .pid = getpid(), .offset = hole_below_thread_pointer(),
	};
	struct kt_stream s = { 0 };
	unsigned int others;
	int fd = session();

	source.offset &= ~7LL;
	CHECK(!ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source));
	kt_start(fd);
	be_sampled(fd, 20);
	finish(fd, &s);
	ENOUGH(count(&s, getpid(), 0, &others) > 15);
	CHECK(!others);
	CHECK(failed(fd, PROFBUF_TAG_FAULT) == count(&s, getpid(), 0, NULL) &&
	      kt_check(&s).tags_lost == failed(fd, PROFBUF_TAG_FAULT));
	kt_free(&s);
	close(fd);
}

/* Adds up what the stream says about tags that were not read. */
static void sum_lost(const struct kt_stream *s, uint64_t lost[8])
{
	const struct profbuf_record *r = NULL;
	bool final = false;

	memset(lost, 0, 8 * sizeof(*lost));
	while ((r = kt_next(s, r))) {
		final |= r->type == PROFBUF_RECORD_COUNTERS;
		if (r->type != PROFBUF_RECORD_TAG_LOST)
			continue;
		CHECK(!final, "after the final counters");
		for (int i = 0; i < 8; i++)
			lost[i] += ((const struct profbuf_tag_lost *)r)->count[i];
	}
}

/* The stream is also read while the session runs: each loss is reported once. */
TEST(tags_that_were_not_read_are_in_the_stream)
{
	static struct set set;
	struct profbuf_label_set *wrong = (void *)(PROFBUF_TAG_OUTSIDE | 1);
	struct kt_stream s = { 0 };
	unsigned int others, without;
	uint64_t lost[8];
	int fd = session();

	set = labels("a", "b");
	own_labels = wrong;
	kt_start(fd);
	for (int i = 0; i < 4; i++) {
		be_sampled(fd, 20);
		kt_spin(60 * MSEC);
		CHECK(kt_read(fd, &s) > 0);
	}
	/* A label set that can be read is no loss. */
	own_labels = &set;
	be_sampled(fd, 20);
	/* A tag from outside is known, so there is no loss either. */
	CHECK(!tag_pid(fd, 0, getpid(), "c\0d", 4));
	own_labels = wrong;
	be_sampled(fd, 20);
	finish(fd, &s);
	own_labels = NULL;
	sum_lost(&s, lost);
	without = count(&s, getpid(), 0, &others);
	ENOUGH(others > 15 && lost[PROFBUF_TAG_BAD] > 30, "%u without, %llu said", without,
	       (unsigned long long)lost[PROFBUF_TAG_BAD]);
	CHECK(without == lost[PROFBUF_TAG_BAD], "%u without, %llu said", without,
	      (unsigned long long)lost[PROFBUF_TAG_BAD]);
	CHECK(kt_check(&s).tags_lost == lost[PROFBUF_TAG_BAD]);
	CHECK(failed(fd, PROFBUF_TAG_BAD) > lost[PROFBUF_TAG_BAD] + 8, "%llu, %llu said",
	      (unsigned long long)failed(fd, PROFBUF_TAG_BAD), (unsigned long long)lost[PROFBUF_TAG_BAD]);
	kt_free(&s);
	close(fd);

	/* The losses come too late for a read before the end: all are reported before the final counters. */
	fd = session();
	own_labels = wrong;
	kt_start(fd);
	be_sampled(fd, 20);
	finish(fd, &s);
	own_labels = NULL;
	sum_lost(&s, lost);
	ENOUGH(lost[PROFBUF_TAG_BAD] > 8);
	CHECK(lost[PROFBUF_TAG_BAD] == count(&s, getpid(), 0, &others) && !others);
	kt_free(&s);
	close(fd);
}

/* The variable is found by the vector that glibc has for the blocks of each thread: module 1 is the program. */
TEST(dynamic_vector_of_glibc)
{
	static struct set set;
	uint64_t tp = thread_pointer(), *dtv = *(uint64_t **)(tp + 8);
	struct profbuf_tag_source source = {
		.size = sizeof(source), .pid = getpid(), .tls = PROFBUF_TLS_GLIBC, .module = 1,
		.offset = (int64_t)((uint64_t)&own_labels - dtv[2]),
	};
	struct kt_stream s = { 0 };
	struct worker w;
	unsigned int others;
	int fd = session();

	set = labels("how", "dtv");
	CHECK(!ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source));
	start(&w, &set);
	kt_start(fd);
	be_sampled(fd, 80);
	stop(&w);
	/* A module beyond the vector: this thread has no block for it yet. */
	source.module = 100000;
	CHECK(!ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source));
	own_labels = &set;
	be_sampled(fd, 20);
	own_labels = NULL;
	finish(fd, &s);
	check_thread(&s, w.tid, (uintptr_t)&set);
	ENOUGH(count(&s, getpid(), 0, &others) > 10, "%u", others);
	CHECK(!others, "%u", others);
	CHECK(!failed(fd, PROFBUF_TAG_FAULT));
	check_definition(&s, getpid(), (uintptr_t)&set, &set);
	kt_free(&s);
	close(fd);
}

/* A tag source belongs to an address space: it is not used for another program in the same process. */
TEST(exec_ends_the_own_tag_and_is_said)
{
	static struct set set;
	struct profbuf_config config = kt_config();
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	uint64_t exec = 0, ended = 0, tagged_after = 0, before = 0, after = 0;
	int go[2], ready[2], fd = kt_open();
	pid_t pid;
	char byte;

	set = labels("before", "exec");
	NEED(!pipe(go) && !pipe(ready));
	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		NEED(read(go[0], &byte, 1) == 1);
		NEED(!add_source(fd, PROFBUF_TAG_LABELS, &own_labels));
		own_labels = &set;
		NEED(write(ready[1], "x", 1) == 1);
		kt_spin(400 * MSEC);
		execl("/bin/sh", "sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done", NULL);
		_exit(127);
	}
	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = pid;
	kt_configure(fd, &config);
	kt_start(fd);
	NEED(write(go[1], "x", 1) == 1 && read(ready[0], &byte, 1) == 1);
	waitpid(pid, NULL, 0);
	finish(fd, &s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_life *life = (const struct profbuf_life *)r;

		if (r->type == PROFBUF_RECORD_EXEC && life->pid == (uint32_t)pid) {
			CHECK(!exec && !strcmp(life->comm, "sh"));
			exec = r->time;
		}
		if (r->type == PROFBUF_RECORD_EXIT && life->pid == (uint32_t)pid) {
			CHECK(!ended && life->tid == (uint32_t)pid && !strcmp(life->comm, "sh"));
			ended = r->time;
		}
	}
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;

		if (r->type != PROFBUF_RECORD_SAMPLE)
			continue;
		before += p->time < exec && p->tag == (uintptr_t)&set;
		after += p->time > exec;
		tagged_after += p->time > exec && p->tag;
	}
	CHECK(exec && ended > exec, "exec %llu, exit %llu", (unsigned long long)exec, (unsigned long long)ended);
	ENOUGH(before > 5 && after > 5, "%llu before, %llu after, %llu tagged", (unsigned long long)before,
	       (unsigned long long)after, (unsigned long long)tagged_after);
	CHECK(!tagged_after, "%llu before, %llu after, %llu tagged", (unsigned long long)before,
	      (unsigned long long)after, (unsigned long long)tagged_after);
	kt_free(&s);
	close(fd);
}

int main(void)
{
	return kt_main();
}
