/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * elf_header.h - whether libelf can be given a file
 *
 * elf_begin() makes room for as many sections as a file says it has. They can be 2^32, if the file is large enough: a
 * sparse one is for nothing. Tables in the other byte order it would copy. And elfutils unpacks what is compressed,
 * before anybody knows whether that is an ELF file.
 */
#ifndef PROFBUF_ELF_HEADER_H
#define PROFBUF_ELF_HEADER_H

#include <libelf.h>
#include <stdint.h>

/* Of a file that is none of these. Return: 0; -ENOEXEC: it is one, or no ELF file; -errno of pread(). */
int elf_header_check(int fd);

/*
 * Of one that libelf has opened, @fd, before build ids, sections or symbols are asked for. Those walk through all
 * notes, and, if the section names have no end, through all of the names for each section. And 3 MB of a compressed
 * section can become 3 GB. Of a program whose section headers are gone libdwfl would count the dynamic symbols, in a
 * time that goes by their square.
 *
 * Return: 0; -ENOEXEC: it would take too long, or too much memory.
 */
int elf_contents_check(Elf *elf, int fd);

/* elf_unpacked.c: what all compressed sections of such a file become, .gnu_debugdata among them. */
#define ELF_UNPACKED_MAX	(512ULL << 20)
uint64_t elf_unpacked_bytes(Elf *elf);

#endif /* PROFBUF_ELF_HEADER_H */
