/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * proc.h - what /proc says about a process
 */
#ifndef PROFBUF_PROC_H
#define PROFBUF_PROC_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Reads a number from /proc/PID/stat; @field counts as in proc(5), from 4 on. The kernel answers without waiting for
 * the process or for any file system. False: there is no such process.
 */
bool proc_stat(pid_t pid, int field, unsigned long long *value);

/* Whether @pid is a kernel thread. The kernel answers in the same way. */
bool proc_is_kernel(pid_t pid);

/*
 * A process whose first thread has ended by pthread_exit() lives on. But /proc/PID is the directory of that thread,
 * which has no memory and no files any more; /proc/TID of any other thread still has them.
 *
 * Return: the id of a thread of process @pid that has memory: @pid itself if possible; 0: there is none.
 */
pid_t proc_live_thread(pid_t pid);

#endif /* PROFBUF_PROC_H */
