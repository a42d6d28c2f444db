// SPDX-License-Identifier: GPL-2.0-only
/*
 * requests.c - what ticks ask the worker to describe
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/task_stack.h>
#include <linux/uidgid.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "gfp.h"
#include "hash.h"
#include "lives.h"
#include "notes.h"
#include "opener.h"
#include "requests.h"

#define ASKED		1024	/* per session: processes that any CPU has asked for */

/*
 * A process is asked for at most once in PACE_NS, or once in PACE_MAPPING_NS times its mappings if that is longer,
 * which is many times what a walk over them takes. This holds only after PACE_FROM requests: a program changes much
 * when it begins, and may end soon.
 */
#define PACE_NS		500000ULL
#define PACE_MAPPING_NS	4000ULL
#define PACE_FROM	16

/* The last request for a process, of any CPU. */
struct profbuf_asked {
	u64 time;
	u64 signature;
	u32 times;			/* how many requests in a row were for this process */
};

/*
 * The first thread of the current task's process. A thread that was released, and runs on for a moment, has left its
 * process, which may be gone: NULL.
 */
static struct task_struct *leader_of_current(void)
{
	struct task_struct *leader = current->group_leader;

	return leader == current || pid_alive(current) ? leader : NULL;
}

/* The real uid: a task may act with other credentials, as overlayfs does. Safe in NMI. */
static kuid_t uid_of(const struct task_struct *task)
{
	kuid_t uid;

	rcu_read_lock();
	uid = __task_cred(task)->uid;
	rcu_read_unlock();
	return uid;
}

/*
 * The signature of a process and of its mappings, as far as a tick can see them: if the program or a mapping changes,
 * the signature does. The upper half is the number of the process; its start time is part of the lower half.
 */
static u64 signature(const struct profbuf_notes *notes, const struct task_struct *leader, const struct mm_struct *mm)
{
	u64 h = READ_ONCE(notes->generation) ^ (u64)__kuid_val(uid_of(leader ? leader : current)) << 32;

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
	/* A released process may have outlived its parent. */
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

/* Finds room for a request, which profbuf_fifo_add() hands over; NULL if there is no room, which is counted. */
static struct profbuf_request *get_request(struct profbuf_cpu_requests *q, u64 now, u32 pid)
{
	struct profbuf_request *r;

	if (profbuf_fifo_is_full(&q->fifo, PROFBUF_REQUESTS)) {
		profbuf_notes_count(q->all->notes, PROFBUF_SIDEBAND_BUSY);
		return NULL;
	}
	r = &q->ring[q->fifo.head % PROFBUF_REQUESTS];
	r->time = now;
	r->pid = pid;
	return r;
}

/* Has any CPU asked for this signature, at a time that is not after @now? */
static bool is_asked(const struct profbuf_asked *asked, u64 sig, u64 now)
{
	/* Pairs with set_asked(): the time belongs to this signature, or to a later one. */
	return smp_load_acquire(&asked->signature) == sig && READ_ONCE(asked->time) <= now;
}

static void set_asked(struct profbuf_asked *asked, u64 sig, u64 now)
{
	bool again = READ_ONCE(asked->signature) >> 32 == sig >> 32;

	WRITE_ONCE(asked->times, again ? READ_ONCE(asked->times) + 1 : 1);
	WRITE_ONCE(asked->time, now);
	smp_store_release(&asked->signature, sig);	/* pairs with is_asked() */
}

/* Does the process change faster than it may be described? */
static bool is_too_soon(const struct profbuf_asked *asked, u64 sig, u64 now, const struct mm_struct *mm)
{
	u64 pace = mm ? max(PACE_NS, READ_ONCE(mm->map_count) * PACE_MAPPING_NS) : PACE_NS;

	/* The time on another CPU may be a little later than now. */
	return READ_ONCE(asked->signature) >> 32 == sig >> 32 && READ_ONCE(asked->times) >= PACE_FROM &&
	       (s64)(now - READ_ONCE(asked->time)) < (s64)pace;
}

/* What a CPU remembers of a process if it has put off to ask for a change. */
static u64 put_off(u64 sig)
{
	return sig & ~(u64)U32_MAX;
}

static bool is_put_off(u64 seen)
{
	return seen && !lower_32_bits(seen);
}

/* Counts a change that was put off: the process was not sampled on this CPU again, so the change is not described. */
static void forget(struct profbuf_notes *notes, u64 seen)
{
	if (is_put_off(seen))
		profbuf_notes_count(notes, PROFBUF_SIDEBAND_CHANGES);
}

static void set_seen(struct profbuf_notes *notes, u64 *seen, u64 sig)
{
	if (*seen >> 32 != sig >> 32)
		forget(notes, *seen);
	*seen = sig;
}

static bool see_process(struct profbuf_cpu_requests *q, u64 now, u32 pid)
{
	struct profbuf_requests *all = q->all;
	struct task_struct *leader = leader_of_current();
	/* A kernel thread may borrow a memory map, which says nothing about the thread. */
	bool kernel_thread = profbuf_compat_kernel_thread(current);
	struct mm_struct *mm = kernel_thread ? NULL : current->mm;
	u64 sig = signature(all->notes, leader, mm);
	u64 *seen = &q->seen[hash_32(current->tgid, ilog2(PROFBUF_SEEN))];
	struct profbuf_asked *asked;
	struct profbuf_request *r;

	if (likely(*seen == sig))
		return false;
	asked = &all->asked[hash_32(current->tgid, ilog2(ASKED))];
	/* A thread that exits has given up its memory; other threads of the process may still have it. */
	if (!mm && !kernel_thread &&
	    (*seen >> 32 == sig >> 32 || READ_ONCE(asked->signature) >> 32 == sig >> 32))
		return false;
	if (is_asked(asked, sig, now)) {
		set_seen(all->notes, seen, sig);
		return false;
	}
	if (is_too_soon(asked, sig, now, mm)) {
		set_seen(all->notes, seen, put_off(sig));
		return false;
	}
	r = get_request(q, now, pid);
	if (!r)
		return false;
	fill_process(r, all->opener->pid_ns, leader, mm);
	profbuf_fifo_add(&q->fifo);
	set_asked(asked, sig, now);
	/* No EXIT record follows for a task past exit_state, or for one that has left its process. */
	if (leader && !current->exit_state)
		profbuf_lives_expect_end(all->lives, leader);
	set_seen(all->notes, seen, sig);
	return true;
}

/* The name is part of the signature: a new name is asked for like a new thread. */
static bool see_thread(struct profbuf_cpu_requests *q, u64 now, u32 pid, u32 tid)
{
	u64 *seen = &q->seen_threads[hash_64((u64)current, ilog2(PROFBUF_SEEN))];
	struct profbuf_request *r;
	u64 comm[2], sig;

	BUILD_BUG_ON(sizeof(comm) != sizeof(current->comm));
	memcpy(comm, current->comm, sizeof(comm));
	sig = (comm[0] * 3 ^ comm[1] * 5) + current->start_boottime + READ_ONCE(q->all->notes->generation);
	if (likely(*seen == sig))
		return false;
	r = get_request(q, now, pid);
	if (!r)
		return false;
	fill_thread(r, tid);
	profbuf_fifo_add(&q->fifo);
	*seen = sig;
	return true;
}

bool profbuf_requests_see(struct profbuf_cpu_requests *q, u64 now, u32 pid, u32 tid)
{
	bool asked = see_process(q, now, pid);

	/* A thread that was reaped has no number in the opener's namespace any more; its name does not matter. */
	return (tid && see_thread(q, now, pid, tid)) || asked;
}

void profbuf_requests_forget(struct profbuf_cpu_requests *q)
{
	unsigned int i;

	for (i = 0; i < PROFBUF_SEEN; i++)
		forget(q->all->notes, q->seen[i]);
}

/* The worker */

bool profbuf_requests_pending(const struct profbuf_cpu_requests *q)
{
	return !profbuf_fifo_is_empty(&q->fifo);
}

struct profbuf_request *profbuf_requests_first(struct profbuf_cpu_requests *q)
{
	return profbuf_fifo_is_empty(&q->fifo) ? NULL : &q->ring[q->fifo.tail % PROFBUF_REQUESTS];
}

void profbuf_requests_drop(struct profbuf_cpu_requests *q)
{
	profbuf_fifo_drop(&q->fifo);
}

/* Init and exit */

void profbuf_requests_init(struct profbuf_requests *all, const struct profbuf_opener *opener,
			   struct profbuf_notes *notes, struct profbuf_lives *lives)
{
	all->opener = opener;
	all->notes = notes;
	all->lives = lives;
}

void profbuf_requests_init_cpu(struct profbuf_cpu_requests *q, struct profbuf_requests *all)
{
	q->all = all;
	profbuf_fifo_init(&q->fifo, PROFBUF_REQUESTS);
}

size_t profbuf_requests_memory(void)
{
	return ASKED * sizeof(struct profbuf_asked);
}

int profbuf_requests_alloc(struct profbuf_requests *all)
{
	all->asked = __vmalloc(profbuf_requests_memory(), PROFBUF_GFP_LARGE);
	return all->asked ? 0 : -ENOMEM;
}

void profbuf_requests_free(struct profbuf_requests *all)
{
	vfree(all->asked);
	all->asked = NULL;
}
