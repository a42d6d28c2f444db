// SPDX-License-Identifier: GPL-2.0-only
/*
 * elf_test.c - where a program's file says that its variables are: files that lie, and files that are none
 *
 * usage: elf_test DIR	(with the libraries that `programs` has built)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tag_elf.h"

static const char *dir;

static void read_bytes(const uint8_t *bytes, size_t n)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);
	struct tag_elf elf;

	assert_int_equal(write(fd, bytes, n), n);
	tag_elf_read(fd, &elf);
	for (int k = 0; k < PROFBUF_NR_TAG_KINDS; k++)
		assert_true(elf.variables[k].nr_slots <= TAG_ELF_SLOTS);
	assert_true(elf.nr_segments <= TAG_ELF_SEGMENTS);
	close(fd);
}

static uint8_t *read_whole(const char *name, size_t *n)
{
	uint8_t *bytes = malloc(1 << 20);
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	assert_true(bytes && fd >= 0);
	*n = read(fd, bytes, 1 << 20);
	assert_true(*n > sizeof(Elf64_Ehdr) && *n < 1 << 20);
	close(fd);
	return bytes;
}

static void test_files_that_lie(void **state)
{
	static const char *const files[] = { "libgeneral-dynamic.so", "libalias-descriptors.so" };
	static const uint64_t extremes[] = { 0, 1, 0xffff, 0x7fffffff, 0xffffffff, 1ULL << 40, 1ULL << 63, ~0ULL };
	uint64_t seed = 1;

	(void)state;
	for (int f = 0; f < 2; f++) {
		size_t n;
		uint8_t *bytes = read_whole(files[f], &n), *copy = malloc(n);
		Elf64_Ehdr ehdr;

		/* Cut anywhere; exactly as many bytes, so that the sanitizer sees one beyond. */
		for (size_t cut = 0; cut < n; cut += 61)
			read_bytes(bytes, cut);
		/* Words of headers and tables: any 8 bytes. */
		memcpy(&ehdr, bytes, sizeof(ehdr));
		for (int i = 0; i < 6000; i++) {
			size_t at, places[3] = {
				(seed >> 20) % sizeof(ehdr),
				ehdr.e_phoff + (seed >> 20) % (ehdr.e_phnum * sizeof(Elf64_Phdr)),
				ehdr.e_shoff + (seed >> 20) % (ehdr.e_shnum * sizeof(Elf64_Shdr)),
			};
			uint64_t value;

			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			at = i % 4 == 3 ? (seed >> 20) % n : places[i % 4];
			at = at + 8 > n ? n - 8 : at;
			value = i & 8 ? seed >> (seed & 63) : extremes[seed >> 61];
			memcpy(copy, bytes, n);
			memcpy(copy + at, &value, i & 16 ? 8 : 4);
			read_bytes(copy, n);
		}
		free(copy);
		free(bytes);
	}
}

/* Sizes and alignments of the segment, also such as no linker makes. */
static void test_where_the_segment_is(void **state)
{
	static const struct {
		uint64_t bytes, align, address;
		int64_t tls;		/* 0: refused */
		bool defined;
	} cases[] = {
		{ 48, 8, 0x1000, -48, true }, { 49, 8, 0x1000, -56, true }, { 48, 0, 0x1000, -48, true },
		{ 48, 64, 0x1000, -64, true }, { 48, 64, 0x1010, -48, true }, { 48, 64, 0x1008, -56, true },
		/* The variable is at 40. */
		{ 47, 1, 0x1000, -47, false }, { 4, 4, 0x1000, -4, false },
		{ 48, 3, 0x1000, 0, false }, { 1ULL << 40, 8, 0x1000, 0, false }, { ~0ULL, 8, 0x1000, 0, false },
		{ 48, 1ULL << 63, 0x1000, 0, false },
	};
	size_t n;
	uint8_t *bytes = read_whole("libinitial-exec.so", &n);
	Elf64_Ehdr *ehdr = (Elf64_Ehdr *)bytes;
	Elf64_Phdr *phdr = (Elf64_Phdr *)(bytes + ehdr->e_phoff);

	(void)state;
	while (phdr->p_type != PT_TLS)
		phdr++;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int fd = memfd_create("elf", MFD_CLOEXEC);
		struct tag_elf elf;

		phdr->p_memsz = cases[i].bytes;
		phdr->p_align = cases[i].align;
		phdr->p_vaddr = cases[i].address;
		assert_int_equal(write(fd, bytes, n), n);
		assert_int_equal(tag_elf_read(fd, &elf), 0);
		assert_int_equal(elf.tls, cases[i].tls);
		assert_int_equal(elf.variables[PROFBUF_TAG_OTEL].defined, cases[i].defined);
		close(fd);
	}
	free(bytes);
}

static void test_files_that_are_none(void **state)
{
	int null = open("/dev/null", O_RDONLY), text = memfd_create("text", 0);
	struct tag_elf elf;

	(void)state;
	assert_int_equal(tag_elf_read(null, &elf), -ENOEXEC);
	assert_int_equal(write(text, "!<arch>\n#!/bin/sh\n", 18), 18);
	assert_int_equal(tag_elf_read(text, &elf), -ENOEXEC);
	close(null);
	close(text);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_that_lie),
		cmocka_unit_test(test_where_the_segment_is),
		cmocka_unit_test(test_files_that_are_none),
	};

	if (argc != 2)
		return 2;
	dir = argv[1];
	return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
