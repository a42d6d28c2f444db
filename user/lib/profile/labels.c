// SPDX-License-Identifier: GPL-2.0-only
/*
 * labels.c - make label sets from the records that say what tags mean
 *
 * The bytes come from the memory of the profiled processes. Bytes that are no label set give a set that is not known,
 * with the cause. Labels are kept sorted by key, each key once, so that equal sets are stored once.
 */
#include <stdio.h>

#include "base/sorted.h"
#include "labels.h"

/* As many labels as a thread context can have: all its keys, and its two ids. */
#define SET_MAX		(256 + 2)

#define OTEL_TRACE_ID	0
#define OTEL_SPAN_ID	16
#define OTEL_VALID	24
#define OTEL_SIZE	26
#define OTEL_ATTRS	28

/* A set that is being made. */
struct set {
	struct profbuf_label labels[SET_MAX];
	uint32_t n;
	bool short_of_memory;
};

/* Inserts a label where its key belongs. A linear search is enough, as sets are short. */
static void set_add(struct set *set, const char *key, const char *value)
{
	uint32_t at = set->n;

	if (!key || !value) {
		set->short_of_memory = true;
		return;
	}
	while (at && strcmp(set->labels[at - 1].key, key) > 0)
		at--;
	/* If a key comes twice, its first label counts. */
	if ((at && !strcmp(set->labels[at - 1].key, key)) || set->n == SET_MAX)
		return;
	memmove(&set->labels[at + 1], &set->labels[at], (set->n - at) * sizeof(set->labels[0]));
	set->labels[at] = (struct profbuf_label){ key, value };
	set->n++;
}

static uint32_t intern(struct labels *l, const struct profbuf_label *labels, uint32_t n, uint32_t cause)
{
	size_t bytes = n * sizeof(*labels);
	uint64_t hash = hash_mix(n, cause), at;
	struct profbuf_label *copy;
	struct profbuf_labels *set;
	uint32_t i, id;

	/* The strings are interned: equal strings have equal addresses. */
	for (i = 0; i < n; i++)
		hash = hash_mix(hash_mix(hash, (uintptr_t)labels[i].key), (uintptr_t)labels[i].value);
	at = hash;
	while ((id = index_next(&l->index, hash, &at)) != INDEX_NONE) {
		if (l->all[id]->n == n && l->all[id]->cause == cause &&
		    (!n || !memcmp(l->all[id]->all, labels, bytes)))
			return id;
	}
	set = arena_alloc(&l->symbols->arena, sizeof(*set));
	copy = arena_alloc(&l->symbols->arena, bytes);
	if (!set || !copy || !ARRAY_GROW(l->all, l->n, l->room) || !index_add(&l->index, hash, l->n))
		return INDEX_NONE;
	if (n)
		memcpy(copy, labels, bytes);
	*set = (struct profbuf_labels){ .id = l->n, .cause = cause, .n = n, .all = copy };
	l->all[l->n] = set;
	return l->n++;
}

static uint32_t intern_set(struct labels *l, const struct set *set)
{
	return set->short_of_memory ? INDEX_NONE : intern(l, set->labels, set->n, PROFBUF_TAG_KNOWN);
}

static uint32_t intern_unknown(struct labels *l, uint32_t cause)
{
	return intern(l, NULL, 0, cause);
}

bool labels_init(struct labels *l, struct symbols *symbols)
{
	l->symbols = symbols;
	/* The first set has id 0: it is the set of samples without a tag. */
	return intern(l, NULL, 0, PROFBUF_TAG_KNOWN) == 0;
}

/* @text is key, value, key, value, ..., each zero-terminated. */
static uint32_t intern_text(struct labels *l, const char *text, size_t bytes, unsigned int max)
{
	struct strings *table = &l->symbols->strings;
	const char *end = text + bytes, *value;
	struct set set;
	unsigned int n;

	if (bytes && end[-1])
		return intern_unknown(l, PROFBUF_TAG_BAD);
	set.n = 0;
	set.short_of_memory = false;
	for (n = 0; text < end; n++) {
		value = text + strlen(text) + 1;
		if (n == max || !*text || value == end)
			return intern_unknown(l, PROFBUF_TAG_BAD);
		set_add(&set, strings_intern(table, text), strings_intern(table, value));
		text = value + strlen(value) + 1;
	}
	return intern_set(l, &set);
}

uint32_t labels_text(struct labels *l, const char *text, size_t bytes)
{
	if (bytes > PROFBUF_LABELS_BYTES)
		return intern_unknown(l, PROFBUF_TAG_BAD);
	return intern_text(l, text, bytes, PROFBUF_LABELS_MAX);
}

uint32_t labels_any(struct labels *l, const char *text, size_t bytes)
{
	return intern_text(l, text, bytes, SET_MAX);
}

/*
 * Returns the key names of the process that has @pid at @time. If there are several records, the last counts: a process
 * only adds names.
 */
static const struct profbuf_otel_keys_record *find_keys(const struct labels *l, const struct programs *programs,
							uint32_t pid, uint64_t time)
{
	const struct description *d = programs_find(programs, pid, time);
	const struct profbuf_otel_keys_record *any = NULL;
	size_t i;

	for (i = l->nr_keys; i-- > 0;) {
		const struct profbuf_otel_keys_record *keys = l->keys[i];

		if (keys->pid != pid)
			continue;
		if (!d || keys->start_time == d->program->start_time)
			return keys;
		if (!keys->start_time && !any)
			any = keys;
	}
	return any;
}

static const char *key_name(struct labels *l, const struct profbuf_otel_keys_record *keys, unsigned int index)
{
	const char *name = "";
	unsigned int i;

	if (keys && index < keys->misc) {
		for (name = keys->text, i = 0; i < index; i++)
			name += strlen(name) + 1;
	}
	if (!*name)
		return strings_format(&l->symbols->strings, "attr%u", index);
	return strings_intern(&l->symbols->strings, name);
}

static void add_hex(struct labels *l, struct set *set, const char *key, const char *bytes, unsigned int n)
{
	char text[2 * 16 + 1];
	bool some = false;

	for (unsigned int i = 0; i < n; i++) {
		snprintf(text + 2 * i, 3, "%02x", (unsigned char)bytes[i]);
		some |= bytes[i];
	}
	if (some)
		set_add(set, strings_intern(&l->symbols->strings, key), strings_intern(&l->symbols->strings, text));
}

/* Decodes PROFBUF_TAG_OTEL: ids, then {u8 key, u8 length, bytes}...; if a key comes twice, its last value counts. */
static uint32_t decode_otel(struct labels *l, const struct profbuf_tag *r,
			    const struct profbuf_otel_keys_record *keys)
{
	const char *value[256] = { NULL };
	unsigned int i, at, size;
	uint16_t attrs_bytes;
	struct set set;

	if (r->bytes < OTEL_ATTRS || r->data[OTEL_VALID] != 1)
		return intern_unknown(l, PROFBUF_TAG_BAD);
	memcpy(&attrs_bytes, r->data + OTEL_SIZE, sizeof(attrs_bytes));
	size = r->bytes - OTEL_ATTRS < attrs_bytes ? r->bytes - OTEL_ATTRS : attrs_bytes;
	for (at = 0; at + 2 <= size; at += 2 + (unsigned char)r->data[OTEL_ATTRS + at + 1]) {
		const char *entry = r->data + OTEL_ATTRS + at;

		if (at + 2 + (unsigned char)entry[1] > size)
			break;
		value[(unsigned char)entry[0]] = entry + 1;
	}
	set.n = 0;
	set.short_of_memory = false;
	add_hex(l, &set, "trace_id", r->data + OTEL_TRACE_ID, 16);
	add_hex(l, &set, "span_id", r->data + OTEL_SPAN_ID, 8);
	for (i = 0; i < 256; i++) {
		const char *text = value[i] ? value[i] + 1 : NULL;

		if (text)
			set_add(&set, key_name(l, keys, i),
				strings_intern_bytes(&l->symbols->strings, text,
						     strnlen(text, (unsigned char)*value[i])));
	}
	return intern_set(l, &set);
}

static bool add_definition(struct labels *l, const struct profbuf_tag *r)
{
	struct tag_definition d = {
		.pid = r->pid, .tag = r->tag, .time = r->time, .order = l->nr_definitions, .labels = INDEX_NONE,
	};
	struct profbuf_tag *copy;

	if (!ARRAY_GROW(l->definitions, l->nr_definitions, l->room_definitions))
		return false;
	if (r->cause != PROFBUF_TAG_KNOWN) {
		d.labels = intern_unknown(l, r->cause < PROFBUF_NR_TAG_CAUSES ? r->cause : PROFBUF_TAG_BAD);
	} else if (r->misc == PROFBUF_TAG_LABELS) {
		d.labels = labels_text(l, r->data, r->bytes);
	} else if (r->misc == PROFBUF_TAG_OTEL) {
		copy = arena_alloc(&l->symbols->arena, sizeof(*r) + r->bytes);
		d.record = copy ? memcpy(copy, r, sizeof(*r) + r->bytes) : NULL;
	} else {
		/* A kind of a later version: this version does not know what it means. */
		d.labels = intern_unknown(l, PROFBUF_TAG_UNDEFINED);
	}
	if (d.labels == INDEX_NONE && !d.record)
		return false;
	l->definitions[l->nr_definitions++] = d;
	return true;
}

static bool add_keys(struct labels *l, const struct profbuf_record *r)
{
	void *copy = arena_alloc(&l->symbols->arena, r->len * sizeof(uint64_t));

	if (!copy || !ARRAY_GROW(l->keys, l->nr_keys, l->room_keys))
		return false;
	l->keys[l->nr_keys++] = memcpy(copy, r, r->len * sizeof(uint64_t));
	return true;
}

bool labels_add(struct labels *l, const struct profbuf_record *r)
{
	return r->type == PROFBUF_RECORD_TAG ? add_definition(l, (const struct profbuf_tag *)r) : add_keys(l, r);
}

static int by_tag_and_time(const void *a, const void *b)
{
	const struct tag_definition *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->tag != y->tag)
		return x->tag < y->tag ? -1 : 1;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void labels_sort(struct labels *l)
{
	if (l->nr_sorted != l->nr_definitions)
		qsort(l->definitions, l->nr_definitions, sizeof(*l->definitions), by_tag_and_time);
	l->nr_sorted = l->nr_definitions;
}

/* Returns the last definition that is not later than @time, or else the first one after it. */
static struct tag_definition *find_definition(struct labels *l, uint32_t pid, uint64_t tag, uint64_t time)
{
	const struct tag_definition key = { .pid = pid, .tag = tag, .time = time, .order = UINT32_MAX };
	size_t after = sorted_after(l->definitions, l->nr_definitions, sizeof(key), by_tag_and_time, &key);
	struct tag_definition *d = l->definitions;

	if (after && d[after - 1].pid == pid && d[after - 1].tag == tag)
		return &d[after - 1];
	if (after < l->nr_definitions && d[after].pid == pid && d[after].tag == tag)
		return &d[after];
	return NULL;
}

uint32_t labels_find(struct labels *l, const struct programs *programs, uint32_t pid, uint64_t tag, uint64_t time)
{
	struct tag_definition *d = find_definition(l, tag & PROFBUF_TAG_OUTSIDE ? 0 : pid, tag, time);

	if (!d)
		return intern_unknown(l, PROFBUF_TAG_UNDEFINED);
	if (d->labels == INDEX_NONE)
		d->labels = decode_otel(l, d->record, find_keys(l, programs, d->pid, d->time));
	return d->labels;
}

void labels_exit(struct labels *l)
{
	index_exit(&l->index);
	free(l->all);
	free(l->definitions);
	free(l->keys);
}
