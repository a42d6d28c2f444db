/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * notes.h - records that wait for the reader beside the rings, and what was lost on the way there
 *
 * A session has one queue of notes. Its size in bytes is bounded: the processes that are sampled do not decide how much
 * memory it takes.
 */
#ifndef PROFBUF_NOTES_H
#define PROFBUF_NOTES_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/math.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "profbuf_uapi.h"

/* Bytes that one session's queue may hold. */
#define PROFBUF_NOTES_BYTES	(8UL << 20)

/* The words that a record of so many bytes needs: bytes rounded up to whole words. */
#define PROFBUF_WORDS(bytes)	DIV_ROUND_UP(bytes, sizeof(u64))

/* A record in the queue. */
struct profbuf_note {
	struct list_head list;
	u64 words[];			/* the record; words[0] is its length in words */
};

/**
 * struct profbuf_notes - a session's queue, and counts of what was not put into it
 */
struct profbuf_notes {
	spinlock_t lock;		/* of the queue */
	struct list_head list;		/* under @lock; only the reader takes from it */
	size_t bytes;			/* in @list; under @lock */
	bool closed;			/* the session has stopped: nothing is put into it; under @lock */
	u32 generation;			/* part of the ticks' signatures: if it changes, ticks ask again */
	struct delayed_work retry;	/* changes @generation after a loss */
	atomic64_t lost[PROFBUF_NR_SIDEBAND_CAUSES];
	u64 lost_told[PROFBUF_NR_SIDEBAND_CAUSES];	/* the reader's: how much of @lost is in the stream */
};

void profbuf_notes_init(struct profbuf_notes *n);

/* Frees the queued notes. Context: after profbuf_notes_close(), or the session was never started. */
void profbuf_notes_exit(struct profbuf_notes *n);

/* From now on nothing is put into the queue, and nothing is asked for again. Context: may sleep. */
void profbuf_notes_close(struct profbuf_notes *n);

/* Makes the queue as new again. Context: after a start that failed, and profbuf_notes_close(). */
void profbuf_notes_clear(struct profbuf_notes *n);

/* A note with room for a record of @bytes; the length is set, the rest is zero. NULL: no memory. */
struct profbuf_note *profbuf_note_alloc(size_t bytes);

/* Frees notes that are in no queue. */
void profbuf_notes_free(struct list_head *list);

/**
 * profbuf_notes_add_all() - add notes to the queue, all or none
 * @n: the queue
 * @list: list of notes, taken over on success
 *
 * Context: may sleep.
 * Return: false if there is no room, or the session has stopped.
 */
bool profbuf_notes_add_all(struct profbuf_notes *n, struct list_head *list);

/* Likewise with one note, which is taken over in any case. */
bool profbuf_notes_add(struct profbuf_notes *n, struct profbuf_note *note);

/* The reader: the first note, which stays until it is dropped; NULL if there is none. */
struct profbuf_note *profbuf_notes_first(struct profbuf_notes *n);
void profbuf_notes_drop(struct profbuf_notes *n, struct profbuf_note *note);

/* Counts something that is not put into the stream. Context: any, also NMI. */
static inline void profbuf_notes_count(struct profbuf_notes *n, enum profbuf_sideband_cause cause)
{
	atomic64_inc(&n->lost[cause]);
}

/**
 * profbuf_notes_lose() - count something that is lost, and let ticks ask for it again later, when the queue has room
 * @n: the queue
 * @cause: why it is lost
 *
 * Context: not in a tick.
 */
void profbuf_notes_lose(struct profbuf_notes *n, enum profbuf_sideband_cause cause);

#endif /* PROFBUF_NOTES_H */
