/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbols.h - objects and symbols of one profile
 *
 * Every look-up gives a symbol: there is a symbol for unknown addresses, too. A file is opened once, when the first
 * address in it is looked up; files with the same build id are opened only once, wherever they lie.
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
	uint64_t code_offset;		/* offset in the file of the first mapping of its code */
	bool opened;
	struct elf_symbols *elf;	/* NULL: no file was found, or it is no ELF file */
	bool shared;			/* elf belongs to another object with the same build id */
	uint32_t *ids;			/* ids of elf's symbols, plus 1 */
	uint32_t unknown;		/* id of the symbol for its unknown addresses, plus 1 */
	unsigned int timeouts;		/* of demangle() */
};

struct symbols {
	const char *root;
	bool no_user;
	bool lines, inlines;		/* were asked for */
	struct strings strings;
	struct arena arena;
	struct object **objects;
	struct profbuf_symbol **all;
	size_t nr_objects, room_objects;
	size_t n, room;
	struct index object_index;
	struct index elf_index;		/* objects that have opened their file, by build id */
	struct index build_id_index;	/* objects by build id, the first few of each */
	struct index symbol_index;	/* all symbols, by object, start and linkage name */
	struct demangler demangler;
	struct debug_limits debug_limits;

	/* The kernel's symbols, from the stream or from kallsyms. */
	const struct profbuf_symbol_record **records;
	size_t nr_records, room_records;
	bool records_sorted;
	const struct profbuf_module **modules;
	size_t nr_modules, room_modules;
	struct profbuf_kallsyms *kallsyms;

	struct jit_record {
		const struct profbuf_jit_symbol_record *record;
		size_t order;		/* position in the stream, from 1 */
	} *jit_records;			/* by process, then by order, once they are sorted */
	size_t nr_jit_records, room_jit_records;
	bool jit_records_sorted;
	struct jit_program **jit_programs;	/* maps of generated code */
	size_t nr_jit_programs, room_jit_programs;
	struct index jit_program_index;
	const struct profbuf_stream_info *info;	/* of the profile; NULL: it is no stream */
	bool boot_known, this_boot;		/* the stream was made here, since the last boot */
	struct fetcher *fetcher;
	struct elf_symbols *vdso;
	bool vdso_opened;
	bool this_kernel;		/* the running kernel is the one of the profile */
};

void symbols_exit(struct symbols *symbols);

/* Get the object of a mapping, or with a name. NULL: no memory. */
struct object *symbols_object(struct symbols *symbols, const struct profbuf_mapping *mapping);
struct object *symbols_object_named(struct symbols *symbols, const char *name, bool kernel);

/* Returns the next of the first few objects with @object's build id. @hash: of the build id; @at: begins as @hash. */
const struct object *symbols_next_of_build_id(const struct symbols *symbols, const struct object *object,
					      uint64_t hash, uint64_t *at);

/* Returns the symbol with that linkage name and @start. NULL: no memory. */
const struct profbuf_symbol *symbols_named(struct symbols *symbols, struct object *object, const char *name,
					   uint64_t start, bool unknown);

/* Likewise, in an object to which several programs give names; @timeouts: of that program, for demangle(). */
const struct profbuf_symbol *symbols_named_by(struct symbols *symbols, struct object *object, const char *name,
					      bool unknown, unsigned int *timeouts);

/* Likewise, with a name that need not be the demangled linkage name. */
const struct profbuf_symbol *symbols_function(struct symbols *symbols, struct object *object, const char *linkage_name,
					      const char *name, bool unknown);

/* Adds the record of a symbol; the record must stay where it is. */
bool symbols_add_record(struct symbols *symbols, const struct profbuf_symbol_record *record);

/*
 * Likewise for the record of a module, which names addresses without a symbol. @module is NULL if there was no memory.
 */
bool symbols_add_module(struct symbols *symbols, const struct profbuf_module *module);

/* symbols_kernel.c. @kind: 0 or PROFBUF_SYMBOL_VDSO. */
const struct profbuf_symbol_record *symbols_find_record(struct symbols *symbols, uint32_t kind, uint64_t address);
const struct profbuf_symbol *symbols_find_kernel(struct symbols *symbols, uint64_t address, uint64_t *offset);

/* symbols_user.c. @offset: in the file; set to the address in the object. @program: one that has the object mapped. */
const struct profbuf_symbol *symbols_find_user(struct symbols *symbols, struct object *object,
					       const struct profbuf_program *program, uint64_t *offset);

/*
 * Finds where in the source the address is, like elf_symbols_places(); sets symbol, file, line and inlined of
 * @places[]. @symbol: from symbols_find_user(). Return: how many; 0: no memory.
 */
int symbols_find_places(struct symbols *symbols, struct object *object, const struct profbuf_symbol *symbol,
			uint64_t address, struct profbuf_frame *places, int max);

/* symbols_jit.c: code without a file. @record is NULL if there was no memory for it. */
bool symbols_add_jit(struct symbols *symbols, const struct profbuf_jit_symbol_record *record);
const struct profbuf_symbol *symbols_find_jit(struct symbols *symbols, const struct profbuf_program *program,
					      uint64_t address);
void symbols_exit_jit(struct symbols *symbols);

/* fetch.c: fetches an object from a debuginfod server, if the user named one. Return: a descriptor; -1. */
int fetch_object(struct symbols *symbols, const struct profbuf_object *object);
void fetch_exit(struct symbols *symbols);

/* vdso.c: opens the vdso of the running kernel as an ELF file. */
int vdso_open(struct elf_symbols **vdso);

#endif /* PROFBUF_SYMBOLS_H */
