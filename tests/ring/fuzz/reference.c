// SPDX-License-Identifier: GPL-2.0-only
/*
 * reference.c - the ring's rules as a plain queue; see reference.h
 */
#include <assert.h>
#include <string.h>

#include "reference.h"

static u32 power_of_two(u32 n)
{
	u32 size = 1;

	while (size < n)
		size *= 2;
	return size;
}

void ref_init(struct ref *q, u32 hdrsize, u32 bufwords, u32 tags, u32 watermark)
{
	u32 min = 2 + hdrsize + 1;

	memset(q, 0, sizeof(*q));
	q->hdrsize = hdrsize;
	q->size = power_of_two(bufwords > min ? bufwords : min);
	q->tags = power_of_two(tags);
	q->watermark = watermark;
	assert(q->size <= REF_MAX_SIZE && q->tags <= REF_MAX_TAGS && hdrsize <= REF_MAX_HDR);
}

static u32 used(const struct ref *q)
{
	u32 words = 0;

	for (u32 i = 0; i < q->nheld; i++)
		words += q->held[i].skipped + q->held[i].words;
	return words;
}

/* Where a record of so many words starts that may start at @at: what does not fit there starts at 0. */
static u32 start(const struct ref *q, u32 at, u32 words)
{
	return at + words <= q->size ? at : 0;
}

static u32 skipped(const struct ref *q, u32 at, u32 words)
{
	return start(q, at, words) == at ? 0 : q->size - at;
}

/* Would records with stacks of these sizes fit, one after another? */
static bool fits(const struct ref *q, const u32 *nstk, u32 n)
{
	u32 total = used(q);
	u32 at = q->next_at;

	for (u32 i = 0; i < n; i++) {
		u32 words = 2 + q->hdrsize + nstk[i];

		total += skipped(q, at, words) + words;
		at = (start(q, at, words) + words) % q->size;
	}
	return q->nheld + n <= q->tags && total <= q->size;
}

static void put(struct ref *q, u64 tag, u64 now, const u64 *hdr, u32 nhdr, const u64 *stk, u32 nstk)
{
	struct ref_record *rec = &q->held[q->nheld++];

	memset(rec, 0, sizeof(*rec));
	rec->words = 2 + q->hdrsize + nstk;
	rec->at = start(q, q->next_at, rec->words);
	rec->skipped = skipped(q, q->next_at, rec->words);
	rec->slot = q->next_slot;
	rec->tag = tag;
	rec->data[0] = rec->words;
	rec->data[1] = now;
	for (u32 i = 0; i < nhdr; i++)
		rec->data[2 + i] = hdr[i];
	for (u32 i = 0; i < nstk; i++)
		rec->data[2 + q->hdrsize + i] = stk[i];
	q->next_at = (rec->at + rec->words) % q->size;
	q->next_slot = (rec->slot + 1) % q->tags;
}

/* One wakeup for each sleep. */
static unsigned int wake(struct ref *q, bool due)
{
	if (!q->sleeping || !due)
		return 0;
	q->sleeping = false;
	return PROFBUF_WAKE;
}

unsigned int ref_write(struct ref *q, u64 tag, u64 now, const u64 *hdr, u32 nhdr, const u64 *stk, u32 nstk)
{
	u32 both[2] = { 1, nstk };

	if (nhdr > q->hdrsize)
		return PROFBUF_MISUSE;
	if (q->loss.count ? !fits(q, both, 2) : !fits(q, &nstk, 1)) {
		if (!q->loss.count)
			q->loss.time = now;
		q->loss.count++;
		return PROFBUF_LOST | wake(q, true);
	}
	if (q->loss.count)
		put(q, PROFBUF_OVERFLOW_TAG, q->loss.time, NULL, 0, &q->loss.count, 1);
	q->loss.count = 0;
	put(q, tag, now, hdr, nhdr, stk, nstk);
	return PROFBUF_WROTE | wake(q, used(q) >= q->watermark);
}

unsigned int ref_close(struct ref *q)
{
	if (q->closed)
		return PROFBUF_MISUSE;
	q->closed = true;
	return wake(q, true);
}

static void give_back(struct ref *q, u32 n)
{
	assert(n <= q->nheld);
	memmove(&q->held[0], &q->held[n], (q->nheld - n) * sizeof(q->held[0]));
	q->nheld -= n;
	q->out = 0;
}

static enum profbuf_read_status report_loss(struct ref *q, struct ref_slice *s)
{
	q->loss_out = true;
	q->loss_kept = false;
	s->data[0] = s->ndata = 2 + q->hdrsize + 1;
	s->data[1] = q->reported.time;
	s->data[2 + q->hdrsize] = q->reported.count;
	s->tags[0] = PROFBUF_OVERFLOW_TAG;
	s->ntags = 1;
	return PROFBUF_DATA;
}

/* The oldest records, none behind the end of the data array or of the tags array as the first one sees it. */
static enum profbuf_read_status take_records(struct ref *q, struct ref_slice *s)
{
	for (u32 i = 0; i < q->nheld; i++) {
		const struct ref_record *rec = &q->held[i];

		if (i && (rec->at == 0 || rec->slot == 0))
			break;
		memcpy(&s->data[s->ndata], rec->data, rec->words * sizeof(u64));
		s->ndata += rec->words;
		s->tags[s->ntags++] = rec->tag;
		q->out++;
	}
	return PROFBUF_DATA;
}

enum profbuf_read_status ref_read(struct ref *q, enum profbuf_read_mode mode, struct ref_slice *s)
{
	memset(s, 0, sizeof(*s));
	give_back(q, q->out);
	q->loss_out = false;
	q->sleeping = false;
	if (q->loss_kept)
		return report_loss(q, s);
	if (q->nheld)
		return take_records(q, s);
	if (q->loss.count) {
		q->reported = q->loss;
		q->loss.count = 0;
		return report_loss(q, s);
	}
	if (q->closed)
		return PROFBUF_EOF;
	if (mode == PROFBUF_NONBLOCKING)
		return PROFBUF_EMPTY;
	q->sleeping = true;
	return PROFBUF_SLEEP;
}

void ref_consume(struct ref *q, u32 records)
{
	if (q->loss_out)
		q->loss_kept = records == 0;
	else
		give_back(q, records);
	q->loss_out = false;
}

bool ref_readable(const struct ref *q)
{
	return q->nheld || q->loss.count || q->loss_kept || q->closed;
}
