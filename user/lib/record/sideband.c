// SPDX-License-Identifier: GPL-2.0-only
/*
 * sideband.c - remember the records of a stream that explain later samples
 */
#include <errno.h>

#include "base/table.h"
#include "sideband.h"

#define LIVES	UINT64_MAX	/* an entry's field until: do not forget it yet */
/*
 * How long entries are kept after the end of their process, in the stream's time. A record of the process that comes
 * after its end waited in the ring of another CPU, or for its description, for far less than this.
 */
#define KEEP_NS	5000000000ULL

/* What a record describes. A later record of the same subject replaces it. */
struct subject {
	uint16_t type;		/* of the record */
	uint32_t pid;
	uint64_t id;		/* thread, tag, CPU, or address of a module */
	uint64_t start_time;
};

struct entry {
	struct subject subject;
	uint64_t until;		/* forget it then (in the stream's time), after its process ended; or LIVES */
	uint32_t next;		/* next entry of that pid; INDEX_NONE: none */
	uint64_t *words;	/* one record; after a process record, those of its mappings */
	size_t n, room;
};

/* The entries of a pid, and the last process of that pid that ended, for as long as descriptions of it may come. */
struct owner {
	uint32_t pid;
	uint32_t first;		/* first entry; INDEX_NONE: none */
	uint64_t until;		/* when to forget the owner if it has no entry */
	uint64_t ended;		/* when that process ended; 0: none ended */
	uint64_t start_time;	/* of that process */
};

struct sideband {
	struct entry *entries;
	size_t n, room;
	struct index index;	/* by subject */

	struct owner *owners;
	size_t nr_owners, room_owners;
	struct index owner_index;	/* by pid */

	uint64_t time;		/* the stream's time: of its latest record */
	uint64_t next_forget;	/* when to look for entries to forget */
};

int sideband_new(struct sideband **sideband)
{
	*sideband = calloc(1, sizeof(**sideband));
	return *sideband ? 0 : -ENOMEM;
}

void sideband_free(struct sideband *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->n; i++)
		free(s->entries[i].words);
	free(s->entries);
	free(s->owners);
	index_exit(&s->index);
	index_exit(&s->owner_index);
	free(s);
}

static uint64_t hash_of(const struct subject *subject)
{
	return hash_mix(hash_mix(subject->type, subject->pid), hash_mix(subject->id, subject->start_time));
}

static struct entry *find(struct sideband *s, const struct subject *subject)
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

/* NULL: no memory. */
static struct owner *get_owner(struct sideband *s, uint32_t pid)
{
	uint64_t hash = hash_mix(pid, 0), at = hash;
	uint32_t id;

	while ((id = index_next(&s->owner_index, hash, &at)) != INDEX_NONE) {
		if (s->owners[id].pid == pid)
			return &s->owners[id];
	}
	if (!ARRAY_GROW(s->owners, s->nr_owners, s->room_owners) || !index_add(&s->owner_index, hash, s->nr_owners))
		return NULL;
	s->owners[s->nr_owners] = (struct owner){ .pid = pid, .first = INDEX_NONE };
	return &s->owners[s->nr_owners++];
}

/* Adds an entry to the index. @owner: of its pid; NULL if there was no memory for it. False: no memory. */
static bool index_entry(struct sideband *s, struct owner *owner, uint32_t id)
{
	struct entry *e = &s->entries[id];

	if (!owner || !index_add(&s->index, hash_of(&e->subject), id))
		return false;
	e->next = owner->first;
	owner->first = id;
	return true;
}

/*
 * Whether the process of @subject has ended. Its description may come after its end; the next process of that pid began
 * after that end.
 */
static bool has_ended(const struct owner *owner, const struct subject *subject, uint64_t time)
{
	if (subject->type == PROFBUF_RECORD_PROCESS)
		return owner->ended && subject->start_time <= owner->start_time;
	return owner->ended && time <= owner->ended;
}

/* Gets the subject's entry, and empties it. @time: of the new record. NULL: no memory. */
static struct entry *begin(struct sideband *s, const struct subject *subject, uint64_t time)
{
	struct owner *owner = get_owner(s, subject->pid);
	struct entry *e = find(s, subject);

	if (!owner)
		return NULL;
	if (!e) {
		if (!ARRAY_GROW(s->entries, s->n, s->room))
			return NULL;
		s->entries[s->n] = (struct entry){ .subject = *subject };
		if (!index_entry(s, owner, s->n))
			return NULL;
		e = &s->entries[s->n++];
	}
	e->until = has_ended(owner, subject, time) ? s->time + KEEP_NS : LIVES;
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

static int add_process(struct sideband *s, const struct profbuf_process *p)
{
	const struct subject subject = { PROFBUF_RECORD_PROCESS, p->pid, 0, p->start_time };

	/* A description of an exiting process says nothing new; and perhaps only a thread is exiting. */
	if (p->misc & PROFBUF_PROCESS_EXITING && find(s, &subject))
		return 0;
	return append(begin(s, &subject, p->time), (const struct profbuf_record *)p);
}

/* A mapping belongs to the last description of its process. Without a description it explains nothing. */
static int add_mapping(struct sideband *s, const struct profbuf_mapping *m)
{
	const struct subject process = { PROFBUF_RECORD_PROCESS, m->pid, 0, m->start_time };
	struct entry *e = find(s, &process);

	return e ? append(e, (const struct profbuf_record *)m) : 0;
}

/*
 * Marks the entries of the process, its threads and tags. Samples of them may still come: so they are forgotten after
 * the next emission, or after KEEP_NS.
 */
static int end_process(struct sideband *s, const struct profbuf_life *life)
{
	struct owner *owner = get_owner(s, life->pid);
	struct entry *e;

	if (!owner)
		return -ENOMEM;
	/* Pid 0 stands for all processes without a pid in the reader's namespace, and for records of no process. */
	if (life->pid) {
		owner->until = s->time + KEEP_NS;
		owner->ended = life->time > owner->ended ? life->time : owner->ended;
		owner->start_time = life->start_time > owner->start_time ? life->start_time : owner->start_time;
	}
	for (uint32_t id = owner->first; id != INDEX_NONE; id = e->next) {
		e = &s->entries[id];
		if (e->subject.type == PROFBUF_RECORD_PROCESS ? e->subject.start_time == life->start_time : life->pid)
			e->until = s->time + KEEP_NS;
	}
	return 0;
}

/* Builds the indexes again after the entries have moved. */
static int index_again(struct sideband *s)
{
	size_t i, n = s->nr_owners;

	index_exit(&s->index);
	index_exit(&s->owner_index);
	for (s->nr_owners = i = 0; i < n; i++) {
		struct owner owner = s->owners[i];

		if (owner.until <= s->time)
			continue;
		owner.first = INDEX_NONE;
		if (!index_add(&s->owner_index, hash_mix(owner.pid, 0), s->nr_owners))
			return -ENOMEM;
		s->owners[s->nr_owners++] = owner;
	}
	for (i = 0; i < s->n; i++) {
		if (!index_entry(s, get_owner(s, s->entries[i].subject.pid), i))
			return -ENOMEM;
	}
	return 0;
}

/* Forgets the entries whose time until is @time or earlier. */
static int forget(struct sideband *s, uint64_t time)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		if (s->entries[i].until <= time)
			free(s->entries[i].words);
		else
			s->entries[n++] = s->entries[i];
	}
	/* More owners than entries: some owners have no entry, as only the end of their process came. */
	if (n == s->n && s->nr_owners <= n)
		return 0;
	s->n = n;
	return index_again(s);
}

static int add_record(struct sideband *s, const struct profbuf_record *record)
{
	struct subject subject = { .type = record->type };

	switch (record->type) {
	case PROFBUF_RECORD_PROCESS:
		return add_process(s, (const struct profbuf_process *)record);
	case PROFBUF_RECORD_MAPPING:
		return add_mapping(s, (const struct profbuf_mapping *)record);
	case PROFBUF_RECORD_THREAD:
		subject.pid = ((const struct profbuf_thread *)record)->pid;
		subject.id = ((const struct profbuf_thread *)record)->tid;
		subject.start_time = ((const struct profbuf_thread *)record)->start_time;
		return append(begin(s, &subject, record->time), record);
	case PROFBUF_RECORD_TAG:
		subject.pid = ((const struct profbuf_tag *)record)->pid;
		subject.id = ((const struct profbuf_tag *)record)->tag;
		return append(begin(s, &subject, record->time), record);
	case PROFBUF_RECORD_OTEL_KEYS:
		subject.pid = ((const struct profbuf_otel_keys_record *)record)->pid;
		subject.start_time = ((const struct profbuf_otel_keys_record *)record)->start_time;
		return append(begin(s, &subject, record->time), record);
	case PROFBUF_RECORD_RATE:
		subject.id = record->cpu;
		return append(begin(s, &subject, record->time), record);
	case PROFBUF_RECORD_MODULE:
		subject.id = ((const struct profbuf_module *)record)->start;
		return append(begin(s, &subject, record->time), record);
	case PROFBUF_RECORD_EXIT:
		return end_process(s, (const struct profbuf_life *)record);
	}
	return 0;
}

int sideband_add(struct sideband *s, const struct profbuf_record *record)
{
	int err = 0;

	if (record->time > s->time)
		s->time = record->time;
	if (s->time >= s->next_forget) {
		s->next_forget = s->time + KEEP_NS;
		err = forget(s, s->time);
	}
	return err ? err : add_record(s, record);
}

int sideband_emit(struct sideband *s, int (*emit)(const struct profbuf_record *record, void *context), void *context)
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
	/* Forget everything that has ended. */
	return forget(s, LIVES - 1);
}
