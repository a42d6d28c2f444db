// SPDX-License-Identifier: GPL-2.0-only
/*
 * script.c - profbuf script: samples as text, in the form of perf script
 */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "cmd.h"

static const char help[] =
	"usage: profbuf script [FILE]\n"
	"\n"
	"Prints the samples of a profile (" DEFAULT_FILE ") one after another, in the order of time, as perf\n"
	"script does, so that what reads its text reads this: comm, pid/tid, CPU, time, 1 and the event, then a line\n"
	"for each frame, leaf first. The event is profbuf. A tag is one more frame, the last: tag=0x... ([tag]).\n"
	"\n"
	"  -h, --help             this\n";

/* Readers of the text split at white space. */
static void print_word(const char *text)
{
	for (; *text; text++)
		putchar(*text == ' ' || *text == '\t' || *text == '\n' ? '_' : *text);
}

static void print_frame(const struct profbuf_frame *f)
{
	printf("\t%16" PRIx64 " %s", f->address, f->symbol->name);
	if (!f->symbol->unknown && f->symbol->start && f->offset >= f->symbol->start)
		printf("+0x%" PRIx64, f->offset - f->symbol->start);
	fputs(" (", stdout);
	print_word(f->symbol->object->name);
	puts(")");
}

static void print_samples(struct profbuf_profile *profile)
{
	const struct profbuf_program *const *programs, *program;
	const struct profbuf_event *events, *e;
	const struct profbuf_stack *stacks, *stack;
	const struct profbuf_frame *frames;
	size_t i, n;
	int k;

	profbuf_profile_sort(profile);
	n = profbuf_profile_events(profile, &events);
	profbuf_profile_stacks(profile, &stacks);
	profbuf_profile_programs(profile, &programs);
	profbuf_profile_frames(profile, &frames);
	for (i = 0; i < n && !ferror(stdout); i++) {
		e = &events[i];
		stack = &stacks[e->stack];
		program = programs[stack->program];
		print_word(program->comm);
		printf(" %u/%u [%03u] %" PRIu64 ".%06" PRIu64 ": 1 profbuf:\n", program->pid, e->tid, e->cpu,
		       e->time / 1000000000, e->time % 1000000000 / 1000);
		for (k = 0; k < stack->nr_kernel + stack->nr_user; k++)
			print_frame(&frames[stack->frames[k]]);
		/* Not in the event's name: speedscope takes only events of the name it saw first. */
		if (e->tag)
			printf("\t%16x tag=0x%" PRIx64 " ([tag])\n", 0, e->tag);
		putchar('\n');
	}
}

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

int cmd_script(int argc, char **argv)
{
	struct profbuf_profile *profile;
	const char *path;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option != 'h')
			return EXIT_USAGE;
		fputs(help, stdout);
		return finish_output();
	}
	profile = load_profile(argc, argv, &path);
	if (!profile)
		return EXIT_FAILED;
	print_samples(profile);
	profbuf_profile_free(profile);
	return finish_output();
}
