/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbols_elf.h - the symbols of one ELF file
 *
 * Its own symbol tables, those of a separate debug file (by build id, debug link or debuginfod), names for the stubs of
 * its procedure linkage table, and, where there is no symbol, where functions begin by its unwind table.
 */
#ifndef PROFBUF_SYMBOLS_ELF_H
#define PROFBUF_SYMBOLS_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/table.h"
#include "debug_limits.h"

struct elf_symbols;

/*
 * elf_symbols_open() - @fd is the caller's. So is @limits, which has to stay as long as the symbols.
 *
 * Return: 0; -ENOEXEC: not an ELF file, or none that can be used; -ESTALE: it was changed meanwhile; -ENOMEM.
 */
int elf_symbols_open(struct elf_symbols **symbols, const char *path, int fd, struct debug_limits *limits);
void elf_symbols_close(struct elf_symbols *symbols);

/* The file, or one with its debug information, was changed while it was in use: from then on nothing is known of it. */
bool elf_symbols_changed(const struct elf_symbols *symbols);

/*
 * The address in the file's own terms of what is @offset bytes into the file. @code: where in the file the mapping of
 * its code begins: of a separate debug file, which has no code, it is all there is to go by.
 */
bool elf_symbols_address(const struct elf_symbols *symbols, uint64_t offset, uint64_t code, uint64_t *address);

struct elf_symbol {
	uint64_t start;
	uint64_t end;
	const char *name;	/* NULL: only where it begins is known */
	int16_t rank;		/* of several at one place the highest is the best */
	bool plt;		/* the stub for @name */
	bool kept;		/* @name is a copy */
};

/* The symbol an address lies in. Its name is no longer in the file. */
const struct elf_symbol *elf_symbols_find(struct elf_symbols *symbols, uint64_t address);

/* All, by address. Their names are in the file, which may change. */
size_t elf_symbols_all(const struct elf_symbols *symbols, const struct elf_symbol **all);

/* The symbol of that name; NULL: there is none. The first time takes longer. */
const struct elf_symbol *elf_symbols_named(struct elf_symbols *symbols, const char *name);

/* A place in the source. Strings live as long as the symbols. */
struct elf_place {
	const char *function;	/* linkage name of an inlined one; NULL: the symbol itself */
	const char *file;	/* NULL: not known; relative: to directory, */
	const char *directory;	/* which may be NULL, too */
	uint32_t line;
};

/*
 * elf_symbols_places() - where an address is (symbols_dwarf.c)
 * @inlines: also through which inlined functions: innermost first, the last is in the symbol itself
 * @max: at least 1
 *
 * Return: how many; 1 also if nothing is known.
 */
int elf_symbols_places(struct elf_symbols *symbols, uint64_t address, bool inlines, struct elf_place *places,
		       int max);

/* elfutils' own, for its DWARF; @address becomes the one it has there. NULL: there is none that can be used. */
struct Dwfl_Module;
struct Dwfl_Module *elf_symbols_module(struct elf_symbols *symbols, uint64_t *address);

/* A copy of what is in the file; NULL: it is longer than @max, or there is no memory. */
const char *elf_symbols_keep(struct elf_symbols *symbols, const char *text, size_t max);

/* After file_reading_begin(), and whatever reads the file. False: it was changed. */
bool elf_symbols_read(struct elf_symbols *symbols, unsigned long began);

/* Which addresses the units of its DWARF have (symbols_dwarf.c); for that file to fill. */
struct unit_table {
	struct unit_span *all;	/* by address, without overlaps */
	size_t n, room;
	bool made;
	uint64_t entries;	/* looked at so far in search of what encloses an address */

	/* Tables of lines: */
	const uint8_t *lines;	/* the section; NULL: not looked for, or there is none */
	size_t line_bytes;
	uint64_t *tables;	/* that were read: where they begin */
	size_t nr_tables, room_tables;
	struct index table_index;
	uint64_t lines_read;	/* bytes */
};

struct unit_table *elf_symbols_units(struct elf_symbols *symbols);

#endif /* PROFBUF_SYMBOLS_ELF_H */
