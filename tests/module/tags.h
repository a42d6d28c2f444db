/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tags.h - what the tests of tags share: label sets written by hand, a session with a tag source, counts by tag
 *
 * Only for tests that are one file: each file that includes this has its own thread-local pointers.
 */
#ifndef KT_TAGS_H
#define KT_TAGS_H

#include <pthread.h>
#include <sched.h>

#include "kt.h"

struct set {
	struct profbuf_label_set head;
	char text[PROFBUF_LABELS_BYTES];
};

/* The variable that the kernel reads. */
static __thread const void *own_labels;

static inline uint64_t thread_pointer(void)
{
	uint64_t tp;

	asm("mov %%fs:0, %0" : "=r" (tp));
	return tp;
}

static inline struct set labels(const char *key, const char *value)
{
	struct set s = { .head = { .magic = PROFBUF_LABELS_MAGIC, .count = 1 } };

	s.head.bytes = snprintf(s.text, sizeof(s.text), "%s%c%s", key, 0, value) + 1;
	return s;
}

static inline int add_source(int fd, enum profbuf_tag_kind kind, const void *variable)
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

static inline int tag_pid(int fd, uint32_t flags, pid_t pid, const char *text, uint32_t bytes)
{
	struct profbuf_tag_set set = {
		.size = sizeof(set), .flags = flags, .pid = pid, .bytes = bytes, .data = (uintptr_t)text,
	};

	return ioctl(fd, PROFBUF_IOC_TAG, &set);
}

/* Returns a session of this process that has our variable as its tag source. */
static inline int session(void)
{
	struct profbuf_config config = kt_config();
	int fd = kt_open();

	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = getpid();
	kt_configure(fd, &config);
	NEED(!add_source(fd, PROFBUF_TAG_LABELS, &own_labels));
	return fd;
}

static inline struct kt_sums finish(int fd, struct kt_stream *s)
{
	kt_stop(fd);
	kt_drain(fd, s);
	return kt_check(s);
}

static inline uint64_t failed(int fd, enum profbuf_tag_cause cause)
{
	return kt_all_counters(fd).tag_failed[cause];
}

/* Spins until a session of this process has @n more samples of what it does now; a busy machine needs more time. */
static inline void be_sampled(int fd, unsigned int n)
{
	uint64_t until = kt_counters(fd, -1).delivered + n, end = kt_now() + 20 * SEC;

	while (kt_counters(fd, -1).delivered < until && kt_now() < end)
		for (volatile int i = 0; i < 2000; i++)
			;
	ENOUGH(kt_counters(fd, -1).delivered >= until);
}

/* Returns the number of a thread's samples with a tag; @others: with another tag. */
static inline unsigned int count(const struct kt_stream *s, pid_t tid, uint64_t tag, unsigned int *others)
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

/*
 * The samples of a thread that ran to its end have @tag, without a gap. Before it is set, and while the thread exits,
 * they have no tag. If @tag is 0, no sample has a tag.
 */
static inline void check_thread(const struct kt_stream *s, pid_t tid, uint64_t tag)
{
	unsigned int others, between = 0, with = count(s, tid, tag, &others);
	uint64_t first = UINT64_MAX, last = 0;

	EACH_SAMPLE(p, s) {
		if (p->tid == (uint32_t)tid && p->tag == tag) {
			first = p->time < first ? p->time : first;
			last = p->time > last ? p->time : last;
		}
	}
	EACH_SAMPLE(p, s)
		between += p->tid == (uint32_t)tid && p->tag != tag && p->time > first && p->time < last;
	CHECK(with > 15 && others < (tag ? with : 1) && !between, "%u, %u others, %u of them between", with, others,
	      between);
	CHECK(!tag || count(s, tid, 0, NULL) == others);
}

/* Returns the only definition of a tag; NULL: there is none. */
static inline const struct profbuf_tag *definition(const struct kt_stream *s, uint32_t pid, uint64_t tag)
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

static inline void check_definition(const struct kt_stream *s, uint32_t pid, uint64_t tag, const struct set *set)
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
	bool ready, stop;
};

static inline void *spin(void *arg)
{
	struct worker *w = arg;

	own_labels = w->labels;
	w->tid = gettid();
	__atomic_store_n(&w->ready, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED))
		;
	return NULL;
}

static inline void start(struct worker *w, const void *set)
{
	*w = (struct worker){ .labels = set };
	NEED(!pthread_create(&w->thread, NULL, spin, w));
	while (!__atomic_load_n(&w->ready, __ATOMIC_ACQUIRE))
		sched_yield();
}

static inline void stop(struct worker *w)
{
	__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
	pthread_join(w->thread, NULL);
}

#define REFUSED(error, call) CHECK((call) == -1 && errno == (error), #call ": %s", strerror(errno))

#endif /* KT_TAGS_H */
