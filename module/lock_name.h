/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lock_name.h - locks in structs have names that say whose they are
 */
#ifndef PROFBUF_LOCK_NAME_H
#define PROFBUF_LOCK_NAME_H

#include <linux/lockdep.h>

/*
 * Gives @lock the name that lockdep prints; without it, that is the expression by which the lock was initialized, as
 * &s->lock. A macro, because each place of use is a class of locks.
 *
 * Context: right after the lock was initialized.
 */
#define profbuf_lock_name(lock, name)					\
	do {								\
		static struct lock_class_key key;			\
									\
		lockdep_set_class_and_name(lock, &key, name);		\
	} while (0)

#endif /* PROFBUF_LOCK_NAME_H */
