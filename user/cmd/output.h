/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * output.h - a file that a command writes: the only place where one is made, or opened for writing
 *
 * A profile says what everyone on the machine does, and a user who must not know that may have been there first. So a
 * regular file is its owner's alone, mode 0600. A symbolic link as the last part of the name is never followed. A file
 * that is there has to be the caller's, and to have no other name: a hard link of a stranger's making would empty what
 * the caller never named. All this is looked at in what was opened, not in what has the name a moment later. One that
 * others could open until now may be open still: it makes room for a new file, if its directory lets the caller.
 *
 * "-", /dev/stdin, /dev/stdout, /dev/stderr, /dev/fd/N and /proc/self/fd/N are descriptors that the caller opened: they
 * are written to as they are. So are devices, and pipes that no stranger has put into a directory for everyone.
 */
#ifndef PROFBUF_OUTPUT_H
#define PROFBUF_OUTPUT_H

#include <stdbool.h>
#include <sys/stat.h>

struct output {
	int fd;			/* close() it; -1: none */
	bool created;		/* it was not there before */
	bool is_file;		/* a regular one, which was opened here */
	int directory;		/* of a file that makes room; -1: none does */
	const char *name;	/* in that; of the path's memory */
};

/*
 * Opens it, and changes nothing in it. @path stays where it is until output_begin(). Returns false after saying what is
 * wrong; then there is no new file, either.
 */
bool output_open(struct output *output, const char *path);

/* What was in a regular file goes, and it is its owner's alone. Before anything is written. Return: 0; -errno. */
int output_begin(struct output *output);

/*
 * output_share() - a regular file gets the permissions of what it was made from
 * @from: the status of that; no regular file: nothing changes
 *
 * After the last byte was written. The new file is never more open: where its group is another one, that group and all
 * others get what both of @from get, and nothing where an access control list says more than the mode.
 *
 * Return: 0; -errno.
 */
int output_share(const struct output *output, const struct stat *from);

#endif /* PROFBUF_OUTPUT_H */
