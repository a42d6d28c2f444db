// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_markers.c - what programs wrote into the stream while it was recorded
 */
#include <stdio.h>

#include "report.h"

/* There is a limit, because a program may write as many markers as it likes. */
#define MARKERS_SHOWN	10

static bool is_in(const struct report *r, const struct profbuf_marker *m)
{
	return !r->part || (m->time >= r->from && m->time < r->to);
}

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
		if (!is_in(r, markers[i]) || nr++ >= MARKERS_SHOWN)
			continue;
		printf("# marker at %.3f s, of %u/%u: ", second_of(r, markers[i]), markers[i]->pid, markers[i]->tid);
		print_harmless(stdout, markers[i]->text, SIZE_MAX);
		putchar('\n');
	}
	if (nr > MARKERS_SHOWN)
		printf("# %zu more markers: profbuf script shows them\n", nr - MARKERS_SHOWN);
}

void report_print_json_markers(const struct report *r)
{
	const struct profbuf_marker *const *markers;
	size_t i, n = profbuf_profile_markers(r->profile, &markers), nr = 0;

	fputs("\"markers\":[", stdout);
	for (i = 0; i < n; i++) {
		if (!is_in(r, markers[i]))
			continue;
		printf("%s{\"second\":%.9g,\"pid\":%u,\"tid\":%u,\"text\":", nr++ ? "," : "",
		       second_of(r, markers[i]), markers[i]->pid, markers[i]->tid);
		print_json_string(stdout, markers[i]->text);
		putchar('}');
	}
	putchar(']');
}
