/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * threads.h - names of threads over time
 */
#ifndef PROFBUF_THREADS_H
#define PROFBUF_THREADS_H

#include "profbuf.h"
#include "symbols/symbols.h"
#include "types.h"

/* The name of a thread from a time on. */
struct thread_name {
	uint32_t pid;
	uint32_t tid;
	uint64_t time;
	uint32_t id;		/* of struct profbuf_thread_name */
	uint32_t order;		/* position in the stream */
};

struct threads {
	struct thread_name *all;	/* sorted by pid, tid and time after threads_sort() */
	size_t n, room, nr_sorted;
	struct index index;		/* of names */
	struct profbuf_thread_name *names;	/* by id; strings are interned */
	size_t nr_names, room_names;
};

/* Takes a record of the type THREAD. False: no memory. */
bool threads_add(struct threads *threads, struct strings *strings, const struct profbuf_thread *record);

/* Call it after the last threads_add() and before the first threads_find(). */
void threads_sort(struct threads *threads);

/* Returns the name of the thread at @time, or its first name; NULL: there is none. */
const struct thread_name *threads_find(const struct threads *threads, uint32_t pid, uint32_t tid, uint64_t time);

void threads_exit(struct threads *threads);

#endif /* PROFBUF_THREADS_H */
