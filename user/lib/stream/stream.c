// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * stream.c - read records from bytes that are not trusted
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record_types.h"
#include "stream.h"

/* For a type that is not known, a reader relies on the header only. */
static bool is_valid(const struct profbuf_stream *s, const struct profbuf_record *r)
{
	const struct record_type *type = record_type(r->type);

	return !type || (r->len >= type->bytes / 8 && (!type->check || type->check(r, s->nr_cpus)));
}

/* The first record says whether this library can read the stream. */
static int check_first(const struct profbuf_stream *s)
{
	const struct profbuf_stream_info *info = (const void *)s->words;

	if (s->n * 8 < offsetof(struct profbuf_stream_info, magic) + sizeof(info->magic))
		return -EBADMSG;
	if (info->magic == __builtin_bswap64(PROFBUF_MAGIC))
		return -EPROTO;
	if (info->magic != PROFBUF_MAGIC || info->type != PROFBUF_RECORD_INFO)
		return -EBADMSG;
	if (s->n * 8 >= sizeof(*info) && info->abi_version != PROFBUF_ABI_VERSION)
		return -EPROTO;
	return 0;
}

int profbuf_stream_next(struct profbuf_stream *stream, const struct profbuf_record **record)
{
	const struct profbuf_record *r = (const void *)(stream->words + stream->at);
	size_t left = stream->n - stream->at;
	int err;

	if (!left)
		return 0;
	if (!stream->nr_cpus) {
		err = check_first(stream);
		if (err)
			return err;
	}
	if (r->len < sizeof(*r) / 8 || r->len > PROFBUF_RECORD_MAX / 8)
		return -EBADMSG;
	if (r->len > left)
		return -ENODATA;
	if (!is_valid(stream, r))
		return -EBADMSG;
	if (!stream->nr_cpus)
		stream->nr_cpus = ((const struct profbuf_stream_info *)r)->nr_cpus;
	stream->at += r->len;
	*record = r;
	return 1;
}

void profbuf_stream_continue(struct profbuf_stream *stream, const void *data, size_t bytes)
{
	stream->words = data;
	stream->n = bytes / 8;
	stream->at = 0;
}

int profbuf_stream_new(struct profbuf_stream **stream, const void *data, size_t bytes)
{
	*stream = calloc(1, sizeof(**stream));
	if (!*stream)
		return -ENOMEM;
	profbuf_stream_continue(*stream, data, bytes);
	return 0;
}

void profbuf_stream_free(struct profbuf_stream *stream)
{
	free(stream);
}

size_t profbuf_stream_bytes(const struct profbuf_stream *stream)
{
	return stream->at * 8;
}

static const char *name_of(const char *const *names, size_t n, unsigned int i)
{
	return i < n ? names[i] : NULL;
}

#define NAME_OF(names, i)	name_of(names, sizeof(names) / sizeof((names)[0]), i)

const char *profbuf_skip_name(unsigned int cause)
{
	static const char *const names[] = {
		[PROFBUF_SKIP_NESTED] = "nested",
		[PROFBUF_SKIP_NO_REGS] = "no_regs",
		[PROFBUF_SKIP_IDLE] = "idle",
		[PROFBUF_SKIP_KERNEL] = "kernel",
		[PROFBUF_SKIP_USER] = "user",
		[PROFBUF_SKIP_FILTER] = "filter",
		[PROFBUF_SKIP_RIGHTS] = "rights",
		[PROFBUF_SKIP_ENDED] = "ended",
		[PROFBUF_SKIP_BUDGET] = "budget",
	};

	return NAME_OF(names, cause);
}

const char *profbuf_stop_name(unsigned int stop)
{
	static const char *const names[] = {
		[PROFBUF_STOP_NONE] = "none",
		[PROFBUF_STOP_END] = "end",
		[PROFBUF_STOP_DEPTH] = "depth",
		[PROFBUF_STOP_FAULT] = "fault",
		[PROFBUF_STOP_FRAME] = "frame",
		[PROFBUF_STOP_UNWIND] = "unwind",
		[PROFBUF_STOP_EXEC] = "exec",
	};

	return NAME_OF(names, stop);
}

const char *profbuf_source_name(unsigned int source)
{
	static const char *const names[] = {
		[PROFBUF_SOURCE_HRTIMER] = "hrtimer",
		[PROFBUF_SOURCE_PERF_CPU_CLOCK] = "cpu-clock",
		[PROFBUF_SOURCE_PERF_CYCLES] = "cycles",
	};

	return NAME_OF(names, source);
}

const char *profbuf_tag_cause_name(unsigned int cause)
{
	static const char *const names[] = {
		[PROFBUF_TAG_KNOWN] = "known",
		[PROFBUF_TAG_FAULT] = "fault",
		[PROFBUF_TAG_BAD] = "bad",
		[PROFBUF_TAG_BUSY] = "busy",
		[PROFBUF_TAG_CONTEXT] = "context",
		[PROFBUF_TAG_RIGHTS] = "rights",
	};

	if (cause == PROFBUF_TAG_UNDEFINED)
		return "undefined";
	return NAME_OF(names, cause);
}
