/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracepoints.h - the kernel's tracepoints for processes that are created, change their program, or end
 */
#ifndef PROFBUF_TRACEPOINTS_H
#define PROFBUF_TRACEPOINTS_H

/**
 * profbuf_tracepoints_init() - register the probes
 *
 * Return: 0; -ENOENT: this kernel has no such tracepoint; -ENOMEM.
 */
int profbuf_tracepoints_init(void);

/* Unregisters the probes. When it returns, no probe is under way. */
void profbuf_tracepoints_exit(void);

#endif /* PROFBUF_TRACEPOINTS_H */
