// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbols_dwarf.c - where in the source an address is, and through which inlined functions
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>

#include "symbols_elf.h"

/* The unit that has the address. Some compilers make no table of that: then all units are asked. */
static Dwarf_Die *find_unit(Dwfl_Module *module, Dwarf_Addr address, Dwarf_Addr *bias)
{
	Dwarf_Die *unit = dwfl_module_addrdie(module, address, bias);

	if (unit)
		return unit;
	do {
		unit = dwfl_module_nextcu(module, unit, bias);
	} while (unit && dwarf_haspc(unit, address - *bias) <= 0);
	return unit;
}

static const char *function_name(Dwarf_Die *function)
{
	static const unsigned int attributes[] = { DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name };
	Dwarf_Attribute attribute;
	const char *name = NULL;

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]) && !name; i++)
		name = dwarf_formstring(dwarf_attr_integrate(function, attributes[i], &attribute));
	return name;
}

static void find_call(Dwarf_Die *inlined, Dwarf_Files *files, struct elf_place *to)
{
	Dwarf_Attribute attribute;
	Dwarf_Word file, line;

	if (files && !dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file))
		to->file = dwarf_filesrc(files, file, NULL, NULL);
	if (!dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line))
		to->line = line;
}

/*
 * What encloses the address, innermost first. Of an inlined function dwarf_getscopes() goes on with what encloses its
 * definition; what encloses the place it was inlined into is asked for with the tree's own entry.
 */
static int get_scopes(Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die **scopes)
{
	Dwarf_Die *all, innermost;
	int n = dwarf_getscopes(unit, address, &all);

	if (n <= 0)
		return 0;
	innermost = all[0];
	free(all);
	n = dwarf_getscopes_die(&innermost, scopes);
	return n > 0 ? n : 0;
}

int elf_symbols_places(struct elf_symbols *s, uint64_t address, bool inlines, struct elf_place *places, int max)
{
	Dwfl_Module *module = elf_symbols_module(s, &address);
	Dwarf_Die *unit, *scopes = NULL;
	Dwarf_Files *files = NULL;
	Dwarf_Addr bias;
	Dwarf_Line *line;
	const char *directory;
	Dwarf_Attribute attribute;
	int i, nr_scopes, number, n = 1;

	places[0] = (struct elf_place){ 0 };
	unit = module ? find_unit(module, address, &bias) : NULL;
	if (!unit)
		return 1;
	line = dwarf_getsrc_die(unit, address - bias);
	if (line && !dwarf_lineno(line, &number)) {
		places[0].file = dwarf_linesrc(line, NULL, NULL);
		places[0].line = number;
	}
	places[0].directory = directory = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
	if (!inlines)
		return 1;
	if (dwarf_getsrcfiles(unit, &files, NULL))
		files = NULL;
	nr_scopes = get_scopes(unit, address - bias, &scopes);
	for (i = 0; i < nr_scopes && n < max && dwarf_tag(&scopes[i]) != DW_TAG_subprogram; i++) {
		const char *name;

		if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine)
			continue;
		name = function_name(&scopes[i]);
		if (!name)
			continue;
		places[n - 1].function = name;
		places[n] = (struct elf_place){ .directory = directory };
		find_call(&scopes[i], files, &places[n++]);
	}
	free(scopes);
	return n;
}
