// SPDX-License-Identifier: GPL-2.0-only
/*
 * profbuf_sideband.c - what processes and mappings the samples mean
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/vmalloc.h>

#include "profbuf_compat.h"
#include "profbuf_mappings.h"
#include "profbuf_session.h"
#include "profbuf_sideband.h"
#include "profbuf_tasks.h"

/* Bytes one session's queue may hold. */
#define QUEUE_MAX	(8UL << 20)

/*
 * A process is asked for once in this time at most, and once in so much for each of its mappings, which is many times
 * what it takes to walk over one; but not before it was asked for a few times: a program that begins changes much, and
 * may end soon.
 */
#define PACE_NS		500000ULL
#define PACE_MAPPING_NS	4000ULL
#define PACE_FROM	16

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

/* The tick's side */

/*
 * The current task's process: its first thread. A thread that has been released, and runs on for a moment, has left
 * its process, which may be gone: NULL.
 */
static struct task_struct *leader_of_current(void)
{
	struct task_struct *leader = current->group_leader;

	return leader == current || pid_alive(current) ? leader : NULL;
}

/* The real one; the task may act with another, as overlayfs does. Safe in NMI. */
static kuid_t uid_of(const struct task_struct *task)
{
	kuid_t uid;

	rcu_read_lock();
	uid = __task_cred(task)->uid;
	rcu_read_unlock();
	return uid;
}

/*
 * A process, and the state of its mappings as far as a tick can tell: another program or mapping, another signature.
 * The upper half is the number of the process; when that started is in the lower one.
 */
static u64 signature(const struct profbuf_sideband *b, const struct task_struct *leader, const struct mm_struct *mm)
{
	u64 h = READ_ONCE(b->generation) ^ (u64)__kuid_val(uid_of(leader ? leader : current)) << 32;

	if (leader)
		h ^= leader->start_boottime;
	h = profbuf_hash(h);
	if (mm)
		h ^= profbuf_hash((u64)mm + READ_ONCE(mm->exec_vm)) ^ (u32)READ_ONCE(mm->map_count);
	return (u64)current->tgid << 32 | lower_32_bits(h);
}

static void fill_process(struct profbuf_request *r, struct pid_namespace *ns, struct task_struct *leader,
			 struct mm_struct *mm)
{
	const struct task_struct *named = leader ? leader : current;
	struct pid *thread_group;

	r->ns_pid = 0;
	r->ppid = 0;
	r->start_time = 0;
	rcu_read_lock();
	/* Once released, it may have outlived its parent. */
	if (leader && pid_alive(leader)) {
		thread_group = task_pid(leader);
		r->ns_pid = thread_group ? thread_group->numbers[thread_group->level].nr : 0;
		r->ppid = task_tgid_nr_ns(rcu_dereference(leader->real_parent), ns);
	}
	r->cgroup = cgroup_id(task_dfl_cgroup(current));
	rcu_read_unlock();
	if (leader)
		r->start_time = leader->start_boottime;
	r->tid = 0;
	r->uid = from_kuid(&init_user_ns, uid_of(named));
	r->is_32bit = mm && !user_64bit_mode(task_pt_regs(current)) && user_mode(task_pt_regs(current));
	r->exiting = !mm && !profbuf_compat_kernel_thread(current);
	memcpy(r->comm, named->comm, sizeof(r->comm));
	r->mm = mm;
	if (mm)
		mmget(mm);
}

static void fill_thread(struct profbuf_request *r, u32 tid)
{
	r->tid = tid;
	r->start_time = current->start_boottime;
	memcpy(r->comm, current->comm, sizeof(r->comm));
	r->mm = NULL;
}

/* Those who were sampled, and whose end is to be told */

static u64 who(const struct task_struct *leader)
{
	u64 h = profbuf_hash(leader->start_boottime + ((u64)leader->tgid << 40));

	return h ? h : 1;
}

static u64 *sampled_row(struct profbuf_sideband *b, u64 who)
{
	return &b->tables->sampled[who % (PROFBUF_SAMPLED / PROFBUF_SAMPLED_WAYS) * PROFBUF_SAMPLED_WAYS];
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

static void put_sampled(struct profbuf_sideband *b, u64 who)
{
	u64 *row = sampled_row(b, who);
	unsigned int i;

	if (find_sampled(b, who))
		return;
	for (i = 0; i < PROFBUF_SAMPLED_WAYS; i++) {
		if (!READ_ONCE(row[i]) && !cmpxchg(&row[i], 0, who))
			return;
	}
	/* No room: the end of one of them is not told. */
	WRITE_ONCE(row[who >> 32 & (PROFBUF_SAMPLED_WAYS - 1)], who);
	atomic64_inc(&b->lost[PROFBUF_SIDEBAND_BUSY]);
}

/* Room for a request, which put_request() hands over; NULL if there is none, which is counted. */
static struct profbuf_request *get_request(struct profbuf_sideband *b, struct profbuf_requests *q, u64 now, u32 pid)
{
	struct profbuf_request *r;

	/* The worker has done with the entries before tail. */
	if (q->head - smp_load_acquire(&q->tail) == PROFBUF_REQUESTS) {
		atomic64_inc(&b->lost[PROFBUF_SIDEBAND_BUSY]);
		return NULL;
	}
	r = &q->ring[q->head % PROFBUF_REQUESTS];
	r->time = now;
	r->pid = pid;
	return r;
}

static void put_request(struct profbuf_requests *q)
{
	smp_store_release(&q->head, q->head + 1);	/* pairs with describe_requests() */
}

/* Has another CPU asked for just that, at a time from which on it holds for a sample of now? */
static bool is_asked(const struct profbuf_asked *asked, u64 sig, u64 now)
{
	/* Pairs with set_asked(): the time is not older than the signature. */
	return smp_load_acquire(&asked->signature) == sig && READ_ONCE(asked->time) <= now;
}

static void set_asked(struct profbuf_asked *asked, u64 sig, u64 now)
{
	bool again = READ_ONCE(asked->signature) >> 32 == sig >> 32;

	WRITE_ONCE(asked->times, again ? READ_ONCE(asked->times) + 1 : 1);
	WRITE_ONCE(asked->time, now);
	smp_store_release(&asked->signature, sig);	/* pairs with is_asked() */
}

/* It changes faster than it is to be described. */
static bool is_too_soon(const struct profbuf_asked *asked, u64 sig, u64 now, const struct mm_struct *mm)
{
	u64 pace = mm ? max(PACE_NS, READ_ONCE(mm->map_count) * PACE_MAPPING_NS) : PACE_NS;

	/* Another CPU's time may be a little later than now. */
	return READ_ONCE(asked->signature) >> 32 == sig >> 32 && READ_ONCE(asked->times) >= PACE_FROM &&
	       (s64)(now - READ_ONCE(asked->time)) < (s64)pace;
}

/* What a CPU remembers of a process whose change it has not asked for. */
static u64 put_off(u64 sig)
{
	return sig & ~(u64)U32_MAX;
}

static bool is_put_off(u64 seen)
{
	return seen && !lower_32_bits(seen);
}

/* It was not sampled here again, so what it changed is not described. */
static void forget(struct profbuf_sideband *b, u64 seen)
{
	if (is_put_off(seen))
		atomic64_inc(&b->lost[PROFBUF_SIDEBAND_CHANGES]);
}

static void set_seen(struct profbuf_sideband *b, u64 *seen, u64 sig)
{
	if (*seen >> 32 != sig >> 32)
		forget(b, *seen);
	*seen = sig;
}

static bool see_process(struct profbuf_cpu *c, u64 now, u32 pid)
{
	struct profbuf_sideband *b = &c->session->sideband;
	struct task_struct *leader = leader_of_current();
	/* A kernel thread may borrow a memory map; it does not describe the thread. */
	bool kernel_thread = profbuf_compat_kernel_thread(current);
	struct mm_struct *mm = kernel_thread ? NULL : current->mm;
	struct profbuf_requests *q = &c->requests;
	u64 sig = signature(b, leader, mm);
	u64 *seen = &q->seen[hash_32(current->tgid, ilog2(PROFBUF_SEEN))];
	struct profbuf_asked *asked;
	struct profbuf_request *r;

	if (likely(*seen == sig))
		return false;
	asked = &b->tables->asked[hash_32(current->tgid, ilog2(PROFBUF_ASKED))];
	/* A thread that exits has let go of its memory; the process's others may have it still. */
	if (!mm && !kernel_thread &&
	    (*seen >> 32 == sig >> 32 || READ_ONCE(asked->signature) >> 32 == sig >> 32))
		return false;
	if (is_asked(asked, sig, now)) {
		set_seen(b, seen, sig);
		return false;
	}
	if (is_too_soon(asked, sig, now, mm)) {
		set_seen(b, seen, put_off(sig));
		return false;
	}
	r = get_request(b, q, now, pid);
	if (!r)
		return false;
	fill_process(r, c->session->pid_ns, leader, mm);
	put_request(q);
	set_asked(asked, sig, now);
	/* Whoever runs on after its end was told, or is a part of nothing any more, has no end to be told. */
	if (leader && !current->exit_state)
		put_sampled(b, who(leader));
	set_seen(b, seen, sig);
	return true;
}

/* The name is part of the signature: a new one is asked for like a new thread. */
static bool see_thread(struct profbuf_cpu *c, u64 now, u32 pid, u32 tid)
{
	struct profbuf_sideband *b = &c->session->sideband;
	struct profbuf_requests *q = &c->requests;
	u64 *seen = &q->seen_threads[hash_64((u64)current, ilog2(PROFBUF_SEEN))];
	struct profbuf_request *r;
	u64 comm[2], sig;

	BUILD_BUG_ON(sizeof(comm) != sizeof(current->comm));
	memcpy(comm, current->comm, sizeof(comm));
	sig = (comm[0] * 3 ^ comm[1] * 5) + current->start_boottime + READ_ONCE(b->generation);
	if (likely(*seen == sig))
		return false;
	r = get_request(b, q, now, pid);
	if (!r)
		return false;
	fill_thread(r, tid);
	put_request(q);
	*seen = sig;
	return true;
}

bool profbuf_sideband_see(struct profbuf_cpu *c, u64 now, u32 pid, u32 tid)
{
	bool asked = see_process(c, now, pid);

	/* One that has been reaped has no number in the opener's namespace any more, nor a name that matters. */
	return (tid && see_thread(c, now, pid, tid)) || asked;
}

void profbuf_sideband_tell(struct profbuf_session *s, u16 type, struct task_struct *task)
{
	struct profbuf_sideband *b = &s->sideband;
	u64 id = who(task->group_leader), *sampled = find_sampled(b, id);
	struct profbuf_life_request *r;
	unsigned long flags;
	bool full, own;

	if (!sampled)
		return;
	/* It has been the session's to see. What it is called now may be another's; that it ends is not. */
	own = s->rights & PROFBUF_RIGHT_TASKS || profbuf_cred_is_own(s, current_real_cred());
	if (type == PROFBUF_RECORD_EXEC && !own)
		return;
	/* Of threads that end at once, each may look like the last. */
	if (type == PROFBUF_RECORD_EXIT && cmpxchg(sampled, id, 0) != id)
		return;

	raw_spin_lock_irqsave(&b->lives_lock, flags);
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
	raw_spin_unlock_irqrestore(&b->lives_lock, flags);
}

void profbuf_sideband_pass(struct profbuf_cpu *c)
{
	if (READ_ONCE(c->requests.head) != READ_ONCE(c->requests.tail) || profbuf_tags_pending(c))
		queue_work(workqueue, &c->session->sideband.work);
}

/* The worker's side */

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
	while (q->tail != smp_load_acquire(&q->head)) {	/* pairs with profbuf_sideband_see() */
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

static void forget_all(struct profbuf_sideband *b, const struct profbuf_requests *q)
{
	unsigned int i;

	for (i = 0; i < PROFBUF_SEEN; i++)
		forget(b, q->seen[i]);
}

void profbuf_sideband_stop(struct profbuf_session *s)
{
	unsigned int cpu;

	for_each_cpu(cpu, s->cpumask)
		forget_all(&s->sideband, &s->cpus[cpu]->requests);
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
