// SPDX-License-Identifier: GPL-2.0-only
/*
 * tag_elf.c - what an ELF file says about the thread-local pointers to tags
 */
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols/elf_header.h"
#include "tag_elf.h"

/* Larger tables are ignored; programs with all their debug symbols have tables of this size. */
#define TABLE_MAX	(128UL << 20)
#define HEADERS_MAX	65536
#define TLS_MAX		(1UL << 30)

static const char *const names[PROFBUF_NR_TAG_KINDS] = {
	[PROFBUF_TAG_LABELS] = PROFBUF_LABELS_SYMBOL,
	[PROFBUF_TAG_OTEL] = "otel_thread_ctx_v1",
};

/* State while a file is read. */
struct reading {
	struct tag_elf *out;
	Elf *elf;
	int fd;
	bool program;			/* its headers say that it can be run */
	uint64_t tls_bytes;
	size_t dynsym;			/* number of the section; 0: none */
	size_t symbols[PROFBUF_NR_TAG_KINDS];	/* index in dynsym; 0: none */
};

static bool read_interpreter(struct reading *r, const GElf_Phdr *phdr)
{
	char path[256] = "";
	const char *name;

	if (phdr->p_filesz >= sizeof(path) ||
	    pread(r->fd, path, phdr->p_filesz, phdr->p_offset) != (ssize_t)phdr->p_filesz)
		return false;
	name = strrchr(path, '/');
	return name && !strncmp(name, "/ld-musl-", strlen("/ld-musl-"));
}

/*
 * The program's TLS segment ends at the thread pointer, apart from padding for its alignment: its address in the file
 * and in memory are the same modulo the alignment (variant II of the ABI for thread-local storage).
 */
static void read_tls(struct reading *r, const GElf_Phdr *phdr)
{
	uint64_t align = phdr->p_align ? phdr->p_align : 1;

	if (align & (align - 1) || align > TLS_MAX || phdr->p_memsz > TLS_MAX)
		return;
	r->tls_bytes = phdr->p_memsz;
	r->out->tls = -(int64_t)(phdr->p_memsz + ((-phdr->p_vaddr - phdr->p_memsz) & (align - 1)));
}

static void read_segments(struct reading *r)
{
	size_t i, n;
	GElf_Phdr phdr;

	if (elf_getphdrnum(r->elf, &n) || n > HEADERS_MAX)
		return;
	for (i = 0; i < n && gelf_getphdr(r->elf, i, &phdr); i++) {
		if (phdr.p_type == PT_TLS) {
			read_tls(r, &phdr);
		} else if (phdr.p_type == PT_INTERP) {
			r->program = true;
			r->out->musl = read_interpreter(r, &phdr);
		} else if (phdr.p_type == PT_LOAD && phdr.p_flags & PF_X && r->out->nr_segments < TAG_ELF_SEGMENTS) {
			r->out->segments[r->out->nr_segments++] =
				(struct tag_segment){ phdr.p_vaddr, phdr.p_offset, phdr.p_filesz };
		}
	}
}

static Elf_Data *section_data(Elf_Scn *scn, GElf_Shdr *shdr)
{
	if (!scn || !gelf_getshdr(scn, shdr) || shdr->sh_type == SHT_NOBITS || shdr->sh_size > TABLE_MAX)
		return NULL;
	return elf_getdata(scn, NULL);
}

static void read_dynamic(struct reading *r, Elf_Scn *scn)
{
	GElf_Shdr shdr;
	Elf_Data *data = section_data(scn, &shdr);
	GElf_Dyn dyn;
	int i;

	for (i = 0; data && i < HEADERS_MAX && gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++)
		r->program |= dyn.d_tag == DT_FLAGS_1 && dyn.d_un.d_val & DF_1_PIE;
}

/* Takes a symbol that has the name of variable @kind. */
static void take_symbol(struct reading *r, int kind, size_t at, const GElf_Sym *sym, bool dynamic)
{
	struct tag_variable *v = &r->out->variables[kind];
	int type = GELF_ST_TYPE(sym->st_info);

	if (sym->st_shndx == SHN_UNDEF) {
		if (dynamic && !v->named && (type == STT_TLS || type == STT_NOTYPE)) {
			v->named = true;
			r->symbols[kind] = at;
		}
		return;
	}
	if (type != STT_TLS || v->defined || r->tls_bytes < sizeof(uint64_t) || sym->st_value % sizeof(uint64_t) ||
	    sym->st_value > r->tls_bytes - sizeof(uint64_t))
		return;
	v->named = true;
	v->defined = true;
	v->exported = dynamic;
	v->value = sym->st_value;
	if (dynamic)
		r->symbols[kind] = at;
}

static void read_symbols(struct reading *r, Elf_Scn *scn, bool dynamic)
{
	GElf_Shdr shdr, strings_shdr;
	bool wanted[PROFBUF_NR_TAG_KINDS], any = false;
	Elf_Data *strings, *symbols;
	GElf_Sym sym;
	int kind, i;

	if (!gelf_getshdr(scn, &shdr))
		return;
	strings = section_data(elf_getscn(r->elf, shdr.sh_link), &strings_shdr);
	if (!strings || !strings->d_buf)
		return;
	/* Few files have the names, and a search of the strings is fast. */
	for (kind = 0; kind < PROFBUF_NR_TAG_KINDS; kind++) {
		wanted[kind] = !r->out->variables[kind].defined &&
			       memmem(strings->d_buf, strings->d_size, names[kind], strlen(names[kind]) + 1);
		any |= wanted[kind];
	}
	symbols = any ? section_data(scn, &shdr) : NULL;
	for (i = 1; symbols && gelf_getsym(symbols, i, &sym); i++) {
		for (kind = 0; kind < PROFBUF_NR_TAG_KINDS; kind++) {
			size_t bytes = strlen(names[kind]) + 1;

			if (wanted[kind] && sym.st_name < strings->d_size && strings->d_size - sym.st_name >= bytes &&
			    !memcmp((const char *)strings->d_buf + sym.st_name, names[kind], bytes))
				take_symbol(r, kind, i, &sym, dynamic);
		}
	}
}

static void take_relocation(struct reading *r, const GElf_Rela *rela)
{
	uint32_t type = GELF_R_TYPE(rela->r_info);
	size_t symbol = GELF_R_SYM(rela->r_info);
	int kind;

	if (type != R_X86_64_TPOFF64 && type != R_X86_64_TLSDESC && type != R_X86_64_DTPMOD64)
		return;
	for (kind = 0; kind < PROFBUF_NR_TAG_KINDS; kind++) {
		struct tag_variable *v = &r->out->variables[kind];
		bool own = !symbol && v->defined && v->exported &&
			   (type == R_X86_64_DTPMOD64 || (uint64_t)rela->r_addend == v->value);

		if (v->nr_slots == TAG_ELF_SLOTS || !(own || (symbol && symbol == r->symbols[kind])))
			continue;
		v->slots[v->nr_slots++] = (struct tag_slot){
			.address = rela->r_offset,
			.addend = own ? 0 : rela->r_addend,
			.type = type,
			.own = own,
		};
	}
}

static void read_relocations(struct reading *r)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	GElf_Rela rela;
	Elf_Data *data;
	int i;

	while ((scn = elf_nextscn(r->elf, scn))) {
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_RELA || !(shdr.sh_flags & SHF_ALLOC) ||
		    shdr.sh_link != r->dynsym)
			continue;
		data = section_data(scn, &shdr);
		for (i = 0; data && gelf_getrela(data, i, &rela); i++)
			take_relocation(r, &rela);
	}
}

static void read_file(struct reading *r)
{
	Elf_Scn *scn = NULL, *symtab = NULL;
	GElf_Shdr shdr;
	int kind;

	read_segments(r);
	while ((scn = elf_nextscn(r->elf, scn))) {
		if (!gelf_getshdr(scn, &shdr))
			continue;
		if (shdr.sh_type == SHT_DYNSYM && !r->dynsym) {
			r->dynsym = elf_ndxscn(scn);
			read_symbols(r, scn, true);
		} else if (shdr.sh_type == SHT_DYNAMIC) {
			read_dynamic(r, scn);
		} else if (shdr.sh_type == SHT_SYMTAB) {
			symtab = scn;
		}
	}
	if (tag_elf_has_any(r->out))
		read_relocations(r);
	/* A program may have the variable without exporting it. In a library such a variable cannot be found. */
	if (r->program && symtab)
		read_symbols(r, symtab, false);
	for (kind = 0; kind < PROFBUF_NR_TAG_KINDS; kind++) {
		struct tag_variable *v = &r->out->variables[kind];

		v->named = v->defined || v->nr_slots;
	}
}

int tag_elf_read(int fd, struct tag_elf *elf)
{
	struct reading r = { .out = elf, .fd = fd };
	int err = elf_header_check(fd);
	GElf_Ehdr ehdr;

	memset(elf, 0, sizeof(*elf));
	if (err)
		return err;
	elf_version(EV_CURRENT);
	/* Read the file, do not map it: if it is truncated meanwhile, this process must not get SIGBUS. */
	errno = 0;
	r.elf = elf_begin(fd, ELF_C_READ, NULL);
	/* Without errno the error is one of libelf's own numbers, which mean nothing to the caller. */
	if (!r.elf)
		return errno ? -errno : -ENOEXEC;
	err = -ENOEXEC;
	if (elf_kind(r.elf) == ELF_K_ELF && gelf_getehdr(r.elf, &ehdr)) {
		err = 0;
		elf->x86_64 = ehdr.e_machine == EM_X86_64 && ehdr.e_ident[EI_CLASS] == ELFCLASS64 &&
			      ehdr.e_ident[EI_DATA] == ELFDATA2LSB;
		r.program = ehdr.e_type == ET_EXEC;
		if (elf->x86_64)
			read_file(&r);
	}
	elf_end(r.elf);
	return err;
}
