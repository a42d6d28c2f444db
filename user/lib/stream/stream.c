// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * stream.c - records out of bytes nobody vouches for
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"

/* Words a record of a type has at least. */
static size_t min_words(unsigned int type)
{
	switch (type) {
	case PROFBUF_RECORD_LOST:
		return sizeof(struct profbuf_lost) / 8;
	case PROFBUF_RECORD_SAMPLE:
		return sizeof(struct profbuf_sample) / 8;
	case PROFBUF_RECORD_INFO:
		return sizeof(struct profbuf_stream_info) / 8;
	case PROFBUF_RECORD_COUNTERS:
		return sizeof(struct profbuf_record_counters) / 8;
	case PROFBUF_RECORD_PROCESS:
		return sizeof(struct profbuf_process) / 8;
	case PROFBUF_RECORD_MAPPING:
		return sizeof(struct profbuf_mapping) / 8 + 1;
	case PROFBUF_RECORD_MARKER:
		return sizeof(struct profbuf_marker) / 8 + 1;
	case PROFBUF_RECORD_SIDEBAND_LOST:
		return sizeof(struct profbuf_sideband_lost) / 8;
	case PROFBUF_RECORD_THREAD:
		return sizeof(struct profbuf_thread) / 8;
	case PROFBUF_RECORD_TAG:
		return sizeof(struct profbuf_tag) / 8;
	case PROFBUF_RECORD_TAG_LOST:
		return sizeof(struct profbuf_tag_lost) / 8;
	case PROFBUF_RECORD_EXEC:
	case PROFBUF_RECORD_EXIT:
		return sizeof(struct profbuf_life) / 8;
	case PROFBUF_RECORD_RATE:
		return sizeof(struct profbuf_rate) / 8;
	case PROFBUF_RECORD_MODULE:
		return sizeof(struct profbuf_module) / 8;
	case PROFBUF_RECORD_SYMBOL:
		return sizeof(struct profbuf_symbol_record) / 8 + 1;
	case PROFBUF_RECORD_JIT_SYMBOL:
		return sizeof(struct profbuf_jit_symbol_record) / 8 + 1;
	case PROFBUF_RECORD_COMMAND:
		return sizeof(struct profbuf_command_record) / 8;
	case PROFBUF_RECORD_PART:
		return sizeof(struct profbuf_part_record) / 8;
	case PROFBUF_RECORD_STACK:
		return sizeof(struct profbuf_stack_record) / 8;
	case PROFBUF_RECORD_STACK_SAMPLE:
		return sizeof(struct profbuf_sample) / 8;
	case PROFBUF_RECORD_OTEL_KEYS:
		return sizeof(struct profbuf_otel_keys_record) / 8;
	case PROFBUF_RECORD_CGROUP:
		return sizeof(struct profbuf_cgroup_record) / 8 + 1;
	default:
		return sizeof(struct profbuf_record) / 8;
	}
}

/* @n strings, each with its zero, lie between @text and the end of the record. */
static bool has_strings(const struct profbuf_record *r, const char *text, uint32_t n)
{
	const char *end = (const char *)((const uint64_t *)r + r->len);
	const char *zero;

	for (; n; n--) {
		zero = memchr(text, 0, end - text);
		if (!zero)
			return false;
		text = zero + 1;
	}
	return true;
}

static bool valid_info(const struct profbuf_stream *s, const struct profbuf_stream_info *p)
{
	return !s->nr_cpus && p->nr_cpus && p->nr_cpus <= PROFBUF_CPU_NONE && p->period &&
	       p->nr_skips <= PROFBUF_SKIPS_MAX && memchr(p->release, 0, sizeof(p->release)) &&
	       memchr(p->machine, 0, sizeof(p->machine));
}

static bool valid_mapping(const struct profbuf_mapping *p)
{
	return p->start < p->end && p->build_id_len <= sizeof(p->build_id) &&
	       has_strings((const struct profbuf_record *)p, p->path, 1);
}

static bool valid_module(const struct profbuf_module *p)
{
	return p->start < p->end && *p->name && memchr(p->name, 0, sizeof(p->name));
}

static bool valid_marker(const struct profbuf_marker *p)
{
	size_t room = p->len * 8 - sizeof(*p);

	return p->misc < room && !p->text[p->misc];
}

/* What of a record a reader relies on, beyond its length. */
static bool valid(const struct profbuf_stream *s, const struct profbuf_record *r)
{
	switch (r->type) {
	case PROFBUF_RECORD_LOST:
	case PROFBUF_RECORD_COUNTERS:
	case PROFBUF_RECORD_STACK_SAMPLE:
	case PROFBUF_RECORD_PART:
		return r->cpu < s->nr_cpus;
	case PROFBUF_RECORD_SAMPLE: {
		const struct profbuf_sample *p = (const void *)r;

		return p->cpu < s->nr_cpus && p->len >= sizeof(*p) / 8 + p->nr_kernel + p->nr_user;
	}
	case PROFBUF_RECORD_RATE:
		return r->cpu < s->nr_cpus && ((const struct profbuf_rate *)r)->stride;
	case PROFBUF_RECORD_MODULE:
		return valid_module((const void *)r);
	case PROFBUF_RECORD_INFO:
		return valid_info(s, (const void *)r);
	case PROFBUF_RECORD_PROCESS:
		return memchr(((const struct profbuf_process *)r)->comm, 0, 16);
	case PROFBUF_RECORD_THREAD:
		return memchr(((const struct profbuf_thread *)r)->comm, 0, 16);
	case PROFBUF_RECORD_TAG: {
		const struct profbuf_tag *p = (const void *)r;

		return p->bytes <= p->len * 8 - sizeof(*p);
	}
	case PROFBUF_RECORD_EXEC:
	case PROFBUF_RECORD_EXIT:
		return memchr(((const struct profbuf_life *)r)->comm, 0, 16);
	case PROFBUF_RECORD_MAPPING:
		return valid_mapping((const void *)r);
	case PROFBUF_RECORD_MARKER:
		return valid_marker((const void *)r);
	case PROFBUF_RECORD_SYMBOL: {
		const struct profbuf_symbol_record *p = (const void *)r;

		return p->start < p->end && has_strings(r, p->text, 2);
	}
	case PROFBUF_RECORD_JIT_SYMBOL: {
		const struct profbuf_jit_symbol_record *p = (const void *)r;

		return p->start < p->end && has_strings(r, p->name, 1);
	}
	case PROFBUF_RECORD_COMMAND:
		return has_strings(r, ((const struct profbuf_command_record *)r)->text, r->misc);
	case PROFBUF_RECORD_OTEL_KEYS:
		return has_strings(r, ((const struct profbuf_otel_keys_record *)r)->text, r->misc);
	case PROFBUF_RECORD_CGROUP:
		return has_strings(r, ((const struct profbuf_cgroup_record *)r)->path, 1);
	case PROFBUF_RECORD_STACK: {
		const struct profbuf_stack_record *p = (const void *)r;

		return p->len >= sizeof(*p) / 8 + p->nr_kernel + p->nr_user;
	}
	default:
		return true;
	}
}

/* The first record tells whether the rest can be understood. */
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
	if (r->len < min_words(r->type) || !valid(stream, r))
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
