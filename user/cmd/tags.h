/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tags.h - label sets of samples: as text, to tell samples apart, and to leave samples out
 *
 * A key is that of a label, or comm or cgroup: then samples without a label of that name have that of their process.
 */
#ifndef PROFBUF_TAGS_H
#define PROFBUF_TAGS_H

#include "cmd.h"

enum tag_style {
	TAG_TEXT,	/* "a=1, b=2"; of one key: "1" */
	TAG_WORD,	/* "a=1,b=2"; of one key: "a=1"; without white space and semicolons */
};

/* The label sets of a profile, or the values of one key, as numbers from 0 without gaps, and their names. */
struct tag_values {
	const char *key;	/* NULL: whole sets; the numbers are their ids */
	size_t n;
	char **names;		/* printable UTF-8; of 0: TAG_NONE */
	bool *unknown;		/* by number: not known what it means */
	uint32_t *of_labels;	/* numbers, by label set's id; 0: it has no such label */
	uint32_t *of_program;	/* comm and cgroup: numbers, by program's id; else NULL */
};

#define TAG_NONE	"[none]"

/* False: memory is short. tag_values_free() in any case. */
bool tag_values_make(struct tag_values *values, const struct profbuf_profile *profile, const char *key,
		     enum tag_style style);
void tag_values_free(struct tag_values *values);

/* @program: of the event's stack. */
static inline uint32_t tag_value(const struct tag_values *values, const struct profbuf_event *e, uint32_t program)
{
	uint32_t value = values->of_labels[e->labels];

	return value || !values->of_program ? value : values->of_program[program];
}

/* Samples of one stack with one value. */
struct tag_stack {
	uint32_t stack;
	uint32_t value;
	uint64_t samples;
};

/* In the order of stacks; @values may be NULL: then all are 0. free() it. NULL: no memory. */
struct tag_stack *tag_stacks(const struct profbuf_profile *profile, const struct tag_values *values, size_t *n);

/* Which samples are wanted: those that match every term. */
#define TAG_TERMS_MAX	32

struct tag_term {
	const char *text;	/* as given */
	char *key;
	const char *value;	/* NULL: any */
	bool negated;
};

struct tag_filter {
	struct tag_term terms[TAG_TERMS_MAX];
	size_t n;
};

/* One more term: KEY=VALUE, KEY, !KEY=VALUE or !KEY. False after saying what is wrong. */
bool tag_filter_add(struct tag_filter *filter, const char *text);
void tag_filter_free(struct tag_filter *filter);

/* Leaves only the samples that are wanted. False: memory is short. */
bool tag_filter_apply(const struct tag_filter *filter, struct profbuf_profile *profile);

/* As profbuf script does, to standard output; @tags: whole sets (script.c). */
void print_samples(struct profbuf_profile *profile, const struct tag_values *tags, bool lines);

#endif /* PROFBUF_TAGS_H */
