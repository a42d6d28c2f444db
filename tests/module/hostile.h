/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hostile.h - what hostile.c consists of: the operations, and the reader of user nobody
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "kt.h"

#define SLOTS		6
#define DRAWS		8
#define NOBODY		65534
#define PAGE		4096

/* One step of a thread; what the thread does depends on nothing else. */
struct step {
	uint64_t draw[DRAWS];
};

/* What the threads of a process share: descriptors that come and go, and memory that changes while it is read. */
extern int slots[SLOTS];
extern char *arena;	/* pages: mapped, not mapped, read-only, never touched */
extern int mail[2];	/* sockets between the processes of root and nobody */

/* One of the operations. */
struct operation {
	const char *name;
	int (*call)(const struct step *s);
	unsigned int weight;
	const int *errors;	/* documented errors of the module, ended by 0; NULL: they are the kernel's */
};

/* Empties the slots, and maps the arena. */
void hostile_setup(void);

/* Returns the operation, which depends on the step alone. */
const struct operation *hostile_operation(const struct step *s);

/*
 * A session of user nobody that the other threads do not touch. Its stream is checked: everything in it must be about
 * nobody's processes and their user code.
 */
struct reader {
	int fd;
	struct kt_stream stream;
	struct kt_sums sums;
};

void reader_start(struct reader *r);
void reader_read(struct reader *r);
void reader_end(struct reader *r);	/* after the other threads' end: then all their processes are known */

/* Remembers a process of this user, whose samples may be read. */
void reader_owns(pid_t pid);

#endif /* HOSTILE_H */
