/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stall.h - a process that has mapped code of a file system of its own, which does not answer
 */
#ifndef STALL_H
#define STALL_H

#include <stdbool.h>
#include <sys/types.h>

#define STALL_UID	65534

struct stall {
	pid_t pid;		/* the process */
	int file_system;	/* /dev/fuse: when it is closed, all that wait for it go on with an error */
	char dir[64];
};

/*
 * Starts the process, which belongs to user STALL_UID and has also loaded @library. The file system is in a new mount
 * namespace of the caller, so CAP_SYS_ADMIN is needed. Returns false after printing what is wrong.
 */
bool stall_start(struct stall *stall, const char *library);

/* Answers @n more requests. Every name is the file's, which belongs to root and is new. */
void stall_answer(struct stall *stall, unsigned int n);

/*
 * Takes a request and does not answer it: from then on not even SIGKILL ends a process that waits for it. Returns false
 * if there was no request.
 */
bool stall_take(struct stall *stall);

/* Does an open() of the file wait for the file system? */
bool stall_is_waited_for(const struct stall *stall);
/* Waiting calls get an error; the process goes on. */
void stall_release(struct stall *stall);
void stall_end(struct stall *stall);

#endif /* STALL_H */
