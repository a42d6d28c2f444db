// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.c - profbuf report: where the time went
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

/*
 * Finds the part of the recording that the user asked for, in the stream's time. Returns false after printing what is
 * wrong.
 */
static bool set_part(struct report *r)
{
	const struct report_options *o = r->options;
	uint64_t start = profbuf_profile_info(r->profile)->time;
	double length = profbuf_profile_duration(r->profile) / 1e9;
	double from = o->has_from ? o->from : 0, to = o->has_to ? o->to : INFINITY;

	if (!o->has_from && !o->has_to)
		return true;
	from += signbit(from) ? length : 0;
	to += signbit(to) ? length : 0;
	if (from < 0 || to < 0 || from >= to || from > length) {
		fail("--from %g --to %g is no part of %s, which is %.6g s long", o->has_from ? o->from : 0,
		     o->has_to ? o->to : length, r->path, length);
		return false;
	}
	r->part = true;
	r->from = o->has_from ? start + (uint64_t)llround(from * 1e9) : 0;
	r->to = o->has_to ? start + (uint64_t)llround(to * 1e9) : UINT64_MAX;
	return true;
}

/* Checks that the file has the times and CPUs that an option needs; files of another format do not. */
static bool has_times(const struct report *r)
{
	const struct report_options *o = r->options;
	const char *option = o->timeline ? "--timeline" : o->has_from ? "--from" : o->has_to ? "--to" :
			     o->by == BY_CPU ? "--by cpu" : NULL;

	if (!option || r->accounting->verdict != PROFBUF_UNCOUNTED)
		return true;
	fail("%s is a pprof file, which does not say when and where a sample was taken: there is no %s", r->path,
	     option);
	return false;
}

static bool load(struct report *r, const struct report_options *o, const char *path, struct tag_values *values)
{
	const struct profbuf_profile_options read_options = { .lines = o->by == BY_LINE, .inlines = o->read.inlines };
	struct profbuf_profile *profile;

	r->options = o;
	r->path = path;
	r->profile = profile = read_profile(path, &read_options, NULL);
	if (!profile)
		return false;
	r->accounting = profbuf_profile_accounting(profile);
	r->recorded = report_samples(profile);
	r->values = values;
	if (!tag_filter_apply(&o->read.filter, profile) ||
	    (o->by == BY_TAG && !tag_values_make(values, profile, o->tag_key, TAG_TEXT))) {
		fail("%s", strerror(ENOMEM));
		return false;
	}
	return has_times(r) && set_part(r);
}

static void unload(struct report *r, struct tag_values *values)
{
	report_free(r);
	tag_values_free(values);
	profbuf_profile_free((struct profbuf_profile *)r->profile);
}

/* There is no such symbol: prints names that contain the text. */
static int no_symbol(const struct report *r, const char *name)
{
	const struct profbuf_symbol *const *symbols;
	size_t i, shown = 0, n = profbuf_profile_symbols(r->profile, &symbols);

	fail("%s has no samples with a symbol \"%s\"%s", r->path, name, r->part ? " in that time" : "");
	for (i = 0; i < n && shown < 5; i++) {
		if (strstr(symbols[i]->name, name)) {
			fputs(shown ? ", " : "profbuf: there is ", stderr);
			print_harmless(stderr, symbols[i]->name, SIZE_MAX);
			shown++;
		}
	}
	if (shown)
		fputc('\n', stderr);
	return EXIT_FAILED;
}

static int report_one(const struct report_options *o, const char *path)
{
	const char *around = o->callers ? o->callers : o->callees;
	struct tag_values values = { 0 };
	struct report r = { 0 };
	int status = EXIT_FAILED;

	if (!load(&r, o, path, &values))
		goto out;
	if (!report_count(&r)) {
		fail("%s", strerror(ENOMEM));
		goto out;
	}
	report_sort(&r);
	if (around && !r.samples_with) {
		status = no_symbol(&r, around);
	} else if (o->timeline) {
		status = report_timeline(&r);
	} else if (o->json) {
		report_print_json(&r);
		status = finish_output();
	} else {
		report_print_header(&r, "");
		report_print_rows(&r);
		status = finish_output();
	}
out:
	unload(&r, &values);
	return status;
}

static int report_two(const struct report_options *o, char **paths)
{
	struct tag_values values_a = { 0 }, values_b = { 0 };
	struct report a = { 0 }, b = { 0 };
	int status = EXIT_FAILED;

	if (load(&a, o, paths[0], &values_a) && load(&b, o, paths[1], &values_b))
		status = report_diff(&a, &b);
	unload(&a, &values_a);
	unload(&b, &values_b);
	return status;
}

/* Parses "20", the number of buckets, or "0.5s", the length of each. */
static int parse_timeline(const char *text, struct report_options *o)
{
	char *end;
	double value;

	o->timeline = true;
	o->buckets = 20;
	if (!text)
		return 0;
	value = strtod(text, &end);
	if (end != text && isfinite(value)) {
		if (!*end && value >= 1 && value <= 10000 && value == floor(value)) {
			o->buckets = value;
			return 0;
		}
		if (!strcmp(end, "s") && value >= 0.000001 && value <= 1e9) {
			o->bucket_seconds = value;
			return 0;
		}
	}
	fail("--timeline takes a number of parts from 1 to 10000, or seconds as in 0.5s, not \"%s\"", text);
	return -EINVAL;
}

enum {
	OPT_CALLERS = OPTION_KEYS, OPT_CALLEES, OPT_TIMELINE, OPT_DIFF, OPT_FROM, OPT_TO, OPT_MIN_PERCENT,
	OPT_MIN_SAMPLES,
};

static const struct argp_option options[] = {
	OPTION("by", 'b', "KEY", "what a row is"),
		VALUE("symbol", BY_SYMBOL, "a function (default)"),
		VALUE("line", BY_LINE, "a line of the source with its function, where there is debug information"),
		VALUE("object", BY_OBJECT, "a program, a library, the kernel or one of its modules"),
		VALUE("process", BY_PROCESS, "a process"),
		VALUE("thread", BY_THREAD, "a thread"),
		VALUE("cpu", BY_CPU, "a CPU"),
		VALUE("tag", BY_TAG, "the label set of the tag"),
		VALUE("tag:NAME", BY_TAG, "the value of its label NAME; comm and cgroup are labels of every process"),
	OPTION("callers", OPT_CALLERS, "SYMBOL",
	       "what calls it, each with its share of the samples with SYMBOL on the stack; a stack with several of "
	       "them counts once for each, so recursion adds up to more than 100 %"),
	OPTION("callees", OPT_CALLEES, "SYMBOL", "what it calls, likewise"),
	OPTION_OR_NOT("timeline", OPT_TIMELINE, "N",
		      "N (20) equal parts of the time, or, with an s behind N, parts of N seconds: samples, losses, "
		      "and what had the largest self share"),
	OPTION("diff", OPT_DIFF, NULL, "two profiles: self shares in A and in B, the largest differences first, in "
	       "percentage points; processes are the same if their names are"),
	OPTION("from", OPT_FROM, "S",
	       "only what was sampled or lost from S seconds after the start; negative: before the end. What the "
	       "kernel counted is of the whole recording all the same."),
	OPTION("to", OPT_TO, "S", "only what was sampled or lost before that time, likewise"),
	OPTION("grep", 'g', "TEXT", "only rows whose name or object has TEXT"),
	OPTION("min-percent", OPT_MIN_PERCENT, "P", "only rows with at least P % of the samples in total"),
	OPTION("min-samples", OPT_MIN_SAMPLES, "N", "only rows with at least N samples in total"),
	OPTION("limit", 'n', "N", "at most N rows"),
	OPTION("json", 'j', NULL, "as one JSON object"),
	{ 0 },
};

static const struct argp_child children[] = { CHILD(&read_argp), { 0 } };

const char *report_by_key(enum report_by by)
{
	return value_name(options, 'b', by);
}

/* Parses the options that choose rows. */
static error_t parse_rows(struct report_options *o, int key, const char *arg)
{
	int err, by = 0;

	switch (key) {
	case 'b':
		err = parse_value(options, 'b', arg, &by, &o->tag_key);
		o->by = by;
		return err;
	case 'g':
		o->grep = arg;
		return 0;
	case OPT_MIN_PERCENT:
		return parse_number("--min-percent", arg, 0, 100, &o->min_percent);
	case OPT_MIN_SAMPLES:
		return parse_whole("--min-samples", arg, 0, 1e18, &o->min_samples);
	case 'n':
		return parse_whole("-n", arg, 0, 1e18, &o->limit);
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct report_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->read;
		return 0;
	case OPT_CALLERS:
		o->callers = arg;
		return 0;
	case OPT_CALLEES:
		o->callees = arg;
		return 0;
	case OPT_TIMELINE:
		return parse_timeline(arg, o);
	case OPT_DIFF:
		o->diff = true;
		return 0;
	case OPT_FROM:
		o->has_from = true;
		return parse_number("--from", arg, -1e9, 1e9, &o->from);
	case OPT_TO:
		o->has_to = true;
		return parse_number("--to", arg, -1e9, 1e9, &o->to);
	case 'j':
		o->json = true;
		return 0;
	}
	return parse_rows(o, key, arg);
}

static const struct argp argp = {
	.options = options, .parser = parse_option, .children = children,
	.args_doc = "[options] [FILE]\n--diff [options] A B",
	.doc = "Says what a profile (" DEFAULT_FILE ", or a pprof file) adds up to, then where the time went: self "
	       "is the share of samples taken there, total the share of samples with it anywhere on the stack. "
	       "Shares are of the samples delivered.",
};

/* Returns which options do not go together; NULL: all do. */
static const char *contradiction(const struct report_options *o)
{
	bool around = o->callers || o->callees;

	if (o->callers && o->callees)
		return "--callers or --callees, not both";
	if (around && o->by != BY_SYMBOL)
		return "--callers and --callees are by symbol";
	if (o->timeline + o->diff + around > 1)
		return "one of --callers, --callees, --timeline and --diff, please";
	if (o->timeline && o->limit != UINT64_MAX)
		return "--limit is of rows, which --timeline has not";
	if (o->diff && o->by == BY_THREAD)
		return "threads of two recordings are never the same: --diff takes another --by";
	return NULL;
}

/* @files: @n of them. Returns an exit status. */
static int run(const struct report_options *o, char **files, int n)
{
	const char *wrong = contradiction(o);

	if (!wrong && o->diff && n != 2)
		wrong = "--diff takes two files";
	if (wrong) {
		fail("%s", wrong);
		return see_help();
	}
	if (o->diff)
		return report_two(o, files);
	if (n > 1)
		return fail("one file at a time, please (or --diff)");
	return report_one(o, n ? files[0] : DEFAULT_FILE);
}

int cmd_report(int argc, char **argv)
{
	struct report_options o = { .limit = UINT64_MAX };
	int at = parse_options(&argp, 0, argc, argv, &o), status = at > 0 ? run(&o, argv + at, argc - at) : -at;

	tag_filter_free(&o.read.filter);
	return status;
}
