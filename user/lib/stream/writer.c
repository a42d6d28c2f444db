// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * writer.c - write records into a file: equal stacks once, all compressed with zstd
 *
 * The file is one zstd frame. A flush ends a block of the frame, and a reader gets every complete block. So flushed
 * records are safe, and the compression of later records still uses the earlier ones.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/table.h"
#include "profbuf.h"

#define BUFFER_BYTES	(64UL << 10)
#define LEVEL		1
/* Bytes of remembered stacks, at most. With more, all stacks are forgotten, and stored again when they occur again. */
#define STACKS_BYTES	(16UL << 20)

struct stored_stack {
	uint8_t nr_kernel;
	uint8_t nr_user;
	uint64_t frames[];
};

struct profbuf_writer {
	int fd;
	int error;		/* once set, nothing is written any more */
	uint64_t bytes;		/* written */
	char *buffer;		/* records that are not written yet */
	size_t filled;

	/* The compact form. */
	ZSTD_CCtx *zstd;	/* NULL: raw */
	char *packed;
	size_t packed_bytes;
	struct stored_stack **stacks;
	size_t nr_stacks, room_stacks, stacks_bytes;
	struct arena arena;
	struct index index;
};

int profbuf_writer_open(struct profbuf_writer **writer, int fd, bool raw)
{
	struct profbuf_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->fd = fd;
	w->buffer = malloc(BUFFER_BYTES);
	if (!w->buffer)
		goto err_free;
	if (!raw) {
		w->zstd = ZSTD_createCCtx();
		w->packed_bytes = ZSTD_CStreamOutSize();
		w->packed = malloc(w->packed_bytes);
		if (!w->zstd || !w->packed)
			goto err_free;
		ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, LEVEL);
		ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1);
	}
	*writer = w;
	return 0;

err_free:
	ZSTD_freeCCtx(w->zstd);
	free(w->packed);
	free(w->buffer);
	free(w);
	return -ENOMEM;
}

static int write_file(struct profbuf_writer *w, const char *data, size_t bytes)
{
	ssize_t n;

	while (bytes) {
		n = write(w->fd, data, bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		bytes -= n;
		w->bytes += n;
	}
	return 0;
}

static int write_packed(struct profbuf_writer *w, ZSTD_EndDirective how)
{
	ZSTD_inBuffer in = { .src = w->buffer, .size = w->filled };
	size_t left;
	int err;

	do {
		ZSTD_outBuffer out = { .dst = w->packed, .size = w->packed_bytes };

		left = ZSTD_compressStream2(w->zstd, &out, &in, how);
		if (ZSTD_isError(left))
			return -ENOMEM;
		err = write_file(w, w->packed, out.pos);
		if (err)
			return err;
	} while (how == ZSTD_e_continue ? in.pos < in.size : left);
	return 0;
}

/* Writes the buffer to the file, and empties it. */
static int write_buffer(struct profbuf_writer *w, ZSTD_EndDirective how)
{
	if (!w->error)
		w->error = w->zstd ? write_packed(w, how) : write_file(w, w->buffer, w->filled);
	w->filled = 0;
	return w->error;
}

/* Returns room for @bytes in the buffer. */
static void *append(struct profbuf_writer *w, size_t bytes)
{
	void *to;

	if (w->filled + bytes > BUFFER_BYTES)
		write_buffer(w, ZSTD_e_continue);
	to = w->buffer + w->filled;
	w->filled += bytes;
	return to;
}

static void append_stack(struct profbuf_writer *w, uint32_t id)
{
	const struct stored_stack *stack = w->stacks[id];
	size_t frames_bytes = (stack->nr_kernel + stack->nr_user) * sizeof(uint64_t);
	struct profbuf_stack_record *r = append(w, sizeof(*r) + frames_bytes);

	*r = (struct profbuf_stack_record){
		.len = (sizeof(*r) + frames_bytes) / 8,
		.type = PROFBUF_RECORD_STACK,
		.cpu = PROFBUF_CPU_NONE,
		.nr_kernel = stack->nr_kernel,
		.nr_user = stack->nr_user,
		.id = id,
	};
	memcpy(r->frames, stack->frames, frames_bytes);
}

static void forget_stacks(struct profbuf_writer *w)
{
	arena_exit(&w->arena);
	index_exit(&w->index);
	w->nr_stacks = 0;
	w->stacks_bytes = 0;
}

/* Returns the id of the sample's stack, after storing a new stack in the file. INDEX_NONE: no memory. */
static uint32_t store_stack(struct profbuf_writer *w, const struct profbuf_sample *s)
{
	size_t n = s->nr_kernel + s->nr_user, bytes = sizeof(struct stored_stack) + n * sizeof(uint64_t);
	uint64_t hash = hash_words((const uint64_t *)s->frames, n, s->nr_kernel), at = hash;
	struct stored_stack *stack;
	uint32_t id;

	while ((id = index_next(&w->index, hash, &at)) != INDEX_NONE) {
		stack = w->stacks[id];
		if (stack->nr_kernel == s->nr_kernel && stack->nr_user == s->nr_user &&
		    !memcmp(stack->frames, s->frames, n * sizeof(uint64_t)))
			return id;
	}
	if (w->stacks_bytes + bytes > STACKS_BYTES)
		forget_stacks(w);
	stack = arena_alloc(&w->arena, bytes);
	if (!stack || !ARRAY_GROW(w->stacks, w->nr_stacks, w->room_stacks) ||
	    !index_add(&w->index, hash, w->nr_stacks))
		return INDEX_NONE;
	stack->nr_kernel = s->nr_kernel;
	stack->nr_user = s->nr_user;
	memcpy(stack->frames, s->frames, n * sizeof(uint64_t));
	w->stacks[w->nr_stacks] = stack;
	w->stacks_bytes += bytes;
	append_stack(w, w->nr_stacks);
	return w->nr_stacks++;
}

/*
 * Whether the reader can restore this record exactly: not if the record has additional words, or if its stack continues
 * in another record.
 */
static bool is_plain(const struct profbuf_sample *s)
{
	unsigned int n = s->nr_kernel + s->nr_user;

	return n && s->len == sizeof(*s) / 8 + n && !s->stack;
}

static bool add_compact(struct profbuf_writer *w, const struct profbuf_sample *s)
{
	struct profbuf_sample *packed;
	uint32_t id;

	if (!is_plain(s))
		return false;
	id = store_stack(w, s);
	if (id == INDEX_NONE)
		return false;
	packed = append(w, sizeof(*packed));
	memcpy(packed, s, sizeof(*packed));
	packed->len = sizeof(*packed) / 8;
	packed->type = PROFBUF_RECORD_STACK_SAMPLE;
	packed->stack = id;
	return true;
}

int profbuf_writer_add(struct profbuf_writer *w, const struct profbuf_record *record)
{
	bool sample = w->zstd && record->type == PROFBUF_RECORD_SAMPLE;

	if (record->len < sizeof(*record) / 8 || record->len > PROFBUF_RECORD_MAX / 8)
		return -EINVAL;
	/* A record without a compact form is stored as it is, and also a sample if there is no memory. */
	if (!sample || !add_compact(w, (const struct profbuf_sample *)record))
		memcpy(append(w, record->len * 8), record, record->len * 8);
	return w->error;
}

int profbuf_writer_flush(struct profbuf_writer *w)
{
	return write_buffer(w, ZSTD_e_flush);
}

int profbuf_writer_close(struct profbuf_writer *w)
{
	int err;

	if (!w)
		return 0;
	err = write_buffer(w, ZSTD_e_end);
	forget_stacks(w);
	free(w->stacks);
	ZSTD_freeCCtx(w->zstd);
	free(w->packed);
	free(w->buffer);
	free(w);
	return err;
}

uint64_t profbuf_writer_bytes(const struct profbuf_writer *w)
{
	return w->bytes;
}
