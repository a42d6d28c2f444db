// SPDX-License-Identifier: GPL-2.0-only
/*
 * stall.c - a process that has mapped code of a file system of its own, which does not answer
 *
 * The file system is a FUSE file system with one file, without a library. It answers until the process has mapped the
 * file, and then no more.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stall.h"

#define ROOT	1
#define FILE_ID	2

/* Runs in the process: maps the file and reports that. */
static void map_file(const char *dir, const char *library, int out)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_RDONLY);
	if (fd < 0 || !dlopen(library, RTLD_NOW) ||
	    mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		_exit(1);
	/* The file stays open, so that there are no more requests to the file system. */
	if (setresuid(STALL_UID, STALL_UID, STALL_UID) || prctl(PR_SET_DUMPABLE, 1))
		_exit(3);
	if (write(out, "1", 1) != 1)
		_exit(2);
	pause();
	_exit(0);
}

static void set_attr(struct fuse_attr *attr, uint64_t id)
{
	attr->ino = id;
	attr->size = id == FILE_ID ? 4096 : 0;
	attr->mode = id == FILE_ID ? S_IFREG | 0755 : S_IFDIR | 0755;
	attr->nlink = 1;
	attr->mtime = time(NULL) + 1;	/* later than the start of every running process */
}

/* Answers one request. Returns false if it could not be read. */
static bool answer(int fuse)
{
	static char request[1 << 17] __attribute__((aligned(8)));
	const struct fuse_in_header *in = (const void *)request;
	union {
		struct fuse_init_out init;
		struct fuse_entry_out entry;
		struct fuse_attr_out attr;
		struct fuse_open_out open;
	} body = { 0 };
	struct {
		struct fuse_out_header header;
		char body[sizeof(body)];
	} out = { 0 };
	size_t bytes = 0;

	if (read(fuse, request, sizeof(request)) < (ssize_t)sizeof(*in))
		return false;
	switch (in->opcode) {
	case FUSE_INIT:
		body.init.major = FUSE_KERNEL_VERSION;
		body.init.minor = 31;
		body.init.max_write = 4096;
		bytes = sizeof(body.init);
		break;
	case FUSE_LOOKUP:
		body.entry.nodeid = FILE_ID;
		body.entry.entry_valid = body.entry.attr_valid = 3600;
		set_attr(&body.entry.attr, FILE_ID);
		bytes = sizeof(body.entry);
		break;
	case FUSE_GETATTR:
		body.attr.attr_valid = 3600;
		set_attr(&body.attr.attr, in->nodeid);
		bytes = sizeof(body.attr);
		break;
	case FUSE_OPEN:
		bytes = sizeof(body.open);
		break;
	case FUSE_FORGET:
		return true;
	default:
		out.header.error = -EOPNOTSUPP;
	}
	memcpy(out.body, &body, bytes);
	out.header.len = sizeof(out.header) + bytes;
	out.header.unique = in->unique;
	return write(fuse, &out, out.header.len) == out.header.len;
}

static bool give_up(struct stall *stall, const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	stall_end(stall);
	return false;
}

bool stall_start(struct stall *stall, const char *library)
{
	char options[128];
	struct pollfd fds[2];
	int out[2];

	*stall = (struct stall){ .file_system = open("/dev/fuse", O_RDWR | O_CLOEXEC), .dir = "/tmp/stall-XXXXXX" };
	if (stall->file_system < 0 || !mkdtemp(stall->dir))
		return give_up(stall, "/dev/fuse, or a directory");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%d,group_id=%d", stall->file_system, getuid(),
		 getgid());
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("stall", stall->dir, "fuse", MS_NODEV | MS_NOSUID, options) || pipe2(out, O_CLOEXEC))
		return give_up(stall, "the mount");
	stall->pid = fork();
	if (!stall->pid) {
		close(stall->file_system);
		map_file(stall->dir, library, out[1]);
	}
	close(out[1]);
	fds[0] = (struct pollfd){ .fd = stall->file_system, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = out[0], .events = POLLIN };
	while (!fds[1].revents) {
		if (poll(fds, 2, 10000) <= 0 || (fds[0].revents && !answer(stall->file_system)))
			return give_up(stall, "the file system");
	}
	if (fds[1].revents & POLLIN) {
		close(out[0]);
		return true;
	}
	close(out[0]);
	return give_up(stall, "the process");
}

void stall_answer(struct stall *stall, unsigned int n)
{
	struct pollfd fd = { .fd = stall->file_system, .events = POLLIN };

	while (n-- && poll(&fd, 1, 10000) == 1)
		answer(stall->file_system);
}

bool stall_take(struct stall *stall)
{
	struct pollfd fd = { .fd = stall->file_system, .events = POLLIN };
	char request[1 << 17] __attribute__((aligned(8)));

	return poll(&fd, 1, 10000) == 1 && read(stall->file_system, request, sizeof(request)) > 0;
}

bool stall_is_waited_for(const struct stall *stall)
{
	struct pollfd fd = { .fd = stall->file_system, .events = POLLIN };

	return poll(&fd, 1, 0) == 1 && fd.revents & POLLIN;
}

void stall_release(struct stall *stall)
{
	if (stall->file_system >= 0)
		close(stall->file_system);
	stall->file_system = -1;
}

void stall_end(struct stall *stall)
{
	stall_release(stall);
	if (stall->pid > 0) {
		kill(stall->pid, SIGKILL);
		waitpid(stall->pid, NULL, 0);
	}
	umount2(stall->dir, MNT_DETACH);
	rmdir(stall->dir);
}
