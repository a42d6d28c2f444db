// SPDX-License-Identifier: GPL-2.0-only
/*
 * tag_finder.c - tells the kernel where processes have their tags
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "profbuf.h"
#include "table.h"
#include "tag_source.h"

/* Descriptions whose mappings have not all come; of more than that the oldest is looked at as it is. */
#define DESCRIPTIONS_MAX	32

/* Processes that are about to start are looked at again: after 10 ms, then twice that, ... up to a few seconds. */
#define AGAIN_MAX	256
#define AGAIN_FIRST_NS	10000000ULL
#define AGAIN_LAST_NS	3000000000ULL

struct description {
	uint32_t pid;
	uint64_t start_time;
	uint32_t left;		/* mappings to come */
	bool look;		/* some file is not known to be without */
};

struct again {
	uint32_t pid;
	uint64_t start_time;
	uint64_t delay, time;
};

struct profbuf_tag_finder {
	struct tag_files *files;
	struct description open[DESCRIPTIONS_MAX];	/* oldest first */
	unsigned int nr_open;
	struct again again[AGAIN_MAX];
	unsigned int nr_again;
	struct profbuf_tag_finder_counts counts;
};

int profbuf_tag_finder_new(struct profbuf_tag_finder **finder)
{
	struct profbuf_tag_finder *f = calloc(1, sizeof(*f));

	if (!f || tag_files_new(&f->files)) {
		free(f);
		return -ENOMEM;
	}
	*finder = f;
	return 0;
}

void profbuf_tag_finder_free(struct profbuf_tag_finder *f)
{
	if (!f)
		return;
	tag_files_free(f->files);
	free(f);
}

void profbuf_tag_finder_counts(const struct profbuf_tag_finder *f, struct profbuf_tag_finder_counts *counts)
{
	*counts = f->counts;
	counts->files = tag_files_read(f->files);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void count(struct profbuf_tag_finder *f, int err)
{
	f->counts.looks++;
	switch (err) {
	case 0:
		f->counts.told++;
		break;
	case -ENOENT:
		f->counts.none++;
		break;
	case -EAGAIN:
		f->counts.early++;
		break;
	case -ENOTSUP:
		f->counts.other++;
		break;
	case -ESRCH:
		f->counts.gone++;
		break;
	case -EACCES:
	case -EPERM:
		f->counts.rights++;
		break;
	case -ENOSPC:
		f->counts.full++;
		break;
	default:
		f->counts.failed++;
	}
}

/* Looks at a process and tells the kernel. Return: 0: it was told; or why not. */
static int look(struct profbuf_tag_finder *f, struct profbuf_session *session, uint32_t pid, uint64_t start_time)
{
	struct profbuf_tag_source sources[PROFBUF_NR_TAG_KINDS];
	int n = tag_source_find(f->files, pid, sources), err = n < 0 ? n : 0, i;

	for (i = 0; i < n && !err; i++) {
		sources[i].pid = pid;
		sources[i].start_time = start_time;
		err = profbuf_session_tag_source(session, &sources[i]);
		f->counts.old_module |= err == -ENOTTY;
	}
	count(f, err);
	return err;
}

static bool look_again(struct profbuf_tag_finder *f, const struct again *again)
{
	if (f->nr_again == AGAIN_MAX || again->delay > AGAIN_LAST_NS)
		return false;
	f->again[f->nr_again] = *again;
	f->again[f->nr_again++].time = now() + again->delay;
	return true;
}

static int look_first(struct profbuf_tag_finder *f, struct profbuf_session *session, uint32_t pid, uint64_t start_time)
{
	struct again again = { .pid = pid, .start_time = start_time, .delay = AGAIN_FIRST_NS };
	int err = look(f, session, pid, start_time);

	if (err == -EAGAIN)
		look_again(f, &again);
	return err == -ENOMEM ? err : 0;
}

/* Those whose time has come. */
static int look_at_early(struct profbuf_tag_finder *f, struct profbuf_session *session)
{
	uint64_t time = f->nr_again ? now() : 0;
	unsigned int i = 0;
	int err;

	while (i < f->nr_again) {
		struct again again = f->again[i];

		if (again.time > time) {
			i++;
			continue;
		}
		f->again[i] = f->again[--f->nr_again];
		err = look(f, session, again.pid, again.start_time);
		again.delay *= 2;
		if (err == -EAGAIN)
			look_again(f, &again);
		if (err == -ENOMEM)
			return err;
	}
	return 0;
}

int profbuf_tag_finder_scan(struct profbuf_tag_finder *f, struct profbuf_session *session)
{
	const struct dirent *entry;
	int err = 0;
	DIR *dir;

	f->nr_open = 0;
	f->nr_again = 0;
	f->counts.old_module = false;
	dir = opendir("/proc");
	if (!dir)
		return -errno;
	while (!err && !f->counts.old_module && (entry = readdir(dir))) {
		if (isdigit((unsigned char)*entry->d_name))
			err = look_first(f, session, strtoul(entry->d_name, NULL, 10), 0);
	}
	closedir(dir);
	return err;
}

/* Takes a description out, and looks at its process. */
static int finish(struct profbuf_tag_finder *f, struct profbuf_session *session, unsigned int i)
{
	struct description d = f->open[i];

	memmove(&f->open[i], &f->open[i + 1], (--f->nr_open - i) * sizeof(*f->open));
	if (!d.look) {
		f->counts.skipped++;
		return 0;
	}
	return look_first(f, session, d.pid, d.start_time);
}

static int find_open(const struct profbuf_tag_finder *f, uint32_t pid, uint64_t start_time)
{
	unsigned int i;

	for (i = 0; i < f->nr_open; i++) {
		if (f->open[i].pid == pid && f->open[i].start_time == start_time)
			return i;
	}
	return -1;
}

static int add_process(struct profbuf_tag_finder *f, struct profbuf_session *session,
		       const struct profbuf_process *process)
{
	int i = find_open(f, process->pid, process->start_time), err = 0;

	if (i >= 0)
		memmove(&f->open[i], &f->open[i + 1], (--f->nr_open - i) * sizeof(*f->open));
	/* Kernel threads; and those that have other variables than are looked for. */
	if (!process->nr_mappings)
		return 0;
	if (process->misc & PROFBUF_PROCESS_32BIT) {
		count(f, -ENOTSUP);
		return 0;
	}
	if (f->nr_open == DESCRIPTIONS_MAX)
		err = finish(f, session, 0);
	f->open[f->nr_open++] = (struct description){
		.pid = process->pid,
		.start_time = process->start_time,
		.left = process->nr_mappings,
	};
	return err;
}

static int add_mapping(struct profbuf_tag_finder *f, struct profbuf_session *session,
		       const struct profbuf_mapping *mapping)
{
	int i = find_open(f, mapping->pid, mapping->start_time);
	struct tag_file_id id = {
		.major = mapping->dev_major,
		.minor = mapping->dev_minor,
		.inode = mapping->inode,
	};

	if (i < 0)
		return 0;
	if (mapping->build_id_len)
		id.build_id = hash_bytes(mapping->build_id, mapping->build_id_len) | 1;
	if (!(mapping->misc & PROFBUF_MAPPING_ANON) && mapping->inode && !tag_files_have_none(f->files, &id))
		f->open[i].look = true;
	return --f->open[i].left ? 0 : finish(f, session, i);
}

int profbuf_tag_finder_add(struct profbuf_tag_finder *f, struct profbuf_session *session,
			   const struct profbuf_record *record)
{
	int err;

	if (f->counts.old_module)
		return 0;
	err = look_at_early(f, session);
	if (err)
		return err;
	switch (record->type) {
	case PROFBUF_RECORD_PROCESS:
		return add_process(f, session, (const void *)record);
	case PROFBUF_RECORD_MAPPING:
		return add_mapping(f, session, (const void *)record);
	default:
		return 0;
	}
}
