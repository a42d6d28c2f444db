/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * open.h - for libraries of LD_PRELOAD: both names of open(), with one function of the library behind them
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

/* The name for 64 bits means the same, as in the C library. */
int open64(const char *path, int flags, ...) __attribute__((alias("open")));

#endif /* TESTS_USER_OPEN_H */
