// SPDX-License-Identifier: GPL-2.0-only
/*
 * otel_context.c - read the key names of thread contexts from the memory of the process that publishes them
 *
 * OpenTelemetry's process context (OTEP 4719): a mapping of a certain name begins with a header, which points to a
 * protobuf message. The process may change both at any time: the time stamp in the header is 0 during a change, and has
 * a new value after it. Nothing that is read is trusted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"
#include "otel_context.h"
#include "record/otel_context.pb-c.h"

#define PAYLOAD_MAX	(64UL << 10)
#define VERSION		2
#define NAMES_MAX	256	/* an index is a byte */
#define TRIES		5

struct header {
	char signature[8];
	uint32_t version;
	uint32_t payload_bytes;
	uint64_t published_at;	/* 0: being changed */
	uint64_t payload;	/* address */
};

/* The message */

static bool is_known_schema(const char *schema)
{
	static const char *const known[] = { "tlsdesc_v1_dev", "tls_v1", "tlsdesc_v1" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(schema, known[i]))
			return true;
	}
	return false;
}

/* Looks for the schema and the names in a list of attributes. @known: set to false if the schema is not known. */
static void find_attributes(OtelContext__KeyValue **all, size_t n, const OtelContext__Array **names, bool *known)
{
	for (size_t i = 0; i < n; i++) {
		const OtelContext__Value *value = all[i]->value;

		if (!value)
			continue;
		if (!strcmp(all[i]->key, "threadlocal.schema_version"))
			*known = is_known_schema(value->string_value);
		else if (!strcmp(all[i]->key, "threadlocal.attribute_key_map") && value->array_value)
			*names = value->array_value;
	}
}

/* Makes a record with as many names as it has room for. */
static struct profbuf_otel_keys_record *make_record(const OtelContext__Array *names)
{
	struct profbuf_otel_keys_record *r = calloc(1, PROFBUF_RECORD_MAX);
	size_t at = 0, room = PROFBUF_RECORD_MAX - sizeof(*r);

	if (!r)
		return NULL;
	for (size_t i = 0; i < names->n_values && i < NAMES_MAX; i++) {
		size_t bytes = strlen(names->values[i]->string_value) + 1;

		if (at + bytes > room)
			break;
		memcpy(r->text + at, names->values[i]->string_value, bytes);
		at += bytes;
		r->misc++;
	}
	r->len = (sizeof(*r) + at + 7) / 8;
	r->type = PROFBUF_RECORD_OTEL_KEYS;
	r->cpu = PROFBUF_CPU_NONE;
	return r;
}

int profbuf_otel_keys_parse(const void *payload, size_t bytes, struct profbuf_otel_keys_record **record)
{
	const OtelContext__Array *names = NULL;
	OtelContext__ProcessContext *context;
	bool known = true;

	context = otel_context__process_context__unpack(NULL, bytes, payload);
	if (!context)
		return -EBADMSG;
	if (context->resource)
		find_attributes(context->resource->attributes, context->resource->n_attributes, &names, &known);
	find_attributes(context->attributes, context->n_attributes, &names, &known);
	*record = names && known ? make_record(names) : NULL;
	otel_context__process_context__free_unpacked(context, NULL);
	if (!names)
		return -ENOENT;
	return !known ? -EPROTO : *record ? 0 : -ENOMEM;
}

/* The memory */

static int read_memory(int mem, uint64_t address, void *to, size_t bytes)
{
	ssize_t n;

	if (address > INT64_MAX)
		return -EBADMSG;
	n = pread(mem, to, bytes, address);
	if (n < 0)
		return errno == EIO ? -EBADMSG : -errno;
	return (size_t)n == bytes ? 0 : -EBADMSG;
}

/* Tries once. -EAGAIN: the process changed the context meanwhile. */
static int read_once(int mem, uint64_t address, void *payload, struct profbuf_otel_keys_record **record)
{
	struct header before, after;
	int err = read_memory(mem, address, &before, sizeof(before));

	if (err)
		return err;
	if (memcmp(before.signature, "OTEL_CTX", sizeof(before.signature)) || before.version != VERSION)
		return -EBADMSG;
	if (!before.published_at)
		return -EAGAIN;
	if (before.payload_bytes > PAYLOAD_MAX)
		return -EBADMSG;
	err = read_memory(mem, before.payload, payload, before.payload_bytes);
	if (!err)
		err = read_memory(mem, address, &after, sizeof(after));
	if (err)
		return err;
	if (memcmp(&before, &after, sizeof(before)))
		return -EAGAIN;
	return profbuf_otel_keys_parse(payload, before.payload_bytes, record);
}

static int read_mapping(int mem, uint64_t address, struct profbuf_otel_keys_record **record)
{
	void *payload = malloc(PAYLOAD_MAX);
	int i, err = payload ? -EAGAIN : -ENOMEM;

	for (i = 0; i < TRIES && err == -EAGAIN; i++) {
		if (i)
			usleep(1000);
		err = read_once(mem, address, payload, record);
	}
	free(payload);
	return err;
}

/* Whether a line of /proc/PID/maps is the mapping of a process context. */
static bool is_context(const char *line, uint64_t *address)
{
	static const char *const names[] = { "[anon_shmem:OTEL_CTX]", "[anon:OTEL_CTX]", "/memfd:OTEL_CTX" };
	unsigned long long start;
	int at = 0;

	if (sscanf(line, "%llx-%*x %*s %*s %*s %*s %n", &start, &at) != 1 || !at)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);

		if (strncmp(line + at, names[i], n))
			continue;
		/* After the name the line ends, or says that the file was deleted. */
		if (!line[at + n] || line[at + n] == '\n' || line[at + n] == ' ') {
			*address = start;
			return true;
		}
	}
	return false;
}

int profbuf_otel_keys_read(uint32_t pid, struct profbuf_otel_keys_record **record)
{
	char path[32], *line = NULL;
	int mem, err = -ENOENT;
	size_t room = 0;
	uint64_t address;
	FILE *maps;
	pid_t tid = proc_live_thread(pid);

	if (!tid)
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%d/maps", tid);
	maps = fopen(path, "re");
	if (!maps)
		return errno == ENOENT ? -ESRCH : -errno;
	snprintf(path, sizeof(path), "/proc/%d/mem", tid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	if (mem < 0) {
		err = errno == ENOENT ? -ESRCH : -errno;
		goto out;
	}
	/* Take the first mapping with a valid context: the name alone does not prove it. */
	while (getline(&line, &room, maps) > 0) {
		if (!is_context(line, &address))
			continue;
		err = read_mapping(mem, address, record);
		if (!err || err == -ENOMEM)
			break;
	}
	close(mem);
	free(line);
out:
	fclose(maps);
	if (!err)
		(*record)->pid = pid;
	return err;
}
