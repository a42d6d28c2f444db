// SPDX-License-Identifier: GPL-2.0-only
/*
 * reader.c - records out of a file or a pipe, through one buffer, zstd undone on the way
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "profbuf.h"

#define BUFFER_BYTES	(1UL << 20)

struct profbuf_reader {
	struct profbuf_stream stream;
	int fd;
	bool at_end;
	char *buffer;		/* what the stream reads from */
	size_t filled;
	uint64_t before;	/* bytes of records that left the buffer */

	/* A compressed file. */
	ZSTD_DStream *zstd;
	char *packed;
	ZSTD_inBuffer in;
	bool in_frame;		/* the file must not end here */
};

static ssize_t read_file(struct profbuf_reader *r, char *to, size_t bytes)
{
	ssize_t n;

	do {
		n = read(r->fd, to, bytes);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* As read_file(), of what the file's bytes stand for. */
static ssize_t read_packed(struct profbuf_reader *r, char *to, size_t bytes)
{
	ZSTD_outBuffer out = { .dst = to, .size = bytes };
	size_t left;
	ssize_t n;

	while (!out.pos) {
		if (r->in.pos == r->in.size) {
			n = read_file(r, r->packed, BUFFER_BYTES);
			if (!n && r->in_frame)
				return -ENODATA;
			if (n <= 0)
				return n;
			r->in = (ZSTD_inBuffer){ .src = r->packed, .size = n };
		}
		left = ZSTD_decompressStream(r->zstd, &out, &r->in);
		if (ZSTD_isError(left))
			return -EBADMSG;
		r->in_frame = left;
	}
	return out.pos;
}

/* Moves the beginning of a record to the front and reads on. Return: bytes that came. */
static ssize_t fill(struct profbuf_reader *r)
{
	size_t used = r->stream.at * 8, got = 0;
	ssize_t n = 0;

	memmove(r->buffer, r->buffer + used, r->filled - used);
	r->before += used;
	r->filled -= used;
	while (!r->at_end && r->filled < BUFFER_BYTES) {
		n = (r->zstd ? read_packed : read_file)(r, r->buffer + r->filled, BUFFER_BYTES - r->filled);
		if (n <= 0) {
			r->at_end = true;
			break;
		}
		r->filled += n;
		got += n;
		/* A pipe gives what it has; a record is enough. */
		if (r->filled >= PROFBUF_RECORD_MAX)
			break;
	}
	profbuf_stream_continue(&r->stream, r->buffer, r->filled);
	return n < 0 ? n : (ssize_t)got;
}

static int zstd_begin(struct profbuf_reader *r)
{
	r->zstd = ZSTD_createDStream();
	r->packed = malloc(BUFFER_BYTES);
	if (!r->zstd || !r->packed)
		return -ENOMEM;
	memcpy(r->packed, r->buffer, r->filled);
	r->in = (ZSTD_inBuffer){ .src = r->packed, .size = r->filled };
	r->filled = 0;
	r->at_end = false;
	return 0;
}

int profbuf_reader_open(struct profbuf_reader **reader, const char *path)
{
	static const unsigned char zstd_magic[] = { 0x28, 0xb5, 0x2f, 0xfd };
	struct profbuf_reader *r = calloc(1, sizeof(*r));
	ssize_t n;
	int err;

	if (!r)
		return -ENOMEM;
	r->fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
	err = -errno;
	if (r->fd < 0)
		goto err_free;
	err = -ENOMEM;
	r->buffer = malloc(BUFFER_BYTES);
	if (!r->buffer)
		goto err_close;
	profbuf_stream_init(&r->stream, r->buffer, 0);
	n = fill(r);
	err = n;
	if (n < 0)
		goto err_close;
	if (r->filled >= sizeof(zstd_magic) && !memcmp(r->buffer, zstd_magic, sizeof(zstd_magic))) {
		err = zstd_begin(r);
		if (err)
			goto err_close;
		profbuf_stream_continue(&r->stream, r->buffer, 0);
	}
	*reader = r;
	return 0;

err_close:
	profbuf_reader_close(r);
	return err;
err_free:
	free(r);
	return err;
}

void profbuf_reader_close(struct profbuf_reader *reader)
{
	if (!reader)
		return;
	ZSTD_freeDStream(reader->zstd);
	free(reader->packed);
	free(reader->buffer);
	close(reader->fd);
	free(reader);
}

int profbuf_reader_next(struct profbuf_reader *r, const struct profbuf_record **record)
{
	ssize_t n;
	int got;

	for (;;) {
		got = profbuf_stream_next(&r->stream, record);
		/* At the end of the buffer, in a record, or in a first one that is not all there. */
		if (got > 0 || (got == -EBADMSG && (r->stream.nr_cpus || r->filled >= PROFBUF_RECORD_MAX)) ||
		    got == -EPROTO)
			return got;
		n = fill(r);
		if (n < 0)
			return n;
		if (n)
			continue;
		/* Less than a word is the beginning of a record, too. */
		return got ? got : r->filled ? -ENODATA : 0;
	}
}

uint64_t profbuf_reader_bytes(const struct profbuf_reader *reader)
{
	return reader->before + reader->stream.at * 8;
}
