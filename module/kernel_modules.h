/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel_modules.h - records of the kernel's modules, so that kernel addresses can be resolved elsewhere
 */
#ifndef PROFBUF_KERNEL_MODULES_H
#define PROFBUF_KERNEL_MODULES_H

struct profbuf_notes;

/**
 * profbuf_kernel_modules_describe() - put a record for each module that is loaded into the stream
 * @notes: the queue of a session that may see kernel addresses
 *
 * A record for which there is no memory or no room is counted.
 *
 * Context: may sleep.
 */
void profbuf_kernel_modules_describe(struct profbuf_notes *notes);

#endif /* PROFBUF_KERNEL_MODULES_H */
