/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * reader.h - a file that turned out not to be a stream
 */
#ifndef PROFBUF_READER_H
#define PROFBUF_READER_H

#include "profbuf.h"

/*
 * reader_all() - all bytes of the file, after profbuf_reader_next() failed on its first record
 * @data: set; free() it
 *
 * Return: 0; -EBADMSG: some are gone, or they are compressed records; -errno of read(); -EFBIG; -ENOMEM.
 */
int reader_all(struct profbuf_reader *reader, void **data, size_t *bytes);

#endif /* PROFBUF_READER_H */
