// SPDX-License-Identifier: GPL-2.0-only
/*
 * export_json.c - a profile as one JSON object, for programs; profbuf export --help says what is in it
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "stops.h"

static void print_command(FILE *f, const struct profbuf_command_record *command)
{
	const char *argument = command ? command->text : NULL;

	fputs("\"command\":[", f);
	for (uint32_t i = 0; command && i < command->misc; i++) {
		fputs(i ? "," : "", f);
		print_json_string(f, argument);
		argument += strlen(argument) + 1;
	}
	fputs("]", f);
}

static void print_info(FILE *f, const struct profbuf_profile *profile)
{
	const struct profbuf_stream_info *info = profbuf_profile_info(profile);
	const char *source = profbuf_source_name(info->source);

	fprintf(f, "\"info\":{\"time\":%" PRIu64 ",\"duration\":%" PRIu64 ",\"period\":%" PRIu64 ",\"unit\":\"%s\",",
		(uint64_t)(info->time + info->realtime_offset), profbuf_profile_duration(profile),
		(uint64_t)info->period, is_cycles(profile) ? "cycles" : "nanoseconds");
	fputs("\"source\":", f);
	print_json_string(f, source ? source : "unknown");
	fputs(",\"release\":", f);
	print_json_string(f, info->release);
	fputs(",\"machine\":", f);
	print_json_string(f, info->machine);
	fprintf(f, ",\"cpus\":%u,", info->nr_cpus);
	print_command(f, profbuf_profile_command(profile));
	fputs("},\n", f);
}

static void print_sums(FILE *f, const struct profbuf_cpu_sums *sums)
{
	const struct profbuf_counters *c = sums->counters;

	fprintf(f, "{\"samples\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"gaps\":%" PRIu64 ",\"final\":%s,", sums->samples,
		sums->lost, sums->loss_records, sums->final ? "true" : "false");
	fprintf(f, "\"counters\":{\"ticks\":%" PRIu64 ",\"delivered\":%" PRIu64 ",\"lost\":%" PRIu64
		",\"missed\":%" PRIu64, (uint64_t)c->ticks, (uint64_t)c->delivered, (uint64_t)c->lost,
		(uint64_t)c->missed);
	for (unsigned int i = 0; i < PROFBUF_NR_SKIPS; i++)
		fprintf(f, ",\"skipped_%s\":%" PRIu64, profbuf_skip_name(i), (uint64_t)c->skipped[i]);
	fputs("}}", f);
}

static void print_accounts(FILE *f, const struct profbuf_profile *profile)
{
	static const char *const verdicts[] = { "unfinished", "exact", "wrong", "part", "uncounted" };
	const struct profbuf_accounting *a = profbuf_profile_accounting(profile);
	uint64_t sideband_lost = 0;

	for (unsigned int i = 0; i < sizeof(a->sideband_lost) / sizeof(*a->sideband_lost); i++)
		sideband_lost += a->sideband_lost[i];
	fprintf(f, "\"accounting\":{\"verdict\":\"%s\",\"part\":%u,\"max_stride\":%" PRIu64 ",", verdicts[a->verdict],
		a->part, a->max_stride ? a->max_stride : 1);
	fprintf(f, "\"sideband_lost\":%" PRIu64 ",\n\"sum\":", sideband_lost);
	print_sums(f, a->sum);
	fputs(",\n\"cpus\":[", f);
	for (uint32_t i = 0; i < a->nr_cpus; i++) {
		fputs(i ? ",\n" : "\n", f);
		print_sums(f, a->cpus[i]);
	}
	fputs("]},\n", f);
}

static void print_markers(FILE *f, const struct profbuf_profile *profile)
{
	const struct profbuf_marker *const *markers;
	size_t i, n = profbuf_profile_markers(profile, &markers);

	fputs("\"markers\":[", f);
	for (i = 0; i < n; i++) {
		fprintf(f, "%s\n{\"time\":%" PRIu64 ",\"pid\":%u,\"tid\":%u,\"text\":", i ? "," : "",
			(uint64_t)(markers[i]->time - profbuf_profile_info(profile)->time), markers[i]->pid,
			markers[i]->tid);
		print_json_string(f, markers[i]->text);
		fputc('}', f);
	}
	fputs("],\n", f);
}

static void print_stops(FILE *f, const struct profbuf_profile *profile)
{
	const struct profbuf_event *events;
	size_t i, n = profbuf_profile_events(profile, &events);
	struct stop_counts counts = { 0 };

	for (i = 0; i < n; i++)
		stops_add(&counts, &events[i]);
	stops_print_json(f, &counts);
	fputs(",\n", f);
}

static void print_symbols(FILE *f, const struct profbuf_profile *profile)
{
	const struct profbuf_symbol *const *symbols;
	size_t i, n = profbuf_profile_symbols(profile, &symbols);

	fputs("\"symbols\":[", f);
	for (i = 0; i < n; i++) {
		const struct profbuf_object *object = symbols[i]->object;

		fprintf(f, "%s\n{\"name\":", i ? "," : "");
		print_json_string(f, symbols[i]->name);
		fputs(",\"linkage_name\":", f);
		print_json_string(f, symbols[i]->linkage_name);
		fputs(",\"object\":", f);
		print_json_string(f, object->name);
		fputs(",\"path\":", f);
		print_json_string(f, object->path);
		fputs(",\"build_id\":\"", f);
		for (uint32_t k = 0; k < object->build_id_len; k++)
			fprintf(f, "%02x", object->build_id[k]);
		/* A hexadecimal string, because numbers in JavaScript have 53 bits. */
		fprintf(f, "\",\"start\":\"0x%" PRIx64 "\",\"kernel\":%s,\"unknown\":%s}", symbols[i]->start,
			object->kernel ? "true" : "false",
			symbols[i]->unknown ? "true" : "false");
	}
	fputs("],\n", f);
}

static void print_programs(FILE *f, const struct profbuf_profile *profile)
{
	const struct profbuf_program *const *programs;
	size_t i, n = profbuf_profile_programs(profile, &programs);

	fputs("\"programs\":[", f);
	for (i = 0; i < n; i++) {
		fprintf(f, "%s\n{\"comm\":", i ? "," : "");
		print_json_string(f, programs[i]->comm);
		if (programs[i]->cgroup_path) {
			fputs(",\"cgroup\":", f);
			print_json_string(f, programs[i]->cgroup_path);
		}
		fprintf(f, ",\"pid\":%u,\"ppid\":%u,\"uid\":%u,\"kernel\":%s}", programs[i]->pid, programs[i]->ppid,
			programs[i]->uid, programs[i]->kernel ? "true" : "false");
	}
	fputs("],\n", f);
}

static void print_label_sets(FILE *f, const struct profbuf_profile *profile)
{
	const struct profbuf_labels *const *sets;
	size_t i, n = profbuf_profile_labels(profile, &sets);

	fputs("\"label_sets\":[", f);
	for (i = 0; i < n; i++) {
		const char *cause = profbuf_tag_cause_name(sets[i]->cause);

		fprintf(f, "%s\n{\"known\":%s,", i ? "," : "", sets[i]->cause == PROFBUF_TAG_KNOWN ? "true" : "false");
		if (sets[i]->cause != PROFBUF_TAG_KNOWN)
			fprintf(f, "\"cause\":\"%s\",", cause ? cause : "later");
		fputs("\"labels\":{", f);
		for (uint32_t k = 0; k < sets[i]->n; k++) {
			fputs(k ? "," : "", f);
			print_json_string(f, sets[i]->all[k].key);
			fputc(':', f);
			print_json_string(f, sets[i]->all[k].value);
		}
		fputs("}}", f);
	}
	fputs("],\n", f);
}

/* Prints a stack, and how many of its samples had which label set. @counted: @n counts, one for each label set. */
static void print_stack(FILE *f, const struct profbuf_stack *stack, const struct profbuf_frame *frames,
			const struct tag_stack *counted, size_t n)
{
	uint64_t samples = 0;
	size_t i;

	for (i = 0; i < n; i++)
		samples += counted[i].samples;
	fprintf(f, "\n{\"program\":%u,\"samples\":%" PRIu64 ",\"frames\":[", stack->program, samples);
	for (unsigned int k = 0; k < stack_depth(stack); k++)
		fprintf(f, "%s%u", k ? "," : "", frames[stack->frames[k]].symbol->id);
	fputs("]", f);
	if (n > 1 || counted->value) {
		fputs(",\"labels\":[", f);
		for (i = 0; i < n; i++)
			fprintf(f, "%s{\"set\":%u,\"samples\":%" PRIu64 "}", i ? "," : "", counted[i].value,
				counted[i].samples);
		fputs("]", f);
	}
	fputs("}", f);
}

static void print_stacks(FILE *f, const struct profbuf_profile *profile, const struct tag_stack *counted, size_t n)
{
	const struct profbuf_frame *frames;
	const struct profbuf_stack *stacks;
	size_t i, of_one;

	profbuf_profile_stacks(profile, &stacks);
	profbuf_profile_frames(profile, &frames);
	fputs("\"stacks\":[", f);
	for (i = 0; i < n; i += of_one) {
		for (of_one = 1; i + of_one < n && counted[i + of_one].stack == counted[i].stack;)
			of_one++;
		fputs(i ? "," : "", f);
		print_stack(f, &stacks[counted[i].stack], frames, &counted[i], of_one);
	}
	fputs("]", f);
}

bool export_json(FILE *f, struct profbuf_profile *profile,
		 const struct export_options *options __attribute__((unused)))
{
	const struct profbuf_labels *const *sets;
	struct tag_values values = { 0 };
	struct tag_stack *counted = NULL;
	bool some = profbuf_profile_labels(profile, &sets) > 1;
	size_t n;

	/* If there is only one set, the empty one, samples need not be counted by label set. */
	if (!some || tag_values_make(&values, profile, NULL, TAG_TEXT))
		counted = tag_stacks(profile, some ? &values : NULL, &n);
	tag_values_free(&values);
	if (!counted)
		return false;
	fputs("{\"format\":\"profbuf\",\"version\":1,\n", f);
	print_info(f, profile);
	print_accounts(f, profile);
	print_stops(f, profile);
	print_markers(f, profile);
	print_symbols(f, profile);
	print_programs(f, profile);
	print_label_sets(f, profile);
	print_stacks(f, profile, counted, n);
	fputs("}\n", f);
	free(counted);
	return true;
}
