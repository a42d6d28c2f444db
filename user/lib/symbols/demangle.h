/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * demangle.h - C++ and Rust names as their sources have them
 *
 * Anybody can give a name to code. A mangled name refers back to its own parts: 300 bytes can stand for gigabytes, and
 * libiberty can work for years before it prints anything. So the output has a bound, and so has the time: libiberty is
 * left by a jump, out of its own callback or out of the handler of a timer that counts the thread's CPU time.
 */
#ifndef PROFBUF_DEMANGLE_H
#define PROFBUF_DEMANGLE_H

#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Bytes of a symbol's name, mangled or not, without the zero at its end. What is longer is cut where it is kept. */
#define SYMBOL_NAME_MAX		4096

/* Names of one object may take too long so often; after that its names of Rust and long ones stay as they are. */
#define DEMANGLE_TIMEOUTS_MAX	8

/* Of one report; zeros at its beginning. */
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
 * demangle() - @timeouts: of the object that the name is of: counts names that took too long
 *
 * Return: the name, which stays until the next call; NULL: it is not mangled, or it is too long or takes too long.
 */
const char *demangle(struct demangler *demangler, const char *name, unsigned int *timeouts);
void demangler_exit(struct demangler *demangler);

#endif /* PROFBUF_DEMANGLE_H */
