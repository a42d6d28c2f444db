// SPDX-License-Identifier: GPL-2.0-only
/*
 * stops.c - samples by why their stacks end
 */
#include "stops.h"

void stops_add(struct stop_counts *counts, const struct profbuf_event *event)
{
	counts->user[PROFBUF_SAMPLE_USER_STOP(event)] += event->weight;
	counts->kernel[PROFBUF_SAMPLE_KERNEL_STOP(event)] += event->weight;
}

static void print_counts(struct json *json, const char *key, const uint64_t *counts)
{
	json_object_begin(json, key);
	for (unsigned int i = PROFBUF_STOP_END; i < STOPS && profbuf_stop_name(i); i++)
		json_unsigned(json, profbuf_stop_name(i), counts[i]);
	json_object_end(json);
}

void stops_print_json(struct json *json, const struct stop_counts *counts)
{
	print_counts(json, "user_stops", counts->user);
	print_counts(json, "kernel_stops", counts->kernel);
}
