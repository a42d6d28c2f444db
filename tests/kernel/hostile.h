/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hostile.h - what hostile.c is made of: the operations, and nobody's reader
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "kt.h"

#define SLOTS		6
#define DRAWS		8
#define NOBODY		65534
#define PAGE		4096

/* One step of a thread: nothing else decides what it does. */
struct step {
	uint64_t draw[DRAWS];
};

/* What a process's threads share: descriptors that come and go, and memory that changes while it is read. */
extern int slots[SLOTS];
extern char *arena;	/* pages: there, not there, read-only, never touched */
extern int mail[2];	/* between root's and nobody's */

/* One of the things that can be done. */
struct operation {
	const char *name;
	int (*call)(const struct step *s);
	unsigned int weight;
	const int *errors;	/* the module's, documented, ended by 0; NULL: they are the kernel's */
};

/* Empty slots, and the arena. */
void hostile_setup(void);

/* Which it is, by the step alone. */
const struct operation *hostile_operation(const struct step *s);

/*
 * A session of nobody's that nobody's other threads do not touch, and whose stream is looked at: all of it is of
 * processes of nobody's, and their user code.
 */
struct reader {
	int fd;
	struct kt_stream stream;
	struct kt_sums sums;
};

void reader_start(struct reader *r);
void reader_read(struct reader *r);
void reader_end(struct reader *r);	/* when the other threads are done, so that all their processes are known */

/* A process of this one's user: samples of it may be read. */
void reader_owns(pid_t pid);

#endif /* HOSTILE_H */
