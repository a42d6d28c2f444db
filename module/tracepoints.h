/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracepoints.h - processes that are created, change their program, and end: the kernel's tracepoints for it
 */
#ifndef PROFBUF_LIFE_H
#define PROFBUF_LIFE_H

/**
 * profbuf_life_init() - get told
 *
 * Return: 0; -ENOENT: this kernel has no such tracepoint; -ENOMEM.
 */
int profbuf_life_init(void);

/* When it returns, no probe is under way. */
void profbuf_life_exit(void);

#endif /* PROFBUF_LIFE_H */
