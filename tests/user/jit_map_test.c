// SPDX-License-Identifier: GPL-2.0-only
/*
 * jit_map_test.c - maps of code made at run time: files that are none, and lines of every kind
 *
 * They are those of this process: /tmp/perf-PID.map.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jit_map.h"
#include "watch.h"

static char map_path[64], other_path[80];
static struct jit_process self;

static int find_self(void **state)
{
	unsigned long long ticks;
	char line[1024] = "";
	const char *at;
	FILE *f = fopen("/proc/self/stat", "r");

	(void)state;
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	at = strrchr(line, ')') + 2;
	for (int i = 0; i < 19; i++)
		at = strchr(at, ' ') + 1;
	assert_int_equal(sscanf(at, "%llu", &ticks), 1);
	self = (struct jit_process){
		.pid = getpid(), .uid = getuid(), .start_time = ticks * (1000000000ULL / sysconf(_SC_CLK_TCK)),
	};
	snprintf(map_path, sizeof(map_path), "/tmp/perf-%d.map", getpid());
	snprintf(other_path, sizeof(other_path), "%s.other", map_path);
	return 0;
}

static int remove_maps(void **state)
{
	(void)state;
	unlink(map_path);
	unlink(other_path);
	return 0;
}

/* A device was opened before anybody saw that it is one; so was this. */
static void test_a_map_that_is_no_file_is_not_opened(void **state)
{
	int watch;

	(void)state;
	assert_int_equal(mkfifo(other_path, 0600), 0);
	watch = watch_begin(other_path);
	assert_true(watch >= 0);
	assert_int_equal(symlink(other_path, map_path), 0);
	assert_int_equal(jit_map_open(&self), -1);
	assert_int_equal(jit_map_open_here(&self), -1);
	assert_int_equal(unlink(map_path), 0);
	assert_int_equal(rename(other_path, map_path), 0);
	assert_int_equal(jit_map_open(&self), -1);
	assert_int_equal(jit_map_open_here(&self), -1);
	assert_false(watch_end(watch));
}

static void test_a_map_is_found(void **state)
{
	int fd = open(other_path, O_WRONLY | O_CREAT, 0600);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(symlink(other_path, map_path), 0);
	fd = jit_map_open(&self);
	assert_true(fd >= 0);
	close(fd);
	fd = jit_map_open_here(&self);
	assert_true(fd >= 0);
	close(fd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_a_map_that_is_no_file_is_not_opened, remove_maps),
		cmocka_unit_test_teardown(test_a_map_is_found, remove_maps),
	};

	return cmocka_run_group_tests_name("jit_map", tests, find_self, NULL);
}
