// SPDX-License-Identifier: GPL-2.0-only
/*
 * export.c - profbuf export: a profile in another format, and what the formats share
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "export.h"
#include "output.h"
#include "read_options.h"

enum format { FOLDED, FLAMEGRAPH, PPROF, SPEEDSCOPE, PERF, JSON, NR_FORMATS };

static const struct {
	bool (*write)(FILE *f, struct profbuf_profile *profile, const struct export_options *options);
	bool has_root;		/* takes --root */
	bool is_of_stream;	/* needs data that a pprof file does not have */
	bool has_by;		/* takes --by */
	bool has_lines;		/* takes --lines */
	bool no_inlines;	/* does not take --inlines: the reader of the format finds inlined functions itself */
	bool is_binary;
} formats[] = {
	[FOLDED] = { .write = export_folded, .has_root = true },
	[FLAMEGRAPH] = { .write = export_flamegraph, .has_root = true },
	[PPROF] = { .write = export_pprof, .is_of_stream = true, .is_binary = true, .has_lines = true },
	[SPEEDSCOPE] = { .write = export_speedscope, .has_by = true, .has_lines = true },
	[PERF] = { .write = export_perf, .is_of_stream = true, .is_binary = true, .no_inlines = true },
	[JSON] = { .write = export_json },
};

#define BUFFER_BYTES	(1 << 20)

uint64_t lost_weight(const struct profbuf_profile *profile)
{
	const struct profbuf_loss *losses;
	size_t i, n = profbuf_profile_losses(profile, &losses);
	uint64_t sum = 0;

	for (i = 0; i < n; i++)
		sum += losses[i].weight;
	return sum;
}

uint32_t *bucket_sort(const void *of, size_t n, uint32_t (*key)(const void *of, size_t i), size_t nr_keys,
		      uint32_t **first)
{
	uint32_t *order = calloc(n + 1, sizeof(*order)), *begin = calloc(nr_keys + 1, sizeof(*begin));
	size_t i;

	if (!order || !begin) {
		free(order);
		free(begin);
		return NULL;
	}
	for (i = 0; i < n; i++)
		begin[key(of, i)]++;
	for (i = 1; i <= nr_keys; i++)
		begin[i] += begin[i - 1];
	/*
	 * Now begin[key] is where the positions of the key end. Filling each key from its end moves it to where they
	 * begin.
	 */
	for (i = n; i-- > 0;)
		order[--begin[key(of, i)]] = i;
	*first = begin;
	return order;
}

static void widen(struct kernel_span *span, uint64_t from, uint64_t to)
{
	from &= ~0xfffULL;
	to |= 0xfffULL;
	if (from < span->start)
		span->start = from;
	if (to > span->end)
		span->end = to;
}

struct kernel_span *kernel_spans(const struct profbuf_profile *profile, size_t *n)
{
	const struct profbuf_symbol *const *symbols;
	const struct profbuf_frame *frames;
	size_t i, nr_symbols = profbuf_profile_symbols(profile, &symbols);
	size_t nr_frames = profbuf_profile_frames(profile, &frames);
	struct kernel_span *spans;

	for (*n = i = 0; i < nr_symbols; i++) {
		if (symbols[i]->object->id >= *n)
			*n = symbols[i]->object->id + 1;
	}
	spans = calloc(*n + 1, sizeof(*spans));
	for (i = 0; spans && i < nr_frames; i++) {
		const struct profbuf_symbol *symbol = frames[i].symbol;
		struct kernel_span *span = &spans[symbol->object->id];

		if (!symbol->object->kernel)
			continue;
		if (!span->object)
			*span = (struct kernel_span){ symbol->object, UINT64_MAX, 0 };
		widen(span, symbol->unknown ? frames[i].address : symbol->start, frames[i].address);
	}
	return spans;
}

enum export_by { BY_PROCESS, BY_THREAD, BY_TAG };

/* What the user asked for. */
struct export {
	enum format format;
	const char *output;	/* NULL: standard output */
	struct read_options read;
	bool has_root, has_by;
	enum export_by by;
	bool lines;
	const char *root_key, *by_key;	/* NULL: whole label sets */
};

static bool write_profile(FILE *f, const struct export *x, struct profbuf_profile *profile, const char *path)
{
	struct tag_values root = { 0 }, by = { 0 };
	struct export_options options = {
		.path = path, .root = x->has_root ? &root : NULL, .by_thread = x->by == BY_THREAD,
		.by = x->by == BY_TAG ? &by : NULL, .lines = x->lines, .inlines = x->read.inlines,
	};
	bool ok = tag_filter_apply(&x->read.filter, profile) &&
		  (!x->has_root || tag_values_make(&root, profile, x->root_key, TAG_WORD)) &&
		  (x->by != BY_TAG || tag_values_make(&by, profile, x->by_key, TAG_WORD)) &&
		  formats[x->format].write(f, profile, &options);

	tag_values_free(&root);
	tag_values_free(&by);
	return ok;
}

/* Returns an exit code, after printing what is wrong. */
static int write_to(FILE *f, const struct export *x, struct profbuf_profile *profile, const char *path)
{
	setvbuf(f, NULL, _IOFBF, BUFFER_BYTES);
	return write_profile(f, x, profile, path) ? EXIT_OK : fail("%s", strerror(ENOMEM));
}

/* @from: the status of the profile. The output gets the profile's permissions only when everything is written. */
static int write_file(const struct export *x, struct profbuf_profile *profile, const char *path,
		      const struct stat *from)
{
	struct output output;
	int status, err;
	FILE *f;

	if (!output_open(&output, x->output))
		return EXIT_FAILED;
	f = fdopen(output.fd, "w");
	if (!f) {
		close(output.fd);
		return fail("%s", strerror(ENOMEM));
	}
	err = output_begin(&output);
	status = err ? EXIT_FAILED : write_to(f, x, profile, path);
	if (!err && (fflush(f) || ferror(f)))
		err = errno ? -errno : -EIO;
	if (!err && status == EXIT_OK)
		err = output_share(&output, from);
	if (fclose(f) && !err)
		err = -errno;
	return err ? fail("%s: %s", x->output, strerror(-err)) : status;
}

enum { OPT_ROOT = OPTION_KEYS, OPT_BY, OPT_LINES };

static const struct argp_option options[] = {
	OPTION("format", 'f', "FORMAT", "the other format; there is no default"),
		VALUE("folded", FOLDED, "a line for each stack, root;...;leaf count, kernel frames end in _[k]"),
		VALUE("flamegraph", FLAMEGRAPH, "one SVG file for a browser: click zooms, Ctrl-F searches"),
		VALUE("pprof", PPROF, "for go tool pprof and what else reads profile.proto, compressed"),
		VALUE("speedscope", SPEEDSCOPE, "for speedscope, a profile for each process"),
		VALUE("perf", PERF, "for perf report and perf script; symbols of files, and of the kernel if it "
		      "still runs, else give perf --kallsyms; label sets of tags are the paths of cgroups"),
		VALUE("json", JSON, "for programs, see below"),
	OPTION("output", 'o', "FILE", "file to write, in place of standard output"),
	OPTION("root", OPT_ROOT, "KEY", "folded, flamegraph: the outermost frame is the tag"),
		VALUE("tag", 0, "its label set"),
		VALUE("tag:NAME", 0, "the value of its label NAME"),
	OPTION("by", OPT_BY, "KEY", "speedscope: what a profile is of"),
		VALUE("process", BY_PROCESS, "a process (default)"),
		VALUE("thread", BY_THREAD, "a thread"),
		VALUE("tag", BY_TAG, "a label set"),
		VALUE("tag:NAME", BY_TAG, "a value of the label NAME"),
	OPTION("lines", OPT_LINES, NULL,
	       "pprof, speedscope: files and lines of the source, where there is debug information"),
	{ 0 },
};

static const struct argp_child children[] = { CHILD(&read_argp), { 0 } };

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct export *x = state->input;
	int err, value = 0;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &x->read;
		return 0;
	case 'f':
		err = parse_value(options, 'f', arg, &value, NULL);
		x->format = value;
		return err;
	case 'o':
		x->output = strcmp(arg, "-") ? arg : NULL;
		return 0;
	case OPT_ROOT:
		x->has_root = true;
		return parse_value(options, OPT_ROOT, arg, &value, &x->root_key);
	case OPT_BY:
		x->has_by = true;
		err = parse_value(options, OPT_BY, arg, &value, &x->by_key);
		x->by = value;
		return err;
	case OPT_LINES:
		x->lines = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options, .parser = parse_option, .children = children,
	.args_doc = "--format=FORMAT [options] [FILE]",
	.doc = "Writes a profile (" DEFAULT_FILE ") in another format, to standard output or a file.\v"
	       "What was lost is a frame [lost] in folded, flamegraph, pprof and speedscope, and Total Lost Samples "
	       "in perf. --inlines is not for perf, which finds them itself.\n\n"
	       "Counts are of periods: a sample is one, or, while the overhead budget had lowered the rate, as many "
	       "as it stood for, and so is what was lost. In perf the number of samples is that of records, and each "
	       "has its period; perf's percentages are of periods, its losses are records.\n\n"
	       "The JSON object has info (time and duration in ns, period and its unit), accounting (verdict: exact, "
	       "wrong, unfinished, part: one that another follows, or uncounted: no stream; part: its number, or 0; "
	       "max_stride: of how many periods a sample was at most, 1 if the rate was never lowered; sum and cpus: "
	       "records the stream has, and counters, what the kernel counted), user_stops and kernel_stops (samples by why "
	       "their stacks end), and the arrays markers (what programs wrote into the stream), symbols, programs, "
	       "label_sets and stacks. A stack has its program and frames as positions in those, leaf first, how "
	       "many samples it had, and, if some had labels, how many had which label set: counts of periods, as "
	       "above. If max_stride is 1, the samples of all stacks, without --tag, add up to accounting.sum.samples.",
};

/* Returns which options do not go together; NULL: all do. */
static const char *contradiction(const struct export *x)
{
	if (x->has_root && !formats[x->format].has_root)
		return "--root is for folded and flamegraph";
	if (x->has_by && !formats[x->format].has_by)
		return "--by is for speedscope";
	if (x->lines && !formats[x->format].has_lines)
		return "--lines is for pprof and speedscope";
	if (x->read.inlines && formats[x->format].no_inlines)
		return "--inlines is not for perf, which finds them itself";
	return NULL;
}

static int export_file(const struct export *x, char **files)
{
	const struct profbuf_profile_options read_options = { .lines = x->lines, .inlines = x->read.inlines };
	struct profbuf_profile *profile;
	struct stat from;
	const char *path;
	int status;

	profile = load_profile(files, &read_options, &path, &from);
	if (!profile)
		return EXIT_FAILED;
	if (formats[x->format].is_of_stream &&
	    profbuf_profile_accounting(profile)->verdict == PROFBUF_UNCOUNTED) {
		status = fail("%s is a pprof file: it has not all that %s has", path,
			      value_name(options, 'f', x->format));
	} else if (x->output) {
		status = write_file(x, profile, path, &from);
	} else {
		status = write_to(stdout, x, profile, path);
		if (status == EXIT_OK)
			status = finish_output();
	}
	profbuf_profile_free(profile);
	return status;
}

/* Returns an exit status. */
static int run(const struct export *x, char **files)
{
	const char *wrong;

	if (x->format == NR_FORMATS) {
		parse_value(options, 'f', NULL, NULL, NULL);
		return see_help();
	}
	wrong = contradiction(x);
	if (wrong) {
		fail("%s", wrong);
		return see_help();
	}
	if (!x->output && formats[x->format].is_binary && is_binary_to_terminal())
		return see_help();
	return export_file(x, files);
}

int cmd_export(int argc, char **argv)
{
	struct export x = { .format = NR_FORMATS };
	int at = parse_options(&argp, 0, argc, argv, &x), status = at > 0 ? run(&x, argv + at) : -at;

	tag_filter_free(&x.read.filter);
	return status;
}
