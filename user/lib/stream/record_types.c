// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * record_types.c - check records of each type, so that a reader may use every field
 */
#include <string.h>

#include "record_types.h"

/* Whether @n zero-terminated strings lie between @text and the end of the record. */
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

/* Checks. A record has at least the length of its type; @nr_cpus is that of the stream, 0 for its first record. */

static bool is_of_a_cpu(const struct profbuf_record *r, uint32_t nr_cpus)
{
	return r->cpu < nr_cpus;
}

static bool is_info(const struct profbuf_record *r, uint32_t nr_cpus)
{
	const struct profbuf_stream_info *p = (const void *)r;

	return !nr_cpus && p->nr_cpus && p->nr_cpus <= PROFBUF_CPU_NONE && p->period &&
	       p->nr_skips <= PROFBUF_SKIPS_MAX && memchr(p->release, 0, sizeof(p->release)) &&
	       memchr(p->machine, 0, sizeof(p->machine));
}

static bool is_sample(const struct profbuf_record *r, uint32_t nr_cpus)
{
	const struct profbuf_sample *p = (const void *)r;

	return p->cpu < nr_cpus && p->len >= sizeof(*p) / 8 + p->nr_kernel + p->nr_user;
}

static bool is_rate(const struct profbuf_record *r, uint32_t nr_cpus)
{
	return r->cpu < nr_cpus && ((const struct profbuf_rate *)r)->stride;
}

#define CHECK(name, type, condition)								\
	static bool name(const struct profbuf_record *r, uint32_t nr_cpus)			\
	{											\
		const struct type *p = (const void *)r;						\
												\
		(void)nr_cpus;									\
		return condition;								\
	}

CHECK(is_process, profbuf_process, memchr(p->comm, 0, sizeof(p->comm)))
CHECK(is_thread, profbuf_thread, memchr(p->comm, 0, sizeof(p->comm)))
CHECK(is_life, profbuf_life, memchr(p->comm, 0, sizeof(p->comm)))
CHECK(is_mapping, profbuf_mapping, p->start < p->end && p->build_id_len <= sizeof(p->build_id) &&
	has_strings(r, p->path, 1))
CHECK(is_module, profbuf_module, p->start < p->end && *p->name && memchr(p->name, 0, sizeof(p->name)))
CHECK(is_marker, profbuf_marker, p->misc < p->len * 8 - sizeof(*p) && !p->text[p->misc])
CHECK(is_tag, profbuf_tag, p->bytes <= p->len * 8 - sizeof(*p))
CHECK(is_symbol, profbuf_symbol_record, p->start < p->end && has_strings(r, p->text, 2))
CHECK(is_jit_symbol, profbuf_jit_symbol_record, p->start < p->end && has_strings(r, p->name, 1))
CHECK(is_command, profbuf_command_record, has_strings(r, p->text, p->misc))
CHECK(is_otel_keys, profbuf_otel_keys_record, has_strings(r, p->text, p->misc))
CHECK(is_cgroup, profbuf_cgroup_record, has_strings(r, p->path, 1))
CHECK(is_stack, profbuf_stack_record, p->len >= sizeof(*p) / 8 + p->nr_kernel + p->nr_user)

/* Each type is a row. A type with required text needs one word more than its struct. */

static const struct record_type kernel_types[] = {
	[PROFBUF_RECORD_LOST] = { sizeof(struct profbuf_lost), is_of_a_cpu },
	[PROFBUF_RECORD_SAMPLE] = { sizeof(struct profbuf_sample), is_sample },
	[PROFBUF_RECORD_INFO] = { sizeof(struct profbuf_stream_info), is_info },
	[PROFBUF_RECORD_COUNTERS] = { sizeof(struct profbuf_record_counters), is_of_a_cpu },
	[PROFBUF_RECORD_PROCESS] = { sizeof(struct profbuf_process), is_process },
	[PROFBUF_RECORD_MAPPING] = { sizeof(struct profbuf_mapping) + 8, is_mapping },
	[PROFBUF_RECORD_MARKER] = { sizeof(struct profbuf_marker) + 8, is_marker },
	[PROFBUF_RECORD_SIDEBAND_LOST] = { sizeof(struct profbuf_sideband_lost), NULL },
	[PROFBUF_RECORD_THREAD] = { sizeof(struct profbuf_thread), is_thread },
	[PROFBUF_RECORD_TAG] = { sizeof(struct profbuf_tag), is_tag },
	[PROFBUF_RECORD_TAG_LOST] = { sizeof(struct profbuf_tag_lost), NULL },
	[PROFBUF_RECORD_EXEC] = { sizeof(struct profbuf_life), is_life },
	[PROFBUF_RECORD_EXIT] = { sizeof(struct profbuf_life), is_life },
	[PROFBUF_RECORD_RATE] = { sizeof(struct profbuf_rate), is_rate },
	[PROFBUF_RECORD_MODULE] = { sizeof(struct profbuf_module), is_module },
};

#define FILE_ROW(type)	((type) - PROFBUF_RECORD_SYMBOL)

static const struct record_type file_types[] = {
	[FILE_ROW(PROFBUF_RECORD_SYMBOL)] = { sizeof(struct profbuf_symbol_record) + 8, is_symbol },
	[FILE_ROW(PROFBUF_RECORD_COMMAND)] = { sizeof(struct profbuf_command_record), is_command },
	[FILE_ROW(PROFBUF_RECORD_STACK)] = { sizeof(struct profbuf_stack_record), is_stack },
	[FILE_ROW(PROFBUF_RECORD_STACK_SAMPLE)] = { sizeof(struct profbuf_sample), is_of_a_cpu },
	[FILE_ROW(PROFBUF_RECORD_OTEL_KEYS)] = { sizeof(struct profbuf_otel_keys_record), is_otel_keys },
	[FILE_ROW(PROFBUF_RECORD_CGROUP)] = { sizeof(struct profbuf_cgroup_record) + 8, is_cgroup },
	[FILE_ROW(PROFBUF_RECORD_PART)] = { sizeof(struct profbuf_part_record), is_of_a_cpu },
	[FILE_ROW(PROFBUF_RECORD_JIT_SYMBOL)] = { sizeof(struct profbuf_jit_symbol_record) + 8, is_jit_symbol },
};

#define ROWS(table)	(sizeof(table) / sizeof(*(table)))

const struct record_type *record_type(unsigned int type)
{
	const struct record_type *row = NULL;

	if (type < ROWS(kernel_types))
		row = &kernel_types[type];
	else if (type >= PROFBUF_RECORD_SYMBOL && FILE_ROW(type) < ROWS(file_types))
		row = &file_types[FILE_ROW(type)];
	return row && row->bytes ? row : NULL;
}
