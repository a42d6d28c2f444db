/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pprof.h - read a pprof file into a profile
 */
#ifndef PROFBUF_PPROF_H
#define PROFBUF_PPROF_H

#include "contents.h"

/*
 * pprof_read() - fill an empty profile from a pprof file
 * @data: the file, compressed or not
 *
 * Return: 0; -EBADMSG: it is no pprof file; -EFBIG; -ENOMEM.
 */
int pprof_read(struct profbuf_profile *profile, const void *data, size_t bytes);

#endif /* PROFBUF_PPROF_H */
