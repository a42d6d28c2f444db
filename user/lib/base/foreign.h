/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * foreign.h - files in the roots of other processes
 *
 * A process with its own mount namespace can mount a file system there that never answers. If it lies below an overlay,
 * not even SIGKILL ends a process that waits for it. So files below such a root are opened, checked and copied in a
 * job, and this process gets only the copy: a sealed memfd.
 */
#ifndef PROFBUF_FOREIGN_H
#define PROFBUF_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* What one report has spent on foreign files; all zeros at the beginning. */
struct foreign {
	struct foreign_user *users;	/* users whose files were looked at */
	size_t nr_users, room_users;
	struct foreign_copy *copies;
	size_t nr_copies, room_copies;
	uint64_t bytes;			/* of all copies */
};

void foreign_exit(struct foreign *foreign);

/*
 * foreign_root() - whether files below the root of a process are foreign
 *
 * Asks no file system. Return: 1: they are foreign; 0: the process has the same mount namespace and root as this
 * process; -errno: there is no such process, or no permission to see its root.
 */
int foreign_root(pid_t pid);

/**
 * foreign_open() - get a copy of a file below /proc/PID/root
 * @open: called in a job, with @arg; opens and checks the file, and returns a descriptor, or -errno for the caller
 * @whole: fail if the file is too large or changes meanwhile; else copy as much of it as there is room for
 *
 * If the files of a user take too long, this user's files are not waited for any more during the life of @foreign.
 *
 * Return: a descriptor of a copy that does not change any more; -errno of @open; -ETIMEDOUT; -EFBIG; -ESTALE: the file
 * was changed.
 */
int foreign_open(struct foreign *foreign, pid_t pid, int (*open)(const void *arg), const void *arg, bool whole);

/* Like fstat(); for a copy it gives the state of the original file. */
int foreign_stat(const struct foreign *foreign, int fd, struct stat *st);

#endif /* PROFBUF_FOREIGN_H */
