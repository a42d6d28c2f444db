// SPDX-License-Identifier: GPL-2.0-only
/*
 * stops.c - samples by why their stacks end
 */
#include <inttypes.h>

#include "stops.h"

void stops_add(struct stop_counts *counts, const struct profbuf_event *event)
{
	counts->user[PROFBUF_SAMPLE_USER_STOP(event)] += event->weight;
	counts->kernel[PROFBUF_SAMPLE_KERNEL_STOP(event)] += event->weight;
}

static void print_counts(FILE *f, const char *key, const uint64_t *counts)
{
	fprintf(f, "\"%s\":{", key);
	for (unsigned int i = PROFBUF_STOP_END; i < STOPS && profbuf_stop_name(i); i++)
		fprintf(f, "%s\"%s\":%" PRIu64, i > PROFBUF_STOP_END ? "," : "", profbuf_stop_name(i), counts[i]);
	fputs("}", f);
}

void stops_print_json(FILE *f, const struct stop_counts *counts)
{
	print_counts(f, "user_stops", counts->user);
	fputs(",", f);
	print_counts(f, "kernel_stops", counts->kernel);
}
