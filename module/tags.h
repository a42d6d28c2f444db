/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tags.h - which tag a thread has now, and what it means
 *
 * For a sample, the tick reads one word of the current thread: its pointer to a label set, at the place that the
 * session was told (tag_sources.h). This may be any word of the process's memory. It becomes a tag, and leaves the
 * process, only if a label set was seen where it points to. A tag that was seen is remembered, and the tick does not
 * look again. If the tag is new, the tick copies the label set at once, while the thread cannot run, and the worker
 * makes a note of it. A thread without a tag of its own has the tag that was set from outside (outside_tags.h).
 */
#ifndef PROFBUF_TAGS_H
#define PROFBUF_TAGS_H

#include <linux/atomic.h>
#include <linux/types.h>

#include "fifo.h"
#include "tag_sources.h"
#include "profbuf_uapi.h"

struct profbuf_notes;
struct profbuf_opener;
struct pt_regs;

#define PROFBUF_TAG_REQUESTS	128	/* per CPU: new tags between two turns of the worker */
#define PROFBUF_TAG_ASKED	256	/* per CPU: tags asked for that are remembered until the worker comes */
#define PROFBUF_TAG_DEFINED	65536	/* per session: tags remembered */

/* The longest data are an OTEP 4947 record: 28 bytes and its attributes. */
#define PROFBUF_TAG_DATA	(28 + PROFBUF_LABELS_BYTES + 4)

/* A new tag, as the tick saw it. */
struct profbuf_tag_request {
	u64 time;
	u64 tag;
	u64 signature;
	u32 pid;
	u8 kind;			/* enum profbuf_tag_kind */
	u8 cause;			/* enum profbuf_tag_cause */
	u16 bytes;
	u64 data[PROFBUF_TAG_DATA / sizeof(u64)];
};

/* A CPU's part. */
struct profbuf_cpu_tags {
	struct profbuf_tags *all;
	u64 asked[PROFBUF_TAG_ASKED];	/* used by the tick: signatures of tags asked for */
	u64 data[PROFBUF_TAG_DATA / sizeof(u64)];	/* used by the tick: the last label set or thread context */
	unsigned int bytes;				/* of @data */
	u64 signature;					/* of the tag that was found last, if @fresh */
	bool fresh;					/* the tag is new: profbuf_tags_ask() has to be called */
	struct profbuf_fifo fifo;	/* of @ring: the tick puts, the worker takes */
	struct profbuf_tag_request ring[PROFBUF_TAG_REQUESTS];
};

/**
 * struct profbuf_tags - a session's part
 */
struct profbuf_tags {
	const struct profbuf_opener *opener;
	struct profbuf_notes *notes;
	bool defines;			/* definitions of tags are to be in the stream */
	struct profbuf_tag_processes processes;
	u64 *defined;			/* [PROFBUF_TAG_DEFINED] signatures; the worker writes them, ticks read them */
	atomic64_t definitions;
	atomic64_t failed[PROFBUF_NR_TAG_CAUSES];	/* tags, or their meanings, that are not known */
	atomic64_t unread[PROFBUF_NR_TAG_CAUSES];	/* samples that have no tag for that cause */
	u64 unread_told[PROFBUF_NR_TAG_CAUSES];		/* the reader's: how much of @unread is in the stream */
};

void profbuf_tags_init(struct profbuf_tags *t, const struct profbuf_opener *opener, struct profbuf_notes *notes);

/**
 * profbuf_tags_alloc() - allocate the memory of a session that has tags
 * @t: the tags
 * @defines: whether definitions of tags are to be in the stream
 *
 * Return: 0 or -ENOMEM.
 */
int profbuf_tags_alloc(struct profbuf_tags *t, bool defines);

/* Frees what profbuf_tags_alloc() has allocated, if anything; the tag sources stay. */
void profbuf_tags_free(struct profbuf_tags *t);

/**
 * profbuf_tags_exit() - forget the tag sources
 * @t: of a session whose ticks are off
 *
 * Context: may sleep.
 */
void profbuf_tags_exit(struct profbuf_tags *t);

/* Bytes of one CPU's part, and of what all CPUs share. */
size_t profbuf_tags_cpu_memory(void);
size_t profbuf_tags_memory(void);

/* Returns an empty part for a CPU, to be freed by vfree(); NULL: no memory. */
struct profbuf_cpu_tags *profbuf_tags_alloc_cpu(struct profbuf_tags *t);

/**
 * profbuf_tags_read() - read the current thread's tag
 * @tags: this CPU's part
 * @regs: the interrupted registers
 * @cause: PROFBUF_TAG_KNOWN; if the thread's own tag cannot be read, it is set to the cause, which is counted
 *
 * If the stream has no definition of the tag so far, @tags->fresh is set, and profbuf_tags_ask() has to be called.
 *
 * Context: the tick, also NMI.
 * Return: the tag; 0: none.
 */
u64 profbuf_tags_read(struct profbuf_cpu_tags *tags, struct pt_regs *regs, enum profbuf_tag_cause *cause);

/* Counts a sample without a tag, by cause, for PROFBUF_RECORD_TAG_LOST. Context: the same tick. */
void profbuf_tags_count_unread(struct profbuf_tags *t, enum profbuf_tag_cause cause);

/**
 * profbuf_tags_ask() - ask the worker for the definition of a fresh tag, if the session has definitions
 * @tags: this CPU's part
 * @now: the sample's time
 * @pid: the thread group, as in the sample
 * @tag: what profbuf_tags_read() returned, not 0
 *
 * Context: the same tick.
 * Return: whether there is a request, so that an irq_work has to wake the worker.
 */
bool profbuf_tags_ask(struct profbuf_cpu_tags *tags, u64 now, u32 pid, u64 tag);

/* Are there requests? */
bool profbuf_tags_pending(const struct profbuf_cpu_tags *tags);

/* The worker: makes notes for all requests of a CPU. */
void profbuf_tags_define(struct profbuf_cpu_tags *tags);

#endif /* PROFBUF_TAGS_H */
