/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profbuf_core.h - the ring: one writer that may be an interrupt, one reader that may sleep
 *
 * This is the ring of Go's runtime/profbuf.go in C. A record is a time, a header of fixed size, a stack of any size and
 * one tag. Records that do not fit are counted, and the count comes out as a loss record, with the time of the first
 * loss, between the records before and after it. For any sequence of profbuf_init(), profbuf_write(), profbuf_read()
 * with PROFBUF_NONBLOCKING and profbuf_close(), records and tags come out as Go's profBuf returns them.
 *
 * The ring allocates, locks, prints and calls nothing: the caller provides the memory, sleeps and wakes.
 * profbuf_write() and profbuf_close() return that a wakeup is due; they do not wake.
 *
 * In the ring, all in 64-bit words:
 *
 *	data: length (of all of this)  time  header[hdrsize]  stack[...]
 *	tags: tag, one for each record
 *
 * A loss record has the time of the first loss, a header of zeros, one word of stack, which is the number of losses,
 * and the tag PROFBUF_OVERFLOW_TAG.
 */
#ifndef PROFBUF_CORE_H
#define PROFBUF_CORE_H

#include "profbuf_port.h"

#define PROFBUF_OVERFLOW_TAG	0

/* What profbuf_write() and profbuf_close() return: bits. */
#define PROFBUF_WROTE	1	/* the record is in the ring */
#define PROFBUF_LOST	2	/* there was no room for the record; it is counted */
#define PROFBUF_WAKE	4	/* the reader sleeps and is to be woken; returned once for each sleep */
#define PROFBUF_MISUSE	8	/* the call broke the rules, and did nothing */

enum profbuf_read_mode {
	PROFBUF_BLOCKING,
	PROFBUF_NONBLOCKING,
};

enum profbuf_read_status {
	PROFBUF_DATA,	/* the slice has records */
	PROFBUF_EMPTY,	/* nothing now (PROFBUF_NONBLOCKING only) */
	PROFBUF_SLEEP,	/* nothing now; wait for the wakeup, then read again (PROFBUF_BLOCKING only) */
	PROFBUF_EOF,	/* closed, and everything was read */
	PROFBUF_CORRUPT,/* the ring's memory was written over */
};

/**
 * struct profbuf_slice - whole records, in the ring itself
 * @data: the records, one after another; the reader may write to them
 * @tags: their tags
 * @ndata: words in @data
 * @ntags: records in @data, words in @tags
 *
 * The slice belongs to the reader until its next profbuf_read() or profbuf_consume().
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
 * Opaque to callers. The fields are grouped by who writes them, each group on its own cache lines. The comment at the
 * top of profbuf_core.c explains them.
 */
struct profbuf {
	/* Written by the writer. */
	port_atomic w;			/* index: data and tags committed */
	port_atomic overflow;		/* generation and count of losses; the reader takes the count, too */
	port_atomic overflow_time;	/* of the first loss in the count */
	port_atomic eof;
	u64 r_seen;			/* r as the writer last saw it */
	u32 tag_limit;			/* the tag count of w at which there is no room for tags, by r_seen */
	u32 wake_limit;			/* the data count of w at which the watermark is reached, by r_seen */

	/* Written by the reader; the writer may clear the flag in r. */
	port_atomic r PORT_ALIGNED;	/* index: data and tags given back; PROFBUF_READER_SLEEPING */
	u64 r_next;			/* r after the reader has given back its slice */
	u32 skip;			/* unused words at the end of the array, given back with that slice */
	bool loss_out;			/* the reader's slice is overflow_buf */
	bool loss_kept;			/* the loss record was not consumed: it comes out again */

	/* Written by profbuf_init() and profbuf_set_watermark() only. */
	u64 *data PORT_ALIGNED;
	u64 *tags;
	u64 *overflow_buf;		/* for a loss record that the reader makes */
	u32 data_size;			/* words, a power of two */
	u32 tags_size;			/* a power of two */
	u32 hdrsize;			/* words */
	u32 watermark;			/* words */
};

/**
 * profbuf_memory() - how much memory a ring needs
 * @hdrsize: words of a header
 * @bufwords: words of data; raised to fit one record with one word of stack, and rounded up to a power of two
 * @tags: records, rounded up to a power of two
 *
 * Return: bytes for profbuf_init(); 0 if a size is out of range (above 2^26 words or tags, or 2^16 words of header).
 */
size_t profbuf_memory(u32 hdrsize, u32 bufwords, u32 tags);

/**
 * profbuf_init() - make a ring
 * @b: the ring
 * @hdrsize: as for profbuf_memory()
 * @bufwords: as for profbuf_memory()
 * @tags: as for profbuf_memory()
 * @memory: profbuf_memory() bytes, aligned for u64; the ring uses them until its last call; need not be zeroed
 *
 * Context: no one else uses the ring yet.
 * Return: false if the sizes are out of range.
 */
bool profbuf_init(struct profbuf *b, u32 hdrsize, u32 bufwords, u32 tags, u64 *memory);

/**
 * profbuf_set_watermark() - set at how many unread words a sleeping reader is woken
 * @b: the ring
 * @words: unread words, from 1 to the size of the ring; a larger number means that size. profbuf_init() sets half of it
 *
 * Context: no one else uses the ring yet.
 */
void profbuf_set_watermark(struct profbuf *b, u32 words);

/**
 * profbuf_write() - write one record
 * @b: the ring
 * @tag: its tag
 * @now: its time
 * @hdr: its header
 * @nhdr: words in @hdr, at most hdrsize; the rest of the header is zeros
 * @stk: its stack
 * @nstk: words in @stk
 *
 * A reader knows a loss record by its header of zeros, so samples must have another header.
 *
 * Context: any, also NMI. The caller makes sure that there is one writer: no call inside or beside another call of
 * profbuf_write() or profbuf_close() on this ring. The time is bounded: there is no waiting.
 * Return: PROFBUF_WROTE or PROFBUF_LOST, and PROFBUF_WAKE; or PROFBUF_MISUSE: @nhdr is more than hdrsize.
 */
unsigned int profbuf_write(struct profbuf *b, u64 tag, u64 now, const u64 *hdr, u32 nhdr, const u64 *stk, u32 nstk);

/**
 * profbuf_close() - end the stream: the last record has been written
 * @b: the ring
 *
 * Context: as for profbuf_write(). It is called once.
 * Return: PROFBUF_WAKE or 0; PROFBUF_MISUSE: it was closed before.
 */
unsigned int profbuf_close(struct profbuf *b);

/**
 * profbuf_read() - give back the last slice, get the next one
 * @b: the ring
 * @mode: whether to go to sleep when there is nothing to read
 * @s: the slice; set if PROFBUF_DATA is returned, else empty
 *
 * A slice has the records up to the last one written, or up to the end of the array, or one loss record. If there is
 * nothing to read, PROFBUF_BLOCKING marks the reader as sleeping and returns PROFBUF_SLEEP. The writer then gets
 * PROFBUF_WAKE when the watermark is reached, when records are lost, and at the close. It gets none below the
 * watermark: a caller that waits limits the wait by a flush period. profbuf_read() may be called before the wakeup.
 *
 * Context: any; one reader at a time.
 * Return: see enum profbuf_read_status.
 */
enum profbuf_read_status profbuf_read(struct profbuf *b, enum profbuf_read_mode mode, struct profbuf_slice *s);

/**
 * profbuf_consume() - give back the first records of the last slice now; the others come out again
 * @b: the ring
 * @ndata: words of these records: the sum of their lengths
 * @ntags: how many records; 0 to keep the whole slice
 *
 * Context: the reader, once after a profbuf_read() that returned PROFBUF_DATA. It must not use the slice afterwards.
 */
void profbuf_consume(struct profbuf *b, u32 ndata, u32 ntags);

/**
 * profbuf_readable() - would profbuf_read() return anything but PROFBUF_EMPTY?
 * @b: the ring
 *
 * Context: any. While a reader runs or has a slice, the answer is a hint: it may be true too often.
 */
bool profbuf_readable(const struct profbuf *b);

#endif /* PROFBUF_CORE_H */
