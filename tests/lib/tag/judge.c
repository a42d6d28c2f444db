// SPDX-License-Identifier: GPL-2.0-only
/*
 * judge.c - whether the place that was found for a program's variable is where the program says that it is
 *
 * usage: judge labels|otel static|glibc|musl PROGRAM [argument...]
 *        judge errno NUMBER PROGRAM [argument...]	(nothing is found, for that reason)
 *
 * The address is calculated as the module does it. Exit status: 0 if it is right for both threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/tag_source.h"

static pid_t child;
static int mem;

static void __attribute__((format(printf, 1, 2), noreturn)) fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	puts("");
	va_end(args);
	if (child > 0)
		kill(child, SIGKILL);
	exit(1);
}

static uint64_t word(uint64_t address)
{
	uint64_t value;

	if (pread(mem, &value, sizeof(value), address) != sizeof(value))
		fail("nothing at %lx", address);
	return value;
}

/* Like read_block() in module/tags.c. */
static uint64_t block_of(const struct profbuf_tag_source *source, uint64_t tp)
{
	bool glibc = source->tls == PROFBUF_TLS_GLIBC;
	uint64_t dtv = word(tp + 8), length = word(glibc ? dtv - 16 : dtv), block;

	if (source->module > length)
		return 0;
	block = word(dtv + source->module * (glibc ? 16 : 8));
	return block == UINT64_MAX ? 0 : block;
}

/* Returns 0 if the thread does not have the variable yet. */
static uint64_t address_of(const struct profbuf_tag_source *source, uint64_t tp)
{
	struct profbuf_tag_source none = *source;
	uint64_t block;

	switch (source->tls) {
	case PROFBUF_TLS_STATIC:
		return tp + source->offset;
	case PROFBUF_TLS_GLIBC:
	case PROFBUF_TLS_MUSL:
		/* Checks where the vector's length is: there are fewer modules than this. */
		none.module = 4096;
		if (block_of(&none, tp))
			fail("module 4096 has a block");
		block = block_of(source, tp);
		return block ? block + source->offset : 0;
	}
	fail("tls is %u", source->tls);
}

static FILE *start(char **argv)
{
	int in[2], out[2];

	if (pipe(in) || pipe(out))
		fail("pipe");
	child = fork();
	if (!child) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		close(in[1]);
		close(out[0]);
		alarm(60);
		execv(argv[0], argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	return fdopen(out[0], "r");
}

int main(int argc, char **argv)
{
	static const char *const tls[] = { "static", "glibc", "musl" };
	struct profbuf_tag_source sources[PROFBUF_NR_TAG_KINDS], *source = NULL;
	unsigned long tp, address;
	struct tag_files *files;
	char path[32];
	FILE *said;
	int n, i, kind;

	if (argc < 4)
		return 2;
	setbuf(stdout, NULL);
	kind = !strcmp(argv[1], "labels") ? PROFBUF_TAG_LABELS : PROFBUF_TAG_OTEL;
	said = start(argv + 3);
	if (tag_files_new(&files))
		fail("no memory");
	for (i = 0; i < 2; i++) {
		char line[128];

		if (!fgets(line, sizeof(line), said))
			fail("the program says nothing");
		if (!strcmp(argv[1], "errno") && i) {
			n = tag_source_find(files, child, sources);
			if (n != -atoi(argv[2]))
				fail("%d instead of -%s", n, argv[2]);
			break;
		} else if (!strcmp(argv[1], "errno")) {
			continue;
		}
		if (sscanf(line, "%lx %lx", &tp, &address) != 2)
			fail("the program says: %s", line);
		if (!source) {
			/* By now the child has executed the program. */
			snprintf(path, sizeof(path), "/proc/%d/mem", child);
			mem = open(path, O_RDONLY);
			n = tag_source_find(files, child, sources);
			if (n < 0)
				fail("not found: %s", strerror(-n));
			for (int k = 0; k < n; k++) {
				if (sources[k].kind == (uint32_t)kind)
					source = &sources[k];
				else
					fail("a variable that is not there was found");
			}
			if (!source)
				fail("not found");
			if (strcmp(tls[source->tls], argv[2]))
				fail("%s instead of %s", tls[source->tls], argv[2]);
		}
		if (address_of(source, tp) != address)
			fail("thread %d: %lx instead of %lx, from %lx (%s, module %lu, offset %ld)", i,
			     (unsigned long)address_of(source, tp), address, tp, tls[source->tls],
			     (unsigned long)source->module, (long)source->offset);
	}
	tag_files_free(files);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}
