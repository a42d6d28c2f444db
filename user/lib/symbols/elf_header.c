// SPDX-License-Identifier: GPL-2.0-only
/*
 * elf_header.c - check whether a file is safe to give to libelf
 */
#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "elf_header.h"

/* Limit for sections, and for segments; a linker makes fewer than a hundred. */
#define HEADERS_MAX	65536
/* Limit for the bytes of all notes; linkers make some hundred. */
#define NOTES_MAX	(1 << 20)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OWN_ORDER	ELFDATA2LSB
#else
#define OWN_ORDER	ELFDATA2MSB
#endif

/* Reads section 0, which has the numbers too large for the header. Return: 0, with zeros if there is none; -errno. */
static int read_first(int fd, uint64_t at, void *section, size_t bytes)
{
	ssize_t n = at && at <= INT64_MAX ? pread(fd, section, bytes, at) : 0;

	if (n != (ssize_t)bytes)
		memset(section, 0, bytes);
	return n < 0 ? -errno : 0;
}

static int check(uint64_t sections, uint64_t more_sections, uint64_t segments, uint64_t more_segments)
{
	if (!sections)
		sections = more_sections;
	if (segments == PN_XNUM)
		segments = more_segments;
	return sections > HEADERS_MAX || segments > HEADERS_MAX ? -ENOEXEC : 0;
}

static int check32(int fd, const Elf32_Ehdr *ehdr)
{
	Elf32_Shdr first;
	int err = read_first(fd, ehdr->e_shoff, &first, sizeof(first));

	return err ? err : check(ehdr->e_shnum, first.sh_size, ehdr->e_phnum, first.sh_info);
}

static int check64(int fd, const Elf64_Ehdr *ehdr)
{
	Elf64_Shdr first;
	int err = read_first(fd, ehdr->e_shoff, &first, sizeof(first));

	return err ? err : check(ehdr->e_shnum, first.sh_size, ehdr->e_phnum, first.sh_info);
}

int elf_header_check(int fd)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr ehdr32;
		Elf64_Ehdr ehdr64;
	} header;
	ssize_t n = pread(fd, &header, sizeof(header), 0);

	if (n < 0)
		return -errno;
	if (n < (ssize_t)sizeof(header.ehdr32) || memcmp(header.ident, ELFMAG, SELFMAG) ||
	    header.ident[EI_DATA] != OWN_ORDER)
		return -ENOEXEC;
	if (header.ident[EI_CLASS] == ELFCLASS32)
		return check32(fd, &header.ehdr32);
	if (header.ident[EI_CLASS] == ELFCLASS64 && n == sizeof(header))
		return check64(fd, &header.ehdr64);
	return -ENOEXEC;
}

/* Returns the bytes of all notes, in segments and in sections; these may overlap. */
static uint64_t note_bytes(Elf *elf)
{
	Elf_Scn *scn = NULL;
	uint64_t bytes = 0;
	GElf_Phdr phdr;
	GElf_Shdr shdr;
	size_t n = 0;

	if (elf_getphdrnum(elf, &n))
		return 0;
	for (size_t i = 0; i < n && bytes <= NOTES_MAX; i++) {
		if (gelf_getphdr(elf, i, &phdr) && phdr.p_type == PT_NOTE)
			bytes += phdr.p_filesz < NOTES_MAX ? phdr.p_filesz : NOTES_MAX + 1;
	}
	while (bytes <= NOTES_MAX && (scn = elf_nextscn(elf, scn))) {
		if (gelf_getshdr(scn, &shdr) && shdr.sh_type == SHT_NOTE)
			bytes += shdr.sh_size < NOTES_MAX ? shdr.sh_size : NOTES_MAX + 1;
	}
	return bytes;
}

/* Whether the section names end with a zero, or there are none. */
static bool section_names_end(Elf *elf, int fd)
{
	GElf_Shdr shdr;
	Elf_Scn *scn;
	size_t at;
	char last;

	if (elf_getshdrstrndx(elf, &at) || !at)
		return true;
	scn = elf_getscn(elf, at);
	if (!scn || !gelf_getshdr(scn, &shdr) || !shdr.sh_size)
		return true;
	return pread(fd, &last, 1, shdr.sh_offset + shdr.sh_size - 1) != 1 || !last;
}

static bool has_symbol_table(Elf *elf)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;

	while ((scn = elf_nextscn(elf, scn))) {
		if (gelf_getshdr(scn, &shdr) && shdr.sh_entsize &&
		    (shdr.sh_type == SHT_SYMTAB || shdr.sh_type == SHT_DYNSYM))
			return true;
	}
	return false;
}

/* If no section has symbols, elfutils looks here: through a hash table that may be as long as the file. */
static bool has_dynamic(Elf *elf)
{
	GElf_Phdr phdr;
	size_t n = 0;

	if (elf_getphdrnum(elf, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (gelf_getphdr(elf, i, &phdr) && phdr.p_type == PT_DYNAMIC)
			return true;
	}
	return false;
}

int elf_contents_check(Elf *elf, int fd)
{
	if (note_bytes(elf) > NOTES_MAX || !section_names_end(elf, fd) || elf_unpacked_bytes(elf) > ELF_UNPACKED_MAX)
		return -ENOEXEC;
	return has_dynamic(elf) && !has_symbol_table(elf) ? -ENOEXEC : 0;
}
