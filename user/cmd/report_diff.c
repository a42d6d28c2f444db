// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_diff.c - profbuf report --diff: two profiles next to each other
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* The rows of one name in both reports. */
struct pair {
	const char *name;
	const char *object;
	uint64_t self[2];
	double percent[2];	/* of the samples of each report */
};

static int by_name(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->object, y->object);
}

static int by_difference(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	double dx = fabs(x->percent[1] - x->percent[0]), dy = fabs(y->percent[1] - y->percent[0]);

	if (dx != dy)
		return dx < dy ? 1 : -1;
	return by_name(a, b);
}

/* Takes the rows of both reports and merges those with the same name. Return: the number of pairs. */
static size_t make_pairs(struct pair *pairs, const struct report *const reports[2])
{
	size_t i, n = 0, merged = 0;

	for (int side = 0; side < 2; side++) {
		for (i = 0; i < reports[side]->n; i++) {
			const struct report_row *row = &reports[side]->rows[i];

			if (!row->self)
				continue;
			pairs[n] = (struct pair){ .name = row->name, .object = row->object };
			pairs[n++].self[side] = row->self;
		}
	}
	if (n)
		qsort(pairs, n, sizeof(*pairs), by_name);
	for (i = 0; i < n; i++) {
		if (merged && !by_name(&pairs[merged - 1], &pairs[i])) {
			pairs[merged - 1].self[0] += pairs[i].self[0];
			pairs[merged - 1].self[1] += pairs[i].self[1];
		} else {
			pairs[merged++] = pairs[i];
		}
	}
	for (i = 0; i < merged; i++) {
		for (int side = 0; side < 2; side++)
			pairs[i].percent[side] = report_share(pairs[i].self[side], reports[side]->samples);
	}
	if (merged)
		qsort(pairs, merged, sizeof(*pairs), by_difference);
	return merged;
}

/* A pair is shown if a row of one of the two reports would be. */
static bool wants(const struct report_options *o, const struct pair *p)
{
	return report_matches(o, p->name, p->object) &&
	       (p->self[0] >= o->min_samples || p->self[1] >= o->min_samples) &&
	       (p->percent[0] >= o->min_percent || p->percent[1] >= o->min_percent);
}

static void print_text(const struct report_options *o, const struct pair *pairs, size_t n)
{
	uint64_t shown = 0;

	printf("%8s %8s %8s  %-42s %s\n", "A self %", "B self %", "B - A", report_by_name(o),
	       report_object_name(o));
	for (size_t i = 0; i < n && shown < o->limit; i++) {
		if (!wants(o, &pairs[i]))
			continue;
		printf("%8.2f %8.2f %+8.2f  ", pairs[i].percent[0], pairs[i].percent[1],
		       pairs[i].percent[1] - pairs[i].percent[0]);
		report_print_names(pairs[i].name, pairs[i].object);
		shown++;
	}
}

static void print_json(const struct report *const reports[2], const struct pair *pairs, size_t n)
{
	const struct report_options *o = reports[0]->options;
	struct json json = { .f = stdout };
	uint64_t shown = 0;

	json_object_begin(&json, NULL);
	report_print_json_summary(&json, reports[0], "a");
	report_print_json_summary(&json, reports[1], "b");
	report_print_json_by(&json, o);
	json_array_begin(&json, "rows");
	for (size_t i = 0; i < n && shown < o->limit; i++) {
		const struct pair *p = &pairs[i];

		if (!wants(o, p))
			continue;
		report_print_json_row(&json, o, p->name, p->object);
		json_unsigned(&json, "self_a", p->self[0]);
		json_unsigned(&json, "self_b", p->self[1]);
		json_double(&json, "percent_a", "%.6g", p->percent[0]);
		json_double(&json, "percent_b", "%.6g", p->percent[1]);
		json_double(&json, "difference", "%.6g", p->percent[1] - p->percent[0]);
		json_object_end(&json);
		shown++;
	}
	json_array_end(&json);
	json_object_end(&json);
}

int report_diff(struct report *a, struct report *b)
{
	const struct report *const reports[] = { a, b };
	struct pair *pairs = NULL;
	bool ok = report_count(a) && report_count(b);
	size_t n;

	if (ok)
		pairs = calloc(a->n + b->n + 1, sizeof(*pairs));
	if (!pairs)
		return fail("%s", strerror(ENOMEM));
	n = make_pairs(pairs, reports);
	if (a->options->json) {
		print_json(reports, pairs, n);
	} else {
		report_print_header(a, "A: ");
		report_print_header(b, "B: ");
		print_text(a->options, pairs, n);
	}
	free(pairs);
	return finish_output();
}
