// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbols_elf.c - the symbols of one ELF file
 *
 * elfutils finds the symbol tables, wherever they are. Its own look-up walks through a whole table for each address;
 * here the symbols are sorted once.
 */
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file_fault.h"
#include "base/sorted.h"
#include "base/table.h"
#include "demangle.h"
#include "elf_header.h"
#include "reach.h"
#include "symbols_debug.h"
#include "symbols_elf.h"

#define SYMBOLS_MAX	(8U << 20)	/* of one file; far more than large programs have */
#define LOOKED_AT_MAX	(32U << 20)	/* entries of all tables of a file; tables may overlap */
#define LOOKED_AT_ALL_MAX	(32U << 20)	/* the same for one report: later files get no symbols */
#define SEGMENTS_MAX	128		/* that are loaded; linkers make fewer than ten */
#define COMPARED_BYTES	256		/* of the names of symbols with equal rank at one place */

struct elf_symbols {
	Dwfl *dwfl;
	Dwfl_Module *module;
	struct debug_files debug;
	Elf *elf;
	GElf_Addr bias;		/* from elf's addresses to those in the module */
	GElf_Phdr *segments;	/* PT_LOAD */
	size_t nr_segments;
	struct elf_symbol *all;
	size_t n;
	size_t room;
	struct reach any, named;
	size_t looked_at;
	struct file_state file;
	unsigned long began;	/* from file_reading_begin(), while the file is opened */
	bool changed;
	struct strings kept;
	struct unit_table units;
	struct index names;	/* for elf_symbols_named() */
	bool has_names;
};

bool elf_symbols_read(struct elf_symbols *s, unsigned long began)
{
	if (!file_reading_end(began) || !file_unchanged(&s->file) || !debug_files_unchanged(&s->debug))
		s->changed = true;
	return !s->changed;
}

bool elf_symbols_changed(const struct elf_symbols *s)
{
	return s->changed;
}

const char *elf_symbols_keep(struct elf_symbols *s, const char *text, size_t max)
{
	size_t n = text ? strnlen(text, max + 1) : 0;

	return text && n <= max ? strings_intern_bytes(&s->kept, text, n) : NULL;
}

/* Counts one more entry of a table. False: do not look at more. */
static bool look(struct elf_symbols *s)
{
	return s->looked_at++ < LOOKED_AT_MAX && !file_reading_faulted(s->began);
}

/* Of several symbols at one place elf_symbols_find() takes the last: better ones have a higher rank and come later. */
static int rank(const struct elf_symbol *symbol)
{
	int n = 0;

	if (!symbol->name)
		return -1000;
	while (symbol->name[n] == '_' && n < 200)
		n++;
	return (symbol->end > symbol->start ? 500 : 0) - n;
}

/* Adds a symbol, unless there are too many. False: no memory. */
static bool add(struct elf_symbols *s, uint64_t start, uint64_t end, const char *name, bool plt)
{
	if (s->n == SYMBOLS_MAX)
		return true;
	if (!ARRAY_GROW(s->all, s->n, s->room))
		return false;
	s->all[s->n] = (struct elf_symbol){ .start = start, .end = end, .name = name, .plt = plt };
	s->all[s->n].rank = rank(&s->all[s->n]);
	s->n++;
	return true;
}

/* Symbol tables */

static bool is_code(const GElf_Sym *sym, const char *name)
{
	switch (GELF_ST_TYPE(sym->st_info)) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		return true;
	case STT_NOTYPE:
		/* Labels in assembler code, but not those that the assembler makes itself. */
		return name[0] != '$' && strncmp(name, ".L", 2);
	default:
		return false;
	}
}

static bool in_code(Elf *elf, GElf_Word shndx)
{
	Elf_Scn *scn = elf_getscn(elf, shndx);
	GElf_Shdr shdr;

	return scn && gelf_getshdr(scn, &shdr) && shdr.sh_flags & SHF_EXECINSTR;
}

static bool add_tables(struct elf_symbols *s)
{
	int i, n = dwfl_module_getsymtab(s->module);

	for (i = 1; i < n && look(s); i++) {
		GElf_Word shndx;
		GElf_Addr value;
		GElf_Sym sym;
		Dwarf_Addr bias;
		Elf *elf;
		const char *name = dwfl_module_getsym_info(s->module, i, &sym, &value, &shndx, &elf, &bias);

		if (!name || !*name || !is_code(&sym, name) || shndx == SHN_UNDEF || !elf ||
		    !in_code(elf, shndx))
			continue;
		value -= s->bias;
		if (!add(s, value, value + sym.st_size, name, false))
			return false;
	}
	return true;
}

/* Stubs of the procedure linkage table on x86-64: each jumps through a slot, which a relocation names. */

struct slot {
	uint64_t address;	/* first, for by_word() */
	const char *name;
};

struct slots {
	struct slot *all;
	size_t n;
	size_t room;
};

/*
 * Returns a string of a section. elf_strptr() is not used: if the last byte of a section is not zero, it looks for the
 * end of each string in all that follows.
 */
static const char *string_at(Elf *elf, size_t section, size_t at)
{
	Elf_Scn *scn = elf_getscn(elf, section);
	Elf_Data *data = scn ? elf_getdata(scn, NULL) : NULL;
	const char *text = data ? data->d_buf : NULL;

	return text && at < data->d_size && !text[data->d_size - 1] ? text + at : NULL;
}

static bool add_slots(struct elf_symbols *s, Elf_Scn *scn, const GElf_Shdr *shdr, struct slots *slots)
{
	Elf_Scn *dynsym = elf_getscn(s->elf, shdr->sh_link);
	Elf_Data *relocations = elf_getdata(scn, NULL), *symbols;
	GElf_Shdr symbols_shdr;
	size_t i, n;

	if (!relocations || !dynsym || !gelf_getshdr(dynsym, &symbols_shdr) || symbols_shdr.sh_type != SHT_DYNSYM)
		return true;
	symbols = elf_getdata(dynsym, NULL);
	if (!symbols || !shdr->sh_entsize)
		return true;
	n = shdr->sh_size / shdr->sh_entsize;
	for (i = 0; i < n && look(s); i++) {
		const char *name;
		GElf_Rela rela;
		GElf_Sym sym;

		if (!gelf_getrela(relocations, i, &rela) || !GELF_R_SYM(rela.r_info) ||
		    !gelf_getsym(symbols, GELF_R_SYM(rela.r_info), &sym))
			continue;
		name = string_at(s->elf, symbols_shdr.sh_link, sym.st_name);
		if (!name || !*name)
			continue;
		if (slots->n == SYMBOLS_MAX)
			return true;
		if (!ARRAY_GROW(slots->all, slots->n, slots->room))
			return false;
		slots->all[slots->n++] = (struct slot){ rela.r_offset, name };
	}
	return true;
}

/* Returns the address of the slot through which a stub jumps: "jmp *disp(%rip)". */
static uint64_t stub_slot(const uint8_t *code, size_t bytes, uint64_t address)
{
	int32_t disp;
	size_t i;

	for (i = 0; i + 6 <= bytes; i++) {
		if (code[i] == 0xff && code[i + 1] == 0x25) {
			memcpy(&disp, code + i + 2, sizeof(disp));
			return address + i + 6 + disp;
		}
	}
	return 0;
}

static bool add_stubs(struct elf_symbols *s, Elf_Scn *scn, const GElf_Shdr *shdr, const struct slots *slots)
{
	size_t size = shdr->sh_entsize == 8 ? 8 : 16, at;
	Elf_Data *data = elf_getdata(scn, NULL);

	if (!data || !data->d_buf)
		return true;
	for (at = 0; at + size <= data->d_size && look(s); at += size) {
		uint64_t address = shdr->sh_addr + at;
		uint64_t target = stub_slot((const uint8_t *)data->d_buf + at, size, address);
		const struct slot *slot;

		slot = slots->n ? bsearch(&target, slots->all, slots->n, sizeof(*slots->all), by_word) : NULL;
		if (slot && !add(s, address, address + size, slot->name, true))
			return false;
	}
	return true;
}

static bool each_section(struct elf_symbols *s, struct slots *slots, bool stubs)
{
	size_t names;
	Elf_Scn *scn = NULL;

	if (elf_getshdrstrndx(s->elf, &names))
		return true;
	while ((scn = elf_nextscn(s->elf, scn))) {
		GElf_Shdr shdr;
		const char *name;

		if (!gelf_getshdr(scn, &shdr))
			continue;
		name = string_at(s->elf, names, shdr.sh_name);
		if (!stubs && shdr.sh_type == SHT_RELA && shdr.sh_flags & SHF_ALLOC &&
		    !add_slots(s, scn, &shdr, slots))
			return false;
		if (stubs && shdr.sh_type == SHT_PROGBITS && name && !strncmp(name, ".plt", 4) &&
		    !add_stubs(s, scn, &shdr, slots))
			return false;
	}
	return true;
}

static bool add_plt(struct elf_symbols *s)
{
	struct slots slots = { 0 };
	GElf_Ehdr ehdr;
	bool ok;

	if (!gelf_getehdr(s->elf, &ehdr) || ehdr.e_machine != EM_X86_64)
		return true;
	ok = each_section(s, &slots, false);
	if (ok && slots.n) {
		qsort(slots.all, slots.n, sizeof(*slots.all), by_word);
		ok = each_section(s, &slots, true);
	}
	free(slots.all);
	return ok;
}

/* Where functions begin, from the table that unwinders search: .eh_frame_hdr */

#define EH_UDATA4		0x03
#define EH_DATAREL_SDATA4	0x3b

/* Returns the bytes of the file that are loaded at @address. */
static const uint8_t *loaded(const struct elf_symbols *s, const char *file, size_t file_bytes, uint64_t address,
			     size_t bytes)
{
	for (size_t i = 0; i < s->nr_segments; i++) {
		const GElf_Phdr *segment = &s->segments[i];
		uint64_t at = address - segment->p_vaddr;

		if (address < segment->p_vaddr || at > segment->p_filesz || bytes > segment->p_filesz - at ||
		    segment->p_offset > file_bytes || at > file_bytes - segment->p_offset ||
		    bytes > file_bytes - segment->p_offset - at)
			continue;
		return (const uint8_t *)file + segment->p_offset + at;
	}
	return NULL;
}

static int32_t get32(const uint8_t *at)
{
	int32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static bool add_unwind_table(struct elf_symbols *s)
{
	size_t file_bytes, i, n;
	const char *file = elf_rawfile(s->elf, &file_bytes);
	const uint8_t *header, *table;
	uint64_t base = 0;
	GElf_Phdr phdr;

	if (!file || elf_getphdrnum(s->elf, &n))
		return true;
	for (i = 0; i < n; i++) {
		if (gelf_getphdr(s->elf, i, &phdr) && phdr.p_type == PT_GNU_EH_FRAME)
			base = phdr.p_vaddr;
	}
	/*
	 * The table has a version, three encodings, the address of .eh_frame, the number of entries, and the entries.
	 */
	header = base ? loaded(s, file, file_bytes, base, 12) : NULL;
	if (!header || header[0] != 1 || header[2] != EH_UDATA4 || header[3] != EH_DATAREL_SDATA4)
		return true;
	n = (uint32_t)get32(header + 8);
	table = loaded(s, file, file_bytes, base + 12, n * 8);
	for (i = 0; table && i < n && look(s); i++) {
		uint64_t start = base + get32(table + i * 8), fde = base + get32(table + i * 8 + 4);
		const uint8_t *entry = loaded(s, file, file_bytes, fde, 16);

		/* It has a length, its common entry, begin and range, in the usual encoding, which begin confirms. */
		if (!entry || fde + 8 + get32(entry + 8) != start || get32(entry + 12) <= 0)
			continue;
		if (!add(s, start, start + (uint32_t)get32(entry + 12), NULL, false))
			return false;
	}
	return true;
}

/* All symbols in order */

static int by_place(const void *a, const void *b, void *symbols)
{
	const struct elf_symbol *x = a, *y = b;
	const struct elf_symbols *s = symbols;
	int order = 0;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->rank != y->rank || !x->name || !y->name)
		return x->rank - y->rank;
	if (!file_reading_faulted(s->began))
		order = strncmp(y->name, x->name, COMPARED_BYTES);
	return order ? order : x->name < y->name ? -1 : x->name > y->name;
}

static uint64_t end_of_any(const void *all, size_t i)
{
	return ((const struct elf_symbol *)all)[i].end;
}

static uint64_t end_of_named(const void *all, size_t i)
{
	const struct elf_symbol *symbol = (const struct elf_symbol *)all + i;

	return symbol->name ? symbol->end : 0;
}

static bool sort(struct elf_symbols *s)
{
	size_t i;

	if (s->n)
		qsort_r(s->all, s->n, sizeof(*s->all), by_place, s);
	for (i = 0; i < s->n; i++) {
		struct elf_symbol *symbol = &s->all[i];

		/* A symbol without a size reaches to the next symbol. */
		if (symbol->end <= symbol->start)
			symbol->end = i + 1 < s->n ? s->all[i + 1].start : symbol->start + 1;
	}
	return reach_init(&s->any, s->all, s->n, end_of_any) && reach_init(&s->named, s->all, s->n, end_of_named);
}

/* Returns the symbol, with a copy of its name. NULL: the file was changed, or there is no memory. */
static const struct elf_symbol *keep(struct elf_symbols *s, struct elf_symbol *symbol)
{
	const char *name;
	unsigned long began;

	if (s->changed || symbol->kept || !symbol->name)
		return s->changed ? NULL : symbol;
	began = file_reading_begin();
	/* Keep one byte more than SYMBOL_NAME_MAX, so that cut_name() sees that the name is too long. */
	name = strings_intern_bytes(&s->kept, symbol->name, strnlen(symbol->name, SYMBOL_NAME_MAX + 1));
	if (!elf_symbols_read(s, began) || !name)
		return NULL;
	symbol->name = name;
	symbol->kept = true;
	return symbol;
}

const struct elf_symbol *elf_symbols_find(struct elf_symbols *s, uint64_t address)
{
	size_t after = sorted_after(s->all, s->n, sizeof(*s->all), by_word, &address), found;

	/* Prefer the innermost symbol with a name. */
	found = reach_last(&s->named, after, address);
	if (found == REACH_NONE)
		found = reach_last(&s->any, after, address);
	return found == REACH_NONE ? NULL : keep(s, &s->all[found]);
}

static struct elf_symbol *find_name(struct elf_symbols *s, const char *name, uint64_t hash)
{
	uint64_t at = hash;
	uint32_t id;

	while ((id = index_next(&s->names, hash, &at)) != INDEX_NONE) {
		if (!strcmp(s->all[id].name, name))
			return &s->all[id];
	}
	return NULL;
}

/* Indexes the first symbol of each name; too long names are left out. Without memory some names will not be found. */
static void index_names(struct elf_symbols *s)
{
	for (size_t i = 0; i < s->n && s->n < INDEX_NONE; i++) {
		const char *name = s->all[i].name;
		size_t bytes = name && !s->all[i].plt ? strnlen(name, SYMBOL_NAME_MAX + 1) : SYMBOL_NAME_MAX + 1;
		uint64_t hash = bytes <= SYMBOL_NAME_MAX ? hash_bytes(name, bytes) : 0;

		if (bytes <= SYMBOL_NAME_MAX && !find_name(s, name, hash) && !index_add(&s->names, hash, i))
			return;
	}
}

const struct elf_symbol *elf_symbols_named(struct elf_symbols *s, const char *name)
{
	unsigned long began = file_reading_begin();
	struct elf_symbol *symbol;

	if (!s->has_names && !s->changed)
		index_names(s);
	s->has_names = true;
	symbol = s->changed ? NULL : find_name(s, name, hash_bytes(name, strlen(name)));
	return elf_symbols_read(s, began) && symbol ? keep(s, symbol) : NULL;
}

struct unit_table *elf_symbols_units(struct elf_symbols *s)
{
	return &s->units;
}

Dwfl_Module *elf_symbols_module(struct elf_symbols *s, uint64_t *address)
{
	*address += s->bias;
	return debug_files_complete(&s->debug, s->module) ? s->module : NULL;
}

size_t elf_symbols_all(const struct elf_symbols *s, const struct elf_symbol **all)
{
	*all = s->all;
	return s->n;
}

/* Whether the offset lies in the code of a debug file, whose segments have no contents. */
static bool in_debug_file(const GElf_Phdr *phdr, uint64_t offset, uint64_t code, uint64_t *address)
{
	uint64_t page = phdr->p_vaddr & ~0xfffULL;

	if (!(phdr->p_flags & PF_X) || phdr->p_filesz || offset < code)
		return false;
	*address = page + (offset - code);
	return *address >= phdr->p_vaddr && *address - phdr->p_vaddr < phdr->p_memsz;
}

bool elf_symbols_address(const struct elf_symbols *s, uint64_t offset, uint64_t code, uint64_t *address)
{
	for (size_t i = 0; i < s->nr_segments && !s->changed; i++) {
		const GElf_Phdr *segment = &s->segments[i];

		if (in_debug_file(segment, offset, code, address))
			return true;
		if (offset < segment->p_offset || offset - segment->p_offset >= segment->p_filesz)
			continue;
		/* Two segments may share a page of the file; prefer the one with the code. */
		*address = offset - segment->p_offset + segment->p_vaddr;
		if (segment->p_flags & PF_X)
			return true;
	}
	return false;
}

static bool read_segments(struct elf_symbols *s)
{
	GElf_Phdr phdr;
	size_t n;

	if (elf_getphdrnum(s->elf, &n) || !n)
		return true;
	s->segments = calloc(n < SEGMENTS_MAX ? n : SEGMENTS_MAX, sizeof(*s->segments));
	if (!s->segments)
		return false;
	for (size_t i = 0; i < n && s->nr_segments < SEGMENTS_MAX; i++) {
		if (gelf_getphdr(s->elf, i, &phdr) && phdr.p_type == PT_LOAD)
			s->segments[s->nr_segments++] = phdr;
	}
	return true;
}

static int open_module(struct elf_symbols *s, const char *path, int fd)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = debug_files_find,
		.section_address = dwfl_offline_section_address,
	};
	int own = dup(fd);		/* libdwfl closes it */

	s->dwfl = own >= 0 ? dwfl_begin(&callbacks) : NULL;
	if (s->dwfl) {
		dwfl_report_begin(s->dwfl);
		s->module = dwfl_report_elf(s->dwfl, path, path, own, 0, true);
	}
	if (!s->module) {
		if (own >= 0)
			close(own);
		return s->dwfl ? -ENOEXEC : -ENOMEM;
	}
	s->file.fd = own;
	return dwfl_report_end(s->dwfl, NULL, NULL) ? -ENOEXEC : 0;
}

static int read_all(struct elf_symbols *s, const char *path, int fd, struct debug_limits *limits)
{
	int err = limits && limits->looked_at >= LOOKED_AT_ALL_MAX ? -ENOEXEC : open_module(s, path, fd);

	if (err)
		return err;
	debug_files_init(&s->debug, s->module, fd, limits);
	s->elf = dwfl_module_getelf(s->module, &s->bias);
	if (!s->elf || elf_contents_check(s->elf, fd) || !debug_limits_may_unpack(limits, s->elf))
		return -ENOEXEC;
	s->debug.elf = s->elf;
	if (!read_segments(s) || !add_tables(s) || !add_plt(s) || !add_unwind_table(s) || !sort(s))
		return -ENOMEM;
	return 0;
}

int elf_symbols_open(struct elf_symbols **symbols, const char *path, int fd, struct debug_limits *limits)
{
	struct elf_symbols *s;
	int err;

	if (elf_header_check(fd))
		return -ENOEXEC;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	elf_version(EV_CURRENT);
	s->file = file_state(fd);
	s->began = file_reading_begin();
	err = read_all(s, path, fd, limits);
	if (limits)
		limits->looked_at += s->looked_at;
	if (!elf_symbols_read(s, s->began))
		err = -ESTALE;
	if (err)
		elf_symbols_close(s);
	else
		*symbols = s;
	return err;
}

void elf_symbols_close(struct elf_symbols *s)
{
	unsigned long began = file_reading_begin();

	if (s) {
		if (s->dwfl)
			dwfl_end(s->dwfl);
		debug_files_exit(&s->debug);
		index_exit(&s->names);
		reach_exit(&s->any);
		reach_exit(&s->named);
		strings_exit(&s->kept);
		free(s->units.all);
		free(s->units.tables);
		index_exit(&s->units.table_index);
		free(s->segments);
		free(s->all);
	}
	free(s);
	file_reading_end(began);
}
