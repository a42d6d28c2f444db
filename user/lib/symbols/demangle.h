/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * demangle.h - demangle C++ and Rust names
 *
 * Names of functions are not trusted. A mangled name refers back to its own parts: 300 bytes can stand for gigabytes,
 * and libiberty can work for years before it prints anything. So both the output and the time are bounded: a jump
 * leaves libiberty, either from its output callback or from the handler of a timer that counts the thread's CPU time.
 */
#ifndef PROFBUF_DEMANGLE_H
#define PROFBUF_DEMANGLE_H

#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Most bytes of a symbol's name, mangled or not, without its final zero. A longer name is cut when it is stored. */
#define SYMBOL_NAME_MAX		4096

/* After so many names of one object took too long, its Rust names and its long C++ names are not demangled any more. */
#define DEMANGLE_TIMEOUTS_MAX	8

/* One for each report; all zeros at the beginning. */
struct demangler {
	char text[SYMBOL_NAME_MAX + 1];
	size_t n;
	sigjmp_buf out;
	bool has_timer;
	timer_t timer;
	pthread_t thread;	/* whose CPU time the timer counts */
	uint64_t spent;		/* ns of CPU time under the timer */
};

/*
 * demangle() - demangle a name
 * @timeouts: counts the names that took too long, of the object that has the name
 *
 * Return: the demangled name, valid until the next call; NULL: the name is not mangled, is too long or takes too long.
 */
const char *demangle(struct demangler *demangler, const char *name, unsigned int *timeouts);
void demangler_exit(struct demangler *demangler);

#endif /* PROFBUF_DEMANGLE_H */
