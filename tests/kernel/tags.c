// SPDX-License-Identifier: GPL-2.0-only
/*
 * tags.c - whose work a sample was: the thread's own pointer, OTEP 4947's record, and labels from outside
 *
 * The label sets are written by hand, right and wrong ones; that libprofbuf-tag writes them so, its own tests say.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "kt.h"

struct set {
	struct profbuf_label_set head;
	char text[PROFBUF_LABELS_BYTES];
};

/* What the kernel is told to read. */
static __thread const void *own_labels;
static __thread const void *own_context;

static uint64_t thread_pointer(void)
{
	uint64_t tp;

	asm("mov %%fs:0, %0" : "=r" (tp));
	return tp;
}

static struct set labels(const char *key, const char *value)
{
	struct set s = { .head = { .magic = PROFBUF_LABELS_MAGIC, .count = 1 } };

	s.head.bytes = snprintf(s.text, sizeof(s.text), "%s%c%s", key, 0, value) + 1;
	return s;
}

static int add_source(int fd, enum profbuf_tag_kind kind, const void *variable)
{
	struct profbuf_tag_source source = {
		.size = sizeof(source),
		.pid = getpid(),
		.kind = kind,
		.tls = PROFBUF_TLS_STATIC,
		.offset = (int64_t)((uint64_t)variable - thread_pointer()),
	};

	return ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source);
}

static int tag_pid(int fd, uint32_t flags, pid_t pid, const char *text, uint32_t bytes)
{
	struct profbuf_tag_set set = {
		.size = sizeof(set), .flags = flags, .pid = pid, .bytes = bytes, .data = (uintptr_t)text,
	};

	return ioctl(fd, PROFBUF_IOC_TAG, &set);
}

/* A session of this process, told where its labels are. */
static int session(void)
{
	struct profbuf_config config = kt_config();
	int fd = kt_open();

	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = getpid();
	kt_configure(fd, &config);
	NEED(!add_source(fd, PROFBUF_TAG_LABELS, &own_labels));
	return fd;
}

static struct kt_sums finish(int fd, struct kt_stream *s)
{
	kt_stop(fd);
	kt_drain(fd, s);
	return kt_check(s);
}

static uint64_t failed(int fd, enum profbuf_tag_cause cause)
{
	struct profbuf_counters_get get = { .size = sizeof(get), .cpu = PROFBUF_CPU_NONE };

	NEED(!ioctl(fd, PROFBUF_IOC_COUNTERS, &get));
	return get.tag_failed[cause];
}

/* Samples of a thread with a tag, and with another one. */
static unsigned int count(const struct kt_stream *s, pid_t tid, uint64_t tag, unsigned int *others)
{
	const struct profbuf_record *r = NULL;
	unsigned int n = 0;

	if (others)
		*others = 0;
	while ((r = kt_next(s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;

		if (r->type != PROFBUF_RECORD_SAMPLE || p->tid != (uint32_t)tid)
			continue;
		if (p->tag == tag)
			n++;
		else if (others)
			(*others)++;
	}
	return n;
}

/* The samples of a thread that ran to its end have that tag; while it exits, it has none. */
static void check_thread(const struct kt_stream *s, pid_t tid, uint64_t tag)
{
	unsigned int others, with = count(s, tid, tag, &others);

	CHECK(with > 25 && others <= 2 && (!tag || count(s, tid, 0, NULL) == others), "%u, %u others", with, others);
}

/* The only definition of a tag; NULL: there is none. */
static const struct profbuf_tag *definition(const struct kt_stream *s, uint32_t pid, uint64_t tag)
{
	const struct profbuf_record *r = NULL;
	const struct profbuf_tag *found = NULL;

	while ((r = kt_next(s, r))) {
		const struct profbuf_tag *t = (const struct profbuf_tag *)r;

		if (r->type != PROFBUF_RECORD_TAG || t->tag != tag || t->pid != pid)
			continue;
		CHECK(!found, "a second definition of %llx", (unsigned long long)tag);
		CHECK(t->len == (sizeof(*t) + t->bytes + 7) / 8);
		found = t;
	}
	return found;
}

static void check_definition(const struct kt_stream *s, uint32_t pid, uint64_t tag, const struct set *set)
{
	const struct profbuf_tag *t = definition(s, pid, tag);

	CHECK(t && !t->cause && t->misc == PROFBUF_TAG_LABELS && t->bytes == set->head.bytes &&
	      !memcmp(t->data, set->text, t->bytes));
}

/* Threads that spin with labels of their own. */
struct worker {
	pthread_t thread;
	const void *labels;
	pid_t tid;
	uint64_t ns;
	bool ready;
};

static void *spin(void *arg)
{
	struct worker *w = arg;

	own_labels = w->labels;
	w->tid = gettid();
	__atomic_store_n(&w->ready, true, __ATOMIC_RELEASE);
	kt_spin(w->ns);
	return NULL;
}

static void start(struct worker *w, const void *set, uint64_t ns)
{
	*w = (struct worker){ .labels = set, .ns = ns };
	NEED(!pthread_create(&w->thread, NULL, spin, w));
	while (!__atomic_load_n(&w->ready, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void threads_have_their_own(void)
{
	static struct set one, other;
	struct kt_stream s = { 0 };
	struct worker a, b, none;
	int fd = session();

	one = labels("tenant", "acme");
	other = labels("tenant", "zebra");
	start(&a, &one, 600 * MSEC);
	start(&b, &other, 600 * MSEC);
	start(&none, NULL, 600 * MSEC);
	kt_start(fd);
	pthread_join(a.thread, NULL);
	pthread_join(b.thread, NULL);
	pthread_join(none.thread, NULL);
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

/* In the kernel's code, too: the thread waits for no one else there. */
static void a_tag_is_there_in_system_calls(void)
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
	CHECK(kernel > 15 && tagged == kernel, "%u of %u", tagged, kernel);
	kt_free(&s);
	close(fd);
}

/* Where an emulated CPU takes an interrupt. */
static void jump(void)
{
	long n = 3;

	asm volatile("1:\tdec %0\n\tjnz 1b" : "+r" (n) : : "cc");
}

/* Set and restored as fast as the thread can: each sample has one of the two, or none at the ends. */
static void millions_of_changes_leave_the_profile_right(void)
{
	static struct set outer, inner;
	struct kt_stream s = { 0 };
	uint64_t end = kt_now() + SEC, changes = 0;
	unsigned int a, b, none;
	struct kt_sums sums;
	int fd = session();

	outer = labels("scope", "outer");
	inner = labels("scope", "inner");
	own_labels = &outer;
	kt_start(fd);
	while (kt_now() < end) {
		for (int i = 0; i < 1000; i++, changes += 2) {
			const void *former = own_labels;

			__atomic_store_n(&own_labels, &inner, __ATOMIC_RELAXED);
			jump();
			__atomic_store_n(&own_labels, former, __ATOMIC_RELAXED);
			jump();
		}
	}
	CHECK(own_labels == &outer);
	sums = finish(fd, &s);
	own_labels = NULL;
	a = count(&s, getpid(), (uintptr_t)&outer, NULL);
	b = count(&s, getpid(), (uintptr_t)&inner, NULL);
	none = count(&s, getpid(), 0, NULL);
	printf("# %.1f million changes; samples: %u, %u\n", changes / 1e6, a, b);
	CHECK(a > 8 && b > 8 && !none && a + b == sums.all_samples, "%u, %u, %u of %llu", a, b, none,
	      (unsigned long long)sums.all_samples);
	CHECK(!failed(fd, PROFBUF_TAG_FAULT) && !failed(fd, PROFBUF_TAG_BAD));
	check_definition(&s, getpid(), (uintptr_t)&outer, &outer);
	check_definition(&s, getpid(), (uintptr_t)&inner, &inner);
	kt_free(&s);
	close(fd);
}

static void ten_thousand_tags_are_defined_once_each(void)
{
	enum { N = 10000 };
	static struct { struct profbuf_label_set head; char text[24]; } sets[N];
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	const struct profbuf_record *r = NULL;
	static uint8_t defined[N], sampled[N];
	unsigned int bad = 0, twice = 0, undefined = 0, distinct = 0;
	struct kt_sums sums;
	uint64_t end;
	int fd = kt_open();

	for (int i = 0; i < N; i++) {
		sets[i].head = (struct profbuf_label_set){ .magic = PROFBUF_LABELS_MAGIC, .count = 1 };
		sets[i].head.bytes = snprintf(sets[i].text, sizeof(sets[i].text), "request%c%d", 0, i) + 1;
	}
	config.period = 250000;
	config.ring_bytes = 4 << 20;
	config.filter = PROFBUF_FILTER_THREAD;
	config.filter_id = getpid();
	kt_configure(fd, &config);
	NEED(!add_source(fd, PROFBUF_TAG_LABELS, &own_labels));
	kt_start(fd);
	end = kt_now() + 4 * SEC;
	for (unsigned int i = 0; kt_now() < end; i = (i * 1103515245 + 12345) & 0x7fffffff) {
		own_labels = &sets[(i >> 8) % N];
		kt_spin(20000);
	}
	own_labels = NULL;
	sums = finish(fd, &s);
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
			distinct += !sampled[i];
			sampled[i] = 1;
		} else {
			twice += defined[i];
			defined[i] = 1;
			bad += t->cause || t->bytes != sets[i].head.bytes || memcmp(t->data, sets[i].text, t->bytes);
		}
	}
	for (int i = 0; i < N; i++)
		undefined += sampled[i] && !defined[i];
	CHECK(!bad && !twice && !undefined, "%u bad, %u twice, %u undefined", bad, twice, undefined);
	CHECK(!sums.all_lost && !sums.sideband_lost, "%llu lost", (unsigned long long)sums.sideband_lost);
	CHECK(distinct > 1000, "%u distinct", distinct);
	kt_free(&s);
	close(fd);
}

/* What a thread points to may be anything: no crash, nothing of it in the stream, and the cause is said. */
static void wrong_pointers_bring_nothing_into_the_stream(void)
{
	static char secret[4096] __attribute__((aligned(4096))) = "a secret of the process";
	char *last = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static struct set unterminated, odd, no_key, too_long, wrong_count;
	struct set *cut = (void *)(last + 4096 - sizeof(struct profbuf_label_set) - 4);
	const struct { const void *pointer; enum profbuf_tag_cause cause; } wrong[] = {
		{ (void *)0x1000, PROFBUF_TAG_FAULT }, { (void *)0x7ffffffff000, PROFBUF_TAG_FAULT },
		{ cut, PROFBUF_TAG_FAULT }, { secret, PROFBUF_TAG_BAD }, { secret + 4090, PROFBUF_TAG_BAD },
		{ &unterminated, PROFBUF_TAG_BAD }, { &odd, PROFBUF_TAG_BAD }, { &no_key, PROFBUF_TAG_BAD },
		{ &too_long, PROFBUF_TAG_BAD }, { &wrong_count, PROFBUF_TAG_BAD },
	};
	struct kt_stream s = { 0 };
	int fd = session();

	NEED(last != MAP_FAILED && !munmap(last + 4096, 4096));
	unterminated = odd = no_key = too_long = wrong_count = labels("key", "value");
	cut->head = unterminated.head;
	memset(unterminated.text, 'x', sizeof(unterminated.text));
	odd.head.bytes = 4;
	no_key.text[0] = 0;
	too_long.head.bytes = PROFBUF_LABELS_BYTES + 1;
	wrong_count.head.count = 2;
	kt_start(fd);
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		own_labels = wrong[i].pointer;
		kt_spin(60 * MSEC);
	}
	own_labels = NULL;
	finish(fd, &s);
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct profbuf_tag *t = definition(&s, getpid(), (uintptr_t)wrong[i].pointer);

		CHECK(t && t->cause == wrong[i].cause && !t->bytes, "%u: cause %d", i, t ? t->cause : -1);
		CHECK(count(&s, getpid(), (uintptr_t)wrong[i].pointer, NULL) > 0, "%u", i);
	}
	CHECK(!memmem(s.words, s.n * 8, "a secret", 8));
	CHECK(failed(fd, PROFBUF_TAG_FAULT) > 10 && failed(fd, PROFBUF_TAG_BAD) > 10);
	kt_free(&s);
	close(fd);
}

static void no_pointer_has_the_bits_of_other_tags(void)
{
	struct kt_stream s = { 0 };
	unsigned int others;
	int fd = session();

	kt_start(fd);
	own_labels = (void *)(PROFBUF_TAG_OUTSIDE | 1);
	kt_spin(100 * MSEC);
	own_labels = (void *)(1ULL << 62 | 1);
	kt_spin(100 * MSEC);
	own_labels = NULL;
	finish(fd, &s);
	CHECK(count(&s, getpid(), 0, &others) > 15 && !others);
	CHECK(failed(fd, PROFBUF_TAG_BAD) > 15);
	kt_free(&s);
	close(fd);
}

static void a_wrong_place_is_a_fault_and_no_tag(void)
{
	struct profbuf_tag_source source = {
		.size = sizeof(source), .pid = getpid(), .offset = 1LL << 40,
	};
	struct kt_stream s = { 0 };
	unsigned int others;
	int fd = session();

	CHECK(!ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source));
	kt_start(fd);
	kt_spin(100 * MSEC);
	source.offset = INT64_MIN;
	CHECK(!ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source));
	kt_spin(100 * MSEC);
	finish(fd, &s);
	CHECK(count(&s, getpid(), 0, &others) > 15 && !others);
	CHECK(failed(fd, PROFBUF_TAG_FAULT) > 15);
	kt_free(&s);
	close(fd);
}

/* By the vector that glibc keeps of each thread's blocks: module 1 is the program. */
static void dynamic_vector_of_glibc(void)
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
	start(&w, &set, 500 * MSEC);
	kt_start(fd);
	pthread_join(w.thread, NULL);
	/* A module beyond the vector: this thread has none of its variables yet. */
	source.module = 100000;
	CHECK(!ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source));
	own_labels = &set;
	kt_spin(100 * MSEC);
	own_labels = NULL;
	finish(fd, &s);
	check_thread(&s, w.tid, (uintptr_t)&set);
	CHECK(count(&s, getpid(), 0, &others) > 10 && !others, "%u", others);
	CHECK(!failed(fd, PROFBUF_TAG_FAULT));
	check_definition(&s, getpid(), (uintptr_t)&set, &set);
	kt_free(&s);
	close(fd);
}

/* OTEP 4947: the record changes in place, and each content is a tag of its own. */
static void a_thread_context_is_copied_at_the_sample(void)
{
	static struct { uint8_t trace[16], span[8], valid, flags; uint16_t size; uint8_t attrs[64]; } c;
	struct kt_stream s = { 0 };
	const struct profbuf_record *r = NULL;
	unsigned int seen[4] = { 0 }, bad = 0, none, others;
	uint64_t tags[4] = { 0 };
	int fd = session();

	NEED(!add_source(fd, PROFBUF_TAG_OTEL, &own_context));
	own_context = &c;
	kt_start(fd);
	for (int i = 0; i < 4; i++) {
		__atomic_store_n(&c.valid, 0, __ATOMIC_RELEASE);
		memset(c.trace, i + 1, sizeof(c.trace));
		c.attrs[0] = 0;
		c.attrs[1] = 3;
		memcpy(c.attrs + 2, "abc", 3);
		c.attrs[4] = '0' + i;
		c.size = 5;
		__atomic_store_n(&c.valid, 1, __ATOMIC_RELEASE);
		kt_spin(80 * MSEC);
	}
	c.valid = 0;
	kt_spin(80 * MSEC);
	own_context = NULL;
	finish(fd, &s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_tag *t = (const struct profbuf_tag *)r;
		unsigned int i;

		if (r->type != PROFBUF_RECORD_TAG)
			continue;
		i = (unsigned char)t->data[0] - 1;
		bad += t->misc != PROFBUF_TAG_OTEL || t->cause || t->bytes != 33 || i > 3 || t->data[24] != 1 ||
		       t->data[32] != (char)('0' + i);
		if (i <= 3) {
			seen[i]++;
			tags[i] = t->tag;
		}
	}
	for (int i = 0; i < 4; i++)
		CHECK(seen[i] == 1 && count(&s, getpid(), tags[i], NULL) > 8, "%d: %u", i, seen[i]);
	none = count(&s, getpid(), 0, &others);
	CHECK(!bad && none > 8 && others > 30, "%u bad, %u without", bad, none);
	kt_free(&s);
	close(fd);
}

/* A child that spins, as a thread too if asked, and forks another one when told. */
static pid_t family(int go[2])
{
	pid_t pid;

	NEED(!pipe(go));
	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		struct worker w;
		char byte;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		start(&w, NULL, 20 * SEC);
		NEED(read(go[0], &byte, 1) == 1);
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			kt_spin(20 * SEC);
		}
		kt_spin(20 * SEC);
		_exit(0);
	}
	kt_sleep(50 * MSEC);
	return pid;
}

static const char text[] = "job\0nightly";

/* Samples of a process with the one tag from outside that there is, without one, and of its children. */
static void count_outside(const struct kt_stream *s, uint64_t *tag, pid_t pid, unsigned int *with,
			  unsigned int *without, unsigned int *children)
{
	const struct profbuf_record *r = NULL;

	*with = *without = *children = 0;
	while ((r = kt_next(s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;

		if (r->type != PROFBUF_RECORD_SAMPLE)
			continue;
		if (p->tag & PROFBUF_TAG_OUTSIDE) {
			CHECK(!*tag || *tag == p->tag);
			*tag = p->tag;
		}
		if (p->pid == (uint32_t)pid)
			(*(p->tag ? with : without))++;
		else
			*children += p->tag != 0;
	}
}

static void from_outside_with_threads_and_later_children(void)
{
	struct profbuf_config config = kt_config();
	unsigned int with, without, children;
	const struct profbuf_tag *t;
	struct kt_stream s = { 0 };
	uint64_t tag = 0;
	int go[2], fd = kt_open();
	pid_t pid = family(go);

	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = pid;
	kt_configure(fd, &config);
	CHECK(!tag_pid(fd, 0, pid, text, sizeof(text)));
	NEED(write(go[1], "x", 1) == 1);
	kt_start(fd);
	kt_sleep(500 * MSEC);
	finish(fd, &s);
	count_outside(&s, &tag, pid, &with, &without, &children);
	CHECK(with > 15 && !without && children > 8, "%u with, %u without, %u of children", with, without, children);
	t = definition(&s, 0, tag);
	CHECK(t && t->bytes == sizeof(text) && !memcmp(t->data, text, sizeof(text)));
	kt_kill(pid);
	kt_free(&s);
	close(fd);
	close(go[0]);
	close(go[1]);
}

/* One reading of a session of a process for a while. */
static void look(pid_t pid, unsigned int *with, unsigned int *without)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	unsigned int children;
	uint64_t tag = 0;
	int fd = kt_open();

	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = pid;
	kt_configure(fd, &config);
	kt_start(fd);
	kt_sleep(150 * MSEC);
	finish(fd, &s);
	count_outside(&s, &tag, pid, with, without, &children);
	kt_free(&s);
	close(fd);
}

static unsigned int sysfs(const char *name)
{
	unsigned int n = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/misc/profbuf/%s", name);
	f = fopen(path, "r");
	NEED(f && fscanf(f, "%u", &n) == 1);
	fclose(f);
	return n;
}

static void from_outside_ends_with_the_file_unless_it_stays(void)
{
	unsigned int with, without;
	pid_t pid = kt_spinner(0);
	int fd = kt_open();	/* not the child's, too */

	CHECK(!tag_pid(fd, 0, pid, text, sizeof(text)));
	look(pid, &with, &without);
	CHECK(with > 8 && !without, "%u, %u", with, without);
	close(fd);
	look(pid, &with, &without);
	CHECK(!with && without > 8, "%u, %u", with, without);

	fd = kt_open();
	CHECK(!tag_pid(fd, PROFBUF_TAG_STAY, pid, text, sizeof(text)));
	close(fd);
	look(pid, &with, &without);
	CHECK(with > 8 && !without, "%u, %u", with, without);
	fd = kt_open();
	CHECK(!tag_pid(fd, PROFBUF_TAG_REMOVE, pid, NULL, 0));
	look(pid, &with, &without);
	CHECK(!with && without > 8, "%u, %u", with, without);
	CHECK(tag_pid(fd, PROFBUF_TAG_REMOVE, pid, NULL, 0) && errno == ENOENT);

	CHECK(!tag_pid(fd, PROFBUF_TAG_STAY, pid, text, sizeof(text)));
	CHECK(sysfs("tagged") == 1, "%u", sysfs("tagged"));
	kt_kill(pid);
	CHECK(sysfs("tagged") == 0, "%u", sysfs("tagged"));
	CHECK(sysfs("tagged_lost") == 0);
	close(fd);
}

static void a_tagged_thread_is_one_of_many(void)
{
	struct kt_stream s = { 0 };
	struct worker a, b;
	unsigned int others;
	int fd = session();

	start(&a, NULL, 400 * MSEC);
	start(&b, NULL, 400 * MSEC);
	CHECK(!tag_pid(fd, PROFBUF_TAG_THREAD, a.tid, text, sizeof(text)));
	kt_start(fd);
	pthread_join(a.thread, NULL);
	pthread_join(b.thread, NULL);
	finish(fd, &s);
	CHECK(count(&s, a.tid, 0, &others) <= 2 && others > 25, "%u", others);
	CHECK(count(&s, b.tid, 0, &others) > 15 && !others, "%u", others);
	CHECK(sysfs("tagged") == 0);
	kt_free(&s);
	close(fd);
}

static void own_labels_are_in_front_of_those_from_outside(void)
{
	static struct set set;
	struct kt_stream s = { 0 };
	unsigned int outside, own;
	int fd = session();

	set = labels("own", "yes");
	CHECK(!tag_pid(fd, 0, getpid(), text, sizeof(text)));
	kt_start(fd);
	kt_spin(100 * MSEC);
	own_labels = &set;
	kt_spin(100 * MSEC);
	own_labels = NULL;
	finish(fd, &s);
	own = count(&s, getpid(), (uintptr_t)&set, &outside);
	CHECK(own > 10 && outside > 10 && !count(&s, getpid(), 0, NULL), "%u own, %u outside", own, outside);
	CHECK(!tag_pid(fd, PROFBUF_TAG_REMOVE, getpid(), NULL, 0));
	kt_free(&s);
	close(fd);
}

/* A place belongs to an address space: another program in the same process is not read by it. */
static void exec_ends_the_own_tag_and_is_said(void)
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
	CHECK(before > 5 && after > 5 && !tagged_after, "%llu before, %llu after, %llu tagged",
	      (unsigned long long)before, (unsigned long long)after, (unsigned long long)tagged_after);
	kt_free(&s);
	close(fd);
}

#define REFUSED(error, call) CHECK((call) == -1 && errno == (error), #call ": %s", strerror(errno))

static void wrong_places_are_refused(void)
{
	struct profbuf_tag_source good = { .size = sizeof(good), .pid = getpid(), .offset = -8 }, s;
	int fd = kt_open();
	pid_t pid;

#define WITH(change) (s = good, change, ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &s))
	CHECK(!WITH(s.pid = getpid()));
	REFUSED(EINVAL, WITH(s.size = 3));
	REFUSED(EINVAL, WITH(s.pid = 0));
	REFUSED(EINVAL, WITH(s.pid = 1U << 31));
	REFUSED(EINVAL, WITH(s.kind = PROFBUF_NR_TAG_KINDS));
	REFUSED(EINVAL, WITH(s.tls = PROFBUF_NR_TLS));
	REFUSED(EINVAL, WITH(s.module = 1));
	REFUSED(EINVAL, WITH(s.tls = PROFBUF_TLS_GLIBC));
	REFUSED(EINVAL, WITH((s.tls = PROFBUF_TLS_MUSL, s.module = 1 << 21)));
	REFUSED(EINVAL, WITH(s.reserved[1] = 1));
	REFUSED(ESRCH, WITH(s.start_time = 1));
	REFUSED(EFAULT, ioctl(fd, PROFBUF_IOC_TAG_SOURCE, (void *)8));
	/* A kernel thread and a zombie have no memory. */
	REFUSED(ESRCH, WITH(s.pid = 2));
	pid = fork();
	if (!pid)
		_exit(0);
	kt_sleep(100 * MSEC);
	REFUSED(ESRCH, WITH(s.pid = pid));
	waitpid(pid, NULL, 0);
	REFUSED(ESRCH, WITH(s.pid = pid));
	close(fd);
}

static int add_sources_of_children(int fd, int n)
{
	int status, failed = 0;
	pid_t pid;

	for (int i = 0; i < n; i++) {
		pid = fork();
		NEED(pid >= 0);
		if (!pid)
			_exit(add_source(fd, PROFBUF_TAG_LABELS, &own_labels) ? errno : 0);
		NEED(waitpid(pid, &status, 0) == pid);
		failed += !!status;
	}
	return failed;
}

/* A session has room for so many processes with variables at once, and for any number one after another. */
static void ended_processes_make_room(void)
{
	enum { ROOM = 4096 };
	int fd = session(), status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (!pid)
		_exit(add_sources_of_children(fd, ROOM / 2) != 0);
	CHECK(!add_sources_of_children(fd, ROOM / 2));
	NEED(waitpid(pid, &status, 0) == pid);
	CHECK(!status);
	CHECK(!add_sources_of_children(fd, 5));
	close(fd);
}

static void wrong_labels_are_refused(void)
{
	char long_text[PROFBUF_LABELS_BYTES + 2], many[17 * 4];
	struct profbuf_tag_set set = { .size = sizeof(set), .pid = getpid(), .data = (uintptr_t)text, .bytes = 12 };
	int fd = kt_open();
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	memset(long_text, 'x', sizeof(long_text));
	long_text[5] = long_text[sizeof(long_text) - 1] = 0;
	for (int i = 0; i < 17; i++)
		memcpy(many + i * 4, (char []){ 'a' + i, 0, 'v', 0 }, 4);
	CHECK(!tag_pid(fd, 0, getpid(), text, sizeof(text)));
	CHECK(!tag_pid(fd, 0, getpid(), many, 16 * 4));
	CHECK(!tag_pid(fd, PROFBUF_TAG_REMOVE, getpid(), NULL, 0));
	REFUSED(EINVAL, tag_pid(fd, 0, getpid(), NULL, 0));
	REFUSED(EINVAL, tag_pid(fd, 0, getpid(), long_text, sizeof(long_text)));
	REFUSED(EINVAL, tag_pid(fd, 0, getpid(), many, sizeof(many)));
	REFUSED(EINVAL, tag_pid(fd, 0, getpid(), "a\0b", 3));
	REFUSED(EINVAL, tag_pid(fd, 0, getpid(), "a", 2));
	REFUSED(EINVAL, tag_pid(fd, 0, getpid(), "\0b", 3));
	REFUSED(EINVAL, tag_pid(fd, 8, getpid(), text, sizeof(text)));
	REFUSED(EINVAL, tag_pid(fd, PROFBUF_TAG_REMOVE, getpid(), text, sizeof(text)));
	REFUSED(EINVAL, tag_pid(fd, PROFBUF_TAG_REMOVE | PROFBUF_TAG_STAY, getpid(), NULL, 0));
	REFUSED(EINVAL, tag_pid(fd, 0, 0, text, sizeof(text)));
	REFUSED(EFAULT, tag_pid(fd, 0, getpid(), (void *)8, sizeof(text)));
	set.reserved[0] = 1;
	REFUSED(EINVAL, ioctl(fd, PROFBUF_IOC_TAG, &set));
	waitpid(pid, NULL, 0);
	REFUSED(ESRCH, tag_pid(fd, 0, pid, text, sizeof(text)));
	CHECK(sysfs("tagged") == 0, "%u", sysfs("tagged"));
	close(fd);
}

/* A storm of children of a tagged process, while it is tagged again and again. */
static void forks_while_tags_change(void)
{
	int status, fd = kt_open();
	unsigned int rounds = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		uint64_t end = kt_now() + 2 * SEC;

		while (kt_now() < end) {
			if (!fork())
				_exit(0);
			while (waitpid(-1, NULL, 0) > 0)
				;
		}
		_exit(0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		if (rounds++ % 3)
			tag_pid(fd, 0, pid, text, sizeof(text));
		else
			tag_pid(fd, PROFBUF_TAG_REMOVE, pid, NULL, 0);
	}
	CHECK(!status && rounds > 10, "%u", rounds);
	close(fd);
	CHECK(sysfs("tagged") == 0, "%u", sysfs("tagged"));
}

int main(void)
{
	RUN(threads_have_their_own);
	RUN(a_tag_is_there_in_system_calls);
	RUN(millions_of_changes_leave_the_profile_right);
	RUN(ten_thousand_tags_are_defined_once_each);
	RUN(wrong_pointers_bring_nothing_into_the_stream);
	RUN(no_pointer_has_the_bits_of_other_tags);
	RUN(a_wrong_place_is_a_fault_and_no_tag);
	RUN(dynamic_vector_of_glibc);
	RUN(a_thread_context_is_copied_at_the_sample);
	RUN(from_outside_with_threads_and_later_children);
	RUN(from_outside_ends_with_the_file_unless_it_stays);
	RUN(a_tagged_thread_is_one_of_many);
	RUN(own_labels_are_in_front_of_those_from_outside);
	RUN(exec_ends_the_own_tag_and_is_said);
	RUN(wrong_places_are_refused);
	RUN(ended_processes_make_room);
	RUN(wrong_labels_are_refused);
	RUN(forks_while_tags_change);
	return kt_done();
}
