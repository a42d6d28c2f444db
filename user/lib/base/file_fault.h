/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * file_fault.h - files that others cut while they are read through a mapping
 *
 * libelf maps files. What was cut off is then no longer there, and who reads it gets SIGBUS. A handler puts zeros there
 * instead, up to the end of the mapping, and what was read is not used. Without a fault a file may have changed, too:
 * its last page has zeros then, and all of it if it was made longer again. So its size and its time are asked for, too.
 */
#ifndef PROFBUF_FILE_FAULT_H
#define PROFBUF_FILE_FAULT_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/* Around all that may read from a mapping; in pairs, of one thread, which may be nested. */
unsigned long file_reading_begin(void);

/* Since then. @began: what file_reading_begin() returned. */
bool file_reading_faulted(unsigned long began);

/* False: something was missing: what was read since then may be wrong. */
bool file_reading_end(unsigned long began);

/* A file as it was. */
struct file_state {
	int fd;			/* of the caller */
	off_t size;
	struct timespec time;
};

struct file_state file_state(int fd);
bool file_unchanged(const struct file_state *state);

#endif /* PROFBUF_FILE_FAULT_H */
