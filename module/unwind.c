// SPDX-License-Identifier: GPL-2.0-only
/*
 * unwind.c - what interrupted registers lead to, on x86-64
 */
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <asm/fsgsbase.h>
#include <asm/ptrace.h>
#include <asm/unwind.h>

#include "unwind.h"
#include "usermem.h"

unsigned int profbuf_unwind_kernel(struct pt_regs *regs, u64 *frames, unsigned int max, enum profbuf_stop *stop)
{
	struct unwind_state state;
	unsigned int n = 0;

	*stop = PROFBUF_STOP_NONE;
	if (!max)
		return 0;
	/* If it starts from registers, the unwinder begins with the caller of their function. */
	frames[n++] = regs->ip;
	for (unwind_start(&state, current, regs, NULL); !unwind_done(&state); unwind_next_frame(&state)) {
		unsigned long ip = unwind_get_return_address(&state);

		if (!ip)
			break;
		if (n == max) {
			*stop = PROFBUF_STOP_DEPTH;
			return n;
		}
		frames[n++] = ip;
	}
	*stop = unwind_error(&state) ? PROFBUF_STOP_UNWIND : PROFBUF_STOP_END;
	return n;
}

/* What a frame pointer points to: the caller's frame pointer, and the return address. */
struct frame {
	u64 next;
	u64 ret;
};

/* Reads a frame of 64-bit code. */
static __always_inline bool read_frame(u64 fp, struct frame *frame)
{
	BUILD_BUG_ON(sizeof(*frame) != 2 * sizeof(u64));
	return profbuf_user_words(&frame->next, fp, 2);
}

/* Reads a frame of 32-bit code. */
static bool read_frame32(u64 fp, struct frame *frame)
{
	u32 words[2];

	if (copy_from_user_nofault(words, (const void __user *)fp, sizeof(words)))
		return false;
	frame->next = words[0];
	frame->ret = words[1];
	return true;
}

unsigned int profbuf_unwind_user(struct pt_regs *regs, u64 *frames, unsigned int max, enum profbuf_stop *stop)
{
	bool is_64bit = user_64bit_mode(regs);
	u64 align = is_64bit ? sizeof(u64) : sizeof(u32);
	u64 fp = regs->bp;
	unsigned int n = 0;
	struct frame frame;

	*stop = PROFBUF_STOP_NONE;
	if (!max)
		return 0;
	frames[n++] = regs->ip;

	profbuf_user_begin();
	for (;;) {
		if (!fp) {
			*stop = PROFBUF_STOP_END;
			break;
		}
		/* The stack grows down: a caller's frame is above its callee's, and above the stack pointer. */
		if (fp & (align - 1) || fp < regs->sp) {
			*stop = PROFBUF_STOP_FRAME;
			break;
		}
		if (n == max) {
			*stop = PROFBUF_STOP_DEPTH;
			break;
		}
		if (!(is_64bit ? read_frame(fp, &frame) : read_frame32(fp, &frame))) {
			*stop = PROFBUF_STOP_FAULT;
			break;
		}
		if (!frame.ret) {
			*stop = PROFBUF_STOP_END;
			break;
		}
		frames[n++] = frame.ret;
		if (frame.next && frame.next <= fp) {
			*stop = PROFBUF_STOP_FRAME;
			break;
		}
		fp = frame.next;
	}
	profbuf_user_end();
	return n;
}

/* The kernel changes threads with interrupts off, so only an NMI can come in the middle of a change. */
bool profbuf_thread_pointer(struct pt_regs *regs, u64 *tp)
{
	if (in_nmi() && !user_mode(regs) && !(regs->flags & X86_EFLAGS_IF))
		return false;
	*tp = x86_fsbase_read_cpu();
	return true;
}
