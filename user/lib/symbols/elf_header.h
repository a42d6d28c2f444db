/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * elf_header.h - check whether a file is safe to give to libelf
 *
 * elf_begin() allocates memory for as many sections as a file says that it has: up to 2^32 if the file is large enough,
 * and a sparse file costs nothing. It would copy tables in the other byte order. And elfutils unpacks a compressed file
 * before it is known whether it contains an ELF file.
 */
#ifndef PROFBUF_ELF_HEADER_H
#define PROFBUF_ELF_HEADER_H

#include <libelf.h>
#include <stdint.h>

/* Checks that a file is none of these. Return: 0; -ENOEXEC: it is one of these, or no ELF file; -errno of pread(). */
int elf_header_check(int fd);

/*
 * Checks a file @fd that libelf has opened, before it is asked for build ids, sections or symbols. For these libelf
 * walks through all notes; if the section names do not end with a zero, it walks through all names for each section.
 * And 3 MB of a compressed section can unpack to 3 GB. If a program has lost its section headers, libdwfl would count
 * the dynamic symbols, in a time that grows with the square of their number.
 *
 * Return: 0; -ENOEXEC: it would take too much time or memory.
 */
int elf_contents_check(Elf *elf, int fd);

/* elf_unpacked.c: returns the unpacked size of all compressed sections of such a file, including .gnu_debugdata. */
#define ELF_UNPACKED_MAX	(512ULL << 20)
uint64_t elf_unpacked_bytes(Elf *elf);

#endif /* PROFBUF_ELF_HEADER_H */
