// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_markers.c - what programs wrote into the stream while it was recorded
 */
#include <stdio.h>

#include "report.h"

/* There is a limit, because a program may write as many markers as it likes. */
#define MARKERS_SHOWN	10

static double second_of(const struct report *r, const struct profbuf_marker *m)
{
	return (int64_t)(m->time - profbuf_profile_info(r->profile)->time) / 1e9;
}

void report_print_markers(const struct report *r)
{
	const struct profbuf_marker *const *markers;
	size_t i, n = profbuf_profile_markers(r->profile, &markers), nr = 0;

	/* The timeline itself shows the markers, each at its time. */
	if (r->options->timeline)
		return;
	for (i = 0; i < n; i++) {
		if (!report_has_time(r, markers[i]->time) || nr++ >= MARKERS_SHOWN)
			continue;
		printf("# marker at %.3f s, of %u/%u: ", second_of(r, markers[i]), markers[i]->pid, markers[i]->tid);
		print_harmless(stdout, markers[i]->text, SIZE_MAX);
		putchar('\n');
	}
	if (nr > MARKERS_SHOWN)
		printf("# %zu more markers: profbuf script shows them\n", nr - MARKERS_SHOWN);
}

size_t report_print_markers_before(const struct report *r, size_t i, uint64_t time)
{
	const struct profbuf_marker *const *markers;
	size_t n = profbuf_profile_markers(r->profile, &markers);

	for (; i < n && markers[i]->time < time; i++) {
		if (!report_has_time(r, markers[i]->time))
			continue;
		printf("%10.3f marker: ", second_of(r, markers[i]));
		print_harmless(stdout, markers[i]->text, SIZE_MAX);
		putchar('\n');
	}
	return i;
}

void report_print_json_markers(struct json *json, const struct report *r)
{
	const struct profbuf_marker *const *markers;
	size_t i, n = profbuf_profile_markers(r->profile, &markers);

	json_array_begin(json, "markers");
	for (i = 0; i < n; i++) {
		if (!report_has_time(r, markers[i]->time))
			continue;
		json_object_begin(json, NULL);
		json_double(json, "second", "%.9g", second_of(r, markers[i]));
		json_unsigned(json, "pid", markers[i]->pid);
		json_unsigned(json, "tid", markers[i]->tid);
		json_string(json, "text", markers[i]->text);
		json_object_end(json);
	}
	json_array_end(json);
}
