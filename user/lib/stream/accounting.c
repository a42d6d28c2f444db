// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * accounting.c - compare what the kernel counted with what the stream has
 */
#include <errno.h>
#include <stdlib.h>

#include "accounting.h"

struct cpu {
	struct profbuf_cpu_sums pub;
	struct profbuf_counters counters;
	struct profbuf_part_record begin;	/* len is 0 if there was none */
	struct profbuf_part_record next;	/* of the next part; likewise */
};

struct accounting {
	struct profbuf_accounting pub;	/* the first field: pointers to both structs are the same */
	struct cpu sum;
	const struct profbuf_cpu_sums **pubs;
	struct cpu cpus[];
};

static struct accounting *all_of(struct profbuf_accounting *accounting)
{
	return (struct accounting *)accounting;
}

static void cpu_init(struct cpu *cpu)
{
	*cpu = (struct cpu){ .pub = { .size = sizeof(cpu->pub), .counters = &cpu->counters } };
}

int profbuf_accounting_new(struct profbuf_accounting **accounting, const struct profbuf_stream_info *info)
{
	struct accounting *a = calloc(1, sizeof(*a) + info->nr_cpus * sizeof(*a->cpus));

	if (!a)
		return -ENOMEM;
	a->pubs = calloc(info->nr_cpus, sizeof(*a->pubs));
	if (!a->pubs) {
		free(a);
		return -ENOMEM;
	}
	cpu_init(&a->sum);
	for (uint32_t i = 0; i < info->nr_cpus; i++) {
		cpu_init(&a->cpus[i]);
		a->pubs[i] = &a->cpus[i].pub;
	}
	a->pub = (struct profbuf_accounting){
		.size = sizeof(a->pub), .nr_cpus = info->nr_cpus, .nr_skips = info->nr_skips,
		.verdict = PROFBUF_UNCOUNTED, .cpus = a->pubs, .sum = &a->sum.pub,
	};
	*accounting = &a->pub;
	return 0;
}

void profbuf_accounting_free(struct profbuf_accounting *accounting)
{
	if (accounting)
		free(all_of(accounting)->pubs);
	free(accounting);
}

static void add_part(struct profbuf_accounting *a, struct cpu *cpu, const struct profbuf_part_record *part)
{
	if (!a->part)
		a->part = part->misc;
	if (part->misc == a->part && !cpu->begin.len) {
		cpu->begin = *part;
		cpu->pub.samples_before = part->samples;
		cpu->pub.lost_before = part->lost;
	} else if (part->misc == a->part + 1) {
		cpu->next = *part;
	}
}

static void add_counters(struct cpu *cpu, const struct profbuf_record_counters *record)
{
	cpu->counters = record->counters;
	cpu->pub.final = record->misc & PROFBUF_COUNTERS_FINAL;
}

void profbuf_accounting_add(struct profbuf_accounting *a, const struct profbuf_record *record)
{
	struct cpu *cpu = all_of(a)->cpus + (record->cpu < a->nr_cpus ? record->cpu : 0);
	unsigned int i;

	switch (record->type) {
	case PROFBUF_RECORD_SAMPLE:
		cpu->pub.samples++;
		break;
	case PROFBUF_RECORD_LOST:
		cpu->pub.loss_records++;
		cpu->pub.lost += ((const struct profbuf_lost *)record)->count;
		break;
	case PROFBUF_RECORD_COUNTERS:
		add_counters(cpu, (const struct profbuf_record_counters *)record);
		break;
	case PROFBUF_RECORD_RATE:
		a->rate_changes++;
		if (((const struct profbuf_rate *)record)->stride > a->max_stride)
			a->max_stride = ((const struct profbuf_rate *)record)->stride;
		break;
	case PROFBUF_RECORD_PART:
		add_part(a, cpu, (const struct profbuf_part_record *)record);
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

void accounting_count(struct profbuf_accounting *accounting, uint64_t samples, uint64_t lost, uint64_t loss_records)
{
	struct profbuf_cpu_sums *cpu = &all_of(accounting)->cpus[0].pub, *sum = &all_of(accounting)->sum.pub;

	cpu->samples += samples;
	cpu->lost += lost;
	cpu->loss_records += loss_records;
	sum->samples = cpu->samples;
	sum->lost = cpu->lost;
	sum->loss_records = cpu->loss_records;
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

static bool adds_up(const struct cpu *cpu)
{
	const struct profbuf_counters *c = &cpu->counters;
	uint64_t samples = cpu->begin.samples + cpu->pub.samples, lost = cpu->begin.lost + cpu->pub.lost;

	if (cpu->pub.final)
		return c->ticks == c->delivered + c->lost + profbuf_counters_skipped(c) + c->missed &&
		       c->delivered == samples && c->lost == lost;
	return !cpu->next.len || (cpu->next.samples == samples && cpu->next.lost == lost);
}

static void add_up(struct cpu *sum, const struct cpu *cpu)
{
	sum->pub.samples += cpu->pub.samples;
	sum->pub.lost += cpu->pub.lost;
	sum->pub.loss_records += cpu->pub.loss_records;
	sum->pub.samples_before += cpu->pub.samples_before;
	sum->pub.lost_before += cpu->pub.lost_before;
	sum->pub.final &= cpu->pub.final;
	counters_add(&sum->counters, &cpu->counters);
}

void profbuf_accounting_check(struct profbuf_accounting *a)
{
	struct accounting *all = all_of(a);
	bool followed = a->part;

	cpu_init(&all->sum);
	all->sum.pub.final = true;
	a->verdict = PROFBUF_EXACT;
	for (uint32_t i = 0; i < a->nr_cpus; i++) {
		add_up(&all->sum, &all->cpus[i]);
		followed &= !!all->cpus[i].next.len;
		if (!adds_up(&all->cpus[i]) && a->verdict != PROFBUF_WRONG) {
			a->verdict = PROFBUF_WRONG;
			a->wrong_cpu = i;
		}
	}
	if (a->verdict == PROFBUF_EXACT && !all->sum.pub.final)
		a->verdict = followed ? PROFBUF_PART : PROFBUF_UNFINISHED;
}
