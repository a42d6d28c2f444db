/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * export.h - the formats of profbuf export, and what they share
 *
 * A format writes a profile and returns false if memory is short. It may sort the profile. Whether all was written is
 * for the caller to look at.
 */
#ifndef PROFBUF_EXPORT_H
#define PROFBUF_EXPORT_H

#include "tags.h"

struct export_options {
	const char *path;	/* of the profile, a title */
	const struct tag_values *root;	/* folded and flamegraph: the outermost frame; NULL: the process */
	bool by_thread;		/* speedscope: a profile for each thread, */
	const struct tag_values *by;	/* or for each of these; else for each process */
	bool lines, inlines;	/* are what the profile was read with */
};

bool export_folded(FILE *f, struct profbuf_profile *profile, const struct export_options *options);
/* One SVG file (flamegraph.c). */
bool export_flamegraph(FILE *f, struct profbuf_profile *profile, const struct export_options *options);
bool export_json(FILE *f, struct profbuf_profile *profile, const struct export_options *options);
bool export_perf(FILE *f, struct profbuf_profile *profile, const struct export_options *options);
bool export_pprof(FILE *f, struct profbuf_profile *profile, const struct export_options *options);
bool export_speedscope(FILE *f, struct profbuf_profile *profile, const struct export_options *options);

/* Values are periods of a cycle counter, not of time. */
static inline bool is_cycles(const struct profbuf_profile *profile)
{
	return profbuf_profile_info(profile)->source == PROFBUF_SOURCE_PERF_CYCLES;
}

static inline unsigned int stack_depth(const struct profbuf_stack *stack)
{
	return stack->nr_kernel + stack->nr_user;
}

/* Periods that what was lost stands for, as the weights of events. */
uint64_t lost_weight(const struct profbuf_profile *profile);

/*
 * bucket_sort() - positions of 0..@n - 1 by their keys, those with equal keys in order
 * @key: of position i of @of; less than @nr_keys
 * @first: where each key's positions begin, nr_keys + 1 of them; free() it, too
 *
 * Return: the positions; free() them. NULL: no memory.
 */
uint32_t *bucket_sort(const void *of, size_t n, uint32_t (*key)(const void *of, size_t i), size_t nr_keys,
		      uint32_t **first);

/* Where the code of an object of the kernel lies, as far as samples tell, in whole pages. */
struct kernel_span {
	const struct profbuf_object *object;	/* NULL: not an object of the kernel */
	uint64_t start;
	uint64_t end;
};

/* By the objects' ids; @n of them. free() it. NULL: no memory. */
struct kernel_span *kernel_spans(const struct profbuf_profile *profile, size_t *n);

#endif /* PROFBUF_EXPORT_H */
