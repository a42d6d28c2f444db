// SPDX-License-Identifier: GPL-2.0-only
/*
 * tag_finder.c - tell the kernel where processes have their tags
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/job.h"
#include "base/look.h"
#include "base/proc.h"
#include "base/table.h"
#include "tag_finder.h"
#include "tag_source.h"

/* The most descriptions whose mappings have not all come. With more, the process of the oldest is looked at now. */
#define DESCRIPTIONS_MAX	32

/* Processes that are still starting are looked at again: after 10 ms, then twice that, ... up to a few seconds. */
#define AGAIN_MAX	256
#define AGAIN_FIRST_NS	10000000ULL
#define AGAIN_LAST_NS	3000000000ULL

struct description {
	uint32_t pid;
	uint64_t start_time;
	uint32_t left;		/* mappings that have not come yet */
	bool look;		/* a file may have a variable */
};

struct again {
	uint32_t pid;
	uint64_t start_time;
	uint64_t delay, time;
};

/* As many as the kernel has room for. With more, the oldest is forgotten here; the kernel keeps its tag sources. */
#define KNOWN_MAX		4096

/* A process that the kernel was told about. */
struct known {
	uint32_t pid;
	uint64_t start_time;	/* 0: not known yet */
	unsigned int kinds;	/* bit n: the kernel was told where its variable of kind n is */
};

/* A look at a process, done by a job. This memory is shared with the job. */
struct looking {
	struct tag_files *files;	/* the finder's; not shared, the job has a copy from its start */
	uint32_t pid;
	uint64_t start_time;
	int n;				/* what tag_source_find() returned; -EIO: it has not returned */
	struct profbuf_tag_source sources[PROFBUF_NR_TAG_KINDS];
	struct tag_news news;		/* what the look has read of files */

	/* If the job was left behind: */
	int state;			/* enum looking_state */
	bool again;			/* the process was described again since */
};

/* A look that was left behind is freed when both the look and the finder have ended; the second of them frees it. */
enum looking_state { LOOKING, LOOKING_DONE, LOOKING_ABANDONED };

struct tag_finder {
	struct tag_files *files;
	struct looking *left[JOB_LEFT_TOTAL];
	unsigned int nr_left;
	struct known *known;
	unsigned int nr_known, next_known;	/* next_known: the next to be forgotten */
	struct description open[DESCRIPTIONS_MAX];	/* the oldest first */
	unsigned int nr_open;
	struct again again[AGAIN_MAX];
	unsigned int nr_again;
	uint64_t early_rest;		/* no early process is looked at before this time */
	struct tag_finder_counts counts;
};

int tag_finder_new(struct tag_finder **finder)
{
	struct tag_finder *f = calloc(1, sizeof(*f));

	if (f)
		f->known = calloc(KNOWN_MAX, sizeof(*f->known));
	if (!f || !f->known || tag_files_new(&f->files)) {
		tag_finder_free(f);
		return -ENOMEM;
	}
	*finder = f;
	return 0;
}

void tag_finder_free(struct tag_finder *f)
{
	unsigned int i;

	if (!f)
		return;
	for (i = 0; i < f->nr_left; i++) {
		if (__atomic_exchange_n(&f->left[i]->state, LOOKING_ABANDONED, __ATOMIC_ACQ_REL) == LOOKING_DONE)
			job_free(f->left[i]);
		else
			job_kill(f->left[i]);
	}
	tag_files_free(f->files);
	free(f->known);
	free(f);
}

void tag_finder_counts(const struct tag_finder *f, struct tag_finder_counts *counts)
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

static void count(struct tag_finder *f, int err)
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
	case -ETIMEDOUT:
	case -EBUSY:
		f->counts.slow++;
		break;
	default:
		f->counts.failed++;
	}
}

/* Returns what is known about a process; NULL: nothing. */
static struct known *find_known(struct tag_finder *f, uint32_t pid, uint64_t start_time)
{
	unsigned int i;

	for (i = 0; i < f->nr_known; i++) {
		struct known *k = &f->known[i];

		if (k->pid != pid)
			continue;
		/* Another process has this pid now. */
		if (k->start_time && start_time && k->start_time != start_time)
			*k = (struct known){ .pid = pid };
		if (start_time)
			k->start_time = start_time;
		return k;
	}
	return NULL;
}

static struct known *get_known(struct tag_finder *f, uint32_t pid, uint64_t start_time)
{
	struct known *k = find_known(f, pid, start_time);

	if (k)
		return k;
	if (f->nr_known < KNOWN_MAX)
		k = &f->known[f->nr_known++];
	else
		k = &f->known[f->next_known++ % KNOWN_MAX];
	*k = (struct known){ .pid = pid, .start_time = start_time };
	return k;
}

static void looking_work(void *arg)
{
	struct looking *l = arg;

	tag_files_tell(l->files, &l->news);
	l->n = tag_source_find(l->files, l->pid, l->sources);
	/* Only this child lacks memory, as the files claim to be large: so this is no -ENOMEM of the finder. */
	if (l->n == -ENOMEM)
		l->n = -EFBIG;
}

/* The job was left behind, and has ended. */
static void looking_drop(void *arg)
{
	struct looking *l = arg;

	if (__atomic_exchange_n(&l->state, LOOKING_DONE, __ATOMIC_ACQ_REL) == LOOKING_ABANDONED)
		job_free(l);
}

/*
 * Tells the kernel that the process does not have those variables any more, for example after dlclose(): other data may
 * be in their place now.
 */
static void withdraw(struct tag_finder *f, struct profbuf_session *session, struct known *k, unsigned int kinds)
{
	struct profbuf_tag_source none = {
		.size = sizeof(none), .pid = k->pid, .start_time = k->start_time, .tls = PROFBUF_TLS_NONE,
	};
	unsigned int kind;

	for (kind = 0; kind < PROFBUF_NR_TAG_KINDS; kind++) {
		if (!(kinds >> kind & 1))
			continue;
		none.kind = kind;
		/*
		 * ENOENT: the variable belonged to an earlier program of the process. EINVAL: an older module does not
		 * know PROFBUF_TLS_NONE.
		 */
		if (!profbuf_session_tag_source(session, &none))
			f->counts.withdrawn++;
	}
	k->kinds &= ~kinds;
}

/* Tells the kernel what was found. Return: 0: the kernel was told; or why not. */
static int tell(struct tag_finder *f, struct profbuf_session *session, struct looking *l)
{
	struct known *known = find_known(f, l->pid, l->start_time);
	int err = l->n < 0 ? l->n : 0, i;
	unsigned int kinds = 0;

	if (tag_files_merge(f->files, &l->news))
		return -ENOMEM;
	for (i = 0; i < l->n && i < PROFBUF_NR_TAG_KINDS && !err; i++) {
		l->sources[i].size = sizeof(l->sources[i]);
		l->sources[i].pid = l->pid;
		l->sources[i].start_time = l->start_time;
		err = profbuf_session_tag_source(session, &l->sources[i]);
		f->counts.old_module |= err == -ENOTTY;
		if (!err)
			kinds |= 1U << l->sources[i].kind;
	}
	if (known && known->kinds & ~kinds && (!err || err == -ENOENT || err == -EAGAIN))
		withdraw(f, session, known, known->kinds & ~kinds);
	if (kinds)
		get_known(f, l->pid, l->start_time)->kinds |= kinds;
	return err;
}

static struct looking *find_left(const struct tag_finder *f, uint32_t pid)
{
	unsigned int i;

	for (i = 0; i < f->nr_left; i++) {
		if (f->left[i]->pid == pid)
			return f->left[i];
	}
	return NULL;
}

/* Return: 0: the look is done; or as job_run_as(). */
static int run_look(struct tag_finder *f, struct looking *l)
{
	struct job job = {
		.work = looking_work, .drop = looking_drop, .arg = l, .user = look_user(l->pid),
		.patience_ns = JOB_PATIENCE_NS, .fd = -1,
	};
	int err = f->nr_left == JOB_LEFT_TOTAL ? -EBUSY : job_run_as(&job);

	if (err == -ETIMEDOUT)
		f->left[f->nr_left++] = l;
	return err;
}

/* Looks at a process and tells the kernel. Return: 0: the kernel was told; or why not. */
static int look(struct tag_finder *f, struct profbuf_session *session, uint32_t pid, uint64_t start_time)
{
	struct looking *l = find_left(f, pid);
	int err;

	/* One look at a process at a time. */
	if (l) {
		l->start_time = start_time;
		l->again = true;
		f->counts.skipped++;
		return -ETIMEDOUT;
	}
	/* In a scan, half of all processes are kernel threads. */
	if (proc_is_kernel(pid)) {
		count(f, -ESRCH);
		return -ESRCH;
	}
	l = job_alloc(sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->files = f->files;
	l->pid = pid;
	l->start_time = start_time;
	l->n = -EIO;
	err = run_look(f, l);
	if (err != -ETIMEDOUT) {
		err = err ? err : tell(f, session, l);
		job_free(l);
	}
	count(f, err);
	return err;
}

/* After a look: plans another look if that may have a better result. */
static void look_again(struct tag_finder *f, const struct again *again, int err)
{
	if (err != -EAGAIN && err != -EBUSY)
		return;
	if (f->nr_again == AGAIN_MAX || again->delay > AGAIN_LAST_NS) {
		f->counts.given_up++;
		return;
	}
	f->again[f->nr_again] = *again;
	f->again[f->nr_again++].time = now() + again->delay;
}

static int look_first(struct tag_finder *f, struct profbuf_session *session, uint32_t pid, uint64_t start_time)
{
	struct again again = { .pid = pid, .start_time = start_time, .delay = AGAIN_FIRST_NS };
	int err = look(f, session, pid, start_time);

	look_again(f, &again, err);
	return err == -ENOMEM ? err : 0;
}

/* Takes the results of looks that were left behind and are done now: the process, or its disk, was only slow. */
static int look_at_left(struct tag_finder *f, struct profbuf_session *session)
{
	unsigned int i = 0;
	int err = 0;

	if (f->nr_left)
		job_reap();
	while (i < f->nr_left && !err) {
		struct looking *l = f->left[i];

		if (__atomic_load_n(&l->state, __ATOMIC_ACQUIRE) != LOOKING_DONE) {
			i++;
			continue;
		}
		f->left[i] = f->left[--f->nr_left];
		if (l->again)
			err = look_first(f, session, l->pid, l->start_time);
		else
			tell(f, session, l);
		job_free(l);
	}
	return err;
}

/* Returns the place in again of the first process whose time has come; -1: there is none. */
static int find_early(const struct tag_finder *f, uint64_t time)
{
	for (unsigned int i = 0; i < f->nr_again; i++) {
		if (f->again[i].time <= time)
			return i;
	}
	return -1;
}

/* Looks again at one process. This takes at most half of the time, as the caller has to read records, too. */
static int look_at_early(struct tag_finder *f, struct profbuf_session *session)
{
	uint64_t time = f->nr_again ? now() : 0;
	int i = time >= f->early_rest ? find_early(f, time) : -1, err;
	struct again again;

	if (i < 0)
		return 0;
	again = f->again[i];
	f->again[i] = f->again[--f->nr_again];
	err = look(f, session, again.pid, again.start_time);
	again.delay *= 2;
	look_again(f, &again, err);
	f->early_rest = 2 * now() - time;
	return err == -ENOMEM ? err : 0;
}

int tag_finder_scan(struct tag_finder *f, struct profbuf_session *session)
{
	const struct dirent *entry;
	unsigned int i;
	int err = 0;
	DIR *dir;

	f->nr_open = 0;
	f->nr_again = 0;
	/* What was told before may have been told to another session. */
	for (i = 0; i < f->nr_known; i++)
		f->known[i].kinds = 0;
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

/* Removes description @i, and looks at its process. */
static int finish(struct tag_finder *f, struct profbuf_session *session, unsigned int i)
{
	struct description d = f->open[i];
	const struct known *known = find_known(f, d.pid, d.start_time);

	memmove(&f->open[i], &f->open[i + 1], (--f->nr_open - i) * sizeof(*f->open));
	if (!d.look && !(known && known->kinds)) {
		f->counts.skipped++;
		return 0;
	}
	return look_first(f, session, d.pid, d.start_time);
}

static int find_open(const struct tag_finder *f, uint32_t pid, uint64_t start_time)
{
	unsigned int i;

	for (i = 0; i < f->nr_open; i++) {
		if (f->open[i].pid == pid && f->open[i].start_time == start_time)
			return i;
	}
	return -1;
}

static int add_process(struct tag_finder *f, struct profbuf_session *session, const struct profbuf_process *process)
{
	int i = find_open(f, process->pid, process->start_time), err = 0;

	if (i >= 0)
		memmove(&f->open[i], &f->open[i + 1], (--f->nr_open - i) * sizeof(*f->open));
	/* Skip kernel threads, which have no mappings, and 32-bit processes, whose variables are not supported. */
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

static int add_mapping(struct tag_finder *f, struct profbuf_session *session, const struct profbuf_mapping *mapping)
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
	if (!(mapping->misc & PROFBUF_MAPPING_ANON) && mapping->inode &&
	    !tag_files_have_none(f->files, &id))
		f->open[i].look = true;
	return --f->open[i].left ? 0 : finish(f, session, i);
}

/*
 * Forgets the process. An exec must not do this: records come in no order, so the kernel may have been told about the
 * new program already.
 */
static void add_exit(struct tag_finder *f, const struct profbuf_life *life)
{
	struct known *k = find_known(f, life->pid, life->start_time);

	if (k)
		*k = f->known[--f->nr_known];
}

int tag_finder_add(struct tag_finder *f, struct profbuf_session *session, const struct profbuf_record *record)
{
	int err;

	if (f->counts.old_module)
		return 0;
	err = look_at_left(f, session);
	if (!err)
		err = look_at_early(f, session);
	if (err)
		return err;
	switch (record->type) {
	case PROFBUF_RECORD_PROCESS:
		return add_process(f, session, (const void *)record);
	case PROFBUF_RECORD_MAPPING:
		return add_mapping(f, session, (const void *)record);
	case PROFBUF_RECORD_EXIT:
		add_exit(f, (const void *)record);
		return 0;
	default:
		return 0;
	}
}
