/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * reader.h - read all of a file that turned out not to be a stream
 */
#ifndef PROFBUF_READER_H
#define PROFBUF_READER_H

#include "profbuf.h"

/*
 * reader_all() - read all bytes of the file, after profbuf_reader_next() failed on its first record
 * @data: set to memory that the caller has to free()
 *
 * Return: 0; -EBADMSG: some bytes were already dropped, or the file is compressed; -errno of read(); -EFBIG; -ENOMEM.
 */
int reader_all(struct profbuf_reader *reader, void **data, size_t *bytes);

#endif /* PROFBUF_READER_H */
