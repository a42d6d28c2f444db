/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * output.h - a file that a command writes: the only place where the tool makes a file, or opens one for writing
 *
 * A profile says what everyone on the machine does. A user who must not know that may have put something under the
 * file's name before. So a regular file is readable for its owner alone, mode 0600. A symbolic link as the last part of
 * the name is never followed. A file that exists must belong to the caller and must have no other name: a hard link
 * that a stranger made would let the tool empty a file that the caller never named. All checks look at the opened file,
 * not at what has the name a moment later. A file that others could open until now may still be open there: a new file
 * replaces it, if the caller may change its directory.
 *
 * "-", /dev/stdin, /dev/stdout, /dev/stderr, /dev/fd/N and /proc/self/fd/N are descriptors that the caller opened: the
 * tool writes to them as they are. The same holds for devices, and for pipes, except a stranger's pipe in a directory
 * that everyone may write to.
 */
#ifndef PROFBUF_OUTPUT_H
#define PROFBUF_OUTPUT_H

#include <stdbool.h>
#include <sys/stat.h>

struct output {
	int fd;			/* the user of this struct closes it; -1: none */
	bool created;		/* the file did not exist before */
	bool is_file;		/* a regular file, which was opened here */
	int directory;		/* directory of a file that will be replaced; -1: it will not be */
	const char *name;	/* name in that directory; points into the path */
};

/*
 * Opens the file, and changes nothing in it. @path must stay valid until output_begin(). Returns false after printing
 * what is wrong; then there is no new file, either.
 */
bool output_open(struct output *output, const char *path);

/*
 * Empties a regular file and makes it readable for its owner alone. Called before anything is written. Return: 0;
 * -errno.
 */
int output_begin(struct output *output);

/*
 * output_share() - gives a regular file the permissions of the file that it was made from
 * @from: the status of that file; if it is not a regular file, nothing changes
 *
 * Called after the last byte was written. The new file never has wider permissions: if its group is another one, that
 * group and all others get only what both the group and the others of @from have. If @from has an access control list,
 * which says more than the mode, group and others get nothing.
 *
 * Return: 0; -errno.
 */
int output_share(const struct output *output, const struct stat *from);

#endif /* PROFBUF_OUTPUT_H */
