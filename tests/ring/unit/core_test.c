// SPDX-License-Identifier: GPL-2.0-only
/*
 * core_test.c - the ring does what Go's does: the cases of Go's runtime/profbuf_test.go
 *
 * This file also has the main() of the tests. Where Go's tests start a second goroutine, one thread plays both sides
 * here. The reader "sleeps" until a write returns PROFBUF_WAKE, so that the order of events is certain.
 */
#include "unit.h"

#define HDR(a, b)	WORDS(a, b)

TEST(reads_what_was_written)
{
	struct profbuf *b = ring_new(2, 11, 1);

	assert_int_equal(b->data_size, 16);
	expect_put(PROFBUF_WROTE, b, 70, 1, HDR(2, 3), WORDS(4, 5, 6, 7, 8, 9));
	expect_data(b, WORDS(10, 1, 2, 3, 4, 5, 6, 7, 8, 9), WORDS(70));
	expect_empty(b);
	expect_put(PROFBUF_WROTE, b, 72, 99, HDR(101, 102), WORDS(201, 202, 203, 204));
	expect_data(b, WORDS(8, 99, 101, 102, 201, 202, 203, 204), WORDS(72));
	expect_empty(b);
	ring_free(b);
}

TEST(one_read_returns_many_records)
{
	struct profbuf *b = ring_new(2, 50, 50);

	assert_int_equal(b->data_size, 64);
	assert_int_equal(b->tags_size, 64);
	expect_put(PROFBUF_WROTE, b, 70, 1, HDR(2, 3), WORDS(4, 5, 6, 7, 8, 9));
	expect_put(PROFBUF_WROTE, b, 72, 99, HDR(101, 102), WORDS(201, 202, 203, 204));
	expect_put(PROFBUF_WROTE, b, 71, 500, HDR(502, 504), WORDS(506));
	expect_data(b, WORDS(10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 99, 101, 102, 201, 202, 203, 204, 5, 500, 502, 504, 506),
		    WORDS(70, 72, 71));
	ring_free(b);
}

/* Go's ReadManyShortData and ReadManyShortTags, with arrays that are really short. */
TEST(the_end_of_the_data_array_ends_a_slice)
{
	struct profbuf *b = ring_new(2, 16, 8);

	expect_put(PROFBUF_WROTE, b, 1, 1, HDR(2, 3), WORDS(4, 5, 6, 7, 8, 9));
	expect_data(b, WORDS(10, 1, 2, 3, 4, 5, 6, 7, 8, 9), WORDS(1));
	expect_empty(b);
	expect_put(PROFBUF_WROTE, b, 2, 2, HDR(7, 8), WORDS(1, 2));
	expect_put(PROFBUF_WROTE, b, 3, 3, HDR(7, 8), WORDS(1, 2));
	expect_data(b, WORDS(6, 2, 7, 8, 1, 2), WORDS(2));
	expect_data(b, WORDS(6, 3, 7, 8, 1, 2), WORDS(3));
	expect_empty(b);
	ring_free(b);
}

TEST(the_end_of_the_tag_array_ends_a_slice)
{
	struct profbuf *b = ring_new(2, 64, 2);

	expect_put(PROFBUF_WROTE, b, 1, 1, HDR(7, 8), WORDS(1));
	expect_data(b, WORDS(5, 1, 7, 8, 1), WORDS(1));
	expect_empty(b);
	expect_put(PROFBUF_WROTE, b, 2, 2, HDR(7, 8), WORDS(1));
	expect_put(PROFBUF_WROTE, b, 3, 3, HDR(7, 8), WORDS(1));
	expect_data(b, WORDS(5, 2, 7, 8, 1), WORDS(2));
	expect_data(b, WORDS(5, 3, 7, 8, 1), WORDS(3));
	expect_empty(b);
	ring_free(b);
}

TEST(writer_puts_the_loss_in_front_of_its_next_record)
{
	struct profbuf *b = ring_new(2, 16, 5);
	int i;

	expect_put(PROFBUF_WROTE, b, 70, 1, HDR(2, 3), WORDS(4, 5, 6, 7, 8, 9));
	expect_data(b, WORDS(10, 1, 2, 3, 4, 5, 6, 7, 8, 9), WORDS(70));
	expect_put(PROFBUF_WROTE, b, 70, 1, HDR(2, 3), WORDS(4, 5));
	expect_data(b, WORDS(6, 1, 2, 3, 4, 5), WORDS(70));
	/* 10 words are free: there is no room for this record, */
	expect_put(PROFBUF_LOST, b, 72, 99, HDR(101, 102), WORDS(201, 202, 203, 204, 205, 206, 207, 208, 209));
	/* nor for these with a loss record of 5 words before them, */
	for (i = 0; i < 299; i++)
		expect_put(PROFBUF_LOST, b, 73, 100 + i, HDR(101, 102), WORDS(201, 202, 203, 204));
	/* but there is room for this one. */
	expect_put(PROFBUF_WROTE, b, 71, 500, HDR(502, 504), WORDS(506));
	assert_int_equal(ring_overflow_count(b), 0);
	expect_data(b, WORDS(5, 99, 0, 0, 300, 5, 500, 502, 504, 506), WORDS(PROFBUF_OVERFLOW_TAG, 71));
	expect_empty(b);
	ring_free(b);
}

TEST(reader_makes_the_loss_record_when_the_ring_is_empty)
{
	struct profbuf *b = ring_new(2, 16, 5);
	int i;

	expect_put(PROFBUF_WROTE, b, 70, 1, HDR(2, 3), WORDS(4, 5, 6, 7, 8, 9));
	expect_put(PROFBUF_LOST, b, 72, 99, HDR(101, 102), WORDS(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13));
	for (i = 0; i < 299; i++)
		expect_put(PROFBUF_LOST, b, 73, 100, HDR(101, 102), WORDS(201, 202, 203, 204));
	expect_data(b, WORDS(10, 1, 2, 3, 4, 5, 6, 7, 8, 9), WORDS(70));
	/* The space is not given back yet: 6 words are free, fewer than a loss record and this one need. */
	expect_put(PROFBUF_LOST, b, 71, 500, HDR(502, 504), NONE);
	expect_data(b, WORDS(5, 99, 0, 0, 301), WORDS(PROFBUF_OVERFLOW_TAG));
	expect_put(PROFBUF_WROTE, b, 71, 500, HDR(502, 505), WORDS(506));
	expect_data(b, WORDS(5, 500, 502, 505, 506), WORDS(71));
	expect_empty(b);
	ring_free(b);
}

TEST(reader_makes_the_loss_record_at_the_end_of_the_array)
{
	struct profbuf *b = ring_new(2, 12, 5);
	int i;

	assert_int_equal(b->data_size, 16);
	expect_put(PROFBUF_WROTE, b, 70, 1, HDR(2, 3), WORDS(4, 5, 6, 7, 8, 9));
	for (i = 0; i < 300; i++)
		expect_put(PROFBUF_LOST, b, 72, 99 + i, HDR(101, 102), WORDS(201, 202, 203, 204));
	expect_data(b, WORDS(10, 1, 2, 3, 4, 5, 6, 7, 8, 9), WORDS(70));
	expect_data(b, WORDS(5, 99, 0, 0, 300), WORDS(PROFBUF_OVERFLOW_TAG));
	expect_put(PROFBUF_WROTE, b, 71, 500, HDR(502, 504), WORDS(506));
	expect_data(b, WORDS(5, 500, 502, 504, 506), WORDS(71));
	expect_empty(b);
	ring_free(b);
}

TEST(blocking_reads_sleep_until_data_or_the_close)
{
	struct profbuf *b = ring_new(2, 11, 1);

	expect_sleep(b);
	expect_put(PROFBUF_WROTE | PROFBUF_WAKE, b, 70, 1, HDR(2, 3), WORDS(4, 5, 6, 7, 8, 9));
	expect_blocking_data(b, WORDS(10, 1, 2, 3, 4, 5, 6, 7, 8, 9), WORDS(70));
	expect_sleep(b);
	expect_put(PROFBUF_WROTE | PROFBUF_WAKE, b, 72, 99, HDR(101, 102), WORDS(201, 202, 203, 204));
	expect_blocking_data(b, WORDS(8, 99, 101, 102, 201, 202, 203, 204), WORDS(72));
	expect_sleep(b);
	assert_int_equal(profbuf_close(b), PROFBUF_WAKE);
	expect_eof(b);
	expect_eof(b);
	expect_status(PROFBUF_EOF, b, PROFBUF_NONBLOCKING);
	ring_free(b);
}

static void wrap(u32 bufwords, u32 tags)
{
	struct profbuf *b = ring_new(2, bufwords, tags);
	u64 i;

	for (i = 0; i < 4096; i++) {
		expect_put(PROFBUF_WROTE, b, i, 1000 + i, HDR(2, 3), WORDS(4, 5, 6, 7, 8, i));
		expect_data(b, WORDS(10, 1000 + i, 2, 3, 4, 5, 6, 7, 8, i), WORDS(i));
		expect_empty(b);
	}
	ring_free(b);
}

TEST(data_wraps)
{
	wrap(16, 1024);
}

TEST(tags_wrap)
{
	wrap(1024, 2);
}

TEST(data_and_tags_wrap)
{
	wrap(16, 2);
}

/* A wakeup too many would wake a later sleep early; with one too few the reader would sleep forever. */
TEST(each_sleep_gets_one_wakeup)
{
	struct profbuf *b = ring_new(2, 16, 2);
	enum profbuf_read_status status;
	struct profbuf_slice s;
	unsigned int result;
	bool asleep = false;
	int sleeps = 0, wakes = 0;
	int i;

	for (i = 0; i <= 1000; i++) {
		result = i < 1000 ? put(b, 0, 1, HDR(5, 6), WORDS(7, 8)) : profbuf_close(b);
		if (result & PROFBUF_WAKE) {
			assert_true(asleep);
			asleep = false;
			wakes++;
		}
		if (asleep)
			continue;
		while ((status = profbuf_read(b, PROFBUF_BLOCKING, &s)) == PROFBUF_DATA)
			;
		if (status == PROFBUF_SLEEP) {
			asleep = true;
			sleeps++;
		}
	}
	assert_int_equal(status, PROFBUF_EOF);
	assert_int_equal(sleeps, wakes);
	ring_free(b);
}

TEST(reader_is_woken_when_the_ring_is_half_full)
{
	struct profbuf *b = ring_new(2, 16, 2);

	expect_sleep(b);
	expect_put(PROFBUF_WROTE, b, 0, 1, HDR(1, 2), WORDS(3, 4));
	expect_put(PROFBUF_WROTE | PROFBUF_WAKE, b, 0, 1, HDR(5, 6), WORDS(7, 8));
	expect_blocking_data(b, WORDS(6, 1, 1, 2, 3, 4, 6, 1, 5, 6, 7, 8), WORDS(0, 0));
	assert_int_equal(profbuf_close(b), 0);
	expect_eof(b);
	ring_free(b);
}

int main(void)
{
	return tap_cmocka_main();
}
