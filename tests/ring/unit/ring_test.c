// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring_test.c - the writer's half of the ring: sizes, room, losses, positions
 */
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define HDR		WORDS(101, 102)

TEST(sizes_out_of_range_are_refused)
{
	struct profbuf before, b;

	memset(&b, 0xa5, sizeof(b));
	before = b;
	assert_int_equal(profbuf_memory((1U << 16) + 1, 16, 1), 0);
	assert_int_equal(profbuf_memory(UINT32_MAX, 16, 1), 0);
	assert_int_equal(profbuf_memory(2, (1U << 26) + 1, 1), 0);
	assert_int_equal(profbuf_memory(2, UINT32_MAX, 1), 0);
	assert_int_equal(profbuf_memory(2, 16, (1U << 26) + 1), 0);
	assert_int_equal(profbuf_memory(2, 16, UINT32_MAX), 0);
	assert_false(profbuf_init(&b, (1U << 16) + 1, 16, 1, NULL));
	assert_false(profbuf_init(&b, 2, (1U << 26) + 1, 1, NULL));
	assert_false(profbuf_init(&b, 2, 16, (1U << 26) + 1, NULL));
	assert_memory_equal(&before, &b, sizeof(b));
}

TEST(sizes_round_up_to_powers_of_two)
{
	static const struct {
		u32 hdrsize, bufwords, tags, data_size, tags_size;
	} sizes[] = {
		{ 2, 11, 1, 16, 1 }, { 2, 12, 5, 16, 8 }, { 2, 16, 2, 16, 2 }, { 2, 17, 3, 32, 4 },
		/* The minimum: one record with one word of stack, and one tag. */
		{ 0, 0, 0, 4, 1 }, { 1, 0, 1, 4, 1 }, { 2, 1, 1, 8, 1 }, { 2, 5, 1, 8, 1 }, { 5, 8, 1, 8, 1 },
		{ 6, 8, 1, 16, 1 }, { 1U << 16, 0, 1, 1U << 17, 1 },
	};
	u32 i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct profbuf *b = ring_new(sizes[i].hdrsize, sizes[i].bufwords, sizes[i].tags);

		assert_int_equal(b->data_size, sizes[i].data_size);
		assert_int_equal(b->tags_size, sizes[i].tags_size);
		assert_int_equal(b->watermark, sizes[i].data_size / 2);
		/* This includes the loss record with its tag. */
		assert_int_equal(profbuf_memory(sizes[i].hdrsize, sizes[i].bufwords, sizes[i].tags),
				 (sizes[i].data_size + sizes[i].tags_size + 2 + sizes[i].hdrsize + 1 + 1) *
				 sizeof(u64));
		ring_free(b);
	}
	if (sizeof(size_t) > 4)
		assert_true(profbuf_memory(1U << 16, 1U << 26, 1U << 26) ==
			    ((1ULL << 27) + (1U << 16) + 4) * sizeof(u64));
}

TEST(smallest_ring_works)
{
	struct profbuf *b = ring_new(0, 0, 0);

	expect_put(PROFBUF_WROTE, b, 7, 1, NONE, WORDS(5, 6));
	expect_put(PROFBUF_LOST, b, 8, 2, NONE, NONE);
	expect_data(b, WORDS(4, 1, 5, 6), WORDS(7));
	expect_data(b, WORDS(3, 2, 1), WORDS(PROFBUF_OVERFLOW_TAG));
	expect_put(PROFBUF_WROTE, b, 9, 3, NONE, NONE);
	expect_data(b, WORDS(2, 3), WORDS(9));
	expect_empty(b);
	ring_free(b);
}

TEST(short_headers_are_filled_with_zeros)
{
	struct profbuf *b = ring_new(7, 64, 8);

	expect_put(PROFBUF_WROTE, b, 1, 1, NONE, WORDS(9));
	expect_put(PROFBUF_WROTE, b, 2, 2, WORDS(1), WORDS(9));
	expect_put(PROFBUF_WROTE, b, 3, 3, WORDS(1, 2, 3, 4, 5, 6, 7), NONE);
	expect_data(b, WORDS(10, 1, 0, 0, 0, 0, 0, 0, 0, 9, 10, 2, 1, 0, 0, 0, 0, 0, 0, 9, 9, 3, 1, 2, 3, 4, 5, 6, 7),
		    WORDS(1, 2, 3));
	ring_free(b);
}

TEST(stacks_of_any_length_come_out_whole)
{
	struct profbuf_slice s;
	struct profbuf *b;
	u64 stk[61];
	u32 n, i;

	for (n = 0; n <= 61; n++) {
		b = ring_new(1, 64, 8);
		for (i = 0; i < n; i++)
			stk[i] = n * 100 + i;
		assert_int_equal(profbuf_write(b, n, n, (u64[]){ 7 }, 1, stk, n), PROFBUF_WROTE);
		assert_int_equal(profbuf_read(b, PROFBUF_NONBLOCKING, &s), PROFBUF_DATA);
		assert_int_equal(s.ndata, n + 3);
		assert_int_equal(s.data[0], n + 3);
		assert_int_equal(s.data[1], n);
		assert_int_equal(s.data[2], 7);
		if (n)
			assert_memory_equal(s.data + 3, stk, n * sizeof(u64));
		expect_empty(b);
		ring_free(b);
	}
}

TEST(header_beyond_hdrsize_is_misuse_and_changes_nothing)
{
	struct profbuf *b = ring_new(2, 16, 2);
	struct profbuf before = *b;

	expect_sleep(b);
	before.r = b->r;
	expect_put(PROFBUF_MISUSE, b, 1, 1, WORDS(1, 2, 3), WORDS(4));
	assert_memory_equal(&before, b, sizeof(before));
	/* Also where the record would be lost. */
	ring_set_overflow(b, 0, 5, 17);
	before = *b;
	expect_put(PROFBUF_MISUSE, b, 1, 1, WORDS(1, 2, 3), WORDS(4));
	assert_memory_equal(&before, b, sizeof(before));
	ring_free(b);
}

TEST(second_close_is_misuse)
{
	struct profbuf *b = ring_new(2, 16, 2);

	assert_int_equal(profbuf_close(b), 0);
	assert_int_equal(profbuf_close(b), PROFBUF_MISUSE);
	expect_eof(b);
	assert_int_equal(profbuf_close(b), PROFBUF_MISUSE);
	ring_free(b);
}

TEST(end_comes_after_records_and_losses)
{
	struct profbuf *b = ring_new(2, 16, 1);

	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, WORDS(4));
	expect_put(PROFBUF_LOST, b, 2, 2, HDR, WORDS(4));
	assert_int_equal(profbuf_close(b), 0);
	expect_blocking_data(b, WORDS(5, 1, 101, 102, 4), WORDS(1));
	expect_blocking_data(b, WORDS(5, 2, 0, 0, 1), WORDS(PROFBUF_OVERFLOW_TAG));
	expect_eof(b);
	ring_free(b);
}

TEST(record_that_fills_the_ring_fits)
{
	struct profbuf *b = ring_new(2, 16, 2);

	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, WORDS(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
	expect_put(PROFBUF_LOST, b, 1, 2, HDR, NONE);
	expect_data(b, WORDS(16, 1, 101, 102, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), WORDS(1));
	expect_data(b, WORDS(5, 2, 0, 0, 1), WORDS(PROFBUF_OVERFLOW_TAG));
	expect_put(PROFBUF_WROTE, b, 1, 3, HDR, WORDS(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
	ring_free(b);
}

/* If no loss waits, a record needs only its own room. If one waits, it needs room for the loss record, too. */
TEST(room_for_one_record_is_not_enough_after_a_loss)
{
	struct profbuf *b = ring_new(2, 16, 4);

	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, WORDS(4, 5, 6));
	expect_put(PROFBUF_LOST, b, 2, 2, HDR, WORDS(1, 2, 3, 4, 5, 6));
	/* 9 words are free: 5 and 5 do not fit, 5 and 4 do. */
	expect_put(PROFBUF_LOST, b, 3, 3, HDR, WORDS(1));
	expect_put(PROFBUF_WROTE, b, 4, 4, HDR, NONE);
	expect_data(b, WORDS(7, 1, 101, 102, 4, 5, 6, 5, 2, 0, 0, 2, 4, 4, 101, 102),
		    WORDS(1, PROFBUF_OVERFLOW_TAG, 4));
	ring_free(b);
}

TEST(one_free_tag_is_not_enough_after_a_loss)
{
	struct profbuf *b = ring_new(2, 64, 2);

	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, NONE);
	expect_data(b, WORDS(4, 1, 101, 102), WORDS(1));
	expect_put(PROFBUF_WROTE, b, 2, 2, HDR, NONE);
	expect_put(PROFBUF_LOST, b, 3, 3, HDR, NONE);
	expect_data(b, WORDS(4, 2, 101, 102), WORDS(2));
	expect_put(PROFBUF_LOST, b, 4, 4, HDR, NONE);
	assert_int_equal(ring_overflow_count(b), 2);
	expect_data(b, WORDS(5, 3, 0, 0, 2), WORDS(PROFBUF_OVERFLOW_TAG));
	expect_put(PROFBUF_WROTE, b, 5, 5, HDR, NONE);
	expect_put(PROFBUF_WROTE, b, 6, 6, HDR, NONE);
	expect_data(b, WORDS(4, 5, 101, 102, 4, 6, 101, 102), WORDS(5, 6));
	ring_free(b);
}

/* The reader gives space back after the writer has last looked, which was before the loss. */
TEST(space_given_back_after_a_loss_is_seen)
{
	struct profbuf *b = ring_new(2, 16, 8);

	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, WORDS(1, 2, 3, 4, 5, 6));
	expect_data(b, WORDS(10, 1, 101, 102, 1, 2, 3, 4, 5, 6), WORDS(1));
	expect_empty(b);
	/* 6 words up to the end, 5 from the start, 5 free. */
	expect_put(PROFBUF_WROTE, b, 2, 2, HDR, WORDS(1, 2));
	expect_put(PROFBUF_WROTE, b, 3, 3, HDR, WORDS(1));
	expect_put(PROFBUF_LOST, b, 4, 4, HDR, WORDS(1, 2));
	expect_data(b, WORDS(6, 2, 101, 102, 1, 2), WORDS(2));
	expect_data(b, WORDS(5, 3, 101, 102, 1), WORDS(3));
	expect_put(PROFBUF_WROTE, b, 5, 5, HDR, WORDS(1));
	expect_data(b, WORDS(5, 4, 0, 0, 1, 5, 5, 101, 102, 1), WORDS(PROFBUF_OVERFLOW_TAG, 5));
	ring_free(b);
}

/* With one tag the writer never has room for two records, so only the reader reports losses. */
TEST(one_tag_leaves_losses_to_the_reader)
{
	struct profbuf *b = ring_new(2, 64, 1);
	u64 i;

	for (i = 0; i < 10; i++) {
		expect_put(PROFBUF_WROTE, b, 9, i, HDR, NONE);
		expect_put(PROFBUF_LOST, b, 9, 100 + i, HDR, NONE);
		expect_data(b, WORDS(4, i, 101, 102), WORDS(9));
		expect_put(PROFBUF_LOST, b, 9, 200 + i, HDR, NONE);
		expect_data(b, WORDS(5, 100 + i, 0, 0, 2), WORDS(PROFBUF_OVERFLOW_TAG));
	}
	ring_free(b);
}

/*
 * Words left unused at the end of the array count as part of a record's size, for the loss record and for the record
 * after it.
 */
TEST(space_left_at_the_end_of_the_array_counts)
{
	struct profbuf *b = ring_new(2, 16, 8);

	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, WORDS(1, 2, 3, 4, 5, 6));
	expect_data(b, WORDS(10, 1, 101, 102, 1, 2, 3, 4, 5, 6), WORDS(1));
	expect_empty(b);
	/* At 10, 16 words are free. A record of 11 words leaves 6 unused, and 10 are free from the start. */
	expect_put(PROFBUF_LOST, b, 2, 2, HDR, WORDS(1, 2, 3, 4, 5, 6, 7));
	/* The loss is at 10 to 14, and 15 stays unused. Then 10 more words fit from the start, not 11. */
	expect_put(PROFBUF_LOST, b, 3, 3, HDR, WORDS(1, 2, 3, 4, 5, 6, 7));
	expect_put(PROFBUF_WROTE, b, 4, 4, HDR, WORDS(1, 2, 3, 4, 5, 6));
	expect_data(b, WORDS(5, 2, 0, 0, 2), WORDS(PROFBUF_OVERFLOW_TAG));
	expect_data(b, WORDS(10, 4, 101, 102, 1, 2, 3, 4, 5, 6), WORDS(4));
	expect_empty(b);
	/* At 10 again: a record of 6 words ends with the array, so no word is skipped. */
	expect_put(PROFBUF_WROTE, b, 5, 5, HDR, WORDS(1, 2));
	expect_put(PROFBUF_WROTE, b, 6, 6, HDR, WORDS(1, 2, 3, 4, 5, 6));
	expect_data(b, WORDS(6, 5, 101, 102, 1, 2), WORDS(5));
	expect_data(b, WORDS(10, 6, 101, 102, 1, 2, 3, 4, 5, 6), WORDS(6));
	/* At 10. After 4 words the position is 14, where a loss record does not fit before the end of the array. */
	expect_empty(b);
	expect_put(PROFBUF_WROTE, b, 7, 7, HDR, NONE);
	expect_data(b, WORDS(4, 7, 101, 102), WORDS(7));
	expect_empty(b);
	expect_put(PROFBUF_LOST, b, 8, 8, HDR, WORDS(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
	/* At 14: 2 words are skipped, the loss is at 0 to 4, then 9 words fit from 5 on, not 10. */
	expect_put(PROFBUF_LOST, b, 9, 9, HDR, WORDS(1, 2, 3, 4, 5, 6));
	expect_put(PROFBUF_WROTE, b, 10, 10, HDR, WORDS(1, 2, 3, 4, 5));
	expect_data(b, WORDS(5, 8, 0, 0, 2, 9, 10, 101, 102, 1, 2, 3, 4, 5), WORDS(PROFBUF_OVERFLOW_TAG, 10));
	ring_free(b);
}

TEST(record_that_can_never_fit_comes_out_as_a_loss)
{
	struct profbuf *b = ring_new(2, 16, 4);

	expect_put(PROFBUF_LOST, b, 1, 1, HDR, WORDS(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13));
	/* No word of this stack is read. */
	assert_int_equal(profbuf_write(b, 1, 2, NULL, 0, NULL, UINT32_MAX), PROFBUF_LOST);
	assert_int_equal(profbuf_write(b, 1, 3, NULL, 0, NULL, UINT32_MAX - 3), PROFBUF_LOST);
	expect_data(b, WORDS(5, 1, 0, 0, 3), WORDS(PROFBUF_OVERFLOW_TAG));
	assert_int_equal(profbuf_write(b, 1, 4, NULL, 0, NULL, UINT32_MAX), PROFBUF_LOST);
	expect_put(PROFBUF_WROTE, b, 2, 5, HDR, NONE);
	expect_data(b, WORDS(5, 4, 0, 0, 1, 4, 5, 101, 102), WORDS(PROFBUF_OVERFLOW_TAG, 2));
	/*
	 * A record that fits into an empty ring, but never after a loss record, is lost until the reader has taken the
	 * loss.
	 */
	assert_int_equal(profbuf_write(b, 1, 6, NULL, 0, NULL, UINT32_MAX), PROFBUF_LOST);
	expect_put(PROFBUF_LOST, b, 3, 7, HDR, WORDS(1, 2, 3, 4, 5, 6, 7, 8));
	expect_data(b, WORDS(5, 6, 0, 0, 2), WORDS(PROFBUF_OVERFLOW_TAG));
	expect_put(PROFBUF_WROTE, b, 3, 8, HDR, WORDS(1, 2, 3));
	expect_data(b, WORDS(7, 8, 101, 102, 1, 2, 3), WORDS(3));
	ring_free(b);
}

TEST(writer_wakes_at_the_watermark)
{
	struct profbuf *b = ring_new(2, 64, 16);
	u32 watermark, i;

	for (watermark = 1; watermark <= 60; watermark++) {
		profbuf_set_watermark(b, watermark);
		expect_sleep(b);
		for (i = 4; i < watermark; i += 4)
			expect_put(PROFBUF_WROTE, b, 1, i, HDR, NONE);
		expect_put(PROFBUF_WROTE | PROFBUF_WAKE, b, 1, i, HDR, NONE);
		/* Only once. */
		if (i < 60)
			expect_put(PROFBUF_WROTE, b, 1, i, HDR, NONE);
		while (profbuf_readable(b)) {
			struct profbuf_slice s;

			assert_int_equal(profbuf_read(b, PROFBUF_BLOCKING, &s), PROFBUF_DATA);
			profbuf_consume(b, s.ndata, s.ntags);
		}
	}
	ring_free(b);
}

/*
 * The writer's last value of r may be old: it reads r again before it decides that the ring has reached the watermark.
 */
TEST(space_given_back_counts_for_the_watermark)
{
	struct profbuf *b = ring_new(2, 64, 16);
	u32 i;

	for (i = 0; i < 100; i++) {
		expect_put(PROFBUF_WROTE, b, 1, i, HDR, NONE);
		expect_data(b, WORDS(4, i, 101, 102), WORDS(1));
		expect_sleep(b);
		assert_false(profbuf_readable(b));
	}
	ring_free(b);
}

TEST(loss_wakes_below_the_watermark)
{
	struct profbuf *b = ring_new(2, 64, 1);

	expect_sleep(b);
	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, NONE);
	expect_put(PROFBUF_LOST | PROFBUF_WAKE, b, 2, 2, HDR, NONE);
	expect_put(PROFBUF_LOST, b, 2, 3, HDR, NONE);
	expect_blocking_data(b, WORDS(4, 1, 101, 102), WORDS(1));
	expect_blocking_data(b, WORDS(5, 2, 0, 0, 2), WORDS(PROFBUF_OVERFLOW_TAG));
	expect_sleep(b);
	ring_free(b);
}

TEST(loss_record_can_reach_the_watermark)
{
	struct profbuf *b = ring_new(2, 16, 8);

	profbuf_set_watermark(b, 9);
	assert_int_equal(profbuf_write(b, 1, 1, NULL, 0, NULL, 100), PROFBUF_LOST);
	/* As if the reader slept and did not know about the loss. */
	b->r |= 1ULL << 32;
	/* The 5 words of the loss record do not reach the watermark, 4 more do. */
	expect_put(PROFBUF_WROTE | PROFBUF_WAKE, b, 2, 2, HDR, NONE);
	expect_data(b, WORDS(5, 1, 0, 0, 1, 4, 2, 101, 102), WORDS(PROFBUF_OVERFLOW_TAG, 2));
	expect_empty(b);
	profbuf_set_watermark(b, 5);
	assert_int_equal(profbuf_write(b, 1, 3, NULL, 0, NULL, 100), PROFBUF_LOST);
	b->r |= 1ULL << 32;
	/* Here the commit of the loss record clears the flag. */
	expect_put(PROFBUF_WROTE | PROFBUF_WAKE, b, 2, 4, HDR, NONE);
	assert_false(b->r & (1ULL << 32));
	ring_free(b);
}

TEST(count_of_losses_stays_at_its_maximum)
{
	struct profbuf *b = ring_new(2, 16, 1);
	const u64 most = OVERFLOW_COUNT_MAX;

	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, NONE);
	ring_set_overflow(b, 17, most - 1, 99);
	expect_put(PROFBUF_LOST, b, 2, 100, HDR, NONE);
	assert_true(ring_overflow_count(b) == most);
	expect_put(PROFBUF_LOST, b, 2, 101, HDR, NONE);
	assert_true(ring_overflow_count(b) == most);
	assert_int_equal(ring_overflow_generation(b), 17);
	expect_data(b, WORDS(4, 1, 101, 102), WORDS(1));
	expect_data(b, WORDS(5, 99, 0, 0, most), WORDS(PROFBUF_OVERFLOW_TAG));
	/* The count begins again. */
	expect_put(PROFBUF_WROTE, b, 1, 200, HDR, NONE);
	expect_put(PROFBUF_LOST, b, 2, 201, HDR, NONE);
	expect_data(b, WORDS(4, 200, 101, 102), WORDS(1));
	expect_data(b, WORDS(5, 201, 0, 0, 1), WORDS(PROFBUF_OVERFLOW_TAG));
	ring_free(b);
}

TEST(loss_at_the_maximum_still_wakes)
{
	struct profbuf *b = ring_new(2, 16, 1);

	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, NONE);
	ring_set_overflow(b, 17, OVERFLOW_COUNT_MAX, 99);
	b->r |= 1ULL << 32;
	expect_put(PROFBUF_LOST | PROFBUF_WAKE, b, 2, 100, HDR, NONE);
	ring_free(b);
}

/* The generation is in the highest bits of the word: when it wraps, neither the count nor the time changes. */
TEST(generation_wraps)
{
	struct profbuf *b = ring_new(2, 16, 2);

	/* When the reader takes the loss. */
	ring_set_overflow(b, OVERFLOW_GENERATION_MAX, 3, 50);
	expect_data(b, WORDS(5, 50, 0, 0, 3), WORDS(PROFBUF_OVERFLOW_TAG));
	assert_int_equal(b->overflow, 0);
	/* When the writer takes it. */
	ring_set_overflow(b, OVERFLOW_GENERATION_MAX, 4, 60);
	expect_put(PROFBUF_WROTE, b, 7, 61, HDR, NONE);
	assert_int_equal(b->overflow, 0);
	expect_data(b, WORDS(5, 60, 0, 0, 4, 4, 61, 101, 102), WORDS(PROFBUF_OVERFLOW_TAG, 7));
	expect_empty(b);
	/* At the first loss. */
	ring_set_overflow(b, OVERFLOW_GENERATION_MAX, 0, 0);
	assert_int_equal(profbuf_write(b, 1, 70, NULL, 0, NULL, 100), PROFBUF_LOST);
	assert_int_equal(ring_overflow_count(b), 1);
	expect_data(b, WORDS(5, 70, 0, 0, 1), WORDS(PROFBUF_OVERFLOW_TAG));
	expect_empty(b);
	ring_free(b);
}

/*
 * A bug once: starting a count advanced the generation, too. With two steps for each loss it wrapped twice as early as
 * the bound on sizes allows for, and a reader's stale compare-and-swap could take a loss a second time.
 */
TEST(first_loss_after_a_take_keeps_the_generation)
{
	struct profbuf *b = ring_new(2, 16, 2);

	ring_set_overflow(b, 41, 1, 5);
	expect_data(b, WORDS(5, 5, 0, 0, 1), WORDS(PROFBUF_OVERFLOW_TAG));
	assert_int_equal(ring_overflow_generation(b), 42);
	assert_int_equal(profbuf_write(b, 1, 70, NULL, 0, NULL, 100), PROFBUF_LOST);
	assert_int_equal(ring_overflow_generation(b), 42);
	ring_free(b);
}

/*
 * A reader that looked at w before the record was written, and at overflow after the take, knows about the loss only by
 * the flag.
 */
TEST(record_of_a_loss_wakes_below_the_watermark)
{
	struct profbuf *b = ring_new(2, 64, 8);

	profbuf_set_watermark(b, 64);
	assert_int_equal(profbuf_write(b, 1, 70, NULL, 0, NULL, 100), PROFBUF_LOST);
	b->r |= 1ULL << 32;
	expect_put(PROFBUF_WROTE | PROFBUF_WAKE, b, 2, 100, HDR, NONE);
	ring_free(b);
}

/* The watermark decides what counts as room: if it were larger than the ring, records would overwrite each other. */
TEST(watermark_beyond_the_ring_is_the_ring)
{
	struct profbuf *b = ring_new(2, 16, 8);

	profbuf_set_watermark(b, 1000);
	assert_int_equal(b->watermark, 16);
	expect_put(PROFBUF_WROTE, b, 1, 1, HDR, WORDS(1, 2, 3, 4, 5, 6, 7, 8, 9));
	expect_put(PROFBUF_LOST, b, 2, 2, HDR, NONE);
	ring_free(b);
}

TEST(each_take_changes_the_generation)
{
	struct profbuf *b = ring_new(2, 1024, 64);
	u64 generation, i;

	for (i = 0; i < 10; i++) {
		assert_int_equal(profbuf_write(b, 1, i, NULL, 0, NULL, 2000), PROFBUF_LOST);
		generation = ring_overflow_generation(b);
		assert_int_equal(profbuf_write(b, 1, i, NULL, 0, NULL, 2000), PROFBUF_LOST);
		assert_int_equal(ring_overflow_generation(b), generation);
		if (i & 1)
			expect_put(PROFBUF_WROTE, b, 1, 1, HDR, NONE);
		else
			expect_data(b, WORDS(5, i, 0, 0, 2), WORDS(PROFBUF_OVERFLOW_TAG));
		assert_int_equal(ring_overflow_count(b), 0);
		assert_int_not_equal(ring_overflow_generation(b), generation);
		if (i & 1)
			expect_data(b, WORDS(5, i, 0, 0, 2, 4, 1, 101, 102), WORDS(PROFBUF_OVERFLOW_TAG, 1));
		expect_empty(b);
	}
	ring_free(b);
}

TEST(positions_start_one_lap_before_their_wrap)
{
	struct profbuf *b = ring_new(2, 16, 4);

	assert_int_equal((u32)b->w, (u32)-16);
	assert_int_equal(b->w >> 34, (1U << 30) - 4);
	assert_int_equal(b->w & (3ULL << 32), 0);
	assert_int_equal(b->w, b->r);
	ring_free(b);
}

static u32 random_word(u64 *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 33;
}

static void same_slices(const struct profbuf_slice *x, const struct profbuf_slice *y)
{
	assert_int_equal(x->ndata, y->ndata);
	assert_int_equal(x->ntags, y->ntags);
	if (x->ndata)
		assert_memory_equal(x->data, y->data, x->ndata * sizeof(u64));
	if (x->ntags)
		assert_memory_equal(x->tags, y->tags, x->ntags * sizeof(u64));
}

/* Two rings that differ only in their counts must do the same. */
static void run_beside(u32 data, u32 tags, u64 seed)
{
	struct profbuf *x = ring_new(2, 32, 8);
	struct profbuf *y = ring_new(2, 32, 8);
	struct profbuf_slice sx, sy;
	u64 stk[40] = { 0 };
	u64 time;

	ring_start_at(x, 0, 0);
	ring_start_at(y, data, tags);
	for (time = 1; time < 300; time++) {
		u32 n = random_word(&seed) % 36 / (1 + random_word(&seed) % 8);
		enum profbuf_read_mode mode = random_word(&seed) % 2 ? PROFBUF_BLOCKING : PROFBUF_NONBLOCKING;

		stk[0] = time;
		if (random_word(&seed) % 5 < 3) {
			assert_int_equal(profbuf_write(x, time, time, stk, 1, stk, n),
					 profbuf_write(y, time, time, stk, 1, stk, n));
		} else {
			assert_int_equal(profbuf_read(x, mode, &sx), profbuf_read(y, mode, &sy));
			same_slices(&sx, &sy);
			if (sx.ntags && random_word(&seed) % 3 == 0) {
				n = random_word(&seed) % 2;
				profbuf_consume(x, n ? (u32)sx.data[0] : 0, n);
				profbuf_consume(y, n ? (u32)sx.data[0] : 0, n);
			}
		}
	}
	ring_free(x);
	ring_free(y);
}

TEST(where_the_counts_stand_changes_nothing)
{
	u32 bits, lap;

	/* Begins just before the counts need one more bit, for each of their bits, up to the wrap. */
	for (bits = 8; bits <= 32; bits++)
		for (lap = 0; lap <= 256; lap += 32)
			run_beside((u32)((1ULL << bits) - lap),
				   (u32)((1ULL << bits) - lap / 4) & ((1U << 30) - 1), bits * 1000 + lap);
}

/* Many laps: more than 2^28 words, in large records. */
TEST(runs_far)
{
	struct profbuf *b = ring_new(2, 1U << 16, 4);
	const u32 nstk = (1U << 14) - 4;
	u64 *stk = calloc(nstk, sizeof(u64));
	struct profbuf_slice s;
	u64 i;

	assert_non_null(stk);
	for (i = 0; i < 20000; i++) {
		stk[nstk - 1] = i;
		assert_int_equal(profbuf_write(b, i, i, NULL, 0, stk, nstk), PROFBUF_WROTE);
		assert_int_equal(profbuf_read(b, PROFBUF_NONBLOCKING, &s), PROFBUF_DATA);
		assert_int_equal(s.ndata, 1U << 14);
		assert_int_equal(s.tags[0], i);
		assert_int_equal(s.data[s.ndata - 1], i);
	}
	free(stk);
	ring_free(b);
}
