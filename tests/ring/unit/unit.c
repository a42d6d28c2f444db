// SPDX-License-Identifier: GPL-2.0-only
/*
 * unit.c - what the tests of the ring share
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

void (*unit_step)(void);

void port_step(void)
{
	if (unit_step)
		unit_step();
}

struct profbuf *ring_new(u32 hdrsize, u32 bufwords, u32 tags)
{
	struct profbuf *b = aligned_alloc(_Alignof(struct profbuf), sizeof(*b));
	size_t bytes = profbuf_memory(hdrsize, bufwords, tags);
	u64 *memory = malloc(bytes);

	if (!b || !memory)
		abort();
	memset(b, 0xa5, sizeof(*b));
	memset(memory, 0xa5, bytes);
	if (!profbuf_init(b, hdrsize, bufwords, tags, memory))
		abort();
	return b;
}

void ring_free(struct profbuf *b)
{
	free(b->data);
	free(b);
}

void ring_start_at(struct profbuf *b, u32 data, u32 tags)
{
	u64 index = ((u64)tags << 34) | data;

	b->r = index;
	b->w = index;
	b->r_seen = index;
	b->r_next = index;
}

void ring_set_overflow(struct profbuf *b, u64 generation, u64 count, u64 time)
{
	b->overflow = (generation << 38) | count;
	b->overflow_time = time;
}

u64 ring_overflow_count(struct profbuf *b)
{
	return b->overflow & OVERFLOW_COUNT_MAX;
}

u64 ring_overflow_generation(struct profbuf *b)
{
	return b->overflow >> 38;
}

unsigned int put(struct profbuf *b, u64 tag, u64 now, struct words hdr, struct words stk)
{
	return profbuf_write(b, tag, now, hdr.v, hdr.n, stk.v, stk.n);
}

static void print_words(const char *what, const u64 *v, u32 n)
{
	fprintf(stderr, "%s", what);
	for (; n; n--)
		fprintf(stderr, " %" PRIu64, *v++);
	fputc('\n', stderr);
}

static bool same(const u64 *v, u32 n, struct words wanted)
{
	return n == wanted.n && (n == 0 || memcmp(v, wanted.v, n * sizeof(u64)) == 0);
}

void _expect_data(struct profbuf *b, enum profbuf_read_mode mode, struct words data, struct words tags, int line)
{
	enum profbuf_read_status status;
	struct profbuf_slice s;

	status = profbuf_read(b, mode, &s);
	if (status == PROFBUF_DATA && same(s.data, s.ndata, data) && same(s.tags, s.ntags, tags))
		return;
	fprintf(stderr, "line %d: status %d\n", line, status);
	print_words("have data", s.data, s.ndata);
	print_words("want data", data.v, data.n);
	print_words("have tags", s.tags, s.ntags);
	print_words("want tags", tags.v, tags.n);
	fail();
}

void _expect_status(struct profbuf *b, enum profbuf_read_mode mode, enum profbuf_read_status status, int line)
{
	enum profbuf_read_status have;
	struct profbuf_slice s;

	memset(&s, 0xa5, sizeof(s));
	have = profbuf_read(b, mode, &s);
	if (have == status && !s.data && !s.tags && !s.ndata && !s.ntags)
		return;
	fprintf(stderr, "line %d: status %d, not %d; %" PRIu32 " words, %" PRIu32 " tags\n", line, have, status,
		s.ndata, s.ntags);
	fail();
}
