// SPDX-License-Identifier: GPL-2.0-only
/*
 * look.c - the user whose process is looked at
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job.h"
#include "look.h"

/* Set in a user that is a namespace, not a user id. */
#define NAMESPACE	(1ULL << 63)

/* Reads the real user id. The owner of /proc/PID would be the effective one, which a set-user-ID program changes. */
static uint64_t real_uid(pid_t pid)
{
	uint64_t user = JOB_NO_USER;
	char path[32], line[256];
	unsigned int uid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	if (!f)
		return JOB_NO_USER;
	/* The kernel escapes a newline in the command's name in this file. */
	while (user == JOB_NO_USER && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Uid: %u", &uid) == 1)
			user = uid;
	}
	fclose(f);
	return user;
}

static bool is_same(int namespace, const struct stat *own)
{
	struct stat st;

	return !fstat(namespace, &st) && st.st_dev == own->st_dev && st.st_ino == own->st_ino;
}

/* Returns the user who owns the namespace; @uid if that is not known. */
static uint64_t owner(int namespace, uint64_t uid)
{
	struct stat st;
	uid_t found;

	if (ioctl(namespace, NS_GET_OWNER_UID, &found) || fstat(namespace, &st))
		return uid;
	return found ? found : NAMESPACE | st.st_ino;
}

uint64_t look_user(pid_t pid)
{
	uint64_t uid = real_uid(pid);
	int namespace, parent;
	struct stat own;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return uid;
	if (stat("/proc/self/ns/user", &own) || is_same(namespace, &own))
		goto out;
	/* Go up to the namespace whose parent is this process's own namespace. */
	while ((parent = ioctl(namespace, NS_GET_PARENT)) >= 0 && !is_same(parent, &own)) {
		close(namespace);
		namespace = parent;
	}
	if (parent >= 0) {
		close(parent);
		uid = owner(namespace, uid);
	}
out:
	close(namespace);
	return uid;
}
