// SPDX-License-Identifier: GPL-2.0-only
/*
 * jit_recorder.c - names for code that the processes of a stream generated at run time
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/job.h"
#include "base/look.h"
#include "jit_recorder.h"

/*
 * How many maps are held open. The map of any other process is found only if the process lives at the end, or in this
 * process's /tmp. When half of them are open, only users with a few open maps may open more: so the processes of one
 * user cannot take all.
 */
#define OPEN_MAX_MAPS	128
#define OPEN_MAX_FEW	16
#define NAME_BYTES_MAX	4096	/* with the zero; longer names are cut */
#define ENTRY_BYTES_MAX	(sizeof(struct entry) + NAME_BYTES_MAX)
#define ENTRIES_MAX	(64UL << 20)	/* bytes of all entries of one process */

/*
 * How long one map may take to read: enough for a large map on a cold disk. After the first map of a user that takes
 * longer, this user's other maps get JOB_PATIENCE_NS. Tests wait less.
 */
#ifndef JIT_READING_NS
#define JIT_READING_NS	10000000000ULL
#endif

/* A function that contains sampled addresses. */
struct entry {
	uint64_t start, end;
	size_t bytes;		/* of the whole entry, a multiple of 8 */
	char name[];
};

/* A look at a process's map, to find or read it in a job. This memory is shared with the job. */
struct look {
	struct jit_process process;
	int handle;		/* of the map that was found; -1: none */
	const struct jit_address *addresses;	/* the recorder's, of this process; not shared, the job has a copy */
	size_t n;
	size_t room, bytes;	/* of entries */
	char entries[];		/* struct entry, one after another */
};

static void find_work(void *arg)
{
	struct look *l = arg;
	int handle = jit_map_find_file(&l->process);

	if (handle >= 0)
		job_send(handle);
}

/* Opens the current map if the process lives; else the map that was found while it lived, or one in this /tmp. */
static int open_map(const struct look *l)
{
	int fd = jit_map_open(&l->process);

	if (fd >= 0)
		return fd;
	return l->handle >= 0 ? jit_map_reopen(&l->process, l->handle) : jit_map_open_here(&l->process);
}

static void add_entry(struct look *l, const struct jit_entry *from)
{
	size_t length = strnlen(from->name, NAME_BYTES_MAX - 1), bytes = (sizeof(struct entry) + length + 8) & ~7UL;
	struct entry *to = (struct entry *)(l->entries + l->bytes);

	if (bytes > l->room - l->bytes)
		return;
	*to = (struct entry){ .start = from->start, .end = from->end, .bytes = bytes };
	memcpy(to->name, from->name, length);
	l->bytes += bytes;
}

/* Many addresses lie in one function. As the addresses are sorted, each function is added once, rarely more often. */
static void add_entries(struct look *l, const struct jit_map *map)
{
	const struct jit_entry *entry, *last = NULL;

	for (size_t i = 0; i < l->n; i++) {
		entry = jit_map_find(map, l->addresses[i].address);
		if (entry && entry != last)
			add_entry(l, entry);
		last = entry ? entry : last;
	}
}

static void read_work(void *arg)
{
	struct strings strings = { 0 };
	struct jit_map map = { 0 };
	struct look *l = arg;
	int fd = open_map(l);

	/*
	 * If the map does not fit into memory, give no names: entries that were not read may replace those that were.
	 */
	if (fd >= 0 && jit_map_read(&map, &strings, fd) && jit_map_sort(&map))
		add_entries(l, &map);
	jit_map_exit(&map);
	strings_exit(&strings);
}

static struct look *look_new(const struct jit_subject *s, const struct jit_address *addresses, size_t n)
{
	size_t room = n < ENTRIES_MAX / ENTRY_BYTES_MAX ? n * ENTRY_BYTES_MAX : ENTRIES_MAX;
	struct look *l = job_alloc(sizeof(*l) + room);

	if (!l)
		return NULL;
	l->process = s->process;
	l->handle = s->handle;
	l->addresses = addresses;
	l->n = n;
	l->room = room;
	return l;
}

/* Runs the job; if it takes too long, the job owns @l. *@sent: what the work sent. Return: as job_run_as(). */
static int look_at(struct jit_subject *s, void (*work)(void *arg), struct look *l, uint64_t patience_ns, int *sent)
{
	struct job job = {
		.work = work, .drop = job_free, .arg = l, .user = s->user, .patience_ns = patience_ns,
		.fd = l->handle,
	};
	int err = job_run_as(&job);

	s->slow |= err == -ETIMEDOUT;
	*sent = job.sent;
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
	r->subjects[r->nr_subjects] = (struct jit_subject){ .process.pid = pid, .user = JOB_NO_USER, .handle = -1 };
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

static bool may_open(const struct jit_recorder *r, uint64_t user)
{
	unsigned int own = 0;

	for (size_t i = 0; i < r->nr_subjects; i++)
		own += r->subjects[i].handle >= 0 && r->subjects[i].user == user;
	return r->nr_open < OPEN_MAX_MAPS && (r->nr_open < OPEN_MAX_MAPS / 2 || own < OPEN_MAX_FEW);
}

static void find_map(struct jit_recorder *r, struct jit_subject *s)
{
	struct look *l = s->slow || !may_open(r, s->user) ? NULL : look_new(s, NULL, 0);
	int err;

	s->asked = true;
	if (!l)
		return;
	err = look_at(s, find_work, l, JOB_PATIENCE_NS, &s->handle);
	r->nr_open += s->handle >= 0;
	if (err != -ETIMEDOUT)
		job_free(l);
}

static void close_map(struct jit_recorder *r, struct jit_subject *s)
{
	if (s->handle < 0)
		return;
	close(s->handle);
	s->handle = -1;
	r->nr_open--;
}

/* Takes a description of the same process again, or of another process that has its id now. */
static int add_process(struct jit_recorder *r, const struct profbuf_process *p)
{
	struct jit_subject *s = get_subject(r, p->pid);

	if (!s)
		return -ENOMEM;
	/* A description of an exiting process says nothing new. */
	if (s->described && p->misc & PROFBUF_PROCESS_EXITING)
		return 0;
	if (s->described && s->process.start_time != p->start_time) {
		close_map(r, s);
		s->has_code = false;
		s->slow = false;
		s->user = JOB_NO_USER;
	}
	if (s->user == JOB_NO_USER)
		s->user = p->uid;
	s->described = true;
	s->asked = false;
	s->process = (struct jit_process){ p->pid, p->ns_pid, p->uid, p->start_time };
	return 0;
}

static int add_mapping(struct jit_recorder *r, const struct profbuf_mapping *m)
{
	struct jit_subject *s;
	uint64_t user;

	if (!jit_mapping(m))
		return 0;
	s = get_subject(r, m->pid);
	if (!s)
		return -ENOMEM;
	if (!s->has_code) {
		user = look_user(m->pid);
		s->user = user == JOB_NO_USER ? s->user : user;
	}
	s->has_code = true;
	if (s->handle < 0 && !s->asked && s->process.start_time == m->start_time)
		find_map(r, s);
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

static int emit_entry(const struct jit_process *p, const struct entry *e,
		      int (*emit)(const struct profbuf_record *record, void *context), void *context)
{
	uint64_t words[PROFBUF_RECORD_MAX / 8] = { 0 };
	struct profbuf_jit_symbol_record *s = (struct profbuf_jit_symbol_record *)words;
	size_t length = strnlen(e->name, NAME_BYTES_MAX - 1);
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	s->len = (sizeof(*s) + length + 8) / 8;
	s->time = now.tv_sec * 1000000000ULL + now.tv_nsec;
	s->type = PROFBUF_RECORD_JIT_SYMBOL;
	s->cpu = PROFBUF_CPU_NONE;
	s->pid = p->pid;
	s->start_time = p->start_time;
	s->start = e->start;
	s->end = e->end;
	memcpy(s->name, e->name, length);
	return emit((const struct profbuf_record *)s, context);
}

static int emit_entries(const struct look *l, int (*emit)(const struct profbuf_record *record, void *context),
			void *context)
{
	const struct entry *entry;
	int err = 0;

	for (size_t at = 0; at < l->bytes && !err; at += entry->bytes) {
		entry = (const struct entry *)(l->entries + at);
		err = emit_entry(&l->process, entry, emit, context);
	}
	return err;
}

static int by_address(const void *a, const void *b)
{
	const struct jit_address *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->address < y->address ? -1 : x->address > y->address;
}

/* Users who had a process that took too long: their other processes get less time. */
struct slow_users {
	uint64_t *all;
	size_t n, room;
};

static uint64_t patience_with(const struct slow_users *slow, uint64_t user)
{
	for (size_t i = 0; i < slow->n; i++) {
		if (slow->all[i] == user)
			return JOB_PATIENCE_NS;
	}
	return JIT_READING_NS;
}

/* Without memory the user's other processes keep the long time. */
static void add_slow(struct slow_users *slow, uint64_t user)
{
	if (ARRAY_GROW(slow->all, slow->n, slow->room))
		slow->all[slow->n++] = user;
}

/* Emits the names for the addresses of one process. Return: as jit_recorder_emit(). */
static int emit_process(struct jit_recorder *r, const struct jit_address *addresses, size_t n, struct slow_users *slow,
			int (*emit)(const struct profbuf_record *record, void *context), void *context)
{
	struct jit_subject *s = get_subject(r, addresses->pid);
	struct look *l;
	int err, sent;

	if (!s->described || !s->has_code || s->slow)
		return 0;
	l = look_new(s, addresses, n);
	if (!l)
		return -ENOMEM;
	err = look_at(s, read_work, l, patience_with(slow, s->user), &sent);
	close_map(r, s);
	if (err == -ETIMEDOUT) {
		add_slow(slow, s->user);
		return 0;
	}
	err = err ? 0 : emit_entries(l, emit, context);
	job_free(l);
	return err;
}

int jit_recorder_emit(struct jit_recorder *r, int (*emit)(const struct profbuf_record *record, void *context),
		      void *context)
{
	struct slow_users slow = { 0 };
	int err = 0;

	if (!r->n)
		return 0;
	/* Sort by process, to read one map at a time. */
	qsort(r->addresses, r->n, sizeof(*r->addresses), by_address);
	index_exit(&r->address_index);
	for (size_t i = 0, end; i < r->n && !err; i = end) {
		for (end = i + 1; end < r->n && r->addresses[end].pid == r->addresses[i].pid; end++)
			;
		err = emit_process(r, &r->addresses[i], end - i, &slow, emit, context);
	}
	free(slow.all);
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
