// SPDX-License-Identifier: GPL-2.0-only
/*
 * sideband.c - what processes and mappings the samples mean
 */
#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "mappings.h"
#include "requests.h"
#include "session.h"
#include "sideband.h"
#include "tasks.h"

/* Bytes one session's queue may hold. */
#define QUEUE_MAX	(8UL << 20)

/* What was lost is asked for again after this time. */
#define RETRY		msecs_to_jiffies(100)

/* How long a run of the worker waits for locks of those whom it describes, all together. */
#define PATIENCE_US	50000U

static struct workqueue_struct *workqueue;

/* Notes */

struct profbuf_note *profbuf_note_alloc(size_t bytes)
{
	struct profbuf_note *note;

	note = kzalloc(sizeof(*note) + PROFBUF_WORDS(bytes) * sizeof(u64), GFP_KERNEL_ACCOUNT);
	if (note)
		note->words[0] = PROFBUF_WORDS(bytes);
	return note;
}

static void free_notes(struct list_head *notes)
{
	struct profbuf_note *note, *next;

	list_for_each_entry_safe(note, next, notes, list)
		kfree(note);
	INIT_LIST_HEAD(notes);
}

static size_t notes_bytes(const struct list_head *notes)
{
	const struct profbuf_note *note;
	size_t bytes = 0;

	list_for_each_entry(note, notes, list)
		bytes += note->words[0] * sizeof(u64);
	return bytes;
}

bool profbuf_sideband_queue(struct profbuf_sideband *b, struct list_head *notes)
{
	size_t bytes = notes_bytes(notes);
	bool room;

	spin_lock(&b->lock);
	room = !b->closed && b->bytes + bytes <= QUEUE_MAX;
	if (room) {
		list_splice_tail_init(notes, &b->notes);
		b->bytes += bytes;
	}
	spin_unlock(&b->lock);
	return room;
}

bool profbuf_sideband_put(struct profbuf_sideband *b, struct profbuf_note *note)
{
	LIST_HEAD(notes);

	list_add(&note->list, &notes);
	if (profbuf_sideband_queue(b, &notes))
		return true;
	kfree(note);
	return false;
}

struct profbuf_note *profbuf_sideband_first(struct profbuf_sideband *b)
{
	struct profbuf_note *note;

	spin_lock(&b->lock);
	note = list_first_entry_or_null(&b->notes, struct profbuf_note, list);
	spin_unlock(&b->lock);
	return note;
}

void profbuf_sideband_drop(struct profbuf_sideband *b, struct profbuf_note *note)
{
	spin_lock(&b->lock);
	list_del(&note->list);
	b->bytes -= note->words[0] * sizeof(u64);
	spin_unlock(&b->lock);
	kfree(note);
}

/* Lives: who was sampled, and changes its program, or ends */

/* Beside who it is: its end was told. It stays, as threads of it may still be sampled, until its place is needed. */
#define TOLD	1ULL

static u64 who(const struct task_struct *leader)
{
	u64 h = profbuf_hash(leader->start_boottime + ((u64)leader->tgid << 40)) & ~TOLD;

	return h ? h : TOLD << 1;
}

static u64 *sampled_row(struct profbuf_sideband *b, u64 who)
{
	return &b->tables->sampled[who / 2 % (PROFBUF_SAMPLED / PROFBUF_SAMPLED_WAYS) * PROFBUF_SAMPLED_WAYS];
}

static u64 *find_sampled(struct profbuf_sideband *b, u64 who)
{
	u64 *row = sampled_row(b, who);
	unsigned int i;

	for (i = 0; i < PROFBUF_SAMPLED_WAYS; i++) {
		if (READ_ONCE(row[i]) == who)
			return &row[i];
	}
	return NULL;
}

void profbuf_sideband_expect_end(struct profbuf_sideband *b, const struct task_struct *leader)
{
	u64 id = who(leader), *row = sampled_row(b, id), old;
	unsigned int i;

	if (find_sampled(b, id) || find_sampled(b, id | TOLD))
		return;
	for (i = 0; i < PROFBUF_SAMPLED_WAYS; i++) {
		old = READ_ONCE(row[i]);
		if ((!old || old & TOLD) && try_cmpxchg(&row[i], &old, id))
			return;
		/* Another CPU has put it in just now. */
		if ((old & ~TOLD) == id)
			return;
	}
	/* No room: the end of one of them is not told. */
	WRITE_ONCE(row[id >> 32 & (PROFBUF_SAMPLED_WAYS - 1)], id);
	atomic64_inc(&b->lost[PROFBUF_SIDEBAND_BUSY]);
}

/*
 * Of threads that end at once, each may look like the last; and a process may be in its row twice, if two CPUs put it
 * in at once. The caller holds @lives_lock.
 */
static bool end_is_news(struct profbuf_sideband *b, u64 id)
{
	bool told = find_sampled(b, id | TOLD), marked = false;
	u64 *sampled;

	while ((sampled = find_sampled(b, id)))
		marked |= cmpxchg(sampled, id, id | TOLD) == id;
	return marked && !told;
}

void profbuf_sideband_tell(struct profbuf_session *s, u16 type, struct task_struct *task)
{
	struct profbuf_sideband *b = &s->sideband;
	u64 id = who(task->group_leader);
	struct profbuf_life_request *r;
	unsigned long flags;
	bool full, own;

	if (!find_sampled(b, id))
		return;
	/* It has been the session's to see. What it is called now may be another's; that it ends is not. */
	own = s->rights & PROFBUF_RIGHT_TASKS || profbuf_cred_is_own(s, current_real_cred());
	if (type == PROFBUF_RECORD_EXEC && !own)
		return;

	raw_spin_lock_irqsave(&b->lives_lock, flags);
	if (type == PROFBUF_RECORD_EXIT && !end_is_news(b, id))
		goto unlock;
	full = b->lives_head - b->lives_tail == PROFBUF_LIVES;
	if (b->lives_on && !full) {
		r = &b->tables->lives[b->lives_head++ % PROFBUF_LIVES];
		r->time = ktime_get_ns();
		r->start_time = task->group_leader->start_boottime;
		r->type = type;
		r->pid = task_tgid_nr_ns(task, s->pid_ns);
		r->tid = task_pid_nr_ns(task, s->pid_ns);
		memset(r->comm, 0, sizeof(r->comm));
		if (own)
			memcpy(r->comm, task->comm, sizeof(r->comm));
		queue_work(workqueue, &b->work);
	} else if (b->lives_on) {
		atomic64_inc(&b->lost[PROFBUF_SIDEBAND_BUSY]);
	}
unlock:
	raw_spin_unlock_irqrestore(&b->lives_lock, flags);
}

/* Takes one; false if there is none. */
static bool next_life(struct profbuf_sideband *b, struct profbuf_life_request *r)
{
	bool any;

	raw_spin_lock_irq(&b->lives_lock);
	any = b->lives_tail != b->lives_head;
	if (any)
		*r = b->tables->lives[b->lives_tail++ % PROFBUF_LIVES];
	raw_spin_unlock_irq(&b->lives_lock);
	return any;
}

static void describe_lives(struct profbuf_sideband *b)
{
	struct profbuf_life_request r;
	struct profbuf_note *note;
	struct profbuf_life *life;

	while (next_life(b, &r)) {
		note = profbuf_note_alloc(sizeof(*life));
		if (!note) {
			atomic64_inc(&b->lost[PROFBUF_SIDEBAND_MEMORY]);
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
		if (!profbuf_sideband_put(b, note))
			atomic64_inc(&b->lost[PROFBUF_SIDEBAND_LIMIT]);
	}
}

/* Descriptions of what the ticks ask for */

void profbuf_sideband_pass(struct profbuf_cpu *c)
{
	if (READ_ONCE(c->requests.head) != READ_ONCE(c->requests.tail) || profbuf_tags_pending(c))
		queue_work(workqueue, &c->session->sideband.work);
}

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
	/* The task may have been in the middle of a change. */
	p->comm[sizeof(p->comm) - 1] = 0;
	return note;
}

void profbuf_sideband_lose(struct profbuf_sideband *b, enum profbuf_sideband_cause cause)
{
	atomic64_inc(&b->lost[cause]);
	schedule_delayed_work(&b->retry, RETRY);
}

static void retry(struct work_struct *work)
{
	struct profbuf_sideband *b = container_of(to_delayed_work(work), struct profbuf_sideband, retry);

	if (READ_ONCE(b->bytes) > QUEUE_MAX / 2)
		schedule_delayed_work(&b->retry, RETRY);
	else
		WRITE_ONCE(b->generation, b->generation + 1);
}

/*
 * Is that in the stream already? A description holds from its time on, and an older sample may be asked for later, on
 * another CPU: it needs one of its own time.
 */
static bool is_described(const struct profbuf_described *d, u64 sig, u64 time)
{
	return d->signature == sig && d->time <= time;
}

/* A run of the worker. */
struct run {
	char *path;			/* room for one, PATH_MAX */
	unsigned int patience_us;	/* left */
};

/*
 * A process may hold the lock of its mappings as long as it likes: a file system of its own that does not answer its
 * mmap() is enough.
 */
static bool lock_mappings(struct mm_struct *mm, struct run *run)
{
	unsigned int us = 50;

	while (!mmap_read_trylock(mm)) {
		if (run->patience_us < us)
			return false;
		run->patience_us -= us;
		usleep_range(us, 2 * us);
		us *= 2;
	}
	return true;
}

/* Puts one process into the queue, unless it is there with the same mappings. */
static void describe(struct profbuf_sideband *b, const struct profbuf_request *r, struct run *run)
{
	struct profbuf_described *described = &b->tables->described[hash_32(r->pid, ilog2(PROFBUF_DESCRIBED))];
	u64 sig = profbuf_hash(r->start_time) ^ profbuf_hash(*(const u64 *)r->comm) ^ profbuf_hash(r->uid);
	struct profbuf_note *process;
	LIST_HEAD(notes);
	int err = -ENOMEM;
	u32 nr = 0;

	if (r->mm) {
		if (!lock_mappings(r->mm, run)) {
			profbuf_sideband_lose(b, PROFBUF_SIDEBAND_CHANGES);
			return;
		}
		sig ^= profbuf_mappings_signature(r->mm);
	}
	/* As the ticks' signatures. */
	sig = (u64)r->pid << 32 | lower_32_bits(sig);
	if (is_described(described, sig, r->time) || (r->exiting && described->signature >> 32 == r->pid)) {
		if (r->mm)
			mmap_read_unlock(r->mm);
		return;
	}
	process = describe_process(r);
	if (process) {
		list_add_tail(&process->list, &notes);
		/* Of more than there can be in the queue, nothing is. */
		err = r->mm ? profbuf_mappings_describe(r, run->path, PATH_MAX, QUEUE_MAX, &notes, &nr) : 0;
	}
	if (r->mm)
		mmap_read_unlock(r->mm);

	if (!err) {
		((struct profbuf_process *)process->words)->nr_mappings = nr;
		if (!profbuf_sideband_queue(b, &notes))
			err = -ENOSPC;
	}
	free_notes(&notes);
	switch (err) {
	case 0:
		atomic64_inc(&b->processes);
		atomic64_add(nr, &b->mappings);
		break;
	case -E2BIG:
		/* It is no use to ask again, until there is something else to be said of it. */
		atomic64_inc(&b->lost[PROFBUF_SIDEBAND_LIMIT]);
		break;
	case -ENOSPC:
		profbuf_sideband_lose(b, PROFBUF_SIDEBAND_LIMIT);
		return;
	default:
		profbuf_sideband_lose(b, PROFBUF_SIDEBAND_MEMORY);
		return;
	}
	*described = (struct profbuf_described){ .signature = sig, .time = r->time };
}

/* Puts the name of a thread into the queue, unless it is there. */
static void describe_thread(struct profbuf_sideband *b, const struct profbuf_request *r)
{
	struct profbuf_described *described =
		&b->tables->described[hash_64(~r->start_time ^ r->tid, ilog2(PROFBUF_DESCRIBED))];
	const u64 *comm = (const u64 *)r->comm;
	/* No process's signature has that bit. */
	u64 sig = (profbuf_hash(r->start_time + r->tid) ^ comm[0] ^ comm[1] << 1) | BIT_ULL(63);
	struct profbuf_note *note;
	struct profbuf_thread *t;

	if (is_described(described, sig, r->time))
		return;
	note = profbuf_note_alloc(sizeof(*t));
	if (!note) {
		profbuf_sideband_lose(b, PROFBUF_SIDEBAND_MEMORY);
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
	/* The task may have been in the middle of a change. */
	t->comm[sizeof(t->comm) - 1] = 0;
	if (!profbuf_sideband_put(b, note)) {
		profbuf_sideband_lose(b, PROFBUF_SIDEBAND_LIMIT);
		return;
	}
	*described = (struct profbuf_described){ .signature = sig, .time = r->time };
}

static void describe_requests(struct profbuf_sideband *b, struct profbuf_requests *q, struct run *run)
{
	while (q->tail != smp_load_acquire(&q->head)) {	/* pairs with put_request() and get_request() */
		struct profbuf_request *r = &q->ring[q->tail % PROFBUF_REQUESTS];

		if (r->tid)
			describe_thread(b, r);
		else if (run->path)
			describe(b, r, run);
		else
			profbuf_sideband_lose(b, PROFBUF_SIDEBAND_MEMORY);
		/* Not here: the last reference waits for what the process has under way, with its files. */
		if (r->mm)
			mmput_async(r->mm);
		smp_store_release(&q->tail, q->tail + 1);	/* likewise */
		cond_resched();
	}
}

/* The worker, and the session's life */

static void work(struct work_struct *work)
{
	struct profbuf_sideband *b = container_of(work, struct profbuf_sideband, work);
	struct profbuf_session *s = container_of(b, struct profbuf_session, sideband);
	struct run run = { .path = kmalloc(PATH_MAX, GFP_KERNEL), .patience_us = PATIENCE_US };
	unsigned int cpu;

	for_each_cpu(cpu, s->cpumask) {
		describe_requests(b, &s->cpus[cpu]->requests, &run);
		profbuf_tags_define(s->cpus[cpu]);
	}
	describe_lives(b);
	kfree(run.path);
}

static void set_lives(struct profbuf_sideband *b, bool on)
{
	raw_spin_lock_irq(&b->lives_lock);
	b->lives_on = on;
	raw_spin_unlock_irq(&b->lives_lock);
}

static void set_closed(struct profbuf_sideband *b, bool closed)
{
	spin_lock(&b->lock);
	b->closed = closed;
	spin_unlock(&b->lock);
}

void profbuf_sideband_start(struct profbuf_sideband *b)
{
	set_lives(b, true);
}

void profbuf_sideband_stop(struct profbuf_session *s)
{
	unsigned int cpu;

	for_each_cpu(cpu, s->cpumask)
		profbuf_requests_forget(s->cpus[cpu]);
	set_lives(&s->sideband, false);
	/* The irq_works are over; whatever they left is described now. */
	queue_work(workqueue, &s->sideband.work);
	flush_work(&s->sideband.work);
	cancel_delayed_work_sync(&s->sideband.retry);
	set_closed(&s->sideband, true);
}

void profbuf_sideband_init(struct profbuf_sideband *b)
{
	spin_lock_init(&b->lock);
	raw_spin_lock_init(&b->lives_lock);
	INIT_LIST_HEAD(&b->notes);
	INIT_WORK(&b->work, work);
	INIT_DELAYED_WORK(&b->retry, retry);
	/* Positions wrap on the first lap. */
	b->lives_head = -(PROFBUF_LIVES / 2);
	b->lives_tail = b->lives_head;
}

size_t profbuf_sideband_memory(void)
{
	return sizeof(struct profbuf_sideband_tables);
}

int profbuf_sideband_alloc(struct profbuf_sideband *b)
{
	b->tables = __vmalloc(sizeof(*b->tables), PROFBUF_GFP_LARGE);
	return b->tables ? 0 : -ENOMEM;
}

void profbuf_sideband_free(struct profbuf_sideband *b)
{
	vfree(b->tables);
	b->tables = NULL;
}

void profbuf_sideband_clear(struct profbuf_sideband *b)
{
	unsigned int i;

	free_notes(&b->notes);
	b->bytes = 0;
	set_closed(b, false);
	atomic64_set(&b->processes, 0);
	atomic64_set(&b->mappings, 0);
	for (i = 0; i < PROFBUF_NR_SIDEBAND_CAUSES; i++)
		atomic64_set(&b->lost[i], 0);
}

void profbuf_sideband_exit(struct profbuf_sideband *b)
{
	free_notes(&b->notes);
}

int profbuf_sideband_module_init(void)
{
	/* Of no more than the usual priority: it works for whoever samples, as much as the sampled have it to do. */
	workqueue = alloc_workqueue("profbuf", WQ_UNBOUND, 0);
	return workqueue ? 0 : -ENOMEM;
}

void profbuf_sideband_module_exit(void)
{
	destroy_workqueue(workqueue);
}
