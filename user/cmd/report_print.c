// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_print.c - a report as text and as JSON
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

#define NAME_COLUMNS	42

/* The number of lost descriptions of processes and, for the last two causes, of tags. */
static uint64_t sideband_lost(const struct profbuf_accounting *a)
{
	return a->sideband_lost[PROFBUF_SIDEBAND_BUSY] + a->sideband_lost[PROFBUF_SIDEBAND_MEMORY] +
	       a->sideband_lost[PROFBUF_SIDEBAND_LIMIT] + a->sideband_lost[PROFBUF_SIDEBAND_CHANGES];
}

/* The number of CPUs on which the source was on: a session may run on only some CPUs. */
static unsigned int cpus_sampled(const struct profbuf_accounting *a)
{
	unsigned int i, n = 0;

	for (i = 0; i < a->nr_cpus; i++)
		n += a->cpus[i]->counters->ticks || a->cpus[i]->samples || a->cpus[i]->lost;
	return n;
}

/* Samples delivered per second of the recording and per sampled CPU. */
static double effective_rate(const struct report *r)
{
	double seconds = profbuf_profile_duration(r->profile) / 1e9;
	unsigned int cpus = cpus_sampled(r->accounting);

	if (seconds <= 0 || !cpus || r->accounting->verdict == PROFBUF_UNCOUNTED)
		return 0;
	return r->accounting->sum->samples / seconds / cpus;
}

static void print_accounts(const struct profbuf_accounting *a)
{
	fputs("# ", stdout);
	print_verdict(stdout, a);
	putchar('\n');
	if (sideband_lost(a))
		printf("# %" PRIu64 " descriptions of processes or tags are missing: frames or labels are unknown\n",
		       sideband_lost(a));
	if (a->max_stride > 1)
		printf("# the overhead budget lowered the rate to 1/%" PRIu64 " at most; samples are weighted\n",
		       a->max_stride);
	if (a->sideband_lost[PROFBUF_SIDEBAND_TAGS])
		printf("# %" PRIu64 " meanings of tags are missing: they were too many at once\n",
		       a->sideband_lost[PROFBUF_SIDEBAND_TAGS]);
	if (profbuf_accounting_tags_lost(a)) {
		fputs("# ", stdout);
		print_tags_lost(stdout, a->tags_lost);
		putchar('\n');
	}
}

static void print_part(const struct report *r)
{
	uint64_t start = profbuf_profile_info(r->profile)->time, end = start + profbuf_profile_duration(r->profile);

	if (r->part)
		printf("# from %.6g s to %.6g s:\n", r->from ? (r->from - start) / 1e9 : 0.0,
		       ((r->to < end ? r->to : end) - start) / 1e9);
}

static void print_filter(const struct report *r)
{
	const struct tag_filter *filter = &r->options->read.filter;

	if (!filter->n)
		return;
	fputs("# only samples with ", stdout);
	for (size_t i = 0; i < filter->n; i++) {
		fputs(i ? ", " : "", stdout);
		print_harmless(stdout, filter->terms[i].text, SIZE_MAX);
	}
	printf(": %" PRIu64 " of %" PRIu64 " recorded\n", report_samples(r->profile), r->recorded);
}

/* Prints how much CPU time has no label, or no known one. */
static void print_untagged(const struct report *r)
{
	const char *key = r->options->tag_key;

	if (r->options->by != BY_TAG || r->options->timeline)
		return;
	printf("# %.2f %% of the CPU time carried no label%s%s", report_share(r->untagged, r->samples), key ? " " : "",
	       key ? key : "");
	if (r->unread_unknown)
		fputs(", or a tag that could not be read", stdout);
	else if (r->unread_tags)
		printf(", %.2f %% a tag that could not be read", report_share(r->unread_tags, r->samples));
	if (r->unknown_tags)
		printf(", %.2f %% a tag whose meaning is not known", report_share(r->unknown_tags, r->samples));
	putchar('\n');
}

static void print_recording(const struct report *r)
{
	const struct profbuf_stream_info *info = profbuf_profile_info(r->profile);
	const char *source = profbuf_source_name(info->source);

	fputs(", ", stdout);
	print_harmless(stdout, info->release, sizeof(info->release));
	putchar(' ');
	print_harmless(stdout, info->machine, sizeof(info->machine));
	printf(", %u CPUs\n", info->nr_cpus);
	printf("# %.1f s ", profbuf_profile_duration(r->profile) / 1e9);
	if (info->source == PROFBUF_SOURCE_PERF_CYCLES)
		printf("with a sample every %" PRIu64 " cycles", (uint64_t)info->period);
	else
		printf("at %.6g Hz, %s", 1e9 / info->period, source ? source : "unknown source");
	printf("; %.4g samples a second of each of %u CPUs\n", effective_rate(r), cpus_sampled(r->accounting));
}

static void print_kernel_symbols(const struct report *r)
{
	int err = profbuf_profile_kernel_symbols(r->profile);

	if (err && profbuf_profile_info(r->profile)->kernel_depth)
		printf("# no kernel symbols: %s\n",
		       err == -ESTALE ? "the file has none, and this is another kernel or boot" :
		       err == -EPERM ? "/proc/kallsyms hides them from this user" : strerror(-err));
}

/* Prints how many user stacks are complete, and why the others are not. */
static void print_stops(const struct report *r)
{
	unsigned int i, any = 0;
	uint64_t sum = 0;

	for (i = PROFBUF_STOP_NONE + 1; i < STOPS; i++)
		sum += r->stops.user[i];
	if (!sum)
		return;
	printf("# user stacks: %.1f %% whole", report_share(r->stops.user[PROFBUF_STOP_END], sum));
	for (i = PROFBUF_STOP_END + 1; i < STOPS; i++) {
		const char *name = profbuf_stop_name(i);

		if (r->stops.user[i])
			printf("%s %s %.1f %%", any++ ? "," : "; ended by:", name ? name : "later",
			       report_share(r->stops.user[i], sum));
	}
	putchar('\n');
}

void report_print_header(const struct report *r, const char *which)
{
	const struct profbuf_stream_info *info = profbuf_profile_info(r->profile);
	time_t start = (info->time + info->realtime_offset) / 1000000000;
	char date[64];

	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", gmtime(&start));
	printf("# %s", which);
	print_harmless(stdout, r->path, SIZE_MAX);
	printf(": %s", start ? date : "no date");
	if (r->accounting->verdict == PROFBUF_UNCOUNTED)
		printf(", a pprof file of %.1f s\n", profbuf_profile_duration(r->profile) / 1e9);
	else
		print_recording(r);
	print_accounts(r->accounting);
	print_kernel_symbols(r);
	print_filter(r);
	print_part(r);
	printf("# %" PRIu64 " ", r->samples);
	print_harmless(stdout, profbuf_profile_value(r->profile), SIZE_MAX);
	printf(", %" PRIu64 " lost in %" PRIu64 " gaps, %.1f %% of frames unknown\n", r->lost, r->gaps,
	       report_share(r->unknown_frames, r->frames));
	print_stops(r);
	print_untagged(r);
	report_print_markers(r);
	putchar('\n');
}

void report_print_names(const char *name, const char *object)
{
	size_t columns = print_harmless(stdout, name, SIZE_MAX);

	printf("%*s ", columns < NAME_COLUMNS ? (int)(NAME_COLUMNS - columns) : 0, "");
	print_harmless(stdout, object, SIZE_MAX);
	putchar('\n');
}

void report_print_rows(const struct report *r)
{
	const struct report_options *o = r->options;
	bool around = o->callers || o->callees;
	const char *bold = "", *plain = "";
	uint64_t shown = 0;
	size_t i;

	if (isatty(STDOUT_FILENO)) {
		bold = "\033[1m";
		plain = "\033[m";
	}
	if (around) {
		print_harmless(stdout, o->callers ? o->callers : o->callees, SIZE_MAX);
		printf(" is in %" PRIu64 " samples, %.2f %%\n\n", r->samples_with,
		       report_share(r->samples_with, r->samples));
	}
	printf("%s%8s %8s  %-42s %s%s\n", bold, around ? "of it %" : "self %", "total %",
	       o->callers ? "caller" : o->callees ? "callee" : report_by_name(o),
	       report_object_name(o), plain);
	for (i = 0; i < r->n && shown < o->limit; i++) {
		const struct report_row *row = &r->rows[i];

		if (!report_wants(r, row))
			continue;
		printf("%8.2f %8.2f  ",
		       around ? report_share(row->total, r->samples_with) : report_share(row->self, r->samples),
		       report_share(row->total, r->samples));
		report_print_names(row->name, row->object);
		shown++;
	}
}

void report_print_json_by(struct json *json, const struct report_options *o)
{
	json_string(json, "by", report_by_key(o->by));
	if (o->by == BY_TAG && o->tag_key)
		json_string(json, "key", o->tag_key);
}

static bool is_exact(const struct report *r)
{
	return r->accounting->verdict == PROFBUF_EXACT || r->accounting->verdict == PROFBUF_PART;
}

void report_print_json_summary(struct json *json, const struct report *r, const char *key)
{
	json_object_begin(json, key);
	json_string(json, "file", r->path);
	if (r->options->read.filter.n)
		json_unsigned(json, "recorded", r->recorded);
	json_unsigned(json, "samples", r->samples);
	json_unsigned(json, "lost", r->lost);
	json_bool(json, "exact", is_exact(r));
	json_object_end(json);
}

void report_print_json_row(struct json *json, const struct report_options *o, const char *name, const char *object)
{
	json_line(json);
	json_object_begin(json, NULL);
	json_string(json, "name", name);
	if (*report_object_name(o))
		json_string(json, report_object_name(o), object);
}

/* These values are about the whole recording, even if only a part of it is shown. */
static void print_json_recording(struct json *json, const struct report *r)
{
	const struct profbuf_accounting *a = r->accounting;

	json_unsigned(json, "period", profbuf_profile_info(r->profile)->period);
	json_double(json, "seconds", "%.9g", profbuf_profile_duration(r->profile) / 1e9);
	json_unsigned(json, "cpus_sampled", cpus_sampled(a));
	json_double(json, "effective_rate", "%.6g", effective_rate(r));
	json_bool(json, "complete", a->verdict != PROFBUF_UNFINISHED && a->verdict != PROFBUF_UNCOUNTED);
	json_bool(json, "exact", is_exact(r));
	if (a->part)
		json_unsigned(json, "part", a->part);
	json_unsigned(json, "sideband_lost", sideband_lost(a));
	json_unsigned(json, "rate_changes", a->rate_changes);
	json_unsigned(json, "max_stride", a->max_stride ? a->max_stride : 1);
	json_object_begin(json, "counters");
	print_json_counters(json, a->sum->counters);
	json_object_end(json);
	json_object_begin(json, "tags_lost");
	for (unsigned int i = PROFBUF_TAG_FAULT; i < PROFBUF_NR_TAG_CAUSES; i++)
		json_unsigned(json, profbuf_tag_cause_name(i), a->tags_lost[i]);
	json_object_end(json);
}

static void print_json_tags(struct json *json, const struct report *r)
{
	json_unsigned(json, "untagged", r->untagged);
	json_unsigned(json, "unknown_tags", r->unknown_tags);
	if (!r->unread_unknown)
		json_unsigned(json, "unread_tags", r->unread_tags);
}

static void print_json_rows(struct json *json, const struct report *r)
{
	const struct report_options *o = r->options;
	uint64_t shown = 0;

	json_array_begin(json, "rows");
	for (size_t i = 0; i < r->n && shown < o->limit; i++) {
		if (!report_wants(r, &r->rows[i]))
			continue;
		report_print_json_row(json, o, r->rows[i].name, r->rows[i].object);
		if (!o->callers && !o->callees)
			json_unsigned(json, "self", r->rows[i].self);
		json_unsigned(json, "total", r->rows[i].total);
		json_object_end(json);
		shown++;
	}
	json_array_end(json);
}

void report_print_json(const struct report *r)
{
	const struct report_options *o = r->options;
	struct json json = { .f = stdout };

	json_object_begin(&json, NULL);
	json_unsigned(&json, "samples", r->samples);
	json_unsigned(&json, "lost", r->lost);
	if (o->read.filter.n)
		json_unsigned(&json, "recorded", r->recorded);
	if (strcmp(profbuf_profile_value(r->profile), "samples"))
		json_string(&json, "value", profbuf_profile_value(r->profile));
	json_unsigned(&json, "frames", r->frames);
	json_unsigned(&json, "unknown_frames", r->unknown_frames);
	print_json_recording(&json, r);
	stops_print_json(&json, &r->stops);
	report_print_json_markers(&json, r);
	if (o->callers || o->callees) {
		json_string(&json, o->callers ? "callers_of" : "callees_of", o->callers ? o->callers : o->callees);
		json_unsigned(&json, "samples_with", r->samples_with);
	}
	if (o->by == BY_TAG)
		print_json_tags(&json, r);
	report_print_json_by(&json, o);
	print_json_rows(&json, r);
	json_object_end(&json);
}
