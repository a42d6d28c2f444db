/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbols_elf.h - the symbols of one ELF file, inside libprofbuf
 *
 * Its own symbol tables, those of a separate debug file (by build id, debug link or debuginfod), names for the stubs of
 * its procedure linkage table, and, where there is no symbol, where functions begin by its unwind table.
 */
#ifndef PROFBUF_SYMBOLS_ELF_H
#define PROFBUF_SYMBOLS_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_symbols;

/* Return: the length of the build id, copied to @build_id if it fits; 0: none; -errno: no ELF file. */
int elf_build_id(int fd, uint8_t *build_id, size_t max);

/*
 * elf_symbols_open() - @fd is the caller's.
 *
 * Return: 0; -ENOEXEC: not an ELF file; -ENOMEM.
 */
int elf_symbols_open(struct elf_symbols **symbols, const char *path, int fd);
void elf_symbols_close(struct elf_symbols *symbols);

/* The address in the file's own terms of what is @offset bytes into the file. */
bool elf_symbols_address(const struct elf_symbols *symbols, uint64_t offset, uint64_t *address);

struct elf_symbol {
	uint64_t start;
	uint64_t end;
	const char *name;	/* NULL: only where it begins is known */
	bool plt;		/* the stub for @name */
};

/* The symbol an address lies in. */
const struct elf_symbol *elf_symbols_find(const struct elf_symbols *symbols, uint64_t address);

/* All, by address. */
size_t elf_symbols_all(const struct elf_symbols *symbols, const struct elf_symbol **all);

#endif /* PROFBUF_SYMBOLS_ELF_H */
