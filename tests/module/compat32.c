// SPDX-License-Identifier: GPL-2.0-only
/*
 * compat32.c - a 32-bit program reads the device and makes all its calls, and is itself in the samples
 *
 * It is compiled for 32 bits, together with the test harness.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "kt.h"

_Static_assert(sizeof(void *) == 4, "for 32 bits");
/* The sizes and offsets in the 64-bit kernel. A struct that has another layout in 32 bits would fail here. */
_Static_assert(sizeof(struct profbuf_info) == 80 && sizeof(struct profbuf_config) == 128, "info, config");
_Static_assert(sizeof(struct profbuf_counters_get) == 8 + 160 + 16 + 64 + 8 + 64, "counters_get");
_Static_assert(sizeof(struct profbuf_tag_source) == 56 && sizeof(struct profbuf_tag_set) == 40, "tags");
_Static_assert(offsetof(struct profbuf_mapping, path) == 104 && sizeof(struct profbuf_process) == 88, "sideband");

static volatile unsigned int sink;

static __attribute__((noinline)) void leaf(uint64_t rounds)
{
	while (rounds--)
		sink += rounds;
}

static __attribute__((noinline)) void middle(uint64_t rounds)
{
	leaf(rounds);
	sink++;
}

static __attribute__((noinline)) void outer(uint64_t ns)
{
	uint64_t end = kt_now() + ns;

	while (kt_now() < end)
		middle(200000);
	sink++;
}

static bool in(uint64_t address, void *function)
{
	return address >= (uintptr_t)function && address < (uintptr_t)function + 200;
}

/* Every call works with 32-bit pointers and structs. */
TEST(every_call_works)
{
	static const char labels[] = "tenant\0acme";
	struct profbuf_tag_set set = {
		.size = sizeof(set), .pid = getpid(), .bytes = sizeof(labels), .data = (uintptr_t)labels,
	};
	struct profbuf_tag_source source = { .size = sizeof(source), .pid = getpid(), .offset = -64 };
	struct profbuf_config config = kt_config(), now = { .size = sizeof(now) };
	struct profbuf_info info = { .size = sizeof(info) };
	struct pollfd p = { .fd = kt_open(), .events = POLLIN };
	unsigned char mask = 3;
	struct kt_stream s = { 0 };
	struct kt_sums sums;

	config.cpus = (uintptr_t)&mask;
	config.cpus_bytes = 1;
	config.duration_ns = 5000000000ULL;	/* more than 32 bits */
	kt_configure(p.fd, &config);
	NEED(!ioctl(p.fd, PROFBUF_IOC_INFO, &info) && !ioctl(p.fd, PROFBUF_IOC_GET_CONFIG, &now));
	CHECK(info.size == sizeof(info) && info.abi_version == PROFBUF_ABI_VERSION);
	CHECK(now.size == sizeof(now) && now.duration_ns == 5000000000ULL && now.ring_bytes == 256 << 10);
	CHECK(!ioctl(p.fd, PROFBUF_IOC_TAG, &set) && !ioctl(p.fd, PROFBUF_IOC_TAG_SOURCE, &source));
	kt_start(p.fd);
	CHECK(!ioctl(p.fd, PROFBUF_IOC_FLUSH));
	CHECK(write(p.fd, "a marker", 8) == 8);
	CHECK(poll(&p, 1, 5000) == 1 && p.revents == POLLIN);
	outer(200 * MSEC);
	kt_stop(p.fd);
	kt_drain(p.fd, &s);
	sums = kt_check(&s);
	ENOUGH(sums.all_samples > 20);
	CHECK(sums.info->nr_cpus == info.nr_cpus && sums.markers == 1);
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		struct profbuf_counters c = kt_counters(p.fd, cpu);

		CHECK(sums.has_final[cpu] && !memcmp(&c, &sums.final[cpu], sizeof(c)) && c.ticks == kt_accounted(&c));
	}
	CHECK(ioctl(p.fd, PROFBUF_IOC_INFO, 0xfffffff0) == -1 && errno == EFAULT);
	CHECK(read(p.fd, (void *)0xfffffff0, 64) == 0);	/* the end is reported before the pointer is looked at */
	kt_free(&s);
	close(p.fd);
}

/* The samples are marked as 32 bits and have the callers, and the process's record is marked, too. */
TEST(samples_of_32_bits_have_their_callers)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = kt_sampled(&config, outer, 400 * MSEC);
	unsigned int all = 0, good = 0;
	const struct profbuf_record *r = NULL;
	int described = 0;

	EACH_SAMPLE(p, &s) {
		const __u64 *f = p->frames + p->nr_kernel;

		if ((p->mode & PROFBUF_MODE_MASK) != PROFBUF_MODE_USER || !in(f[0], leaf))
			continue;
		all++;
		CHECK(p->mode & PROFBUF_MODE_32BIT);
		good += p->nr_user > 3 && in(f[1], middle) && in(f[2], outer);
	}
	/* In the first and the last instructions of a function, the frame pointer is still or again the caller's. */
	ENOUGH(all > 50, "%u of %u", good, all);
	CHECK(good > all * 9 / 10, "%u of %u", good, all);
	while ((r = kt_next(&s, r))) {
		if (r->type == PROFBUF_RECORD_PROCESS && ((const struct profbuf_process *)r)->pid == (__u32)getpid()) {
			CHECK(r->misc == 1);
			described++;
		}
	}
	CHECK(described);
	kt_free(&s);
}

static uint32_t bad_fp;

static void bad_frame(uint64_t ns)
{
	uint32_t count = ns / 4;

	asm volatile("push %%ebp\n\t"
		     "mov %1, %%ebp\n"
		     "1:\tdec %0\n\t"
		     "jnz 1b\n\t"
		     "pop %%ebp"
		     : "+r" (count) : "r" (bad_fp) : "cc", "memory");
}

/* Frame pointers that lead nowhere, as 32-bit words. */
TEST(corrupt_frames_end_the_stack_with_a_reason)
{
	uint32_t frame[4] __attribute__((aligned(16)));
	struct { uint32_t fp; unsigned int frames; enum profbuf_stop stop; } cases[] = {
		{ 0, 1, PROFBUF_STOP_END },
		{ 8, 1, PROFBUF_STOP_FRAME },				/* below the stack */
		{ 0xffffe002, 1, PROFBUF_STOP_FRAME },			/* not aligned */
		{ 0xfffffffc, 1, PROFBUF_STOP_FAULT },			/* ends beyond 32 bits */
		{ (uintptr_t)frame, 2, PROFBUF_STOP_FRAME },		/* its own caller */
	};

	frame[0] = (uintptr_t)frame;
	frame[1] = 0x1234;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct profbuf_config config = kt_config();
		unsigned int all = 0, good = 0;
		struct kt_stream s;

		bad_fp = cases[i].fp;
		s = kt_sampled(&config, bad_frame, 1200 * MSEC);
		EACH_SAMPLE(p, &s) {
			if ((p->mode & PROFBUF_MODE_MASK) != PROFBUF_MODE_USER || !in(p->frames[0], bad_frame))
				continue;
			all++;
			good += p->nr_user == cases[i].frames && PROFBUF_SAMPLE_USER_STOP(p) == cases[i].stop;
		}
		ENOUGH(all > 30, "case %u: %u of %u", i, good, all);
		CHECK(good + 3 >= all, "case %u: %u of %u", i, good, all);
		kt_free(&s);
	}
}

int main(void)
{
	return kt_main();
}
