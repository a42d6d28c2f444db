/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sysfs.h - the files below the device: cpu<N>/ and the totals
 */
#ifndef PROFBUF_SYSFS_H
#define PROFBUF_SYSFS_H

struct attribute_group;

/* Return: 0 or -ENOMEM. */
int profbuf_sysfs_init(void);
void profbuf_sysfs_exit(void);

/* The files, for the misc device; NULL-terminated. They exist from profbuf_sysfs_init() to profbuf_sysfs_exit(). */
const struct attribute_group **profbuf_sysfs_groups(void);

#endif /* PROFBUF_SYSFS_H */
