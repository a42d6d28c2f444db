// SPDX-License-Identifier: GPL-2.0-only
/*
 * vdso.c - symbols of the code that the kernel maps into every process
 */
#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbols.h"
#include "symbols_elf.h"

/* The image ends with its section headers. */
static size_t image_bytes(const Elf64_Ehdr *ehdr)
{
	return ehdr->e_shoff + (size_t)ehdr->e_shnum * ehdr->e_shentsize;
}

int vdso_open(struct elf_symbols **vdso)
{
	const Elf64_Ehdr *ehdr = (const void *)getauxval(AT_SYSINFO_EHDR);
	size_t bytes;
	int fd, err;

	if (!ehdr || memcmp(ehdr->e_ident, ELFMAG, SELFMAG))
		return -ENOENT;
	bytes = image_bytes(ehdr);
	fd = memfd_create("vdso", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write(fd, ehdr, bytes) == (ssize_t)bytes ? 0 : -EIO;
	if (!err)
		err = elf_symbols_open(vdso, "[vdso]", fd, NULL);
	close(fd);
	return err;
}
