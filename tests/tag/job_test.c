// SPDX-License-Identifier: GPL-2.0-only
/*
 * job_test.c - what may never come back, and what of it is left behind
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "job.h"

static int gate[2];
static unsigned int nr_dropped;

static void wait_at_gate(void *arg)
{
	char byte;

	if (read(gate[0], &byte, 1) == 1)
		*(int *)arg = byte;
}

static void drop(void *arg)
{
	free(arg);
	__atomic_add_fetch(&nr_dropped, 1, __ATOMIC_RELAXED);
}

static void test_jobs_that_are_left_behind_are_not_too_many(void **state)
{
	int *arg = calloc(1, sizeof(*arg)), err = -EBUSY;

	(void)state;
	assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
	assert_int_equal(write(gate[1], "x", 1), 1);
	assert_int_equal(job_run(wait_at_gate, drop, arg), 0);
	assert_int_equal(*arg, 'x');
	for (int i = 0; i < JOB_LEFT_MAX; i++) {
		assert_int_equal(job_run(wait_at_gate, drop, arg), -ETIMEDOUT);
		arg = calloc(1, sizeof(*arg));
	}
	assert_int_equal(job_run(wait_at_gate, drop, arg), -EBUSY);
	assert_int_equal(nr_dropped, 0);
	/* They go on, and there is room for another. */
	for (int i = 0; i < JOB_LEFT_MAX + 1; i++)
		assert_int_equal(write(gate[1], "z", 1), 1);
	for (int i = 0; i < 1000 && err == -EBUSY; i++) {
		usleep(1000);
		err = job_run(wait_at_gate, drop, arg);
	}
	assert_int_equal(err, 0);
	free(arg);
	close(gate[1]);
	for (int i = 0; i < 1000 && __atomic_load_n(&nr_dropped, __ATOMIC_RELAXED) < JOB_LEFT_MAX; i++)
		usleep(1000);
	assert_int_equal(nr_dropped, JOB_LEFT_MAX);
	usleep(10000);
	close(gate[0]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jobs_that_are_left_behind_are_not_too_many),
	};

	return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
