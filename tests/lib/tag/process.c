// SPDX-License-Identifier: GPL-2.0-only
/*
 * process.c - see process.h
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "record/tag_elf.h"

const char *dir;
static char path[4096];

const char *in_dir(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

pid_t start_process(const char *name, int *input)
{
	int in[2], fds[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(fds, O_CLOEXEC), 0);
	in_dir(name);
	pid = fork();
	if (!pid) {
		dup2(in[0], STDIN_FILENO);
		dup2(fds[1], STDOUT_FILENO);
		alarm(60);
		execl(path, name, NULL);
		_exit(127);
	}
	close(in[0]);
	close(fds[1]);
	/* Wait until both threads have printed their lines. */
	for (int lines = 0; lines < 2; lines += byte == '\n')
		assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	*input = in[1];
	return pid;
}

void end_process(pid_t pid, int input)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(input);
}

static void be_liar(const char *library, unsigned int type, int in, int out)
{
	void *handle = dlopen(library, RTLD_NOW);
	int fd = open(library, O_RDONLY);
	struct tag_elf elf;
	struct link_map *map;
	uint64_t *slot = NULL;

	if (!handle || fd < 0 || tag_elf_read(fd, &elf) || dlinfo(handle, RTLD_DI_LINKMAP, &map))
		_exit(1);
	for (unsigned int i = 0; i < elf.variables[PROFBUF_TAG_OTEL].nr_slots; i++) {
		if (elf.variables[PROFBUF_TAG_OTEL].slots[i].type == type)
			slot = (void *)(map->l_addr + elf.variables[PROFBUF_TAG_OTEL].slots[i].address);
	}
	if (!slot || mprotect((void *)((uintptr_t)slot & ~4095UL), 8192, PROT_READ | PROT_WRITE))
		_exit(2);
	do {
		if (write(out, slot, 16) != 16)
			_exit(3);
	} while (read(in, slot, 16) == 16);
	_exit(0);
}

void start_liar(struct liar *liar, const char *library, unsigned int type)
{
	int in[2], out[2];

	assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
	in_dir(library);
	liar->pid = fork();
	if (!liar->pid) {
		close(in[1]);
		be_liar(path, type, in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	liar->to = in[1];
	liar->from = out[0];
	assert_int_equal(read(liar->from, liar->words, 16), 16);
}

void lie(struct liar *liar, uint64_t first, uint64_t second)
{
	uint64_t words[2] = { first, second };

	assert_int_equal(write(liar->to, words, 16), 16);
	assert_int_equal(read(liar->from, words, 16), 16);
}

void end_liar(struct liar *liar)
{
	close(liar->from);
	end_process(liar->pid, liar->to);
}

pid_t start_loader(const char *library, int *to, int *from)
{
	int in[2], out[2];
	pid_t pid;

	assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
	in_dir(library);
	pid = fork();
	if (!pid) {
		void *handle = NULL;
		char byte = 0;

		alarm(60);
		close(in[1]);
		do {
			if (handle && dlclose(handle))
				_exit(1);
			handle = handle ? NULL : dlopen(path, RTLD_NOW);
		} while (write(out[1], &byte, 1) == 1 && read(in[0], &byte, 1) == 1);
		_exit(0);
	}
	close(in[0]);
	close(out[1]);
	*to = in[1];
	*from = out[0];
	return pid;
}
