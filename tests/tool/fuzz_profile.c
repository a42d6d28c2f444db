// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_profile.c - reads any bytes as a stored stream or a pprof file: if that works, every command must be able to
 * print the profile, and nothing outside of the input may be read
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "export.h"
#include "report.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t bytes;	/* of names, so that all are read to their ends */

/* Redirects standard output, because the commands print; the fuzzer itself does not use it. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return freopen("/dev/null", "w", stdout) ? 0 : 1;
}

static void run_report(const struct profbuf_profile *p, const struct tag_values *sets)
{
	for (int i = 0; i <= NR_BY; i++) {
		struct report_options o = {
			.by = i % NR_BY, .callers = i == NR_BY ? "copy_page" : NULL, .limit = UINT64_MAX, .buckets = 3,
			.timeline = i == BY_CPU,
		};
		struct report r = {
			.options = &o, .profile = p, .accounting = profbuf_profile_accounting(p), .path = "x",
			.values = sets,
		};

		if (!report_count(&r))
			abort();
		report_sort(&r);
		report_print_header(&r, "");
		report_print_rows(&r);
		report_print_json(&r);
		if (o.timeline && r.accounting->verdict != PROFBUF_UNCOUNTED)
			report_timeline(&r);
		report_free(&r);
	}
}

typedef bool (*export_fn)(FILE *f, struct profbuf_profile *profile, const struct export_options *options);

static void run_export(struct profbuf_profile *p, export_fn export, const struct export_options *options)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (!f || !export(f, p, options) || fclose(f))
		abort();
	bytes += n;
	free(text);
}

static void run_commands(struct profbuf_profile *p)
{
	struct export_options options = { .path = "x" };
	struct tag_values sets = { 0 }, tenants = { 0 };

	if (!tag_values_make(&sets, p, NULL, TAG_WORD) || !tag_values_make(&tenants, p, "tenant", TAG_TEXT))
		abort();
	run_report(p, &sets);
	run_export(p, export_json, &options);
	run_export(p, export_folded, &options);
	run_export(p, export_speedscope, &options);
	if (profbuf_profile_accounting(p)->verdict != PROFBUF_UNCOUNTED) {
		run_export(p, export_pprof, &options);
		run_export(p, export_perf, &options);
	}
	options.root = &tenants;
	run_export(p, export_flamegraph, &options);
	options.by = &tenants;
	run_export(p, export_speedscope, &options);
	options.by = NULL;
	options.by_thread = true;
	run_export(p, export_speedscope, &options);
	print_samples(p, &sets, true);
	tag_values_free(&sets);
	tag_values_free(&tenants);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The input may name files: none must be opened. */
	static const struct profbuf_profile_options options = { .kallsyms = "/dev/null", .no_user_symbols = true };
	const struct profbuf_program *const *programs;
	const struct profbuf_frame *frames;
	const struct profbuf_stack *stacks;
	const struct profbuf_labels *const *labels;
	const struct profbuf_event *events;
	struct profbuf_profile *p;
	size_t i, nr_events, nr_stacks, nr_frames, nr_labels;
	char path[32];
	int fd = memfd_create("input", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!profbuf_profile_read(&p, path, &options)) {
		nr_events = profbuf_profile_events(p, &events);
		nr_stacks = profbuf_profile_stacks(p, &stacks);
		nr_frames = profbuf_profile_frames(p, &frames);
		profbuf_profile_programs(p, &programs);
		nr_labels = profbuf_profile_labels(p, &labels);
		for (i = 0; i < nr_events; i++) {
			if (events[i].stack >= nr_stacks || events[i].labels >= nr_labels)
				abort();
			bytes += strlen(profbuf_profile_thread_name(p, &events[i]));
		}
		for (i = 0; i < nr_labels; i++) {
			for (uint32_t k = 0; k < labels[i]->n; k++)
				bytes += strlen(labels[i]->all[k].key) + strlen(labels[i]->all[k].value);
		}
		for (i = 0; i < nr_stacks; i++) {
			unsigned int k;

			bytes += strlen(programs[stacks[i].program]->comm);
			for (k = 0; k < stacks[i].nr_kernel + stacks[i].nr_user; k++) {
				if (stacks[i].frames[k] >= nr_frames)
					abort();
				bytes += strlen(frames[stacks[i].frames[k]].symbol->name);
			}
		}
		run_commands(p);
		profbuf_profile_free(p);
	}
	close(fd);
	return 0;
}
