/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tags.h - which tag a thread has now, and what it means
 *
 * At the sample the tick reads one word of the current thread: its own pointer to a label set, where the session was
 * told to look (tag_sources.h). That is any word of the process's memory, for all that is known: it is a tag, and
 * leaves the process, only if a label set was seen where it points to. A tag that was seen is remembered, and costs no
 * second look. Of one that was not, the tick copies the label set, there and then, while the thread cannot go on, and a
 * worker makes a note of it. A thread that has no tag of its own has what was set from outside (labels.h).
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

#define PROFBUF_TAG_REQUESTS	128	/* per CPU: new tags between two runs of the worker */
#define PROFBUF_TAG_ASKED	256	/* per CPU: tags asked for, until the worker has been there */
#define PROFBUF_TAG_DEFINED	65536	/* per session: tags remembered */

/* The longest data: an OTEP 4947 record, 28 bytes and its attributes. */
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
	u64 asked[PROFBUF_TAG_ASKED];	/* the tick's: signatures */
	u64 data[PROFBUF_TAG_DATA / sizeof(u64)];	/* the tick's: the label set or thread context just read, */
	unsigned int bytes;				/* so long, */
	u64 signature;					/* and what it will be known by; */
	bool fresh;					/* profbuf_tags_ask() is to be called with it */
	struct profbuf_fifo fifo;	/* of @ring: the tick puts, the worker takes */
	struct profbuf_tag_request ring[PROFBUF_TAG_REQUESTS];
};

/**
 * struct profbuf_tags - a session's part
 */
struct profbuf_tags {
	const struct profbuf_opener *opener;
	struct profbuf_notes *notes;
	bool defines;			/* what tags mean is to be in the stream */
	struct profbuf_tag_processes processes;
	u64 *defined;			/* [PROFBUF_TAG_DEFINED] signatures; the worker writes, ticks read */
	atomic64_t definitions;
	atomic64_t failed[PROFBUF_NR_TAG_CAUSES];	/* tags, or what they mean */
	atomic64_t unread[PROFBUF_NR_TAG_CAUSES];	/* samples that have no tag because of that */
	u64 unread_told[PROFBUF_NR_TAG_CAUSES];		/* the reader's: in the stream already */
};

void profbuf_tags_init(struct profbuf_tags *t, const struct profbuf_opener *opener, struct profbuf_notes *notes);

/**
 * profbuf_tags_start() - memory for a session that has tags
 * @t: the tags
 * @defines: what tags mean is to be in the stream
 *
 * Return: 0 or -ENOMEM.
 */
int profbuf_tags_start(struct profbuf_tags *t, bool defines);

/* Frees what profbuf_tags_start() took, if it did; the processes that tag stay. */
void profbuf_tags_stop(struct profbuf_tags *t);

/**
 * profbuf_tags_exit() - forget the processes that tag
 * @t: of a session whose ticks are off
 *
 * Context: may sleep.
 */
void profbuf_tags_exit(struct profbuf_tags *t);

/* Bytes of one CPU's part, and of what all CPUs share. */
size_t profbuf_tags_cpu_memory(void);
size_t profbuf_tags_memory(void);

/* A CPU's part, empty; NULL: no memory. vfree() it. */
struct profbuf_cpu_tags *profbuf_tags_alloc_cpu(struct profbuf_tags *t);

/**
 * profbuf_tags_get() - the current thread's tag
 * @tags: this CPU's part
 * @regs: what was interrupted
 * @cause: KNOWN; set to why the thread's own tag is not known, if so, which is counted
 *
 * If the session has not said so far what a tag means, @tags->fresh is true, and profbuf_tags_ask() is to be called.
 *
 * Context: the tick, NMI too.
 * Return: the tag; 0: none.
 */
u64 profbuf_tags_get(struct profbuf_cpu_tags *tags, struct pt_regs *regs, enum profbuf_tag_cause *cause);

/* A sample has no tag, for that cause: PROFBUF_RECORD_TAG_LOST will say so. Context: the same tick. */
void profbuf_tags_count_unread(struct profbuf_tags *t, enum profbuf_tag_cause cause);

/**
 * profbuf_tags_ask() - a sample has a fresh tag: ask the worker to say what it means, if the session wants to know
 * @tags: this CPU's part
 * @now: the sample's time
 * @pid: the thread group as the sample shows it
 * @tag: what profbuf_tags_get() returned, not 0
 *
 * Context: the same tick.
 * Return: whether there is a request, so that the worker is to be woken from an irq_work.
 */
bool profbuf_tags_ask(struct profbuf_cpu_tags *tags, u64 now, u32 pid, u64 tag);

/* Are there requests? */
bool profbuf_tags_pending(const struct profbuf_cpu_tags *tags);

/* The worker: put what the requests of a CPU ask for into the stream. */
void profbuf_tags_define(struct profbuf_cpu_tags *tags);

#endif /* PROFBUF_TAGS_H */
