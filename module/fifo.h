/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fifo.h - positions in an array with one writer and one reader: first in, first out, without a lock
 *
 * The user of the fifo has the array: its size is a power of two, and an entry is array[position % size]. Positions
 * only grow. They start half a lap before they wrap, so that the wrap comes on the first lap.
 */
#ifndef PROFBUF_FIFO_H
#define PROFBUF_FIFO_H

#include <linux/types.h>
#include <asm/barrier.h>

struct profbuf_fifo {
	unsigned int head;		/* the writer's: where the next entry goes */
	unsigned int tail;		/* the reader's: the first entry that is there */
};

static inline void profbuf_fifo_init(struct profbuf_fifo *f, unsigned int size)
{
	f->head = -(size / 2);
	f->tail = f->head;
}

/* The writer: is there no room at @head? The reader no longer uses the entries before @tail. */
static inline bool profbuf_fifo_is_full(const struct profbuf_fifo *f, unsigned int size)
{
	return f->head - smp_load_acquire(&f->tail) == size;	/* pairs with profbuf_fifo_drop() */
}

/* The writer: the entry at @head is written. */
static inline void profbuf_fifo_add(struct profbuf_fifo *f)
{
	smp_store_release(&f->head, f->head + 1);	/* pairs with profbuf_fifo_is_empty() */
}

/* The reader: is there no entry at @tail? Others may ask, too, but must not use an entry. */
static inline bool profbuf_fifo_is_empty(const struct profbuf_fifo *f)
{
	return READ_ONCE(f->tail) == smp_load_acquire(&f->head);	/* pairs with profbuf_fifo_add() */
}

/* The reader: it no longer uses the entry at @tail. */
static inline void profbuf_fifo_drop(struct profbuf_fifo *f)
{
	smp_store_release(&f->tail, f->tail + 1);	/* pairs with profbuf_fifo_is_full() */
}

#endif /* PROFBUF_FIFO_H */
