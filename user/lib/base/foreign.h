/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * foreign.h - files in the roots of other processes
 *
 * A process with a mount namespace of its own can have a file system there that never answers, and that lies below an
 * overlay, so that not even SIGKILL ends who waits for it. Files below such a root are therefore opened, checked and
 * copied in a job, and only the copy comes here: a sealed memfd.
 */
#ifndef PROFBUF_FOREIGN_H
#define PROFBUF_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* What one report spends on foreign files; zeros at its beginning. */
struct foreign {
	struct foreign_user *users;	/* whose files were looked at */
	size_t nr_users, room_users;
	struct foreign_copy *copies;
	size_t nr_copies, room_copies;
	uint64_t bytes;			/* of all copies */
};

void foreign_exit(struct foreign *foreign);

/*
 * foreign_root() - whether what lies below the root of a process is foreign
 *
 * No file system is asked. Return: 1: it is; 0: the process has the mount namespace and the root that this one has;
 * -errno: there is no such process, or there is no right to its root.
 */
int foreign_root(pid_t pid);

/**
 * foreign_open() - a copy of a file below /proc/PID/root
 * @open: called in a job, with @arg: opens and checks the file. Return: a descriptor, or -errno for the caller
 * @whole: a file that is too large, or changed meanwhile, is none; else what there is room for is copied
 *
 * A user whose files take too long is not waited for any more, for as long as @foreign lasts.
 *
 * Return: a descriptor that does not change any more; -errno of @open; -ETIMEDOUT; -EFBIG; -ESTALE: it was changed.
 */
int foreign_open(struct foreign *foreign, pid_t pid, int (*open)(const void *arg), const void *arg, bool whole);

/* As fstat(); of a copy it is what the file was. */
int foreign_stat(const struct foreign *foreign, int fd, struct stat *st);

#endif /* PROFBUF_FOREIGN_H */
