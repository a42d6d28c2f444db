// SPDX-License-Identifier: GPL-2.0-only
/*
 * script.c - profbuf script: samples as text, in the form of perf script
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "tags.h"

static const char help[] =
	"usage: profbuf script [options] [FILE]\n"
	"\n"
	"Prints the samples of a profile (" DEFAULT_FILE ") one after another, in the order of time, as perf\n"
	"script does, so that what reads its text reads this: the thread's name, pid/tid, CPU, time, weight and event,\n"
	"then a line for each frame, leaf first. The event is profbuf. Before the time is the tag, if there is one:\n"
	"tag=KEY=VALUE,..., with _ for white space, or tag=[unknown:WHY]; then stop=WHY, if the user stack is not whole.\n"
	"What programs wrote into the stream is an event named marker, with its text.\n"
	"\n"
	"      --lines            after a frame its file and line, where there is debug information\n"
	"      --inlines          inlined functions as frames, likewise\n"
	TAG_FILTER_HELP
	"  -h, --help             this\n";

/* Readers of the text split at white space. */
static void print_word(const char *text)
{
	size_t n;

	for (; *text; text += n ? n : 1) {
		n = utf8_bytes(text);
		if (*text == ' ' || *text == '\t' || *text == '\n')
			putchar('_');
		else
			print_harmless(stdout, text, 1);
	}
}

static void print_frame(const struct profbuf_frame *f, bool lines)
{
	printf("\t%16" PRIx64 " ", f->address);
	print_harmless(stdout, f->symbol->name, SIZE_MAX);
	if (f->inlined)
		fputs(" (inlined)", stdout);
	else if (!f->symbol->unknown && f->symbol->start && f->offset >= f->symbol->start)
		printf("+0x%" PRIx64, f->offset - f->symbol->start);
	fputs(" (", stdout);
	print_word(f->symbol->object->name);
	puts(")");
	/* As perf script -F srcline does. */
	if (lines && f->line) {
		fputs("  ", stdout);
		print_harmless(stdout, f->file, SIZE_MAX);
		printf(":%u\n", f->line);
	}
}

/* Why a user stack is not whole. */
static void print_stop(const struct profbuf_event *e)
{
	unsigned int stop = PROFBUF_SAMPLE_USER_STOP(e);

	if (stop > PROFBUF_STOP_END)
		printf("stop=%s ", profbuf_stop_name(stop) ? profbuf_stop_name(stop) : "later");
}

/* An event of another name, which who reads samples leaves out. */
static void print_marker(const struct profbuf_marker *m)
{
	printf(":%u %u/%u [000] %" PRIu64 ".%06" PRIu64 ": 1 marker: ", m->pid, m->pid, m->tid,
	       (uint64_t)m->time / 1000000000, (uint64_t)m->time % 1000000000 / 1000);
	print_harmless(stdout, m->text, SIZE_MAX);
	fputs("\n\n", stdout);
}

/* Those before @time, from @i on. Returns the first that is not. */
static size_t print_markers(const struct profbuf_profile *profile, size_t i, uint64_t time)
{
	const struct profbuf_marker *const *markers;
	size_t n = profbuf_profile_markers(profile, &markers);

	for (; i < n && markers[i]->time < time; i++)
		print_marker(markers[i]);
	return i;
}

void print_samples(struct profbuf_profile *profile, const struct tag_values *tags, bool lines)
{
	const struct profbuf_program *const *programs, *program;
	const struct profbuf_event *events, *e;
	const struct profbuf_stack *stacks, *stack;
	const struct profbuf_frame *frames;
	size_t i, n, marker = 0;
	int k;

	profbuf_profile_sort(profile);
	n = profbuf_profile_events(profile, &events);
	profbuf_profile_stacks(profile, &stacks);
	profbuf_profile_programs(profile, &programs);
	profbuf_profile_frames(profile, &frames);
	for (i = 0; i < n && !ferror(stdout); i++) {
		e = &events[i];
		marker = print_markers(profile, marker, e->time);
		stack = &stacks[e->stack];
		program = programs[stack->program];
		print_word(profbuf_profile_thread_name(profile, e));
		printf(" %u/%u [%03u] ", program->pid, e->tid, e->cpu);
		/* Not in the event's name: speedscope takes only events of the name it saw first. */
		if (e->labels)
			printf("tag=%s ", tags->names[e->labels]);
		print_stop(e);
		printf("%" PRIu64 ".%06" PRIu64 ": %" PRIu64 " profbuf:\n", e->time / 1000000000,
		       e->time % 1000000000 / 1000, e->weight);
		for (k = 0; k < stack->nr_kernel + stack->nr_user; k++)
			print_frame(&frames[stack->frames[k]], lines);
		putchar('\n');
	}
	print_markers(profile, marker, UINT64_MAX);
}

enum { OPT_TAG = 256, OPT_LINES, OPT_INLINES };

static const struct option options[] = {
	{ "tag", required_argument, NULL, OPT_TAG },
	{ "lines", no_argument, NULL, OPT_LINES },
	{ "inlines", no_argument, NULL, OPT_INLINES },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int print_file(const struct tag_filter *filter, const struct profbuf_profile_options *options, int argc,
		      char **argv)
{
	struct tag_values tags = { 0 };
	struct profbuf_profile *profile;
	const char *path;
	int status;

	profile = load_profile(argc, argv, options, &path, NULL);
	if (!profile)
		return EXIT_FAILED;
	if (tag_filter_apply(filter, profile) && tag_values_make(&tags, profile, NULL, TAG_WORD)) {
		print_samples(profile, &tags, options->lines);
		status = finish_output();
	} else {
		status = fail("%s", strerror(ENOMEM));
	}
	tag_values_free(&tags);
	profbuf_profile_free(profile);
	return status;
}

int cmd_script(int argc, char **argv)
{
	struct profbuf_profile_options read_options = { 0 };
	struct tag_filter filter = { 0 };
	int option, status = EXIT_USAGE;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			status = finish_output();
			goto out;
		}
		if (option == OPT_LINES)
			read_options.lines = true;
		else if (option == OPT_INLINES)
			read_options.inlines = true;
		else if (option != OPT_TAG || !tag_filter_add(&filter, optarg))
			goto out;
	}
	status = print_file(&filter, &read_options, argc, argv);
out:
	tag_filter_free(&filter);
	return status;
}
