// SPDX-License-Identifier: GPL-2.0-only
/*
 * generate_symbols.c - a stream of samples in one binary, for the tests of symbols
 *
 * usage: generate_symbols STREAM PATH BUILD_ID OFFSET VADDR SIZE STACK...
 *
 * PATH has its code at OFFSET in the file and at VADDR, SIZE bytes, and is mapped elsewhere. BUILD_ID is hexadecimal,
 * or - for none: then the file is known by its inode. A STACK is addresses of the binary, leaf first, with commas: one
 * sample. Numbers are hexadecimal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "generate.h"

#define START	0x7f1234000000ULL

int main(int argc, char **argv)
{
	struct generated g = { 0 };
	struct profbuf_mapping *m;
	struct stat st = { 0 };
	uint64_t vaddr, page;
	unsigned int byte;
	const char *id;
	size_t at;

	if (argc < 8)
		return 2;
	vaddr = strtoull(argv[5], NULL, 16);
	page = vaddr & 0xfff;
	stat(argv[2], &st);
	generate_info(&g, 1);
	generate_process(&g, 1000, 100, 5, "program", 1);
	at = g.n;
	generate_mapping(&g, 100, 5, START, START + page + strtoull(argv[6], NULL, 16),
			 strtoull(argv[4], NULL, 16) - page, argv[2]);
	m = (struct profbuf_mapping *)(g.words + at);
	m->inode = st.st_ino;
	for (id = argv[3]; sscanf(id, "%2x", &byte) == 1 && m->build_id_len < sizeof(m->build_id); id += 2)
		m->build_id[m->build_id_len++] = byte;
	for (int i = 7; i < argc; i++) {
		uint64_t stack[PROFBUF_STACK_MAX];
		unsigned int n = 0;
		char *end = argv[i];

		while (n < PROFBUF_STACK_MAX) {
			stack[n++] = START + page - vaddr + strtoull(end, &end, 16);
			if (*end++ != ',')
				break;
		}
		generate_sample(&g, 2000 + i, 0, 100, NULL, 0, stack, n);
	}
	generate_end(&g, 1);
	return !generate_write(&g, argv[1]);
}
