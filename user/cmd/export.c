// SPDX-License-Identifier: GPL-2.0-only
/*
 * export.c - profbuf export: a profile in another format
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

static const char help[] =
	"usage: profbuf export --format FORMAT [-o FILE] [FILE]\n"
	"\n"
	"Writes a profile (" DEFAULT_FILE ") in another format, to standard output or a file.\n"
	"\n"
	"  -f, --format folded        a line for each stack, root;...;leaf count, kernel frames end in _[k]\n"
	"  -f, --format flamegraph    one SVG file for a browser: click zooms, Ctrl-F searches\n"
	"  -o, --output FILE\n"
	"  -h, --help\n";

/* Frames are separated by ';' and the count by a space: neither is in a frame. */
static void print_frame(FILE *f, const char *text)
{
	for (; *text; text++)
		fputc(*text == ';' ? ':' : *text == '\n' ? ' ' : *text, f);
}

static bool write_folded(FILE *f, const struct profbuf_profile *profile)
{
	uint64_t lost = profbuf_profile_accounting(profile)->sum.lost, *weights = stack_weights(profile);
	const struct profbuf_program *const *programs;
	const struct profbuf_frame *frames;
	const struct profbuf_stack *stacks;
	size_t i, n = profbuf_profile_stacks(profile, &stacks);
	int k;

	if (!weights)
		return false;
	profbuf_profile_programs(profile, &programs);
	profbuf_profile_frames(profile, &frames);
	for (i = 0; i < n; i++) {
		for (const char *c = programs[stacks[i].program]->comm; *c; c++)
			fputc(*c == ' ' || *c == ';' ? '_' : *c, f);
		for (k = stacks[i].nr_kernel + stacks[i].nr_user; k-- > 0;) {
			fputc(';', f);
			print_frame(f, frames[stacks[i].frames[k]].symbol->name);
			if (k < stacks[i].nr_kernel)
				fputs("_[k]", f);
		}
		fprintf(f, " %" PRIu64 "\n", weights[i]);
	}
	if (lost)
		fprintf(f, "[lost] %" PRIu64 "\n", lost);
	free(weights);
	return true;
}

static const struct option options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

int cmd_export(int argc, char **argv)
{
	const char *format = NULL, *output = NULL, *path;
	struct profbuf_profile *profile;
	FILE *f = stdout;
	bool ok = true;
	int option;

	while ((option = getopt_long(argc, argv, "f:o:h", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			format = optarg;
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
	if (!format || (strcmp(format, "folded") && strcmp(format, "flamegraph"))) {
		fail("--format takes folded or flamegraph, not \"%s\"", format ? format : "");
		return EXIT_USAGE;
	}
	profile = load_profile(argc, argv, &path);
	if (!profile)
		return EXIT_FAILED;
	if (output) {
		f = fopen(output, "we");
		if (!f) {
			profbuf_profile_free(profile);
			return fail("%s: %s", output, strerror(errno));
		}
	}
	if (!strcmp(format, "folded"))
		ok = write_folded(f, profile);
	else
		ok = write_flamegraph(f, profile, path);
	profbuf_profile_free(profile);
	if (!ok)
		return fail("%s", strerror(ENOMEM));
	if (!output)
		return finish_output();
	if (ferror(f) | fclose(f))
		return fail("%s: %s", output, strerror(errno));
	return EXIT_OK;
}
