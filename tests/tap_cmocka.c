// SPDX-License-Identifier: GPL-2.0-only
/*
 * tap_cmocka.c - runs the tests of tap.h that use cmocka's assertions; cmocka prints the TAP
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tap.h"

static void run(void **state)
{
	((const struct tap_test *)*state)->run();
}

static int setup(void **state)
{
	((const struct tap_test *)*state)->setup();
	return 0;
}

static int teardown(void **state)
{
	((const struct tap_test *)*state)->teardown();
	return 0;
}

int tap_cmocka_main(void)
{
	const struct tap_test *test = NULL;
	struct CMUnitTest *tests = NULL;
	size_t n = 0;
	int failed;

	while ((test = tap_next(test))) {
		tests = realloc(tests, (n + 1) * sizeof(*tests));
		if (!tests)
			return 1;
		tests[n++] = (struct CMUnitTest){ test->name, run, test->setup ? setup : NULL,
						  test->teardown ? teardown : NULL, (void *)test };
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = _cmocka_run_group_tests("tests", tests, n, NULL, NULL);
	free(tests);
	return !n || failed;
}
