/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * record_command.h - the command that a recording is of: it begins after the recording, and ends no later
 *
 * SIGCHLD and the signals that end the recording are blocked, and come through a signalfd. SIGCHLD must not be ignored:
 * then no SIGCHLD would come, and another process could soon get the command's pid.
 */
#ifndef PROFBUF_RECORD_COMMAND_H
#define PROFBUF_RECORD_COMMAND_H

#include <signal.h>
#include <sys/types.h>

#include "cmd.h"

struct record_command {
	char **argv;			/* from the caller; NULL: no command, and the functions below do nothing */
	sigset_t blocked;		/* signal mask from before the recorder's; the command runs with it */
	void (*sigpipe)(int signal);	/* the command's disposition of SIGPIPE */
	void (*sigchld)(int signal);	/* the command's disposition of SIGCHLD */
	pid_t pid;			/* 0: not forked yet */
	int status;			/* from waitpid() */
	bool ended;
	int go;				/* a pipe: a byte lets the command run; end of file: the recorder is gone */
	int went;			/* another pipe: the child writes why it cannot run, or exec() closes it */
};

/* Forks; the child waits before it runs the command. Returns false after printing what is wrong. */
bool record_command_fork(struct record_command *command);

/* Lets the command run. Returns EXIT_OK, or the exit code for what is wrong with the command, after printing it. */
int record_command_release(struct record_command *command);

/* Has the command ended? If not, no other process gets its pid until the next call. */
bool record_command_reap(struct record_command *command);

/* Ends the command with the recording: SIGTERM, then SIGKILL after a while, or at another signal of @signals. */
void record_command_end(struct record_command *command, int signals);

/* A record of what the command was and how it ended, valid until the next call. NULL: there was no command. */
const struct profbuf_record *record_command_record(const struct record_command *command);

/* The exit code that record passes on. */
int record_command_status(const struct record_command *command);

#endif /* PROFBUF_RECORD_COMMAND_H */
