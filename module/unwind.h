/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unwind.h - what interrupted registers lead to: stacks, and the thread's own data
 *
 * All: any context, NMI too; bounded by @max; no fault is handled, no lock taken. Stacks are stored leaf first;
 * the unwinders return how many addresses they are, and *stop says why there are no more.
 */
#ifndef PROFBUF_UNWIND_H
#define PROFBUF_UNWIND_H

#include <linux/types.h>

#include "profbuf_uapi.h"

struct pt_regs;

/**
 * profbuf_unwind_kernel() - the kernel stack of the current task, with the kernel's own unwinder
 * @regs: of interrupted kernel code: the first frame is theirs, the interrupt's are not among them
 * @frames: set
 * @max: frames at most
 * @stop: set
 */
unsigned int profbuf_unwind_kernel(struct pt_regs *regs, u64 *frames, unsigned int max, enum profbuf_stop *stop);

/**
 * profbuf_unwind_user() - the user stack of the current task, by frame pointers
 * @regs: its user registers
 * @frames: set
 * @max: frames at most
 * @stop: set
 *
 * Code without frame pointers ends the walk early or skips callers: what is read is what the frame pointer register
 * leads to.
 */
unsigned int profbuf_unwind_user(struct pt_regs *regs, u64 *frames, unsigned int max, enum profbuf_stop *stop);

/**
 * profbuf_thread_pointer() - where the current thread has its thread-local variables
 * @regs: what was interrupted
 * @tp: set
 *
 * Return: false in the middle of a change from one thread to another, when it may be either's.
 */
bool profbuf_thread_pointer(struct pt_regs *regs, u64 *tp);

#endif /* PROFBUF_UNWIND_H */
