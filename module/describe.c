// SPDX-License-Identifier: GPL-2.0-only
/*
 * describe.c - the worker describes processes and threads
 */
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "describe.h"
#include "gfp.h"
#include "hash.h"
#include "mappings.h"
#include "notes.h"
#include "requests.h"

#define DESCRIBED	2048	/* per session: processes and threads remembered */

/* How long a turn of the worker waits for the locks of all the processes that it describes. */
#define PATIENCE_US	50000U

/* A process or a thread as the stream has it, from @time on. */
struct profbuf_described {
	u64 signature;			/* of its identity, and of its description */
	u64 time;
};

static struct profbuf_note *describe_process(const struct profbuf_request *r)
{
	struct profbuf_note *note = profbuf_note_alloc(sizeof(struct profbuf_process));
	struct profbuf_process *p;

	if (!note)
		return NULL;
	p = (struct profbuf_process *)note->words;
	p->time = r->time;
	p->type = PROFBUF_RECORD_PROCESS;
	p->cpu = PROFBUF_CPU_NONE;
	p->misc = (r->is_32bit ? PROFBUF_PROCESS_32BIT : 0) | (r->exiting ? PROFBUF_PROCESS_EXITING : 0);
	p->pid = r->pid;
	p->ns_pid = r->ns_pid;
	p->ppid = r->ppid;
	p->uid = r->uid;
	p->start_time = r->start_time;
	p->cgroup = r->cgroup;
	p->exe_start = r->mm ? r->mm->start_code : 0;
	memcpy(p->comm, r->comm, sizeof(p->comm));
	/* The tick may have copied the name in the middle of a change. */
	p->comm[sizeof(p->comm) - 1] = 0;
	return note;
}

/*
 * Is this description in the stream already, with a time that is early enough? A description is valid from its time on.
 * An older sample of another CPU may be asked for later, and needs a description with its own time.
 */
static bool is_described(const struct profbuf_described *described, u64 sig, u64 time)
{
	return described->signature == sig && described->time <= time;
}

/*
 * A process can hold the lock of its mappings as long as it likes, for example by an mmap() on a file system of its own
 * that does not answer.
 */
static bool lock_mappings(struct mm_struct *mm, struct profbuf_turn *turn)
{
	unsigned int us = 50;

	while (!mmap_read_trylock(mm)) {
		if (turn->patience_us < us)
			return false;
		turn->patience_us -= us;
		usleep_range(us, 2 * us);
		us *= 2;
	}
	return true;
}

/* Puts the description of a process into the queue, unless the same one is in the stream already. */
static void describe_one(struct profbuf_describe *d, const struct profbuf_request *r, struct profbuf_turn *turn)
{
	struct profbuf_described *described = &d->described[hash_32(r->pid, ilog2(DESCRIBED))];
	u64 sig = profbuf_hash(r->start_time) ^ profbuf_hash(*(const u64 *)r->comm) ^ profbuf_hash(r->uid);
	struct profbuf_note *process;
	LIST_HEAD(notes);
	int err = -ENOMEM;
	u32 nr = 0;

	if (r->mm) {
		if (!lock_mappings(r->mm, turn)) {
			profbuf_notes_lose(d->notes, PROFBUF_SIDEBAND_CHANGES);
			return;
		}
		sig ^= profbuf_mappings_signature(r->mm);
	}
	/* As in the signatures of ticks, the upper half is the number of the process. */
	sig = (u64)r->pid << 32 | lower_32_bits(sig);
	if (is_described(described, sig, r->time) || (r->exiting && described->signature >> 32 == r->pid)) {
		if (r->mm)
			mmap_read_unlock(r->mm);
		return;
	}
	process = describe_process(r);
	if (process) {
		list_add_tail(&process->list, &notes);
		/* Records of a process that are more than the queue can hold are not put into it at all. */
		err = r->mm ? profbuf_mappings_describe(r, turn->path, PATH_MAX, PROFBUF_NOTES_BYTES, &notes, &nr) : 0;
	}
	if (r->mm)
		mmap_read_unlock(r->mm);

	if (!err) {
		((struct profbuf_process *)process->words)->nr_mappings = nr;
		if (!profbuf_notes_add_all(d->notes, &notes))
			err = -ENOSPC;
	}
	profbuf_notes_free(&notes);
	switch (err) {
	case 0:
		atomic64_inc(&d->processes);
		atomic64_add(nr, &d->mappings);
		break;
	case -E2BIG:
		/* Do not ask again until the process has changed. */
		profbuf_notes_count(d->notes, PROFBUF_SIDEBAND_LIMIT);
		break;
	case -ENOSPC:
		profbuf_notes_lose(d->notes, PROFBUF_SIDEBAND_LIMIT);
		return;
	default:
		profbuf_notes_lose(d->notes, PROFBUF_SIDEBAND_MEMORY);
		return;
	}
	*described = (struct profbuf_described){ .signature = sig, .time = r->time };
}

/* Puts the name of a thread into the queue, unless it is in the stream already. */
static void describe_thread(struct profbuf_describe *d, const struct profbuf_request *r)
{
	struct profbuf_described *described =
		&d->described[hash_64(~r->start_time ^ r->tid, ilog2(DESCRIBED))];
	const u64 *comm = (const u64 *)r->comm;
	/* No signature of a process has this bit. */
	u64 sig = (profbuf_hash(r->start_time + r->tid) ^ comm[0] ^ comm[1] << 1) | BIT_ULL(63);
	struct profbuf_note *note;
	struct profbuf_thread *t;

	if (is_described(described, sig, r->time))
		return;
	note = profbuf_note_alloc(sizeof(*t));
	if (!note) {
		profbuf_notes_lose(d->notes, PROFBUF_SIDEBAND_MEMORY);
		return;
	}
	t = (struct profbuf_thread *)note->words;
	t->time = r->time;
	t->type = PROFBUF_RECORD_THREAD;
	t->cpu = PROFBUF_CPU_NONE;
	t->pid = r->pid;
	t->tid = r->tid;
	t->start_time = r->start_time;
	memcpy(t->comm, r->comm, sizeof(t->comm));
	/* See describe_process(). */
	t->comm[sizeof(t->comm) - 1] = 0;
	if (!profbuf_notes_add(d->notes, note)) {
		profbuf_notes_lose(d->notes, PROFBUF_SIDEBAND_LIMIT);
		return;
	}
	*described = (struct profbuf_described){ .signature = sig, .time = r->time };
}

void profbuf_describe_requests(struct profbuf_describe *d, struct profbuf_cpu_requests *q, struct profbuf_turn *turn)
{
	struct profbuf_request *r;

	while ((r = profbuf_requests_first(q))) {
		if (r->tid)
			describe_thread(d, r);
		else if (turn->path)
			describe_one(d, r, turn);
		else
			profbuf_notes_lose(d->notes, PROFBUF_SIDEBAND_MEMORY);
		/* Not mmput(): for the last reference it waits for what the process has under way on its files. */
		if (r->mm)
			mmput_async(r->mm);
		profbuf_requests_drop(q);
		cond_resched();
	}
}

void profbuf_turn_begin(struct profbuf_turn *turn)
{
	turn->path = kmalloc(PATH_MAX, GFP_KERNEL);
	turn->patience_us = PATIENCE_US;
}

void profbuf_turn_end(struct profbuf_turn *turn)
{
	kfree(turn->path);
}

/* Init and exit */

void profbuf_describe_init(struct profbuf_describe *d, struct profbuf_notes *notes)
{
	d->notes = notes;
}

size_t profbuf_describe_memory(void)
{
	return DESCRIBED * sizeof(struct profbuf_described);
}

int profbuf_describe_alloc(struct profbuf_describe *d)
{
	/* A start that failed may have counted. */
	atomic64_set(&d->processes, 0);
	atomic64_set(&d->mappings, 0);
	d->described = __vmalloc(profbuf_describe_memory(), PROFBUF_GFP_LARGE);
	return d->described ? 0 : -ENOMEM;
}

void profbuf_describe_free(struct profbuf_describe *d)
{
	vfree(d->described);
	d->described = NULL;
}
