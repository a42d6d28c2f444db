// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs.c - the files below the device
 *
 * /sys/class/misc/profbuf/{ticks,delivered,lost,missed,skipped_<cause>}, and the same below cpu<N>/: each file has one
 * number, the sum of all sessions since the module was loaded. /sys/class/misc/profbuf/sessions: how many sessions were
 * started and are still open; tagged: how many processes and threads have a tag from outside; tagged_lost: how many
 * should have inherited one, and did not.
 */
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "outside_tags.h"
#include "sessions.h"
#include "sysfs.h"
#include "profbuf_uapi.h"

/* One file: a counter of one CPU or of all. */
struct counter_attribute {
	struct device_attribute attr;
	unsigned int cpu;		/* or PROFBUF_CPU_NONE */
	unsigned int offset;		/* in struct profbuf_counters */
};

static const struct {
	const char *name;
	unsigned int offset;
} counters[] = {
	{ "ticks",		offsetof(struct profbuf_counters, ticks) },
	{ "delivered",		offsetof(struct profbuf_counters, delivered) },
	{ "lost",		offsetof(struct profbuf_counters, lost) },
	{ "missed",		offsetof(struct profbuf_counters, missed) },
	{ "skipped_nested",	offsetof(struct profbuf_counters, skipped[PROFBUF_SKIP_NESTED]) },
	{ "skipped_no_regs",	offsetof(struct profbuf_counters, skipped[PROFBUF_SKIP_NO_REGS]) },
	{ "skipped_idle",	offsetof(struct profbuf_counters, skipped[PROFBUF_SKIP_IDLE]) },
	{ "skipped_kernel",	offsetof(struct profbuf_counters, skipped[PROFBUF_SKIP_KERNEL]) },
	{ "skipped_user",	offsetof(struct profbuf_counters, skipped[PROFBUF_SKIP_USER]) },
	{ "skipped_filter",	offsetof(struct profbuf_counters, skipped[PROFBUF_SKIP_FILTER]) },
	{ "skipped_rights",	offsetof(struct profbuf_counters, skipped[PROFBUF_SKIP_RIGHTS]) },
	{ "skipped_ended",	offsetof(struct profbuf_counters, skipped[PROFBUF_SKIP_ENDED]) },
	{ "skipped_budget",	offsetof(struct profbuf_counters, skipped[PROFBUF_SKIP_BUDGET]) },
};

/* A directory: the counters of one CPU. The group without a name has the counters of all CPUs. */
struct counter_group {
	struct attribute_group group;
	char name[16];
	struct counter_attribute attrs[ARRAY_SIZE(counters)];
	struct attribute *pointers[ARRAY_SIZE(counters) + 4];
};

static struct counter_group *groups;			/* [possible CPUs + 1] */
static const struct attribute_group **group_pointers;	/* the same, and NULL */

static ssize_t counter_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct counter_attribute *a = container_of(attr, struct counter_attribute, attr);
	struct profbuf_counters sum;

	profbuf_sessions_counters(a->cpu, &sum);
	return sysfs_emit(buf, "%llu\n", *(u64 *)((char *)&sum + a->offset));
}

static ssize_t sessions_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", profbuf_sessions_nr());
}
static DEVICE_ATTR_RO(sessions);

static ssize_t tagged_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", profbuf_outside_tags_nr());
}
static DEVICE_ATTR_RO(tagged);

static ssize_t tagged_lost_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", profbuf_outside_tags_lost());
}
static DEVICE_ATTR_RO(tagged_lost);

static void init_group(struct counter_group *g, unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		struct counter_attribute *a = &g->attrs[i];

		sysfs_attr_init(&a->attr.attr);
		a->attr.attr.name = counters[i].name;
		a->attr.attr.mode = 0444;
		a->attr.show = counter_show;
		a->cpu = cpu;
		a->offset = counters[i].offset;
		g->pointers[i] = &a->attr.attr;
	}
	g->group.attrs = g->pointers;
	if (cpu == PROFBUF_CPU_NONE) {
		g->pointers[i++] = &dev_attr_sessions.attr;
		g->pointers[i++] = &dev_attr_tagged.attr;
		g->pointers[i] = &dev_attr_tagged_lost.attr;
	} else {
		snprintf(g->name, sizeof(g->name), "cpu%u", cpu);
		g->group.name = g->name;
	}
}

const struct attribute_group **profbuf_sysfs_groups(void)
{
	return group_pointers;
}

int profbuf_sysfs_init(void)
{
	unsigned int nr = num_possible_cpus() + 1;
	unsigned int cpu, i = 0;

	BUILD_BUG_ON(ARRAY_SIZE(counters) != 4 + PROFBUF_NR_SKIPS);

	groups = kvcalloc(nr, sizeof(*groups), GFP_KERNEL);
	group_pointers = kcalloc(nr + 1, sizeof(*group_pointers), GFP_KERNEL);
	if (!groups || !group_pointers) {
		profbuf_sysfs_exit();
		return -ENOMEM;
	}
	init_group(&groups[i++], PROFBUF_CPU_NONE);
	for_each_possible_cpu(cpu)
		init_group(&groups[i++], cpu);
	for (i = 0; i < nr; i++)
		group_pointers[i] = &groups[i].group;
	return 0;
}

void profbuf_sysfs_exit(void)
{
	kfree(group_pointers);
	kvfree(groups);
}
