/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * stream.h - struct profbuf_stream, for use inside libprofbuf; zeros before its first profbuf_stream_continue()
 */
#ifndef PROFBUF_STREAM_H
#define PROFBUF_STREAM_H

#include "profbuf.h"

struct profbuf_stream {
	const uint64_t *words;
	size_t n;		/* words */
	size_t at;		/* position of the next record, in words */
	uint32_t nr_cpus;	/* of the stream; 0 before its first record */
};

#endif /* PROFBUF_STREAM_H */
