/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * faults.h - what faults.c is made of: how faults are made, calls that need no ticks, a session's life
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

#include "kt.h"

/* faults_inject.c */

extern int nth_fd;	/* /proc/self/fail-nth */

void knob(const char *fault, const char *name, const char *value);

/* Pages are the larger part of what the module loader needs, which is not ours to test. */
void fail_pages(bool on);

/* The @nth allocation or copy of this thread from now on fails; 0: none. */
void inject(unsigned int nth);

/* Has it come? Ends it. */
bool injected(void);

/*
 * Makes @call with its nth fault, for each n after the first @n, until there was none. @call returns -1 with errno, or
 * what a success is; @after looks at what there is then.
 */
void each_fault_after(unsigned int n, const char *name, unsigned int at_least, long (*call)(void),
		      void (*after)(long result));
void each_fault(const char *name, unsigned int at_least, long (*call)(void), void (*after)(long result));

/*
 * Traces in the kernel's log since the last call. vmalloc's report of a failure is one, if who asked has not said that
 * failure is a matter of course; the module loader has not, the module has.
 */
unsigned int traces(unsigned int *of_vmalloc);

/* Lines of a file that have a text. */
unsigned int lines_with(const char *path, const char *text);

/* Without an open file the module has no memory of its own but what it is, and nobody is accounted for. */
void check_nothing_left(void);

/* After all that, a session as any other. */
void check_works(void);

/* faults.c */

/* The session that a call is made on, and its configuration before it. */
extern int fd;
extern struct profbuf_config before;

/* A session that runs, to be closed. */
void running(void);

__u64 state_of(void);
struct profbuf_config get_config(void);
void check_config_unchanged(void);

/* Tags this process from outside. */
long tag(void);

/* For calls after which there is nothing to look at. */
void nothing(long result);

/* faults_session.c: its tests */


#endif /* FAULTS_H */
