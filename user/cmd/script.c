// SPDX-License-Identifier: GPL-2.0-only
/*
 * script.c - profbuf script: samples as text, in the form of perf script
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "read_options.h"

/* Prints white space as another character, because readers of the text split it at white space. */
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
	/* In the form of perf script -F srcline. */
	if (lines && f->line) {
		fputs("  ", stdout);
		print_harmless(stdout, f->file, SIZE_MAX);
		printf(":%u\n", f->line);
	}
}

/*
 * Prints why a user stack is not complete, as a comment: readers of the text skip it, and would not find the time
 * behind one more word in front of it.
 */
static void print_stop(const struct profbuf_event *e)
{
	unsigned int stop = PROFBUF_SAMPLE_USER_STOP(e);

	if (stop > PROFBUF_STOP_END)
		printf("# stop: %s\n", profbuf_stop_name(stop) ? profbuf_stop_name(stop) : "later");
}

/* A marker is an event with another name, which readers of samples skip. */
static void print_marker(const struct profbuf_marker *m)
{
	printf(":%u %u/%u [000] %" PRIu64 ".%06" PRIu64 ": 1 marker: ", m->pid, m->pid, m->tid,
	       (uint64_t)m->time / 1000000000, (uint64_t)m->time % 1000000000 / 1000);
	print_harmless(stdout, m->text, SIZE_MAX);
	fputs("\n\n", stdout);
}

/*
 * Prints the markers before @time, from position @i on. Returns the position of the first marker that is not before it.
 */
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
		/* The tag is not in the event's name: speedscope takes only events with the name that it saw first. */
		if (e->labels)
			printf("tag=%s ", tags->names[e->labels]);
		printf("%" PRIu64 ".%06" PRIu64 ": %" PRIu64 " profbuf:\n", e->time / 1000000000,
		       e->time % 1000000000 / 1000, e->weight);
		for (k = 0; k < stack->nr_kernel + stack->nr_user; k++)
			print_frame(&frames[stack->frames[k]], lines);
		print_stop(e);
		putchar('\n');
	}
	print_markers(profile, marker, UINT64_MAX);
}

struct script {
	struct read_options read;
	bool lines;
};

enum { OPT_LINES = OPTION_KEYS };

static const struct argp_option options[] = {
	OPTION("lines", OPT_LINES, NULL, "after a frame its file and line, where there is debug information"),
	{ 0 },
};

static const struct argp_child children[] = { CHILD(&read_argp), { 0 } };

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct script *s = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &s->read;
		return 0;
	case OPT_LINES:
		s->lines = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options, .parser = parse_option, .children = children, .args_doc = "[options] [FILE]",
	.doc = "Prints the samples of a profile (" DEFAULT_FILE ") one after another, in the order of time, as perf "
	       "script does, so that what reads its text reads this: the thread's name, pid/tid, CPU, time, weight "
	       "and event, then a line for each frame, leaf first. The event is profbuf. Before the time is the tag, "
	       "if there is one: tag=KEY=VALUE,..., with _ for white space, or tag=[unknown:WHY]. After the frames comes "
	       "\"# stop: WHY\" if the user stack is not whole. What programs wrote into the stream is an event named "
	       "marker, with its text.",
};

static int print_file(const struct script *s, char **files)
{
	const struct profbuf_profile_options read_options = { .lines = s->lines, .inlines = s->read.inlines };
	struct tag_values tags = { 0 };
	struct profbuf_profile *profile;
	const char *path;
	int status;

	profile = load_profile(files, &read_options, &path, NULL);
	if (!profile)
		return EXIT_FAILED;
	if (tag_filter_apply(&s->read.filter, profile) && tag_values_make(&tags, profile, NULL, TAG_WORD)) {
		print_samples(profile, &tags, s->lines);
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
	struct script s = { 0 };
	int at = parse_options(&argp, 0, argc, argv, &s), status = at > 0 ? print_file(&s, argv + at) : -at;

	tag_filter_free(&s.read.filter);
	return status;
}
