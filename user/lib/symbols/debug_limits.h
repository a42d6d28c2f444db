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
 * What one report has spent on debug files, so that objects cannot make it spend too much; all zeros at the beginning.
 * Each object can make it ask servers for a file that no server has, or name a file whose bytes have to be summed, or a
 * file in the root of another process.
 */
struct debug_limits {
	unsigned int misses;		/* look-ups for which no server had the file */
	uint64_t summed;		/* bytes that were summed */
	uint64_t unpacked;		/* bytes of compressed sections */
	uint64_t looked_at;		/* entries of symbol tables */
	struct summed_file *files;
	size_t nr_files, room_files;
	struct index index;		/* of files, by their stat */
	struct foreign foreign;		/* also for the objects' own files */
};

/* Whether servers may be asked for a build id. The caller counts a miss if no server has the file. */
bool debug_limits_may_ask(const struct debug_limits *limits, const uint8_t *build_id, size_t bytes);

/* Counts the unpacked size of a file's compressed sections. False: too much for one report. @limits: may be NULL. */
bool debug_limits_may_unpack(struct debug_limits *limits, Elf *elf);
void debug_limits_exit(struct debug_limits *limits);

#endif /* PROFBUF_DEBUG_LIMITS_H */
