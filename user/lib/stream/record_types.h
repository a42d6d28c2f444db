/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * record_types.h - the table of record types
 */
#ifndef RECORD_TYPES_H
#define RECORD_TYPES_H

#include <stdbool.h>

#include "profbuf.h"

struct record_type {
	size_t bytes;			/* least length of a record */
	/* Checks what else a reader relies on; NULL: nothing. @nr_cpus: of the stream; 0 before its first record. */
	bool (*check)(const struct profbuf_record *record, uint32_t nr_cpus);
};

/* NULL: the library does not know that type. */
const struct record_type *record_type(unsigned int type);

#endif /* RECORD_TYPES_H */
