// SPDX-License-Identifier: GPL-2.0-only
/*
 * jit_recorder_test.c - names of code made at run time, of processes that have ended, and of processes that are slow
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tag/stall.h"
#include "../tap.h"
#include "itself.h"
#include "record/jit_recorder.h"

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

/* Describes the process, and adds samples of it in code that it made. */
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

TEST(each_process_has_its_own_names)
{
	pid_t pids[3] = { start_sleeper(), start_sleeper(), start_sleeper() };
	struct jit_recorder r = { 0 };

	write_map(pids[0], "first");
	write_map(pids[1], "second");
	for (int i = 0; i < 3; i++)
		add(&r, pids[i]);
	/* This process's map is gone together with it, but was opened before. */
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

/* A process whose /tmp becomes the file system that does not answer, when it is told so. */
struct prisoner {
	pid_t pid;
	int to, from;
};

static void be_prisoner(const char *dir, int in, int out)
{
	char byte;

	alarm(60);
	if (unshare(CLONE_NEWNS) || write(out, "", 1) != 1 || read(in, &byte, 1) != 1 ||
	    mount(dir, "/tmp", NULL, MS_BIND, NULL) || write(out, "", 1) != 1)
		_exit(1);
	pause();
	_exit(0);
}

static void start_prisoner(struct prisoner *p, const struct stall *stall)
{
	int in[2], out[2];
	char byte;

	assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
	p->pid = fork();
	if (!p->pid)
		be_prisoner(stall->dir, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	p->to = in[1];
	p->from = out[0];
	assert_int_equal(read(p->from, &byte, 1), 1);
}

static void shut_in(const struct prisoner *p)
{
	char byte;

	assert_int_equal(write(p->to, "", 1), 1);
	assert_int_equal(read(p->from, &byte, 1), 1);
}

static void end_prisoner(const struct prisoner *p)
{
	end_sleeper(p->pid);
	close(p->to);
	close(p->from);
}

/*
 * When the file system stops: at the lookup of the map while the process is sampled, at the lookup at the end, or at
 * the open after the lookup.
 */
enum where { AT_ONCE, AT_THE_END, WHEN_IT_IS_OPENED, NR_WHERE };

static struct stall stall;

static void *answer_lookup(void *arg)
{
	stall_answer(&stall, *(unsigned int *)arg);
	return NULL;
}

static void add_prisoner(struct jit_recorder *r, const struct prisoner *p, enum where where)
{
	unsigned int lookups = 1;
	pthread_t server;

	if (where == AT_THE_END) {
		add(r, p->pid);
		shut_in(p);
		return;
	}
	shut_in(p);
	if (where == WHEN_IT_IS_OPENED)
		assert_int_equal(pthread_create(&server, NULL, answer_lookup, &lookups), 0);
	add(r, p->pid);
	if (where == WHEN_IT_IS_OPENED) {
		pthread_join(server, NULL);
		assert_int_equal(r->nr_open, 1);
	}
}

/* The map is in a file system that does not answer. A bug once: the recording stood still, or did not end. */
TEST(a_process_that_stalls_does_not_stall_the_recorder)
{
	struct jit_recorder r = { 0 };
	pid_t pid = start_sleeper();
	struct prisoner prisoner;
	uint64_t start, taken;
	bool waited;

	write_map(pid, "other");
	for (enum where where = 0; where < NR_WHERE; where++) {
		assert_true(stall_start(&stall, "libm.so.6"));
		start_prisoner(&prisoner, &stall);
		start = now_ms();
		add_prisoner(&r, &prisoner, where);
		add(&r, pid);
		emitted(&r);
		jit_recorder_exit(&r);
		memset(&r, 0, sizeof(r));
		taken = now_ms() - start;
		waited = stall_is_waited_for(&stall);
		end_prisoner(&prisoner);
		/* Before the checks: if one fails, processes that wait for the file system could not end. */
		stall_end(&stall);
		assert_true(waited);
		assert_string_equal(names, "other ");
		/* The recorder waits for it once. */
		assert_in_range(taken, 1000, 9000);
	}
	unlink(map_of(pid));
	end_sleeper(pid);
}

int main(void)
{
	alarm(120);
	return tap_cmocka_main();
}
