// SPDX-License-Identifier: GPL-2.0-only
/*
 * tap.c - see tap.h
 */
#include <stdarg.h>

#include "tap.h"

bool tap_failed, tap_starved;
static const char *skipped;
static struct tap_test *first, **end = &first;
static int nr_run;

void tap_add(struct tap_test *test)
{
	*end = test;
	end = &test->next;
}

const struct tap_test *tap_next(const struct tap_test *test)
{
	const char *only = getenv("TAP_TEST");

	test = test ? test->next : first;
	while (test && only && strcmp(test->name, only))
		test = test->next;
	return test;
}

void tap_skip(const char *why)
{
	skipped = why;
}

void tap_result(bool good, const char *name, ...)
{
	va_list args;

	flockfile(stdout);
	printf("%sok %d - ", good ? "" : "not ", ++nr_run);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	funlockfile(stdout);
}

static void run(const struct tap_test *test)
{
	tap_failed = tap_starved = false;
	skipped = NULL;
	fflush(stdout);
	if (test->setup)
		test->setup();
	test->run();
	if (test->teardown)
		test->teardown();
	if (tap_failed)
		tap_result(false, "%s", test->name);
	else if (tap_starved)
		tap_result(false, "%s # starved", test->name);
	else
		tap_result(true, "%s%s%s", test->name, skipped ? " # SKIP " : "", skipped ?: "");
}

int tap_main(void)
{
	for (const struct tap_test *test = tap_next(NULL); test; test = tap_next(test))
		run(test);
	printf("1..%d\n", nr_run);
	return nr_run ? 0 : 1;
}
