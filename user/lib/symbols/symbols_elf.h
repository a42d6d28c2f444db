/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbols_elf.h - the symbols of one ELF file
 *
 * They come from its own symbol tables, from a separate debug file (found by build id, debug link or debuginfod), and
 * from the stubs of its procedure linkage table. Where there is no symbol, its unwind table says where functions begin.
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
 * elf_symbols_open() - open the symbols of a file
 * @fd: owned by the caller
 * @limits: owned by the caller, who has to keep it as long as the symbols
 *
 * Return: 0; -ENOEXEC: no ELF file, or one that cannot be used; -ESTALE: the file was changed meanwhile; -ENOMEM.
 */
int elf_symbols_open(struct elf_symbols **symbols, const char *path, int fd, struct debug_limits *limits);
void elf_symbols_close(struct elf_symbols *symbols);

/*
 * Whether the file, or one with its debug information, was changed while in use. Then nothing more is known about it.
 */
bool elf_symbols_changed(const struct elf_symbols *symbols);

/*
 * Gets the address, as the file counts addresses, of the byte at @offset in the file. @code: offset in the file at
 * which the mapping of its code begins. A separate debug file has no code: there only @code leads to the address.
 */
bool elf_symbols_address(const struct elf_symbols *symbols, uint64_t offset, uint64_t code, uint64_t *address);

struct elf_symbol {
	uint64_t start;		/* first, for by_word() */
	uint64_t end;
	const char *name;	/* NULL: only its range is known */
	int16_t rank;		/* if several are at one place, the highest is the best */
	bool plt;		/* it is the stub for @name */
	bool kept;		/* @name is a copy */
};

/* Returns the symbol that contains an address; NULL: there is none. Its name is a copy, not in the file. */
const struct elf_symbol *elf_symbols_find(struct elf_symbols *symbols, uint64_t address);

/* Gets all symbols, sorted by address. Their names are in the file, which may change. */
size_t elf_symbols_all(const struct elf_symbols *symbols, const struct elf_symbol **all);

/* Returns the symbol with that name; NULL: there is none. The first call takes longer. */
const struct elf_symbol *elf_symbols_named(struct elf_symbols *symbols, const char *name);

/* A place in the source. Strings live as long as the symbols. */
struct elf_place {
	const char *function;	/* linkage name of an inlined function; NULL: the symbol itself */
	const char *file;	/* NULL: not known; may be relative to directory */
	const char *directory;	/* may be NULL */
	uint32_t line;
};

/*
 * elf_symbols_places() - find where in the source an address is (symbols_dwarf.c)
 * @inlines: also find the inlined functions: the innermost is first, the last place is in the symbol itself
 * @max: room in @places, at least 1
 *
 * Return: how many; 1 also if nothing is known.
 */
int elf_symbols_places(struct elf_symbols *symbols, uint64_t address, bool inlines, struct elf_place *places,
		       int max);

/* Returns elfutils' module, for its DWARF; changes @address to the one in the module. NULL: no DWARF can be used. */
struct Dwfl_Module;
struct Dwfl_Module *elf_symbols_module(struct elf_symbols *symbols, uint64_t *address);

/* Returns a copy of a string in the file; NULL: it is longer than @max, or there is no memory. */
const char *elf_symbols_keep(struct elf_symbols *symbols, const char *text, size_t max);

/* Call it after file_reading_begin() and the code that reads the file. False: the file was changed. */
bool elf_symbols_read(struct elf_symbols *symbols, unsigned long began);

/* The addresses of the units of its DWARF; symbols_dwarf.c fills and uses it. */
struct unit_table {
	struct unit_span *all;	/* sorted by address, without overlaps */
	size_t n, room;
	bool made;
	uint64_t entries;	/* that searches for enclosing functions have looked at */

	/* Tables of lines: */
	const uint8_t *lines;	/* the section; NULL: not looked for yet, or there is none */
	size_t line_bytes;
	uint64_t *tables;	/* offsets of the tables that were read */
	size_t nr_tables, room_tables;
	struct index table_index;
	uint64_t lines_read;	/* bytes of the tables that were read */
};

struct unit_table *elf_symbols_units(struct elf_symbols *symbols);

#endif /* PROFBUF_SYMBOLS_ELF_H */
