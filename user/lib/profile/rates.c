// SPDX-License-Identifier: GPL-2.0-only
/*
 * rates.c - changes of the rate on each CPU
 */
#include "base/sorted.h"
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
	size_t after = sorted_after(r->all, r->n, sizeof(key), by_cpu_and_time, &key);

	return after && r->all[after - 1].cpu == cpu ? r->all[after - 1].stride : 1;
}

void rates_exit(struct rates *r)
{
	free(r->all);
}
