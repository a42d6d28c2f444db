/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reference.h - the ring's rules (Go's runtime/profbuf.go) as a plain queue of whole records
 *
 * No indices, no packing, nothing in place: a record is kept with where it would be in the ring. Single-threaded.
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "profbuf_core.h"

#define REF_MAX_SIZE	256	/* words of data */
#define REF_MAX_TAGS	64
#define REF_MAX_HDR	64

struct ref_record {
	u64 data[REF_MAX_SIZE];		/* length, time, header, stack */
	u32 words;
	u32 at;				/* its first word in the array */
	u32 slot;			/* its tag in the array */
	u32 skipped;			/* words left unused in front of it, at the end of the array */
	u64 tag;
};

struct ref_loss {
	u64 count;
	u64 time;
};

struct ref_slice {
	u64 data[REF_MAX_SIZE];
	u64 tags[REF_MAX_TAGS];
	u32 ndata;
	u32 ntags;
};

struct ref {
	u32 hdrsize, size, tags, watermark;
	struct ref_record held[REF_MAX_TAGS];	/* not given back, oldest first */
	u32 nheld;
	u32 out;			/* the first so many are the slice that is out */
	u32 next_at;			/* where the next record starts, if it fits there */
	u32 next_slot;
	struct ref_loss loss;		/* not yet reported */
	struct ref_loss reported;	/* the last one the reader took */
	bool loss_out, loss_kept;
	bool sleeping, closed;
};

/* The arguments and returns are those of profbuf_core.h. */
void ref_init(struct ref *q, u32 hdrsize, u32 bufwords, u32 tags, u32 watermark);
unsigned int ref_write(struct ref *q, u64 tag, u64 now, const u64 *hdr, u32 nhdr, const u64 *stk, u32 nstk);
unsigned int ref_close(struct ref *q);
enum profbuf_read_status ref_read(struct ref *q, enum profbuf_read_mode mode, struct ref_slice *s);
void ref_consume(struct ref *q, u32 records);

/* As profbuf_readable(), for a reader that has no slice out. */
bool ref_readable(const struct ref *q);

#endif /* REFERENCE_H */
