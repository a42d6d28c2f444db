// SPDX-License-Identifier: GPL-2.0-only
/*
 * export_json.c - a profile as one JSON object, for programs; profbuf export --help says what is in it
 */
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "json.h"
#include "stops.h"

static void print_command(struct json *json, const struct profbuf_command_record *command)
{
	const char *argument = command ? command->text : NULL;

	json_array_begin(json, "command");
	for (uint32_t i = 0; command && i < command->misc; i++) {
		json_string(json, NULL, argument);
		argument += strlen(argument) + 1;
	}
	json_array_end(json);
}

static void print_info(struct json *json, const struct profbuf_profile *profile)
{
	const struct profbuf_stream_info *info = profbuf_profile_info(profile);
	const char *source = profbuf_source_name(info->source);

	json_line(json);
	json_object_begin(json, "info");
	json_unsigned(json, "time", info->time + info->realtime_offset);
	json_unsigned(json, "duration", profbuf_profile_duration(profile));
	json_unsigned(json, "period", info->period);
	json_string(json, "unit", is_cycles(profile) ? "cycles" : "nanoseconds");
	json_string(json, "source", source ? source : "unknown");
	json_string(json, "release", info->release);
	json_string(json, "machine", info->machine);
	json_unsigned(json, "cpus", info->nr_cpus);
	print_command(json, profbuf_profile_command(profile));
	json_object_end(json);
}

static void print_sums(struct json *json, const char *name, const struct profbuf_cpu_sums *sums)
{
	json_line(json);
	json_object_begin(json, name);
	json_unsigned(json, "samples", sums->samples);
	json_unsigned(json, "lost", sums->lost);
	json_unsigned(json, "gaps", sums->loss_records);
	json_bool(json, "final", sums->final);
	json_object_begin(json, "counters");
	print_json_counters(json, sums->counters);
	json_object_end(json);
	json_object_end(json);
}

static void print_accounts(struct json *json, const struct profbuf_profile *profile)
{
	static const char *const verdicts[] = { "unfinished", "exact", "wrong", "part", "uncounted" };
	const struct profbuf_accounting *a = profbuf_profile_accounting(profile);
	uint64_t sideband_lost = 0;

	for (unsigned int i = 0; i < sizeof(a->sideband_lost) / sizeof(*a->sideband_lost); i++)
		sideband_lost += a->sideband_lost[i];
	json_line(json);
	json_object_begin(json, "accounting");
	json_string(json, "verdict", verdicts[a->verdict]);
	json_unsigned(json, "part", a->part);
	json_unsigned(json, "max_stride", a->max_stride ? a->max_stride : 1);
	json_unsigned(json, "sideband_lost", sideband_lost);
	print_sums(json, "sum", a->sum);
	json_line(json);
	json_array_begin(json, "cpus");
	for (uint32_t i = 0; i < a->nr_cpus; i++)
		print_sums(json, NULL, a->cpus[i]);
	json_array_end(json);
	json_object_end(json);
}

static void print_stops(struct json *json, const struct profbuf_profile *profile)
{
	const struct profbuf_event *events;
	size_t i, n = profbuf_profile_events(profile, &events);
	struct stop_counts counts = { 0 };

	for (i = 0; i < n; i++)
		stops_add(&counts, &events[i]);
	json_line(json);
	stops_print_json(json, &counts);
}

/* Begins an array of which each element is a line. */
static void begin_lines(struct json *json, const char *name)
{
	json_line(json);
	json_array_begin(json, name);
}

static void begin_line(struct json *json)
{
	json_line(json);
	json_object_begin(json, NULL);
}

static void print_markers(struct json *json, const struct profbuf_profile *profile)
{
	const struct profbuf_marker *const *markers;
	size_t i, n = profbuf_profile_markers(profile, &markers);

	begin_lines(json, "markers");
	for (i = 0; i < n; i++) {
		begin_line(json);
		json_unsigned(json, "time", markers[i]->time - profbuf_profile_info(profile)->time);
		json_unsigned(json, "pid", markers[i]->pid);
		json_unsigned(json, "tid", markers[i]->tid);
		json_string(json, "text", markers[i]->text);
		json_object_end(json);
	}
	json_array_end(json);
}

static void print_symbols(struct json *json, const struct profbuf_profile *profile)
{
	const struct profbuf_symbol *const *symbols;
	size_t i, n = profbuf_profile_symbols(profile, &symbols);

	begin_lines(json, "symbols");
	for (i = 0; i < n; i++) {
		const struct profbuf_object *object = symbols[i]->object;

		begin_line(json);
		json_string(json, "name", symbols[i]->name);
		json_string(json, "linkage_name", symbols[i]->linkage_name);
		json_string(json, "object", object->name);
		json_string(json, "path", object->path);
		json_bytes(json, "build_id", object->build_id, object->build_id_len);
		json_address(json, "start", symbols[i]->start);
		json_bool(json, "kernel", object->kernel);
		json_bool(json, "unknown", symbols[i]->unknown);
		json_object_end(json);
	}
	json_array_end(json);
}

static void print_programs(struct json *json, const struct profbuf_profile *profile)
{
	const struct profbuf_program *const *programs;
	size_t i, n = profbuf_profile_programs(profile, &programs);

	begin_lines(json, "programs");
	for (i = 0; i < n; i++) {
		begin_line(json);
		json_string(json, "comm", programs[i]->comm);
		if (programs[i]->cgroup_path)
			json_string(json, "cgroup", programs[i]->cgroup_path);
		json_unsigned(json, "pid", programs[i]->pid);
		json_unsigned(json, "ppid", programs[i]->ppid);
		json_unsigned(json, "uid", programs[i]->uid);
		json_bool(json, "kernel", programs[i]->kernel);
		json_object_end(json);
	}
	json_array_end(json);
}

static void print_labels(struct json *json, const struct profbuf_labels *set)
{
	const char *cause = profbuf_tag_cause_name(set->cause);

	begin_line(json);
	json_bool(json, "known", set->cause == PROFBUF_TAG_KNOWN);
	if (set->cause != PROFBUF_TAG_KNOWN)
		json_string(json, "cause", cause ? cause : "later");
	json_object_begin(json, "labels");
	for (uint32_t k = 0; k < set->n; k++)
		json_string(json, set->all[k].key, set->all[k].value);
	json_object_end(json);
	json_object_end(json);
}

static void print_label_sets(struct json *json, const struct profbuf_profile *profile)
{
	const struct profbuf_labels *const *sets;
	size_t i, n = profbuf_profile_labels(profile, &sets);

	begin_lines(json, "label_sets");
	for (i = 0; i < n; i++)
		print_labels(json, sets[i]);
	json_array_end(json);
}

/* Prints a stack, and how many of its samples had which label set. @counted: @n counts, one for each label set. */
static void print_stack(struct json *json, const struct profbuf_stack *stack, const struct profbuf_frame *frames,
		      const struct tag_stack *counted, size_t n)
{
	uint64_t samples = 0;
	size_t i;

	for (i = 0; i < n; i++)
		samples += counted[i].samples;
	begin_line(json);
	json_unsigned(json, "program", stack->program);
	json_unsigned(json, "samples", samples);
	json_array_begin(json, "frames");
	for (unsigned int k = 0; k < stack_depth(stack); k++)
		json_unsigned(json, NULL, frames[stack->frames[k]].symbol->id);
	json_array_end(json);
	if (n > 1 || counted->value) {
		json_array_begin(json, "labels");
		for (i = 0; i < n; i++) {
			json_object_begin(json, NULL);
			json_unsigned(json, "set", counted[i].value);
			json_unsigned(json, "samples", counted[i].samples);
			json_object_end(json);
		}
		json_array_end(json);
	}
	json_object_end(json);
}

static void print_stacks(struct json *json, const struct profbuf_profile *profile, const struct tag_stack *counted,
		       size_t n)
{
	const struct profbuf_frame *frames;
	const struct profbuf_stack *stacks;
	size_t i, of_one;

	profbuf_profile_stacks(profile, &stacks);
	profbuf_profile_frames(profile, &frames);
	begin_lines(json, "stacks");
	for (i = 0; i < n; i += of_one) {
		for (of_one = 1; i + of_one < n && counted[i + of_one].stack == counted[i].stack;)
			of_one++;
		print_stack(json, &stacks[counted[i].stack], frames, &counted[i], of_one);
	}
	json_array_end(json);
}

bool export_json(FILE *f, struct profbuf_profile *profile,
		 const struct export_options *options __attribute__((unused)))
{
	const struct profbuf_labels *const *sets;
	struct tag_values values = { 0 };
	struct json json = { .f = f };
	struct tag_stack *counted = NULL;
	bool some = profbuf_profile_labels(profile, &sets) > 1;
	size_t n;

	/* If there is only one set, the empty one, samples need not be counted by label set. */
	if (!some || tag_values_make(&values, profile, NULL, TAG_TEXT))
		counted = tag_stacks(profile, some ? &values : NULL, &n);
	tag_values_free(&values);
	if (!counted)
		return false;
	json_object_begin(&json, NULL);
	json_string(&json, "format", "profbuf");
	json_unsigned(&json, "version", 1);
	print_info(&json, profile);
	print_accounts(&json, profile);
	print_stops(&json, profile);
	print_markers(&json, profile);
	print_symbols(&json, profile);
	print_programs(&json, profile);
	print_label_sets(&json, profile);
	print_stacks(&json, profile, counted, n);
	json_object_end(&json);
	free(counted);
	return true;
}
