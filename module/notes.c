// SPDX-License-Identifier: GPL-2.0-only
/*
 * notes.c - records that wait for the reader beside the rings
 */
#include <linux/slab.h>

#include "lock_name.h"
#include "notes.h"

/* After this time, ticks ask again for what was lost. */
#define RETRY		msecs_to_jiffies(100)

struct profbuf_note *profbuf_note_alloc(size_t bytes)
{
	struct profbuf_note *note;

	note = kzalloc(sizeof(*note) + PROFBUF_WORDS(bytes) * sizeof(u64), GFP_KERNEL_ACCOUNT);
	if (note)
		note->words[0] = PROFBUF_WORDS(bytes);
	return note;
}

void profbuf_notes_free(struct list_head *list)
{
	struct profbuf_note *note, *next;

	list_for_each_entry_safe(note, next, list, list)
		kfree(note);
	INIT_LIST_HEAD(list);
}

static size_t bytes_of(const struct list_head *list)
{
	const struct profbuf_note *note;
	size_t bytes = 0;

	list_for_each_entry(note, list, list)
		bytes += note->words[0] * sizeof(u64);
	return bytes;
}

bool profbuf_notes_add_all(struct profbuf_notes *n, struct list_head *list)
{
	size_t bytes = bytes_of(list);
	bool room;

	spin_lock(&n->lock);
	room = !n->closed && n->bytes + bytes <= PROFBUF_NOTES_BYTES;
	if (room) {
		list_splice_tail_init(list, &n->list);
		n->bytes += bytes;
	}
	spin_unlock(&n->lock);
	return room;
}

bool profbuf_notes_add(struct profbuf_notes *n, struct profbuf_note *note)
{
	LIST_HEAD(list);

	list_add(&note->list, &list);
	if (profbuf_notes_add_all(n, &list))
		return true;
	kfree(note);
	return false;
}

struct profbuf_note *profbuf_notes_first(struct profbuf_notes *n)
{
	struct profbuf_note *note;

	spin_lock(&n->lock);
	note = list_first_entry_or_null(&n->list, struct profbuf_note, list);
	spin_unlock(&n->lock);
	return note;
}

void profbuf_notes_drop(struct profbuf_notes *n, struct profbuf_note *note)
{
	spin_lock(&n->lock);
	list_del(&note->list);
	n->bytes -= note->words[0] * sizeof(u64);
	spin_unlock(&n->lock);
	kfree(note);
}

void profbuf_notes_lose(struct profbuf_notes *n, enum profbuf_sideband_cause cause)
{
	profbuf_notes_count(n, cause);
	schedule_delayed_work(&n->retry, RETRY);
}

static void profbuf_retry(struct work_struct *work)
{
	struct profbuf_notes *n = container_of(to_delayed_work(work), struct profbuf_notes, retry);

	if (READ_ONCE(n->bytes) > PROFBUF_NOTES_BYTES / 2)
		schedule_delayed_work(&n->retry, RETRY);
	else
		WRITE_ONCE(n->generation, n->generation + 1);
}

/* Init and exit */

static void set_closed(struct profbuf_notes *n, bool closed)
{
	spin_lock(&n->lock);
	n->closed = closed;
	spin_unlock(&n->lock);
}

void profbuf_notes_init(struct profbuf_notes *n)
{
	spin_lock_init(&n->lock);
	profbuf_lock_name(&n->lock, "profbuf_notes_lock");
	INIT_LIST_HEAD(&n->list);
	INIT_DELAYED_WORK(&n->retry, profbuf_retry);
}

void profbuf_notes_exit(struct profbuf_notes *n)
{
	profbuf_notes_free(&n->list);
}

void profbuf_notes_close(struct profbuf_notes *n)
{
	cancel_delayed_work_sync(&n->retry);
	set_closed(n, true);
}

void profbuf_notes_clear(struct profbuf_notes *n)
{
	unsigned int i;

	profbuf_notes_free(&n->list);
	n->bytes = 0;
	set_closed(n, false);
	for (i = 0; i < PROFBUF_NR_SIDEBAND_CAUSES; i++)
		atomic64_set(&n->lost[i], 0);
}
