// SPDX-License-Identifier: GPL-2.0-only
/*
 * generate_export.c - a stream for the tests of profbuf export: what the formats can get wrong
 *
 * usage: generate_export STREAM BINARY BUILD_ID LEAF RETURN
 *
 * BINARY is mapped at its own addresses, its code from the page of the function LEAF on. RETURN is where the call
 * returns to: the end of the caller, so that only the byte before it is in the caller. Both are hexadecimal, and so is
 * BUILD_ID, 20 bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generate.h"

#define CODE_BYTES	0x10000

static uint8_t build_id[20];

static void add_binary(struct generated *g, uint32_t pid, uint64_t start_time, uint64_t start, uint64_t offset,
		       const char *path)
{
	size_t at = g->n;
	struct profbuf_mapping *m;

	generate_mapping(g, pid, start_time, start, start + CODE_BYTES, offset, path);
	m = (struct profbuf_mapping *)(g->words + at);
	m->build_id_len = sizeof(build_id);
	memcpy(m->build_id, build_id, sizeof(build_id));
}

static void add_samples(struct generated *g, unsigned int n, uint64_t time, unsigned int cpu, uint32_t pid,
			uint32_t tid, uint64_t tag, const uint64_t *kernel, unsigned int nr_kernel,
			const uint64_t *user, unsigned int nr_user)
{
	for (unsigned int i = 0; i < n; i++) {
		size_t at = g->n;
		struct profbuf_sample *s;

		generate_sample(g, time + i * 1000, cpu, pid, kernel, nr_kernel, user, nr_user);
		s = (struct profbuf_sample *)(g->words + at);
		s->tid = tid;
		s->tag = tag;
	}
}

int main(int argc, char **argv)
{
	static const uint64_t kernel[] = { 0xffffffffc0001010, 0xffffffff81000120, 0xffffffff81000230 };
	static const uint64_t jit[] = { 0x7f0000000010, 0x123 };
	struct generated g = { 0 };
	uint64_t leaf, caller, page, user[2], moved[2];
	const char *binary;

	if (argc != 6 || strlen(argv[3]) != 2 * sizeof(build_id))
		return 2;
	binary = argv[2];
	for (size_t i = 0; i < sizeof(build_id); i++)
		sscanf(argv[3] + 2 * i, "%2hhx", &build_id[i]);
	leaf = strtoull(argv[4], NULL, 16);
	caller = strtoull(argv[5], NULL, 16);
	page = leaf & ~0xfffULL;
	/* The function was interrupted after its first instructions. */
	user[0] = leaf + 2;
	user[1] = caller;
	generate_info(&g, 2);
	((struct profbuf_stream_info *)g.words)->kernel_anchor = 0xffffffff81000400;

	/*
	 * The idle task. It comes first, because perf finds symbols of modules only after it has looked up some of the
	 * kernel.
	 */
	add_samples(&g, 5, 1500000, 1, 0, 0, 0, kernel + 1, 1, NULL, 0);

	/* A process with two threads, described after its first samples. One thread is in the kernel, in a module. */
	add_samples(&g, 40, 2000000, 0, 300, 300, 0, NULL, 0, user, 2);
	generate_process(&g, 2005000, 300, 5, "two words", 1);
	add_binary(&g, 300, 5, page, page - 0x400000, binary);
	add_samples(&g, 25, 2000500, 1, 300, 301, 0, kernel, 3, user, 2);

	/* The same process executes another program, which has the same code at another address. */
	moved[0] = user[0] + 0x20000000;
	moved[1] = user[1] + 0x20000000;
	generate_process(&g, 4000000, 300, 5, "after", 1);
	add_binary(&g, 300, 5, page + 0x20000000, page - 0x400000, binary);
	add_samples(&g, 12, 4000000, 0, 300, 300, 0, NULL, 0, moved, 2);
	add_samples(&g, 3, 4000500, 1, 300, 302, 0xabc, NULL, 0, moved, 2);

	/* Another process gets the same pid: its code is in no file, and its name is not text. */
	generate_process(&g, 6000000, 300, 9, "b\xff;\"d", 1);
	generate_mapping(&g, 300, 9, 0x7f0000000000, 0x7f0000001000, 0, "");
	add_samples(&g, 8, 6000000, 0, 300, 300, 0, NULL, 0, jit, 2);

	/* A process without a description, and a sample without any address. */
	add_samples(&g, 4, 7100000, 1, 77, 77, 0, NULL, 0, user, 1);
	add_samples(&g, 3, 7200000, 1, 300, 300, 0, NULL, 0, NULL, 0);
	generate_lost(&g, 8000000, 1, 6);
	generate_lost(&g, 9000000, 0, 1);
	generate_end(&g, 2);
	generate_symbol(&g, 0, 0xffffffffc0001000, 0xffffffffc0001100, "ext4_read", "ext4");
	generate_symbol(&g, 0, 0xffffffff81000100, 0xffffffff81000200, "vfs_read", "");
	generate_symbol(&g, 0, 0xffffffff81000200, 0xffffffff81000300, "do;syscall", "");
	return !generate_write(&g, argv[1]);
}
