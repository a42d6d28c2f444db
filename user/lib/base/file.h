/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * file.h - files that somebody else has named
 *
 * What a process has mapped or has in its /tmp, and every path in a stream, can be a link to anything. To open a device
 * can start a watchdog or rewind a tape, and a FIFO waits for who writes to it: only regular files are opened here.
 * Whoever can make links in a jail must not lead out of it: what is looked up in a root stays in that root.
 */
#ifndef PROFBUF_FILE_H
#define PROFBUF_FILE_H

#include <stdint.h>

/**
 * file_open() - opens a regular file for reading
 * @path: links in it are followed; if it begins with /proc/PID/root, in the root of that process
 * @inode: which the file must have; 0: any
 *
 * What a path leads to can change at any time: it is looked at first, and then that is opened, which needs /proc.
 *
 * Return: a descriptor; -ENOENT: there is no such file, or it is another one, or no regular one; -errno of open().
 */
int file_open(const char *path, uint64_t inode);

/* The same, but no link in /proc that is no path is followed: none leads into the root of a process. */
int file_open_here(const char *path, uint64_t inode);

/* The same of @path in the directory @root, as if that were the root: neither links nor .. lead out of it. */
int file_open_in(const char *root, const char *path, uint64_t inode);

/**
 * file_find_in() - finds a file, and does not open it
 * @root: the directory that is the root
 * @dir: in it, with links
 * @name: in that; no link
 *
 * Return: an O_PATH descriptor of whatever it is, for file_reopen(): to close it asks no file system; -errno.
 */
int file_find_in(const char *root, const char *dir, const char *name);

/* Opens what file_find_in() found, for reading; it has to be a regular file. @handle stays open. Return: as above. */
int file_reopen(int handle, uint64_t inode);

#endif /* PROFBUF_FILE_H */
