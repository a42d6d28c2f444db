// SPDX-License-Identifier: GPL-2.0-only
/*
 * export_speedscope.c - a profile for speedscope: one for each program, thread or tag, in the order of time
 *
 * The weight of a sample is its periods, if the period is known; the values of a pprof file that does not count samples
 * stay as they are. Equal stacks that follow each other are merged. For lost samples it is not known which program or
 * thread they were in. So they are in a profile of their own.
 */
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "export.h"
#include "json.h"

struct writer {
	struct json *json;
	uint64_t period;
	const char *unit;
	const struct profbuf_event *events;
	const struct profbuf_stack *stacks;
	const struct profbuf_frame *frames;
	const struct profbuf_profile *profile;
	const struct export_options *options;
	uint64_t *threads;	/* when grouped by thread: program and tid, sorted, without duplicates */
	size_t nr_threads;
};

static uint64_t thread_of(const struct writer *w, size_t i)
{
	return (uint64_t)w->stacks[w->events[i].stack].program << 32 | w->events[i].tid;
}

static bool find_threads(struct writer *w, size_t n)
{
	w->threads = calloc(n + 1, sizeof(*w->threads));
	if (!w->threads)
		return false;
	for (size_t i = 0; i < n; i++)
		w->threads[i] = thread_of(w, i);
	if (n)
		qsort(w->threads, n, sizeof(*w->threads), by_word);
	for (size_t i = 0; i < n; i++) {
		if (!i || w->threads[i] != w->threads[w->nr_threads - 1])
			w->threads[w->nr_threads++] = w->threads[i];
	}
	return true;
}

/* The number of the profile that a sample is in. */
static uint32_t group_of(const void *of, size_t i)
{
	const struct writer *w = of;
	uint32_t program = w->stacks[w->events[i].stack].program;
	uint64_t thread;

	if (w->options->by)
		return tag_value(w->options->by, &w->events[i], program);
	if (!w->options->by_thread)
		return program;
	thread = thread_of(w, i);
	return (uint64_t *)bsearch(&thread, w->threads, w->nr_threads, sizeof(thread), by_word) - w->threads;
}

static void print_frame(struct json *json, const struct profbuf_symbol *symbol, const char *file, uint32_t line)
{
	json_line(json);
	json_object_begin(json, NULL);
	json_string(json, "name", symbol->name);
	json_string(json, "file", file);
	if (line)
		json_unsigned(json, "line", line);
	json_object_end(json);
}

/*
 * Prints the frames of the profile, which have lines, or one frame for each symbol; then [lost]. Returns the position
 * of [lost].
 */
static size_t print_frames(struct json *json, const struct profbuf_profile *profile, bool lines)
{
	const struct profbuf_symbol *const *symbols;
	const struct profbuf_frame *frames;
	size_t i, n = lines ? profbuf_profile_frames(profile, &frames) : profbuf_profile_symbols(profile, &symbols);

	json_array_begin(json, "frames");
	for (i = 0; i < n; i++) {
		const struct profbuf_symbol *symbol = lines ? frames[i].symbol : symbols[i];
		bool known = lines && frames[i].line;

		print_frame(json, symbol, known ? frames[i].file : symbol->object->path, known ? frames[i].line : 0);
	}
	json_line(json);
	json_object_begin(json, NULL);
	json_string(json, "name", "[lost]");
	json_object_end(json);
	json_array_end(json);
	return n;
}

static void begin_profile(const struct writer *w, const char *name, uint64_t samples)
{
	json_line(w->json);
	json_object_begin(w->json, NULL);
	json_string(w->json, "type", "sampled");
	json_string(w->json, "name", name);
	json_string(w->json, "unit", w->unit);
	json_unsigned(w->json, "startValue", 0);
	json_unsigned(w->json, "endValue", samples * w->period);
	json_array_begin(w->json, "samples");
}

static void print_stack(const struct writer *w, const struct profbuf_stack *stack)
{
	unsigned int k = stack_depth(stack);

	json_array_begin(w->json, NULL);
	while (k-- > 0)
		json_unsigned(w->json, NULL,
			      w->options->lines ? stack->frames[k] : w->frames[stack->frames[k]].symbol->id);
	json_array_end(w->json);
}

/* The number of events from @at on that have the same stack. */
static size_t run(const struct writer *w, const uint32_t *order, size_t at, size_t end)
{
	size_t n = 1;

	while (at + n < end && w->events[order[at + n]].stack == w->events[order[at]].stack)
		n++;
	return n;
}

/* The number of samples that @n events from @at on stand for. */
static uint64_t weight(const struct writer *w, const uint32_t *order, size_t at, size_t n)
{
	uint64_t sum = 0;

	for (; n; n--)
		sum += w->events[order[at++]].weight;
	return sum;
}

/* The name of the profile that the sample is in. A thread has the name that it had last. */
static const char *name_of(const struct writer *w, const struct profbuf_event *e, char *name, size_t bytes)
{
	const struct profbuf_program *const *programs, *program;

	profbuf_profile_programs(w->profile, &programs);
	program = programs[w->stacks[e->stack].program];
	if (w->options->by)
		return w->options->by->names[tag_value(w->options->by, e, program->id)];
	if (w->options->by_thread)
		snprintf(name, bytes, "%s (%u/%u)", profbuf_profile_thread_name(w->profile, e), program->pid, e->tid);
	else
		snprintf(name, bytes, "%s (%u)", program->comm, program->pid);
	return name;
}

static void print_group(const struct writer *w, const uint32_t *order, size_t at, size_t end)
{
	char name[64];
	size_t i, n;

	begin_profile(w, name_of(w, &w->events[order[end - 1]], name, sizeof(name)), weight(w, order, at, end - at));
	for (i = at; i < end; i += run(w, order, i, end)) {
		json_line(w->json);
		print_stack(w, &w->stacks[w->events[order[i]].stack]);
	}
	json_array_end(w->json);
	json_array_begin(w->json, "weights");
	for (i = at; i < end; i += n) {
		n = run(w, order, i, end);
		json_unsigned(w->json, NULL, weight(w, order, i, n) * w->period);
	}
	json_array_end(w->json);
	json_object_end(w->json);
}

/* @frame: the position of [lost]. */
static void print_lost(const struct writer *w, size_t frame, uint64_t lost)
{
	begin_profile(w, "[lost]", lost);
	json_array_begin(w->json, NULL);
	json_unsigned(w->json, NULL, frame);
	json_array_end(w->json);
	json_array_end(w->json);
	json_array_begin(w->json, "weights");
	json_unsigned(w->json, NULL, lost * w->period);
	json_array_end(w->json);
	json_object_end(w->json);
}

/*
 * Sets the unit, from those that speedscope knows. If a value of a pprof file is not a count, its name ends with its
 * unit.
 */
static void set_unit(struct writer *w)
{
	static const char *const units[] = { "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes" };
	const char *value = profbuf_profile_value(w->profile), *unit = strrchr(value, ' ');

	w->unit = "none";
	if (!strcmp(value, "samples")) {
		if (w->period > 1 && !is_cycles(w->profile))
			w->unit = "nanoseconds";
		return;
	}
	w->period = 1;
	for (size_t i = 0; unit && i < sizeof(units) / sizeof(units[0]); i++) {
		if (!strcmp(unit + 1, units[i]))
			w->unit = units[i];
	}
}

bool export_speedscope(FILE *f, struct profbuf_profile *profile, const struct export_options *options)
{
	uint64_t lost = lost_weight(profile);
	const struct profbuf_program *const *programs;
	size_t i, n, lost_frame, nr_groups = profbuf_profile_programs(profile, &programs);
	struct json json = { .f = f };
	struct writer w = {
		.json = &json, .period = profbuf_profile_info(profile)->period, .profile = profile, .options = options,
	};
	uint32_t *order, *first;

	set_unit(&w);
	profbuf_profile_sort(profile);
	n = profbuf_profile_events(profile, &w.events);
	profbuf_profile_stacks(profile, &w.stacks);
	profbuf_profile_frames(profile, &w.frames);
	if (options->by_thread && !find_threads(&w, n))
		return false;
	nr_groups = options->by ? options->by->n : options->by_thread ? w.nr_threads : nr_groups;
	order = bucket_sort(&w, n, group_of, nr_groups, &first);
	if (!order) {
		free(w.threads);
		return false;
	}
	json_object_begin(&json, NULL);
	json_string(&json, "$schema", "https://www.speedscope.app/file-format-schema.json");
	json_string(&json, "exporter", "profbuf");
	json_string(&json, "name", options->path);
	json_line(&json);
	json_object_begin(&json, "shared");
	lost_frame = print_frames(&json, profile, options->lines);
	json_object_end(&json);
	json_line(&json);
	json_array_begin(&json, "profiles");
	for (i = 0; i < nr_groups; i++) {
		if (first[i] < first[i + 1])
			print_group(&w, order, first[i], first[i + 1]);
	}
	if (lost)
		print_lost(&w, lost_frame, lost);
	json_array_end(&json);
	json_object_end(&json);
	free(w.threads);
	free(order);
	free(first);
	return true;
}
