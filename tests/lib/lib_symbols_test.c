// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib_symbols_test.c - libprofbuf: symbols of user files and of the kernel
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib_test.h"
#include "symbols/kallsyms.h"
#include "watch.h"

/* A real file: this program's own function is found if the inode is right, and not if the file has another inode. */
TEST(user_symbols_of_a_real_file)
{
	unsigned long from, to, offset, self = (unsigned long)&test_user_symbols_of_a_real_file;
	const struct profbuf_stack *stacks;
	struct generated g = { 0 };
	uint64_t start = 0x10000000, addresses[2];
	struct profbuf_profile *p;
	char line[512], exe[256];
	FILE *f = fopen("/proc/self/maps", "r");
	struct stat st;
	size_t mapping;
	ssize_t n;

	do {
		assert_non_null(fgets(line, sizeof(line), f));
		assert_int_equal(sscanf(line, "%lx-%lx %*s %lx", &from, &to, &offset), 3);
	} while (self < from || self >= to);
	fclose(f);
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	assert_true(n > 0);
	exe[n] = 0;
	assert_int_equal(stat(exe, &st), 0);
	addresses[0] = start + (self - from) + 4;
	addresses[1] = start + (self - from) + 1;	/* a return address: the call is at the byte before */
	generate_info(&g, 1);
	generate_process(&g, 1, 7, 1, "self", 1);
	mapping = g.n;
	generate_mapping(&g, 7, 1, start, start + (to - from), offset, exe);
	((struct profbuf_mapping *)(g.words + mapping))->inode = st.st_ino;
	generate_sample(&g, 2, 0, 7, NULL, 0, addresses, 2);
	p = profile_of(&g);
	profbuf_profile_stacks(p, &stacks);
	assert_string_equal(symbol_at(p, &stacks[0], 0), "test_user_symbols_of_a_real_file");
	assert_string_equal(symbol_at(p, &stacks[0], 1), "test_user_symbols_of_a_real_file");
	profbuf_profile_free(p);

	((struct profbuf_mapping *)(g.words + mapping))->inode++;
	p = profile_of(&g);
	profbuf_profile_stacks(p, &stacks);
	assert_string_equal(symbol_at(p, &stacks[0], 0), "[lib_test]");
	profbuf_profile_free(p);
	generate_free(&g);
}

/* A bug once: the path was opened before it was known what it is, even if it was a device. */
TEST(a_mapped_path_that_is_no_file_is_not_opened)
{
	const struct profbuf_stack *stacks;
	uint64_t start = 0x10000000, address = start + 4;
	struct generated g = { 0 };
	struct profbuf_profile *p;
	char fifo[80], link[80];
	int watch;

	snprintf(fifo, sizeof(fifo), "%s.fifo", path);
	snprintf(link, sizeof(link), "%s.link", path);
	assert_int_equal(mkfifo(fifo, 0600) | symlink(fifo, link), 0);
	watch = watch_begin(fifo);
	assert_true(watch >= 0);
	generate_info(&g, 1);
	for (uint32_t pid = 7; pid < 9; pid++) {
		generate_process(&g, 1, pid, 1, "self", 1);
		generate_mapping(&g, pid, 1, start, start + 4096, 0, pid == 7 ? fifo : link);
		generate_sample(&g, 2, 0, pid, NULL, 0, &address, 1);
	}
	p = profile_of(&g);
	assert_int_equal(profbuf_profile_stacks(p, &stacks), 2);
	assert_string_equal(symbol_at(p, &stacks[0], 0), "[file.fifo]");
	assert_string_equal(symbol_at(p, &stacks[1], 0), "[file.link]");
	assert_false(watch_end(watch));
	profbuf_profile_free(p);
	generate_free(&g);
}

/*
 * The file has a few bytes and a hole up to 1 TiB. A bug once: libelf allocated memory for all sections that it claims.
 */
TEST(a_mapped_sparse_file_with_too_many_sections_takes_no_memory)
{
	Elf64_Shdr first = { .sh_size = 1 << 20 };
	Elf64_Ehdr ehdr = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_shoff = sizeof(ehdr),
		.e_ehsize = sizeof(ehdr), .e_shentsize = sizeof(first),
	};
	const struct profbuf_stack *stacks;
	uint64_t start = 0x10000000, address = start + 4;
	struct profbuf_mapping *mapping;
	struct rusage before, after;
	struct generated g = { 0 };
	struct profbuf_profile *p;
	char sparse[80];
	struct stat st;
	size_t at;
	int fd;

	snprintf(sparse, sizeof(sparse), "%s.sparse", path);
	fd = open(sparse, O_RDWR | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, 1LL << 40), 0);
	assert_int_equal(write(fd, &ehdr, sizeof(ehdr)), sizeof(ehdr));
	assert_int_equal(write(fd, &first, sizeof(first)), sizeof(first));
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	/* Identified by its inode, and by a build id that it does not have. */
	generate_info(&g, 1);
	for (uint32_t pid = 7; pid < 9; pid++) {
		generate_process(&g, 1, pid, 1, "self", 1);
		at = g.n;
		generate_mapping(&g, pid, 1, start, start + 4096, 0, sparse);
		mapping = (struct profbuf_mapping *)(g.words + at);
		mapping->inode = st.st_ino;
		mapping->build_id_len = pid == 8 ? 20 : 0;
		generate_sample(&g, 2, 0, pid, NULL, 0, &address, 1);
	}
	getrusage(RUSAGE_SELF, &before);
	p = profile_of(&g);
	assert_int_equal(profbuf_profile_stacks(p, &stacks), 2);
	assert_string_equal(symbol_at(p, &stacks[0], 0), "[file.sparse]");
	assert_string_equal(symbol_at(p, &stacks[1], 0), "[file.sparse]");
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_maxrss - before.ru_maxrss < 64 << 10);
	profbuf_profile_free(p);
	generate_free(&g);
}

/* Kernel symbols */

static const char kallsyms[] =
	"ffffffff81000000 T _stext\n"
	"ffffffff81000000 T startup\n"
	"ffffffff81000100 t helper\n"
	"ffffffff81000100 W weak_alias\n"
	"ffffffff81000200 T schedule\n"
	"ffffffff81000300 T _etext\n"
	"ffffffff82000000 D some_data\n"
	"ffffffffc0000000 t init\t[ext4]\n"
	"ffffffffc0000100 t last\t[ext4]\n"
	"nonsense\n";

TEST(kallsyms)
{
	struct profbuf_kallsyms *k;
	const char *name, *module;
	uint64_t start, end;
	FILE *f = fopen(path, "w");

	fputs(kallsyms, f);
	fclose(f);
	assert_int_equal(profbuf_kallsyms_load(&k, path), 0);
	assert_true(profbuf_kallsyms_find(k, 0xffffffff81000050, &name, &module, &start, &end));
	assert_string_equal(name, "startup");
	assert_string_equal(module, "");
	assert_true(profbuf_kallsyms_find(k, 0xffffffff810001ff, &name, &module, &start, &end));
	assert_string_equal(name, "helper");
	assert_int_equal(end - start, 0x100);
	assert_true(profbuf_kallsyms_find(k, 0xffffffffc0000001, &name, &module, &start, &end));
	assert_string_equal(name, "init");
	assert_string_equal(module, "ext4");
	assert_false(profbuf_kallsyms_find(k, 0xffffffff81000301, &name, &module, &start, &end));
	assert_false(profbuf_kallsyms_find(k, 0xffffffff82000001, &name, &module, &start, &end));
	assert_false(profbuf_kallsyms_find(k, 5, &name, &module, &start, &end));
	assert_true(profbuf_kallsyms_address(k, "schedule") == 0xffffffff81000200);
	assert_int_equal(profbuf_kallsyms_address(k, "nowhere"), 0);
	profbuf_kallsyms_free(k);
}

TEST(hidden_kallsyms_are_eperm)
{
	struct profbuf_kallsyms *k;
	FILE *f = fopen(path, "w");

	fputs("0000000000000000 T startup\n0000000000000000 T schedule\n", f);
	fclose(f);
	assert_int_equal(profbuf_kallsyms_load(&k, path), -EPERM);
	assert_int_equal(profbuf_kallsyms_load(&k, "/nonexistent"), -ENOENT);
}
