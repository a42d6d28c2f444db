/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labels.h - what tags mean, over time
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
	uint32_t order;			/* position in the stream */
	uint64_t tag;
	uint64_t time;
	uint32_t labels;		/* id; INDEX_NONE: not decoded yet */
	const struct profbuf_tag *record;	/* a thread context; its keys may come later in the stream */
};

struct labels {
	struct symbols *symbols;	/* for its strings and memory */
	struct profbuf_labels **all;	/* by id */
	size_t n, room;
	struct index index;

	struct tag_definition *definitions;	/* sorted by pid, tag and time after labels_sort() */
	size_t nr_definitions, room_definitions, nr_sorted;

	const struct profbuf_otel_keys_record **keys;
	size_t nr_keys, room_keys;
};

/* False: no memory; the caller has to call labels_exit() then, too. */
bool labels_init(struct labels *labels, struct symbols *symbols);
void labels_exit(struct labels *labels);

/* Takes a record of the types TAG and OTEL_KEYS. False: no memory. */
bool labels_add(struct labels *labels, const struct profbuf_record *record);

/*
 * Both return the id of the label set with this text: key, value, ..., each zero-terminated. INDEX_NONE: no memory.
 * labels_text() accepts what the ABI allows; labels_any() accepts as many labels as a thread context can have.
 */
uint32_t labels_text(struct labels *labels, const char *text, size_t bytes);
uint32_t labels_any(struct labels *labels, const char *text, size_t bytes);

/* Call it after the last labels_add() and before the first labels_find(). */
void labels_sort(struct labels *labels);

/* Returns the id of the label set of @tag in a sample of @pid at @time; INDEX_NONE: no memory. @programs is sorted. */
uint32_t labels_find(struct labels *labels, const struct programs *programs, uint32_t pid, uint64_t tag, uint64_t time);

#endif /* PROFBUF_LABELS_H */
