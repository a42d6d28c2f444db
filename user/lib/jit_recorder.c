// SPDX-License-Identifier: GPL-2.0-only
/*
 * jit_recorder.c - names for the code that the processes of a stream made at run time
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "jit_recorder.h"
#include "job.h"

#define OPEN_MAX_MAPS	128	/* maps of more processes than this are found only while they live, or in /tmp */

/* How long a map is read, until the first one takes longer: a large one of a cold disk. Tests wait less. */
#ifndef JIT_READING_NS
#define JIT_READING_NS	10000000000ULL
#endif

/* What is done with a process's map, in a thread of its own. */
struct look {
	struct jit_process process;
	int fd;			/* of the map; -1: none */
	struct jit_map map;
	struct strings strings;	/* its names */
	bool no_memory;
};

static void look_free(void *arg)
{
	struct look *l = arg;

	if (!l)
		return;
	if (l->fd >= 0)
		close(l->fd);
	jit_map_exit(&l->map);
	strings_exit(&l->strings);
	free(l);
}

static void open_work(void *arg)
{
	struct look *l = arg;

	l->fd = jit_map_open(&l->process);
}

/* This can wait for the file system, too. */
static void close_work(void *arg)
{
	struct look *l = arg;

	close(l->fd);
	l->fd = -1;
}

/* As it is now, if the process lives; else as it was when it ended. */
static void read_work(void *arg)
{
	struct look *l = arg;
	int fd = jit_map_open(&l->process);
	bool ok;

	if (fd >= 0 && l->fd >= 0)
		close(l->fd);
	if (fd < 0)
		fd = l->fd;
	l->fd = -1;
	if (fd < 0)
		fd = jit_map_open_here(&l->process);
	ok = fd < 0 || jit_map_read(&l->map, &l->strings, fd);
	l->no_memory = !jit_map_sort(&l->map) || !ok;
}

/* @fd is taken. Return: 0: *@look is done, and the caller's; or as job_run(). */
static int look_at(struct jit_subject *s, void (*work)(void *arg), int fd, uint64_t patience_ns, struct look **look)
{
	struct look *l = calloc(1, sizeof(*l));
	int err;

	if (!l) {
		if (fd >= 0)
			close(fd);
		return -ENOMEM;
	}
	l->process = s->process;
	l->fd = fd;
	err = job_run_for(work, look_free, l, patience_ns);
	if (!err)
		*look = l;
	else if (err == -ETIMEDOUT)
		s->slow = true;
	else
		look_free(l);
	return err;
}

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

static void open_map(struct jit_recorder *r, struct jit_subject *s)
{
	struct look *look;

	if (s->slow || look_at(s, open_work, -1, JOB_PATIENCE_NS, &look))
		return;
	s->fd = look->fd;
	look->fd = -1;
	r->nr_open += s->fd >= 0;
	look_free(look);
}

/* The map, if it was opened; it is the caller's now. */
static int take_map(struct jit_recorder *r, struct jit_subject *s)
{
	int fd = s->fd;

	s->fd = -1;
	r->nr_open -= fd >= 0;
	return fd;
}

static void close_map(struct jit_recorder *r, struct jit_subject *s)
{
	struct look *look;
	int fd = take_map(r, s);

	if (fd >= 0 && !look_at(s, close_work, fd, JOB_PATIENCE_NS, &look))
		look_free(look);
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
		s->slow = false;
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
	if (s->fd < 0 && s->process.start_time == m->start_time && r->nr_open < OPEN_MAX_MAPS)
		open_map(r, s);
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

/* Reads a process's map. *@look: NULL: there is nothing to be had. Return: 0; -ENOMEM. */
static int read_map(struct jit_recorder *r, struct jit_subject *s, uint64_t *patience_ns, struct look **look)
{
	int err;

	*look = NULL;
	if (s->slow)
		return 0;
	err = look_at(s, read_work, take_map(r, s), *patience_ns, look);
	/* Not so long for each of them. */
	if (err == -ETIMEDOUT)
		*patience_ns = JOB_PATIENCE_NS;
	return err == -ENOMEM || (!err && (*look)->no_memory) ? -ENOMEM : 0;
}

int jit_recorder_emit(struct jit_recorder *r, int (*emit)(const struct profbuf_record *record, void *context),
		      void *context)
{
	const struct jit_entry *entry, *last = NULL;
	const struct jit_subject *subject = NULL;
	uint64_t patience_ns = JIT_READING_NS;
	struct look *look = NULL;
	int err = 0;

	if (!r->n)
		return 0;
	/* Many addresses lie in one function; in order, each comes once, or seldom more often: one map at a time. */
	qsort(r->addresses, r->n, sizeof(*r->addresses), by_address);
	index_exit(&r->address_index);
	for (size_t i = 0; i < r->n && !err; i++) {
		struct jit_subject *s = get_subject(r, r->addresses[i].pid);

		if (!s->described || !s->has_code)
			continue;
		if (s != subject) {
			look_free(look);
			err = read_map(r, s, &patience_ns, &look);
			subject = s;
			last = NULL;
		}
		entry = look && !err ? jit_map_find(&look->map, r->addresses[i].address) : NULL;
		if (entry && entry != last)
			err = emit_entry(&s->process, entry, emit, context);
		last = entry ? entry : last;
	}
	look_free(look);
	return err;
}

void jit_recorder_exit(struct jit_recorder *r)
{
	for (size_t i = 0; i < r->nr_subjects; i++)
		close_map(r, &r->subjects[i]);
	free(r->subjects);
	free(r->addresses);
	index_exit(&r->subject_index);
	index_exit(&r->address_index);
}
