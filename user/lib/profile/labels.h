/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labels.h - what tags mean, each at its times
 */
#ifndef PROFBUF_LABELS_H
#define PROFBUF_LABELS_H

#include "profbuf.h"
#include "programs.h"
#include "symbols/symbols.h"
#include "types.h"

/* One PROFBUF_RECORD_TAG. */
struct tag_definition {
	uint32_t pid;
	uint32_t order;			/* in the stream */
	uint64_t tag;
	uint64_t time;
	uint32_t labels;		/* id; INDEX_NONE: not yet decoded, */
	const struct profbuf_tag *record;	/* a thread context, whose keys may come later in the stream */
};

struct labels {
	struct symbols *symbols;	/* for its strings and memory */
	struct profbuf_labels **all;	/* by id */
	size_t n, room;
	struct index index;

	struct tag_definition *definitions;	/* by pid, tag and time, once labels_sort() was called */
	size_t nr_definitions, room_definitions, nr_sorted;

	const struct profbuf_otel_keys_record **keys;
	size_t nr_keys, room_keys;
};

/* False: no memory; labels_exit() then, too. */
bool labels_init(struct labels *labels, struct symbols *symbols);
void labels_exit(struct labels *labels);

/* Takes a record of the types TAG and OTEL_KEYS. False: no memory. */
bool labels_add(struct labels *labels, const struct profbuf_record *record);

/*
 * The id of a label set by its text: key, value, ..., each with its zero. INDEX_NONE: no memory. labels_text() takes
 * what the ABI allows, labels_any() any that has no more labels than a thread context can have.
 */
uint32_t labels_text(struct labels *labels, const char *text, size_t bytes);
uint32_t labels_any(struct labels *labels, const char *text, size_t bytes);

/* After the last labels_add(), before the first labels_find(). */
void labels_sort(struct labels *labels);

/* The id of what @tag of a sample of @pid at @time means; INDEX_NONE: no memory. @programs are sorted. */
uint32_t labels_find(struct labels *labels, const struct programs *programs, uint32_t pid, uint64_t tag, uint64_t time);

#endif /* PROFBUF_LABELS_H */
