/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * export.h - the formats of profbuf export, and what they share
 *
 * A format writes a profile and returns false if memory is short. It may sort the profile. The caller checks whether
 * everything was written.
 */
#ifndef PROFBUF_EXPORT_H
#define PROFBUF_EXPORT_H

#include "tags.h"

struct export_options {
	const char *path;	/* path of the profile, used as a title */
	const struct tag_values *root;	/* folded and flamegraph: values for the outermost frame; NULL: the process */
	bool by_thread;		/* speedscope: one profile for each thread, */
	const struct tag_values *by;	/* or for each of these values, or else for each process */
	bool lines, inlines;	/* the profile was read with these options */
};

bool export_folded(FILE *f, struct profbuf_profile *profile, const struct export_options *options);
/* flamegraph.c: one SVG file. */
bool export_flamegraph(FILE *f, struct profbuf_profile *profile, const struct export_options *options);
bool export_json(FILE *f, struct profbuf_profile *profile, const struct export_options *options);
bool export_perf(FILE *f, struct profbuf_profile *profile, const struct export_options *options);
bool export_pprof(FILE *f, struct profbuf_profile *profile, const struct export_options *options);
bool export_speedscope(FILE *f, struct profbuf_profile *profile, const struct export_options *options);

/* Are the values periods of a cycle counter, not of time? */
static inline bool is_cycles(const struct profbuf_profile *profile)
{
	return profbuf_profile_info(profile)->source == PROFBUF_SOURCE_PERF_CYCLES;
}

static inline unsigned int stack_depth(const struct profbuf_stack *stack)
{
	return stack->nr_kernel + stack->nr_user;
}

/* How many periods the lost samples stand for; comparable to the weights of events. */
uint64_t lost_weight(const struct profbuf_profile *profile);

/*
 * bucket_sort() - sorts the positions 0 to @n - 1 by their keys; positions with equal keys stay in order
 * @key: returns the key of position i of @of; less than @nr_keys
 * @first: gets an array with where each key's positions begin, @nr_keys + 1 elements; the caller frees it, too
 *
 * Return: the sorted positions, which the caller frees. NULL: no memory.
 */
uint32_t *bucket_sort(const void *of, size_t n, uint32_t (*key)(const void *of, size_t i), size_t nr_keys,
		      uint32_t **first);

/* Where the code of a kernel object lies, in whole pages, as far as the samples show. */
struct kernel_span {
	const struct profbuf_object *object;	/* NULL: not an object of the kernel */
	uint64_t start;
	uint64_t end;
};

/* One span for each object id, @n of them. The caller frees the array. NULL: no memory. */
struct kernel_span *kernel_spans(const struct profbuf_profile *profile, size_t *n);

#endif /* PROFBUF_EXPORT_H */
