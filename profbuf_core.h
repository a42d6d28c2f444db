/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profbuf_core.h - the ring: one writer that may be an interrupt, one reader that may sleep
 *
 * The ring of Go's runtime/profbuf.go in C. A record is a time, a header of fixed size, a stack of any size and one
 * tag. What does not fit is counted, and the count comes out as a record of its own, with the time of the first loss,
 * between the records before and after it. For any sequence of profbuf_init(), profbuf_write(), profbuf_read() with
 * PROFBUF_NONBLOCKING and profbuf_close(), records and tags come out as Go's profBuf returns them.
 *
 * The ring allocates, locks, prints and calls nothing: memory, sleeping and waking are the caller's. profbuf_write()
 * and profbuf_close() say that a wakeup is due, they do not wake.
 *
 * In the ring, all in 64-bit words:
 *
 *	data: length (of all of this)  time  header[hdrsize]  stack[...]
 *	tags: tag, one for each record
 *
 * The loss record: time of the first loss, header all zeros, one word of stack = how many, tag PROFBUF_OVERFLOW_TAG.
 */
#ifndef PROFBUF_CORE_H
#define PROFBUF_CORE_H

#include "profbuf_port.h"

#define PROFBUF_OVERFLOW_TAG	0

/* What profbuf_write() and profbuf_close() return: bits. */
#define PROFBUF_WROTE	1	/* the record is in the ring */
#define PROFBUF_LOST	2	/* there was no room; it is counted */
#define PROFBUF_WAKE	4	/* the reader sleeps and is to be woken; said once for each time it went to sleep */
#define PROFBUF_MISUSE	8	/* against the rules, nothing was done */

enum profbuf_read_mode {
	PROFBUF_BLOCKING,
	PROFBUF_NONBLOCKING,
};

enum profbuf_read_status {
	PROFBUF_DATA,	/* the slice has records */
	PROFBUF_EMPTY,	/* nothing now (PROFBUF_NONBLOCKING only) */
	PROFBUF_SLEEP,	/* nothing now; wait for the wakeup, then read again (PROFBUF_BLOCKING only) */
	PROFBUF_EOF,	/* closed, and everything was read */
	PROFBUF_CORRUPT,/* somebody wrote over the ring's memory */
};

/**
 * struct profbuf_slice - whole records, in place in the ring
 * @data: the records, one after another; the reader may write to them
 * @tags: their tags
 * @ndata: words in @data
 * @ntags: records in @data, words in @tags
 *
 * Belongs to the reader until its next profbuf_read() or profbuf_consume().
 */
struct profbuf_slice {
	u64 *data;
	u64 *tags;
	u32 ndata;
	u32 ntags;
};

/**
 * struct profbuf - the ring
 *
 * Opaque to callers; grouped by who writes it, each group on cache lines of its own. profbuf_core.c explains.
 */
struct profbuf {
	/* Written by the writer. */
	port_atomic w;			/* index: data and tags committed */
	port_atomic overflow;		/* generation and count; the reader takes the count, too */
	port_atomic overflow_time;	/* of the first one counted */
	port_atomic eof;
	u64 r_seen;			/* the writer's last look at r */
	u32 tag_limit;			/* the tag count of w at which tags run out, by r_seen */
	u32 wake_limit;			/* the data count of w at which the watermark is reached, by r_seen */

	/* Written by the reader; the writer may clear the flag in r. */
	port_atomic r PORT_ALIGNED;	/* index: data and tags given back; PROFBUF_READER_SLEEPING */
	u64 r_next;			/* r after the slice that is out has been given back */
	u32 skip;			/* words at the end of the array that go back with that slice */
	bool loss_out;			/* the slice that is out is overflow_buf */
	bool loss_kept;			/* it was not consumed: it comes out again */

	/* Written by profbuf_init() and profbuf_set_watermark() only. */
	u64 *data PORT_ALIGNED;
	u64 *tags;
	u64 *overflow_buf;		/* the loss record, when the reader makes it */
	u32 data_size;			/* words, a power of two */
	u32 tags_size;			/* a power of two */
	u32 hdrsize;			/* words */
	u32 watermark;			/* words */
};

/**
 * profbuf_memory() - memory a ring needs
 * @hdrsize: words of a header
 * @bufwords: words of data; at least one record with one word of stack, rounded up to a power of two
 * @tags: records, rounded up to a power of two
 *
 * Return: bytes for profbuf_init(), 0 if a size is out of range (above 2^26 words or tags, or a header of 2^16 words).
 */
size_t profbuf_memory(u32 hdrsize, u32 bufwords, u32 tags);

/**
 * profbuf_init() - make a ring
 * @b: the ring
 * @hdrsize: as for profbuf_memory()
 * @bufwords: as for profbuf_memory()
 * @tags: as for profbuf_memory()
 * @memory: profbuf_memory() bytes, aligned for u64, the ring's until nobody calls it any more; need not be zeroed
 *
 * Context: nobody else knows the ring yet.
 * Return: false if the sizes are out of range.
 */
bool profbuf_init(struct profbuf *b, u32 hdrsize, u32 bufwords, u32 tags, u64 *memory);

/**
 * profbuf_set_watermark() - say when a sleeping reader is worth waking
 * @b: the ring
 * @words: unread words, 1 to the size of the ring, which is taken for more; profbuf_init() sets half of the ring
 *
 * Context: nobody else knows the ring yet.
 */
void profbuf_set_watermark(struct profbuf *b, u32 words);

/**
 * profbuf_write() - write one record
 * @b: the ring
 * @tag: its tag
 * @now: its time
 * @hdr: its header
 * @nhdr: words in @hdr; at most hdrsize, the rest is zeros
 * @stk: its stack
 * @nstk: words in @stk
 *
 * A header of zeros only is how a loss record is told: give samples another one.
 *
 * Context: any, NMI too, but never inside or beside another call of profbuf_write() or profbuf_close() on this ring:
 * the caller keeps to the single writer. Bounded: no wait for anybody.
 * Return: PROFBUF_WROTE or PROFBUF_LOST, and PROFBUF_WAKE; or PROFBUF_MISUSE: @nhdr is more than hdrsize.
 */
unsigned int profbuf_write(struct profbuf *b, u64 tag, u64 now, const u64 *hdr, u32 nhdr, const u64 *stk, u32 nstk);

/**
 * profbuf_close() - the last record has been written
 * @b: the ring
 *
 * Context: as profbuf_write(). Once.
 * Return: PROFBUF_WAKE or 0; PROFBUF_MISUSE: it was closed before.
 */
unsigned int profbuf_close(struct profbuf *b);

/**
 * profbuf_read() - give back the last slice, get the next one
 * @b: the ring
 * @mode: whether to go to sleep when there is nothing
 * @s: the slice, set where the return is PROFBUF_DATA, empty otherwise
 *
 * A slice is the records up to the last one written or to the end of the array, or one loss record. With
 * PROFBUF_BLOCKING and nothing to read the reader is marked as sleeping and PROFBUF_SLEEP returned; the writer says
 * PROFBUF_WAKE when the watermark is reached, when something was lost, and at the close. Below the watermark it says
 * nothing: whoever waits bounds the wait by a flush period. Calling profbuf_read() again before the wakeup is fine.
 *
 * Context: any; one reader at a time.
 * Return: see enum profbuf_read_status.
 */
enum profbuf_read_status profbuf_read(struct profbuf *b, enum profbuf_read_mode mode, struct profbuf_slice *s);

/**
 * profbuf_consume() - give back the first records of the last slice now; the others come out again
 * @b: the ring
 * @ndata: words of these records: a sum of their lengths
 * @ntags: how many records; 0 to keep the whole slice
 *
 * Context: the reader, once after a profbuf_read() that returned PROFBUF_DATA. The slice is not to be used any more.
 */
void profbuf_consume(struct profbuf *b, u32 ndata, u32 ntags);

/**
 * profbuf_readable() - would profbuf_read() return other than PROFBUF_EMPTY
 * @b: the ring
 *
 * Context: any; beside a reader, or while a slice is out, only a hint: it may say true too often.
 */
bool profbuf_readable(const struct profbuf *b);

#endif /* PROFBUF_CORE_H */
