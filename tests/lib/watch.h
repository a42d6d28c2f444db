/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watch.h - whether anybody opens a file that nobody may open
 */
#ifndef TESTS_USER_WATCH_H
#define TESTS_USER_WATCH_H

#include <stdbool.h>
#include <sys/inotify.h>
#include <unistd.h>

/* Return: a descriptor for watch_end(); -1. */
static inline int watch_begin(const char *path)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd >= 0 && inotify_add_watch(fd, path, IN_OPEN) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Was the file opened meanwhile? Looking at it without opening it does not count. */
static inline bool watch_end(int fd)
{
	char events[4096];
	bool opened = read(fd, events, sizeof(events)) > 0;

	close(fd);
	return opened;
}

#endif /* TESTS_USER_WATCH_H */
