// SPDX-License-Identifier: GPL-2.0-only
/*
 * contexts.c - samples have the tag of OpenTelemetry's thread context (OTEP 4947), from right and from hostile records
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "tags.h"

static __thread const void *own_context;

/* OpenTelemetry's record, with room for more attributes than are allowed. */
struct context {
	uint8_t trace[16], span[8], valid, flags;
	uint16_t size;
	uint8_t attrs[];
};

/* Adds an attribute at offset @at; returns the offset after it. */
static unsigned int put_attribute(struct context *c, unsigned int at, uint8_t key, const char *value, uint8_t len)
{
	c->attrs[at] = key;
	c->attrs[at + 1] = len;
	memcpy(c->attrs + at + 2, value, len);
	return at + 2 + len;
}

/* The record changes in place, and each different content becomes a tag of its own. */
TEST(a_thread_context_is_copied_at_the_sample)
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
		be_sampled(fd, 20);
	}
	c.valid = 0;
	be_sampled(fd, 20);
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
	ENOUGH(none > 8 && others > 30, "%u bad, %u without", bad, none);
	CHECK(!bad, "%u bad, %u without", bad, none);
	kt_free(&s);
	close(fd);
}

/* Returns the definition of the only context in the stream; NULL: there is none. */
static const struct profbuf_tag *only_context(const struct kt_stream *s)
{
	const struct profbuf_tag *found = NULL;
	const struct profbuf_record *r = NULL;

	while ((r = kt_next(s, r))) {
		if (r->type != PROFBUF_RECORD_TAG)
			continue;
		CHECK(!found, "a second one");
		found = (const struct profbuf_tag *)r;
		CHECK(found->misc == PROFBUF_TAG_OTEL && found->len == (sizeof(*found) + found->bytes + 7) / 8);
	}
	return found;
}

/*
 * Runs a session while this thread has @context. If @bytes is not -1, the stream must have the context with @bytes of
 * attributes. If it is -1, the samples must have no tag, and each must be counted under @cause.
 */
static void check_context(const void *context, int bytes, enum profbuf_tag_cause cause)
{
	const struct context *c = context, *seen;
	struct kt_stream s = { 0 };
	const struct profbuf_tag *t;
	unsigned int others, none;
	int fd = session();

	NEED(!add_source(fd, PROFBUF_TAG_OTEL, &own_context));
	own_context = context;
	kt_start(fd);
	be_sampled(fd, 10);
	finish(fd, &s);
	own_context = NULL;
	t = only_context(&s);
	none = count(&s, getpid(), 0, &others);
	if (bytes < 0) {
		ENOUGH(none >= 10, "%u without, %u with", none, others);
		CHECK(!t && !others, "%u without, %u with", none, others);
		CHECK(kt_check(&s).tags_lost == (cause ? none : 0) && failed(fd, cause) == (cause ? none : 0));
	} else {
		ENOUGH(others >= 10, "%u without, %u with", none, others);
		CHECK(!none, "%u without, %u with", none, others);
		CHECK(t && t->bytes == 28 + bytes, "%d bytes, not %d", t ? t->bytes : -1, 28 + bytes);
		seen = t ? (const struct context *)t->data : NULL;
		CHECK(seen && seen->size == bytes && !memcmp(seen->attrs, c->attrs, bytes) && !memcmp(seen, c, 26));
		CHECK(!failed(fd, PROFBUF_TAG_BAD) && !kt_check(&s).tags_lost);
	}
	CHECK(!memmem(s.words, s.n * 8, "secret", 6));
	kt_free(&s);
	close(fd);
}

/* A record that is not a complete thread context may be any memory: nothing of it may be in the stream. */
TEST(what_is_no_thread_context_stays_in_the_process)
{
	static union { struct context c; uint8_t bytes[128 << 10]; } u;
	struct context *c = &u.c;
	unsigned int one, two, at;
	char filler[255];

	memset(filler, 'y', sizeof(filler));
	memset(c->trace, 7, sizeof(c->trace) + sizeof(c->span));
	c->valid = 1;
	check_context(c, 0, PROFBUF_TAG_KNOWN);
	one = put_attribute(c, 0, 0, "first", 5);
	two = put_attribute(c, one, 1, "second", 6);
	put_attribute(c, two, 2, "secret", 6);
	c->size = two;
	check_context(c, two, PROFBUF_TAG_KNOWN);
	/* The attribute's length goes beyond the record's size. */
	c->size = two + 3;
	check_context(c, -1, PROFBUF_TAG_BAD);
	/* The record's size does not even include the attribute's length. */
	c->size = two + 1;
	check_context(c, -1, PROFBUF_TAG_BAD);
	/* The length is the largest possible. */
	c->attrs[two + 1] = 255;
	memset(c->attrs + two + 2, 'x', 100);
	c->size = two + 100;
	check_context(c, -1, PROFBUF_TAG_BAD);
	/* A value is text and has no zero byte. */
	c->size = put_attribute(c, two, 2, "a\0secret", 8);
	check_context(c, -1, PROFBUF_TAG_BAD);
	/* An empty value is allowed. */
	c->size = put_attribute(c, two, 2, "", 0);
	check_context(c, two + 2, PROFBUF_TAG_KNOWN);
	/* First as many attributes as are allowed, then more. */
	for (at = 0; at < 640; at += 160)
		put_attribute(c, at, at / 160, filler, 158);
	c->size = 640;
	check_context(c, 640, PROFBUF_TAG_KNOWN);
	for (at = 0; at < 644; at += 161)
		put_attribute(c, at, at / 161, filler, 159);
	c->size = 644;
	check_context(c, -1, PROFBUF_TAG_BAD);
	for (at = 0; at < 65535 - 257; )
		at = put_attribute(c, at, 1, filler, 255);
	c->size = 65535;
	check_context(c, -1, PROFBUF_TAG_BAD);
	/* Records must be at even addresses. */
	memmove((uint8_t *)c + 1, c, 1024);
	c = (struct context *)((uint8_t *)c + 1);
	memset(&c->size, 0, sizeof(c->size));
	check_context(c, -1, PROFBUF_TAG_BAD);
	c = &u.c;
	memset(c, 0, sizeof(*c));
	/* A record that is not valid means that there is no context, whatever it contains. */
	for (unsigned int valid = 0; valid < 256; valid += valid ? 127 : 2) {
		c->valid = valid;
		check_context(c, -1, PROFBUF_TAG_KNOWN);
	}
}

/* A record at the end of mapped memory must end within it. */
TEST(a_context_at_the_end_of_memory)
{
	char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct context *c;
	unsigned int n;

	NEED(memory != MAP_FAILED && !munmap(memory + 4096, 4096));
	c = (struct context *)(memory + 4096 - 28);
	memset(c->trace, 7, sizeof(c->trace) + sizeof(c->span));
	c->valid = 1;
	check_context(c, 0, PROFBUF_TAG_KNOWN);
	c->size = 2;
	check_context(c, -1, PROFBUF_TAG_BAD);
	c = (struct context *)(memory + 4096 - 28 - 10);
	memset(c->trace, 7, sizeof(c->trace) + sizeof(c->span));
	c->valid = 1;
	n = put_attribute(c, 0, 3, "at last", 8);
	c->size = n;
	check_context(c, -1, PROFBUF_TAG_BAD);	/* its text has a zero byte in it */
	c->attrs[9] = '!';
	check_context(c, n, PROFBUF_TAG_KNOWN);
	c->size = n + 1;
	check_context(c, -1, PROFBUF_TAG_BAD);
	/* Not even the header is complete. */
	check_context(memory + 4096 - 27, -1, PROFBUF_TAG_BAD);
	check_context(memory + 4096 - 1, -1, PROFBUF_TAG_BAD);
	munmap(memory, 4096);
}

TEST(a_context_that_is_no_memory)
{
	static const uint64_t wrong[] = {
		8, 0x1000, 0x7ffffffff000, 0x8000000000000000, 0xffff888000000000, 0xffffffff81000000, -1,
	};

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		check_context((void *)wrong[i], -1, PROFBUF_TAG_BAD);
}

/* Several threads change their contexts as fast as they can: no sample has a half of one and a half of another. */
static volatile bool changing;

static void *change_context(void *arg)
{
	struct context *c = arg;

	own_context = c;
	for (uint8_t i = 1; changing; i = i % 100 + 1) {
		__atomic_store_n(&c->valid, 0, __ATOMIC_RELAXED);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		memset(c->trace, i, sizeof(c->trace));
		memset(c->span, i, sizeof(c->span));
		/* The length and the text match the ids. */
		memset(c->attrs + 2, 'A' + i % 26, i);
		c->attrs[1] = i;
		c->size = 2 + i;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		__atomic_store_n(&c->valid, 1, __ATOMIC_RELAXED);
		for (volatile int k = 0; k < 20; k++)
			;
	}
	own_context = NULL;
	return NULL;
}

TEST(a_context_that_changes_all_the_time_is_whole)
{
	enum { THREADS = 3 };
	static union { struct context c; uint8_t bytes[256]; } u[THREADS];
	const struct profbuf_record *r = NULL;
	pthread_t threads[THREADS];
	struct kt_stream s = { 0 };
	unsigned int contexts = 0, torn = 0, with = 0;
	int fd = session();

	NEED(!add_source(fd, PROFBUF_TAG_OTEL, &own_context));
	changing = true;
	for (int i = 0; i < THREADS; i++)
		NEED(!pthread_create(&threads[i], NULL, change_context, &u[i]));
	kt_start(fd);
	kt_sleep(1500 * MSEC);
	finish(fd, &s);
	changing = false;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;
		const struct profbuf_tag *t = (const struct profbuf_tag *)r;
		const struct context *c = (const struct context *)t->data;
		uint8_t i = c->trace[0];

		with += r->type == PROFBUF_RECORD_SAMPLE && p->tag;
		if (r->type != PROFBUF_RECORD_TAG)
			continue;
		contexts++;
		if (t->cause || t->bytes != 28 + 2 + i || c->size != 2 + i || c->attrs[1] != i || c->valid != 1) {
			torn++;
			continue;
		}
		for (int k = 0; k < 24; k++)
			torn += (uint8_t)t->data[k] != i;
		for (int k = 0; k < i; k++)
			torn += c->attrs[2 + k] != 'A' + i % 26;
	}
	/* Each thread has the same hundred contexts. */
	ENOUGH(contexts > 50, "%u contexts, %u torn, %u samples", contexts, torn, with);
	CHECK(!torn && contexts <= 100 && with > contexts, "%u contexts, %u torn, %u samples", contexts, torn, with);
	CHECK(!failed(fd, PROFBUF_TAG_BAD) && !failed(fd, PROFBUF_TAG_FAULT));
	kt_free(&s);
	close(fd);
}

int main(void)
{
	return kt_main();
}
