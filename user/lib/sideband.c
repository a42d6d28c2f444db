// SPDX-License-Identifier: GPL-2.0-only
/*
 * sideband.c - what of a stream explains the samples that are still to come
 */
#include <errno.h>

#include "profbuf.h"
#include "table.h"

/* What a record describes: one that describes the same replaces it. */
struct subject {
	uint16_t type;		/* of the record */
	uint32_t pid;
	uint64_t id;		/* thread, tag, CPU, or address of a module */
	uint64_t start_time;
};

struct entry {
	struct subject subject;
	bool ended;
	uint64_t *words;	/* one record; of a process, those of its mappings follow */
	size_t n, room;
};

struct profbuf_sideband {
	struct entry *entries;
	size_t n, room;
	struct index index;	/* by subject */
};

int profbuf_sideband_new(struct profbuf_sideband **sideband)
{
	*sideband = calloc(1, sizeof(**sideband));
	return *sideband ? 0 : -ENOMEM;
}

void profbuf_sideband_free(struct profbuf_sideband *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->n; i++)
		free(s->entries[i].words);
	free(s->entries);
	index_exit(&s->index);
	free(s);
}

static uint64_t hash_of(const struct subject *subject)
{
	return hash_mix(hash_mix(subject->type, subject->pid), hash_mix(subject->id, subject->start_time));
}

static struct entry *find(struct profbuf_sideband *s, const struct subject *subject)
{
	uint64_t hash = hash_of(subject), at = hash;
	uint32_t id;

	while ((id = index_next(&s->index, hash, &at)) != INDEX_NONE) {
		const struct subject *found = &s->entries[id].subject;

		if (found->type == subject->type && found->pid == subject->pid && found->id == subject->id &&
		    found->start_time == subject->start_time)
			return &s->entries[id];
	}
	return NULL;
}

/* What was said of the subject is forgotten. NULL: no memory. */
static struct entry *begin(struct profbuf_sideband *s, const struct subject *subject)
{
	struct entry *e = find(s, subject);

	if (!e) {
		if (!ARRAY_GROW(s->entries, s->n, s->room) || !index_add(&s->index, hash_of(subject), s->n))
			return NULL;
		e = &s->entries[s->n++];
		*e = (struct entry){ .subject = *subject };
	}
	e->ended = false;
	e->n = 0;
	return e;
}

static int append(struct entry *e, const struct profbuf_record *record)
{
	uint64_t *words;

	if (!e)
		return -ENOMEM;
	if (e->n + record->len > e->room) {
		words = realloc(e->words, (e->n + record->len) * 2 * sizeof(*words));
		if (!words)
			return -ENOMEM;
		e->words = words;
		e->room = (e->n + record->len) * 2;
	}
	memcpy(e->words + e->n, record, record->len * sizeof(*e->words));
	e->n += record->len;
	return 0;
}

/* A mapping belongs to the last description of its process; without one it explains nothing. */
static int add_mapping(struct profbuf_sideband *s, const struct profbuf_mapping *m)
{
	const struct subject process = { PROFBUF_RECORD_PROCESS, m->pid, 0, m->start_time };
	struct entry *e = find(s, &process);

	return e ? append(e, (const struct profbuf_record *)m) : 0;
}

/* The process, its threads and tags: samples of them may still come, so they go with the next emission. */
static void end_process(struct profbuf_sideband *s, const struct profbuf_life *life)
{
	for (size_t i = 0; i < s->n; i++) {
		struct entry *e = &s->entries[i];

		if (e->subject.pid == life->pid &&
		    (e->subject.type != PROFBUF_RECORD_PROCESS || e->subject.start_time == life->start_time))
			e->ended = true;
	}
}

int profbuf_sideband_add(struct profbuf_sideband *s, const struct profbuf_record *record)
{
	struct subject subject = { .type = record->type };

	switch (record->type) {
	case PROFBUF_RECORD_PROCESS:
		subject.pid = ((const struct profbuf_process *)record)->pid;
		subject.start_time = ((const struct profbuf_process *)record)->start_time;
		return append(begin(s, &subject), record);
	case PROFBUF_RECORD_MAPPING:
		return add_mapping(s, (const struct profbuf_mapping *)record);
	case PROFBUF_RECORD_THREAD:
		subject.pid = ((const struct profbuf_thread *)record)->pid;
		subject.id = ((const struct profbuf_thread *)record)->tid;
		subject.start_time = ((const struct profbuf_thread *)record)->start_time;
		return append(begin(s, &subject), record);
	case PROFBUF_RECORD_TAG:
		subject.pid = ((const struct profbuf_tag *)record)->pid;
		subject.id = ((const struct profbuf_tag *)record)->tag;
		return append(begin(s, &subject), record);
	case PROFBUF_RECORD_OTEL_KEYS:
		subject.pid = ((const struct profbuf_otel_keys_record *)record)->pid;
		subject.start_time = ((const struct profbuf_otel_keys_record *)record)->start_time;
		return append(begin(s, &subject), record);
	case PROFBUF_RECORD_RATE:
		subject.id = record->cpu;
		return append(begin(s, &subject), record);
	case PROFBUF_RECORD_MODULE:
		subject.id = ((const struct profbuf_module *)record)->start;
		return append(begin(s, &subject), record);
	case PROFBUF_RECORD_EXIT:
		end_process(s, (const struct profbuf_life *)record);
		return 0;
	}
	return 0;
}

/* Forgets what has ended. */
static int forget(struct profbuf_sideband *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		if (s->entries[i].ended)
			free(s->entries[i].words);
		else
			s->entries[n++] = s->entries[i];
	}
	if (n == s->n)
		return 0;
	s->n = n;
	index_exit(&s->index);
	for (i = 0; i < n; i++) {
		if (!index_add(&s->index, hash_of(&s->entries[i].subject), i))
			return -ENOMEM;
	}
	return 0;
}

int profbuf_sideband_emit(struct profbuf_sideband *s, int (*emit)(const struct profbuf_record *record, void *context),
			  void *context)
{
	size_t i, at;
	int err;

	for (i = 0; i < s->n; i++) {
		const struct entry *e = &s->entries[i];

		for (at = 0; at < e->n; at += e->words[at]) {
			err = emit((const struct profbuf_record *)(e->words + at), context);
			if (err)
				return err;
		}
	}
	return forget(s);
}
