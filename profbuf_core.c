// SPDX-License-Identifier: GPL-2.0-only
/*
 * profbuf_core.c - the ring
 *
 * The protocol
 * ------------
 * There is one writer and one reader. The two positions r and w are indices: a count of words and a count of tags that
 * only grow, packed in one u64, and compared by difference. They start one lap before the counts wrap, so that the wrap
 * comes on the first lap of every ring. Words [r, w) belong to the reader, all others to the writer. A record is
 * contiguous: if it does not fit before the end of the array, the writer puts a word 0 there, and the record at the
 * start of the array. No record has length 0, so that the word sends the reader to the start.
 *
 * Each position is stored by its owner only, so the writer commits with one plain release store (A). In Go the reader
 * keeps its sleeping flag in w, and the writer needs a compare-and-swap for every record. Here the flag is in r, and
 * the writer needs a compare-and-swap only if a wakeup may be due. Apart from the reader, only the writer changes the
 * flag: it clears it. The side that clears the flag owns the wakeup, so there is one wakeup for each sleep.
 *
 * A wakeup may be due when the unread words reach the watermark, when a loss is counted, when a loss record is written,
 * and at the close. Only then does the writer publish with a full barrier (B) before it looks at the flag. The reader
 * sets the flag with a full barrier, and then looks at w, overflow and eof once more. So at least one of the two sees
 * what the other has stored (store buffering). Go's profWriteExtra, which makes the reader look again after a loss or
 * the close, is this second look. Below the watermark, the writer may commit a record while the reader falls asleep,
 * and not wake it. The flush period of the caller that waits bounds this delay, as it bounds the wait for a half full
 * ring.
 *
 * Losses: the writer counts into overflow while there is no room for both a loss record and the next record, so that no
 * record overtakes the loss before it. Both sides may take the count: the writer, to put a loss record in front of its
 * next record, and the reader, when the ring is empty. A take adds to the generation, so that a count that was taken
 * and has grown again is not taken with the old time. The reader takes only losses that came after the w it saw: it
 * loads w again after overflow (C), else the loss would overtake records that were written in between.
 *
 * Generations do not come round between the reader's load of overflow and its compare-and-swap. In this time the reader
 * gives no space back, but the space that it gave back last may become visible to the writer only now, so the writer
 * can fill the ring twice. Each take by the writer costs it a loss record and a record, which are at least five words.
 * In a ring of 2^26 words these are fewer than 2^25 takes, and there are 2^26 generations.
 *
 * eof is stored after the last commit, and loaded before w (D): a reader that sees eof sees every record.
 *
 *	    one side stores			the other side loads
 *	A   commit: release store of w		profbuf_read: acquire load of w
 *	A'  give_back: release store of r	look_at_reader: acquire load of r
 *	B   commit at the watermark and of a	profbuf_read: swap r to sleeping, then ordered
 *	    loss: swap w; increment_overflow:	loads of w, overflow and eof
 *	    swap, cas; profbuf_close: swap eof;
 *	    then ordered load in wakeup_extra
 *	C   commit of w before the counting	take_overflow: acquire load of overflow, then w
 *	D   commit of w, then swap of eof	profbuf_read: acquire load of eof, then w
 *	E   overflow_time, then overflow	take_overflow: overflow, time, cas of overflow
 */
#include "profbuf_core.h"

/*
 * An index: data count in bits 0..31, flags in 32 and 33, tag count in 34..63, as in Go's profIndex. Sizes are at most
 * 2^26, so that differences fit 30 signed bits, and generations do not come round (see above).
 */
#define PROFBUF_READER_SLEEPING	(1ULL << 32)
#define TAG_SHIFT		34
#define TAG_COUNT_MAX		((1U << (64 - TAG_SHIFT)) - 1)
#define SIZE_MAX_LOG		26

/*
 * The overflow word: count in bits 0..37, generation in 38..63. Without a reader, 2^38 losses take 159 days at 20 kHz;
 * the count stops there.
 */
#define OVERFLOW_COUNT_BITS	38
#define OVERFLOW_GENERATION	(1ULL << OVERFLOW_COUNT_BITS)
#define OVERFLOW_COUNT_MAX	(OVERFLOW_GENERATION - 1)

/* Words of a record beside header and stack: length and time. */
#define RECORD_WORDS		2

static u32 data_count(u64 index)
{
	return (u32)index;
}

static u32 tag_count(u64 index)
{
	return (u32)(index >> TAG_SHIFT);
}

/* x - y for two counts, each of which may have wrapped. */
static s32 count_sub(u32 x, u32 y)
{
	return (s32)((x - y) << 2) >> 2;
}

static u64 add_counts_and_clear_flags(u64 index, u32 data, u32 tag)
{
	return (((index >> TAG_SHIFT) + tag) << TAG_SHIFT) | (u32)(data_count(index) + data);
}

static u64 overflow_count(u64 overflow)
{
	return overflow & OVERFLOW_COUNT_MAX;
}

/* The overflow word after a take: count 0, the next generation. */
static u64 overflow_taken(u64 overflow)
{
	return (overflow & ~OVERFLOW_COUNT_MAX) + OVERFLOW_GENERATION;
}

static bool has_overflow(const struct profbuf *b)
{
	return overflow_count(port_load(&b->overflow)) > 0;
}

/*
 * Takes the count of losses, if there are any and w is still @w, which is always true for the writer. Loading w after
 * overflow is pair C. Returns the count, or 0.
 */
static u64 take_overflow(struct profbuf *b, u64 w, u64 *time)
{
	u64 overflow;

	do {
		overflow = port_load_acquire(&b->overflow);
		if (!overflow_count(overflow))
			return 0;
		*time = port_load(&b->overflow_time);
		if (port_load_acquire(&b->w) != w)
			return 0;
	} while (!port_cas(&b->overflow, overflow, overflow_taken(overflow)));
	return overflow_count(overflow);
}

static void increment_overflow(struct profbuf *b, u64 now)
{
	u64 overflow;

	do {
		overflow = port_load(&b->overflow);
		if (!overflow_count(overflow)) {
			/* Only the writer changes a count of 0. The time comes first: pair E. */
			port_store(&b->overflow_time, now);
			port_swap(&b->overflow, overflow + 1);
			return;
		}
		if (overflow_count(overflow) == OVERFLOW_COUNT_MAX)
			return;
	} while (!port_cas(&b->overflow, overflow, overflow + 1));
}

/* Is a wakeup due? The caller has published, with a full barrier, something that a sleeping reader must know. */
static unsigned int wakeup_extra(struct profbuf *b)
{
	u64 r = port_load_ordered(&b->r);

	/* If the cas fails, the reader is awake, and sees what was published before it sleeps again. */
	if ((r & PROFBUF_READER_SLEEPING) && port_cas(&b->r, r, r & ~PROFBUF_READER_SLEEPING))
		return PROFBUF_WAKE;
	return 0;
}

/* The limits that profbuf_write() compares w with. */
static void set_limits(struct profbuf *b)
{
	b->tag_limit = (tag_count(b->r_seen) + b->tags_size) & TAG_COUNT_MAX;
	b->wake_limit = data_count(b->r_seen) + b->watermark;
}

static void look_at_reader(struct profbuf *b)
{
	u64 r = port_load_acquire(&b->r);	/* pair A' */

	if (r == b->r_seen)
		return;
	b->r_seen = r;
	set_limits(b);
}

static u64 record_words(const struct profbuf *b, u32 nstk)
{
	return (u64)RECORD_WORDS + b->hdrsize + nstk;
}

/*
 * Takes room for a record out of the *room free words that begin at position *at of the array. If the record does not
 * fit before the end of the array, the words there stay unused. Returns false if there is not enough room.
 */
static bool place_record(const struct profbuf *b, u64 words, u32 *at, s64 *room)
{
	if (*at + words > b->data_size) {
		*room -= b->data_size - *at;
		*at = 0;
	}
	*at += words;
	*room -= words;
	return *room >= 0;
}

static s64 free_words(const struct profbuf *b, u64 w)
{
	return (s64)count_sub(data_count(b->r_seen), data_count(w)) + b->data_size;
}

static s64 free_tags(const struct profbuf *b, u64 w)
{
	return (s64)count_sub(tag_count(b->r_seen), tag_count(w)) + b->tags_size;
}

static u32 data_at(const struct profbuf *b, u64 index)
{
	return data_count(index) & (b->data_size - 1);
}

static u32 tag_at(const struct profbuf *b, u64 index)
{
	return tag_count(index) & (b->tags_size - 1);
}

static bool can_write_record_seen(const struct profbuf *b, u64 w, u32 nstk)
{
	u32 at = data_at(b, w);
	s64 room = free_words(b, w);

	return free_tags(b, w) >= 1 && place_record(b, record_words(b, nstk), &at, &room);
}

static bool can_write_record(struct profbuf *b, u64 w, u32 nstk)
{
	if (can_write_record_seen(b, w, nstk))
		return true;
	look_at_reader(b);
	return can_write_record_seen(b, w, nstk);
}

static bool can_write_two_records(struct profbuf *b, u64 w, u32 nstk1, u32 nstk2)
{
	u32 at = data_at(b, w);
	s64 room;

	look_at_reader(b);
	room = free_words(b, w);
	return free_tags(b, w) >= 2 && place_record(b, record_words(b, nstk1), &at, &room) &&
	       place_record(b, record_words(b, nstk2), &at, &room);
}

/* Publishes w. A wakeup may be due at the watermark, or if @extra: a sleeping reader must know of it at once. */
static unsigned int commit(struct profbuf *b, u64 w, bool extra)
{
	if (!extra && data_count(w) - data_count(b->r_seen) >= b->watermark) {
		look_at_reader(b);
		extra = data_count(w) - data_count(b->r_seen) >= b->watermark;
	}
	if (extra) {
		port_swap(&b->w, w);			/* pairs A and B */
		return wakeup_extra(b);
	}
	port_store_release(&b->w, w);			/* pair A */
	return 0;
}

/* Copies eight words at a time, then 4, 2 and 1 by the bits of the rest, so that no loop counts the last words. */
static inline u64 *copy_words(u64 *to, const u64 *from, u32 n)
{
	u32 left;

	for (left = n >> 3; left; left--, from += 8, to += 8) {
		to[0] = from[0];
		to[1] = from[1];
		to[2] = from[2];
		to[3] = from[3];
		to[4] = from[4];
		to[5] = from[5];
		to[6] = from[6];
		to[7] = from[7];
	}
	if (n & 4) {
		to[0] = from[0];
		to[1] = from[1];
		to[2] = from[2];
		to[3] = from[3];
		from += 4;
		to += 4;
	}
	if (n & 2) {
		to[0] = from[0];
		to[1] = from[1];
		from += 2;
		to += 2;
	}
	if (n & 1)
		*to++ = *from;
	return to;
}

/* Writes a record for which there is room. */
static unsigned int write_record(struct profbuf *b, u64 w, u64 tag, u64 now, const u64 *hdr, u32 nhdr,
				 const u64 *stk, u32 nstk, bool extra)
{
	u32 words = (u32)record_words(b, nstk);
	u32 at = data_at(b, w);
	u32 skip = 0;
	u64 *to;
	u32 pad;

	if (at + words > b->data_size) {
		b->data[at] = 0;
		skip = b->data_size - at;
		at = 0;
	}
	to = &b->data[at];
	*to++ = words;
	*to++ = now;
	to = copy_words(to, hdr, nhdr);
	for (pad = b->hdrsize - nhdr; pad; pad--)
		*to++ = 0;
	copy_words(to, stk, nstk);
	b->tags[tag_at(b, w)] = tag;
	return PROFBUF_WROTE | commit(b, add_counts_and_clear_flags(w, skip + words, 1), extra);
}

static PORT_NOINLINE unsigned int lose(struct profbuf *b, u64 now)
{
	increment_overflow(b, now);
	return PROFBUF_LOST | wakeup_extra(b);
}

/*
 * Writes or loses a record after a loss, or if the record did not fit: it is written only if there is room for a loss
 * record, too. A reader that has read in between leaves more room, or the count at 0.
 */
static unsigned int write_overflow(struct profbuf *b, u64 tag, u64 now, const u64 *hdr, u32 nhdr, const u64 *stk,
				   u32 nstk)
{
	u64 w = port_load(&b->w);
	unsigned int wake = 0;
	u64 count, time;

	if (!can_write_two_records(b, w, 1, nstk))
		return lose(b, now);
	count = take_overflow(b, w, &time);
	if (count) {
		/*
		 * The reader may have looked at w before this commit, and at overflow after the take, and may have
		 * seen nothing. Only a wakeup tells it of the record.
		 */
		wake = write_record(b, w, PROFBUF_OVERFLOW_TAG, time, NULL, 0, &count, 1, true) & PROFBUF_WAKE;
		w = port_load(&b->w);
	}
	return wake | write_record(b, w, tag, now, hdr, nhdr, stk, nstk, false);
}

/* Writes or loses a record where neither of the fast paths applies. */
static PORT_NOINLINE unsigned int write_any(struct profbuf *b, u64 tag, u64 now, const u64 *hdr, u32 nhdr,
					    const u64 *stk, u32 nstk)
{
	u64 w = port_load(&b->w);

	if (!has_overflow(b) && can_write_record(b, w, nstk))
		return write_record(b, w, tag, now, hdr, nhdr, stk, nstk, false);
	return write_overflow(b, tag, now, hdr, nhdr, stk, nstk);
}

/* Is there too little room, even without words left unused at the end of the array? */
static bool is_full(struct profbuf *b, u64 words)
{
	look_at_reader(b);
	if (has_overflow(b))
		words += record_words(b, 1);
	return data_count(port_load(&b->w)) - data_count(b->r_seen) + words > b->data_size;
}

/* The fast path of a loss, which every tick takes while the ring is full. */
static PORT_NOINLINE unsigned int write_or_lose(struct profbuf *b, u64 tag, u64 now, const u64 *hdr, u32 nhdr,
						const u64 *stk, u32 nstk)
{
	if (nhdr > b->hdrsize)
		return PROFBUF_MISUSE;
	if (is_full(b, record_words(b, nstk)))
		return lose(b, now);
	return write_any(b, tag, now, hdr, nhdr, stk, nstk);
}

/*
 * The fast path, which nearly every record takes: nothing was lost, the record fits before the end of the array by the
 * last look at r, and it stays below the watermark, so that no wakeup can be due. This is a leaf function: the other
 * paths are jumps with its arguments.
 */
unsigned int profbuf_write(struct profbuf *b, u64 tag, u64 now, const u64 *hdr, u32 nhdr, const u64 *stk, u32 nstk)
{
	u64 w = port_load(&b->w);
	u64 words = record_words(b, nstk);
	u64 at = data_at(b, w);
	u64 *to = &b->data[at];

	/* The end of the array is checked first: after this check, words is known to be small. */
	if (PORT_UNLIKELY(at + words > b->data_size || tag_count(w) == b->tag_limit || nhdr != b->hdrsize ||
			  (s32)(b->wake_limit - data_count(w) - (u32)words) <= 0 || has_overflow(b)))
		return write_or_lose(b, tag, now, hdr, nhdr, stk, nstk);
	b->tags[tag_at(b, w)] = tag;
	to[0] = words;
	to[1] = now;
	copy_words(copy_words(to + 2, hdr, nhdr), stk, nstk);
	port_store_release(&b->w, add_counts_and_clear_flags(w, (u32)words, 1));	/* pair A */
	return PROFBUF_WROTE;
}

unsigned int profbuf_close(struct profbuf *b)
{
	if (port_load(&b->eof))
		return PROFBUF_MISUSE;
	port_swap(&b->eof, 1);				/* pairs B and D */
	return wakeup_extra(b);
}

/* Gives the reader's slice back to the writer. */
static void give_back(struct profbuf *b)
{
	u64 r = port_load(&b->r);

	/* A reader that comes back before its wakeup is awake. If the cas fails, the writer has cleared the flag. */
	if (r & PROFBUF_READER_SLEEPING)
		port_cas(&b->r, r, r & ~PROFBUF_READER_SLEEPING);
	else if (r != b->r_next)
		port_store_release(&b->r, b->r_next);	/* pair A' */
	b->loss_out = false;
}

static enum profbuf_read_status return_loss(struct profbuf *b, struct profbuf_slice *s)
{
	b->loss_out = true;
	b->loss_kept = false;
	s->data = b->overflow_buf;
	s->ndata = (u32)record_words(b, 1);
	s->tags = &b->overflow_buf[s->ndata];
	s->ntags = 1;
	return PROFBUF_DATA;
}

/* Makes a loss record in the reader's own memory, outside of the ring. */
static void make_loss(struct profbuf *b, u64 count, u64 time)
{
	u64 *to = b->overflow_buf;
	u32 n;

	*to++ = record_words(b, 1);
	*to++ = time;
	for (n = b->hdrsize; n; n--)
		*to++ = 0;
	*to++ = count;
	*to = PROFBUF_OVERFLOW_TAG;
}

/* Sets @s to the whole records from r_next up to w, the end of the data array, or the end of the array of tags. */
static enum profbuf_read_status return_records(struct profbuf *b, u64 w, struct profbuf_slice *s)
{
	u32 ndata = count_sub(data_count(w), data_count(b->r_next));
	u32 ntags = count_sub(tag_count(w), tag_count(b->r_next));
	u32 at = data_at(b, b->r_next);
	u32 tag = tag_at(b, b->r_next);
	u32 skip = 0;
	u32 di = 0, ti = 0;
	u64 words;

	if (b->data[at] == 0) {
		skip = b->data_size - at;
		if (skip >= ndata)
			return PROFBUF_CORRUPT;
		ndata -= skip;
		at = 0;
	}
	if (ndata > b->data_size - at)
		ndata = b->data_size - at;
	if (ntags > b->tags_size - tag)
		ntags = b->tags_size - tag;
	while (di < ndata && ti < ntags && b->data[at + di]) {
		words = b->data[at + di];
		if (words < record_words(b, 0) || words > ndata - di)
			return PROFBUF_CORRUPT;
		di += (u32)words;
		ti++;
	}
	if (!ti)
		return PROFBUF_CORRUPT;

	s->data = &b->data[at];
	s->tags = &b->tags[tag];
	s->ndata = di;
	s->ntags = ti;
	b->skip = skip;
	b->r_next = add_counts_and_clear_flags(b->r_next, skip + di, ti);
	return PROFBUF_DATA;
}

/* Was anything published after @w? The loads are ordered after the full barrier of the caller's swap: pair B. */
static bool published_since(const struct profbuf *b, u64 w)
{
	return port_load_ordered(&b->w) != w || overflow_count(port_load_ordered(&b->overflow)) ||
	       port_load_ordered(&b->eof);
}

enum profbuf_read_status profbuf_read(struct profbuf *b, enum profbuf_read_mode mode, struct profbuf_slice *s)
{
	u64 count, time, eof, w;

	*s = (struct profbuf_slice){ 0 };
	give_back(b);
	if (b->loss_kept)
		return return_loss(b, s);

	for (;;) {
		eof = port_load_acquire(&b->eof);	/* pair D: before w */
		w = port_load_acquire(&b->w);		/* pair A */
		if (data_count(w) != data_count(b->r_next))
			return return_records(b, w, s);

		count = take_overflow(b, w, &time);
		if (count) {
			make_loss(b, count, time);
			return return_loss(b, s);
		}
		if (eof)
			return PROFBUF_EOF;
		if (mode == PROFBUF_NONBLOCKING) {
			if (port_load_acquire(&b->w) == w)
				return PROFBUF_EMPTY;
			continue;
		}

		port_swap(&b->r, b->r_next | PROFBUF_READER_SLEEPING);
		if (!published_since(b, w))
			return PROFBUF_SLEEP;
		/* If the writer cleared the flag, its wakeup is under way: sleep for it, else it is one too many. */
		if (!port_cas(&b->r, b->r_next | PROFBUF_READER_SLEEPING, b->r_next))
			return PROFBUF_SLEEP;
	}
}

void profbuf_consume(struct profbuf *b, u32 ndata, u32 ntags)
{
	u64 r = port_load(&b->r);

	if (b->loss_out) {
		b->loss_kept = !ntags;
		return;
	}
	b->r_next = ntags ? add_counts_and_clear_flags(r, b->skip + ndata, ntags) : r;
	port_store_release(&b->r, b->r_next);		/* pair A' */
}

bool profbuf_readable(const struct profbuf *b)
{
	u64 w = port_load_acquire(&b->w);

	return data_count(w) != data_count(port_load(&b->r)) || has_overflow(b) || port_load(&b->eof) || b->loss_kept;
}

static u32 round_up_to_power_of_two(u32 n)
{
	u32 size = 1;

	while (size < n)
		size <<= 1;
	return size;
}

/* The smallest data array that holds one record with one word of stack. */
static u32 data_words(u32 hdrsize, u32 bufwords)
{
	u32 min = RECORD_WORDS + hdrsize + 1;

	return round_up_to_power_of_two(bufwords < min ? min : bufwords);
}

size_t profbuf_memory(u32 hdrsize, u32 bufwords, u32 tags)
{
	if (hdrsize > 1U << 16 || bufwords > 1U << SIZE_MAX_LOG || tags > 1U << SIZE_MAX_LOG)
		return 0;
	/* Data, tags, and the reader's loss record with its tag. */
	return ((size_t)data_words(hdrsize, bufwords) + round_up_to_power_of_two(tags) +
		RECORD_WORDS + hdrsize + 2) * sizeof(u64);
}

bool profbuf_init(struct profbuf *b, u32 hdrsize, u32 bufwords, u32 tags, u64 *memory)
{
	u64 start;

	if (!profbuf_memory(hdrsize, bufwords, tags))
		return false;
	*b = (struct profbuf){ 0 };
	b->hdrsize = hdrsize;
	b->data_size = data_words(hdrsize, bufwords);
	b->tags_size = round_up_to_power_of_two(tags);
	b->watermark = b->data_size / 2;
	b->data = memory;
	b->tags = b->data + b->data_size;
	b->overflow_buf = b->tags + b->tags_size;

	start = add_counts_and_clear_flags(0, -b->data_size, -b->tags_size);
	b->r_seen = start;
	b->r_next = start;
	set_limits(b);
	port_store(&b->r, start);
	port_store(&b->w, start);
	return true;
}

void profbuf_set_watermark(struct profbuf *b, u32 words)
{
	b->watermark = words < b->data_size ? words : b->data_size;
	set_limits(b);
}
