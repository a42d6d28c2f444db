// SPDX-License-Identifier: GPL-2.0-only
/*
 * file.c - files that somebody else has named
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

int file_open(const char *path, uint64_t inode)
{
	int handle = open(path, O_PATH | O_CLOEXEC), fd;
	char self[32];
	struct stat st;

	if (handle < 0)
		return -errno;
	/* Some file systems give their files another device than their own: the inode will do. */
	if (fstat(handle, &st) || !S_ISREG(st.st_mode) || (inode && st.st_ino != inode)) {
		close(handle);
		return -ENOENT;
	}
	snprintf(self, sizeof(self), "/proc/self/fd/%d", handle);
	/* Who has a lease on a file would be waited for. */
	fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		fd = -errno;
	close(handle);
	return fd;
}
