// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbols_test.c - names and files of objects that somebody has made to harm their readers
 *
 * Many tests do not count the work: if it is not bounded, there is so much of it that the test would not end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <libiberty/demangle.h>
#include <link.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tag/stall.h"
#include "../tap.h"
#include "base/file.h"
#include "base/file_fault.h"
#include "base/proc.h"
#include "profile/profile.h"
#include "symbols/build_id.h"
#include "symbols/reach.h"
#include "symbols/symbols.h"
#include "symbols/symbols_elf.h"

/* Otherwise the sanitizer would handle SIGBUS. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "handle_sigbus=0";
}

static uint32_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* Names */

/* Returns a digit of a reference to an earlier part of the name. */
static char digit(unsigned int i)
{
	return "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[i];
}

/* f<T1, ..., Tn>: each T is std::pair<T before it, T before it>. */
static void make_cxx(char *name, unsigned int levels)
{
	name += sprintf(name, "_Z1fISt4pairIiiE");
	for (unsigned int i = 1; i < levels; i++) {
		char d = i < 10 ? '0' + i : 'A' + i - 10;

		name += sprintf(name, "S0_IS%c_S%c_E", d, d);
	}
	sprintf(name, "Evv");
}

/* c::f<T1, ..., Tn>: each T is (T before it, T before it), beginning with @leaf. */
static void make_rust(char *name, const char *leaf, unsigned int levels)
{
	char *start = name + 2;
	unsigned int before = 8, at;

	name += sprintf(name, "_RINvC1c1fT%s%sE", leaf, leaf);
	for (unsigned int i = 1; i < levels; i++) {
		char high[2] = { before > 62 ? digit((before - 1) / 62) : 0, 0 }, low = digit((before - 1) % 62);

		at = name - start;
		name += sprintf(name, "TB%s%c_B%s%c_E", high, low, high, low);
		before = at;
	}
	sprintf(name, "E");
}

/*
 * A name whose levels are each parsed twice, while nothing is printed. The name is invalid, which shows only at its
 * end.
 */
static void make_silent(char *name, unsigned int levels)
{
	name += sprintf(name, "_ZN1a");
	for (unsigned int i = 0; i < levels; i++)
		name += sprintf(name, "cvT_IN1a");
	name += sprintf(name, "i");
	for (unsigned int i = 0; i < levels; i++)
		name += sprintf(name, "EE");
	sprintf(name, "Ev");
}

TEST(names_are_as_libiberty_has_them)
{
	static const char *const names[] = {
		"_ZN4work4leafEiPKc", "_ZN7mycrate4spin17h0123456789abcdefE", "_RNvNtCs1234_7mycrate3foo3bar",
		"_ZNSt6vectorIiSaIiEE9push_backERKi", "_ZN1aC2Ev", "_Z", "_R", "_Zx", "_RNvC", "main", "_D3foo3barFZv",
		"_ZNSt8_Rb_treeISsSsSt9_IdentityISsESt4lessISsESaISsEE16_M_insert_uniqueERKSs", "_ZNK3$_0clEv",
		"_ZN3foo3barE.cold", "_ZL3foov.constprop.0",
	};
	struct demangler d = { 0 };
	unsigned int timeouts = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		bool mangled = !strncmp(names[i], "_Z", 2) || !strncmp(names[i], "_R", 2);
		char *wanted = mangled ? cplus_demangle(names[i], DMGL_AUTO) : NULL;
		const char *got = demangle(&d, names[i], &timeouts);

		if (wanted && got)
			assert_string_equal(got, wanted);
		assert_int_equal(!wanted, !got);
		free(wanted);
	}
	assert_int_equal(timeouts, 0);
	demangler_exit(&d);
}

TEST(names_that_unfold_stay_as_they_are)
{
	struct demangler d = { 0 };
	unsigned int timeouts = 0;
	char name[1024];

	make_cxx(name, 2);
	assert_string_equal(demangle(&d, name, &timeouts),
			    "f<std::pair<int, int>, std::pair<std::pair<int, int>, std::pair<int, int> > >");
	make_cxx(name, 30);
	assert_null(demangle(&d, name, &timeouts));
	make_rust(name, "i", 2);
	assert_string_equal(demangle(&d, name, &timeouts), "c::f::<(isize, isize), ((isize, isize), (isize, isize))>");
	make_rust(name, "i", 30);
	assert_null(demangle(&d, name, &timeouts));
	/* An identifier in punycode uses memory that must be freed. */
	make_rust(name, "NtC1cu8grn_lsga", 30);
	assert_null(demangle(&d, name, &timeouts));
	assert_int_equal(timeouts, 0);
	demangler_exit(&d);
}

/* libiberty prints nothing for years, so the callback cannot stop it: only a timer can. */
TEST(names_that_take_years_stay_as_they_are)
{
	static const char ordinary[] = "_ZNSt8_Rb_treeISsSsSt9_IdentityISsESt4lessISsESaISsEE16_M_insert_uniqueERKSs";
	struct demangler d = { 0 };
	unsigned int timeouts = 0, others = 0;
	char name[1024];
	uint64_t spent;

	assert_true(strlen(ordinary) > 64);
	assert_non_null(demangle(&d, ordinary, &timeouts));
	for (unsigned int i = 0; i < DEMANGLE_TIMEOUTS_MAX; i++) {
		assert_int_equal(timeouts, i);
		make_silent(name, 40 + i);
		assert_null(demangle(&d, name, &timeouts));
	}
	/* This object has had all its timeouts; another object has not. */
	assert_int_equal(timeouts, DEMANGLE_TIMEOUTS_MAX);
	spent = d.spent;
	assert_null(demangle(&d, name, &timeouts));
	assert_null(demangle(&d, ordinary, &timeouts));
	assert_int_equal(timeouts, DEMANGLE_TIMEOUTS_MAX);
	assert_true(d.spent == spent);
	assert_non_null(demangle(&d, ordinary, &others));
	assert_int_equal(others, 0);
	/* All objects together have used up their time: from now on each name gets less. */
	d.spent = spent = 1ULL << 40;
	assert_null(demangle(&d, name, &others));
	assert_int_equal(others, 1);
	assert_true(d.spent - spent < 20000000);
	assert_non_null(demangle(&d, ordinary, &others));
	demangler_exit(&d);
}

/* A binder of 62^9 lifetimes in the path of an impl: libiberty counts them without printing. */
TEST(names_of_rust_with_lifetimes_beyond_number)
{
	struct demangler d = { 0 };
	unsigned int timeouts = 0;

	assert_string_equal(demangle(&d, "_RNvMINvC1a1bFG3_EuEb1c", &timeouts), "<bool>::c");
	assert_int_equal(timeouts, 0);
	assert_null(demangle(&d, "_RNvMINvC1a1bFGzzzzzzzzz_EuEb1c", &timeouts));
	assert_int_equal(timeouts, 1);
	/*
	 * A name that may contain punycode, whether it does or not, has no timer, because libiberty allocates memory
	 * for it. With so many lifetimes such a name is refused.
	 */
	assert_null(demangle(&d, "_RNvMINvC1a1bFGzzzzzzzzz_EuEEu1c", &timeouts));
	assert_null(demangle(&d, "_RNvMINvC1a1bFGG100_EuEb2u1", &timeouts));
	assert_int_equal(timeouts, 1);
	demangler_exit(&d);
}

static void *demangle_silent(void *demangler)
{
	unsigned int timeouts = 0;
	char name[1024];

	make_silent(name, 40);
	assert_null(demangle(demangler, name, &timeouts));
	assert_int_equal(timeouts, 1);
	return NULL;
}

/* The timer must count the time of the thread that demangles, and work although the program has blocked all signals. */
TEST(names_that_take_years_in_another_thread)
{
	struct demangler d = { 0 };
	sigset_t all, before;
	pthread_t thread;

	demangle_silent(&d);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	assert_int_equal(pthread_create(&thread, NULL, demangle_silent, &d), 0);
	pthread_join(thread, NULL);
	pthread_sigmask(SIG_SETMASK, NULL, &all);
	assert_true(sigismember(&all, SIGRTMAX));
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	demangler_exit(&d);
}

TEST(long_names_are_cut)
{
	const size_t bytes = 3 * SYMBOL_NAME_MAX;
	const struct profbuf_symbol *symbol;
	struct symbols s = { 0 };
	struct object *object = symbols_object_named(&s, "[test]", false);
	char *name = malloc(bytes + 1);
	size_t n;

	/* Characters of two bytes: one of them would be cut in two at SYMBOL_NAME_MAX - 3. */
	for (size_t i = 0; i < bytes; i += 2)
		memcpy(name + i, "\xc3\xa4", 2);
	name[bytes] = 0;
	for (size_t i = 0; i < 2; i++) {
		symbol = i ? symbols_function(&s, object, name, name + 2, false) :
			     symbols_named(&s, object, name, 7, false);
		assert_non_null(symbol);
		n = strlen(symbol->name);
		assert_int_equal(n, SYMBOL_NAME_MAX - 1);
		assert_string_equal(symbol->name + n - 5, "\xc3\xa4...");
		assert_string_equal(symbol->linkage_name, symbol->name);
		assert_ptr_equal(symbol->object, &object->pub);
		/* The long name finds the same symbol again. */
		assert_ptr_equal(symbol, i ? symbols_function(&s, object, name, name + 2, false) :
					     symbols_named(&s, object, name, 7, false));
	}
	name[SYMBOL_NAME_MAX] = 0;
	assert_string_equal(symbols_named(&s, object, name, 7, false)->name, name);
	free(name);
	symbols_exit(&s);
}

/* Tables */

/*
 * A hash without a random key is the same in each process. A bug once: a word that was in the source made the hash 0.
 */
TEST(names_made_to_collide_do_not)
{
	static const uint64_t words[] = { 0x9e3779b97f4a7c15ULL, 0xd1b54a32d192ed03ULL };
	struct strings strings = { 0 };

	for (size_t word = 0; word < 2; word++) {
		for (uint32_t i = 0; i < 200000; i++) {
			char name[17] = { 0 };

			sprintf(name, "%08x", i);
			memcpy(name + 8, &words[word], 8);
			assert_non_null(strings_intern(&strings, name));
		}
	}
	assert_int_equal(strings.n, 400000);
	strings_exit(&strings);
}

TEST(a_million_jit_records_of_as_many_processes)
{
	const uint32_t n = 1000000;
	struct profbuf_jit_symbol_record *records = calloc(n, sizeof(*records) + 16);
	struct symbols s = { .no_user = true };

	for (uint32_t i = 0; i < n; i++) {
		struct profbuf_jit_symbol_record *r = (void *)((char *)records + i * (sizeof(*records) + 16));

		r->pid = i % 2 ? i : n - i;
		r->start_time = 1 + i % 3;
		r->start = 0x1000;
		r->end = 0x2000;
		sprintf(r->name, "f%u_%u", r->pid, i % 3);
		assert_true(symbols_add_jit(&s, r));
	}
	/* Each fifth process gets a map; maps of all would take too much memory. */
	for (uint32_t i = 0; i < n; i += 5) {
		struct profbuf_program program = { .id = i, .pid = i % 2 ? i : n - i, .start_time = 1 + i % 3 };
		char name[32];

		sprintf(name, "f%u_%u", program.pid, i % 3);
		assert_string_equal(symbols_find_jit(&s, &program, 0x1800)->name, name);
	}
	symbols_exit(&s);
	free(records);
}

/* Within a process, a later record replaces an earlier one, wherever the records are in memory. */
TEST(jit_records_keep_their_order)
{
	static struct {
		struct profbuf_jit_symbol_record r;
		char name[8];
	} records[3];
	const struct profbuf_program program = { .pid = 7, .start_time = 1 };
	struct symbols s = { .no_user = true };

	for (int i = 2; i >= 0; i--) {
		records[i].r = (struct profbuf_jit_symbol_record){ .pid = 7, .start_time = 1, .start = 0x1000 + i,
								   .end = 0x2000 };
		sprintf(records[i].r.name, "at%d", i);
		assert_true(symbols_add_jit(&s, &records[i].r));
	}
	assert_string_equal(symbols_find_jit(&s, &program, 0x1800)->name, "at0");
	symbols_exit(&s);
}

struct span {
	uint64_t start, end;
};

static uint64_t end_of(const void *all, size_t i)
{
	return ((const struct span *)all)[i].end;
}

TEST(spans_are_found_as_by_walking_back)
{
	for (int i = 0; i < 3000; i++) {
		struct span spans[200];
		size_t n = rnd(200);
		struct reach reach;

		for (size_t k = 0; k < n; k++)
			spans[k].end = rnd(60);
		assert_true(reach_init(&reach, spans, n, end_of));
		for (int k = 0; k < 50; k++) {
			size_t before = rnd(n + 1), wanted = before;
			uint64_t address = rnd(70);

			while (wanted && spans[wanted - 1].end <= address)
				wanted--;
			assert_int_equal(reach_last(&reach, before, address), wanted ? wanted - 1 : REACH_NONE);
		}
		reach_exit(&reach);
	}
}

/* All functions of the file have the same id. */
TEST(a_million_functions_of_one_id)
{
	static const char head[] = { 0x0a, 0x00, 0x32, 0x00 }, function[] = { 0x2a, 0x02, 0x08, 0x01 };
	struct profbuf_profile *p;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/profbuf-pprof-%d", getpid());
	f = fopen(path, "w");
	assert_non_null(f);
	fwrite(head, sizeof(head), 1, f);
	for (int i = 0; i < 1000000; i++)
		fwrite(function, sizeof(function), 1, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(profbuf_profile_read(&p, path, NULL), 0);
	profbuf_profile_free(p);
	unlink(path);
}

/* Files */

struct made_symbol {
	uint64_t start, size;
	uint32_t name;
};

/* Makes an ELF file with those symbols, whose code begins at 0. */
static int make_elf(const struct made_symbol *symbols, size_t n, const char *strings, size_t bytes)
{
	static const char names[] = "\0.symtab\0.strtab\0.shstrtab\0.text";
	const uint64_t at_symbols = 4096, at_strings = at_symbols + (n + 1) * sizeof(Elf64_Sym);
	const uint64_t at_names = at_strings + bytes, at_sections = (at_names + sizeof(names) + 7) & ~7ULL;
	Elf64_Ehdr ehdr = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_phoff = sizeof(ehdr),
		.e_shoff = at_sections, .e_ehsize = sizeof(ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 5, .e_shstrndx = 3,
	};
	const Elf64_Phdr phdr = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = 4096, .p_memsz = 1ULL << 40,
				  .p_align = 4096 };
	const Elf64_Shdr sections[5] = {
		[1] = { 1, SHT_SYMTAB, 0, 0, at_symbols, (n + 1) * sizeof(Elf64_Sym), 2, 1, 8, sizeof(Elf64_Sym) },
		[2] = { 9, SHT_STRTAB, 0, 0, at_strings, bytes, 0, 0, 1, 0 },
		[3] = { 17, SHT_STRTAB, 0, 0, at_names, sizeof(names), 0, 0, 1, 0 },
		[4] = { 27, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0, 0, 1ULL << 40, 0, 0, 1, 0 },
	};
	Elf64_Sym *table = calloc(n + 1, sizeof(*table));
	int fd = memfd_create("elf", 0);

	for (size_t i = 0; i < n; i++)
		table[i + 1] = (Elf64_Sym){ .st_name = symbols[i].name, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
					    .st_shndx = 4, .st_value = symbols[i].start, .st_size = symbols[i].size };
	assert_int_equal(pwrite(fd, &ehdr, sizeof(ehdr), 0), sizeof(ehdr));
	assert_int_equal(pwrite(fd, &phdr, sizeof(phdr), sizeof(ehdr)), sizeof(phdr));
	assert_int_equal(pwrite(fd, table, (n + 1) * sizeof(*table), at_symbols), (n + 1) * sizeof(*table));
	assert_int_equal(pwrite(fd, strings, bytes, at_strings), bytes);
	assert_int_equal(pwrite(fd, names, sizeof(names), at_names), sizeof(names));
	assert_int_equal(pwrite(fd, sections, sizeof(sections), at_sections), sizeof(sections));
	free(table);
	return fd;
}

static struct elf_symbols *open_elf(int fd)
{
	struct elf_symbols *s;

	assert_int_equal(elf_symbols_open(&s, "/made", fd, NULL), 0);
	close(fd);
	return s;
}

/* The former algorithm: walks back from the last symbol that begins at or before the address. */
static const struct elf_symbol *walk_back(struct elf_symbols *s, uint64_t address)
{
	const struct elf_symbol *all, *bare = NULL;
	size_t n = elf_symbols_all(s, &all);

	while (n--) {
		if (address < all[n].start || address >= all[n].end)
			continue;
		if (all[n].name)
			return &all[n];
		if (!bare)
			bare = &all[n];
	}
	return bare;
}

TEST(symbols_are_found_as_by_walking_back)
{
	char strings[26 * 2 + 1] = "";

	for (int i = 0; i < 26; i++)
		sprintf(strings + 1 + 2 * i, "%c", 'a' + i);
	for (int i = 0; i < 200; i++) {
		struct made_symbol symbols[100];
		size_t n = 1 + rnd(100);
		struct elf_symbols *s;

		for (size_t k = 0; k < n; k++)
			symbols[k] = (struct made_symbol){ rnd(300), rnd(4) ? rnd(40) : rnd(400), 1 + 2 * rnd(26) };
		s = open_elf(make_elf(symbols, n, strings, sizeof(strings)));
		for (uint64_t address = 0; address < 700; address += 1 + rnd(3))
			assert_ptr_equal(elf_symbols_find(s, address), walk_back(s, address));
		elf_symbols_close(s);
	}
}

/* One symbol spans all others, so that a search that walks back would pass all of them. */
TEST(symbols_in_one_that_spans_them_all)
{
	static const char strings[] = "\0all\0small";
	const size_t n = 1000000;
	struct made_symbol *symbols = calloc(n, sizeof(*symbols));
	struct elf_symbols *s;

	symbols[0] = (struct made_symbol){ 0, 1ULL << 32, 1 };
	for (size_t i = 1; i < n; i++)
		symbols[i] = (struct made_symbol){ i * 16, 1, 5 };
	s = open_elf(make_elf(symbols, n, strings, sizeof(strings)));
	for (size_t i = 1; i < n; i++) {
		assert_string_equal(elf_symbols_find(s, i * 16)->name, "small");
		assert_string_equal(elf_symbols_find(s, i * 16 + 8)->name, "all");
	}
	/* All symbols but one have the same name, which is one entry of the index. */
	assert_int_equal(elf_symbols_named(s, "small")->start, 16);
	elf_symbols_close(s);
	free(symbols);
}

/* Names that are ends of one another, and whose order is known only at their ends. */
TEST(long_names_of_one_address)
{
	const size_t n = 300000, bytes = 1 << 20;
	struct made_symbol *symbols = calloc(n, sizeof(*symbols));
	char *strings = malloc(bytes);
	const struct elf_symbol *found;
	struct elf_symbols *s;

	memset(strings, '_', bytes);
	strings[0] = strings[bytes - 1] = 0;
	for (size_t i = 0; i < n; i++)
		symbols[i] = (struct made_symbol){ 64, 16, 1 + i };
	s = open_elf(make_elf(symbols, n, strings, bytes));
	found = elf_symbols_find(s, 70);
	assert_non_null(found);
	assert_true(strlen(found->name) <= SYMBOL_NAME_MAX + 1);
	assert_null(elf_symbols_named(s, "_"));
	elf_symbols_close(s);
	free(symbols);
	free(strings);
}

/* Makes a sparse file of 1 TiB from a small valid one, in which the word at @at is changed to @value. */
static void check_sparse(size_t at, uint64_t value)
{
	static const struct made_symbol symbol = { 64, 16, 1 };
	static const char strings[] = "\0name";
	int fd = make_elf(&symbol, 1, strings, sizeof(strings));
	struct elf_symbols *s;
	uint8_t build_id[20];
	uint32_t type = PT_NOTE;

	assert_int_equal(elf_build_id(fd, build_id, sizeof(build_id)), 0);
	assert_int_equal(ftruncate(fd, 1LL << 40), 0);
	if (at < 4096)
		assert_int_equal(pwrite(fd, &type, sizeof(type), sizeof(Elf64_Ehdr)), sizeof(type));
	assert_int_equal(pwrite(fd, &value, sizeof(value), at), sizeof(value));
	assert_int_equal(elf_build_id(fd, build_id, sizeof(build_id)), -ENOEXEC);
	assert_int_equal(elf_symbols_open(&s, "/made", fd, NULL), -ENOEXEC);
	close(fd);
}

/* A bug once: all notes were searched for a build id, and all of the section of names for the end of each name. */
TEST(sparse_notes_and_names_are_not_looked_through)
{
	const uint64_t at_names = 4096 + 2 * sizeof(Elf64_Sym) + sizeof("\0name");
	const uint64_t at_sections = (at_names + sizeof("\0.symtab\0.strtab\0.shstrtab\0.text") + 7) & ~7ULL;

	check_sparse(sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz), 1ULL << 39);
	/* The section of names now ends after the first letter of the first name. */
	check_sparse(at_sections + 3 * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_size), 2);
}

/* A table is as long as its file claims. A bug once: so were the tables of a hundred files together. */
TEST(symbols_of_one_report_have_a_bound)
{
	static const char strings[] = "\0name";
	const size_t n = 7 << 20;
	struct made_symbol *symbols = calloc(n, sizeof(*symbols));
	struct debug_limits limits = { 0 };
	struct elf_symbols *s;
	int fd, opened = 0;

	for (size_t i = 0; i < n; i++)
		symbols[i] = (struct made_symbol){ i, 1, 1 };
	fd = make_elf(symbols, n, strings, sizeof(strings));
	while (opened < 10 && !elf_symbols_open(&s, "/made", fd, &limits)) {
		elf_symbols_close(s);
		opened++;
	}
	assert_int_equal(opened, 5);
	close(fd);
	free(symbols);
	debug_limits_exit(&limits);
}

/* Without section headers, libdwfl walks the chains of a hash table in quadratic time. Here the chains have no end. */
TEST(a_hash_table_without_an_end_is_not_gone_through)
{
	static const uint64_t dynamic[] = { DT_SYMTAB, 0x1100, DT_STRTAB, 0x1000, DT_STRSZ, 0x100, DT_SYMENT, 24,
					    DT_GNU_HASH, 0x3000, DT_NULL, 0 };
	static const uint32_t hash[] = { 2, 1, 1, 0, 0, 0, 1, 1 };
	const off_t size = 0x3000 + (16 << 20);
	const Elf64_Phdr phdrs[] = {
		{ PT_LOAD, PF_R | PF_X, 0, 0, 0, size, size, 4096 },
		{ PT_DYNAMIC, PF_R, 0x2000, 0x2000, 0x2000, sizeof(dynamic), sizeof(dynamic), 8 },
	};
	const Elf64_Ehdr ehdr = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_phoff = sizeof(ehdr),
		.e_ehsize = sizeof(ehdr), .e_phentsize = sizeof(*phdrs), .e_phnum = 2,
	};
	int fd = memfd_create("elf", 0);
	struct elf_symbols *s;

	assert_int_equal(pwrite(fd, &ehdr, sizeof(ehdr), 0), sizeof(ehdr));
	assert_int_equal(pwrite(fd, phdrs, sizeof(phdrs), sizeof(ehdr)), sizeof(phdrs));
	assert_int_equal(pwrite(fd, dynamic, sizeof(dynamic), 0x2000), sizeof(dynamic));
	assert_int_equal(pwrite(fd, hash, sizeof(hash), 0x3000), sizeof(hash));
	assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(elf_symbols_open(&s, "/made", fd, NULL), -ENOEXEC);
	close(fd);
}

/* Build ids that nobody has */

static struct object *object_of(struct symbols *s, const void *build_id, uint8_t bytes)
{
	struct {
		struct profbuf_mapping m;
		char path[40];
	} mapping = { .m.build_id_len = bytes };
	static unsigned int n;

	sprintf(mapping.m.path, "/nonexistent/%u", n++);
	memcpy(mapping.m.build_id, build_id, bytes);
	return symbols_object(s, &mapping.m);
}

static unsigned int *asked(void)
{
	void *library = dlopen("libdebuginfod.so.1", RTLD_LAZY);
	unsigned int *n = library ? dlsym(library, "asked") : NULL;

	assert_non_null(n);
	return n;
}

static void look_up(struct symbols *s, const void *build_id, uint8_t bytes)
{
	const struct profbuf_program program = { .pid = 0 };
	struct object *object = object_of(s, build_id, bytes);
	uint64_t offset = 0;

	assert_non_null(object);
	assert_true(symbols_find_user(s, object, &program, &offset)->unknown);
}

TEST(invented_build_ids_are_asked_for_a_few_times)
{
	static const uint8_t zeros[20], ones[20] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	struct symbols s = { 0 };
	unsigned int before;
	uint64_t id[3] = { 0, 1, 2 };

	setenv("DEBUGINFOD_URLS", "http://127.0.0.1:1", 1);
	before = *asked();
	look_up(&s, zeros, 20);
	look_up(&s, ones, 7);
	look_up(&s, ones, 1);
	assert_int_equal(*asked(), before);
	for (id[0] = 1; id[0] <= 1000; id[0]++)
		look_up(&s, id, 20);
	/* For the file and for its debug file. */
	assert_int_equal(*asked(), before + 2 * 64);
	unsetenv("DEBUGINFOD_URLS");
	symbols_exit(&s);
}

/* A bug once: each lookup walked over all objects. */
TEST(many_objects_of_one_build_id)
{
	const uint8_t id[20] = { 1, 2, 3 };
	struct symbols s = { 0 };

	for (int i = 0; i < 100000; i++)
		assert_non_null(object_of(&s, id, 20));
	assert_int_equal(s.build_id_index.n, 8);
	symbols_exit(&s);
}

/* Files that are cut */

/* The handler for faults. It is set in the tests because cmocka sets its own one while a test runs. */
static struct sigaction on_fault;

static void handle_faults(void)
{
	assert_int_equal(sigaction(SIGBUS, &on_fault, NULL), 0);
}

static char cut_path[64];

/* Makes a copy of this program. */
static int make_program(void)
{
	char command[128];
	int fd;

	snprintf(cut_path, sizeof(cut_path), "/tmp/profbuf-cut-%d", getpid());
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s", getpid(), cut_path);
	assert_int_equal(system(command), 0);
	fd = open(cut_path, O_RDWR);
	assert_true(fd >= 0);
	return fd;
}

static uint64_t address_of(struct elf_symbols *s, const char *name)
{
	const struct elf_symbol *symbol = elf_symbols_named(s, name);

	return symbol ? symbol->start + 1 : 0;
}

static int open_again(void)
{
	return open(cut_path, O_RDONLY);
}

static off_t page_and_a_half(off_t size)
{
	(void)size;
	return 6144;
}

static off_t page(off_t size)
{
	(void)size;
	return 4096;
}

static off_t nothing(off_t size)
{
	(void)size;
	return 0;
}

static off_t all_but_a_byte(off_t size)
{
	return size - 1;
}

TEST(a_file_that_is_cut_while_it_is_used)
{
	static off_t (*const sizes[])(off_t size) = { nothing, page, page_and_a_half, all_but_a_byte };

	handle_faults();
	for (int i = 0; i < 8; i++) {
		int fd = make_program(), handle = open_again();
		struct elf_place places[8];
		struct elf_symbols *s;
		uint64_t address, other;
		struct stat st;

		assert_int_equal(elf_symbols_open(&s, cut_path, handle, NULL), 0);
		close(handle);
		address = address_of(s, "test_long_names_are_cut");
		other = address_of(s, "test_many_objects_of_one_build_id");
		assert_string_equal(elf_symbols_find(s, address)->name, "test_long_names_are_cut");
		assert_true(elf_symbols_places(s, address, true, places, 8) >= 1 && places[0].file);
		assert_false(elf_symbols_changed(s));
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(ftruncate(fd, sizes[i / 2](st.st_size)), 0);
		/* The file also grows back to its size. */
		if (i % 2)
			assert_int_equal(ftruncate(fd, st.st_size), 0);
		assert_int_equal(elf_symbols_places(s, other, true, places, 8), 1);
		assert_null(places[0].file);
		assert_true(elf_symbols_changed(s));
		assert_null(elf_symbols_find(s, other));
		assert_null(elf_symbols_find(s, address));
		assert_null(elf_symbols_named(s, "main"));
		elf_symbols_close(s);
		close(fd);
		unlink(cut_path);
	}
}

/* The program has no symbols: they are in a debug file that it names. */
TEST(a_debug_file_that_is_cut_while_it_is_used)
{
	char command[400];

	handle_faults();
	for (int i = 0; i < 4; i++) {
		int fd = make_program(), handle;
		struct elf_place places[8];
		struct elf_symbols *s;
		uint64_t address, other;
		struct stat st;

		close(fd);
		snprintf(command, sizeof(command), "cd /tmp && objcopy --only-keep-debug %s %s.debug && "
			 "objcopy --strip-all --add-gnu-debuglink=%s.debug %s", cut_path, cut_path, cut_path, cut_path);
		assert_int_equal(system(command), 0);
		handle = open_again();
		assert_int_equal(elf_symbols_open(&s, cut_path, handle, NULL), 0);
		close(handle);
		address = address_of(s, "test_long_names_are_cut");
		other = address_of(s, "test_many_objects_of_one_build_id");
		assert_true(elf_symbols_places(s, address, true, places, 8) >= 1 && places[0].file);
		snprintf(command, sizeof(command), "%s.debug", cut_path);
		assert_int_equal(stat(command, &st), 0);
		assert_int_equal(truncate(command, i < 2 ? 4096 : 0), 0);
		if (i % 2)
			assert_int_equal(truncate(command, st.st_size), 0);
		assert_int_equal(elf_symbols_places(s, other, true, places, 8), 1);
		assert_null(places[0].file);
		assert_true(elf_symbols_changed(s));
		assert_null(elf_symbols_find(s, address));
		elf_symbols_close(s);
		unlink(command);
		unlink(cut_path);
	}
}

static void *cut_soon(void *delay)
{
	usleep(*(unsigned int *)delay);
	assert_int_equal(truncate(cut_path, rnd(2) ? 4096 * rnd(20) : 0), 0);
	return NULL;
}

TEST(a_file_that_is_cut_at_any_time)
{
	handle_faults();
	for (int i = 0; i < 30; i++) {
		int fd = make_program(), handle = open_again();
		unsigned int delay = rnd(30000);
		const struct elf_symbol *found;
		struct elf_symbols *s;
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, cut_soon, &delay), 0);
		if (!elf_symbols_open(&s, cut_path, handle, NULL)) {
			uint64_t address = address_of(s, "test_long_names_are_cut");
			struct elf_place places[8];

			elf_symbols_places(s, address, true, places, 8);
			found = elf_symbols_find(s, address);
			if (found && address)
				assert_string_equal(found->name, "test_long_names_are_cut");
			elf_symbols_close(s);
		}
		pthread_join(thread, NULL);
		close(handle);
		close(fd);
		unlink(cut_path);
	}
}

/* Each page that is replaced alone becomes a mapping of its own, and a process may have only 65530 mappings. */
TEST(every_other_page_of_a_large_file_that_is_cut)
{
	const size_t page = sysconf(_SC_PAGESIZE), pages = 160000;
	int fd = memfd_create("cut", 0), sum = 0;
	volatile char *bytes, *after;
	unsigned long began;

	handle_faults();
	assert_int_equal(ftruncate(fd, pages * page), 0);
	bytes = mmap(NULL, (pages + 1) * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(bytes != MAP_FAILED);
	after = bytes + pages * page;
	*after = 7;
	assert_true(mmap((void *)bytes, pages * page, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == bytes);
	began = file_reading_begin();
	assert_int_equal(ftruncate(fd, 0), 0);
	for (size_t i = 0; i < pages; i += 2)
		sum += bytes[i * page];
	assert_false(file_reading_end(began));
	assert_int_equal(sum, 0);
	/* Memory after the mapping was not touched. */
	assert_int_equal(*after, 7);
	munmap((void *)bytes, (pages + 1) * page);
	close(fd);
}

/* The handler does not handle faults outside of file reading. */
TEST(other_faults_end_the_program)
{
	int fd = make_program(), status, other = 0;
	pid_t child;

	handle_faults();
	for (int i = 0; i < 2; i++) {
		child = fork();
		if (!child) {
			volatile char *bytes = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0);

			if (i)
				raise(SIGBUS);
			else if (!ftruncate(fd, 0))
				other += bytes[4096];
			_exit(other);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	}
	close(fd);
	unlink(cut_path);
}

/* Files in the roots of other processes */

static uint64_t file_offset;	/* of a function here */

static int find_offset(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	uint64_t address = (uint64_t)*(void **)arg - info->dlpi_addr;

	(void)bytes;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && address - p->p_vaddr < p->p_filesz)
			file_offset = address - p->p_vaddr + p->p_offset;
	}
	/* The first object is the program. */
	return 1;
}

/* Takes a request; returns false if there is none, or if it only says that a waiting process was killed. */
static bool take_request(const struct stall *stall)
{
	static char request[1 << 17] __attribute__((aligned(8)));
	const struct fuse_in_header *in = (const void *)request;

	return read(stall->file_system, request, sizeof(request)) > 0 && in->opcode != FUSE_INTERRUPT;
}

/* Writes the struct stall, and then one byte for each request to its file system; it answers none of them. */
static void __attribute__((noreturn)) be_staller(int out)
{
	struct stall stall;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* When this process ends, processes that wait for the file system go on. */
	alarm(100);
	if (!stall_start(&stall, "libm.so.6") || write(out, &stall, sizeof(stall)) != sizeof(stall))
		_exit(1);
	for (;;) {
		if (take_request(&stall) && write(out, "", 1) != 1)
			_exit(1);
	}
}

static pid_t start_staller(struct stall *stall, int *in)
{
	int pipes[2];
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (!pid)
		be_staller(pipes[1]);
	close(pipes[1]);
	assert_int_equal(read(pipes[0], stall, sizeof(*stall)), sizeof(*stall));
	*in = pipes[0];
	return pid;
}

/* A copy of this program, and one without symbols, which names a debug file. */
static const char *const programs[] = { "foreign-program", "foreign-stripped" };

/* Has these programs and a map of its code in a /tmp of its own; writes the programs' inodes. */
static void __attribute__((noreturn)) be_container(int out)
{
	char command[400];
	struct stat st;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(command, sizeof(command), "cd /tmp && cp /proc/%d/exe %s && objcopy --only-keep-debug %s its.debug && "
		 "objcopy --strip-all --add-gnu-debuglink=its.debug %s %s && echo '1000 1000 foreign_code' >perf-%d.map",
		 getpid(), programs[0], programs[0], programs[0], programs[1], getpid());
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL) || system(command) || chdir("/tmp"))
		_exit(1);
	for (int i = 0; i < 2; i++) {
		if (stat(programs[i], &st) || write(out, &st.st_ino, sizeof(st.st_ino)) != sizeof(st.st_ino))
			_exit(1);
	}
	for (;;)
		pause();
}

static pid_t start_container(uint64_t inodes[2])
{
	int pipes[2];
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (!pid)
		be_container(pipes[1]);
	close(pipes[1]);
	for (int i = 0; i < 2; i++)
		assert_int_equal(read(pipes[0], &inodes[i], sizeof(*inodes)), sizeof(*inodes));
	close(pipes[0]);
	return pid;
}

static const struct profbuf_symbol *find_in_process(struct symbols *s, pid_t pid, const char *dir, const char *name,
						    uint64_t inode)
{
	const struct profbuf_program program = { .pid = pid };
	struct {
		struct profbuf_mapping m;
		char path[100];
	} mapping = { .m.inode = inode };
	uint64_t offset = file_offset;
	struct object *object;

	snprintf(mapping.m.path, sizeof(mapping.path), "%s/%s", dir, name);
	object = symbols_object(s, &mapping.m);
	assert_non_null(object);
	return symbols_find_user(s, object, &program, &offset);
}

static void set_up(struct profbuf_stream_info *info)
{
	void *function = *(void *[]){ (void *)test_long_names_are_cut };
	struct utsname name;

	dl_iterate_phdr(find_offset, &function);
	assert_true(file_offset);
	assert_int_equal(uname(&name), 0);
	strcpy(info->release, name.release);
	strcpy(info->machine, name.machine);
}

static const char *jit_name(struct symbols *s, pid_t pid)
{
	unsigned long long ticks;
	struct profbuf_program program = { .id = pid, .pid = pid };

	assert_true(proc_stat(pid, 22, &ticks));
	program.start_time = ticks * (1000000000ULL / sysconf(_SC_CLK_TCK));
	return symbols_find_jit(s, &program, 0x1800)->name;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A bug once: a report waited for a file system that never answers, and could not be ended. */
TEST(a_file_in_a_root_that_never_answers_is_not_waited_for)
{
	struct profbuf_stream_info info = { 0 };
	struct symbols s = { .info = &info };
	pid_t staller, container;
	struct stall stall;
	uint64_t inodes[2];
	char taken[8];
	int in;

	if (getuid())
		skip();
	set_up(&info);
	staller = start_staller(&stall, &in);
	container = start_container(inodes);
	assert_true(find_in_process(&s, stall.pid, stall.dir, "first", 1)->unknown);
	/* Other files of that user are not asked for any more; files of other users are found. */
	assert_true(find_in_process(&s, stall.pid, stall.dir, "second", 1)->unknown);
	assert_string_equal(find_in_process(&s, container, "/tmp", programs[0], inodes[0])->name,
			    "test_long_names_are_cut");
	assert_string_equal(jit_name(&s, container), "foreign_code");
	assert_int_equal(waitpid(staller, NULL, WNOHANG), 0);
	assert_int_equal(read(in, taken, sizeof(taken)), 1);
	symbols_exit(&s);
	close(in);
	end(staller);
	kill(stall.pid, SIGKILL);
	end(container);
	assert_int_equal(rmdir(stall.dir), 0);
}

/*
 * The symbols are from the file that was mapped, found by its inode in the other root, and copies of files do not
 * change.
 */
TEST(a_file_in_another_root_is_the_one_that_was_mapped)
{
	struct profbuf_stream_info info = { 0 };
	struct symbols s = { .info = &info };
	uint64_t inodes[2];
	pid_t pid;

	if (getuid())
		skip();
	set_up(&info);
	pid = start_container(inodes);
	assert_true(find_in_process(&s, pid, "/tmp", programs[0], inodes[0] + 2)->unknown);
	assert_true(s.objects[s.nr_objects - 1]->pub.changed);
	assert_true(find_in_process(&s, pid, "/tmp", "missing", inodes[0])->unknown);
	assert_false(s.objects[s.nr_objects - 1]->pub.changed);
	for (int i = 0; i < 2; i++)
		assert_string_equal(find_in_process(&s, pid, "/tmp", programs[i], inodes[i])->name,
				    "test_long_names_are_cut");
	/* The debug file of the second program was copied, too. */
	assert_int_equal(s.debug_limits.foreign.nr_copies, 3);
	symbols_exit(&s);
	end(pid);
}

/* A file may name any debug file, and links may lead anywhere. */
TEST(a_path_into_a_root_by_another_name_is_not_opened)
{
	char path[64], link[64];
	int fd;

	snprintf(link, sizeof(link), "/tmp/profbuf-link-%d", getpid());
	assert_int_equal(symlink("/proc/self/root/proc/self/stat", link), 0);
	fd = file_open(link, 0);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(file_open_here(link, 0), -ELOOP);
	snprintf(path, sizeof(path), "//proc/%d/root/proc/self/stat", getpid());
	assert_int_equal(file_open_here(path, 0), -ELOOP);
	assert_int_equal(unlink(link), 0);
}

int main(void)
{
	file_reading_end(file_reading_begin());
	sigaction(SIGBUS, NULL, &on_fault);
	return tap_cmocka_main();
}
