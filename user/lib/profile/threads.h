/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * threads.h - names of threads, each at its times
 */
#ifndef PROFBUF_THREADS_H
#define PROFBUF_THREADS_H

#include "profbuf.h"
#include "symbols/symbols.h"
#include "types.h"

/* A thread under a name, from a time on. */
struct thread_name {
	uint32_t pid;
	uint32_t tid;
	uint64_t time;
	uint32_t id;		/* of struct profbuf_thread_name */
	uint32_t order;		/* in the stream */
};

struct threads {
	struct thread_name *all;	/* by pid, tid and time, once threads_sort() was called */
	size_t n, room, nr_sorted;
	struct index index;		/* of names */
	struct profbuf_thread_name *names;	/* by id; strings are interned */
	size_t nr_names, room_names;
};

/* Takes a record of the type THREAD. False: no memory. */
bool threads_add(struct threads *threads, struct strings *strings, const struct profbuf_thread *record);

/* After the last threads_add(), before the first threads_find(). */
void threads_sort(struct threads *threads);

/* The name at @time, or the first; NULL: there is none. */
const struct thread_name *threads_find(const struct threads *threads, uint32_t pid, uint32_t tid, uint64_t time);

void threads_exit(struct threads *threads);

#endif /* PROFBUF_THREADS_H */
