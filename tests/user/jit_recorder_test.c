// SPDX-License-Identifier: GPL-2.0-only
/*
 * jit_recorder_test.c - names of code made at run time: of processes that have ended, and of those that are slow
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../tag/stall.h"
#include "itself.h"
#include "jit_recorder.h"

#define CODE	0x400000ULL

static char names[256];

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static const char *map_of(pid_t pid)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", pid);
	return path;
}

static void write_map(pid_t pid, const char *name)
{
	FILE *f = fopen(map_of(pid), "w");

	assert_non_null(f);
	fprintf(f, "%llx 1000 %s\n", CODE, name);
	assert_int_equal(fclose(f), 0);
}

/* The process is described, and sampled in code that it made. */
static void add(struct jit_recorder *r, pid_t pid)
{
	struct {
		struct profbuf_sample sample;
		uint64_t address;
	} sample = {
		.sample = { .type = PROFBUF_RECORD_SAMPLE, .nr_user = 1, .pid = pid },
		.address = CODE + 0x10,
	};
	struct {
		struct profbuf_mapping mapping;
		char path[8];
	} mapping = { .mapping = { .type = PROFBUF_RECORD_MAPPING, .misc = PROFBUF_MAPPING_ANON, .pid = pid } };
	struct profbuf_process process = { .type = PROFBUF_RECORD_PROCESS, .pid = pid, .uid = getuid() };

	process.start_time = mapping.mapping.start_time = start_time_of(pid);
	assert_true(process.start_time);
	assert_int_equal(jit_recorder_add(r, (const void *)&process), 0);
	for (int i = 0; i < 6; i++)
		assert_int_equal(jit_recorder_add(r, (const void *)&mapping), 0);
	assert_int_equal(jit_recorder_add(r, (const void *)&sample), 0);
}

static int add_name(const struct profbuf_record *record, void *context)
{
	const struct profbuf_jit_symbol_record *symbol = (const void *)record;

	(void)context;
	assert_int_equal(symbol->type, PROFBUF_RECORD_JIT_SYMBOL);
	assert_int_equal(symbol->start, CODE);
	snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s ", symbol->name);
	return 0;
}

static const char *emitted(struct jit_recorder *r)
{
	*names = 0;
	assert_int_equal(jit_recorder_emit(r, add_name, NULL), 0);
	return names;
}

static pid_t start_sleeper(void)
{
	pid_t pid = fork();

	if (!pid) {
		alarm(60);
		pause();
		_exit(0);
	}
	return pid;
}

static void end_sleeper(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_each_process_has_its_own_names(void **state)
{
	pid_t pids[3] = { start_sleeper(), start_sleeper(), start_sleeper() };
	struct jit_recorder r = { 0 };

	(void)state;
	write_map(pids[0], "first");
	write_map(pids[1], "second");
	for (int i = 0; i < 3; i++)
		add(&r, pids[i]);
	/* Its map is gone with it, but was opened before. */
	end_sleeper(pids[1]);
	unlink(map_of(pids[1]));
	assert_int_equal(r.nr_open, 2);
	assert_string_equal(emitted(&r), "first second ");
	assert_int_equal(r.nr_open, 0);
	jit_recorder_exit(&r);
	unlink(map_of(pids[0]));
	end_sleeper(pids[0]);
	end_sleeper(pids[2]);
}

/* Its map leads to a file system that does not answer: the recording stood still, or did not end. */
static void test_a_process_that_stalls_does_not_stall_the_recorder(void **state)
{
	struct jit_recorder r = { 0 };
	pid_t pid = start_sleeper();
	struct stall stall;
	char target[80];
	uint64_t start, taken;
	bool waited;

	(void)state;
	write_map(pid, "other");
	for (int at_the_end = 0; at_the_end < 2; at_the_end++) {
		assert_true(stall_start(&stall, "libm.so.6"));
		snprintf(target, sizeof(target), "%s/map", stall.dir);
		start = now_ms();
		if (at_the_end) {
			add(&r, stall.pid);
			assert_int_equal(symlink(target, map_of(stall.pid)), 0);
		} else {
			assert_int_equal(symlink(target, map_of(stall.pid)), 0);
			add(&r, stall.pid);
		}
		add(&r, pid);
		emitted(&r);
		jit_recorder_exit(&r);
		memset(&r, 0, sizeof(r));
		taken = now_ms() - start;
		waited = stall_is_waited_for(&stall);
		unlink(map_of(stall.pid));
		/* Before anything fails: nobody who waits for it could end. */
		stall_end(&stall);
		assert_true(waited);
		assert_string_equal(names, "other ");
		/* It is waited for once. */
		assert_in_range(taken, 1000, 9000);
	}
	/* What was left behind ends. */
	usleep(100000);
	unlink(map_of(pid));
	end_sleeper(pid);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_process_has_its_own_names),
		cmocka_unit_test(test_a_process_that_stalls_does_not_stall_the_recorder),
	};

	alarm(120);
	return cmocka_run_group_tests_name("jit_recorder", tests, NULL, NULL);
}
