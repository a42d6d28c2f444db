// SPDX-License-Identifier: GPL-2.0-only
/*
 * reader.c - what a reader gets: the stream, made of the queue of notes and the rings; and how a reader waits
 */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "sampler.h"
#include "session.h"

static bool session_readable(struct profbuf_ksession *s)
{
	unsigned int cpu;

	if (profbuf_ksession_state(s) != PROFBUF_STATE_RUNNING)
		return true;	/* a read starts the session, or gets the rest, or the end */
	if (profbuf_notes_first(&s->notes))
		return true;
	for_each_cpu(cpu, s->cpumask) {
		if (profbuf_readable(&s->cpus[cpu]->ring) || profbuf_budget_first(&s->cpus[cpu]->budget))
			return true;
	}
	return false;
}

void profbuf_ksession_flush(struct profbuf_ksession *s)
{
	if (session_readable(s))
		wake_up_interruptible_poll(&s->wait, EPOLLIN | EPOLLRDNORM);
}

/* Runs after the tick, and does what the tick must not do itself. */
static void profbuf_after_tick(struct irq_work *work)
{
	struct profbuf_cpu *c = container_of(work, struct profbuf_cpu, wake);
	struct profbuf_ksession *s = c->session;

	atomic_inc(&s->wakeups);	/* before the wakeup: a reader that wakes looks at it */
	wake_up_interruptible_poll(&s->wait, EPOLLIN | EPOLLRDNORM);
	if (profbuf_requests_pending(&c->requests) || (c->tags && profbuf_tags_pending(c->tags)))
		profbuf_worker_wake(&s->worker);
	if (READ_ONCE(c->ended))
		profbuf_sampler_check_end(s);
}

void profbuf_ksession_init_wake(struct profbuf_cpu *c)
{
	c->wake = IRQ_WORK_INIT(profbuf_after_tick);
}

/* How far a read has filled the user's buffer. */
struct reader {
	char __user *to;
	size_t room;
	ssize_t done;		/* bytes copied, or an error if nothing was copied */
};

/*
 * Copies one record, or several together. Returns false if that was not possible; then r->done is the error, unless
 * something was copied before.
 */
static bool copy_out(struct reader *r, const u64 *words, u64 n)
{
	size_t bytes = n * sizeof(u64);
	int err = 0;

	if (bytes > r->room)
		err = -EINVAL;
	else if (copy_to_user(r->to, words, bytes))
		err = -EFAULT;
	if (err) {
		if (!r->done)
			r->done = err;
		return false;
	}
	r->to += bytes;
	r->room -= bytes;
	r->done += bytes;
	return true;
}

static bool read_notes(struct profbuf_ksession *s, struct reader *r)
{
	struct profbuf_note *note;

	while ((note = profbuf_notes_first(&s->notes))) {
		if (!copy_out(r, note->words, note->words[0]))
			return false;
		profbuf_notes_drop(&s->notes, note);
	}
	return true;
}

/* Makes a record of the counts by cause since the last such record, if any is not 0. @told is what was read before. */
static bool read_counts(struct reader *r, enum profbuf_record_type type, const atomic64_t *counts, u64 *told,
			unsigned int n)
{
	/* The other record has the same layout: see read_dropped(). */
	struct profbuf_tag_lost lost = {
		.len = PROFBUF_WORDS(sizeof(lost)),
		.type = type,
		.cpu = PROFBUF_CPU_NONE,
	};
	bool any = false;
	unsigned int i;

	for (i = 0; i < n; i++) {
		lost.count[i] = atomic64_read(&counts[i]) - told[i];
		any |= lost.count[i];
	}
	if (!any)
		return true;
	lost.time = ktime_get_ns();
	if (!copy_out(r, (u64 *)&lost, lost.len))
		return false;
	for (i = 0; i < n; i++)
		told[i] += lost.count[i];
	return true;
}

/* Reports sideband and tags that were dropped. */
static bool read_dropped(struct profbuf_ksession *s, struct reader *r)
{
	BUILD_BUG_ON(offsetof(struct profbuf_sideband_lost, count) != offsetof(struct profbuf_tag_lost, count) ||
		     sizeof(struct profbuf_sideband_lost) != sizeof(struct profbuf_tag_lost) ||
		     PROFBUF_NR_SIDEBAND_CAUSES > 8 || PROFBUF_NR_TAG_CAUSES > 8);
	return read_counts(r, PROFBUF_RECORD_SIDEBAND_LOST, s->notes.lost, s->notes.lost_told,
			   PROFBUF_NR_SIDEBAND_CAUSES) &&
	       read_counts(r, PROFBUF_RECORD_TAG_LOST, s->tags.unread, s->tags.unread_told, PROFBUF_NR_TAG_CAUSES);
}

/*
 * Turns the records of a slice that fit into @room into records of the stream: a sample gets its tag from the ring's
 * array of tags, and a loss record its CPU. Returns how many words they are.
 */
static u32 finish_records(const struct profbuf_cpu *c, const struct profbuf_slice *slice, size_t room, u32 *ntags)
{
	u32 words = 0;

	for (*ntags = 0; *ntags < slice->ntags; (*ntags)++) {
		struct profbuf_sample *sample = (struct profbuf_sample *)&slice->data[words];

		if ((words + sample->len) * sizeof(u64) > room)
			break;
		if (sample->type == PROFBUF_RECORD_LOST)
			sample->cpu = c->cpu;
		else
			sample->tag = slice->tags[*ntags];
		words += sample->len;
	}
	return words;
}

static bool read_ring(struct profbuf_cpu *c, struct reader *r)
{
	enum profbuf_read_status status;
	struct profbuf_slice slice;
	u32 words, ntags;

	while ((status = profbuf_read(&c->ring, PROFBUF_NONBLOCKING, &slice)) == PROFBUF_DATA) {
		words = finish_records(c, &slice, r->room, &ntags);
		/* If not even one record fits, copy_out() fails. */
		if (!copy_out(r, slice.data, ntags ? words : slice.data[0])) {
			profbuf_consume(&c->ring, 0, 0);
			return false;
		}
		profbuf_consume(&c->ring, words, ntags);
		if (ntags < slice.ntags)
			return false;
	}
	if (status != PROFBUF_CORRUPT)
		return true;
	if (!r->done)
		r->done = -EIO;
	return false;
}

/* Reads the changes of a CPU's stride. */
static bool read_stride_changes(struct profbuf_cpu *c, struct reader *r)
{
	struct profbuf_rate rate = {
		.len = PROFBUF_WORDS(sizeof(rate)),
		.type = PROFBUF_RECORD_RATE,
		.cpu = c->cpu,
	};
	const struct profbuf_stride_change *change;

	while ((change = profbuf_budget_first(&c->budget))) {
		rate.time = change->time;
		rate.stride = change->stride;
		rate.overhead = change->overhead;
		if (!copy_out(r, (u64 *)&rate, rate.len))
			return false;
		profbuf_budget_drop(&c->budget);
	}
	return true;
}

/* Reads every CPU's ring. Each call begins with another CPU, so that a short buffer does not starve the last one. */
static bool read_rings(struct profbuf_ksession *s, struct reader *r)
{
	unsigned int i, n = nr_cpu_ids, first = s->next_cpu;

	s->next_cpu = (first + 1) % n;
	for (i = 0; i < n; i++) {
		struct profbuf_cpu *c = s->cpus[(first + i) % n];

		if (c && !(read_stride_changes(c, r) && read_ring(c, r)))
			return false;
	}
	return true;
}

/* Reads the final counters, after everything else. */
static bool read_final_counters(struct profbuf_ksession *s, struct reader *r)
{
	struct profbuf_record_counters counters = {
		.len = PROFBUF_WORDS(sizeof(counters)),
		.type = PROFBUF_RECORD_COUNTERS,
		.misc = PROFBUF_COUNTERS_FINAL,
	};

	for (; s->final_cpu < nr_cpu_ids; s->final_cpu++) {
		if (!cpu_possible(s->final_cpu))
			continue;
		counters.time = ktime_get_ns();
		counters.cpu = s->final_cpu;
		profbuf_ksession_counters(s, s->final_cpu, &counters.counters);
		if (!copy_out(r, (u64 *)&counters, counters.len))
			return false;
	}
	return true;
}

/* Marks the reader as sleeping in every ring; false if a ring has something to read. */
static bool sleep_in_rings(struct profbuf_ksession *s)
{
	struct profbuf_slice slice;
	unsigned int cpu;

	lockdep_assert_held(&s->read_lock);
	for_each_cpu(cpu, s->cpumask) {
		struct profbuf *ring = &s->cpus[cpu]->ring;

		switch (profbuf_read(ring, PROFBUF_BLOCKING, &slice)) {
		case PROFBUF_SLEEP:
			break;
		case PROFBUF_DATA:
			profbuf_consume(ring, 0, 0);
			return false;
		default:
			return false;
		}
	}
	return true;
}

ssize_t profbuf_ksession_read(struct profbuf_ksession *s, char __user *to, size_t count, bool nonblock)
{
	struct reader r = { .to = to, .room = count };
	bool stopped, sleeping;
	int err, wakeups;

	if (profbuf_ksession_state(s) == PROFBUF_STATE_NEW) {
		err = profbuf_ksession_start(s);
		/* Another reader may have started it first. */
		if (err && profbuf_ksession_state(s) == PROFBUF_STATE_NEW)
			return err;
	}
	for (;;) {
		if (mutex_lock_interruptible(&s->read_lock))
			return -ERESTARTSYS;
		/* The state is read before the rings: after the stop nothing is put into them. */
		stopped = profbuf_ksession_state(s) == PROFBUF_STATE_STOPPED;
		if (read_notes(s, &r) && read_dropped(s, &r) && read_rings(s, &r) && stopped)
			read_final_counters(s, &r);
		if (r.done || stopped) {
			mutex_unlock(&s->read_lock);
			return r.done;
		}
		wakeups = atomic_read(&s->wakeups);
		sleeping = sleep_in_rings(s);
		mutex_unlock(&s->read_lock);
		if (!sleeping)
			continue;
		if (nonblock)
			return -EAGAIN;
		/*
		 * A wakeup may be late: for records that were read before the ring was marked. It clears the mark all
		 * the same. Then the rings have to be marked again, or the next wakeup would not come.
		 */
		err = wait_event_interruptible(s->wait, session_readable(s) ||
					       atomic_read(&s->wakeups) != wakeups);
		if (err)
			return err;
	}
}

__poll_t profbuf_ksession_poll(struct profbuf_ksession *s, struct file *file, poll_table *wait)
{
	__poll_t events = 0;

	poll_wait(file, &s->wait, wait);
	/*
	 * If the lock is not free, a reader is at work, and the next wakeup may be one that this reader asked for. The
	 * flush period bounds the delay.
	 */
	if (profbuf_ksession_state(s) == PROFBUF_STATE_RUNNING && mutex_trylock(&s->read_lock)) {
		sleep_in_rings(s);
		mutex_unlock(&s->read_lock);
	}
	if (session_readable(s))
		events |= EPOLLIN | EPOLLRDNORM;
	if (profbuf_ksession_state(s) == PROFBUF_STATE_STOPPED)
		events |= EPOLLHUP;
	return events;
}
