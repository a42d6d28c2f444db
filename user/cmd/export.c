// SPDX-License-Identifier: GPL-2.0-only
/*
 * export.c - profbuf export: a profile in another format, and what the formats share
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"

static bool export_flamegraph(FILE *f, struct profbuf_profile *profile, const char *path)
{
	return write_flamegraph(f, profile, path);
}

static const struct {
	const char *name;
	bool (*write)(FILE *f, struct profbuf_profile *profile, const char *path);
} formats[] = {
	{ "folded",	export_folded },
	{ "flamegraph",	export_flamegraph },
	{ "json",	export_json },
	{ "perf",	export_perf },
	{ "pprof",	export_pprof },
	{ "speedscope",	export_speedscope },
};

#define NR_FORMATS	(sizeof(formats) / sizeof(formats[0]))
#define BUFFER_BYTES	(1 << 20)

static const char help[] =
	"usage: profbuf export --format FORMAT [-o FILE] [FILE]\n"
	"\n"
	"Writes a profile (" DEFAULT_FILE ") in another format, to standard output or a file.\n"
	"\n"
	"  -f, --format FORMAT\n"
	"      folded       a line for each stack, root;...;leaf count, kernel frames end in _[k]\n"
	"      flamegraph   one SVG file for a browser: click zooms, Ctrl-F searches\n"
	"      pprof        for go tool pprof and what else reads profile.proto, compressed\n"
	"      speedscope   for speedscope, a profile for each process\n"
	"      perf         for perf report and perf script; symbols of files, and of the kernel if it still runs,\n"
	"                   else give perf --kallsyms\n"
	"      json         for programs, see below\n"
	"  -o, --output FILE\n"
	"  -h, --help\n"
	"\n"
	"What was lost is a frame [lost] in folded, flamegraph, pprof and speedscope, and Total Lost Samples in perf.\n"
	"\n"
	"The JSON object has info (time and duration in ns, period and its unit), accounting (verdict: exact, wrong,\n"
	"unfinished, or part: one that another follows; part: its number, or 0; sum and cpus: what the stream has, and counters, what the kernel counted), and the arrays\n"
	"symbols, programs and stacks. A stack has its program and frames as positions in those, leaf first, and how\n"
	"many samples it had; the samples of all stacks add up to accounting.sum.samples.\n";

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

static size_t find_format(const char *name)
{
	size_t i = 0;

	while (name && i < NR_FORMATS && strcmp(name, formats[i].name))
		i++;
	return name ? i : NR_FORMATS;
}

/* Returns an exit code, after saying what is wrong. */
static int write_to(FILE *f, size_t format, struct profbuf_profile *profile, const char *path)
{
	setvbuf(f, NULL, _IOFBF, BUFFER_BYTES);
	return formats[format].write(f, profile, path) ? EXIT_OK : fail("%s", strerror(ENOMEM));
}

static int write_file(const char *output, size_t format, struct profbuf_profile *profile, const char *path)
{
	FILE *f = fopen(output, "we");
	int failed, status;

	if (!f)
		return fail("%s: %s", output, strerror(errno));
	status = write_to(f, format, profile, path);
	failed = ferror(f);
	if (fclose(f) || failed)
		return fail("%s: %s", output, strerror(errno));
	return status;
}

static const struct option options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

int cmd_export(int argc, char **argv)
{
	const char *name = NULL, *output = NULL, *path;
	struct profbuf_profile *profile;
	int option, status;
	size_t format;

	while ((option = getopt_long(argc, argv, "f:o:h", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			name = optarg;
			break;
		case 'o':
			output = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output();
		default:
			return EXIT_USAGE;
		}
	}
	format = find_format(name);
	if (format == NR_FORMATS) {
		fail("--format takes folded, flamegraph, json, perf, pprof or speedscope, not \"%s\"",
		     name ? name : "");
		return EXIT_USAGE;
	}
	profile = load_profile(argc, argv, &path);
	if (!profile)
		return EXIT_FAILED;
	if (output) {
		status = write_file(output, format, profile, path);
	} else {
		status = write_to(stdout, format, profile, path);
		if (status == EXIT_OK)
			status = finish_output();
	}
	profbuf_profile_free(profile);
	return status;
}
