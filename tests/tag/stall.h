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
	int file_system;	/* /dev/fuse: when it is closed, all that wait for it go on, with an error */
	char dir[64];
};

/*
 * The process has also loaded @library; it is that of user STALL_UID. In a mount namespace of this process's own, so
 * CAP_SYS_ADMIN is needed. False after saying what is wrong.
 */
bool stall_start(struct stall *stall, const char *library);

/* Answers so many requests more: each name is that of the file, which is root's, and new. */
void stall_answer(struct stall *stall, unsigned int n);

/* Takes a request and does not answer: from then on not even SIGKILL ends who waits for that. False: there was none. */
bool stall_take(struct stall *stall);

/* Whether somebody's open() of the file waits for the file system. */
bool stall_is_waited_for(const struct stall *stall);
/* Those who wait get an error; the process lives on. */
void stall_release(struct stall *stall);
void stall_end(struct stall *stall);

#endif /* STALL_H */
