// SPDX-License-Identifier: GPL-2.0-only
/*
 * config.c - the configuration of a session: defaults, bounds, validation
 */
#include <linux/bitmap.h>
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <linux/time64.h>
#include <linux/uaccess.h>
#include <asm/tsc.h>

#include "config.h"
#include "cpu.h"
#include "describe.h"
#include "lives.h"
#include "opener.h"
#include "requests.h"
#include "tags.h"

#define RING_BYTES_DEFAULT	(512U << 10)
#define RING_BYTES_LEAST	(16U << 10)	/* least default: any depth fits */
/* Two of the longest samples fit, wherever in the ring the first one begins: no sample is too long for the ring. */
#define RING_BYTES_MIN		(4U << 10)
#define RING_BYTES_MAX		(256U << 20)
#define DEPTH_DEFAULT		PROFBUF_STACK_MAX
#define FLUSH_DEFAULT		(100 * NSEC_PER_MSEC)
#define FLUSH_MIN		NSEC_PER_MSEC
#define TIME_MAX		(10 * 365 * 24 * 3600ULL * NSEC_PER_SEC)
#define PERIOD_MAX		(3600ULL * NSEC_PER_SEC)
#define CYCLES_DEFAULT		10000000
#define CYCLES_MIN		10000
#define CYCLES_MAX		(1ULL << 40)

u64 profbuf_config_memory(const struct profbuf_config *c, unsigned int cpus)
{
	bool tags = c->flags & PROFBUF_CONFIG_TAGS;
	u64 each = sizeof(struct profbuf_cpu) + (tags ? profbuf_tags_cpu_memory() : 0) +
		   profbuf_memory(PROFBUF_HEADER_WORDS, c->ring_bytes / sizeof(u64), c->tag_slots);

	return cpus * each + profbuf_requests_memory() + profbuf_lives_memory() + profbuf_describe_memory() +
	       (tags ? profbuf_tags_memory() : 0);
}

/* The default, or less if there are so many CPUs that a session may not have that much for each. */
static u32 default_ring_bytes(void)
{
	struct profbuf_config c = { .flags = PROFBUF_CONFIG_FLAGS };

	for (c.ring_bytes = RING_BYTES_DEFAULT; c.ring_bytes > RING_BYTES_LEAST; c.ring_bytes /= 2) {
		c.tag_slots = c.ring_bytes / 64;
		if (profbuf_config_memory(&c, num_possible_cpus()) <= (u64)profbuf_max_memory_mb << 20)
			break;
	}
	return c.ring_bytes;
}

/* The administrator may have set a minimum above the default. */
static u64 default_period(void)
{
	return (u64)max(profbuf_default_period_us, profbuf_min_period_us) * NSEC_PER_USEC;
}

/* Openers without rights see only the user code of their own processes. */
static u32 allowed_flags(const struct profbuf_opener *opener)
{
	if (opener->rights & PROFBUF_RIGHT_KERNEL)
		return PROFBUF_CONFIG_FLAGS;
	return PROFBUF_CONFIG_FLAGS & ~(PROFBUF_CONFIG_KERNEL | PROFBUF_CONFIG_IDLE);
}

void profbuf_config_default(const struct profbuf_opener *opener, struct profbuf_config *config)
{
	u32 ring_bytes = default_ring_bytes();

	*config = (struct profbuf_config){
		.size = sizeof(*config),
		.flags = PROFBUF_CONFIG_FLAGS & ~PROFBUF_CONFIG_IDLE & allowed_flags(opener),
		.source = PROFBUF_SOURCE_HRTIMER,
		.period = default_period(),
		.ring_bytes = ring_bytes,
		.tag_slots = ring_bytes / 64,
		.kernel_depth = opener->rights & PROFBUF_RIGHT_KERNEL ? DEPTH_DEFAULT : 0,
		.user_depth = DEPTH_DEFAULT,
		.watermark = ring_bytes / 2,
		.flush_ns = FLUSH_DEFAULT,
	};
}

/* The words of the longest record in a ring, and of the loss record that may come before it. */
static u32 longest_records(const struct profbuf_config *c)
{
	return 2 * (2 + PROFBUF_HEADER_WORDS) + 1 + c->kernel_depth + c->user_depth;
}

/* The administrator's minimum in cycles, by the rate of the time-stamp counter. */
static u64 min_cycles(void)
{
	return max_t(u64, CYCLES_MIN, div_u64((u64)profbuf_min_period_us * tsc_khz, USEC_PER_MSEC));
}

static int check_period(struct profbuf_config *c)
{
	if (c->source == PROFBUF_SOURCE_PERF_CYCLES) {
		if (!c->period)
			c->period = max_t(u64, CYCLES_DEFAULT, min_cycles());
		if (c->period > CYCLES_MAX)
			return -EINVAL;
		return c->period < min_cycles() ? -ERANGE : 0;
	}
	if (!c->period)
		c->period = default_period();
	if (c->period > PERIOD_MAX)
		return -EINVAL;
	/* Without high-resolution timers, no timer fires more often than the kernel's own tick. */
	return c->period < max_t(u64, (u64)profbuf_min_period_us * NSEC_PER_USEC, hrtimer_resolution) ? -ERANGE : 0;
}

static int check_ring(struct profbuf_config *c)
{
	if (!c->ring_bytes)
		c->ring_bytes = default_ring_bytes();
	if (c->ring_bytes < RING_BYTES_MIN || c->ring_bytes > RING_BYTES_MAX)
		return -EINVAL;
	c->ring_bytes = roundup_pow_of_two(c->ring_bytes);
	/* At worst the end of the array stays unused, and a record and its loss record need twice their room. */
	if (c->ring_bytes / sizeof(u64) < 2 * longest_records(c))
		return -EINVAL;

	if (!c->tag_slots)
		c->tag_slots = c->ring_bytes / 64;
	if (c->tag_slots < 2 || c->tag_slots > c->ring_bytes / sizeof(u64))
		return -EINVAL;
	c->tag_slots = roundup_pow_of_two(c->tag_slots);

	if (!c->watermark)
		c->watermark = c->ring_bytes / 2;
	if (c->watermark < sizeof(u64) || c->watermark > c->ring_bytes)
		return -EINVAL;
	return 0;
}

static int check_times(struct profbuf_config *c)
{
	if (!c->flush_ns)
		c->flush_ns = FLUSH_DEFAULT;
	if (c->flush_ns < FLUSH_MIN || c->flush_ns > TIME_MAX || c->delay_ns > TIME_MAX || c->duration_ns > TIME_MAX)
		return -EINVAL;
	return 0;
}

static int check_filter(const struct profbuf_config *c)
{
	if (c->filter >= PROFBUF_NR_FILTERS || c->filter_id > INT_MAX)
		return -EINVAL;
	if (c->filter == PROFBUF_FILTER_NONE && c->filter_id)
		return -EINVAL;
	return 0;
}

/* Reads the mask from user space. Bits past the possible CPUs are ignored, as by sched_setaffinity(). */
static int get_mask(const struct profbuf_config *c, struct cpumask *mask)
{
	const u8 __user *from = u64_to_user_ptr(c->cpus);
	unsigned int i, bit;
	u8 byte;

	if (!c->cpus) {
		if (c->cpus_bytes)
			return -EINVAL;
		cpumask_copy(mask, cpu_possible_mask);
		return 0;
	}
	if (!c->cpus_bytes || c->cpus_bytes > PAGE_SIZE)
		return -EINVAL;
	cpumask_clear(mask);
	for (i = 0; i < c->cpus_bytes && i * 8 < nr_cpu_ids; i++) {
		if (get_user(byte, from + i))
			return -EFAULT;
		for (bit = 0; bit < 8; bit++) {
			if (byte & BIT(bit) && i * 8 + bit < nr_cpu_ids)
				cpumask_set_cpu(i * 8 + bit, mask);
		}
	}
	cpumask_and(mask, mask, cpu_possible_mask);
	return cpumask_empty(mask) ? -ENODEV : 0;
}

int profbuf_config_check(const struct profbuf_opener *opener, struct profbuf_config *c, struct cpumask *mask)
{
	unsigned int i;
	int err;

	if (c->flags & ~PROFBUF_CONFIG_FLAGS || !(c->flags & (PROFBUF_CONFIG_USER | PROFBUF_CONFIG_KERNEL)) ||
	    (c->flags & PROFBUF_CONFIG_IDLE && !(c->flags & PROFBUF_CONFIG_KERNEL)))
		return -EINVAL;
	if (c->source >= PROFBUF_NR_SOURCES || c->kernel_depth > PROFBUF_STACK_MAX ||
	    c->user_depth > PROFBUF_STACK_MAX)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(c->reserved); i++) {
		if (c->reserved[i])
			return -EINVAL;
	}
	err = check_period(c);
	if (!err)
		err = check_ring(c);
	if (!err)
		err = check_times(c);
	if (!err)
		err = check_filter(c);
	/* A CPU has few hardware counters, and a session that has one takes it from the users of perf. */
	if (!err && (c->flags & ~allowed_flags(opener) ||
		     (c->source == PROFBUF_SOURCE_PERF_CYCLES && !(opener->rights & PROFBUF_RIGHT_TASKS))))
		err = -EPERM;
	if (!err)
		err = get_mask(c, mask);
	if (err)
		return err;
	c->cpus = 0;
	c->cpus_bytes = 0;
	c->size = sizeof(*c);
	if (profbuf_config_memory(c, cpumask_weight(mask)) > (u64)profbuf_max_memory_mb << 20)
		return -EDQUOT;
	return 0;
}
