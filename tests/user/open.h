/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * open.h - for libraries of LD_PRELOAD: both names that open() has, in one function of the library's own
 */
#ifndef TESTS_USER_OPEN_H
#define TESTS_USER_OPEN_H

#include <fcntl.h>
#include <stdarg.h>

static int open_any(const char *path, int flags, mode_t mode);

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = va_arg(args, mode_t);
	va_end(args);
	return open_any(path, flags, mode);
}

/* The same for 64 bits, in the C library, too. */
int open64(const char *path, int flags, ...) __attribute__((alias("open")));

#endif /* TESTS_USER_OPEN_H */
