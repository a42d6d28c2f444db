// SPDX-License-Identifier: GPL-2.0-only
/*
 * debug_limits.c - what one report may spend on the files of its objects and on their debug files
 */
#include <stdlib.h>

#include "debug_limits.h"
#include "elf_header.h"

/* Limit for the unpacked size of all compressed sections in one report. */
#define UNPACKED_ALL_MAX	(1ULL << 30)

/* Limit for build ids that no server has, in one report: each takes as long as a server takes to answer. */
#define MISSES_MAX	64

bool debug_limits_may_ask(const struct debug_limits *limits, const uint8_t *build_id, size_t bytes)
{
	size_t i;

	/* Linkers make 8, 16, 20 or 32 bytes. */
	if (!limits || limits->misses >= MISSES_MAX || bytes < 8 || bytes > 32)
		return false;
	for (i = 0; i < bytes && !build_id[i]; i++)
		;
	return i < bytes;
}

bool debug_limits_may_unpack(struct debug_limits *limits, Elf *elf)
{
	uint64_t bytes = limits ? elf_unpacked_bytes(elf) : 0;

	if (limits && bytes > UNPACKED_ALL_MAX - limits->unpacked)
		return false;
	if (limits)
		limits->unpacked += bytes;
	return true;
}

void debug_limits_exit(struct debug_limits *limits)
{
	index_exit(&limits->index);
	free(limits->files);
	foreign_exit(&limits->foreign);
}
