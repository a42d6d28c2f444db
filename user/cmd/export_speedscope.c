// SPDX-License-Identifier: GPL-2.0-only
/*
 * export_speedscope.c - a profile for speedscope: one for each program, in the order of time
 *
 * Each sample weighs a period; equal stacks one after another are one. Lost samples have no program: they are a profile
 * of their own.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "export.h"

struct writer {
	FILE *f;
	uint64_t period;
	const char *unit;
	const struct profbuf_event *events;
	const struct profbuf_stack *stacks;
	const struct profbuf_frame *frames;
	const char *separator;
};

static uint32_t program_of(const void *of, size_t i)
{
	const struct writer *w = of;

	return w->stacks[w->events[i].stack].program;
}

static void print_frames(FILE *f, const struct profbuf_profile *profile)
{
	const struct profbuf_symbol *const *symbols;
	size_t i, n = profbuf_profile_symbols(profile, &symbols);

	for (i = 0; i < n; i++) {
		fputs("{\"name\":", f);
		print_json_string(f, symbols[i]->name);
		fputs(",\"file\":", f);
		print_json_string(f, symbols[i]->object->path);
		fputs("},\n", f);
	}
	fputs("{\"name\":\"[lost]\"}", f);
}

static void begin_profile(struct writer *w, const char *name, uint64_t samples)
{
	fprintf(w->f, "%s\n{\"type\":\"sampled\",\"name\":", w->separator);
	print_json_string(w->f, name);
	fprintf(w->f, ",\"unit\":\"%s\",\"startValue\":0,\"endValue\":%" PRIu64 ",", w->unit, samples * w->period);
	w->separator = ",";
}

static void print_stack(const struct writer *w, const struct profbuf_stack *stack)
{
	unsigned int k = stack_depth(stack);
	char separator = '[';

	while (k-- > 0) {
		fprintf(w->f, "%c%u", separator, w->frames[stack->frames[k]].symbol->id);
		separator = ',';
	}
	fputc(']', w->f);
}

/* How many samples from @at on have the same stack. */
static size_t run(const struct writer *w, const uint32_t *order, size_t at, size_t end)
{
	size_t n = 1;

	while (at + n < end && w->events[order[at + n]].stack == w->events[order[at]].stack)
		n++;
	return n;
}

static void print_program(struct writer *w, const struct profbuf_program *program, const uint32_t *order, size_t at,
			  size_t end)
{
	char name[64];
	size_t i;

	snprintf(name, sizeof(name), "%s (%u)", program->comm, program->pid);
	begin_profile(w, name, end - at);
	fputs("\"samples\":[", w->f);
	for (i = at; i < end; i += run(w, order, i, end)) {
		fputs(i == at ? "\n" : ",\n", w->f);
		print_stack(w, &w->stacks[w->events[order[i]].stack]);
	}
	fputs("],\"weights\":[", w->f);
	for (i = at; i < end; i += run(w, order, i, end))
		fprintf(w->f, "%s%" PRIu64, i == at ? "" : ",", run(w, order, i, end) * w->period);
	fputs("]}", w->f);
}

bool export_speedscope(FILE *f, struct profbuf_profile *profile, const char *path)
{
	uint64_t lost = profbuf_profile_accounting(profile)->sum.lost;
	const struct profbuf_program *const *programs;
	const struct profbuf_symbol *const *symbols;
	size_t i, n, nr_programs = profbuf_profile_programs(profile, &programs);
	struct writer w = { .f = f, .period = profbuf_profile_info(profile)->period, .separator = "" };
	uint32_t *order, *first;

	w.unit = is_cycles(profile) ? "none" : "nanoseconds";
	profbuf_profile_sort(profile);
	n = profbuf_profile_events(profile, &w.events);
	profbuf_profile_stacks(profile, &w.stacks);
	profbuf_profile_frames(profile, &w.frames);
	order = bucket_sort(&w, n, program_of, nr_programs, &first);
	if (!order)
		return false;
	fputs("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"exporter\":\"profbuf\",\"name\":", f);
	print_json_string(f, path);
	fputs(",\n\"shared\":{\"frames\":[\n", f);
	print_frames(f, profile);
	fputs("]},\n\"profiles\":[", f);
	for (i = 0; i < nr_programs; i++) {
		if (first[i] < first[i + 1])
			print_program(&w, programs[i], order, first[i], first[i + 1]);
	}
	if (lost) {
		begin_profile(&w, "[lost]", lost);
		fprintf(f, "\"samples\":[[%zu]],\"weights\":[%" PRIu64 "]}", profbuf_profile_symbols(profile, &symbols),
			lost * w.period);
	}
	fputs("]}\n", f);
	free(order);
	free(first);
	return true;
}
