// SPDX-License-Identifier: GPL-2.0-only
/*
 * job_test.c - jobs that may never come back, and what is left of them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tap.h"
#include "base/job.h"

#define ONE	1000	/* uids */
#define OTHER	1001

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
	job_free(arg);
	nr_dropped++;
}

static int *new_arg(void)
{
	int *arg = job_alloc(sizeof(*arg));

	assert_non_null(arg);
	assert_int_equal(*arg, 0);
	return arg;
}

/* Runs a job that waits at the gate, a pipe that the child keeps open. */
static int run(uint64_t user, void *arg)
{
	struct job job = {
		.work = wait_at_gate, .drop = drop, .arg = arg, .user = user, .patience_ns = JOB_PATIENCE_NS,
		.fd = gate[0],
	};

	return job_run_as(&job);
}

static void leave(uint64_t user, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(run(user, new_arg()), -ETIMEDOUT);
}

/* Jobs are dropped when the gate was opened, or when they were killed. */
static void wait_for_drops(unsigned int n)
{
	for (int i = 0; i < 5000 && nr_dropped < n; i++) {
		usleep(1000);
		job_reap();
	}
	assert_int_equal(nr_dropped, n);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void open_gate(void)
{
	nr_dropped = 0;
	assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
}

static void close_gate(void)
{
	assert_int_equal(close(gate[0]) | close(gate[1]), 0);
}

TEST(jobs_that_are_left_behind_are_not_too_many, .setup = open_gate, .teardown = close_gate)
{
	int *arg = new_arg(), err = -EBUSY;

	assert_int_equal(write(gate[1], "x", 1), 1);
	assert_int_equal(run(ONE, arg), 0);
	assert_int_equal(*arg, 'x');
	leave(ONE, JOB_LEFT_MAX);
	assert_int_equal(run(ONE, arg), -EBUSY);
	assert_int_equal(nr_dropped, 0);
	/* The jobs go on, and there is room for another. */
	for (int i = 0; i < JOB_LEFT_MAX + 1; i++)
		assert_int_equal(write(gate[1], "z", 1), 1);
	for (int i = 0; i < 1000 && err == -EBUSY; i++) {
		usleep(1000);
		err = run(ONE, arg);
	}
	assert_int_equal(err, 0);
	assert_int_equal(*arg, 'z');
	job_free(arg);
	wait_for_drops(JOB_LEFT_MAX);
}

static void say(void *arg)
{
	*(int *)arg = 'y';
}

/* A bug once: sixteen jobs that never ended were the limit for everybody, whichever user they looked at. */
TEST(jobs_of_one_user_do_not_keep_others_from_theirs, .setup = open_gate, .teardown = close_gate)
{
	static const uint64_t users[] = { OTHER, JOB_NO_USER };
	int *arg = new_arg();

	leave(ONE, JOB_LEFT_MAX);
	for (int i = 0; i < 2; i++) {
		struct job job = {
			.work = say, .drop = drop, .arg = arg, .user = users[i], .patience_ns = JOB_PATIENCE_NS,
			.fd = -1,
		};

		*arg = 0;
		assert_int_equal(job_run_as(&job), 0);
		assert_int_equal(*arg, 'y');
	}
	*arg = 0;
	assert_int_equal(job_run(say, drop, arg), 0);
	assert_int_equal(*arg, 'y');
	assert_int_equal(run(ONE, arg), -EBUSY);
	job_free(arg);
	assert_int_equal(write(gate[1], "1234", JOB_LEFT_MAX), JOB_LEFT_MAX);
	wait_for_drops(JOB_LEFT_MAX);
}

/* The jobs of all users together are limited, too. A user without any job is refused last. */
TEST(jobs_of_all_users_are_not_too_many, .setup = open_gate, .teardown = close_gate)
{
	int *arg = new_arg();

	for (unsigned int i = 0; i < JOB_LEFT_TOTAL; i++) {
		struct job job = {
			.work = wait_at_gate, .drop = drop, .arg = new_arg(), .user = ONE + i, .patience_ns = 1,
			.fd = gate[0],
		};

		if (i == JOB_LEFT_TOTAL / 2) {
			assert_int_equal(run(ONE, arg), -EBUSY);
			assert_int_equal(run(JOB_NO_USER, arg), -EBUSY);
		}
		assert_int_equal(job_run_as(&job), -ETIMEDOUT);
	}
	assert_int_equal(run(1, arg), -EBUSY);
	job_free(arg);
	close(gate[1]);
	gate[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	wait_for_drops(JOB_LEFT_TOTAL);
}

/*
 * A bug once: a job kept the device and the output of a recording open, and a reader at the other end of a pipe waited.
 */
static void list_descriptors(void *arg)
{
	char *list = arg, path[64];
	size_t n = 0;
	ssize_t bytes;

	for (int fd = 0; fd < 1024; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		bytes = readlink(path, list + n, 4096 - n - 2);
		if (bytes > 0) {
			n += bytes;
			list[n++] = ' ';
		}
	}
}

TEST(a_job_has_no_descriptor_that_it_was_not_given, .setup = open_gate, .teardown = close_gate)
{
	char *list = job_alloc(4096), wanted[128], pipe_name[64], link[32];
	struct job job = {
		.work = list_descriptors, .drop = job_free, .arg = list, .user = ONE, .patience_ns = JOB_PATIENCE_NS,
		.fd = gate[0],
	};
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", gate[0]);
	n = readlink(link, pipe_name, sizeof(pipe_name) - 1);
	assert_true(n > 0);
	pipe_name[n] = 0;
	/* Besides these there is only the job's end of the socket. */
	for (int i = 0; i < 2; i++) {
		memset(list, 0, 4096);
		assert_int_equal(job_run_as(&job), 0);
		snprintf(wanted, sizeof(wanted), "/dev/null /dev/null /dev/null %s", i ? "" : pipe_name);
		assert_memory_equal(list, wanted, strlen(wanted));
		assert_memory_equal(strstr(list, "socket:["), "socket:[", 8);
		for (n = 0; *list; list++)
			n += *list == ' ';
		assert_int_equal(n, i ? 4 : 5);
		list = job.arg;
		job.fd = -1;
	}
	job_free(list);
}

static void end_early(void *arg)
{
	_exit(*(int *)arg);
}

static void be_killed(void *arg)
{
	(void)arg;
	kill(getpid(), SIGKILL);
}

static void crash(void *arg)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	(void)arg;
	sigaction(SIGSEGV, &action, NULL);
	*(volatile char *)8 = 1;
}

TEST(a_job_that_ends_in_the_middle_is_not_done, .setup = open_gate, .teardown = close_gate)
{
	static void (*const works[])(void *) = { end_early, be_killed, crash };
	int *arg = new_arg();

	for (int i = 0; i < 3; i++)
		assert_int_equal(job_run(works[i], drop, arg), -EIO);
	assert_int_equal(nr_dropped, 0);
	job_free(arg);
}

static void interrupt(void *arg)
{
	raise(SIGINT);
	raise(SIGTERM);
	raise(SIGPIPE);
	*(int *)arg = 'i';
}

/* Ctrl-C at the terminal is for the recorder, not for the job. */
TEST(an_interrupt_does_not_end_a_job, .setup = open_gate, .teardown = close_gate)
{
	int *arg = new_arg();

	assert_int_equal(job_run(interrupt, drop, arg), 0);
	assert_int_equal(*arg, 'i');
	job_free(arg);
}

/* A program that uses the library may handle the ends of its children in its own way. */
TEST(jobs_whose_ends_others_take, .setup = open_gate, .teardown = close_gate)
{
	int *arg = new_arg();

	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(job_run(say, drop, arg), 0);
	assert_int_equal(*arg, 'y');
	assert_int_equal(job_run(be_killed, drop, arg), -EIO);
	leave(ONE, 1);
	assert_int_equal(write(gate[1], "z", 1), 1);
	wait_for_drops(1);
	signal(SIGCHLD, SIG_DFL);
	leave(ONE, 1);
	assert_int_equal(write(gate[1], "z", 1), 1);
	assert_true(waitpid(-1, NULL, 0) > 0);
	wait_for_drops(2);
	job_free(arg);
}

static void send_null(void *arg)
{
	int fd = open("/dev/null", O_PATH | O_CLOEXEC);

	*(int *)arg = fd;
	job_send(fd);
}

TEST(a_job_gives_a_descriptor, .setup = open_gate, .teardown = close_gate)
{
	int *arg = new_arg();
	struct job job = {
		.work = send_null, .drop = drop, .arg = arg, .user = ONE, .patience_ns = JOB_PATIENCE_NS, .fd = -1,
	};
	struct stat st, null;

	assert_int_equal(job_run_as(&job), 0);
	assert_true(*arg >= 0 && job.sent >= 0);
	assert_int_equal(fstat(job.sent, &st) | stat("/dev/null", &null), 0);
	assert_int_equal(st.st_rdev, null.st_rdev);
	assert_true(fcntl(job.sent, F_GETFL) & O_PATH);
	assert_true(fcntl(job.sent, F_GETFD) & FD_CLOEXEC);
	close(job.sent);
	job.work = say;
	assert_int_equal(job_run_as(&job), 0);
	assert_int_equal(job.sent, -1);
	job_free(arg);
}

TEST(a_job_that_nobody_wants_is_ended, .setup = open_gate, .teardown = close_gate)
{
	int *arg = new_arg(), *other = new_arg();

	assert_int_equal(run(ONE, arg), -ETIMEDOUT);
	assert_int_equal(run(ONE, other), -ETIMEDOUT);
	job_kill(arg);
	for (int i = 0; i < 5000 && !nr_dropped; i++) {
		usleep(1000);
		job_reap();
	}
	assert_int_equal(nr_dropped, 1);
	job_kill(other);
	wait_for_drops(2);
}

/* The job's parent ends, and nobody waits for the job: it must end, too. */
TEST(a_job_ends_with_who_started_it, .setup = open_gate, .teardown = close_gate)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(run(ONE, job_alloc(4)) != -ETIMEDOUT);
	close(gate[0]);
	gate[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* When the job has ended, nobody can read from the gate any more. */
	assert_int_equal(poll(&(struct pollfd){ .fd = gate[1] }, 1, 10000), 1);
}

/*
 * Acts as if a file had no end: it asks for too much memory, and checks the limit of CPU time when nobody waits any
 * more.
 */
static void take_all(void *arg)
{
	struct rlimit cpu = { 0 };
	void *memory = mmap(NULL, 2 * JOB_MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	getrlimit(RLIMIT_CPU, &cpu);
	*(int *)arg = memory == MAP_FAILED && cpu.rlim_cur == JOB_CPU_SECONDS && cpu.rlim_max == JOB_CPU_SECONDS;
}

TEST(a_job_has_limits_of_memory_and_cpu_time, .setup = open_gate, .teardown = close_gate)
{
	int *arg = new_arg();

	assert_int_equal(job_run(take_all, drop, arg), 0);
	assert_int_equal(*arg, 1);
	job_free(arg);
}

int main(void)
{
	return tap_cmocka_main();
}
