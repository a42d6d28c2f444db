/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rates.h - how many periods a sample stands for
 */
#ifndef PROFBUF_RATES_H
#define PROFBUF_RATES_H

#include "base/table.h"
#include "profbuf.h"

struct rate {
	uint64_t time;
	uint64_t stride;	/* from then on */
	uint16_t cpu;
};

struct rates {
	struct rate *all;	/* sorted by CPU and time after rates_sort() */
	size_t n, room, nr_sorted;
};

/* Takes a record of the type RATE. False: no memory. */
bool rates_add(struct rates *rates, const struct profbuf_rate *record);

/* Call it after the last rates_add() and before the first rates_find(). */
void rates_sort(struct rates *rates);

/* Returns the stride at @time: for how many periods there was one tick; 1 unless the stream says otherwise. */
uint64_t rates_find(const struct rates *rates, uint16_t cpu, uint64_t time);

void rates_exit(struct rates *rates);

#endif /* PROFBUF_RATES_H */
