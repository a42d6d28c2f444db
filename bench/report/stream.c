// SPDX-License-Identifier: GPL-2.0-only
/*
 * stream.c - a big stream: samples of 30 frames in the functions of real shared objects
 *
 * usage: stream FILE SAMPLES STACKS OBJECT.so...
 *
 * Four processes have all objects mapped where this program has them. Stacks are as those of programs are: near the
 * root few functions, towards the leaf more; a third of them ends in six frames of the kernel. A few stacks have many
 * of the samples: which one it is goes by the square of a random number.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "generate.h"

#define DEPTH		30
#define KERNEL_DEPTH	6
#define NR_PROCESSES	4
#define CPUS		4
#define FUNCTIONS	50
#define KERNEL_SYMBOLS	500
#define KERNEL_START	0xffffffff81000000ULL

static uint64_t *functions;
static size_t nr_functions;

static uint64_t mix(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x9e3779b97f4a7c15ULL;
	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ULL;
	return x ^ x >> 32;
}

static void load(int object, const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	char name[64];

	if (!handle) {
		fprintf(stderr, "stream: %s\n", dlerror());
		exit(1);
	}
	for (int i = 0; i < FUNCTIONS; i++) {
		snprintf(name, sizeof(name), "object_%d_function_%d", object, i + 10);
		functions[nr_functions] = (uintptr_t)dlsym(handle, name);
		if (!functions[nr_functions++]) {
			fprintf(stderr, "stream: %s has no %s\n", path, name);
			exit(1);
		}
	}
}

/* This program's mappings of the objects, as those of a process. */
static void generate_mappings(struct generated *g, uint32_t pid, char **paths, int n)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[1024], path[512], protection[8];
	unsigned long start, end, offset;
	struct stat st;
	size_t at;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %511s", &start, &end, protection, &offset, path) != 5 ||
		    !strchr(protection, 'x'))
			continue;
		for (int i = 0; i < n; i++) {
			if (strcmp(path, paths[i]) || stat(path, &st))
				continue;
			at = g->n;
			generate_mapping(g, pid, pid, start, end, offset, path);
			((struct profbuf_mapping *)(g->words + at))->inode = st.st_ino;
		}
	}
	if (f)
		fclose(f);
}

/* Leaf first. */
static void make_stack(uint64_t stack, uint64_t *frames)
{
	for (int depth = 0; depth < DEPTH; depth++) {
		uint64_t h = mix(depth << 20 | (depth < 15 ? stack >> (15 - depth) : stack));
		uint64_t *frame = &frames[DEPTH - 1 - depth];

		if (stack % 3 || depth < DEPTH - KERNEL_DEPTH)
			*frame = functions[h % nr_functions] + 5 + (h >> 40) % 3 * 8;
		else
			*frame = KERNEL_START + h % KERNEL_SYMBOLS * 256 + 16 + (h >> 40) % 3 * 8;
	}
}

static void flush(struct generated *g, FILE *f, bool all)
{
	if (g->n < 1 << 16 && !all)
		return;
	if (fwrite(g->words, 8, g->n, f) != g->n) {
		perror("stream");
		exit(1);
	}
	g->n = 0;
}

int main(int argc, char **argv)
{
	struct generated g = { 0 };
	uint64_t i, samples, stacks, frames[DEPTH], random = 1;
	char name[64];
	FILE *f;

	if (argc < 5)
		return 2;
	samples = strtoull(argv[2], NULL, 10);
	stacks = strtoull(argv[3], NULL, 10);
	functions = calloc((argc - 4) * FUNCTIONS, sizeof(*functions));
	f = fopen(argv[1], "w");
	if (!functions || !f)
		return 1;
	for (int k = 4; k < argc; k++)
		load(k - 4, argv[k]);
	generate_info(&g, CPUS);
	for (uint32_t pid = 100; pid < 100 + NR_PROCESSES; pid++) {
		snprintf(name, sizeof(name), "program%u", pid - 100);
		generate_process(&g, 1000, pid, pid, name, argc - 4);
		generate_mappings(&g, pid, argv + 4, argc - 4);
	}
	for (i = 0; i < samples; i++) {
		uint64_t stack, kernel;
		double u;

		random = mix(random + i);
		u = (double)(random >> 11) / (1ULL << 53);
		stack = stacks * u * u;
		kernel = stack % 3 ? 0 : KERNEL_DEPTH;
		make_stack(stack, frames);
		generate_sample(&g, 2000 + i * 50000, i % CPUS, 100 + stack % NR_PROCESSES, frames, kernel,
				frames + kernel, DEPTH - kernel);
		flush(&g, f, false);
	}
	generate_end(&g, CPUS);
	for (i = 0; i < KERNEL_SYMBOLS; i++) {
		snprintf(name, sizeof(name), "kernel_function_%u", (unsigned int)i);
		generate_symbol(&g, 0, KERNEL_START + i * 256, KERNEL_START + i * 256 + 256, name, "");
	}
	flush(&g, f, true);
	generate_free(&g);
	free(functions);
	return fclose(f) ? 1 : 0;
}
