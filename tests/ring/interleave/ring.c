// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring.c - the real ring, a writer and a reader, every execution at small bounds
 *
 * usage: ring [scenario]
 *
 * The writer follows a script. The reader makes some calls beside it, each of them blocking or not, and gives each
 * slice back in any of the ways there are; asleep, it waits for the note that the writer's caller leaves after
 * PROFBUF_WAKE. When both have come to an end the rest is read.
 *
 * What is checked:
 *  - records, losses, tags and words come out once each, in order, as written; a loss is as long as the gap and has the
 *    time of its first; what profbuf_write() said of each is what came out;
 *  - between two calls of the writer no reader sleeps without a note while one is due: unread words at the watermark, a
 *    loss counted or its record unread, the close;
 *  - at most one wakeup for each sleep; where only a note ends a sleep, exactly one, and none without a sleep;
 *  - no two plain accesses race, nobody waits for ever, no call can go on for ever.
 *
 * Prints a line for each scenario. Exit status: 0, or 1 at the first failure.
 */
#include <stdio.h>
#include <string.h>

#include "explore.h"
#include "profbuf_core.h"

#define CLOSE		-1
#define END		-2
#define TOO_BIG		100
#define NUMBERS		8	/* writes at most, and one */
#define DATA_WORDS	16
#define LOSS_WORDS(hdrsize) ((hdrsize) + 3)

enum { WRITER, READER };

/* What ends a sleep beside the note. */
enum flush {
	NEVER,			/* nothing */
	QUIET,			/* the flush period, where no note is due: one that is missing would stop everything */
	ANYTIME,		/* the flush period, or a reader that comes back by itself */
};

struct scenario {
	const char *name;
	u32 hdrsize, words, tags;
	u32 watermark;		/* 0: as profbuf_init() sets it */
	u32 calls;		/* of the reader's, beside the writer */
	enum flush flush;
	int script[8];		/* numbers: words of stack */
};

/* Words of a record: 2, header, stack; of a loss: 3, header. */
static const struct scenario scenarios[] = {
	{ "close at once", 0, 8, 4, 0, 3, NEVER, { CLOSE, END } },
	{ "close after one record", 0, 8, 4, 8, 3, NEVER, { 0, CLOSE, END } },
	{ "no close", 0, 8, 4, 8, 3, QUIET, { 0, TOO_BIG, 0, END } },
	{ "one record fits, header", 1, 4, 2, 0, 4, QUIET, { 1, 1, 1, CLOSE, END } },
	{ "one record fits, watermark of it", 0, 4, 1, 3, 4, NEVER, { 1, 1, 1, CLOSE, END } },
	{ "two records fit", 0, 4, 2, 0, 4, QUIET, { 0, 0, 0, CLOSE, END } },
	{ "two records fit, only notes wake", 0, 4, 2, 0, 4, NEVER, { 0, 0, 0, CLOSE, END } },
	{ "two records fit, watermark 1", 0, 4, 2, 1, 4, NEVER, { 0, 0, 0, CLOSE, END } },
	{ "two records fit, watermark of all, any sleep", 0, 4, 2, 4, 3, ANYTIME, { 0, 0, 0, CLOSE, END } },
	{ "loss, then records", 0, 8, 4, 0, 3, QUIET, { TOO_BIG, 0, 0, CLOSE, END } },
	{ "record, loss, record", 0, 8, 4, 8, 4, NEVER, { 0, TOO_BIG, 0, CLOSE, END } },
	{ "loss, record, loss: generations", 0, 8, 4, 8, 3, QUIET, { TOO_BIG, 0, TOO_BIG, 0, CLOSE, END } },
	{ "losses only", 0, 4, 2, 0, 4, ANYTIME, { TOO_BIG, TOO_BIG, TOO_BIG, CLOSE, END } },
	{ "full, losses counted and told", 0, 4, 2, 4, 4, NEVER, { 2, 0, 0, 0, CLOSE, END } },
	{ "end of the array skipped", 0, 8, 4, 0, 4, QUIET, { 3, 1, 2, CLOSE, END } },
	{ "end of the array skipped, with a loss", 0, 8, 4, 8, 3, QUIET, { 3, 3, 1, 0, CLOSE, END } },
	{ "one tag", 0, 8, 1, 0, 4, QUIET, { 0, 0, 0, CLOSE, END } },
	{ "two tags, watermark of all", 0, 16, 2, 16, 4, NEVER, { 0, 0, 0, CLOSE, END } },
	{ "loss, then no room for both", 0, 8, 4, 8, 4, NEVER, { 0, TOO_BIG, 3, CLOSE, END } },
};

static const struct scenario *scenario;

static struct state {
	struct profbuf b;
	u64 memory[DATA_WORDS + 4 + LOSS_WORDS(1) + 1];
	struct profbuf_slice out;	/* what the reader holds */
	/* Bits by number. */
	u32 wrote, lost;		/* said by profbuf_write() */
	u32 records, losses;		/* read */
	u32 next;			/* the number to be read next */
	int sleeps;			/* less wakeups, of which one may come before the read returns */
	u32 loss_end;			/* in words: where the last loss record in the ring ends */
	bool loss_record;		/* there is one */
	bool busy;			/* the writer is in a call */
	bool asleep, note, kept, closed, eof;
} __attribute__((__aligned__(64))) s;

static u64 word_of(u32 n, u32 i)
{
	return n * 16 + i;
}

static void must(bool ok, const char *what)
{
	if (!ok)
		explore_fail(what);
}

static u32 unread(u64 from, u64 to)
{
	return (u32)to - (u32)from;
}

/* Is there what a sleeping reader is to know? */
static bool is_due(void)
{
	u64 w = explore_last(&s.b.w), r = explore_last(&s.b.r);

	/* Of the overflow word: the bits of the count. */
	return unread(r, w) >= s.b.watermark || explore_last(&s.b.overflow) << 26 || explore_last(&s.b.eof) ||
	       (s.loss_record && unread(r, s.loss_end) && unread(r, s.loss_end) <= s.b.data_size);
}

static void after_step(void)
{
	must(s.busy || !s.asleep || s.note || !is_due(), "a wakeup is missing");
}

/* The writer */

static void returned(unsigned int result)
{
	if (result & PROFBUF_WAKE) {
		must(--s.sleeps >= -1, "more wakeups than sleeps");
		must(scenario->flush != NEVER || !s.note, "two wakeups for one sleep");
		s.note = true;
	}
	s.busy = false;
}

static void write_one(u32 n, u32 nstk)
{
	u64 stk[DATA_WORDS], hdr = word_of(n, 15);
	u32 before = (u32)explore_last(&s.b.w);
	unsigned int result;
	u32 i;

	for (i = 0; i < nstk && i < DATA_WORDS; i++)
		stk[i] = word_of(n, i);
	s.busy = true;
	result = profbuf_write(&s.b, n, n, &hdr, scenario->hdrsize, stk, nstk);
	must(!(result & PROFBUF_WROTE) != !(result & PROFBUF_LOST) && !(result & PROFBUF_MISUSE),
	     "neither written nor lost, or both");
	if (result & PROFBUF_WROTE)
		s.wrote |= 1U << n;
	else
		s.lost |= 1U << n;
	/* If there are two records, the first is of a loss. */
	i = (u32)explore_last(&s.b.w) - before - (2 + scenario->hdrsize + nstk);
	if ((result & PROFBUF_WROTE) && i >= LOSS_WORDS(scenario->hdrsize)) {
		s.loss_record = true;
		s.loss_end = before + LOSS_WORDS(scenario->hdrsize);
	}
	returned(result);
}

static void close_ring(void)
{
	s.busy = true;
	s.closed = true;
	returned(profbuf_close(&s.b));
}

static bool always(void)
{
	return true;
}

static void writer(void)
{
	const int *op;
	u32 n = 1;

	for (op = scenario->script; *op != END; op++) {
		explore_wait(always);	/* between two calls any time may pass: after_step() looks */
		if (*op == CLOSE)
			close_ring();
		else
			write_one(n++, *op);
	}
}

/* The reader */

/* Returns the words of the record at @at. */
static u32 check_record(const u64 *record, u64 tag, u32 room)
{
	u32 hdrsize = scenario->hdrsize;
	u64 words = explore_read(record);
	u64 n = explore_read(record + 1);
	u64 count;
	u32 i;

	must(words >= 2 + hdrsize && words <= room, "a record of a wrong length");
	must(n == s.next, "out of order, or missing, or a loss of a wrong time");
	if (tag == PROFBUF_OVERFLOW_TAG) {
		count = explore_read(record + 2 + hdrsize);
		must(words == LOSS_WORDS(hdrsize) && count && n + count <= NUMBERS, "a wrong loss");
		must(!hdrsize || !explore_read(record + 2), "a wrong header");
		s.losses |= ((1U << count) - 1) << n;
		s.next += count;
		return words;
	}
	must(tag == n, "a wrong tag");
	must(!hdrsize || explore_read(record + 2) == word_of(n, 15), "a wrong header");
	for (i = 2 + hdrsize; i < words; i++)
		must(explore_read(record + i) == word_of(n, i - 2 - hdrsize), "a wrong stack");
	s.records |= 1U << n;
	s.next++;
	return words;
}

/* Reads the first @max records of the slice, sets out to them. */
static void check_slice(u32 max)
{
	u32 at = 0, tag = 0;

	for (; tag < s.out.ntags && tag < max; tag++)
		at += check_record(s.out.data + at, explore_read(s.out.tags + tag), s.out.ndata - at);
	must(max < s.out.ntags || (at == s.out.ndata && tag == s.out.ntags), "words and tags do not agree");
	s.out.ndata = at;
	s.out.ntags = tag;
}

static void take_slice(void)
{
	must(s.out.ndata && s.out.ntags, "an empty slice");
	switch (explore_choose(s.kept ? 3 : 4)) {
	case 0:				/* the next read gives it back */
		check_slice(NUMBERS);
		break;
	case 1:				/* all at once */
		check_slice(NUMBERS);
		profbuf_consume(&s.b, s.out.ndata, s.out.ntags);
		break;
	case 2:				/* the first only */
		check_slice(1);
		profbuf_consume(&s.b, s.out.ndata, 1);
		break;
	case 3:				/* nothing, the first time */
		profbuf_consume(&s.b, 0, 0);
		s.out = (struct profbuf_slice){ 0 };
		s.kept = true;
		return;
	}
	s.out = (struct profbuf_slice){ 0 };
	s.kept = false;
}

static void read_one(enum profbuf_read_mode mode)
{
	enum profbuf_read_status status = profbuf_read(&s.b, mode, &s.out);

	must(!s.kept || status == PROFBUF_DATA, "what was kept is gone");
	must(status == PROFBUF_SLEEP || !s.note || scenario->flush != NEVER, "a wakeup for a reader who did not sleep");
	switch (status) {
	case PROFBUF_DATA:
		take_slice();
		break;
	case PROFBUF_SLEEP:
		must(mode == PROFBUF_BLOCKING, "slept without being asked to");
		s.sleeps++;
		s.asleep = true;
		break;
	case PROFBUF_EMPTY:
		must(mode == PROFBUF_NONBLOCKING, "did not block");
		break;
	case PROFBUF_EOF:
		s.eof = true;
		break;
	default:
		must(false, "the ring is corrupt");
	}
}

static bool may_wake(void)
{
	if (s.note || explore_ended(WRITER))
		return true;
	return scenario->flush == ANYTIME || (scenario->flush == QUIET && !is_due());
}

static void sleep_until_woken(void)
{
	explore_wait(may_wake);
	s.asleep = false;
	/* Coming back by itself, it leaves the note of its wakeup behind. */
	if (s.note && (scenario->flush != ANYTIME || explore_choose(2)))
		s.note = false;
}

static void reader(void)
{
	u32 i;

	for (i = 0; i < scenario->calls && !s.eof; i++) {
		read_one(explore_choose(2) ? PROFBUF_NONBLOCKING : PROFBUF_BLOCKING);
		if (s.asleep)
			sleep_until_woken();
	}

	explore_join();
	must(scenario->flush != NEVER || !s.note, "a wakeup for a reader who did not sleep");
	if (!s.closed)
		close_ring();
	for (i = 0; i < 4 * NUMBERS && !s.eof; i++) {
		read_one(PROFBUF_NONBLOCKING);
		s.note = false;
	}
	must(s.eof, "no end");
	must(s.sleeps >= 0, "more wakeups than sleeps");
	must(s.records == s.wrote && s.losses == s.lost && !(s.wrote & s.lost), "not what profbuf_write() said");
	must(s.next && 1U << s.next == (s.wrote | s.lost | 1) + 1, "something is missing at the end");
}

static bool run(void)
{
	const struct explore_test test = { &s, sizeof(s), { writer, reader }, after_step };
	struct explore_result result;

	memset(&s, 0, sizeof(s));
	s.next = 1;
	if (profbuf_memory(scenario->hdrsize, scenario->words, scenario->tags) > sizeof(s.memory) ||
	    !profbuf_init(&s.b, scenario->hdrsize, scenario->words, scenario->tags, s.memory))
		return false;
	if (scenario->watermark)
		profbuf_set_watermark(&s.b, scenario->watermark);
	explore_reset();
	explore_location(&s.b.w, "w", WRITER);
	explore_location(&s.b.overflow, "overflow", EXPLORE_BOTH);
	explore_location(&s.b.overflow_time, "overflow_time", WRITER);
	explore_location(&s.b.eof, "eof", EXPLORE_BOTH);	/* at the end the reader closes what is open */
	explore_location(&s.b.r, "r", EXPLORE_BOTH);
	result = explore(&test);
	if (result.failure)
		printf("%s: %s (%llu states)\n", scenario->name, result.failure, (unsigned long long)result.states);
	else
		printf("%s: %llu states, %.2g executions\n", scenario->name, (unsigned long long)result.states,
		       result.executions);
	fflush(stdout);
	return !result.failure;
}

int main(int argc, char **argv)
{
	u32 i;

	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		scenario = &scenarios[i];
		if ((argc < 2 || !strcmp(argv[1], scenario->name)) && !run())
			return 1;
	}
	return 0;
}
