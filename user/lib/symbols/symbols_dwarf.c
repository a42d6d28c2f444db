// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbols_dwarf.c - find where in the source an address is, and the inlined functions there
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file_fault.h"
#include "base/sorted.h"
#include "demangle.h"
#include "symbols_elf.h"

/* Units */

#define UNITS_MAX	(1U << 22)	/* ranges of addresses; a large program has some ten thousand */

struct unit_span {
	uint64_t start, end;	/* start is first, for by_word() */
	size_t order;
	Dwarf_Die *unit;
};

static int by_start(const void *a, const void *b)
{
	const struct unit_span *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Adds the ranges of a unit. False: no more are added, as there are too many, or no memory. */
static bool add_unit(struct unit_table *t, Dwarf_Die *unit)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(unit, at, &base, &start, &end)) > 0) {
		if (t->n == UNITS_MAX || !ARRAY_GROW(t->all, t->n, t->room))
			return false;
		t->all[t->n] = (struct unit_span){ start, end, t->n, unit };
		t->n++;
	}
	return true;
}

/* If several units have an address, it belongs to the unit that begins first. */
static void part_units(struct unit_table *t)
{
	uint64_t reach = 0;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct unit_span span = t->all[i];

		if (span.start < reach)
			span.start = reach;
		if (span.end <= span.start)
			continue;
		reach = span.end;
		t->all[n++] = span;
	}
	t->n = n;
}

static void make_units(struct unit_table *t, Dwfl_Module *module)
{
	Dwarf_Die *unit = NULL;
	Dwarf_Addr bias;

	do {
		unit = dwfl_module_nextcu(module, unit, &bias);
	} while (unit && add_unit(t, unit));
	if (t->n)
		qsort(t->all, t->n, sizeof(*t->all), by_start);
	part_units(t);
	t->made = true;
}

/* Finds the unit of an address. Some compilers write no table for this: then the ranges of all units are read, once. */
static Dwarf_Die *find_unit(struct unit_table *t, Dwfl_Module *module, Dwarf_Addr address, Dwarf_Addr *bias)
{
	Dwarf_Die *unit = dwfl_module_addrdie(module, address, bias);
	uint64_t place;
	size_t after;

	if (unit || !dwfl_module_getdwarf(module, bias))
		return unit;
	if (!t->made)
		make_units(t, module);
	place = address - *bias;
	after = sorted_after(t->all, t->n, sizeof(*t->all), by_word, &place);
	return after && place < t->all[after - 1].end ? t->all[after - 1].unit : NULL;
}

/* Line tables: libdw may use a hundred bytes of memory for each byte of a table. */

#define LINES_MAX	(8U << 20)	/* bytes of the table of one unit */
#define LINES_ALL_MAX	(64U << 20)	/* bytes of all tables that are read in one file */

static void find_lines(struct unit_table *t, Elf *elf)
{
	Elf_Data *data = NULL;
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return;
	while (!data && (scn = elf_nextscn(elf, scn))) {
		const char *name = gelf_getshdr(scn, &shdr) ? elf_strptr(elf, names, shdr.sh_name) : NULL;

		if (name && (!strcmp(name, ".debug_line") || !strcmp(name, ".zdebug_line")))
			data = elf_getdata(scn, NULL);
	}
	if (data && data->d_buf) {
		t->lines = data->d_buf;
		t->line_bytes = data->d_size;
	}
}

/* A table begins with its length. */
static uint64_t table_bytes(const struct unit_table *t, uint64_t at)
{
	uint32_t bytes;

	if (at > t->line_bytes || t->line_bytes - at < sizeof(bytes))
		return 0;
	memcpy(&bytes, t->lines + at, sizeof(bytes));
	return bytes;
}

/* Counts each table once: libdw keeps what it has read. */
static bool may_read_lines(struct unit_table *t, Dwarf_Die *unit)
{
	Dwarf_Attribute attribute;
	uint64_t hash, found, bytes;
	Dwarf_Word at;

	if (dwarf_formudata(dwarf_attr(unit, DW_AT_stmt_list, &attribute), &at))
		return true;		/* the unit has no table */
	if (!t->lines)
		find_lines(t, dwarf_getelf(dwarf_cu_getdwarf(unit->cu)));
	hash = found = hash_mix(at, 0);
	for (uint32_t id; (id = index_next(&t->table_index, hash, &found)) != INDEX_NONE;) {
		if (t->tables[id] == at)
			return true;
	}
	bytes = table_bytes(t, at);
	if (bytes > LINES_MAX || bytes > LINES_ALL_MAX - t->lines_read)
		return false;
	if (!ARRAY_GROW(t->tables, t->nr_tables, t->room_tables) || !index_add(&t->table_index, hash, t->nr_tables))
		return false;
	t->tables[t->nr_tables++] = at;
	t->lines_read += bytes;
	return true;
}

/* Places */

static const char *function_name(Dwarf_Die *function)
{
	static const unsigned int attributes[] = { DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name };
	Dwarf_Attribute attribute;
	const char *name = NULL;

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]) && !name; i++)
		name = dwarf_formstring(dwarf_attr_integrate(function, attributes[i], &attribute));
	return name;
}

static void find_call(struct elf_symbols *s, Dwarf_Die *inlined, Dwarf_Files *files, struct elf_place *to)
{
	Dwarf_Attribute attribute;
	Dwarf_Word file, line;

	if (files && !dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file))
		to->file = elf_symbols_keep(s, dwarf_filesrc(files, file, NULL, NULL), PATH_MAX);
	if (!dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line))
		to->line = line;
}

/*
 * Finding what encloses an address. The search of elfutils is recursive: it calls itself for each level of a unit and
 * of the units that it imports, and the file decides how many these are. Imported units have no code.
 */

#define LEVELS_MAX	256		/* compilers make a few dozen levels */
#define ENTRIES_MAX	(1U << 22)	/* entries that one search looks at */
#define ENTRIES_ALL_MAX	(1U << 30)	/* entries that all searches in one file look at */

struct search {
	Dwarf_Addr address;
	Dwarf_Die levels[LEVELS_MAX];	/* from the unit inwards */
	bool encloses[LEVELS_MAX];
	int n;
	unsigned int entries;
};

/* Whether an entry may contain functions, though it has no address itself. */
static bool may_have_functions(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_class_type ||
	       tag == DW_TAG_structure_type;
}

/* Goes on after a level with nothing more inside. False: the last level is the innermost one that has the address. */
static bool next_entry(struct search *s)
{
	Dwarf_Die next;

	while (!s->encloses[s->n - 1]) {
		if (!dwarf_siblingof(&s->levels[s->n - 1], &next)) {
			s->levels[s->n - 1] = next;
			return true;
		}
		s->n--;
	}
	return false;
}

/* Looks at the last level. True: it has one more level inside, which is the last one now. */
static bool enter(struct search *s)
{
	Dwarf_Die *die = &s->levels[s->n - 1];

	s->encloses[s->n - 1] = s->n == 1 || dwarf_haspc(die, s->address) > 0;
	if ((!s->encloses[s->n - 1] && !may_have_functions(die)) || dwarf_child(die, &s->levels[s->n]))
		return false;
	s->n++;
	return true;
}

/* Return: how many levels; 0: there are too many levels, or too many entries to look at. */
static int search_levels(struct search *s, Dwarf_Die *unit)
{
	s->levels[0] = *unit;
	s->n = 1;
	while (enter(s) || next_entry(s)) {
		if (s->n == LEVELS_MAX || ++s->entries == ENTRIES_MAX)
			return 0;
	}
	return s->n;
}

/* Finds the inlined functions that enclose an address. */
static int find_inlined(struct elf_symbols *s, Dwarf_Die *unit, Dwarf_Addr address, struct elf_place *places, int max)
{
	struct search search = { .address = address };
	struct unit_table *units = elf_symbols_units(s);
	Dwarf_Files *files = NULL;
	int i, n = 1;

	if (dwarf_getsrcfiles(unit, &files, NULL))
		files = NULL;
	i = units->entries < ENTRIES_ALL_MAX ? search_levels(&search, unit) : 0;
	units->entries += search.entries;
	while (i-- > 0 && n < max && dwarf_tag(&search.levels[i]) != DW_TAG_subprogram) {
		Dwarf_Die *level = &search.levels[i];
		const char *name;

		if (dwarf_tag(level) != DW_TAG_inlined_subroutine)
			continue;
		name = elf_symbols_keep(s, function_name(level), SYMBOL_NAME_MAX);
		if (!name)
			continue;
		places[n - 1].function = name;
		places[n] = (struct elf_place){ .directory = places[0].directory };
		find_call(s, level, files, &places[n++]);
	}
	return n;
}

static int find_places(struct elf_symbols *s, uint64_t address, bool inlines, struct elf_place *places, int max)
{
	Dwfl_Module *module = elf_symbols_module(s, &address);
	Dwarf_Attribute attribute;
	Dwarf_Addr bias;
	Dwarf_Die *unit;
	Dwarf_Line *line;
	const char *directory;
	int number;

	unit = module ? find_unit(elf_symbols_units(s), module, address, &bias) : NULL;
	if (!unit)
		return 1;
	/* Every look-up of a file's name needs the line table, too. */
	if (!may_read_lines(elf_symbols_units(s), unit))
		return 1;
	line = dwarf_getsrc_die(unit, address - bias);
	if (line && !dwarf_lineno(line, &number)) {
		places[0].file = elf_symbols_keep(s, dwarf_linesrc(line, NULL, NULL), PATH_MAX);
		places[0].line = number;
	}
	directory = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
	places[0].directory = elf_symbols_keep(s, directory, PATH_MAX);
	return inlines ? find_inlined(s, unit, address - bias, places, max) : 1;
}

int elf_symbols_places(struct elf_symbols *s, uint64_t address, bool inlines, struct elf_place *places, int max)
{
	unsigned long began = file_reading_begin();
	int n = 1;

	places[0] = (struct elf_place){ 0 };
	if (!elf_symbols_changed(s))
		n = find_places(s, address, inlines, places, max);
	if (elf_symbols_read(s, began))
		return n;
	places[0] = (struct elf_place){ 0 };
	return 1;
}
