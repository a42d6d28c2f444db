/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * look.h - which user it is that is looked at
 */
#ifndef PROFBUF_LOOK_H
#define PROFBUF_LOOK_H

#include <stdint.h>
#include <sys/types.h>

/**
 * look_user() - whose process it is
 * @pid: in the namespace of /proc
 *
 * Of a process in the user namespace that this one is in, it is the user who started it: a set-user-ID program counts
 * for whoever ran it. Else it is the owner of the outermost user namespace below this one, in which a user has as many
 * user ids as it likes. Where root made that, as for a container, the namespace is a user of its own. The kernel
 * answers without waiting for the process, or for any file system.
 *
 * Return: a user, for struct job; JOB_NO_USER: there is no such process.
 */
uint64_t look_user(pid_t pid);

#endif /* PROFBUF_LOOK_H */
