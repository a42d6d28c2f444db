// SPDX-License-Identifier: GPL-2.0-only
/*
 * generate_symbols.c - a stream of samples in one binary, for the tests of symbols
 *
 * usage: generate_symbols STREAM PATH BUILD_ID OFFSET VADDR SIZE STACK...
 *
 * PATH has its code at OFFSET in the file and at VADDR, SIZE bytes, and is mapped at another address. BUILD_ID is
 * hexadecimal, or - for none: then the file is identified by its inode. Each STACK is one sample: addresses of the
 * binary, leaf first, separated by commas. Numbers are hexadecimal. PATH may be several paths separated by colons: then
 * each has a process with all samples.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "generate.h"

#define START	0x7f1234000000ULL

/* A process @pid that has mapped the file, and a sample for each stack. */
static void generate_program(struct generated *g, uint32_t pid, const char *path, char **argv)
{
	uint64_t vaddr = strtoull(argv[5], NULL, 16), page = vaddr & 0xfff;
	struct profbuf_mapping *m;
	struct stat st = { 0 };
	unsigned int byte;
	const char *id;
	size_t at;

	stat(path, &st);
	generate_process(g, 1000, pid, 5, "program", 1);
	at = g->n;
	generate_mapping(g, pid, 5, START, START + page + strtoull(argv[6], NULL, 16),
			 strtoull(argv[4], NULL, 16) - page, path);
	m = (struct profbuf_mapping *)(g->words + at);
	m->inode = st.st_ino;
	for (id = argv[3]; sscanf(id, "%2x", &byte) == 1 && m->build_id_len < sizeof(m->build_id); id += 2)
		m->build_id[m->build_id_len++] = byte;
	for (int i = 7; argv[i]; i++) {
		uint64_t stack[PROFBUF_STACK_MAX];
		unsigned int n = 0;
		char *end = argv[i];

		while (n < PROFBUF_STACK_MAX) {
			stack[n++] = START + page - vaddr + strtoull(end, &end, 16);
			if (*end++ != ',')
				break;
		}
		generate_sample(g, 2000 + i, 0, pid, NULL, 0, stack, n);
	}
}

int main(int argc, char **argv)
{
	struct generated g = { 0 };
	uint32_t pid = 100;

	if (argc < 8)
		return 2;
	generate_info(&g, 1);
	for (char *path = strtok(argv[2], ":"); path; path = strtok(NULL, ":"))
		generate_program(&g, pid++, path, argv);
	generate_end(&g, 1);
	return !generate_write(&g, argv[1]);
}
