/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * file.h - files that somebody else has named, inside libprofbuf
 *
 * What a process has mapped or has in its /tmp, and every path in a stream, can be a link to anything. To open a device
 * can start a watchdog or rewind a tape, and a FIFO waits for who writes to it: only regular files are opened here.
 */
#ifndef PROFBUF_FILE_H
#define PROFBUF_FILE_H

#include <stdint.h>

/**
 * file_open() - opens a regular file for reading
 * @path: links in it are followed
 * @inode: which the file must have; 0: any
 *
 * What a path leads to can change at any time: it is looked at first, and then that is opened, which needs /proc.
 *
 * Return: a descriptor; -ENOENT: there is no such file, or it is another one, or no regular one; -errno of open().
 */
int file_open(const char *path, uint64_t inode);

#endif /* PROFBUF_FILE_H */
