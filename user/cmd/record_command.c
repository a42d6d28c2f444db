// SPDX-License-Identifier: GPL-2.0-only
/*
 * record_command.c - the command that a recording is of
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record_command.h"

#define TERM_MS		5000	/* time for the command to end after SIGTERM */

/* Runs in the child. @go: the parent writes a byte when the command may run; @went: exec() closes it. */
static void run(const struct record_command *c, int go, int went)
{
	ssize_t n;
	char byte;
	int err;

	signal(SIGPIPE, c->sigpipe);
	signal(SIGCHLD, c->sigchld);
	sigprocmask(SIG_SETMASK, &c->blocked, NULL);
	while ((n = read(go, &byte, 1)) < 0 && errno == EINTR)
		;
	if (n != 1)
		_exit(EXIT_FAILED);
	execvp(c->argv[0], c->argv);
	err = errno;
	if (write(went, &err, sizeof(err)) != sizeof(err))
		_exit(EXIT_FAILED);
	_exit(err == ENOENT ? 127 : 126);
}

bool record_command_fork(struct record_command *c)
{
	int go[2], went[2];

	if (!c->argv)
		return true;
	if (pipe2(go, O_CLOEXEC) || pipe2(went, O_CLOEXEC)) {
		fail("pipe: %s", strerror(errno));
		return false;
	}
	c->pid = fork();
	if (c->pid < 0) {
		c->pid = 0;
		fail("fork: %s", strerror(errno));
		return false;
	}
	if (!c->pid) {
		close(go[1]);
		close(went[0]);
		run(c, go[0], went[1]);
	}
	close(go[0]);
	close(went[1]);
	c->go = go[1];
	c->went = went[0];
	return true;
}

int record_command_release(struct record_command *c)
{
	int err = 0;

	if (!c->argv)
		return EXIT_OK;
	/* SIGPIPE is ignored here. If the child was killed while it waited, SIGCHLD says so. */
	while (write(c->go, "", 1) < 0 && errno == EINTR)
		;
	close(c->go);
	while (read(c->went, &err, sizeof(err)) < 0 && errno == EINTR)
		;
	close(c->went);
	if (!err)
		return EXIT_OK;
	fail("%s: %s", c->argv[0], strerror(err));
	return err == ENOENT ? 127 : 126;
}

bool record_command_reap(struct record_command *c)
{
	pid_t pid;

	if (!c->pid || c->ended)
		return c->ended;
	pid = waitpid(c->pid, &c->status, WNOHANG);
	/* Some other code has waited for the child already. */
	if (pid < 0)
		c->status = fail("%s: how it ended is not known: %s", c->argv[0], strerror(errno)) << 8;
	c->ended = pid;
	return c->ended;
}

void record_command_end(struct record_command *c, int signals)
{
	struct pollfd fd = { .fd = signals, .events = POLLIN };
	uint64_t end = now_ns() + TERM_MS * 1000000ULL, now;
	struct signalfd_siginfo info;

	if (!c->pid || record_command_reap(c))
		return;
	kill(c->pid, SIGTERM);
	while (!record_command_reap(c) && (now = now_ns()) < end) {
		if (poll(&fd, 1, (end - now) / 1000000 + 1) <= 0)
			continue;
		if (read(signals, &info, sizeof(info)) == sizeof(info) && info.ssi_signo != SIGCHLD)
			break;
	}
	if (c->ended)
		return;
	kill(c->pid, SIGKILL);
	c->ended = waitpid(c->pid, &c->status, 0) == c->pid;
}

const struct profbuf_record *record_command_record(const struct record_command *c)
{
	static uint64_t words[PROFBUF_RECORD_MAX / 8];
	struct profbuf_command_record *r = (void *)words;
	size_t at = 0, room = sizeof(words) - sizeof(*r);

	if (!c->argv)
		return NULL;
	r->misc = 0;
	for (char **arg = c->argv; *arg && at + strlen(*arg) + 1 <= room; arg++) {
		strcpy(r->text + at, *arg);
		at += strlen(*arg) + 1;
		r->misc++;
	}
	r->len = (sizeof(*r) + at + 7) / 8;
	r->time = now_ns();
	r->type = PROFBUF_RECORD_COMMAND;
	r->cpu = PROFBUF_CPU_NONE;
	r->pid = c->pid;
	r->status = c->status;
	return (const struct profbuf_record *)r;
}

int record_command_status(const struct record_command *c)
{
	return WIFEXITED(c->status) ? WEXITSTATUS(c->status) : 128 + WTERMSIG(c->status);
}
