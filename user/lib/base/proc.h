/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * proc.h - what /proc has of a process
 */
#ifndef PROFBUF_PROC_H
#define PROFBUF_PROC_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * A number of /proc/PID/stat, by its place as proc(5) counts, from 4 on. The kernel answers without waiting for the
 * process, or for any file system. False: there is no such process.
 */
bool proc_stat(pid_t pid, int field, unsigned long long *value);

/* It is a thread of the kernel's. Answered likewise. */
bool proc_is_kernel(pid_t pid);

/*
 * A process whose first thread has ended by pthread_exit() lives on, but /proc/PID is that thread's: it has no memory
 * and no files any more. /proc/TID has, of any other of its threads.
 *
 * Return: the id of a thread of process @pid that has memory: @pid itself, if it has; 0: there is none.
 */
pid_t proc_live_thread(pid_t pid);

#endif /* PROFBUF_PROC_H */
