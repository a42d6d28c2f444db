/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * describe.h - the worker describes processes and threads that ticks have asked for
 *
 * Processes are not trusted: they decide neither how much memory a description takes, nor how long the worker works or
 * waits for it, because the end of the session waits for the worker.
 */
#ifndef PROFBUF_DESCRIBE_H
#define PROFBUF_DESCRIBE_H

#include <linux/atomic.h>
#include <linux/types.h>

struct profbuf_cpu_requests;
struct profbuf_described;
struct profbuf_notes;

/**
 * struct profbuf_describe - a session's part; written by the worker
 */
struct profbuf_describe {
	struct profbuf_notes *notes;
	struct profbuf_described *described;	/* what is in the stream already; NULL before the start */
	atomic64_t processes;
	atomic64_t mappings;
};

/* A turn of the worker. */
struct profbuf_turn {
	char *path;			/* room for one path, PATH_MAX; NULL: there was no memory */
	unsigned int patience_us;	/* how long it may still wait for locks */
};

void profbuf_turn_begin(struct profbuf_turn *turn);
void profbuf_turn_end(struct profbuf_turn *turn);

/**
 * profbuf_describe_requests() - make notes for all requests of a CPU
 * @d: the session's part
 * @q: the CPU's requests
 * @turn: this turn of the worker
 *
 * Context: the worker.
 */
void profbuf_describe_requests(struct profbuf_describe *d, struct profbuf_cpu_requests *q, struct profbuf_turn *turn);

void profbuf_describe_init(struct profbuf_describe *d, struct profbuf_notes *notes);

/* The table of what is in the stream already: its bytes; allocate and free it. */
size_t profbuf_describe_memory(void);
int profbuf_describe_alloc(struct profbuf_describe *d);
void profbuf_describe_free(struct profbuf_describe *d);

#endif /* PROFBUF_DESCRIBE_H */
