// SPDX-License-Identifier: GPL-2.0-only
/*
 * lives.c - processes that were sampled change their program, or end
 */
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#include "gfp.h"
#include "hash.h"
#include "lives.h"
#include "lock_name.h"
#include "notes.h"
#include "opener.h"
#include "worker.h"

#define CHANGES		256	/* between two turns of the worker */
#define SAMPLED		8192	/* processes whose end is to be in the stream */
#define WAYS		4	/* entries in a row; a process may be in any of them */

/* A process changed its program, or ended. */
struct profbuf_life_change {
	u64 time;
	u64 start_time;
	u16 type;
	u32 pid;
	u32 tid;
	char comm[TASK_COMM_LEN];
};

struct profbuf_lives_tables {
	u64 sampled[SAMPLED];		/* who they are; set by ticks, marked when a process ends; 0: free */
	struct profbuf_life_change changes[CHANGES];	/* under the lock */
};

/*
 * The bit in an entry that says that the end of the process was told. The entry stays until its place is needed,
 * because threads of the process may still be sampled.
 */
#define TOLD	1ULL

static u64 who(const struct task_struct *leader)
{
	u64 h = profbuf_hash(leader->start_boottime + ((u64)leader->tgid << 40)) & ~TOLD;

	return h ? h : TOLD << 1;
}

static u64 *sampled_row(struct profbuf_lives *l, u64 who)
{
	return &l->tables->sampled[who / 2 % (SAMPLED / WAYS) * WAYS];
}

static u64 *find_sampled(struct profbuf_lives *l, u64 who)
{
	u64 *row = sampled_row(l, who);
	unsigned int i;

	for (i = 0; i < WAYS; i++) {
		if (READ_ONCE(row[i]) == who)
			return &row[i];
	}
	return NULL;
}

void profbuf_lives_expect_end(struct profbuf_lives *l, const struct task_struct *leader)
{
	u64 id = who(leader), *row = sampled_row(l, id), old;
	unsigned int i;

	if (find_sampled(l, id) || find_sampled(l, id | TOLD))
		return;
	for (i = 0; i < WAYS; i++) {
		old = READ_ONCE(row[i]);
		if ((!old || old & TOLD) && try_cmpxchg(&row[i], &old, id))
			return;
		/* Another CPU has just put in the same process. */
		if ((old & ~TOLD) == id)
			return;
	}
	/* There is no room: another process is replaced, and its end is not told. */
	WRITE_ONCE(row[id >> 32 & (WAYS - 1)], id);
	profbuf_notes_count(l->notes, PROFBUF_SIDEBAND_BUSY);
}

/*
 * Marks the process as told. Returns whether it was not told before: if threads end at once, each may look like the
 * last one, and a process may be in its row twice, if two CPUs have put it in at once. The caller holds @lock.
 */
static bool end_is_news(struct profbuf_lives *l, u64 id)
{
	bool told = find_sampled(l, id | TOLD), marked = false;
	u64 *sampled;

	while ((sampled = find_sampled(l, id)))
		marked |= cmpxchg(sampled, id, id | TOLD) == id;
	return marked && !told;
}

void profbuf_lives_tell(struct profbuf_lives *l, u16 type, struct task_struct *task)
{
	u64 id = who(task->group_leader);
	struct profbuf_life_change *r;
	unsigned long flags;
	bool full, own;

	if (!find_sampled(l, id))
		return;
	/* The session was allowed to sample the process, so it may see its end, but perhaps no longer its name. */
	own = l->opener->rights & PROFBUF_RIGHT_TASKS || profbuf_cred_is_own(l->opener, current_real_cred());
	if (type == PROFBUF_RECORD_EXEC && !own)
		return;

	raw_spin_lock_irqsave(&l->lock, flags);
	if (type == PROFBUF_RECORD_EXIT && !end_is_news(l, id))
		goto unlock;
	full = profbuf_fifo_is_full(&l->fifo, CHANGES);
	if (l->on && !full) {
		r = &l->tables->changes[l->fifo.head % CHANGES];
		r->time = ktime_get_ns();
		r->start_time = task->group_leader->start_boottime;
		r->type = type;
		r->pid = task_tgid_nr_ns(task, l->opener->pid_ns);
		r->tid = task_pid_nr_ns(task, l->opener->pid_ns);
		memset(r->comm, 0, sizeof(r->comm));
		if (own)
			memcpy(r->comm, task->comm, sizeof(r->comm));
		profbuf_fifo_add(&l->fifo);
		profbuf_worker_wake(l->worker);
	} else if (l->on) {
		profbuf_notes_count(l->notes, PROFBUF_SIDEBAND_BUSY);
	}
unlock:
	raw_spin_unlock_irqrestore(&l->lock, flags);
}

/* Takes one change; false if there is none. */
static bool next_life(struct profbuf_lives *l, struct profbuf_life_change *r)
{
	bool any;

	raw_spin_lock_irq(&l->lock);
	any = !profbuf_fifo_is_empty(&l->fifo);
	if (any) {
		*r = l->tables->changes[l->fifo.tail % CHANGES];
		profbuf_fifo_drop(&l->fifo);
	}
	raw_spin_unlock_irq(&l->lock);
	return any;
}

void profbuf_lives_describe(struct profbuf_lives *l)
{
	struct profbuf_life_change r;
	struct profbuf_note *note;
	struct profbuf_life *life;

	while (next_life(l, &r)) {
		note = profbuf_note_alloc(sizeof(*life));
		if (!note) {
			profbuf_notes_count(l->notes, PROFBUF_SIDEBAND_MEMORY);
			continue;
		}
		life = (struct profbuf_life *)note->words;
		life->time = r.time;
		life->type = r.type;
		life->cpu = PROFBUF_CPU_NONE;
		life->pid = r.pid;
		life->tid = r.tid;
		life->start_time = r.start_time;
		memcpy(life->comm, r.comm, sizeof(life->comm));
		life->comm[sizeof(life->comm) - 1] = 0;
		if (!profbuf_notes_add(l->notes, note))
			profbuf_notes_count(l->notes, PROFBUF_SIDEBAND_LIMIT);
	}
}

/* Init and exit */

static void set_on(struct profbuf_lives *l, bool on)
{
	raw_spin_lock_irq(&l->lock);
	l->on = on;
	raw_spin_unlock_irq(&l->lock);
}

void profbuf_lives_start(struct profbuf_lives *l)
{
	set_on(l, true);
}

void profbuf_lives_stop(struct profbuf_lives *l)
{
	set_on(l, false);
}

void profbuf_lives_init(struct profbuf_lives *l, const struct profbuf_opener *opener, struct profbuf_notes *notes,
			struct profbuf_worker *worker)
{
	raw_spin_lock_init(&l->lock);
	profbuf_lock_name(&l->lock, "profbuf_lives_lock");
	l->opener = opener;
	l->notes = notes;
	l->worker = worker;
	profbuf_fifo_init(&l->fifo, CHANGES);
}

size_t profbuf_lives_memory(void)
{
	return sizeof(struct profbuf_lives_tables);
}

int profbuf_lives_alloc(struct profbuf_lives *l)
{
	l->tables = __vmalloc(sizeof(*l->tables), PROFBUF_GFP_LARGE);
	return l->tables ? 0 : -ENOMEM;
}

void profbuf_lives_free(struct profbuf_lives *l)
{
	vfree(l->tables);
	l->tables = NULL;
}
