/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbols.h - objects and symbols of one profile
 *
 * Every look-up gives a symbol: of what is not known there is one that says so. A file is opened once, when the first
 * address in it is looked up, and with a build id only once wherever it lies.
 */
#ifndef PROFBUF_SYMBOLS_H
#define PROFBUF_SYMBOLS_H

#include "base/table.h"
#include "demangle.h"
#include "kallsyms.h"
#include "names.h"
#include "profbuf.h"
#include "symbols_elf.h"

struct object {
	struct profbuf_object pub;
	uint64_t dev;
	uint64_t inode;
	uint64_t code_offset;		/* in the file: of the first mapping of its code */
	bool opened;
	struct elf_symbols *elf;	/* NULL: none was found, or not an ELF file */
	bool shared;			/* elf is that of another object, of the same build id */
	uint32_t *ids;			/* of elf's symbols, + 1 */
	uint32_t unknown;		/* the symbol for what is not known in it, + 1 */
	unsigned int timeouts;		/* of demangle() */
};

struct symbols {
	const char *root;
	bool no_user;
	bool lines, inlines;		/* are asked for */
	struct strings strings;
	struct arena arena;
	struct object **objects;
	struct profbuf_symbol **all;
	size_t nr_objects, room_objects;
	size_t n, room;
	struct index object_index;
	struct index elf_index;		/* objects that opened their files, by build id */
	struct index build_id_index;	/* all that have one */
	struct index symbol_index;	/* of those that have no elf_symbol */
	struct demangler demangler;
	struct debug_limits debug_limits;

	/* The kernel's, out of the stream or out of kallsyms. */
	const struct profbuf_symbol_record **records;
	size_t nr_records, room_records;
	bool records_sorted;
	const struct profbuf_module **modules;
	size_t nr_modules, room_modules;
	struct profbuf_kallsyms *kallsyms;

	struct jit_record {
		const struct profbuf_jit_symbol_record *record;
		size_t order;		/* they came in */
	} *jit_records;			/* by process, and then in order, once they are sorted */
	size_t nr_jit_records, room_jit_records;
	bool jit_records_sorted;
	struct jit_program **jit_programs;	/* maps of code made at run time */
	size_t nr_jit_programs, room_jit_programs;
	struct index jit_program_index;
	const struct profbuf_stream_info *info;	/* of the profile; NULL: no stream */
	bool boot_known, this_boot;		/* it was made here, since the last boot */
	struct fetcher *fetcher;
	struct elf_symbols *vdso;
	bool vdso_opened;
	bool this_kernel;		/* the running kernel is that of the profile */
};

void symbols_exit(struct symbols *symbols);

/* Objects: NULL: no memory. */
struct object *symbols_object(struct symbols *symbols, const struct profbuf_mapping *mapping);
struct object *symbols_object_named(struct symbols *symbols, const char *name, bool kernel);

/* The next object of @object's build id, of those that are worth a look. @at: @hash, that of the build id, at first. */
const struct object *symbols_next_of_build_id(const struct symbols *symbols, const struct object *object,
					      uint64_t hash, uint64_t *at);

/* A symbol by its name alone. NULL: no memory. */
const struct profbuf_symbol *symbols_named(struct symbols *symbols, struct object *object, const char *name,
					   uint64_t start, bool unknown);

/* Likewise, in an object that several programs give names to; @timeouts: of the one, as demangle() counts them. */
const struct profbuf_symbol *symbols_named_by(struct symbols *symbols, struct object *object, const char *name,
					      bool unknown, unsigned int *timeouts);

/* Likewise, under a name that is not its linkage name demangled. */
const struct profbuf_symbol *symbols_function(struct symbols *symbols, struct object *object, const char *linkage_name,
					      const char *name, bool unknown);

/* Keeps a record of a symbol; it must stay where it is. */
bool symbols_add_record(struct symbols *symbols, const struct profbuf_symbol_record *record);

/* Likewise of a module, which names what has no symbol; NULL: there was no memory for it. */
bool symbols_add_module(struct symbols *symbols, const struct profbuf_module *module);

/* symbols_kernel.c: @kind: 0 or PROFBUF_SYMBOL_VDSO. */
const struct profbuf_symbol_record *symbols_find_record(struct symbols *symbols, uint32_t kind, uint64_t address);
const struct profbuf_symbol *symbols_find_kernel(struct symbols *symbols, uint64_t address, uint64_t *offset);

/* symbols_user.c: @offset: in the file; becomes the address in the object. @program: one that has it mapped. */
const struct profbuf_symbol *symbols_find_user(struct symbols *symbols, struct object *object,
					       const struct profbuf_program *program, uint64_t *offset);

/*
 * Where in the source that address is, as elf_symbols_places(): @places[].symbol, file and line are set, and inlined.
 * @symbol: what symbols_find_user() gave. Return: how many; 0: no memory.
 */
int symbols_find_places(struct symbols *symbols, struct object *object, const struct profbuf_symbol *symbol,
			uint64_t address, struct profbuf_frame *places, int max);

/* symbols_jit.c: code without a file. NULL: there was no memory for the record. */
bool symbols_add_jit(struct symbols *symbols, const struct profbuf_jit_symbol_record *record);
const struct profbuf_symbol *symbols_find_jit(struct symbols *symbols, const struct profbuf_program *program,
					      uint64_t address);
void symbols_exit_jit(struct symbols *symbols);

/* fetch.c: an object from a debuginfod server, if the user named one. Return: a descriptor; -1. */
int fetch_object(struct symbols *symbols, const struct profbuf_object *object);
void fetch_exit(struct symbols *symbols);

/* vdso.c: the running kernel's, as an ELF file. */
int vdso_open(struct elf_symbols **vdso);

#endif /* PROFBUF_SYMBOLS_H */
