// SPDX-License-Identifier: GPL-2.0-only
/*
 * workload.c - work whose user stack has a given number of frames
 *
 * usage: workload user|kernel FRAMES SECONDS
 *
 * The frame pointer leads to a chain of frames made by hand. user: the loop stays in user space. kernel: it reads a
 * file in memory. Compiled with TAGGED, it has a label set, as libprofbuf-tag would set it; with DYNAMIC, by the
 * variable of a library; with OTEL, a thread context of OpenTelemetry instead.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "profbuf_uapi.h"

struct frame {
	const struct frame *next;
	uint64_t ret;
};

static char buffer[65536];

#if defined(TAGGED) || defined(DYNAMIC)
static struct {
	struct profbuf_label_set head;
	char text[12];
} labels = { { .magic = PROFBUF_LABELS_MAGIC, .bytes = 12, .count = 1 }, "tenant\0acme" };
#endif

#ifdef TAGGED
__thread const void *profbuf_thread_labels_v1 = &labels;
#endif

#ifdef DYNAMIC
const void **variable(void);
#endif

#ifdef OTEL
/* OTEP 4947: trace id, span id, valid, bytes of attributes; two attributes. */
static struct {
	uint8_t ids[24], valid, reserved;
	uint16_t bytes;
	char attributes[12];
} context = { .ids = "0123456789abcdef01234567", .valid = 1, .bytes = 12, .attributes = "\x00\x04/pay\x01\x04" "acme" };

__thread const void *otel_thread_ctx_v1 = &context;
#endif

/* One round of work under the chain. */
static void work(const struct frame *chain, int fd)
{
	long count = 100000, ret = SYS_pread64;

	if (fd < 0) {
		asm volatile("push %%rbp\n\tmov %1, %%rbp\n1:\tdec %0\n\tjnz 1b\n\tpop %%rbp"
			     : "+r" (count) : "r" (chain) : "cc", "memory");
		return;
	}
	for (count = 0; count < 100; count++) {
		register long offset asm("r10") = 0;

		ret = SYS_pread64;
		asm volatile("push %%rbp\n\tmov %5, %%rbp\n\tsyscall\n\tpop %%rbp"
			     : "+a" (ret) : "D" ((long)fd), "S" (buffer), "d" (sizeof(buffer)), "r" (offset),
			       "r" (chain) : "rcx", "r11", "memory");
	}
}

int main(int argc, char **argv)
{
	struct timespec start, now;
	struct frame *frames;
	int fd = -1, n, i;

	if (argc != 4)
		return 2;
	/* A program has written its labels: a tick takes no page in, and finds no tag on one that is not there. */
#if defined(TAGGED) || defined(DYNAMIC)
	*(volatile char *)labels.text = 't';
#endif
#ifdef DYNAMIC
	*variable() = &labels;
#endif
#ifdef OTEL
	*(volatile uint8_t *)&context.valid = 1;
#endif
	n = atoi(argv[2]);
	/* On the stack, as the walk demands: above the stack pointer. */
	frames = __builtin_alloca(n * sizeof(*frames));
	for (i = 0; i < n; i++) {
		frames[i].next = i + 2 < n ? &frames[i + 1] : NULL;
		frames[i].ret = 0x400000 + i;
	}
	if (!strcmp(argv[1], "kernel")) {
		fd = open("/tmp/workload", O_RDWR | O_CREAT, 0600);
		if (fd < 0 || write(fd, buffer, sizeof(buffer)) != sizeof(buffer))
			return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		work(frames, fd);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec + (now.tv_nsec - start.tv_nsec) / 1e9 < atof(argv[3]));
	return 0;
}
