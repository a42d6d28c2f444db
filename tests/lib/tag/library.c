// SPDX-License-Identifier: GPL-2.0-only
/*
 * library.c - a library with a thread-local pointer to tags; target.c loads it or is linked with it
 *
 * LABELS: the variable is libprofbuf-tag's. LARGE: its thread-local segment is too large for the room that programs
 * reserve for libraries that are loaded later. ALONE: the library has no other thread-local variables. ALIAS: the
 * library uses the variable by a name of its own, so that relocations do not tell which variable it is.
 */
#ifdef LABELS
#include "profbuf-tag.h"
#else
#ifndef ALONE
static __thread volatile char before[40] = "before";
#endif
__attribute__((visibility("default"))) __thread void *otel_thread_ctx_v1;
#ifdef ALIAS
extern __thread void *own_name __attribute__((alias("otel_thread_ctx_v1"), visibility("hidden")));
#else
#define own_name otel_thread_ctx_v1
#endif
#ifdef LARGE
static __thread volatile char large[100000];
#endif
#endif

__attribute__((visibility("default"))) void *variable(void);

void *variable(void)
{
#ifdef LABELS
	return &profbuf_thread_labels_v1;
#else
#ifdef LARGE
	large[(unsigned char)before[0]] = 1;
#endif
#ifndef ALONE
	before[1] = before[0];
#endif
	return &own_name;
#endif
}
