// SPDX-License-Identifier: GPL-2.0-only
/*
 * read_test.c - the reader's half of the ring: slices, giving back, sleeping, a ring that was overwritten
 */
#include <string.h>

#include "unit.h"

#define HDR		WORDS(101, 102)
#define LOSS(time, n)	WORDS(5, time, 0, 0, n)
#define LOSS_TAG	WORDS(PROFBUF_OVERFLOW_TAG)

static void lose(struct profbuf *b, u64 now)
{
	assert_int_equal(profbuf_write(b, 1, now, NULL, 0, NULL, 1000) & PROFBUF_LOST, PROFBUF_LOST);
}

/* Three records of 4, 5 and 6 words. */
static void put_three(struct profbuf *b)
{
	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, NONE);
	expect_put(PROFBUF_WROTE, b, 2, 2, HDR, WORDS(1));
	expect_put(PROFBUF_WROTE, b, 3, 3, HDR, WORDS(1, 2));
}

#define ONE	4, 1, 101, 102
#define TWO	5, 2, 101, 102, 1
#define THREE	6, 3, 101, 102, 1, 2

TEST(slice_is_given_back_by_the_next_read_only)
{
	struct profbuf *b = ring_new(0, 4, 2);

	expect_put(PROFBUF_WROTE, b, 1, 1, NONE, WORDS(7, 8));
	expect_data(b, WORDS(4, 1, 7, 8), WORDS(1));
	expect_put(PROFBUF_LOST, b, 2, 2, NONE, WORDS(7, 8));
	expect_data(b, WORDS(3, 2, 1), LOSS_TAG);
	expect_put(PROFBUF_WROTE, b, 3, 3, NONE, WORDS(7, 8));
	expect_data(b, WORDS(4, 3, 7, 8), WORDS(3));
	expect_empty(b);
	expect_put(PROFBUF_WROTE, b, 4, 4, NONE, WORDS(7, 8));
	ring_free(b);
}

TEST(reader_may_write_to_its_slice)
{
	struct profbuf *b = ring_new(2, 16, 4);
	struct profbuf_slice s;

	put_three(b);
	assert_int_equal(profbuf_read(b, PROFBUF_NONBLOCKING, &s), PROFBUF_DATA);
	assert_int_equal(s.ndata, 15);
	memset(s.data, 0, s.ndata * sizeof(u64));
	memset(s.tags, 0, s.ntags * sizeof(u64));
	expect_empty(b);
	expect_put(PROFBUF_WROTE, b, 4, 4, HDR, WORDS(9));
	expect_data(b, WORDS(5, 4, 101, 102, 9), WORDS(4));
	ring_free(b);
}

TEST(consuming_all_gives_all_back_now)
{
	struct profbuf *b = ring_new(2, 16, 4);

	put_three(b);
	expect_data(b, WORDS(ONE, TWO, THREE), WORDS(1, 2, 3));
	profbuf_consume(b, 15, 3);
	assert_false(profbuf_readable(b));
	/* The position is 15: one word stays unused, the others are free. */
	expect_put(PROFBUF_WROTE, b, 4, 4, HDR, WORDS(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
	expect_data(b, WORDS(15, 4, 101, 102, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), WORDS(4));
	expect_empty(b);
	ring_free(b);
}

TEST(consuming_nothing_keeps_the_slice)
{
	struct profbuf *b = ring_new(2, 16, 4);

	put_three(b);
	expect_data(b, WORDS(ONE, TWO, THREE), WORDS(1, 2, 3));
	profbuf_consume(b, 0, 0);
	assert_true(profbuf_readable(b));
	/* No space was given back. */
	expect_put(PROFBUF_LOST, b, 4, 4, HDR, NONE);
	expect_data(b, WORDS(ONE, TWO, THREE), WORDS(1, 2, 3));
	profbuf_consume(b, 0, 0);
	expect_data(b, WORDS(ONE, TWO, THREE), WORDS(1, 2, 3));
	expect_data(b, LOSS(4, 1), LOSS_TAG);
	expect_empty(b);
	ring_free(b);
}

TEST(consuming_a_part_keeps_the_rest)
{
	struct profbuf *b = ring_new(2, 16, 4);

	put_three(b);
	expect_data(b, WORDS(ONE, TWO, THREE), WORDS(1, 2, 3));
	profbuf_consume(b, 4, 1);
	/* The space of the first record is given back. At 15, 1 word stays unused, and 4 are free from the start. */
	expect_put(PROFBUF_WROTE, b, 4, 4, HDR, NONE);
	expect_put(PROFBUF_LOST, b, 5, 5, HDR, NONE);
	expect_data(b, WORDS(TWO, THREE), WORDS(2, 3));
	profbuf_consume(b, 5, 1);
	expect_data(b, WORDS(THREE), WORDS(3));
	profbuf_consume(b, 0, 0);
	expect_data(b, WORDS(THREE), WORDS(3));
	profbuf_consume(b, 6, 1);
	expect_data(b, WORDS(4, 4, 101, 102), WORDS(4));
	expect_data(b, LOSS(5, 1), LOSS_TAG);
	expect_empty(b);
	ring_free(b);
}

/* Words that the reader skips at the end of the array are given back once, with the first record after them. */
TEST(consuming_across_the_end_of_the_array)
{
	struct profbuf *b = ring_new(2, 16, 8);
	u64 start;

	expect_put(PROFBUF_WROTE, b, 9, 9, HDR, WORDS(1, 2, 3, 4, 5, 6, 7, 8, 9));
	expect_data(b, WORDS(13, 9, 101, 102, 1, 2, 3, 4, 5, 6, 7, 8, 9), WORDS(9));
	profbuf_consume(b, 13, 1);
	start = b->r;
	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, NONE);
	expect_put(PROFBUF_WROTE, b, 2, 2, HDR, WORDS(1));
	expect_data(b, WORDS(ONE, TWO), WORDS(1, 2));
	profbuf_consume(b, 0, 0);
	assert_int_equal((u32)b->r, (u32)start);
	expect_data(b, WORDS(ONE, TWO), WORDS(1, 2));
	profbuf_consume(b, 4, 1);
	assert_int_equal((u32)(b->r - start), 3 + 4);
	expect_data(b, WORDS(TWO), WORDS(2));
	profbuf_consume(b, 5, 1);
	assert_int_equal((u32)(b->r - start), 3 + 4 + 5);
	assert_int_equal(b->r, b->w);
	expect_empty(b);
	ring_free(b);
}

TEST(consumed_loss_is_gone)
{
	struct profbuf *b = ring_new(2, 16, 4);

	lose(b, 1);
	expect_data(b, LOSS(1, 1), LOSS_TAG);
	profbuf_consume(b, 5, 1);
	assert_false(profbuf_readable(b));
	expect_empty(b);
	ring_free(b);
}

TEST(kept_loss_comes_out_again_before_all_else)
{
	struct profbuf *b = ring_new(2, 16, 4);

	lose(b, 1);
	expect_data(b, LOSS(1, 1), LOSS_TAG);
	profbuf_consume(b, 0, 0);
	assert_true(profbuf_readable(b));
	/* A record and a second loss do not change this loss record. */
	expect_put(PROFBUF_WROTE, b, 2, 2, HDR, NONE);
	lose(b, 3);
	expect_blocking_data(b, LOSS(1, 1), LOSS_TAG);
	profbuf_consume(b, 0, 0);
	assert_int_equal(profbuf_close(b), 0);
	expect_data(b, LOSS(1, 1), LOSS_TAG);
	/* A read without consume gives the loss record back, as it does with any slice. */
	expect_data(b, WORDS(4, 2, 101, 102), WORDS(2));
	profbuf_consume(b, 4, 1);
	expect_data(b, LOSS(3, 1), LOSS_TAG);
	profbuf_consume(b, 5, 1);
	expect_eof(b);
	ring_free(b);
}

/* After a loss record was returned and given back, consume is about the ring again. */
TEST(consume_after_a_loss_means_the_next_slice)
{
	struct profbuf *b = ring_new(2, 16, 4);

	lose(b, 1);
	expect_data(b, LOSS(1, 1), LOSS_TAG);
	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, NONE);
	expect_data(b, WORDS(ONE), WORDS(1));
	profbuf_consume(b, 0, 0);
	expect_data(b, WORDS(ONE), WORDS(1));
	profbuf_consume(b, 4, 1);
	assert_int_equal(b->r, b->w);
	expect_empty(b);
	ring_free(b);
}

TEST(readable_tells_what_a_read_would_return)
{
	struct profbuf *b = ring_new(2, 16, 4);

	assert_false(profbuf_readable(b));
	expect_sleep(b);
	assert_false(profbuf_readable(b));
	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, NONE);
	assert_true(profbuf_readable(b));
	expect_data(b, WORDS(ONE), WORDS(1));
	profbuf_consume(b, 4, 1);
	assert_false(profbuf_readable(b));
	lose(b, 2);
	assert_true(profbuf_readable(b));
	expect_data(b, LOSS(2, 1), LOSS_TAG);
	profbuf_consume(b, 0, 0);
	assert_true(profbuf_readable(b));
	expect_data(b, LOSS(2, 1), LOSS_TAG);
	profbuf_consume(b, 5, 1);
	assert_false(profbuf_readable(b));
	profbuf_close(b);
	assert_true(profbuf_readable(b));
	expect_eof(b);
	assert_true(profbuf_readable(b));
	ring_free(b);
}

TEST(full_ring_is_readable)
{
	struct profbuf *b = ring_new(2, 16, 1);

	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, WORDS(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
	assert_true(profbuf_readable(b));
	ring_free(b);
}

/* The caller decides what ends its wait: its flush period, or a signal. */
TEST(reader_may_come_back_before_its_wakeup)
{
	struct profbuf *b = ring_new(2, 16, 4);

	expect_sleep(b);
	expect_sleep(b);
	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, NONE);
	expect_blocking_data(b, WORDS(ONE), WORDS(1));
	/* The reader is awake now, so nothing wakes it. */
	expect_put(PROFBUF_WROTE, b, 9, 9, HDR, WORDS(1, 2, 3, 4));
	assert_int_equal(profbuf_close(b), 0);
	expect_blocking_data(b, WORDS(8, 9, 101, 102, 1, 2, 3, 4), WORDS(9));
	expect_eof(b);
	ring_free(b);
}

TEST(sleeper_may_read_without_blocking)
{
	struct profbuf *b = ring_new(2, 16, 4);

	expect_sleep(b);
	expect_empty(b);
	expect_put(PROFBUF_WROTE, b, 9, 9, HDR, WORDS(1, 2, 3, 4));
	expect_data(b, WORDS(8, 9, 101, 102, 1, 2, 3, 4), WORDS(9));
	ring_free(b);
}

TEST(close_wakes_a_sleeper_once)
{
	struct profbuf *b = ring_new(2, 16, 4);

	expect_sleep(b);
	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, NONE);
	assert_int_equal(profbuf_close(b), PROFBUF_WAKE);
	assert_int_equal(profbuf_close(b), PROFBUF_MISUSE);
	expect_blocking_data(b, WORDS(ONE), WORDS(1));
	expect_eof(b);
	ring_free(b);
}

TEST(length_beyond_what_was_written_is_corrupt)
{
	struct profbuf *b = ring_new(2, 32, 4);

	put_three(b);
	b->data[0] = 16;
	expect_corrupt(b);
	b->data[0] = UINT64_MAX;
	expect_corrupt(b);
	b->data[0] = 1ULL << 32 | 4;
	expect_corrupt(b);
	b->data[0] = 4;
	b->data[9] = 7;
	expect_corrupt(b);
	b->data[4] = UINT32_MAX;
	expect_corrupt(b);
	/* Nothing was given back: when the ring is repaired, all records come out. */
	b->data[4] = 5;
	b->data[9] = 6;
	expect_data(b, WORDS(ONE, TWO, THREE), WORDS(1, 2, 3));
	expect_empty(b);
	ring_free(b);
}

/* Code that walks over the slice reads the header without a check of the length. */
TEST(length_without_room_for_the_header_is_corrupt)
{
	struct profbuf *b = ring_new(2, 16, 4);

	put_three(b);
	b->data[0] = 3;
	expect_corrupt(b);
	b->data[0] = 1;
	expect_corrupt(b);
	b->data[0] = 4;
	expect_data(b, WORDS(ONE, TWO, THREE), WORDS(1, 2, 3));
	ring_free(b);
}

TEST(length_beyond_the_array_is_corrupt)
{
	struct profbuf *b = ring_new(2, 16, 4);

	expect_put(PROFBUF_WROTE, b, 9, 9, HDR, WORDS(1, 2, 3, 4, 5, 6));
	expect_data(b, WORDS(10, 9, 101, 102, 1, 2, 3, 4, 5, 6), WORDS(9));
	expect_empty(b);
	/* 4 words at 10, 2 unused, 5 from the start. */
	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, NONE);
	expect_put(PROFBUF_WROTE, b, 2, 2, HDR, WORDS(1));
	b->data[10] = 7;
	expect_corrupt(b);
	b->data[10] = 4;
	expect_data(b, WORDS(ONE), WORDS(1));
	expect_data(b, WORDS(TWO), WORDS(2));
	ring_free(b);
}

TEST(skip_over_everything_is_corrupt)
{
	struct profbuf *b = ring_new(2, 16, 4);

	put_three(b);
	b->data[0] = 0;
	expect_corrupt(b);
	assert_int_equal(profbuf_close(b), 0);
	expect_status(PROFBUF_CORRUPT, b, PROFBUF_BLOCKING);
	ring_free(b);
}

TEST(skip_to_nothing_is_corrupt)
{
	struct profbuf *b = ring_new(2, 16, 4);

	expect_put(PROFBUF_WROTE, b, 9, 9, HDR, WORDS(1, 2, 3, 4, 5, 6, 7, 8, 9));
	expect_data(b, WORDS(13, 9, 101, 102, 1, 2, 3, 4, 5, 6, 7, 8, 9), WORDS(9));
	expect_empty(b);
	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, NONE);
	assert_int_equal(b->data[13], 0);
	b->data[0] = 0;
	expect_corrupt(b);
	/* A length of one word more than was written is corrupt, too. */
	b->data[0] = 5;
	expect_corrupt(b);
	b->data[0] = 4;
	expect_data(b, WORDS(ONE), WORDS(1));
	ring_free(b);
}

TEST(zero_between_records_ends_the_slice_and_is_found_next)
{
	struct profbuf *b = ring_new(2, 16, 4);

	put_three(b);
	b->data[4] = 0;
	expect_data(b, WORDS(ONE), WORDS(1));
	expect_corrupt(b);
	ring_free(b);
}
