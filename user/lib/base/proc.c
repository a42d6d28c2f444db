// SPDX-License-Identifier: GPL-2.0-only
/*
 * proc.c - what /proc says about a process
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"

#define PF_KTHREAD	0x00200000	/* from the kernel's <linux/sched.h> */

/*
 * Whether a thread has memory. Kernel threads and threads that have ended have no auxiliary vector: open() fails with
 * ESRCH, or the file is empty. Without the right to read the file, the answer is true.
 */
static bool has_memory(pid_t tid)
{
	char path[32], byte;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/auxv", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES || errno == EPERM;
	n = read(fd, &byte, 1);
	close(fd);
	return n == 1;
}

/* Field 2 is the command's name in parentheses; the name may contain any characters. */
bool proc_stat(pid_t pid, int field, unsigned long long *value)
{
	char path[32], line[1024];
	const char *at;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fread(line, 1, sizeof(line) - 1, f);
	fclose(f);
	line[n] = 0;
	at = strrchr(line, ')');
	for (int i = 2; at && i < field; i++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, " %llu", value) == 1;
}

bool proc_is_kernel(pid_t pid)
{
	unsigned long long flags;

	return proc_stat(pid, 9, &flags) && flags & PF_KTHREAD;
}

pid_t proc_live_thread(pid_t pid)
{
	const struct dirent *entry;
	pid_t found = 0;
	char path[32];
	DIR *dir;

	if (has_memory(pid))
		return pid;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		pid_t tid = isdigit((unsigned char)*entry->d_name) ? atoi(entry->d_name) : 0;

		if (tid && tid != pid && has_memory(tid))
			found = tid;
	}
	if (dir)
		closedir(dir);
	return found;
}
