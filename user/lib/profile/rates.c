// SPDX-License-Identifier: GPL-2.0-only
/*
 * rates.c - changes of the rate on each CPU
 */
#include "rates.h"

bool rates_add(struct rates *r, const struct profbuf_rate *record)
{
	if (!ARRAY_GROW(r->all, r->n, r->room))
		return false;
	r->all[r->n++] = (struct rate){ record->time, record->stride, record->cpu };
	return true;
}

static int by_cpu_and_time(const void *a, const void *b)
{
	const struct rate *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	return x->time < y->time ? -1 : x->time > y->time;
}

void rates_sort(struct rates *r)
{
	if (r->nr_sorted != r->n)
		qsort(r->all, r->n, sizeof(*r->all), by_cpu_and_time);
	r->nr_sorted = r->n;
}

uint64_t rates_find(const struct rates *r, uint16_t cpu, uint64_t time)
{
	const struct rate key = { .cpu = cpu, .time = time };
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_cpu_and_time(&r->all[middle], &key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low && r->all[low - 1].cpu == cpu ? r->all[low - 1].stride : 1;
}

void rates_exit(struct rates *r)
{
	free(r->all);
}
