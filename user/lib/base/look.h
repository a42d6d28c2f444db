/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * look.h - the user whose process is looked at
 */
#ifndef PROFBUF_LOOK_H
#define PROFBUF_LOOK_H

#include <stdint.h>
#include <sys/types.h>

/**
 * look_user() - find out whose process it is
 * @pid: in the pid namespace of /proc
 *
 * If the process is in the user namespace of this process, its user is the one who started it: a set-user-ID program
 * counts for the user who ran it. Otherwise its user is the owner of the outermost user namespace below this one that
 * contains the process, as the owner may use any number of user ids in it. If root owns it, as for a container, the
 * namespace itself counts as a user. The kernel answers without waiting for the process or for any file system.
 *
 * Return: a user, for struct job; JOB_NO_USER: there is no such process.
 */
uint64_t look_user(pid_t pid);

#endif /* PROFBUF_LOOK_H */
