/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stops.h - samples by why their stacks end
 */
#ifndef PROFBUF_STOPS_H
#define PROFBUF_STOPS_H

#include "cmd.h"
#include "json.h"

/* How many values the stop of a sample can have. */
#define STOPS	16

struct stop_counts {
	uint64_t user[STOPS], kernel[STOPS];	/* by enum profbuf_stop */
};

void stops_add(struct stop_counts *counts, const struct profbuf_event *event);

/* Prints "user_stops":{...},"kernel_stops":{...}, as members of an object. */
void stops_print_json(struct json *json, const struct stop_counts *counts);

#endif /* PROFBUF_STOPS_H */
