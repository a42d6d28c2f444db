/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracepoints.h - processes that are created, change their program, and end: the kernel's tracepoints for it
 */
#ifndef PROFBUF_TRACEPOINTS_H
#define PROFBUF_TRACEPOINTS_H

/**
 * profbuf_tracepoints_init() - get told
 *
 * Return: 0; -ENOENT: this kernel has no such tracepoint; -ENOMEM.
 */
int profbuf_tracepoints_init(void);

/* When it returns, no probe is under way. */
void profbuf_tracepoints_exit(void);

#endif /* PROFBUF_TRACEPOINTS_H */
