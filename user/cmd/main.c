// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the table of commands, and what they share
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{ "record",	cmd_record,	"record a profile into a file" },
	{ "report",	cmd_report,	"say where the time went" },
	{ "script",	cmd_script,	"print one sample after another" },
	{ "export",	cmd_export,	"write another format: folded stacks, flame graph" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *f)
{
	fputs("usage: profbuf COMMAND [options]\n\n", f);
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(f, "  %-8s %s\n", commands[i].name, commands[i].what);
	fputs("\nprofbuf COMMAND --help says more.\n", f);
}

int fail(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("profbuf: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_FAILED;
}

int fail_device(int err)
{
	switch (err) {
	case -ENOENT:
		return fail("there is no " PROFBUF_DEVICE ": load the module (modprobe profbuf, or insmod profbuf.ko)");
	case -EACCES:
		return fail("no permission for " PROFBUF_DEVICE ": run as root, or ask for access to the device");
	case -EPROTO:
		return fail("the module has another ABI than this program: install both from the same version");
	default:
		return fail(PROFBUF_DEVICE ": %s", strerror(-err));
	}
}

bool parse_number(const char *option, const char *text, double min, double max, double *value)
{
	char *end;

	errno = 0;
	*value = strtod(text, &end);
	if (errno || end == text || *end || !isfinite(*value) || *value < min || *value > max) {
		fail("%s takes a number from %g to %g, not \"%s\"", option, min, max, text);
		return false;
	}
	return true;
}

struct profbuf_profile *read_profile(const char *path)
{
	struct profbuf_profile *profile = NULL;
	uint64_t bytes;
	int err;

	err = profbuf_profile_read(&profile, path, NULL);
	switch (err) {
	case 0:
		break;
	case -ENODATA:
		fail("%s is empty", path);
		return NULL;
	case -EBADMSG:
		fail("%s is not a profbuf stream", path);
		return NULL;
	case -EPROTO:
		fail("%s was made by a later version, or by a machine of the other byte order", path);
		return NULL;
	default:
		fail("%s: %s", path, strerror(-err));
		return NULL;
	}
	if (profbuf_profile_damage(profile, &bytes))
		fail("%s is damaged or cut off after %llu bytes; what is before is read", path,
		     (unsigned long long)bytes);
	return profile;
}

struct profbuf_profile *load_profile(int argc, char **argv, const char **path)
{
	*path = optind < argc ? argv[optind] : DEFAULT_FILE;
	if (optind + 1 < argc) {
		fail("one file at a time, please");
		return NULL;
	}
	return read_profile(*path);
}

uint64_t *stack_weights(const struct profbuf_profile *profile)
{
	const struct profbuf_event *events;
	const struct profbuf_stack *stacks;
	size_t i, n = profbuf_profile_events(profile, &events);
	uint64_t *weights = calloc(profbuf_profile_stacks(profile, &stacks) + 1, sizeof(*weights));

	for (i = 0; weights && i < n; i++)
		weights[events[i].stack]++;
	return weights;
}

void print_json_string(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(f, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			fprintf(f, "\\u%04x", *text);
		else
			fputc(*text, f);
	}
	fputc('"', f);
}

void print_accounting(FILE *f, const struct profbuf_counters *c)
{
	unsigned long long skipped = profbuf_counters_skipped(c);
	const char *separator = " (", *name;

	fprintf(f, "ticks %llu = delivered %llu + lost %llu + skipped %llu", (unsigned long long)c->ticks,
		(unsigned long long)c->delivered, (unsigned long long)c->lost, skipped);
	for (int i = 0; i < PROFBUF_SKIPS_MAX; i++) {
		if (!c->skipped[i])
			continue;
		name = profbuf_skip_name(i);
		fprintf(f, "%s%s %llu", separator, name ? name : "unknown", (unsigned long long)c->skipped[i]);
		separator = ", ";
	}
	fprintf(f, "%s + missed %llu", skipped ? ")" : "", (unsigned long long)c->missed);
}

int finish_output(void)
{
	if (fflush(stdout) || ferror(stdout))
		return fail("cannot write the output: %s", strerror(errno));
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return finish_output();
	}
	for (size_t i = 0; i < NR_COMMANDS; i++) {
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	}
	fail("there is no command \"%s\"", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}
