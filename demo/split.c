// SPDX-License-Identifier: GPL-2.0-only
/*
 * split.c - a program whose time is known: half, third and fifth get 50, 30 and 20 of 100 units of the same work
 *
 * usage: split SECONDS
 *
 * The work is counted, not timed, so that the shares hold on a machine whose clock is not to be trusted.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define UNIT 20000

static volatile uint64_t sink;

/* The same code in each of them: inlined, so that the caller is the leaf. */
static inline __attribute__((always_inline)) void work(unsigned int units)
{
	uint64_t x = sink + 1;

	for (unsigned int i = 0; i < units * UNIT; i++)
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
	sink = x;
}

static __attribute__((noinline)) void half(void)
{
	work(50);
}

static __attribute__((noinline)) void third(void)
{
	work(30);
}

static __attribute__((noinline)) void fifth(void)
{
	work(20);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 1;
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		half();
		third();
		fifth();
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec + (now.tv_nsec - start.tv_nsec) / 1e9 < seconds);
	printf("%llx\n", (unsigned long long)sink);
	return 0;
}
