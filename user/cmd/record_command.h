/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * record_command.h - the command that a recording is of: it begins when the recording has, and ends no later than it
 *
 * SIGCHLD and the signals that end the recording are blocked, and come by a signalfd. SIGCHLD is not ignored, or none
 * would come, and the command's pid would be another process's soon.
 */
#ifndef PROFBUF_RECORD_COMMAND_H
#define PROFBUF_RECORD_COMMAND_H

#include <signal.h>
#include <sys/types.h>

#include "cmd.h"

struct record_command {
	char **argv;			/* of the caller; NULL: there is none, and nothing below happens */
	sigset_t blocked;		/* signals, before the recorder's were; the command has these */
	void (*sigpipe)(int signal);	/* what the command does at SIGPIPE */
	void (*sigchld)(int signal);	/* likewise */
	pid_t pid;			/* 0: not yet */
	int status;			/* as of waitpid() */
	bool ended;
	int go;				/* a pipe: a byte comes when it may run; the end if the recorder is no more */
	int went;			/* another: it says what kept it from running, or closes it */
};

/* Forks, but waits. False after saying what is wrong. */
bool record_command_fork(struct record_command *command);

/* Lets it run. Returns EXIT_OK, or, after saying what is wrong with the command, the exit code for that. */
int record_command_release(struct record_command *command);

/* Has it ended? If not, its pid is its own until the next call. */
bool record_command_reap(struct record_command *command);

/* It shall not outlive the recording: SIGTERM, and SIGKILL after a while, or at another signal of @signals. */
void record_command_end(struct record_command *command, int signals);

/* What it was, and how it ended, as a record, until the next call; NULL: there was none. */
const struct profbuf_record *record_command_record(const struct record_command *command);

/* Exit code. */
int record_command_status(const struct record_command *command);

#endif /* PROFBUF_RECORD_COMMAND_H */
