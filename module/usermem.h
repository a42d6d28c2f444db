/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usermem.h - how a tick reads user memory: only what is present, without page faults
 */
#ifndef PROFBUF_USERMEM_H
#define PROFBUF_USERMEM_H

#include <linux/kcsan-checks.h>
#include <linux/preempt.h>
#include <linux/types.h>
#include <linux/uaccess.h>

/* Turn page faults off and on: this is a counter of the task, and an NMI in between leaves it as it found it. */
static inline void profbuf_user_begin(void)
{
	kcsan_disable_current();
	pagefault_disable();
	kcsan_enable_current();
}

static inline void profbuf_user_end(void)
{
	kcsan_disable_current();
	pagefault_enable();
	kcsan_enable_current();
}

/**
 * profbuf_user_words() - read words of the current task's memory
 * @to: set
 * @from: address
 * @n: how many
 *
 * In an NMI the page tables may be another task's, or half switched; copy_from_user_nofault() checks that. In a timer
 * they are the current task's, and plain accesses are enough.
 *
 * Context: the tick, between profbuf_user_begin() and profbuf_user_end().
 * Return: false if some of the words are not present.
 */
static __always_inline bool profbuf_user_words(u64 *to, u64 from, unsigned int n)
{
	const u64 __user *user = (const u64 __user *)from;
	unsigned int i;

	if (in_nmi())
		return !copy_from_user_nofault(to, user, n * sizeof(*to));
	if (!user_access_begin(user, n * sizeof(*to)))
		return false;
#pragma GCC unroll 4
	for (i = 0; i < n; i++)
		unsafe_get_user(to[i], &user[i], fault);
	user_access_end();
	return true;
fault:
	user_access_end();
	return false;
}

#endif /* PROFBUF_USERMEM_H */
