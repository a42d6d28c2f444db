/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tags.h - label sets of samples: print them, group samples by them, filter samples by them
 *
 * A key is the key of a label. For the keys comm and cgroup, a sample without such a label has the value of its
 * process.
 */
#ifndef PROFBUF_TAGS_H
#define PROFBUF_TAGS_H

#include "cmd.h"

enum tag_style {
	TAG_TEXT,	/* "a=1, b=2"; with one key: "1" */
	TAG_WORD,	/* "a=1,b=2"; with one key: "a=1"; without white space and semicolons */
};

/* The label sets of a profile, or the values of one key: numbers from 0 without gaps, and their names. */
struct tag_values {
	const char *key;	/* NULL: whole label sets; the numbers are their ids */
	size_t n;
	char **names;		/* printable UTF-8; names[0]: TAG_NONE */
	bool *unknown;		/* by number: the meaning of the tag is not known */
	uint32_t *of_labels;	/* numbers, by label set's id; 0: it has no such label */
	uint32_t *of_program;	/* comm and cgroup: numbers, by program's id; else NULL */
};

#define TAG_NONE	"[none]"

/* Returns false if memory is short. The caller calls tag_values_free() in any case. */
bool tag_values_make(struct tag_values *values, const struct profbuf_profile *profile, const char *key,
		     enum tag_style style);
void tag_values_free(struct tag_values *values);

/* @program: the program of the event's stack. */
static inline uint32_t tag_value(const struct tag_values *values, const struct profbuf_event *e, uint32_t program)
{
	uint32_t value = values->of_labels[e->labels];

	return value || !values->of_program ? value : values->of_program[program];
}

/* The number of samples of one stack with one value. */
struct tag_stack {
	uint32_t stack;
	uint32_t value;
	uint64_t samples;
};

/*
 * Returns an array in the order of stacks, which the caller frees. @values may be NULL: then all values are 0. NULL: no
 * memory.
 */
struct tag_stack *tag_stacks(const struct profbuf_profile *profile, const struct tag_values *values, size_t *n);

/* A filter: keeps the samples that match every term. */
#define TAG_TERMS_MAX	32

struct tag_term {
	const char *text;	/* as the user gave it */
	char *key;
	const char *value;	/* NULL: any value */
	bool negated;
};

struct tag_filter {
	struct tag_term terms[TAG_TERMS_MAX];
	size_t n;
};

/* Adds a term: KEY=VALUE, KEY, !KEY=VALUE or !KEY. Returns false after printing what is wrong. */
bool tag_filter_add(struct tag_filter *filter, const char *text);
void tag_filter_free(struct tag_filter *filter);

/* Keeps only the samples that match. Returns false if memory is short. */
bool tag_filter_apply(const struct tag_filter *filter, struct profbuf_profile *profile);

/* script.c: prints samples to standard output, as profbuf script does. @tags: whole label sets. */
void print_samples(struct profbuf_profile *profile, const struct tag_values *tags, bool lines);

#endif /* PROFBUF_TAGS_H */
