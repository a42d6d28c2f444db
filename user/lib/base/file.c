// SPDX-License-Identifier: GPL-2.0-only
/*
 * file.c - files that somebody else has named
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file.h"

#define TRIES	16	/* to open a path while others move directories */

int file_reopen(int handle, uint64_t inode)
{
	char self[32];
	struct stat st;
	int fd;

	/* Some file systems give their files a device number other than their own: compare only the inode number. */
	if (fstat(handle, &st) || !S_ISREG(st.st_mode) || (inode && st.st_ino != inode))
		return -ENOENT;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", handle);
	/* O_NONBLOCK: do not wait for a process that has a lease on the file. */
	fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* Opens the file that was found, and closes @handle. */
static int open_found(int handle, uint64_t inode)
{
	int fd = handle < 0 ? handle : file_reopen(handle, inode);

	if (handle >= 0)
		close(handle);
	return fd;
}

/* Finds a path below a directory. Magic links of /proc are not followed, as they can lead anywhere. */
static int find_at(int dir, const char *path, uint64_t resolve)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = resolve | RESOLVE_NO_MAGICLINKS };
	long fd = -EAGAIN;

	for (int i = 0; i < TRIES && fd == -EAGAIN; i++) {
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd < 0)
			fd = -errno;
	}
	return fd;
}

static int find_in(const char *root, const char *path)
{
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	if (dir < 0)
		return -errno;
	fd = find_at(dir, path, RESOLVE_IN_ROOT);
	close(dir);
	return fd;
}

int file_find_in(const char *root, const char *dir, const char *name)
{
	int in = find_in(root, dir), fd;

	if (in < 0)
		return in;
	fd = find_at(in, name, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	close(in);
	return fd;
}

int file_open_here(const char *path, uint64_t inode)
{
	return open_found(find_at(AT_FDCWD, path, 0), inode);
}

int file_open_in(const char *root, const char *path, uint64_t inode)
{
	return open_found(find_in(root, path), inode);
}

int file_open(const char *path, uint64_t inode)
{
	char root[32];
	int handle, at = 0;

	if (sscanf(path, "/proc/%*u/root%n", &at) == 0 && at && at < (int)sizeof(root) && path[at] == '/') {
		snprintf(root, sizeof(root), "%.*s", at, path);
		return file_open_in(root, path + at, inode);
	}
	handle = open(path, O_PATH | O_CLOEXEC);
	return open_found(handle < 0 ? -errno : handle, inode);
}

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}
