// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_timeline.c - profbuf report --timeline: what happened when
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#define BUCKETS_MAX	10000
#define BAR_WIDTH	20

struct bucket {
	uint64_t from;
	uint64_t samples;
	uint64_t lost;
	uint64_t top;		/* samples of @name */
	char *name;		/* the row with the most samples; NULL: there is none */
};

struct timeline {
	const struct report *report;
	uint64_t start;		/* of the recording */
	uint64_t from, span;
	struct bucket *buckets;
	size_t n;
	uint64_t most;		/* largest number of samples in a bucket */
};

static bool count_bucket(struct timeline *t, size_t i)
{
	struct bucket *b = &t->buckets[i];
	const struct report_row *top = NULL;
	struct report part = {
		.options = t->report->options, .profile = t->report->profile, .accounting = t->report->accounting,
		.part = true, .values = t->report->values,
	};
	bool ok;

	b->from = t->from + (uint64_t)((double)t->span * i / t->n);
	/* Every sample of the report lies in a bucket, even if its time is before the start or after the end. */
	part.from = i ? b->from : t->report->part ? t->report->from : 0;
	part.to = i + 1 < t->n ? t->from + (uint64_t)((double)t->span * (i + 1) / t->n) :
		  t->report->part ? t->report->to : UINT64_MAX;
	ok = report_count(&part);
	for (size_t k = 0; ok && k < part.n; k++) {
		const struct report_row *row = &part.rows[k];

		if (row->self && (!top || row->self > top->self) && report_wants(&part, row))
			top = row;
	}
	b->samples = part.samples;
	b->lost = part.lost;
	if (b->samples > t->most)
		t->most = b->samples;
	if (top) {
		b->top = top->self;
		b->name = strdup(top->name);
		ok = b->name;
	}
	report_free(&part);
	return ok;
}

static void print_text(const struct timeline *t)
{
	size_t marker = 0;

	printf("%10s %9s %9s  %-*s %8s  %s\n", "second", "samples", "lost", BAR_WIDTH, "", "self %",
	       report_by_name(t->report->options));
	for (size_t i = 0; i < t->n; i++) {
		const struct bucket *b = &t->buckets[i];
		int bar = t->most ? (b->samples * BAR_WIDTH + t->most - 1) / t->most : 0;

		printf("%10.3f %9" PRIu64 " %9" PRIu64 "  %-*.*s ", (b->from - t->start) / 1e9, b->samples, b->lost,
		       BAR_WIDTH, bar, "####################");
		if (b->name) {
			printf("%8.2f  ", report_share(b->top, b->samples));
			print_harmless(stdout, b->name, SIZE_MAX);
			putchar('\n');
		} else {
			printf("%8s\n", "-");
		}
		/* Like samples, markers before the first bucket or after the last one are in that bucket. */
		marker = report_print_markers_before(t->report, marker,
						     i + 1 < t->n ? t->buckets[i + 1].from : UINT64_MAX);
	}
}

static void print_json(const struct timeline *t)
{
	struct json json = { .f = stdout };

	json_object_begin(&json, NULL);
	report_print_json_summary(&json, t->report, "recording");
	json_double(&json, "bucket_seconds", "%.9g", t->span / 1e9 / t->n);
	report_print_json_by(&json, t->report->options);
	report_print_json_markers(&json, t->report);
	json_array_begin(&json, "buckets");
	for (size_t i = 0; i < t->n; i++) {
		const struct bucket *b = &t->buckets[i];

		json_line(&json);
		json_object_begin(&json, NULL);
		json_double(&json, "second", "%.9g", (b->from - t->start) / 1e9);
		json_unsigned(&json, "samples", b->samples);
		json_unsigned(&json, "lost", b->lost);
		if (b->name) {
			json_string(&json, "top", b->name);
			json_unsigned(&json, "self", b->top);
		}
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
}

int report_timeline(const struct report *r)
{
	const struct report_options *o = r->options;
	struct timeline t = { .report = r, .start = profbuf_profile_info(r->profile)->time };
	uint64_t end = t.start + profbuf_profile_duration(r->profile);
	double n = o->buckets;
	bool ok = true;

	t.from = r->part && r->from > t.start ? r->from : t.start;
	t.span = (r->part && r->to < end ? r->to : end) - t.from;
	if (o->bucket_seconds)
		n = ceil(t.span / 1e9 / o->bucket_seconds);
	if (n > BUCKETS_MAX)
		return fail("a timeline of %.6g lines: at most %u, please", n, BUCKETS_MAX);
	t.n = n < 1 ? 1 : n;
	/* With buckets of a given length, the last one may reach past the end. */
	if (o->bucket_seconds)
		t.span = t.n * o->bucket_seconds * 1e9;
	t.buckets = calloc(t.n, sizeof(*t.buckets));
	for (size_t i = 0; t.buckets && ok && i < t.n; i++)
		ok = count_bucket(&t, i);
	if (t.buckets && ok) {
		if (o->json) {
			print_json(&t);
		} else {
			report_print_header(r, "");
			print_text(&t);
		}
	}
	for (size_t i = 0; t.buckets && i < t.n; i++)
		free(t.buckets[i].name);
	ok &= !!t.buckets;
	free(t.buckets);
	return ok ? finish_output() : fail("%s", strerror(ENOMEM));
}
