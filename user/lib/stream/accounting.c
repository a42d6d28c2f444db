// SPDX-License-Identifier: GPL-2.0-only
/*
 * accounting.c - what the kernel counted, against what the stream has
 */
#include <errno.h>
#include <stdlib.h>

#include "profbuf.h"

int profbuf_accounting_init(struct profbuf_accounting *a, const struct profbuf_stream_info *info)
{
	*a = (struct profbuf_accounting){ .nr_cpus = info->nr_cpus, .nr_skips = info->nr_skips };
	a->cpus = calloc(info->nr_cpus, sizeof(*a->cpus));
	return a->cpus ? 0 : -ENOMEM;
}

void profbuf_accounting_exit(struct profbuf_accounting *a)
{
	free(a->cpus);
	*a = (struct profbuf_accounting){ 0 };
}

static void add_part(struct profbuf_accounting *a, const struct profbuf_part_record *part)
{
	struct profbuf_cpu_sums *cpu = &a->cpus[part->cpu];

	if (!a->part)
		a->part = part->misc;
	if (part->misc == a->part && !cpu->begin.len)
		cpu->begin = *part;
	else if (part->misc == a->part + 1)
		cpu->next = *part;
}

void profbuf_accounting_add(struct profbuf_accounting *a, const struct profbuf_record *record)
{
	unsigned int i;

	switch (record->type) {
	case PROFBUF_RECORD_SAMPLE:
		a->cpus[record->cpu].samples++;
		break;
	case PROFBUF_RECORD_LOST:
		a->cpus[record->cpu].loss_records++;
		a->cpus[record->cpu].lost += ((const struct profbuf_lost *)record)->count;
		break;
	case PROFBUF_RECORD_COUNTERS:
		a->cpus[record->cpu].counters = ((const struct profbuf_record_counters *)record)->counters;
		a->cpus[record->cpu].final = record->misc & PROFBUF_COUNTERS_FINAL;
		break;
	case PROFBUF_RECORD_RATE:
		a->rate_changes++;
		if (((const struct profbuf_rate *)record)->stride > a->max_stride)
			a->max_stride = ((const struct profbuf_rate *)record)->stride;
		break;
	case PROFBUF_RECORD_PART:
		add_part(a, (const struct profbuf_part_record *)record);
		break;
	case PROFBUF_RECORD_SIDEBAND_LOST:
		for (i = 0; i < 8; i++)
			a->sideband_lost[i] += ((const struct profbuf_sideband_lost *)record)->count[i];
		break;
	case PROFBUF_RECORD_TAG_LOST:
		for (i = 0; i < 8; i++)
			a->tags_lost[i] += ((const struct profbuf_tag_lost *)record)->count[i];
		break;
	}
}

uint64_t profbuf_accounting_tags_lost(const struct profbuf_accounting *a)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < 8; i++)
		n += a->tags_lost[i];
	return n;
}

uint64_t profbuf_counters_skipped(const struct profbuf_counters *c)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < PROFBUF_SKIPS_MAX; i++)
		n += c->skipped[i];
	return n;
}

static void counters_add(struct profbuf_counters *sum, const struct profbuf_counters *c)
{
	unsigned int i;

	sum->ticks += c->ticks;
	sum->delivered += c->delivered;
	sum->lost += c->lost;
	sum->missed += c->missed;
	for (i = 0; i < PROFBUF_SKIPS_MAX; i++)
		sum->skipped[i] += c->skipped[i];
}

static bool adds_up(const struct profbuf_cpu_sums *cpu)
{
	const struct profbuf_counters *c = &cpu->counters;
	uint64_t samples = cpu->begin.samples + cpu->samples, lost = cpu->begin.lost + cpu->lost;

	if (cpu->final)
		return c->ticks == c->delivered + c->lost + profbuf_counters_skipped(c) + c->missed &&
		       c->delivered == samples && c->lost == lost;
	return !cpu->next.len || (cpu->next.samples == samples && cpu->next.lost == lost);
}

void profbuf_accounting_check(struct profbuf_accounting *a)
{
	bool followed = a->part;
	unsigned int i;

	a->sum = (struct profbuf_cpu_sums){ .final = true };
	a->verdict = PROFBUF_EXACT;
	for (i = 0; i < a->nr_cpus; i++) {
		const struct profbuf_cpu_sums *c = &a->cpus[i];

		a->sum.samples += c->samples;
		a->sum.lost += c->lost;
		a->sum.loss_records += c->loss_records;
		a->sum.final &= c->final;
		a->sum.begin.samples += c->begin.samples;
		a->sum.begin.lost += c->begin.lost;
		followed &= !!c->next.len;
		counters_add(&a->sum.counters, &c->counters);
		if (!adds_up(c) && a->verdict != PROFBUF_WRONG) {
			a->verdict = PROFBUF_WRONG;
			a->wrong_cpu = i;
		}
	}
	if (a->verdict == PROFBUF_EXACT && !a->sum.final)
		a->verdict = followed ? PROFBUF_PART : PROFBUF_UNFINISHED;
}
