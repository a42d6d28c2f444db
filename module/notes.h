/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * notes.h - records that wait for the reader beside the rings, and what was lost on the way there
 *
 * A session has one queue of them, bounded in bytes: those who are sampled do not decide how much memory that is.
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

/* What a record of nested lengths needs: bytes rounded up to whole words. */
#define PROFBUF_WORDS(bytes)	DIV_ROUND_UP(bytes, sizeof(u64))

/* A record in the queue. */
struct profbuf_note {
	struct list_head list;
	u64 words[];			/* words[0]: how many */
};

/**
 * struct profbuf_notes - a session's queue, and what was not put into it
 */
struct profbuf_notes {
	spinlock_t lock;		/* of the queue */
	struct list_head list;		/* under @lock; only the reader takes from it */
	size_t bytes;			/* in @list; under @lock */
	bool closed;			/* the session has stopped: nothing comes after its end; under @lock */
	u32 generation;			/* part of the ticks' signatures: changed to be asked again */
	struct delayed_work retry;	/* changes it, when something was lost */
	atomic64_t lost[PROFBUF_NR_SIDEBAND_CAUSES];
	u64 lost_told[PROFBUF_NR_SIDEBAND_CAUSES];	/* the reader's: in the stream already */
};

void profbuf_notes_init(struct profbuf_notes *n);

/* Drops what is queued. After profbuf_notes_close(), or never started. */
void profbuf_notes_exit(struct profbuf_notes *n);

/* From now on nothing is put into the queue, and nothing is asked for again. Context: may sleep. */
void profbuf_notes_close(struct profbuf_notes *n);

/* As if nothing had been queued: for a start that failed, after profbuf_notes_close(). */
void profbuf_notes_clear(struct profbuf_notes *n);

/* A note with room for @bytes of record, zeroed, its length set; NULL: no memory. */
struct profbuf_note *profbuf_note_alloc(size_t bytes);

/* Frees notes that are in no queue. */
void profbuf_notes_free(struct list_head *list);

/**
 * profbuf_notes_queue() - put notes into the stream, all or none
 * @n: the queue
 * @list: list of notes, taken over on success
 *
 * Context: may sleep.
 * Return: false if there is no room, or the session has stopped.
 */
bool profbuf_notes_queue(struct profbuf_notes *n, struct list_head *list);

/* Likewise one, which is taken over in any case. */
bool profbuf_notes_put(struct profbuf_notes *n, struct profbuf_note *note);

/* The reader: the first note, which stays until it is dropped; NULL if there is none. */
struct profbuf_note *profbuf_notes_first(struct profbuf_notes *n);
void profbuf_notes_drop(struct profbuf_notes *n, struct profbuf_note *note);

/* Something is not in the stream: counted. Context: any, NMI too. */
static inline void profbuf_notes_count(struct profbuf_notes *n, enum profbuf_sideband_cause cause)
{
	atomic64_inc(&n->lost[cause]);
}

/**
 * profbuf_notes_lose() - likewise; and it is asked for again a little later, when the queue has room again
 * @n: the queue
 * @cause: why it is not there
 *
 * Context: not in a tick.
 */
void profbuf_notes_lose(struct profbuf_notes *n, enum profbuf_sideband_cause cause);

#endif /* PROFBUF_NOTES_H */
