// SPDX-License-Identifier: GPL-2.0-only
/*
 * jit_recorder.c - names for the code that the processes of a stream made at run time
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "jit_recorder.h"

#define OPEN_MAX_MAPS	128	/* maps of more processes than this are found only while they live, or in /tmp */

static struct jit_subject *get_subject(struct jit_recorder *r, uint32_t pid)
{
	uint64_t hash = hash_mix(pid, 0), at = hash;
	uint32_t id;

	while ((id = index_next(&r->subject_index, hash, &at)) != INDEX_NONE) {
		if (r->subjects[id].process.pid == pid)
			return &r->subjects[id];
	}
	if (!ARRAY_GROW(r->subjects, r->nr_subjects, r->room_subjects) ||
	    !index_add(&r->subject_index, hash, r->nr_subjects))
		return NULL;
	r->subjects[r->nr_subjects] = (struct jit_subject){ .process.pid = pid, .fd = -1 };
	return &r->subjects[r->nr_subjects++];
}

static bool add_address(struct jit_recorder *r, uint32_t pid, uint64_t address)
{
	uint64_t hash = hash_mix(address, pid), at = hash;
	uint32_t id;

	while ((id = index_next(&r->address_index, hash, &at)) != INDEX_NONE) {
		if (r->addresses[id].address == address && r->addresses[id].pid == pid)
			return true;
	}
	if (!ARRAY_GROW(r->addresses, r->n, r->room) || !index_add(&r->address_index, hash, r->n))
		return false;
	r->addresses[r->n++] = (struct jit_address){ pid, address };
	return true;
}

static int add_sample(struct jit_recorder *r, const struct profbuf_sample *s)
{
	const struct jit_subject *subject = s->nr_user ? get_subject(r, s->pid) : NULL;

	if (!s->nr_user)
		return 0;
	if (!subject)
		return -ENOMEM;
	if (subject->described && !subject->has_code)
		return 0;
	for (unsigned int i = 0; i < s->nr_user; i++) {
		if (!add_address(r, s->pid, s->frames[s->nr_kernel + i] - !!i))
			return -ENOMEM;
	}
	return 0;
}

static void close_map(struct jit_recorder *r, struct jit_subject *s)
{
	if (s->fd < 0)
		return;
	close(s->fd);
	s->fd = -1;
	r->nr_open--;
}

/* The same process again, or another under its id. */
static int add_process(struct jit_recorder *r, const struct profbuf_process *p)
{
	struct jit_subject *s = get_subject(r, p->pid);

	if (!s)
		return -ENOMEM;
	/* Of one on its way out no more is known than before. */
	if (s->described && p->misc & PROFBUF_PROCESS_EXITING)
		return 0;
	if (s->described && s->process.start_time != p->start_time) {
		close_map(r, s);
		s->has_code = false;
	}
	s->described = true;
	s->process = (struct jit_process){ p->pid, p->ns_pid, p->uid, p->start_time };
	return 0;
}

static int add_mapping(struct jit_recorder *r, const struct profbuf_mapping *m)
{
	struct jit_subject *s;

	if (!jit_mapping(m))
		return 0;
	s = get_subject(r, m->pid);
	if (!s)
		return -ENOMEM;
	s->has_code = true;
	if (s->fd < 0 && s->process.start_time == m->start_time && r->nr_open < OPEN_MAX_MAPS) {
		s->fd = jit_map_open(&s->process);
		r->nr_open += s->fd >= 0;
	}
	return 0;
}

int jit_recorder_add(struct jit_recorder *r, const struct profbuf_record *record)
{
	switch (record->type) {
	case PROFBUF_RECORD_SAMPLE:
		return add_sample(r, (const struct profbuf_sample *)record);
	case PROFBUF_RECORD_PROCESS:
		return add_process(r, (const struct profbuf_process *)record);
	case PROFBUF_RECORD_MAPPING:
		return add_mapping(r, (const struct profbuf_mapping *)record);
	default:
		return 0;
	}
}

/* As it is now, if the process lives; else as it was when it ended. False: no memory. */
static bool read_map(struct jit_recorder *r, struct jit_subject *s)
{
	int fd = jit_map_open(&s->process);
	bool ok;

	s->looked_here = true;
	if (fd < 0 && s->fd >= 0) {
		fd = s->fd;
		s->fd = -1;
		r->nr_open--;
	}
	if (fd < 0)
		fd = jit_map_open_here(&s->process);
	ok = fd < 0 || jit_map_read(&s->map, &r->strings, fd);
	return jit_map_sort(&s->map) && ok;
}

static int emit_entry(const struct jit_process *p, const struct jit_entry *e,
		      int (*emit)(const struct profbuf_record *record, void *context), void *context)
{
	uint64_t words[PROFBUF_RECORD_MAX / 8] = { 0 };
	struct profbuf_jit_symbol_record *s = (struct profbuf_jit_symbol_record *)words;
	size_t bytes = strlen(e->name) + 1;
	struct timespec now;

	if (sizeof(*s) + bytes > sizeof(words))
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	s->len = (sizeof(*s) + bytes + 7) / 8;
	s->time = now.tv_sec * 1000000000ULL + now.tv_nsec;
	s->type = PROFBUF_RECORD_JIT_SYMBOL;
	s->cpu = PROFBUF_CPU_NONE;
	s->pid = p->pid;
	s->start_time = p->start_time;
	s->start = e->start;
	s->end = e->end;
	memcpy(s->name, e->name, bytes);
	return emit((const struct profbuf_record *)s, context);
}

static int by_address(const void *a, const void *b)
{
	const struct jit_address *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->address < y->address ? -1 : x->address > y->address;
}

int jit_recorder_emit(struct jit_recorder *r, int (*emit)(const struct profbuf_record *record, void *context),
		      void *context)
{
	const struct jit_entry *entry, *last = NULL;
	int err = 0;

	if (!r->n)
		return 0;
	/* Many addresses lie in one function; in order, each comes once, or seldom more often. */
	qsort(r->addresses, r->n, sizeof(*r->addresses), by_address);
	index_exit(&r->address_index);
	for (size_t i = 0; i < r->n && !err; i++) {
		struct jit_subject *s = get_subject(r, r->addresses[i].pid);

		if (!s->described || !s->has_code)
			continue;
		if (!s->looked_here && !read_map(r, s))
			return -ENOMEM;
		entry = jit_map_find(&s->map, r->addresses[i].address);
		if (entry && entry != last)
			err = emit_entry(&s->process, entry, emit, context);
		last = entry ? entry : last;
	}
	return err;
}

void jit_recorder_exit(struct jit_recorder *r)
{
	for (size_t i = 0; i < r->nr_subjects; i++) {
		close_map(r, &r->subjects[i]);
		jit_map_exit(&r->subjects[i].map);
	}
	free(r->subjects);
	free(r->addresses);
	index_exit(&r->subject_index);
	index_exit(&r->address_index);
	strings_exit(&r->strings);
}
