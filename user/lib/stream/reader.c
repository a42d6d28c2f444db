// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * reader.c - read records from a file or a pipe, through one buffer; undo zstd and the compact form
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/table.h"
#include "reader.h"
#include "stream.h"

#define BUFFER_BYTES	(1UL << 20)
#define ALL_BYTES	(1UL << 30)	/* limit of reader_all() */

struct profbuf_reader {
	struct profbuf_stream stream;
	int fd;
	bool at_end;
	int error;		/* why reading ended; returned after all that could be read */
	char *buffer;		/* the memory of the stream */
	size_t filled;
	uint64_t before;	/* bytes of records that left the buffer */

	/* A compressed file. */
	ZSTD_DStream *zstd;
	char *packed;
	ZSTD_inBuffer in;
	bool in_frame;		/* the file must not end here */

	/* The compact form. */
	struct profbuf_stack_record **stacks;	/* by id */
	size_t nr_stacks, room_stacks;
	struct arena arena;	/* of the stacks */
	uint64_t sample[PROFBUF_RECORD_MAX / 8];
};

static ssize_t read_file(struct profbuf_reader *r, char *to, size_t bytes)
{
	ssize_t n;

	do {
		n = read(r->fd, to, bytes);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Like read_file(), for a compressed file: gives decompressed bytes. */
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

/* Moves unread bytes to the front of the buffer and reads more. Return: number of new bytes; 0 at the end; -errno. */
static ssize_t fill(struct profbuf_reader *r)
{
	size_t used = r->stream.at * 8, got = 0;
	ssize_t n;

	memmove(r->buffer, r->buffer + used, r->filled - used);
	r->before += used;
	r->filled -= used;
	while (!r->at_end && r->filled < BUFFER_BYTES) {
		n = (r->zstd ? read_packed : read_file)(r, r->buffer + r->filled, BUFFER_BYTES - r->filled);
		if (n <= 0) {
			r->at_end = true;
			r->error = n;
			break;
		}
		r->filled += n;
		got += n;
		/* Do not wait for more from a pipe: there is at least one whole record now. */
		if (r->filled >= PROFBUF_RECORD_MAX)
			break;
	}
	profbuf_stream_continue(&r->stream, r->buffer, r->filled);
	return got ? (ssize_t)got : r->error;
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
	r->error = 0;
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
	free(reader->stacks);
	arena_exit(&reader->arena);
	free(reader->buffer);
	close(reader->fd);
	free(reader);
}

/* The next record as it is stored. */
static int next_stored(struct profbuf_reader *r, const struct profbuf_record **record)
{
	ssize_t n;
	int got;

	for (;;) {
		got = profbuf_stream_next(&r->stream, record);
		/* Otherwise the buffer ends here, maybe inside a record or in an incomplete first record: read more. */
		if (got > 0 || (got == -EBADMSG && (r->stream.nr_cpus || r->filled >= PROFBUF_RECORD_MAX)) ||
		    got == -EPROTO)
			return got;
		n = fill(r);
		if (n < 0)
			return n;
		if (n)
			continue;
		/* A rest of less than a word is the beginning of a cut-off record, too. */
		return got ? got : r->filled ? -ENODATA : 0;
	}
}

/* Return: 0; -EBADMSG: the stack does not have the next id; -ENOMEM. */
static int add_stack(struct profbuf_reader *r, const struct profbuf_stack_record *stack)
{
	size_t bytes = sizeof(*stack) + (stack->nr_kernel + stack->nr_user) * sizeof(uint64_t);
	struct profbuf_stack_record *copy;

	if (!stack->id) {
		arena_exit(&r->arena);
		r->nr_stacks = 0;
	}
	if (stack->id != r->nr_stacks)
		return -EBADMSG;
	copy = arena_alloc(&r->arena, bytes);
	if (!copy || !ARRAY_GROW(r->stacks, r->nr_stacks, r->room_stacks))
		return -ENOMEM;
	r->stacks[r->nr_stacks++] = memcpy(copy, stack, bytes);
	return 0;
}

/* Makes the sample that a compact sample stands for. Return: 1; -EBADMSG: there is no such stack. */
static int expand(struct profbuf_reader *r, const struct profbuf_sample *packed,
		  const struct profbuf_record **record)
{
	struct profbuf_sample *sample = (struct profbuf_sample *)r->sample;
	const struct profbuf_stack_record *stack;
	unsigned int n = packed->nr_kernel + packed->nr_user;

	if (packed->stack >= r->nr_stacks)
		return -EBADMSG;
	stack = r->stacks[packed->stack];
	if (stack->nr_kernel != packed->nr_kernel || stack->nr_user != packed->nr_user)
		return -EBADMSG;
	memcpy(sample, packed, sizeof(*sample));
	sample->type = PROFBUF_RECORD_SAMPLE;
	sample->len = sizeof(*sample) / 8 + n;
	sample->stack = 0;
	memcpy(sample->frames, stack->frames, n * sizeof(uint64_t));
	*record = (const struct profbuf_record *)sample;
	return 1;
}

int profbuf_reader_next(struct profbuf_reader *r, const struct profbuf_record **record)
{
	const struct profbuf_record *stored;
	int got;

	for (;;) {
		got = next_stored(r, &stored);
		if (got <= 0)
			return got;
		switch (stored->type) {
		case PROFBUF_RECORD_STACK:
			got = add_stack(r, (const struct profbuf_stack_record *)stored);
			break;
		case PROFBUF_RECORD_STACK_SAMPLE:
			got = expand(r, (const struct profbuf_sample *)stored, record);
			break;
		default:
			*record = stored;
		}
		if (got > 0)
			return got;
		if (got < 0) {
			/* A record that cannot be used counts as not read. */
			r->stream.at -= stored->len;
			return got;
		}
	}
}

uint64_t profbuf_reader_bytes(const struct profbuf_reader *reader)
{
	return reader->before + reader->stream.at * 8;
}

int reader_all(struct profbuf_reader *r, void **data, size_t *bytes)
{
	size_t n = r->filled, room = 2 * r->filled + BUFFER_BYTES;
	char *all, *bigger;
	ssize_t got = 0;

	if (r->zstd || r->before || r->stream.at)
		return -EBADMSG;
	all = malloc(room);
	if (all)
		memcpy(all, r->buffer, n);
	while (all && (got = read_file(r, all + n, room - n)) > 0) {
		n += got;
		if (n < room)
			continue;
		room *= 2;
		bigger = room <= 2 * ALL_BYTES ? realloc(all, room) : NULL;
		if (!bigger) {
			free(all);
			return room <= 2 * ALL_BYTES ? -ENOMEM : -EFBIG;
		}
		all = bigger;
	}
	if (!all || got < 0) {
		free(all);
		return all ? got : -ENOMEM;
	}
	*data = all;
	*bytes = n;
	return 0;
}
