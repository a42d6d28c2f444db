// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench.c - what a sample costs, in the time-stamp counter's units: instructions, on a machine started with --icount
 *
 * At load, the ring alone: writes of records of 21 and 69 words beside a copy loop and a Lamport ring. Then the tick of
 * a running session: its timer's function is replaced by one that counts around it. A probe in profbuf_write() finds
 * the session and is gone before the counting begins: write 0 to the parameter `probe`, then read `table`.
 */
#include <linux/hrtimer.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/timex.h>
#include <linux/vmalloc.h>

#include "module/session.h"

#define ROUNDS	1000
#define BATCH	128

/* The ring */

static struct {
	u64 min, max, sum;
} ring_costs[3][2];		/* copy loop, Lamport, profbuf; 16 and 64 words of stack */

static const char *const ring_names[] = { "copy", "lamport", "profbuf" };

struct lamport {
	u64 *data;
	u64 mask;
	u64 w ____cacheline_aligned;
	u64 r ____cacheline_aligned;
};

static noinline void write_copy(u64 *to, const u64 *from, unsigned int n)
{
	for (; n >= 4; n -= 4, to += 4, from += 4) {
		to[0] = from[0];
		to[1] = from[1];
		to[2] = from[2];
		to[3] = from[3];
	}
	for (; n; n--)
		*to++ = *from++;
	barrier();
}

/* Records of one size, so that they never wrap in the middle: the least a ring can do. */
static noinline bool write_lamport(struct lamport *b, const u64 *from, unsigned int n)
{
	u64 w = b->w;

	if (w + n - READ_ONCE(b->r) > b->mask + 1)
		return false;
	write_copy(&b->data[w & b->mask], from, n);
	smp_store_release(&b->w, w + n);	/* with a reader that there is none of */
	return true;
}

static void count(unsigned int ring, unsigned int size, u64 cost)
{
	if (!ring_costs[ring][size].min || cost < ring_costs[ring][size].min)
		ring_costs[ring][size].min = cost;
	if (cost > ring_costs[ring][size].max)
		ring_costs[ring][size].max = cost;
	ring_costs[ring][size].sum += cost;
}

static void bench_ring(u64 *memory, u64 *ring_memory, struct profbuf *ring)
{
	static const unsigned int stacks[] = { 16, 64 };
	static u64 record[128];
	struct lamport lamport = { .data = memory, .mask = (1 << 17) - 1 };
	struct profbuf_slice slice;
	unsigned int size, i;
	u64 start, empty;

	for (i = 0; i < ARRAY_SIZE(record); i++)
		record[i] = i + 1;
	preempt_disable();
	start = rdtsc();
	empty = rdtsc() - start;
	for (size = 0; size < 2; size++) {
		unsigned int words = 1 + PROFBUF_HEADER_WORDS + stacks[size];

		profbuf_init(ring, PROFBUF_HEADER_WORDS, 1 << 17, 1 << 14, ring_memory);
		for (i = 0; i < ROUNDS; i++) {
			start = rdtsc();
			write_copy(memory, record, words);
			count(0, size, rdtsc() - start - empty);
			start = rdtsc();
			write_lamport(&lamport, record, words);
			count(1, size, rdtsc() - start - empty);
			start = rdtsc();
			profbuf_write(ring, 1, record[0], record + 1, PROFBUF_HEADER_WORDS,
				      record + 1 + PROFBUF_HEADER_WORDS, stacks[size]);
			count(2, size, rdtsc() - start - empty);
			if (i % BATCH == 0) {
				lamport.r = lamport.w;
				while (profbuf_read(ring, PROFBUF_NONBLOCKING, &slice) == PROFBUF_DATA)
					;
			}
		}
		lamport.w = 0;
		lamport.r = 0;
	}
	preempt_enable();
}

/* The tick */

#define ROWS 64

static struct row {
	unsigned int kind;		/* mode; 256 + cause: skipped */
	unsigned int nr_kernel, nr_user;
	unsigned int n;
	u64 min, max, sum;
} rows[ROWS];

static struct profbuf_cpu *cpu_part;
static enum hrtimer_restart (*tick)(struct hrtimer *timer);
static bool probing;

static void add_row(unsigned int kind, unsigned int nr_kernel, unsigned int nr_user, u64 cost)
{
	unsigned int i;

	for (i = 0; i < ROWS; i++) {
		struct row *r = &rows[i];

		if (!r->n)
			*r = (struct row){ .kind = kind, .nr_kernel = nr_kernel, .nr_user = nr_user, .min = cost };
		if (r->kind != kind || r->nr_kernel != nr_kernel || r->nr_user != nr_user)
			continue;
		r->n++;
		r->sum += cost;
		r->min = min(r->min, cost);
		r->max = max(r->max, cost);
		return;
	}
}

static u64 skips(const struct profbuf_cpu *c, unsigned int cause)
{
	return local64_read(&c->counters.skipped[cause]);
}

static enum hrtimer_restart counted_tick(struct hrtimer *timer)
{
	struct profbuf_cpu *c = container_of(timer, struct profbuf_cpu, timer);
	u64 skipped[PROFBUF_NR_SKIPS], w = atomic64_read(&c->ring.w), start, cost;
	enum hrtimer_restart restart;
	const struct profbuf_sample *sample;
	unsigned int i;
	u32 at;

	for (i = 0; i < PROFBUF_NR_SKIPS; i++)
		skipped[i] = skips(c, i);
	start = rdtsc();
	restart = tick(timer);
	cost = rdtsc() - start;
	for (i = 0; i < PROFBUF_NR_SKIPS; i++) {
		if (skips(c, i) != skipped[i])
			add_row(256 + i, 0, 0, cost);
	}
	if (w != atomic64_read(&c->ring.w)) {
		at = (u32)w & (c->ring.data_size - 1);
		sample = (struct profbuf_sample *)&c->ring.data[c->ring.data[at] ? at : 0];
		add_row(sample->mode, sample->nr_kernel, sample->nr_user, cost);
	}
	return restart;
}

static int find(struct kprobe *probe, struct pt_regs *regs)
{
	struct profbuf_cpu *c = (struct profbuf_cpu *)regs->di;

	if (!cpu_part) {
		cpu_part = c;
		tick = c->timer.function;
		c->timer.function = counted_tick;
	}
	return 0;
}

static struct kprobe probe = {
	.symbol_name = "profbuf:profbuf_write",
	.pre_handler = find,
};

/* Writing 1: look for a session and forget what was counted; 0: count. */
static int set_probe(const char *val, const struct kernel_param *kp)
{
	bool on;
	int err = kstrtobool(val, &on);

	if (err || on == probing)
		return err;
	if (on) {
		cpu_part = NULL;
		memset(rows, 0, sizeof(rows));
		probe.addr = NULL;
		probe.flags = 0;
		err = register_kprobe(&probe);
	} else {
		unregister_kprobe(&probe);
		memset(rows, 0, sizeof(rows));
	}
	if (!err)
		probing = on;
	return err;
}

static int get_probe(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", probing);
}

static const struct kernel_param_ops probe_ops = { .set = set_probe, .get = get_probe };
module_param_cb(probe, &probe_ops, NULL, 0644);

static int get_table(char *buf, const struct kernel_param *kp)
{
	unsigned int i, k;
	int at = 0;

	for (i = 0; i < ARRAY_SIZE(ring_names); i++) {
		for (k = 0; k < 2; k++) {
			at += sysfs_emit_at(buf, at, "ring %s %u %u %llu %llu %llu\n", ring_names[i],
					    k ? 552 : 168, ROUNDS, ring_costs[i][k].min,
					    ring_costs[i][k].sum / ROUNDS, ring_costs[i][k].max);
		}
	}
	for (i = 0; i < ROWS && rows[i].n; i++) {
		at += sysfs_emit_at(buf, at, "tick %u %u %u %u %llu %llu %llu\n", rows[i].kind, rows[i].nr_kernel,
				    rows[i].nr_user, rows[i].n, rows[i].min, rows[i].sum / rows[i].n, rows[i].max);
	}
	return at;
}

static const struct kernel_param_ops table_ops = { .get = get_table };
module_param_cb(table, &table_ops, NULL, 0444);

static int __init bench_init(void)
{
	size_t bytes = profbuf_memory(PROFBUF_HEADER_WORDS, 1 << 17, 1 << 14);
	struct profbuf *ring = vzalloc(sizeof(*ring));
	u64 *ring_memory = vzalloc(bytes), *memory = vzalloc(sizeof(u64) * ((1 << 17) + 128));
	int err = -ENOMEM;

	if (ring && ring_memory && memory) {
		bench_ring(memory, ring_memory, ring);
		err = 0;
	}
	vfree(ring);
	vfree(ring_memory);
	vfree(memory);
	return err;
}

/* Sessions are closed before: no timer has our function any more. */
static void __exit bench_exit(void)
{
	if (probing)
		unregister_kprobe(&probe);
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("What a sample of profbuf costs");
MODULE_LICENSE("GPL");
