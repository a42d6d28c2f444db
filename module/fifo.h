/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fifo.h - positions in an array that one writes and another reads, first in, first out, without a lock
 *
 * The entries are the user's: a power of two of them, entry[position % size]. Positions run on for ever, and begin so
 * that they wrap on the first lap.
 */
#ifndef PROFBUF_FIFO_H
#define PROFBUF_FIFO_H

#include <linux/types.h>
#include <asm/barrier.h>

struct profbuf_fifo {
	unsigned int head;		/* the writer's: where the next goes */
	unsigned int tail;		/* the reader's: the first that is there */
};

static inline void profbuf_fifo_init(struct profbuf_fifo *f, unsigned int size)
{
	f->head = -(size / 2);
	f->tail = f->head;
}

/* The writer: is there no room at @head? The reader has done with the entries before tail. */
static inline bool profbuf_fifo_is_full(const struct profbuf_fifo *f, unsigned int size)
{
	return f->head - smp_load_acquire(&f->tail) == size;	/* pairs with profbuf_fifo_drop() */
}

/* The writer: the entry at @head is written. */
static inline void profbuf_fifo_put(struct profbuf_fifo *f)
{
	smp_store_release(&f->head, f->head + 1);	/* pairs with profbuf_fifo_is_empty() */
}

/* The reader: is there no entry at @tail? Others may ask, too, and use no entry. */
static inline bool profbuf_fifo_is_empty(const struct profbuf_fifo *f)
{
	return READ_ONCE(f->tail) == smp_load_acquire(&f->head);	/* pairs with profbuf_fifo_put() */
}

/* The reader: done with the entry at @tail. */
static inline void profbuf_fifo_drop(struct profbuf_fifo *f)
{
	smp_store_release(&f->tail, f->tail + 1);	/* pairs with profbuf_fifo_is_full() */
}

#endif /* PROFBUF_FIFO_H */
