/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - the only tests for the kernel's version
 *
 * Each inline function has a name of our own, and says when it can go. 6.1 is the oldest kernel.
 */
#ifndef PROFBUF_COMPAT_H
#define PROFBUF_COMPAT_H

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/version.h>

/* The path by which a program opened @file, and its inode, even if a stacked filesystem has opened another file. */
static inline const struct path *profbuf_compat_user_path(const struct file *file)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	return file_user_path(file);
#else	/* goes when 6.8 is the oldest: f_path was the user's path before */
	return &file->f_path;
#endif
}

static inline const struct inode *profbuf_compat_user_inode(const struct file *file)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	return file_user_inode(file);
#else	/* goes when 6.8 is the oldest */
	return file_inode(file);
#endif
}

/* Where a module's code is. */
static inline void profbuf_compat_module_text(const struct module *mod, u64 *start, u64 *end)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	*start = (u64)mod->mem[MOD_TEXT].base;
	*end = *start + mod->mem[MOD_TEXT].size;
#else	/* goes when 6.4 is the oldest */
	*start = (u64)mod->core_layout.base;
	*end = *start + mod->core_layout.text_size;
#endif
}

/* Does the task run in the kernel only? It may still have a user's memory map. */
static inline bool profbuf_compat_kernel_thread(const struct task_struct *task)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	return READ_ONCE(task->flags) & (PF_KTHREAD | PF_USER_WORKER);
#else	/* goes when 6.4 is the oldest */
	return READ_ONCE(task->flags) & (PF_KTHREAD | PF_IO_WORKER);
#endif
}

#endif /* PROFBUF_COMPAT_H */
