/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * file_fault.h - files that others truncate while they are read through a mapping
 *
 * libelf maps files. If a file is truncated, the pages that were cut off are gone, and reading them raises SIGBUS. A
 * handler maps zeros there instead, up to the end of the mapping, and the caller does not use what it read. A file may
 * also change without a fault: its last page then has zeros where it was cut, or all of the rest does if the file was
 * made longer again. So the size and the modification time of the file are compared, too.
 */
#ifndef PROFBUF_FILE_FAULT_H
#define PROFBUF_FILE_FAULT_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/* Begins code that may read from a mapping. Begin and end come in pairs, in one thread, and may be nested. */
unsigned long file_reading_begin(void);

/* Whether there was a fault since file_reading_begin(). @began: what file_reading_begin() returned. */
bool file_reading_faulted(unsigned long began);

/* Ends such code. False: there was a fault, so what was read since file_reading_begin() may be wrong. */
bool file_reading_end(unsigned long began);

/* The state of a file at one time. */
struct file_state {
	int fd;			/* owned by the caller */
	off_t size;
	struct timespec time;
};

struct file_state file_state(int fd);
bool file_unchanged(const struct file_state *state);

#endif /* PROFBUF_FILE_FAULT_H */
