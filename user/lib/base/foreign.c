// SPDX-License-Identifier: GPL-2.0-only
/*
 * foreign.c - files in the roots of other processes
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "file_fault.h"
#include "foreign.h"
#include "job.h"
#include "look.h"
#include "table.h"

#define SECOND		1000000000ULL

/* How long one file, and all files of a user, are waited for: enough for large files on a cold disk. */
#define FILE_PATIENCE_NS	(5 * SECOND)
#define USER_PATIENCE_NS	(30 * SECOND)

/* Limits for one copy, all copies of a user, and all copies, in bytes. Copies take memory until the report ends. */
#define FILE_BYTES_MAX	(512ULL << 20)
#define USER_BYTES_MAX	(1ULL << 30)
#define ALL_BYTES_MAX	(2ULL << 30)

struct foreign_user {
	uint64_t user;		/* from look_user() */
	uint64_t patience_ns;	/* time left */
	uint64_t bytes;		/* of copies */
};

/* A copy, and the state of its original. */
struct foreign_copy {
	dev_t device;
	ino_t inode;
	struct stat original;
};

/* Lies in memory that is shared with the job. What @arg points to is not shared: the job has a copy from its start. */
struct look {
	int (*open)(const void *arg);
	const void *arg;
	bool whole;
	int copy;
	off_t max;
	struct stat original;
	int err;
};

void foreign_exit(struct foreign *f)
{
	free(f->users);
	free(f->copies);
}

/* Roots */

static bool is_own_namespace(pid_t pid)
{
	struct stat own, other;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	return !stat("/proc/self/ns/mnt", &own) && !stat(path, &other) && own.st_dev == other.st_dev &&
	       own.st_ino == other.st_ino;
}

int foreign_root(pid_t pid)
{
	char path[32], root[2];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	n = readlink(path, root, sizeof(root));
	if (n < 0)
		return -errno;
	return n != 1 || *root != '/' || !is_own_namespace(pid);
}

/* The job */

static bool write_all(int fd, const char *bytes, ssize_t n)
{
	ssize_t written;

	for (; n; bytes += written, n -= written) {
		written = write(fd, bytes, n);
		if (written <= 0)
			return false;
	}
	return true;
}

/* Copies the first @size bytes, or fewer if the file ends before. */
static int copy_bytes(int from, int to, off_t size)
{
	char bytes[65536];
	off_t at = 0;
	ssize_t n;

	while (at < size) {
		n = pread(from, bytes, size - at < (off_t)sizeof(bytes) ? size - at : (off_t)sizeof(bytes), at);
		if (n <= 0)
			return n ? -errno : 0;
		if (!write_all(to, bytes, n))
			return -ENOSPC;
		at += n;
	}
	return 0;
}

static int copy_file(struct look *l, int fd)
{
	struct file_state state = file_state(fd);
	int err;

	if (fstat(fd, &l->original))
		return -errno;
	if (l->whole && state.size > l->max)
		return -EFBIG;
	err = copy_bytes(fd, l->copy, state.size < l->max ? state.size : l->max);
	return !err && l->whole && !file_unchanged(&state) ? -ESTALE : err;
}

static void look_work(void *arg)
{
	struct look *l = arg;
	int fd = l->open(l->arg);

	l->err = fd < 0 ? fd : copy_file(l, fd);
}

/* The caller of the job */

/* NULL: no memory. */
static struct foreign_user *get_user(struct foreign *f, uint64_t user)
{
	for (size_t i = 0; i < f->nr_users; i++) {
		if (f->users[i].user == user)
			return &f->users[i];
	}
	if (!ARRAY_GROW(f->users, f->nr_users, f->room_users))
		return NULL;
	f->users[f->nr_users] = (struct foreign_user){ .user = user, .patience_ns = USER_PATIENCE_NS };
	return &f->users[f->nr_users++];
}

static uint64_t smallest(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t least = a < b ? a : b;

	return least < c ? least : c;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* Runs the job that @l describes. If the job is left behind, it owns @l, and the caller must not use it any more. */
static int look(struct foreign_user *u, struct look *l)
{
	struct job job = {
		.work = look_work, .drop = job_free, .arg = l, .user = u->user, .fd = l->copy,
		.patience_ns = u->patience_ns < FILE_PATIENCE_NS ? u->patience_ns : FILE_PATIENCE_NS,
	};
	uint64_t began = now(), took;
	int err = job_run_as(&job);

	took = now() - began;
	u->patience_ns -= took < u->patience_ns ? took : u->patience_ns;
	if (err != -ETIMEDOUT)
		return err;
	u->patience_ns = 0;
	job_kill(l);
	return err;
}

/* After this nobody can write to the copy, not even a job that was left behind. */
static bool seal(int fd)
{
	return !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
}

/* Counts the copied bytes, whether the copy can be used or not: copying takes time, too. */
static int keep(struct foreign *f, struct foreign_user *u, const struct look *l)
{
	struct stat st;

	if (!seal(l->copy) || fstat(l->copy, &st))
		return -EIO;
	f->bytes += st.st_size;
	u->bytes += st.st_size;
	if (l->err)
		return l->err;
	if (!ARRAY_GROW(f->copies, f->nr_copies, f->room_copies))
		return -ENOMEM;
	f->copies[f->nr_copies++] = (struct foreign_copy){ st.st_dev, st.st_ino, l->original };
	return 0;
}

/* Copies the file into @l->copy, an empty memfd. */
static int fill(struct foreign *f, struct foreign_user *u, struct look *l)
{
	int copy = l->copy, err = look(u, l);

	if (err == -ETIMEDOUT) {
		/* The job may keep the copy open for any time. */
		if (ftruncate(copy, 0) || !seal(copy))
			u->bytes = USER_BYTES_MAX;
		return err;
	}
	if (!err)
		err = keep(f, u, l);
	job_free(l);
	return err;
}

static struct look *look_new(const struct foreign *f, const struct foreign_user *u, int copy)
{
	struct look *l = job_alloc(sizeof(*l));

	if (!l)
		return NULL;
	l->copy = copy;
	l->max = smallest(FILE_BYTES_MAX, USER_BYTES_MAX - u->bytes, ALL_BYTES_MAX - f->bytes);
	return l;
}

int foreign_open(struct foreign *f, pid_t pid, int (*open)(const void *arg), const void *arg, bool whole)
{
	uint64_t user = look_user(pid);
	struct foreign_user *u = user == JOB_NO_USER ? NULL : get_user(f, user);
	struct look *l;
	int copy, err;

	if (!u)
		return user == JOB_NO_USER ? -ENOENT : -ENOMEM;
	if (!u->patience_ns)
		return -ETIMEDOUT;
	copy = memfd_create("profbuf-copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	l = copy < 0 ? NULL : look_new(f, u, copy);
	if (l) {
		l->open = open;
		l->arg = arg;
		l->whole = whole;
	}
	err = l ? fill(f, u, l) : -ENOMEM;
	if (!err)
		return copy;
	if (copy >= 0)
		close(copy);
	return err;
}

int foreign_stat(const struct foreign *f, int fd, struct stat *st)
{
	int err = fstat(fd, st);

	/* Search from the end: the copy that is asked for is one of the last. */
	for (size_t i = f && !err ? f->nr_copies : 0; i; i--) {
		if (f->copies[i - 1].inode == st->st_ino && f->copies[i - 1].device == st->st_dev) {
			*st = f->copies[i - 1].original;
			break;
		}
	}
	return err;
}
