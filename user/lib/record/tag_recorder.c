// SPDX-License-Identifier: GPL-2.0-only
/*
 * tag_recorder.c - key names of thread contexts and paths of cgroups, for a recording
 */
#include <errno.h>
#include <fts.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "base/job.h"
#include "base/look.h"
#include "base/table.h"
#include "otel_context.h"
#include "tag_recorder.h"

#define SECOND		1000000000ULL
/* On a busy machine a process may be slow once. A process that was slow this often is not asked again. */
#define SLOW_MAX	3
#define OTEL_SIZE	26
#define OTEL_ATTRS	28

/* A process that has, or may get, thread contexts. */
struct process {
	uint32_t pid;
	uint32_t nr_names;	/* names in the file */
	uint64_t start_time;	/* 0: not known */
	uint64_t next_try;
	unsigned int slow;	/* how often reading its names timed out */
};

struct cgroup {
	uint64_t id;
	char *path;		/* NULL: not found yet */
};

struct tag_recorder {
	struct process *processes;
	size_t nr_processes, room_processes;
	struct index process_index;

	struct cgroup *cgroups;
	size_t nr_cgroups, room_cgroups;
	struct index cgroup_index;
	const char *cgroup_root;	/* NULL: there is no such hierarchy */
};

typedef int (*emit_fn)(const struct profbuf_record *record, void *context);

static bool is_cgroup2(const char *path)
{
	struct statfs st;

	return !statfs(path, &st) && st.f_type == CGROUP2_SUPER_MAGIC;
}

int tag_recorder_new(struct tag_recorder **recorder)
{
	struct tag_recorder *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	if (is_cgroup2("/sys/fs/cgroup"))
		r->cgroup_root = "/sys/fs/cgroup";
	else if (is_cgroup2("/sys/fs/cgroup/unified"))
		r->cgroup_root = "/sys/fs/cgroup/unified";
	*recorder = r;
	return 0;
}

void tag_recorder_free(struct tag_recorder *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->nr_cgroups; i++)
		free(r->cgroups[i].path);
	free(r->cgroups);
	free(r->processes);
	index_exit(&r->cgroup_index);
	index_exit(&r->process_index);
	free(r);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* Keys of thread contexts */

/* This memory is shared with the job that reads the keys. */
struct reading {
	uint32_t pid;
	int err;		/* of profbuf_otel_keys_read(); -EIO: it has not returned */
	union {
		struct profbuf_otel_keys_record record;
		char room[PROFBUF_RECORD_MAX];
	};
};

static void reading_work(void *arg)
{
	struct profbuf_otel_keys_record *record;
	struct reading *reading = arg;
	int err = profbuf_otel_keys_read(reading->pid, &record);

	if (!err)
		memcpy(reading->room, record, record->len * 8);
	/* Only this child lacks memory, as the data claim to be large: so this is no -ENOMEM of the recorder. */
	reading->err = err == -ENOMEM ? -EFBIG : err;
}

/*
 * Return: as profbuf_otel_keys_read() and job_run_as(). *@reading: set if that is 0; the caller has to job_free() it.
 */
static int read_keys(uint32_t pid, struct reading **reading)
{
	struct reading *r = job_alloc(sizeof(*r));
	struct job job = {
		.work = reading_work, .drop = job_free, .arg = r, .user = look_user(pid),
		.patience_ns = JOB_PATIENCE_NS, .fd = -1,
	};
	int err;

	if (!r)
		return -ENOMEM;
	r->pid = pid;
	r->err = -EIO;
	err = job_run_as(&job);
	if (err == -ETIMEDOUT)
		return err;
	err = err ? err : r->err;
	if (err)
		job_free(r);
	else
		*reading = r;
	return err;
}

static struct process *get_process(struct tag_recorder *r, uint32_t pid)
{
	uint64_t hash = hash_mix(pid, 0), at = hash;
	uint32_t id;

	while ((id = index_next(&r->process_index, hash, &at)) != INDEX_NONE) {
		if (r->processes[id].pid == pid)
			return &r->processes[id];
	}
	if (!ARRAY_GROW(r->processes, r->nr_processes, r->room_processes) ||
	    !index_add(&r->process_index, hash, r->nr_processes))
		return NULL;
	r->processes[r->nr_processes] = (struct process){ .pid = pid };
	return &r->processes[r->nr_processes++];
}

/* Returns how many names a thread context needs. */
static uint32_t names_needed(const struct profbuf_tag *t)
{
	unsigned int at, size = t->bytes < OTEL_ATTRS ? 0 : t->bytes - OTEL_ATTRS;
	const unsigned char *attrs = (const unsigned char *)t->data + OTEL_ATTRS;
	uint32_t most = 0;
	uint16_t bytes;

	if (!size)
		return 0;
	memcpy(&bytes, t->data + OTEL_SIZE, sizeof(bytes));
	size = bytes < size ? bytes : size;
	for (at = 0; at + 2 <= size && at + 2 + attrs[at + 1] <= size; at += 2 + attrs[at + 1]) {
		if (attrs[at] >= most)
			most = attrs[at] + 1;
	}
	return most;
}

/* A process may add names while it runs, but it is not asked more than once a second. */
static int add_tag(struct tag_recorder *r, const struct profbuf_tag *t, emit_fn emit, void *context)
{
	struct profbuf_otel_keys_record *keys;
	struct reading *reading = NULL;
	struct process *p;
	int err;

	if (t->misc != PROFBUF_TAG_OTEL || t->cause != PROFBUF_TAG_KNOWN || !t->pid)
		return 0;
	p = get_process(r, t->pid);
	if (!p)
		return -ENOMEM;
	if (p->slow == SLOW_MAX || names_needed(t) <= p->nr_names || now() < p->next_try)
		return 0;
	err = read_keys(p->pid, &reading);
	p->next_try = now() + SECOND;
	p->slow += err == -ETIMEDOUT;
	/* Without names, the labels are shown with the numbers of their keys. */
	if (err)
		return 0;
	keys = &reading->record;
	if (keys->misc > p->nr_names) {
		keys->start_time = p->start_time;
		keys->time = now();
		p->nr_names = keys->misc;
		err = emit((const struct profbuf_record *)keys, context);
	}
	job_free(reading);
	return err;
}

/* The pid has another process now, or the process runs another program: what was known is not valid any more. */
static void forget_names(struct process *p, uint64_t start_time)
{
	*p = (struct process){ .pid = p->pid, .start_time = start_time };
}

/* Cgroups */

/* Returns the path of the process's cgroup if that is the cgroup with this id, else NULL. */
static char *path_of_process(const struct tag_recorder *r, uint32_t pid, uint64_t id)
{
	char path[32], *line = NULL, *full = NULL, *found = NULL;
	struct stat st;
	size_t room = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	f = fopen(path, "re");
	if (!f)
		return NULL;
	while (!found && getline(&line, &room, f) > 0) {
		if (strncmp(line, "0::/", 4))
			continue;
		/*
		 * The cgroup lies above the root of this process's cgroup namespace: here that path names another
		 * cgroup.
		 */
		if (!strncmp(line + 3, "/../", 4))
			break;
		line[strcspn(line, "\n")] = 0;
		if (asprintf(&full, "%s%s", r->cgroup_root, line + 3) < 0)
			break;
		if (!stat(full, &st) && st.st_ino == id)
			found = strdup(line + 3);
		free(full);
	}
	free(line);
	fclose(f);
	return found;
}

static struct cgroup *find_cgroup(const struct tag_recorder *r, uint64_t id)
{
	uint64_t hash = hash_mix(id, 1), at = hash;
	uint32_t i;

	while ((i = index_next(&r->cgroup_index, hash, &at)) != INDEX_NONE) {
		if (r->cgroups[i].id == id)
			return &r->cgroups[i];
	}
	return NULL;
}

/* Some cgroups are gone at the end of the recording, so the path is looked up now, too. */
static int add_process(struct tag_recorder *r, const struct profbuf_process *record)
{
	struct process *p = get_process(r, record->pid);
	uint64_t id = record->cgroup;

	if (!p)
		return -ENOMEM;
	if (p->start_time && p->start_time != record->start_time)
		forget_names(p, record->start_time);
	p->start_time = record->start_time;
	if (!id || !r->cgroup_root || find_cgroup(r, id))
		return 0;
	if (!ARRAY_GROW(r->cgroups, r->nr_cgroups, r->room_cgroups) ||
	    !index_add(&r->cgroup_index, hash_mix(id, 1), r->nr_cgroups))
		return -ENOMEM;
	r->cgroups[r->nr_cgroups++] = (struct cgroup){ id, path_of_process(r, record->pid, id) };
	return 0;
}

int tag_recorder_add(struct tag_recorder *r, const struct profbuf_record *record, emit_fn emit, void *context)
{
	struct process *p;

	switch (record->type) {
	case PROFBUF_RECORD_PROCESS:
		return add_process(r, (const struct profbuf_process *)record);
	case PROFBUF_RECORD_EXEC:
		p = get_process(r, ((const struct profbuf_life *)record)->pid);
		if (p)
			forget_names(p, p->start_time);
		return p ? 0 : -ENOMEM;
	case PROFBUF_RECORD_TAG:
		return add_tag(r, (const struct profbuf_tag *)record, emit, context);
	default:
		return 0;
	}
}

static void find_missing(struct tag_recorder *r)
{
	char *const roots[] = { (char *)r->cgroup_root, NULL };
	struct cgroup *cgroup;
	size_t i, missing = 0;
	FTSENT *entry;
	FTS *fts;

	for (i = 0; i < r->nr_cgroups; i++)
		missing += !r->cgroups[i].path;
	if (!missing)
		return;
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	while (fts && missing && (entry = fts_read(fts))) {
		if (entry->fts_info != FTS_D)
			continue;
		cgroup = find_cgroup(r, entry->fts_statp->st_ino);
		if (!cgroup || cgroup->path)
			continue;
		cgroup->path = strdup(entry->fts_path[strlen(r->cgroup_root)] ?
				      entry->fts_path + strlen(r->cgroup_root) : "/");
		missing--;
	}
	if (fts)
		fts_close(fts);
}

int tag_recorder_emit(struct tag_recorder *r, emit_fn emit, void *context)
{
	int err = 0;
	size_t i;

	find_missing(r);
	for (i = 0; i < r->nr_cgroups && !err; i++) {
		uint64_t words[PROFBUF_RECORD_MAX / 8] = { 0 };
		struct profbuf_cgroup_record *c = (struct profbuf_cgroup_record *)words;
		const char *path = r->cgroups[i].path;

		if (!path || sizeof(*c) + strlen(path) + 1 > sizeof(words))
			continue;
		strcpy(c->path, path);
		c->len = (sizeof(*c) + strlen(path) + 8) / 8;
		c->time = now();
		c->type = PROFBUF_RECORD_CGROUP;
		c->cpu = PROFBUF_CPU_NONE;
		c->id = r->cgroups[i].id;
		err = emit((const struct profbuf_record *)c, context);
	}
	return err;
}
