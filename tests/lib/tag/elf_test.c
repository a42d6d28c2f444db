// SPDX-License-Identifier: GPL-2.0-only
/*
 * elf_test.c - finding the variables in a program's file: files that lie, and files that are not ELF files
 *
 * usage: elf_test DIR     (with the libraries that `programs` has built)
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

#include "../../tap.h"
#include "../itself.h"
#include "record/tag_elf.h"

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

TEST(files_that_lie)
{
	static const char *const files[] = { "libgeneral-dynamic.so", "libalias-descriptors.so" };
	static const uint64_t extremes[] = { 0, 1, 0xffff, 0x7fffffff, 0xffffffff, 1ULL << 40, 1ULL << 63, ~0ULL };
	uint64_t seed = 1;

	for (int f = 0; f < 2; f++) {
		size_t n;
		uint8_t *bytes = read_whole(files[f], &n), *copy = malloc(n);
		Elf64_Ehdr ehdr;

		/*
		 * Cut in many places. The buffer has exactly that size, so that the sanitizer sees a read of the next
		 * byte.
		 */
		for (size_t cut = 0; cut < n; cut += 61)
			read_bytes(bytes, cut);
		/* Overwrites words of headers and tables with any values. */
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

/* Sizes and alignments of the TLS segment, also some that no linker makes. */
TEST(where_the_segment_is)
{
	static const struct {
		uint64_t bytes, align, address;
		int64_t tls;		/* 0: refused */
		bool defined;
	} cases[] = {
		{ 48, 8, 0x1000, -48, true }, { 49, 8, 0x1000, -56, true }, { 48, 0, 0x1000, -48, true },
		{ 48, 64, 0x1000, -64, true }, { 48, 64, 0x1010, -48, true }, { 48, 64, 0x1008, -56, true },
		/* The variable is at 40, so these segments are too short. */
		{ 47, 1, 0x1000, -47, false }, { 4, 4, 0x1000, -4, false },
		{ 48, 3, 0x1000, 0, false }, { 1ULL << 40, 8, 0x1000, 0, false }, { ~0ULL, 8, 0x1000, 0, false },
		{ 48, 1ULL << 63, 0x1000, 0, false },
	};
	size_t n;
	uint8_t *bytes = read_whole("libinitial-exec.so", &n);
	Elf64_Ehdr *ehdr = (Elf64_Ehdr *)bytes;
	Elf64_Phdr *phdr = (Elf64_Phdr *)(bytes + ehdr->e_phoff);

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

TEST(files_that_are_none)
{
	int null = open("/dev/null", O_RDONLY), text = memfd_create("text", 0);
	struct tag_elf elf;

	assert_int_equal(tag_elf_read(null, &elf), -ENOEXEC);
	assert_int_equal(write(text, "!<arch>\n#!/bin/sh\n", 18), 18);
	assert_int_equal(tag_elf_read(text, &elf), -ENOEXEC);
	close(null);
	close(text);
}

/* Nothing is mapped at address 0: EIO. A bug once: the error was taken for a lack of memory. */
TEST(a_file_that_cannot_be_read_is_no_lack_of_memory)
{
	int memory = open("/proc/self/mem", O_RDONLY), write_only = open("/dev/null", O_WRONLY);
	struct tag_elf elf;

	assert_int_equal(tag_elf_read(memory, &elf), -EIO);
	assert_int_equal(tag_elf_read(write_only, &elf), -EBADF);
	close(memory);
	close(write_only);
}

/*
 * A file of 128 bytes with a hole up to 1 TiB. A bug once: libelf allocated memory for all that the file claims to
 * have.
 */
TEST(a_sparse_file_with_too_many_sections_takes_no_memory)
{
	static const struct {
		uint8_t class;
		uint64_t sections;
		uint16_t nr_segments;
		uint32_t segments;
		int err;
	} cases[] = {
		{ ELFCLASS64, 1 << 20, 0, 0, -ENOEXEC }, { ELFCLASS64, 0xffffffff, 0, 0, -ENOEXEC },
		{ ELFCLASS64, 65537, 0, 0, -ENOEXEC }, { ELFCLASS64, 1ULL << 32, 0, 0, -ENOEXEC },
		{ ELFCLASS64, 3, PN_XNUM, 1 << 20, -ENOEXEC }, { ELFCLASS64, 3, PN_XNUM, 0xffffffff, -ENOEXEC },
		{ ELFCLASS32, 1 << 20, 0, 0, -ENOEXEC }, { ELFCLASS32, 0xffffffff, 0, 0, -ENOEXEC },
		{ ELFCLASS32, 3, PN_XNUM, 1 << 20, -ENOEXEC },
		/* More than fit into the header's field are allowed. */
		{ ELFCLASS64, 3, PN_XNUM, 5, 0 }, { ELFCLASS32, 3, PN_XNUM, 5, 0 }, { ELFCLASS64, 65535, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool small = cases[i].class == ELFCLASS32;
		Elf64_Ehdr ehdr = {
			.e_ident = { 0x7f, 'E', 'L', 'F', cases[i].class, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_shoff = 64,
			.e_phoff = 4096, .e_ehsize = 64, .e_shentsize = sizeof(Elf64_Shdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = cases[i].nr_segments,
		};
		Elf32_Ehdr ehdr32 = {
			.e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_shoff = 64,
			.e_phoff = 4096, .e_ehsize = 52, .e_shentsize = sizeof(Elf32_Shdr),
			.e_phentsize = sizeof(Elf32_Phdr),
			.e_phnum = cases[i].nr_segments,
		};
		Elf64_Shdr first = { .sh_size = cases[i].sections, .sh_info = cases[i].segments };
		Elf32_Shdr first32 = { .sh_size = cases[i].sections, .sh_info = cases[i].segments };
		int fd = memfd_create("elf", MFD_CLOEXEC);
		struct tag_elf elf;
		long before;

		memcpy(ehdr32.e_ident, ehdr.e_ident, sizeof(ehdr.e_ident));
		assert_int_equal(ftruncate(fd, 1LL << 40), 0);
		assert_true(pwrite(fd, small ? (void *)&ehdr32 : &ehdr, small ? 52 : 64, 0) > 0);
		assert_true(pwrite(fd, small ? (void *)&first32 : &first, small ? 40 : 64, 64) > 0);
		before = peak_memory();
		assert_int_equal(tag_elf_read(fd, &elf), cases[i].err);
		assert_true(peak_memory() - before < 64);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	dir = argv[1];
	return tap_cmocka_main();
}
