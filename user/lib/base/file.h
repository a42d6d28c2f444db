/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * file.h - files that somebody else has named
 *
 * A file that a process has mapped or has in its /tmp, and every path in a stream, can be a link to anything. Opening a
 * device can start a watchdog or rewind a tape, and opening a FIFO waits for a writer: so only regular files are opened
 * here. A process in a jail can make links, which must not lead out of it: a look-up in a root stays in that root.
 */
#ifndef PROFBUF_FILE_H
#define PROFBUF_FILE_H

#include <stdint.h>

/**
 * file_open() - open a regular file for reading
 * @path: links in it are followed; if it begins with /proc/PID/root, they are followed in the root of that process
 * @inode: the inode number that the file must have; 0: any
 *
 * What a path leads to can change at any time. So the file is found and checked first, and then this same file is
 * opened through /proc, which has to be mounted.
 *
 * Return: a descriptor; -ENOENT: there is no such file, or it has another inode number, or it is no regular file;
 * -errno of open().
 */
int file_open(const char *path, uint64_t inode);

/*
 * Like file_open(), but follows no magic links of /proc (links that are no paths), so none into the root of a process.
 */
int file_open_here(const char *path, uint64_t inode);

/* Like file_open() for @path in the directory @root, as if @root were the root: neither links nor .. lead out of it. */
int file_open_in(const char *root, const char *path, uint64_t inode);

/**
 * file_find_in() - find a file without opening it
 * @root: the directory that is the root
 * @dir: a directory in @root; links in it are followed
 * @name: a file in @dir; must not be a link
 *
 * Return: an O_PATH descriptor of the file, of any type, for file_reopen(): closing it asks no file system; -errno.
 */
int file_find_in(const char *root, const char *dir, const char *name);

/* Opens a file of file_find_in() for reading; it must be a regular file. @handle stays open. Return: as file_open(). */
int file_reopen(int handle, uint64_t inode);

/* Returns the last part of a path; the whole path if it ends with a slash or has none. */
const char *base_name(const char *path);

#endif /* PROFBUF_FILE_H */
