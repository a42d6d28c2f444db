// SPDX-License-Identifier: GPL-2.0-only
/*
 * build_id.c - the build id of a file
 */
#include <elfutils/libdwelf.h>
#include <errno.h>
#include <string.h>

#include "build_id.h"
#include "elf_header.h"

int elf_build_id(int fd, uint8_t *build_id, size_t max)
{
	const void *bits;
	ssize_t len;
	Elf *elf;

	if (elf_header_check(fd))
		return -ENOEXEC;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || elf_contents_check(elf, fd)) {
		elf_end(elf);
		return -ENOEXEC;
	}
	len = dwelf_elf_gnu_build_id(elf, &bits);
	if (len > 0 && (size_t)len <= max)
		memcpy(build_id, bits, len);
	elf_end(elf);
	return len > 0 ? (int)len : 0;
}
