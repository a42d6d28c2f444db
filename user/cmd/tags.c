// SPDX-License-Identifier: GPL-2.0-only
/*
 * tags.c - label sets of samples: print them, group samples by them, filter samples by them
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "tags.h"

/* Text */

static void print_escape(FILE *f, unsigned int c)
{
	fprintf(f, c > 0xffff ? "\\U%08x" : c > 0xff ? "\\u%04x" : "\\x%02x", c);
}

/*
 * The text of labels comes from programs. Control characters become \xNN, \uNNNN or \UNNNNNNNN, so that they cannot
 * steer the terminal or hide text; bytes that are not UTF-8 become U+FFFD.
 */
static void print_label(FILE *f, const char *text, enum tag_style style)
{
	for (size_t n; *text; text += n ? n : 1) {
		char c = *text;

		n = utf8_bytes(text);
		if (!n)
			fputs("\xef\xbf\xbd", f);
		else if (style == TAG_WORD && (c == ' ' || c == '\t' || c == '\n'))
			fputc('_', f);
		else if (style == TAG_WORD && c == ';')
			fputc(':', f);
		else if (control_character(text) >= 0)
			print_escape(f, control_character(text));
		else
			fwrite(text, 1, n, f);
	}
}

static void print_labels(FILE *f, const struct profbuf_labels *labels, enum tag_style style)
{
	for (uint32_t i = 0; i < labels->n; i++) {
		if (i)
			fputs(style == TAG_WORD ? "," : ", ", f);
		print_label(f, labels->all[i].key, style);
		fputc('=', f);
		print_label(f, labels->all[i].value, style);
	}
}

static void print_unknown(FILE *f, const struct profbuf_labels *labels, enum tag_style style)
{
	const char *cause = profbuf_tag_cause_name(labels->cause);

	fprintf(f, "[unknown:%s%s]", style == TAG_WORD ? "" : " ", cause ? cause : "later");
}

/* Collects the output of one print function in a string. NULL: no memory. */
struct text {
	FILE *f;
	char *string;
	size_t bytes;
};

static bool text_begin(struct text *t)
{
	*t = (struct text){ 0 };
	t->f = open_memstream(&t->string, &t->bytes);
	return t->f;
}

static char *text_end(struct text *t)
{
	if (!fclose(t->f))
		return t->string;
	free(t->string);
	return NULL;
}

static char *name_of_set(const struct profbuf_labels *labels, enum tag_style style)
{
	struct text t;

	if (!text_begin(&t))
		return NULL;
	if (labels->cause != PROFBUF_TAG_KNOWN)
		print_unknown(t.f, labels, style);
	else if (labels->n)
		print_labels(t.f, labels, style);
	else
		fputs(TAG_NONE, t.f);
	return text_end(&t);
}

static char *name_of_value(const char *key, const char *value, enum tag_style style)
{
	struct text t;

	if (!text_begin(&t))
		return NULL;
	if (style == TAG_WORD) {
		print_label(t.f, key, style);
		fputc('=', t.f);
	} else if (!*value) {
		fputs("\"\"", t.f);
	}
	print_label(t.f, value, style);
	return text_end(&t);
}

/* Values of labels, and values of processes */

static const char *find_label(const struct profbuf_labels *labels, const char *key)
{
	for (uint32_t i = 0; i < labels->n; i++) {
		if (!strcmp(labels->all[i].key, key))
			return labels->all[i].value;
	}
	return NULL;
}

static bool is_of_programs(const char *key)
{
	return !strcmp(key, "comm") || !strcmp(key, "cgroup");
}

/* @buffer is used if the value is not stored as a string. */
static const char *program_value(const struct profbuf_program *program, const char *key, char buffer[32])
{
	if (!strcmp(key, "comm"))
		return program->comm;
	if (program->cgroup_path || !program->cgroup)
		return program->cgroup_path;
	/* The cgroup was gone before its path was looked up. */
	snprintf(buffer, 32, "id:%" PRIu64, program->cgroup);
	return buffer;
}

/* Values */

/* A value, and where the label set or program that has it stores its number. */
struct holder {
	const char *value;
	uint32_t *number;
};

static int by_value(const void *a, const void *b)
{
	return strcmp(((const struct holder *)a)->value, ((const struct holder *)b)->value);
}

static bool add_name(struct tag_values *v, char *name, bool unknown)
{
	v->names[v->n] = name;
	v->unknown[v->n++] = unknown;
	return name;
}

/* Gives numbers to the values of all holders, in the order of their text. */
static bool number_holders(struct tag_values *v, struct holder *holders, size_t n, enum tag_style style)
{
	if (n)
		qsort(holders, n, sizeof(*holders), by_value);
	for (size_t i = 0; i < n; i++) {
		if ((!i || by_value(&holders[i - 1], &holders[i])) &&
		    !add_name(v, name_of_value(v->key, holders[i].value, style), false))
			return false;
		*holders[i].number = v->n - 1;
	}
	return true;
}

static bool make_sets(struct tag_values *v, const struct profbuf_labels *const *labels, size_t n, enum tag_style style)
{
	for (size_t i = 0; i < n; i++) {
		v->of_labels[i] = i;
		if (!add_name(v, name_of_set(labels[i], style), labels[i]->cause != PROFBUF_TAG_KNOWN))
			return false;
	}
	return true;
}

static bool make_values(struct tag_values *v, const struct profbuf_profile *profile, enum tag_style style)
{
	const struct profbuf_program *const *programs;
	const struct profbuf_labels *const *labels;
	size_t i, n = 0, nr_labels = profbuf_profile_labels(profile, &labels);
	size_t nr_programs = profbuf_profile_programs(profile, &programs);
	struct holder *holders = calloc(nr_labels + nr_programs, sizeof(*holders));
	char (*buffers)[32] = calloc(nr_programs + 1, sizeof(*buffers));
	bool ok = holders && buffers && add_name(v, strdup(TAG_NONE), false);

	for (i = 0; ok && i < nr_labels; i++) {
		const char *value = find_label(labels[i], v->key);

		if (value)
			holders[n++] = (struct holder){ value, &v->of_labels[i] };
		/* If the tag's meaning is not known, the value of the process still holds. */
		if (labels[i]->cause == PROFBUF_TAG_KNOWN || v->of_program)
			continue;
		v->of_labels[i] = v->n;
		ok = add_name(v, name_of_set(labels[i], style), true);
	}
	for (i = 0; ok && v->of_program && i < nr_programs; i++) {
		const char *value = program_value(programs[i], v->key, buffers[i]);

		if (value)
			holders[n++] = (struct holder){ value, &v->of_program[i] };
	}
	ok = ok && number_holders(v, holders, n, style);
	free(holders);
	free(buffers);
	return ok;
}

bool tag_values_make(struct tag_values *v, const struct profbuf_profile *profile, const char *key,
		     enum tag_style style)
{
	const struct profbuf_program *const *programs;
	const struct profbuf_labels *const *labels;
	size_t nr_labels = profbuf_profile_labels(profile, &labels);
	size_t nr_programs = profbuf_profile_programs(profile, &programs);
	bool of_programs = key && is_of_programs(key);

	*v = (struct tag_values){ .key = key };
	v->names = calloc(1 + nr_labels + nr_programs, sizeof(*v->names));
	v->unknown = calloc(1 + nr_labels + nr_programs, sizeof(*v->unknown));
	v->of_labels = calloc(nr_labels, sizeof(*v->of_labels));
	if (of_programs)
		v->of_program = calloc(nr_programs + 1, sizeof(*v->of_program));
	if (!v->names || !v->unknown || !v->of_labels || (of_programs && !v->of_program))
		return false;
	return key ? make_values(v, profile, style) : make_sets(v, labels, nr_labels, style);
}

void tag_values_free(struct tag_values *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->names[i]);
	free(v->names);
	free(v->unknown);
	free(v->of_labels);
	free(v->of_program);
	*v = (struct tag_values){ 0 };
}

/* Stacks */

/* A stack and a value in one word, and the number of samples. */
struct weighted {
	uint64_t word;
	uint64_t weight;
};

static struct tag_stack *untagged_stacks(const struct profbuf_profile *profile, size_t *n)
{
	const struct profbuf_stack *stacks;
	size_t i, nr_stacks = profbuf_profile_stacks(profile, &stacks);
	struct tag_stack *all = calloc(nr_stacks + 1, sizeof(*all));
	uint64_t *weights = stack_weights(profile);

	for (i = *n = 0; all && weights && i < nr_stacks; i++) {
		if (weights[i])
			all[(*n)++] = (struct tag_stack){ i, 0, weights[i] };
	}
	if (!weights) {
		free(all);
		all = NULL;
	}
	free(weights);
	return all;
}

struct tag_stack *tag_stacks(const struct profbuf_profile *profile, const struct tag_values *values, size_t *n)
{
	const struct profbuf_event *events;
	const struct profbuf_stack *stacks;
	size_t i, nr_events = profbuf_profile_events(profile, &events);
	struct tag_stack *all;
	struct weighted *words;

	if (!values)
		return untagged_stacks(profile, n);
	profbuf_profile_stacks(profile, &stacks);
	words = calloc(nr_events + 1, sizeof(*words));
	all = calloc(nr_events + 1, sizeof(*all));
	if (!words || !all) {
		free(words);
		free(all);
		return NULL;
	}
	for (i = 0; i < nr_events; i++)
		words[i] = (struct weighted){
			(uint64_t)events[i].stack << 32 |
				tag_value(values, &events[i], stacks[events[i].stack].program),
			events[i].weight,
		};
	if (nr_events)
		qsort(words, nr_events, sizeof(*words), by_word);
	for (i = *n = 0; i < nr_events; i++) {
		if (!i || words[i].word != words[i - 1].word)
			all[(*n)++] = (struct tag_stack){ words[i].word >> 32, (uint32_t)words[i].word, 0 };
		all[*n - 1].samples += words[i].weight;
	}
	free(words);
	return all;
}

/* Filter */

bool tag_filter_add(struct tag_filter *filter, const char *text)
{
	bool negated = *text == '!';
	const char *key = text + negated, *equals = strchr(key, '=');
	struct tag_term *term = &filter->terms[filter->n];

	if (!*key || equals == key) {
		fail("--tag takes KEY=VALUE, KEY or !KEY, not \"%s\"", text);
		return false;
	}
	if (filter->n == TAG_TERMS_MAX) {
		fail("--tag: %d of them at most", TAG_TERMS_MAX);
		return false;
	}
	*term = (struct tag_term){ .text = text, .negated = negated, .value = equals ? equals + 1 : NULL };
	term->key = equals ? strndup(key, equals - key) : strdup(key);
	if (!term->key) {
		fail("no memory");
		return false;
	}
	filter->n++;
	return true;
}

void tag_filter_free(struct tag_filter *filter)
{
	for (size_t i = 0; i < filter->n; i++)
		free(filter->terms[i].key);
	filter->n = 0;
}

enum verdict { ABSENT, WANTED, UNWANTED };

/* The result of a term for each label set. If that is ABSENT, the result for the program counts. */
struct verdicts {
	uint8_t *of_labels;
	uint8_t *of_program;	/* NULL: ABSENT for all */
	uint8_t absent;		/* the result if the label is not there */
};

struct filter_context {
	const struct tag_filter *filter;
	const struct profbuf_stack *stacks;
	struct verdicts verdicts[TAG_TERMS_MAX];
};

static enum verdict judge(const struct tag_term *term, const char *value)
{
	if (!value)
		return ABSENT;
	return (!term->value || !strcmp(term->value, value)) == !term->negated ? WANTED : UNWANTED;
}

static bool make_verdicts(struct verdicts *v, const struct tag_term *term, const struct profbuf_profile *profile)
{
	const struct profbuf_program *const *programs;
	const struct profbuf_labels *const *labels;
	size_t i, nr_labels = profbuf_profile_labels(profile, &labels);
	size_t nr_programs = profbuf_profile_programs(profile, &programs);
	bool of_programs = is_of_programs(term->key);
	char buffer[32];

	v->absent = term->negated ? WANTED : UNWANTED;
	v->of_labels = calloc(nr_labels, 1);
	v->of_program = of_programs ? calloc(nr_programs + 1, 1) : NULL;
	if (!v->of_labels || (of_programs && !v->of_program))
		return false;
	for (i = 0; i < nr_labels; i++) {
		v->of_labels[i] = judge(term, find_label(labels[i], term->key));
		if (labels[i]->cause != PROFBUF_TAG_KNOWN && !of_programs)
			v->of_labels[i] = UNWANTED;
	}
	for (i = 0; of_programs && i < nr_programs; i++)
		v->of_program[i] = judge(term, program_value(programs[i], term->key, buffer));
	return true;
}

static bool is_wanted(const struct profbuf_event *e, const void *context)
{
	const struct filter_context *c = context;

	for (size_t i = 0; i < c->filter->n; i++) {
		const struct verdicts *v = &c->verdicts[i];
		uint8_t verdict = v->of_labels[e->labels];

		if (verdict == ABSENT && v->of_program)
			verdict = v->of_program[c->stacks[e->stack].program];
		if ((verdict == ABSENT ? v->absent : verdict) != WANTED)
			return false;
	}
	return true;
}

bool tag_filter_apply(const struct tag_filter *filter, struct profbuf_profile *profile)
{
	struct filter_context c = { .filter = filter };
	bool ok = true;
	size_t i;

	if (!filter->n)
		return true;
	profbuf_profile_stacks(profile, &c.stacks);
	for (i = 0; ok && i < filter->n; i++)
		ok = make_verdicts(&c.verdicts[i], &filter->terms[i], profile);
	if (ok)
		profbuf_profile_keep(profile, is_wanted, &c);
	for (i = 0; i < filter->n; i++) {
		free(c.verdicts[i].of_labels);
		free(c.verdicts[i].of_program);
	}
	return ok;
}
