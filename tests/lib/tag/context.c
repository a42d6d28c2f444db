// SPDX-License-Identifier: GPL-2.0-only
/*
 * context.c - a program that works with OpenTelemetry's thread context (OTEP 4947) and has a process context (4719)
 *
 * usage: context SECONDS		with a variable of its own; compiled with OWN
 *        context SECONDS KIND LIBRARY	without one; then, as long again, with the variable of a library it loads;
 *					KIND: otel, or labels, the variable of libprofbuf-tag
 *
 * All records are written by hand, as a program of another maker would do it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "profbuf_uapi.h"

/* attributes: threadlocal.schema_version = tls_v1; threadlocal.attribute_key_map = [http.route, tenant] */
static const char process_context[] =
	"\x12\x26\x0a\x1a" "threadlocal.schema_version" "\x12\x08\x0a\x06" "tls_v1"
	"\x12\x3b\x0a\x1d" "threadlocal.attribute_key_map" "\x12\x1a\x2a\x18"
	"\x0a\x0c\x0a\x0a" "http.route" "\x0a\x08\x0a\x06" "tenant";

struct process_header {
	char signature[8];
	uint32_t version, bytes;
	uint64_t published_at, payload;
};

/* http.route=/pay, tenant=acme */
static const struct {
	uint8_t trace_id[16], span_id[8], valid, reserved;
	uint16_t bytes;
	char attributes[12];
} thread_context = { .valid = 1, .bytes = 12, .attributes = "\x00\x04/pay\x01\x04" "acme" };

static const struct {
	struct profbuf_label_set head;
	char text[12];
} labels = { { .magic = PROFBUF_LABELS_MAGIC, .bytes = 12, .count = 1 }, "tenant\0acme" };

#ifdef OWN
__thread const void *otel_thread_ctx_v1;
#endif

static void publish(void)
{
	int fd = memfd_create("OTEL_CTX", MFD_CLOEXEC);
	struct process_header *h;

	if (fd < 0 || ftruncate(fd, 4096))
		exit(1);
	h = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (h == MAP_FAILED)
		exit(1);
	memcpy(h->signature, "OTEL_CTX", 8);
	h->version = 2;
	h->bytes = sizeof(process_context) - 1;
	h->payload = (uintptr_t)process_context;
	h->published_at = 1;
}

/* Works until the thread has used that much CPU time. */
static void work(double seconds)
{
	struct timespec now;

	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	while (now.tv_sec + now.tv_nsec / 1e9 < seconds);
}

int main(int argc, char **argv)
{
	const void **(*variable)(void) = NULL;
	double seconds;
	void *library;

	if (argc != 2 && argc != 4)
		return 2;
	seconds = atof(argv[1]);
	publish();
#ifdef OWN
	otel_thread_ctx_v1 = &thread_context;
#endif
	work(seconds);
	if (argc == 2)
		return 0;
	library = dlopen(argv[3], RTLD_NOW);
	if (library)
		*(void **)&variable = dlsym(library, "variable");
	if (!variable) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	*variable() = strcmp(argv[2], "labels") ? (const void *)&thread_context : (const void *)&labels;
	work(2 * seconds);
	return 0;
}
