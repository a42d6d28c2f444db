/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pprof.h - a profile out of a pprof file
 */
#ifndef PROFBUF_PPROF_H
#define PROFBUF_PPROF_H

#include "contents.h"

/*
 * pprof_read() - fills an empty profile with a pprof file
 * @data: the file, compressed or not
 *
 * Return: 0; -EBADMSG: it is none; -EFBIG; -ENOMEM.
 */
int pprof_read(struct profbuf_profile *profile, const void *data, size_t bytes);

#endif /* PROFBUF_PPROF_H */
