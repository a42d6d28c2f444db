// SPDX-License-Identifier: GPL-2.0-only
/*
 * output.c - a file that a command writes
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cmd.h"
#include "output.h"

/* Returns the descriptor that the name stands for; -1: none. */
static long named_descriptor(const char *path)
{
	static const char *const names[] = { "/dev/stdin", "/dev/stdout", "/dev/stderr" };
	static const char *const directories[] = { "/dev/fd/", "/proc/self/fd/" };
	const char *number = NULL;

	if (!strcmp(path, "-"))
		return STDOUT_FILENO;
	for (int i = 0; i < 3; i++) {
		if (!strcmp(path, names[i]))
			return i;
	}
	for (int i = 0; i < 2; i++) {
		if (!strncmp(path, directories[i], strlen(directories[i])))
			number = path + strlen(directories[i]);
	}
	if (!number || !*number || strlen(number) > 9 || number[strspn(number, "0123456789")])
		return -1;
	return strtol(number, NULL, 10);
}

/* A descriptor from the caller is not close-on-exec, while all descriptors that the tool itself opens are. */
static int dup_of_caller(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0 || flags & FD_CLOEXEC || (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY) {
		errno = EBADF;
		return -1;
	}
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/*
 * The same check as the kernel's fs.protected_fifos, whatever its setting: in a directory that everyone may write to,
 * the pipe must belong to the caller or to the directory's owner.
 */
static bool is_trap(const char *path, const struct stat *fifo)
{
	char *directory = strdup(path), *slash = directory ? strrchr(directory, '/') : NULL;
	struct stat st;
	bool trap;

	if (slash)
		slash[slash == directory] = '\0';
	trap = !directory || stat(slash ? directory : ".", &st) ||
	       (st.st_mode & 0002 && fifo->st_uid != geteuid() && fifo->st_uid != st.st_uid);
	free(directory);
	return trap;
}

/* Returns why the existing file must not be written to; NULL: it may be. */
static const char *objection(const char *path, const struct stat *st)
{
	if (S_ISLNK(st->st_mode))
		return "is a symbolic link, which is not followed; name the file itself";
	if (S_ISREG(st->st_mode) && st->st_uid != geteuid())
		return "belongs to another user, and stays as it is; name another file";
	if (S_ISREG(st->st_mode) && st->st_nlink > 1)
		return "has another name, too (a hard link), and stays as it is; remove it, or name another file";
	if (S_ISFIFO(st->st_mode) && is_trap(path, st))
		return "is another user's pipe in a directory for everyone; name another file";
	return NULL;
}

/* @handle stays the file that was checked, whatever has its name by then. */
static int reopen(int handle)
{
	char self[32];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", handle);
	return open(self, O_WRONLY | O_CLOEXEC | O_NOCTTY);
}

/*
 * For a file that others may have open: remembers its directory, so that the name cannot come to mean a file elsewhere.
 */
static void find_directory(struct output *o, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory = slash ? strndup(path, slash == path ? 1 : slash - path) : strdup(".");

	o->directory = directory ? open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	o->name = slash ? slash + 1 : path;
	free(directory);
}

/* Opens what is there already. Returns a descriptor; -1: after printing what is wrong. */
static int open_existing(struct output *o, const char *path)
{
	int handle = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), fd = -1;
	const char *wrong = NULL;
	struct stat st;

	if (handle >= 0 && !fstat(handle, &st)) {
		wrong = objection(path, &st);
		fd = wrong ? -1 : reopen(handle);
		o->is_file = S_ISREG(st.st_mode);
		if (fd >= 0 && o->is_file && st.st_mode & 0077)
			find_directory(o, path);
	}
	if (wrong)
		fail("%s %s", path, wrong);
	else if (fd < 0)
		fail("%s: %s", path, strerror(errno));
	if (handle >= 0)
		close(handle);
	return fd;
}

bool output_open(struct output *o, const char *path)
{
	long named = named_descriptor(path);

	*o = (struct output){ .fd = -1, .directory = -1 };
	if (named >= 0) {
		o->fd = dup_of_caller(named);
	} else {
		o->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		o->created = o->is_file = o->fd >= 0;
		if (o->fd < 0 && errno == EEXIST) {
			o->fd = open_existing(o, path);
			return o->fd >= 0;
		}
	}
	if (o->fd < 0)
		fail("%s: %s", path, strerror(errno));
	return o->fd >= 0;
}

/*
 * Replaces the file by a new one, with the same name and descriptor. If the directory does not allow that, the old file
 * stays. Return: 0; -errno.
 */
static int replace(const struct output *o)
{
	struct stat old, named;
	int fd, err;

	if (fstat(o->fd, &old) || fstatat(o->directory, o->name, &named, AT_SYMLINK_NOFOLLOW) ||
	    old.st_dev != named.st_dev || old.st_ino != named.st_ino || unlinkat(o->directory, o->name, 0))
		return 0;
	fd = openat(o->directory, o->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = dup3(fd, o->fd, O_CLOEXEC) < 0 ? -errno : 0;
	close(fd);
	return err;
}

int output_begin(struct output *o)
{
	int err = 0;

	if (o->directory >= 0) {
		err = replace(o);
		close(o->directory);
		o->directory = -1;
	}
	if (err)
		return err;
	return o->is_file && (fchmod(o->fd, 0600) || ftruncate(o->fd, 0)) ? -errno : 0;
}

int output_share(const struct output *o, const struct stat *from)
{
	mode_t mode = from->st_mode & 0666, both = mode & (mode >> 3) & 06;
	struct stat st;

	if (!o->is_file || !S_ISREG(from->st_mode))
		return 0;
	/*
	 * The file may have inherited an access control list from its directory; the mode does not show whom that lets
	 * in.
	 */
	if (fremovexattr(o->fd, "system.posix_acl_access") && errno != ENODATA && errno != ENOTSUP)
		return -errno;
	if (fstat(o->fd, &st))
		return -errno;
	if (st.st_gid != from->st_gid)
		mode = (mode & 0600) | (both << 3) | both;
	return fchmod(o->fd, mode) ? -errno : 0;
}
