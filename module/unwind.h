/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unwind.h - what interrupted registers lead to: stacks, and the thread's own data
 *
 * All functions may be called in any context, also NMI. Their time is bounded by @max; they handle no page fault and
 * take no lock. Stacks are stored leaf first. The unwinders return the number of addresses, and *stop says why the
 * stack ends there.
 */
#ifndef PROFBUF_UNWIND_H
#define PROFBUF_UNWIND_H

#include <linux/types.h>

#include "profbuf_uapi.h"

struct pt_regs;

/**
 * profbuf_unwind_kernel() - the kernel stack of the current task, with the kernel's own unwinder
 * @regs: of the interrupted kernel code: the first frame is from them, and frames of the interrupt are left out
 * @frames: set
 * @max: frames at most
 * @stop: set
 */
unsigned int profbuf_unwind_kernel(struct pt_regs *regs, u64 *frames, unsigned int max, enum profbuf_stop *stop);

/**
 * profbuf_unwind_user() - the user stack of the current task, by frame pointers
 * @regs: the task's user registers
 * @frames: set
 * @max: frames at most
 * @stop: set
 *
 * The walk follows the frame pointer register, whatever it has. In code without frame pointers, the walk ends early or
 * skips callers.
 */
unsigned int profbuf_unwind_user(struct pt_regs *regs, u64 *frames, unsigned int max, enum profbuf_stop *stop);

/**
 * profbuf_thread_pointer() - find the current thread's thread-local variables
 * @regs: the interrupted registers
 * @tp: set to the thread pointer
 *
 * Return: false while the kernel may be changing from one thread to another, and the pointer may be of either thread.
 */
bool profbuf_thread_pointer(struct pt_regs *regs, u64 *tp);

#endif /* PROFBUF_UNWIND_H */
