// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeline.c - a writer and a reader on one ring, and what must hold between them
 */
#include <string.h>

#include "timeline.h"

#define TAG_OF(n)	((n) * 3 + 1)		/* never PROFBUF_OVERFLOW_TAG */
#define WORD_OF(n, i)	((n) * 1000 + (i))

static void must(struct timeline *t, bool ok, const char *failure)
{
	if (!ok && !t->failure)
		t->failure = failure;
}

void timeline_start(struct timeline *t, u32 hdrsize, u32 bufwords, u32 tags, enum profbuf_read_mode mode,
		    enum give_back how)
{
	memset(t, 0, offsetof(struct timeline, copy));
	t->b = ring_new(hdrsize, bufwords, tags);
	t->mode = mode;
	t->how = how;
}

void timeline_end(struct timeline *t)
{
	ring_free(t->b);
}

static void wakeup(struct timeline *t, unsigned int result)
{
	if (!(result & PROFBUF_WAKE))
		return;
	t->wakes++;
	t->tokens++;
	/* An impatient reader may have left a wakeup unused. */
	must(t, t->tokens == 1 || t->impatient, "two wakeups for one sleep");
}

static void enter(struct timeline *t, u32 writing)
{
	t->inside++;
	t->writing += writing;
}

static void leave(struct timeline *t, u32 writing)
{
	t->inside--;
	t->writing -= writing;
	if (t->inside || !t->asleep || t->tokens || t->impatient)
		return;
	must(t, (u32)t->b->w - (u32)t->b->r < t->b->watermark, "asleep at the watermark");
	must(t, !ring_overflow_count(t->b), "asleep with a loss to tell");
	must(t, !t->b->eof, "asleep after the close");
}

void timeline_write(struct timeline *t, u32 nstk)
{
	u64 n = ++t->written;
	u64 hdr = WORD_OF(n, 999);
	u64 stk[64];
	unsigned int result;
	u32 i;

	for (i = 0; i < nstk && i < 64; i++)
		stk[i] = WORD_OF(n, i);
	enter(t, 1);
	result = profbuf_write(t->b, TAG_OF(n), n, &hdr, t->b->hdrsize ? 1 : 0, stk, nstk);
	must(t, !(result & PROFBUF_MISUSE), "misuse");
	must(t, !(result & PROFBUF_WROTE) != !(result & PROFBUF_LOST), "neither written nor lost, or both");
	t->lost[n] = result & PROFBUF_LOST;
	wakeup(t, result);
	leave(t, 1);
}

void timeline_close(struct timeline *t)
{
	unsigned int result;

	enter(t, 1);
	result = profbuf_close(t->b);
	must(t, !(result & ~(unsigned int)PROFBUF_WAKE), "close returned more than a wakeup");
	t->closed = true;
	wakeup(t, result);
	leave(t, 1);
}

/* Notes the records of the slice; returns the number of words of the first. */
static u32 take_slice(struct timeline *t, bool note)
{
	const struct profbuf_slice *s = &t->out;
	u32 hdrsize = t->b->hdrsize;
	u32 first = 0;
	u32 at = 0, tag = 0;
	u32 i;

	while (at < s->ndata && tag < s->ntags) {
		const u64 *record = s->data + at;
		u64 n = record[1];

		if (record[0] < 2 + hdrsize || record[0] > s->ndata - at) {
			must(t, false, "a record of a wrong length");
			return first;
		}
		if (!first)
			first = record[0];
		if (note && t->nseen < TIMELINE_MAX) {
			t->seen[t->nseen].time = n;
			t->seen[t->nseen].lost = s->tags[tag] == PROFBUF_OVERFLOW_TAG ? record[2 + hdrsize] : 0;
			t->nseen++;
		}
		for (i = 0; i < hdrsize; i++)
			must(t, record[2 + i] == (i || s->tags[tag] == PROFBUF_OVERFLOW_TAG ? 0 : WORD_OF(n, 999)),
			     "a wrong header");
		if (s->tags[tag] == PROFBUF_OVERFLOW_TAG) {
			must(t, record[0] == hdrsize + 3 && record[2 + hdrsize], "a wrong loss record");
		} else {
			must(t, s->tags[tag] == TAG_OF(n), "a wrong tag");
			for (i = 2 + hdrsize; i < record[0]; i++)
				must(t, record[i] == WORD_OF(n, i - 2 - hdrsize), "a wrong stack");
		}
		at += record[0];
		tag++;
	}
	must(t, at == s->ndata && tag == s->ntags, "words and tags do not agree");
	return first;
}

/* The slice belongs to the reader until it asks for the next one: nobody may have changed it. */
static void check_untouched(struct timeline *t)
{
	if (t->out.ndata)
		must(t, !memcmp(t->copy, t->out.data, t->out.ndata * sizeof(u64)), "the writer wrote over the slice");
}

static void slice(struct timeline *t)
{
	bool note = t->how != KEEP_ONCE || !t->kept;
	u32 first;

	if (!t->out.ndata || !t->out.ntags || t->out.ndata > sizeof(t->copy) / sizeof(u64)) {
		must(t, false, "an empty slice");
		return;
	}
	memcpy(t->copy, t->out.data, t->out.ndata * sizeof(u64));
	switch (t->how) {
	case BY_READ:
		take_slice(t, true);
		return;
	case BY_RECORD:
		/* Only the first record is noted, and the slice is cut after it. */
		first = t->out.data[0];
		port_step();
		check_untouched(t);
		t->out.ndata = first;
		t->out.ntags = 1;
		take_slice(t, true);
		profbuf_consume(t->b, first, 1);
		break;
	case BY_CONSUME:
		take_slice(t, true);
		port_step();
		check_untouched(t);
		profbuf_consume(t->b, t->out.ndata, t->out.ntags);
		break;
	case KEEP_ONCE:
		/* A slice that was kept may be longer the next time, so only its first record counts. */
		first = t->out.data[0];
		port_step();
		check_untouched(t);
		if (note) {
			t->out.ndata = first;
			t->out.ntags = 1;
			take_slice(t, true);
			profbuf_consume(t->b, 0, 0);
		} else {
			must(t, t->nseen && t->seen[t->nseen - 1].time == t->out.data[1],
			     "something else came out in place of what was kept");
			profbuf_consume(t->b, first, 1);
		}
		t->kept = note;
		break;
	}
	t->out.ndata = 0;
}

bool timeline_read(struct timeline *t)
{
	enum profbuf_read_status status;
	bool readable = false;

	if (t->asleep && !t->tokens && !t->impatient)
		return false;
	if (t->asleep && t->tokens)
		t->tokens--;
	t->asleep = false;

	enter(t, 0);
	port_step();
	check_untouched(t);
	/* If the reader holds a slice, or a write is under way, the answer would not be certain. */
	if (t->mode == PROFBUF_NONBLOCKING && !t->out.ndata && !t->writing)
		readable = profbuf_readable(t->b);
	status = profbuf_read(t->b, t->mode, &t->out);
	must(t, status != PROFBUF_EMPTY || !readable || t->writing, "empty, but there was something all the time");
	if (status != PROFBUF_SLEEP)
		must(t, !t->tokens || t->impatient, "a wakeup for a reader who did not sleep");
	if (t->kept)
		must(t, status == PROFBUF_DATA, "what was kept is gone");
	switch (status) {
	case PROFBUF_DATA:
		slice(t);
		break;
	case PROFBUF_SLEEP:
		must(t, t->mode == PROFBUF_BLOCKING, "slept without being asked to");
		t->sleeps++;
		t->asleep = true;
		break;
	case PROFBUF_EMPTY:
		must(t, t->mode == PROFBUF_NONBLOCKING, "did not block");
		break;
	case PROFBUF_EOF:
		must(t, t->b->eof, "an end that nobody wrote");
		t->eof = true;
		break;
	default:
		must(t, false, "the ring is corrupt");
	}
	leave(t, 0);
	return true;
}

static void check_order(struct timeline *t)
{
	u64 next = 1;
	u32 i;
	u64 k;

	for (i = 0; i < t->nseen; i++) {
		must(t, t->seen[i].time == next, "out of order, or missing, or a loss of a wrong time");
		if (!t->seen[i].lost) {
			must(t, next <= t->written && !t->lost[next], "a record out that was lost");
			next++;
			continue;
		}
		for (k = 0; k < t->seen[i].lost && next <= t->written; k++, next++)
			must(t, t->lost[next], "a record that was written counted as lost");
		must(t, k == t->seen[i].lost, "more lost than written");
	}
	must(t, next == t->written + 1, "something is missing at the end");
}

const char *timeline_check(struct timeline *t)
{
	u32 reads;

	if (!t->closed)
		timeline_close(t);
	for (reads = 0; !t->eof && !t->failure && reads < 2 * TIMELINE_MAX; reads++)
		must(t, timeline_read(t), "the reader sleeps for ever");
	must(t, t->eof, "no end");
	check_order(t);
	if (t->impatient)
		must(t, t->wakes <= t->sleeps, "more wakeups than sleeps");
	else
		must(t, t->wakes == t->sleeps && !t->tokens, "not one wakeup for each sleep");
	return t->failure;
}
