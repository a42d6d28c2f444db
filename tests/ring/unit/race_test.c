// SPDX-License-Identifier: GPL-2.0-only
/*
 * race_test.c - a call of one side between any two steps of the other side's call
 *
 * For every n: at the n-th atomic operation of the outer call, the inner calls run as a whole, as an interrupt or
 * another CPU may run them. Then everything is read to the end, and the timeline must be right.
 */
#include <stdio.h>
#include <string.h>

#include "timeline.h"

static struct timeline t;

#define TOO_BIG		1000	/* words of stack that fit into no ring here */
#define BIG		9	/* fills a ring of 16 up to one word, with hdrsize 1 */
#define HALF		5	/* 8 words: reaches the watermark of a ring of 16 */
#define SMALL		1

/* Inner and outer calls: a number from 0 on is a write with that many words of stack. */
enum { CLOSE = -1, READ = -2, END = -3 };

struct race {
	const char *name;
	enum profbuf_read_mode mode;
	bool impatient;
	u32 tags;
	u32 watermark;		/* 0: the value from profbuf_init() */
	int before[8];
	int outer[4];
	int inner[4];
};

static u32 countdown;
static const int *inner;
static bool fired;

static void run(const int *ops)
{
	for (; *ops != END; ops++) {
		if (*ops == READ)
			timeline_read(&t);
		else if (*ops == CLOSE)
			timeline_close(&t);
		else
			timeline_write(&t, *ops);
	}
}

static void step(void)
{
	if (countdown && !--countdown) {
		fired = true;
		run(inner);
	}
}

/* Returns at how many steps the inner calls ran. */
static u32 race_at_every_step(const struct race *r, enum give_back how)
{
	const char *failure;
	u32 n;

	for (n = 1;; n++) {
		timeline_start(&t, 1, 16, r->tags, r->mode, how);
		if (r->watermark)
			profbuf_set_watermark(t.b, r->watermark);
		t.impatient = r->impatient;
		run(r->before);
		inner = r->inner;
		fired = false;
		countdown = n;
		unit_step = step;
		run(r->outer);
		unit_step = NULL;
		failure = timeline_check(&t);
		if (failure) {
			fprintf(stderr, "%s, give back %d, at step %u: %s\n", r->name, how, n, failure);
			fail();
		}
		timeline_end(&t);
		if (!fired)
			return n - 1;
	}
}

static void run_races(const struct race *races, u32 n)
{
	u32 i;
	int how;

	for (i = 0; i < n; i++) {
		for (how = BY_READ; how <= KEEP_ONCE; how++)
			assert_true(race_at_every_step(&races[i], how) >= 2);
	}
}

#define RUN_RACES(races) run_races(races, sizeof(races) / sizeof(races[0]))

TEST(loss_is_taken_by_one_side_only)
{
	static const struct race races[] = {
		{ "the writer takes it under the reader", PROFBUF_NONBLOCKING, false, 4, 0,
		  { TOO_BIG, END }, { READ, END }, { SMALL, END } },
		{ "the reader takes it under the writer", PROFBUF_NONBLOCKING, false, 4, 0,
		  { TOO_BIG, END }, { SMALL, END }, { READ, END } },
		{ "one more is lost under the reader", PROFBUF_NONBLOCKING, false, 4, 0,
		  { TOO_BIG, END }, { READ, END }, { TOO_BIG, END } },
		{ "it is taken and a new one begins under the reader", PROFBUF_NONBLOCKING, false, 4, 0,
		  { TOO_BIG, END }, { READ, END }, { SMALL, TOO_BIG, END } },
		{ "the reader takes it while the writer counts", PROFBUF_NONBLOCKING, false, 4, 0,
		  { TOO_BIG, END }, { TOO_BIG, END }, { READ, END } },
		{ "the reader takes it and reads on while the writer counts", PROFBUF_BLOCKING, false, 4, 0,
		  { TOO_BIG, READ, END }, { TOO_BIG, END }, { READ, READ, END } },
		{ "blocking, the writer takes it under the reader", PROFBUF_BLOCKING, false, 4, 0,
		  { TOO_BIG, END }, { READ, END }, { SMALL, END } },
		{ "blocking, a new one begins under the reader", PROFBUF_BLOCKING, false, 4, 0,
		  { TOO_BIG, END }, { READ, END }, { SMALL, TOO_BIG, END } },
	};

	RUN_RACES(races);
}

TEST(loss_does_not_overtake_the_records_before_it)
{
	static const struct race races[] = {
		{ "record and loss under the reader of an empty ring", PROFBUF_NONBLOCKING, false, 4, 0,
		  { END }, { READ, END }, { SMALL, TOO_BIG, END } },
		{ "blocking", PROFBUF_BLOCKING, false, 4, 0,
		  { END }, { READ, END }, { SMALL, TOO_BIG, END } },
		{ "with a loss before", PROFBUF_NONBLOCKING, false, 4, 0,
		  { TOO_BIG, END }, { READ, READ, END }, { SMALL, TOO_BIG, END } },
		{ "close behind it", PROFBUF_BLOCKING, false, 4, 0,
		  { END }, { READ, END }, { SMALL, TOO_BIG, CLOSE, END } },
	};

	RUN_RACES(races);
}

TEST(reader_that_falls_asleep_sees_or_is_seen)
{
	static const struct race races[] = {
		{ "below the watermark", PROFBUF_BLOCKING, false, 4, 0, { END }, { READ, END }, { SMALL, END } },
		{ "at the watermark", PROFBUF_BLOCKING, false, 4, 0, { END }, { READ, END }, { HALF, END } },
		{ "loss", PROFBUF_BLOCKING, false, 4, 0, { END }, { READ, END }, { TOO_BIG, END } },
		{ "close", PROFBUF_BLOCKING, false, 4, 0, { END }, { READ, END }, { CLOSE, END } },
		{ "record and close", PROFBUF_BLOCKING, false, 4, 0, { END }, { READ, END }, { SMALL, CLOSE, END } },
		{ "loss and close", PROFBUF_BLOCKING, false, 4, 0, { END }, { READ, END }, { TOO_BIG, CLOSE, END } },
		{ "below, then at the watermark", PROFBUF_BLOCKING, false, 4, 0,
		  { END }, { READ, END }, { SMALL, HALF, END } },
		{ "it falls asleep under a write at the watermark", PROFBUF_BLOCKING, false, 4, 0,
		  { END }, { HALF, END }, { READ, END } },
		{ "it falls asleep under a loss", PROFBUF_BLOCKING, false, 4, 0,
		  { END }, { TOO_BIG, END }, { READ, END } },
		{ "it falls asleep under the close", PROFBUF_BLOCKING, false, 4, 0,
		  { END }, { CLOSE, END }, { READ, END } },
		{ "it holds a slice, reads it off and falls asleep under a write", PROFBUF_BLOCKING, false, 4, 0,
		  { SMALL, READ, END }, { HALF, END }, { READ, READ, END } },
	};
	static const struct race lasting[] = {
		{ "asleep", PROFBUF_BLOCKING, false, 4, 0, { READ, END }, { SMALL, HALF, END }, { READ, END } },
		{ "asleep, loss and write", PROFBUF_BLOCKING, false, 4, 0,
		  { READ, END }, { TOO_BIG, SMALL, END }, { READ, READ, END } },
		{ "asleep, write and close", PROFBUF_BLOCKING, false, 4, 0,
		  { READ, END }, { HALF, CLOSE, END }, { READ, READ, END } },
	};

	RUN_RACES(races);
	RUN_RACES(lasting);
}

TEST(reader_that_comes_back_early_owns_its_wakeup)
{
	static const struct race races[] = {
		{ "the writer wakes while it comes back", PROFBUF_BLOCKING, true, 4, 0,
		  { READ, END }, { READ, END }, { HALF, END } },
		{ "the loss wakes while it comes back", PROFBUF_BLOCKING, true, 4, 0,
		  { READ, END }, { READ, END }, { TOO_BIG, END } },
		{ "the close wakes while it comes back", PROFBUF_BLOCKING, true, 4, 0,
		  { READ, END }, { READ, END }, { CLOSE, END } },
		{ "it comes back under a write", PROFBUF_BLOCKING, true, 4, 0,
		  { READ, END }, { HALF, END }, { READ, END } },
		{ "it comes back under a loss", PROFBUF_BLOCKING, true, 4, 0,
		  { READ, END }, { TOO_BIG, END }, { READ, END } },
		{ "it comes back under the close", PROFBUF_BLOCKING, true, 4, 0,
		  { READ, END }, { CLOSE, END }, { READ, END } },
		{ "it comes back and sleeps again under a write", PROFBUF_BLOCKING, true, 4, 0,
		  { READ, END }, { SMALL, HALF, END }, { READ, READ, READ, END } },
	};

	RUN_RACES(races);
}

TEST(space_given_back_under_the_writer_is_used_or_not_but_never_torn)
{
	static const struct race races[] = {
		{ "a full ring", PROFBUF_NONBLOCKING, false, 4, 0,
		  { BIG, END }, { BIG, END }, { READ, READ, END } },
		{ "a full ring whose slice is out", PROFBUF_NONBLOCKING, false, 4, 0,
		  { BIG, READ, END }, { BIG, END }, { READ, END } },
		{ "no free tag", PROFBUF_NONBLOCKING, false, 1, 0,
		  { SMALL, READ, END }, { SMALL, END }, { READ, END } },
		{ "a loss waits", PROFBUF_NONBLOCKING, false, 4, 0,
		  { BIG, READ, BIG, END }, { SMALL, END }, { READ, END } },
		{ "a loss waits, two writes", PROFBUF_NONBLOCKING, false, 4, 0,
		  { BIG, READ, BIG, END }, { SMALL, HALF, END }, { READ, READ, END } },
		{ "given back under the reader", PROFBUF_NONBLOCKING, false, 4, 0,
		  { BIG, READ, END }, { READ, END }, { BIG, END } },
		{ "given back while the reader sleeps", PROFBUF_BLOCKING, false, 4, 0,
		  { BIG, READ, END }, { READ, READ, END }, { BIG, SMALL, END } },
	};

	RUN_RACES(races);
}

TEST(watermark_is_measured_from_what_is_unread)
{
	static const struct race races[] = {
		{ "given back while the writer decides", PROFBUF_BLOCKING, false, 4, 0,
		  { SMALL, READ, END }, { SMALL, SMALL, END }, { READ, READ, END } },
		{ "watermark of the whole ring", PROFBUF_BLOCKING, false, 4, 16,
		  { READ, END }, { HALF, HALF, END }, { READ, END } },
		{ "watermark of one word", PROFBUF_BLOCKING, false, 4, 1,
		  { END }, { SMALL, SMALL, END }, { READ, READ, READ, END } },
		{ "watermark of one word, under the reader", PROFBUF_BLOCKING, false, 4, 1,
		  { END }, { READ, END }, { SMALL, END } },
	};

	RUN_RACES(races);
}

/* Combines all calls with all calls. */
TEST(any_calls_inside_any_call)
{
	static const int before[][8] = {
		{ END }, { READ, END }, { SMALL, END }, { SMALL, READ, END }, { TOO_BIG, END }, { TOO_BIG, READ, END },
		{ BIG, END }, { BIG, READ, END }, { BIG, TOO_BIG, END }, { BIG, READ, TOO_BIG, END },
		{ SMALL, TOO_BIG, READ, END }, { HALF, SMALL, READ, END }, { HALF, READ, READ, HALF, END },
		{ BIG, READ, READ, SMALL, END }, { TOO_BIG, READ, READ, SMALL, READ, END },
	};
	static const int writes[][4] = {
		{ SMALL, END }, { HALF, END }, { BIG, END }, { TOO_BIG, END }, { CLOSE, END }, { SMALL, SMALL, END },
		{ SMALL, TOO_BIG, END }, { TOO_BIG, SMALL, END }, { HALF, CLOSE, END }, { TOO_BIG, SMALL, CLOSE, END },
		{ TOO_BIG, BIG, SMALL, END }, { SMALL, SMALL, SMALL, END },
	};
	static const int reads[][4] = { { READ, END }, { READ, READ, END }, { READ, READ, READ, END } };
	u32 b, w, r, tags, variant;

	for (b = 0; b < sizeof(before) / sizeof(before[0]); b++)
		for (w = 0; w < sizeof(writes) / sizeof(writes[0]); w++)
			for (r = 0; r < sizeof(reads) / sizeof(reads[0]); r++)
				for (tags = 1; tags <= 4; tags *= 2)
					for (variant = 0; variant < 3 * 2 * 4; variant++) {
						struct race x = {
							.name = "all",
							.mode = variant % 3 ? PROFBUF_BLOCKING : PROFBUF_NONBLOCKING,
							.impatient = variant % 3 == 2,
							.tags = tags,
						};

						memcpy(x.before, before[b], sizeof(x.before));
						memcpy(variant / 3 % 2 ? x.outer : x.inner, writes[w], sizeof(x.outer));
						memcpy(variant / 3 % 2 ? x.inner : x.outer, reads[r], sizeof(x.outer));
						race_at_every_step(&x, variant / 6);
					}
}
