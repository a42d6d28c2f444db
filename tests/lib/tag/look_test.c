// SPDX-License-Identifier: GPL-2.0-only
/*
 * look_test.c - which user a look counts for
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tap.h"
#include "base/job.h"
#include "base/look.h"

#define UID	12345

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(3);
	close(fd);
}

/* The ids must be mapped: only then can the process make another namespace in this one. */
static void enter_namespace(void)
{
	char users[32], groups[32];

	snprintf(users, sizeof(users), "%u %u 1", getuid(), getuid());
	snprintf(groups, sizeof(groups), "%u %u 1", getgid(), getgid());
	if (unshare(CLONE_NEWUSER) || prctl(PR_SET_DUMPABLE, 1))
		_exit(2);
	write_to("/proc/self/uid_map", users);
	write_to("/proc/self/setgroups", "deny");
	write_to("/proc/self/gid_map", groups);
}

/* Starts a process of user @uid, in that many nested user namespaces, which it has made. 0: it may not make them. */
static pid_t start(uid_t uid, unsigned int namespaces)
{
	int out[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		alarm(60);
		if (uid != getuid() && setresuid(uid, uid, uid))
			_exit(1);
		while (namespaces--)
			enter_namespace();
		if (write(out[1], "", 1) == 1)
			pause();
		_exit(0);
	}
	close(out[1]);
	if (read(out[0], &byte, 1) != 1) {
		waitpid(pid, NULL, 0);
		pid = 0;
	}
	close(out[0]);
	return pid;
}

static uint64_t end(pid_t pid)
{
	uint64_t user;

	assert_true(pid > 0);
	user = look_user(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return user;
}

TEST(a_user_is_an_id)
{
	pid_t pid = start(getuid(), 0);

	assert_int_equal(end(pid), getuid());
	assert_true(look_user(pid) == JOB_NO_USER);
	if (getuid())
		skip();
	assert_int_equal(end(start(UID, 0)), UID);
}

TEST(who_owns_the_outermost_namespace_is_the_user)
{
	pid_t pid = getuid() ? 0 : start(UID, 1);

	if (!pid)
		skip();
	assert_int_equal(end(pid), UID);
	assert_int_equal(end(start(UID, 2)), UID);
}

/* A container engine of root makes namespaces for many users, so each counts as a user. */
TEST(namespaces_of_root_are_users)
{
	pid_t pid = getuid() ? 0 : start(0, 1), other;
	uint64_t user;

	if (!pid)
		skip();
	other = start(0, 2);
	user = look_user(pid);
	assert_true(user != look_user(other));
	assert_true(user > UINT32_MAX && user != JOB_NO_USER);
	assert_true(end(other) > UINT32_MAX);
	assert_true(end(pid) == user);
}

int main(void)
{
	return tap_cmocka_main();
}
