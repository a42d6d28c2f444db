// SPDX-License-Identifier: GPL-2.0-only
/*
 * target32.c - a 32-bit program with a variable that must not be found
 */
#include <stdio.h>
#include <unistd.h>

__thread void *otel_thread_ctx_v1;

int main(void)
{
	printf("%p\n%p\n", (void *)&otel_thread_ctx_v1, (void *)main);
	fflush(stdout);
	pause();
	return 0;
}
