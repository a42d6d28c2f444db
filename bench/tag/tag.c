// SPDX-License-Identifier: GPL-2.0-only
/*
 * tag.c - what it costs to say whose work a thread does
 *
 * usage: tag	(one round: lines of a name and ns)
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "profbuf-tag.h"

#define TENANTS	10000

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static void say(const char *name, double begin, unsigned long n)
{
	printf("%s %.3f\n", name, (now() - begin) / n);
}

int main(void)
{
	const profbuf_labels_t *l = profbuf_labels("tenant", "gold", "route", "/search", NULL);
	static char tenants[TENANTS][16];
	double begin;
	unsigned long i;

	begin = now();
	for (i = 0; i < 50000000; i++) {
		PROFBUF_WITH_LABELS(l)
			__asm__ volatile("");
	}
	say("scope", begin, i);

	begin = now();
	for (i = 0; i < 20000000; i++)
		profbuf_exchange_labels(profbuf_exchange_labels(l));
	say("scope-called", begin, i);

	begin = now();
	for (i = 0; i < 2000000; i++)
		syscall(SYS_gettid);
	say("gettid", begin, i);

	begin = now();
	for (i = 0; i < 1000000; i++) {
		PROFBUF_WITH_LABELS(profbuf_labels("tenant", "gold", "route", "/search", NULL))
			__asm__ volatile("");
	}
	say("intern-scope", begin, i);

	for (i = 0; i < TENANTS; i++)
		snprintf(tenants[i], sizeof(tenants[i]), "tenant-%lu", i);
	begin = now();
	for (i = 0; i < TENANTS; i++)
		profbuf_labels("tenant", tenants[i], "route", "/search", NULL);
	say("intern-new", begin, i);
	begin = now();
	for (i = 0; i < 50 * TENANTS; i++)
		profbuf_labels("tenant", tenants[i * 7919 % TENANTS], "route", "/search", NULL);
	say("intern-10000", begin, i);
	return 0;
}
