// SPDX-License-Identifier: GPL-2.0-only
/*
 * export.c - profbuf export: a profile in another format, and what the formats share
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "export.h"
#include "output.h"

static const struct {
	const char *name;
	bool (*write)(FILE *f, struct profbuf_profile *profile, const struct export_options *options);
	bool has_root;		/* takes --root */
	bool is_of_stream;	/* needs what a pprof file has not */
	bool has_by;		/* takes --by */
	bool has_lines;		/* takes --lines */
	bool no_inlines;	/* does not take --inlines: its reader finds them itself */
	bool is_binary;
} formats[] = {
	{ .name = "folded",		.write = export_folded, .has_root = true },
	{ .name = "flamegraph",	.write = export_flamegraph, .has_root = true },
	{ .name = "json",		.write = export_json },
	{ .name = "perf",		.write = export_perf, .is_of_stream = true, .is_binary = true,
	  .no_inlines = true },
	{ .name = "pprof",		.write = export_pprof, .is_of_stream = true, .is_binary = true,
	  .has_lines = true },
	{ .name = "speedscope",	.write = export_speedscope, .has_by = true, .has_lines = true },
};

#define NR_FORMATS	(sizeof(formats) / sizeof(formats[0]))
#define BUFFER_BYTES	(1 << 20)

static const char help[] =
	"usage: profbuf export --format FORMAT [options] [FILE]\n"
	"\n"
	"Writes a profile (" DEFAULT_FILE ") in another format, to standard output or a file.\n"
	"\n"
	"  -f, --format FORMAT\n"
	"      folded       a line for each stack, root;...;leaf count, kernel frames end in _[k]\n"
	"      flamegraph   one SVG file for a browser: click zooms, Ctrl-F searches\n"
	"      pprof        for go tool pprof and what else reads profile.proto, compressed\n"
	"      speedscope   for speedscope, a profile for each process\n"
	"      perf         for perf report and perf script; symbols of files, and of the kernel if it still runs,\n"
	"                   else give perf --kallsyms; label sets of tags are the paths of cgroups\n"
	"      json         for programs, see below\n"
	"  -o, --output FILE\n"
	TAG_FILTER_HELP
	"      --root KEY         folded, flamegraph: the outermost frame is the tag (KEY tag: its label set; tag:NAME:\n"
	"                         its label NAME)\n"
	"      --lines            pprof, speedscope: files and lines of the source, where there is debug information\n"
	"      --inlines          inlined functions, likewise (not in perf, which finds them itself)\n"
	"      --by KEY           speedscope: a profile for each process, thread, tag, or value of the label NAME\n"
	"                         (tag:NAME)\n"
	"  -h, --help\n"
	"\n"
	"What was lost is a frame [lost] in folded, flamegraph, pprof and speedscope, and Total Lost Samples in perf.\n"
	"\n"
	"Counts are of periods: a sample is one, or, while the overhead budget had lowered the rate, as many as it stood\n"
	"for, and so is what was lost. In perf the number of samples is that of records, and each has its period; perf's\n"
	"percentages are of periods, its losses are records.\n"
	"\n"
	"The JSON object has info (time and duration in ns, period and its unit), accounting (verdict: exact, wrong,\n"
	"unfinished, part: one that another follows, or uncounted: no stream; part: its number, or 0; max_stride: of how\n"
	"many periods a sample was at most, 1 if the rate was never lowered; sum and cpus: records the stream has, and\n"
	"counters, what the kernel counted), and the arrays\n"
	"symbols, programs, label_sets and stacks. A stack has its program and frames as positions in those, leaf first,\n"
	"how many samples it had, and, if some had labels, how many had which label set: counts of periods, as above. If\n"
	"max_stride is 1, the samples of all stacks, without --tag, add up to accounting.sum.samples.\n";

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
	/* So far each is where its key ends; filled from the end, it becomes where it begins. */
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

/* What was asked for. */
struct export {
	size_t format;
	const char *output;	/* NULL: standard output */
	struct tag_filter filter;
	bool has_root, has_by;
	bool by_thread, by_tag;
	bool lines, inlines;
	const char *root_key, *by_key;	/* NULL: whole label sets */
};

static size_t find_format(const char *name)
{
	size_t i = 0;

	while (name && i < NR_FORMATS && strcmp(name, formats[i].name))
		i++;
	return name ? i : NR_FORMATS;
}

static bool write_profile(FILE *f, const struct export *x, struct profbuf_profile *profile, const char *path)
{
	struct tag_values root = { 0 }, by = { 0 };
	struct export_options options = {
		.path = path, .root = x->has_root ? &root : NULL, .by_thread = x->by_thread,
		.by = x->by_tag ? &by : NULL, .lines = x->lines, .inlines = x->inlines,
	};
	bool ok = tag_filter_apply(&x->filter, profile) &&
		  (!x->has_root || tag_values_make(&root, profile, x->root_key, TAG_WORD)) &&
		  (!x->by_tag || tag_values_make(&by, profile, x->by_key, TAG_WORD)) &&
		  formats[x->format].write(f, profile, &options);

	tag_values_free(&root);
	tag_values_free(&by);
	return ok;
}

/* Returns an exit code, after saying what is wrong. */
static int write_to(FILE *f, const struct export *x, struct profbuf_profile *profile, const char *path)
{
	setvbuf(f, NULL, _IOFBF, BUFFER_BYTES);
	return write_profile(f, x, profile, path) ? EXIT_OK : fail("%s", strerror(ENOMEM));
}

/* @from: the status of the profile. Others may look when all is written, and no sooner. */
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

enum { OPT_TAG = 256, OPT_ROOT, OPT_BY, OPT_LINES, OPT_INLINES };

static const struct option options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "tag", required_argument, NULL, OPT_TAG },
	{ "root", required_argument, NULL, OPT_ROOT },
	{ "by", required_argument, NULL, OPT_BY },
	{ "lines", no_argument, NULL, OPT_LINES },
	{ "inlines", no_argument, NULL, OPT_INLINES },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static bool parse_by(struct export *x, const char *arg)
{
	x->has_by = true;
	x->by_thread = !strcmp(arg, "thread");
	x->by_tag = parse_tag_key(arg, &x->by_key);
	if (x->by_thread || x->by_tag || !strcmp(arg, "process"))
		return true;
	fail("--by takes process, thread, tag or tag:NAME, not \"%s\"", arg);
	return false;
}

/* One option. Returns false after saying what is wrong. */
static bool parse_option(struct export *x, int option, const char *arg)
{
	switch (option) {
	case 'f':
		x->format = find_format(arg);
		if (x->format == NR_FORMATS)
			fail("--format takes folded, flamegraph, json, perf, pprof or speedscope, not \"%s\"", arg);
		return x->format < NR_FORMATS;
	case 'o':
		x->output = strcmp(arg, "-") ? arg : NULL;
		return true;
	case OPT_TAG:
		return tag_filter_add(&x->filter, arg);
	case OPT_ROOT:
		x->has_root = true;
		if (!parse_tag_key(arg, &x->root_key))
			fail("--root takes tag or tag:NAME, not \"%s\"", arg);
		return parse_tag_key(arg, &x->root_key);
	case OPT_BY:
		return parse_by(x, arg);
	case OPT_LINES:
		x->lines = true;
		return true;
	case OPT_INLINES:
		x->inlines = true;
		return true;
	}
	return false;
}

/* What of the options makes no sense together; NULL: it does. */
static const char *contradiction(const struct export *x)
{
	if (x->format == NR_FORMATS)
		return "which --format? folded, flamegraph, json, perf, pprof or speedscope";
	if (x->has_root && !formats[x->format].has_root)
		return "--root is for folded and flamegraph";
	if (x->has_by && !formats[x->format].has_by)
		return "--by is for speedscope";
	if (x->lines && !formats[x->format].has_lines)
		return "--lines is for pprof and speedscope";
	if (x->inlines && formats[x->format].no_inlines)
		return "--inlines is not for perf, which finds them itself";
	return NULL;
}

static int export_file(const struct export *x, int argc, char **argv)
{
	const struct profbuf_profile_options read_options = { .lines = x->lines, .inlines = x->inlines };
	struct profbuf_profile *profile;
	struct stat from;
	const char *path;
	int status;

	profile = load_profile(argc, argv, &read_options, &path, &from);
	if (!profile)
		return EXIT_FAILED;
	if (formats[x->format].is_of_stream &&
	    profbuf_profile_accounting(profile)->verdict == PROFBUF_UNCOUNTED) {
		status = fail("%s is a pprof file: it has not all that %s has", path, formats[x->format].name);
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

int cmd_export(int argc, char **argv)
{
	struct export x = { .format = NR_FORMATS };
	int option, status = EXIT_USAGE;
	const char *wrong;

	while ((option = getopt_long(argc, argv, "f:o:h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			status = finish_output();
			goto out;
		}
		if (!parse_option(&x, option, optarg))
			goto out;
	}
	wrong = contradiction(&x);
	if (wrong)
		fail("%s", wrong);
	else if (x.output || !formats[x.format].is_binary || !is_binary_to_terminal())
		status = export_file(&x, argc, argv);
out:
	tag_filter_free(&x.filter);
	return status;
}
