/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * debug_limits.h - what one report may spend on the files of its objects and on their debug files
 */
#ifndef PROFBUF_DEBUG_LIMITS_H
#define PROFBUF_DEBUG_LIMITS_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/foreign.h"
#include "base/table.h"

/*
 * What one report spends on debug files, whatever its objects say that they have; zeros at its beginning. Each object
 * can ask servers for a file that nobody has, and name one with bytes to sum up, or one in the root of another process.
 */
struct debug_limits {
	unsigned int misses;		/* of servers */
	uint64_t summed;		/* bytes */
	uint64_t unpacked;		/* bytes of compressed sections */
	uint64_t looked_at;		/* entries of tables of symbols */
	struct summed_file *files;
	size_t nr_files, room_files;
	struct index index;		/* of files */
	struct foreign foreign;		/* the objects' own files, too */
};

/* Whether servers may be asked; each that has not got it is to be counted as a miss. */
bool debug_limits_may_ask(const struct debug_limits *limits, const uint8_t *build_id, size_t bytes);

/* Counts what the compressed sections of a file become. False: it is too much for one report. @limits: may be NULL. */
bool debug_limits_may_unpack(struct debug_limits *limits, Elf *elf);
void debug_limits_exit(struct debug_limits *limits);

#endif /* PROFBUF_DEBUG_LIMITS_H */
