/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * faults.h - what faults.c consists of: injecting faults, calls that need no ticks, the life of a session
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

#include "kt.h"

/* faults_inject.c */

extern int nth_fd;	/* /proc/self/fail-nth */

void knob(const char *fault, const char *name, const char *value);

/*
 * Turns faults of page allocations on or off. Most of what the module loader allocates is pages, and it is not tested.
 */
void fail_pages(bool on);

/* Makes the @nth allocation or copy of this thread from now on fail; 0: none. */
void inject(unsigned int nth);

/* Has the fault happened? Ends the injection. */
bool injected(void);

/*
 * Calls @call with its nth fault, for each n after the first @n, until no fault happens. @call returns -1 with errno,
 * or any other value if it succeeds. @after then checks the state. At least @at_least of the calls must fail.
 */
void each_fault_after(unsigned int n, const char *name, unsigned int at_least, long (*call)(void),
		      void (*after)(long result));
void each_fault(const char *name, unsigned int at_least, long (*call)(void), void (*after)(long result));

/*
 * Returns the number of traces in the kernel's log since the last call. vmalloc reports a failure with a trace, unless
 * the caller has asked for no warning. The module asks for that, the module loader does not; @of_vmalloc gets their
 * number.
 */
unsigned int traces(unsigned int *of_vmalloc);

/* The number of lines of a file that contain @text. */
unsigned int lines_with(const char *path, const char *text);

/* Checks that without an open file the module holds no memory beyond itself, and no session or tag is counted. */
void check_nothing_left(void);

/* Checks that a session works as usual after the faults. */
void check_works(void);

/* faults.c */

/* The session that the call is made on, and its configuration before the call. */
extern int fd;
extern struct profbuf_config before;

/* Makes @fd a running session; the test closes it. */
void running(void);

__u64 state_of(void);
struct profbuf_config get_config(void);
void check_config_unchanged(void);

/* Tags this process from outside. */
long tag(void);

/* An @after for calls after which there is nothing to check. */
void nothing(long result);

/* faults_session.c registers its tests itself */


#endif /* FAULTS_H */
