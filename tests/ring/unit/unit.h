/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unit.h - what the tests of the ring share: rings on the heap, short forms of writes and expectations, the step hook
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../tap.h"
#include "profbuf_core.h"

/* Words for a header, a stack, a slice. */
struct words {
	const u64 *v;
	u32 n;
};

#define WORDS(...) \
	((struct words){ (const u64[]){ __VA_ARGS__ }, sizeof((const u64[]){ __VA_ARGS__ }) / sizeof(u64) })
#define NONE		((struct words){ NULL, 0 })

/*
 * Makes a ring in memory of exactly the size that it asks for, so that the address sanitizer sees accesses beyond it.
 * The memory is filled with garbage first, so that nothing can rely on zeros.
 */
struct profbuf *ring_new(u32 hdrsize, u32 bufwords, u32 tags);
void ring_free(struct profbuf *b);

/* Moves the positions of an unused ring: @data words and @tags tags from where the counts are 0. */
void ring_start_at(struct profbuf *b, u32 data, u32 tags);

/* Sets the overflow word. */
void ring_set_overflow(struct profbuf *b, u64 generation, u64 count, u64 time);
u64 ring_overflow_count(struct profbuf *b);
u64 ring_overflow_generation(struct profbuf *b);

#define OVERFLOW_COUNT_MAX	((1ULL << 38) - 1)
#define OVERFLOW_GENERATION_MAX	((1ULL << 26) - 1)

unsigned int put(struct profbuf *b, u64 tag, u64 now, struct words hdr, struct words stk);

#define expect_put(result, b, tag, now, hdr, stk) assert_int_equal(put(b, tag, now, hdr, stk), result)

/* Checks that the next read returns these words and tags. */
#define expect_data(b, data, tags) _expect_data(b, PROFBUF_NONBLOCKING, data, tags, __LINE__)
#define expect_blocking_data(b, data, tags) _expect_data(b, PROFBUF_BLOCKING, data, tags, __LINE__)
void _expect_data(struct profbuf *b, enum profbuf_read_mode mode, struct words data, struct words tags, int line);

/* Checks that the next read returns no data, but this status. */
#define expect_status(status, b, mode) _expect_status(b, mode, status, __LINE__)
#define expect_empty(b)	expect_status(PROFBUF_EMPTY, b, PROFBUF_NONBLOCKING)
#define expect_sleep(b)	expect_status(PROFBUF_SLEEP, b, PROFBUF_BLOCKING)
#define expect_eof(b)	expect_status(PROFBUF_EOF, b, PROFBUF_BLOCKING)
#define expect_corrupt(b) expect_status(PROFBUF_CORRUPT, b, PROFBUF_NONBLOCKING)
void _expect_status(struct profbuf *b, enum profbuf_read_mode mode, enum profbuf_read_status status, int line);

/* If set, it is called before each of the ring's atomic operations. */
extern void (*unit_step)(void);
void port_step(void);

#endif /* UNIT_H */
