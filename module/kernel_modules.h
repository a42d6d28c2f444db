/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel_modules.h - the kernel's modules, for who reads kernel addresses elsewhere
 */
#ifndef PROFBUF_KERNEL_MODULES_H
#define PROFBUF_KERNEL_MODULES_H

struct profbuf_notes;

/**
 * profbuf_kernel_modules_describe() - put a record for each module that is loaded into the stream
 * @notes: the queue of a session that may see kernel addresses
 *
 * What there is no memory or no room for is counted.
 *
 * Context: may sleep.
 */
void profbuf_kernel_modules_describe(struct profbuf_notes *notes);

#endif /* PROFBUF_KERNEL_MODULES_H */
