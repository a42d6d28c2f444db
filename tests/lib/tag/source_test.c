// SPDX-License-Identifier: GPL-2.0-only
/*
 * source_test.c - finding the variables of one process: memory that lies, a first thread that has ended
 *
 * usage: source_test DIR  (with the programs and libraries that `programs` has built)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tap.h"
#include "process.h"
#include "record/tag_elf.h"
#include "record/tag_source.h"

static int look(const struct liar *liar)
{
	struct profbuf_tag_source sources[PROFBUF_NR_TAG_KINDS];
	struct tag_files *files;
	int n;

	assert_int_equal(tag_files_new(&files), 0);
	n = tag_source_find(files, liar->pid, sources);
	tag_files_free(files);
	return n;
}

static uint64_t offset_in(const char *library)
{
	int fd = open(in_dir(library), O_RDONLY);
	struct tag_elf elf;

	assert_int_equal(tag_elf_read(fd, &elf), 0);
	close(fd);
	return elf.variables[PROFBUF_TAG_OTEL].value;
}

TEST(memory_that_lies)
{
	/* They have the same address in the process that lies, because it is a child. */
	static uint64_t good[2], bad[4][2];
	static const uint64_t bad_offsets[] = { 0, 8, 64, -4ULL, -(1ULL << 31), 1ULL << 63, ~0ULL };
	struct liar liar;
	uint64_t own;

	start_liar(&liar, "libinitial-exec.so", R_X86_64_TPOFF64);
	assert_int_equal(look(&liar), 1);
	for (size_t i = 0; i < sizeof(bad_offsets) / sizeof(*bad_offsets); i++) {
		lie(&liar, bad_offsets[i], liar.words[1]);
		assert_int_equal(look(&liar), -EAGAIN);
	}
	lie(&liar, liar.words[0], liar.words[1]);
	assert_int_equal(look(&liar), 1);
	end_liar(&liar);

	start_liar(&liar, "libgeneral-dynamic-alone.so", R_X86_64_DTPMOD64);
	assert_int_equal(look(&liar), 1);
	lie(&liar, 0, liar.words[1]);
	assert_int_equal(look(&liar), -EAGAIN);
	lie(&liar, 65536, liar.words[1]);
	assert_int_equal(look(&liar), -EAGAIN);
	lie(&liar, liar.words[0], liar.words[1] + 8);
	assert_int_equal(look(&liar), -EAGAIN);
	lie(&liar, liar.words[0], -8);
	assert_int_equal(look(&liar), -EAGAIN);
	lie(&liar, 65535, liar.words[1]);
	assert_int_equal(look(&liar), 1);
	end_liar(&liar);

	good[0] = 3;
	good[1] = offset_in("libdescriptors-large.so");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		memcpy(bad[i], good, sizeof(good));
	bad[0][1] += 8;
	bad[1][1] = -8;
	bad[2][0] = 0;
	bad[3][0] = 65536;
	start_liar(&liar, "libdescriptors-large.so", R_X86_64_TLSDESC);
	assert_int_equal(look(&liar), 1);
	own = liar.words[1];
	assert_true(own > 4096);
	lie(&liar, 0, own);
	assert_int_equal(look(&liar), -EAGAIN);
	lie(&liar, liar.words[0], own + 1);
	assert_int_equal(look(&liar), -EAGAIN);
	lie(&liar, liar.words[0], own + 8);
	assert_int_equal(look(&liar), -EAGAIN);
	lie(&liar, liar.words[0], 8);
	assert_int_equal(look(&liar), -EAGAIN);
	lie(&liar, liar.words[0], 1ULL << 46);
	assert_int_equal(look(&liar), -EAGAIN);
	lie(&liar, liar.words[0], 1ULL << 62);
	assert_int_equal(look(&liar), -EAGAIN);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		lie(&liar, liar.words[0], (uintptr_t)bad[i]);
		assert_int_equal(look(&liar), -EAGAIN);
	}
	lie(&liar, liar.words[0], (uintptr_t)good);
	assert_int_equal(look(&liar), 1);
	lie(&liar, liar.words[0], -64);
	assert_int_equal(look(&liar), 1);
	end_liar(&liar);
}

/* Runs after the first thread has ended by pthread_exit(): then /proc/PID/maps and the auxiliary vector are empty. */
static void *stay(void *arg)
{
	char byte;

	(void)arg;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	_exit(0);
}

/* This must be a program of its own: a fork of this one, which has threads, may find the loader's lock taken. */
static int end_first_thread(const char *library)
{
	pthread_t thread;

	alarm(60);
	if (!dlopen(library, RTLD_NOW) || pthread_create(&thread, NULL, stay, NULL))
		return 1;
	pthread_exit(NULL);
}

TEST(a_process_whose_first_thread_has_ended)
{
	struct profbuf_tag_source sources[PROFBUF_NR_TAG_KINDS];
	struct tag_files *files;
	char state_path[64], text[512] = "";
	int in[2];
	pid_t pid;
	int n;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		dup2(in[0], STDIN_FILENO);
		execl("/proc/self/exe", "source_test", "end_first_thread", in_dir("libinitial-exec.so"), NULL);
		_exit(1);
	}
	close(in[0]);
	snprintf(state_path, sizeof(state_path), "/proc/%d/stat", pid);
	for (int i = 0; i < 1000 && !strstr(text, ") Z "); i++) {
		int fd = open(state_path, O_RDONLY);

		n = read(fd, text, sizeof(text) - 1);
		text[n > 0 ? n : 0] = 0;
		close(fd);
		usleep(10000);
	}
	assert_non_null(strstr(text, ") Z "));
	assert_int_equal(tag_files_new(&files), 0);
	n = tag_source_find(files, pid, sources);
	assert_int_equal(n, 1);
	assert_int_equal(sources[0].pid, pid);
	assert_int_equal(sources[0].kind, PROFBUF_TAG_OTEL);
	/* Now all threads end. */
	close(in[1]);
	for (int i = 0; i < 1000 && tag_source_find(files, pid, sources) != -ESRCH; i++)
		usleep(10000);
	assert_int_equal(tag_source_find(files, pid, sources), -ESRCH);
	waitpid(pid, NULL, 0);
	tag_files_free(files);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "end_first_thread"))
		return end_first_thread(argv[2]);
	if (argc != 2)
		return 2;
	dir = argv[1];
	return tap_cmocka_main();
}
