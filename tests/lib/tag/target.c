// SPDX-License-Identifier: GPL-2.0-only
/*
 * target.c - has a thread-local pointer to tags, and says where
 *
 * usage: target [LIBRARY] (LIBRARY is loaded at run time)
 *
 * Prints for two threads: the thread pointer and the address of the variable. Ends when its standard input ends.
 *
 * LABELS: the variable is libprofbuf-tag's. OTEL: it is in this program. EXTERN: it is in a library that this is linked
 * with. LOAD: it is in LIBRARY. Otherwise there is none.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(LABELS)
#include "profbuf-tag.h"

static const profbuf_labels_t *labels;

static void *variable(void)
{
	profbuf_set_labels(labels);
	return &profbuf_thread_labels_v1;
}
#elif defined(OTEL)
/* Other variables around it, so that a wrong calculation does not find it by chance. */
static __thread volatile char before[100] = "before";
__thread void *otel_thread_ctx_v1;
static __thread volatile char after[3] __attribute__((aligned(ALIGN)));

static void *variable(void)
{
	after[0] = before[0];
	return &otel_thread_ctx_v1;
}
#elif defined(EXTERN)
void *variable(void);
#elif defined(LOAD)
static void *(*variable)(void);
#else
static void *variable(void)
{
	return NULL;
}
#endif

static void say(void)
{
	void *pointer;

	__asm__("mov %%fs:0, %0" : "=r"(pointer));
	printf("%p %p\n", pointer, variable());
	fflush(stdout);
}

static void *second(void *arg)
{
	say();
	pause();
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	char byte;

	(void)argc;
	(void)argv;
#ifdef LABELS
	labels = profbuf_labels("tenant", "gold", NULL);
#endif
#ifdef LOAD
	void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;

	if (library)
		*(void **)&variable = dlsym(library, "variable");
	if (!library || !variable) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
#endif
	say();
	pthread_create(&thread, NULL, second, NULL);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
