/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rings.pml - a session's rings, its readers, and the ways in which they are woken; for SPIN, tests/ring/model/run checks it
 *
 * The ring itself is ring.pml's matter. Here each one is what a session sees of it: how many records are unread, with
 * commits below the watermark still on their way to other CPUs (delayed), losses not told, the reader's flag. One step
 * is one access to what others see. Names are those of module/session.c, module/reader.c and
 * module/sampler.c.
 *
 * Processes: for each CPU its tick and its irq_work, which on PREEMPT_RT is a thread, so ticks come inside of it; the
 * memory; readers, each with profbuf_ksession_read() in a loop, or with -DPOLL a read that does not wait, then poll();
 * the flush period; the stop.
 *
 * Without -DLIVE the ticks are few and may end anywhere, and nothing but wakeups ends a wait, except where none is due:
 * a wakeup that is missing is a deadlock (invalid end state). With -DSTOP the session is stopped at some time, and at
 * the end of file nothing may be left.
 *
 * With -DLIVE the ticks go on for ever, and the flush period runs: whatever record is looked at, it is delivered in the
 * end (delivered), if everybody who can go on does so in the end (weak fairness). A tick and an irq_work are one step
 * then, and with -DPROMPT commits are seen at once: fewer states.
 *
 * Two readers (READERS=2) may wait at a time; all are woken. If one of them takes what the other one was to be woken
 * for and does not come back (-DQUITS), nobody marks the rings any more: only the flush period wakes the other one.
 * So this is checked with -DLIVE only.
 *
 * Each -DM_... breaks one thing and must be refuted.
 */
#ifndef RINGS
#define RINGS	2
#endif
#ifndef CAPACITY
#define CAPACITY 2		/* records in a ring */
#endif
#ifndef WATERMARK
#define WATERMARK 2
#endif
#ifndef TICKS
#define TICKS	3		/* of each CPU, at most */
#endif
#ifndef READERS
#define READERS	1
#endif
#ifndef ROOM
#define ROOM	CAPACITY	/* records that the reader's buffer holds */
#endif

/* The rings. */
byte unread[RINGS];
byte delayed[RINGS];		/* committed with release, not yet seen by others */
bit lost[RINGS];
bit sleeping[RINGS];
bit eof[RINGS];

/* The session. */
bit pending[RINGS];		/* irq_work */
bit waking[RINGS];		/* it runs */
bit in_tick[RINGS];
bit off = 0;			/* no ticks any more */
bit stopped = 0;		/* the state */
bit read_lock = 0;
byte next_cpu = 0;
bit queued[READERS];		/* in the wait queue */
bit runnable[READERS];
bit noted[READERS];		/* session->wakeups is not what this reader saw before it marked itself as sleeping */

byte writing = RINGS;		/* CPUs that may still have ticks */

/* The record that is looked at: one of the last ring, how many are before it. */
bit marked = 0, delivered = 0;
byte ahead = 0;

#define READABLE(i)	(unread[i] > 0 || lost[i] || eof[i])
#define DUE(i)		(unread[i] + delayed[i] >= WATERMARK || lost[i] || eof[i])
#if RINGS == 1
#define ANY_DUE		(stopped || DUE(0))
#else
#define ANY_DUE		(stopped || DUE(0) || DUE(1))
#endif

#if READERS == 1
#define NOTE_ALL	noted[0] = 1
#define WAKE_ALL	runnable[0] = queued[0]
#else
#define NOTE_ALL	noted[0] = 1; noted[1] = 1
#define WAKE_ALL	runnable[0] = queued[0]; runnable[1] = queued[1]
#endif

/* ---- a CPU ---- */

inline wakeup_extra(i)
{
	d_step {					/* the cas, then irq_work_queue: once for what is pending */
		if
		:: sleeping[i] -> sleeping[i] = 0; pending[i] = 1
		:: else
		fi
	}
}

inline mark(i)
{
#ifdef LIVE
	if
	:: i == RINGS - 1 && !marked -> marked = 1; ahead = unread[i] + delayed[i]
	:: true
	fi
#else
	skip
#endif
}

inline tick(i)
{
	if
	:: atomic { !lost[i] && unread[i] + delayed[i] + 1 < WATERMARK && unread[i] + delayed[i] < CAPACITY ->
		mark(i);
#ifdef PROMPT
		unread[i]++
#else
		delayed[i]++				/* port_store_release */
#endif
	   }
	:: atomic { !lost[i] && unread[i] + delayed[i] + 1 >= WATERMARK && unread[i] + delayed[i] < CAPACITY ->
		mark(i);
		unread[i] = unread[i] + delayed[i] + 1;	/* port_swap */
		delayed[i] = 0
	   };
	   wakeup_extra(i)
	:: atomic { lost[i] && unread[i] + delayed[i] + 2 <= CAPACITY ->
		unread[i] = unread[i] + delayed[i] + 2;	/* the record of the loss, and this one */
		delayed[i] = 0;
		lost[i] = 0
	   };
	   wakeup_extra(i)
	:: atomic { unread[i] + delayed[i] + lost[i] + 1 > CAPACITY ->
		unread[i] = unread[i] + delayed[i];
		delayed[i] = 0;
		lost[i] = 1
	   };
	   wakeup_extra(i)
	:: atomic { lost[i] && unread[i] + delayed[i] + 2 > CAPACITY && unread[i] + delayed[i] + lost[i] + 1 <= CAPACITY ->
		unread[i] = unread[i] + delayed[i];
		delayed[i] = 0
	   };
	   wakeup_extra(i)
	fi
}

proctype cpu(byte i)
{
	byte ticks = 0;

	do
#ifdef LIVE
	:: atomic { !off && !delivered -> tick(i) }			/* in one go: fewer states, and nothing new to the flush period */
#else
	:: atomic { !off && ticks < TICKS -> in_tick[i] = 1; ticks++ };
	   tick(i);
	   in_tick[i] = 0
#endif
	:: break
	:: off -> break
	od;
	writing--
}

/* after_tick; kernel/irq_work.c takes PENDING away before the call. */
proctype irq_work(byte i)
{
end:
	do
#ifdef LIVE
	:: d_step { pending[i] -> pending[i] = 0; NOTE_ALL; WAKE_ALL }
#else
	:: atomic { pending[i] ->
#ifndef M_PENDING_CLEARED_LATE
		pending[i] = 0;
#endif
		waking[i] = 1
	   };
#ifndef M_WAKEUP_FORGOTTEN
	   d_step { NOTE_ALL };
#endif
	   atomic {
		WAKE_ALL;
#ifdef M_PENDING_CLEARED_LATE
		pending[i] = 0;
#endif
		waking[i] = 0
	   }
#endif
	od
}

proctype memory()
{
end:
	do
	:: d_step { delayed[0] > 0 -> unread[0] = unread[0] + delayed[0]; delayed[0] = 0 }
#if RINGS > 1
	:: d_step { delayed[1] > 0 -> unread[1] = unread[1] + delayed[1]; delayed[1] = 0 }
#endif
	od
}

/* ---- a reader ---- */

/* Sets ok. */
inline session_readable()
{
	ok = stopped;
	c = 0;
	do
	:: atomic { !ok && c < RINGS ->
#ifdef M_READABLE_FIRST_RING_ONLY
		ok = (c == 0 && READABLE(c));
#else
		ok = READABLE(c);
#endif
		c++
	   }
	:: else -> break
	od;
	c = 0
}

inline take(i)
{
	many = (unread[i] < room -> unread[i] : room);
	unread[i] = unread[i] - many;
	room = room - many;
	if
	:: i == RINGS - 1 && marked && !delivered ->
		if
		:: many > ahead -> delivered = 1; ahead = 0
		:: else -> ahead = ahead - many
		fi
	:: else
	fi;
	many = 0
}

/* read_rings: profbuf_read() of each ring without blocking, until it has no more or there is no room. */
inline read_rings()
{
#ifdef M_FIRST_RING_FIRST
	first = 0;
#else
	atomic { first = next_cpu; next_cpu = (next_cpu + 1) % RINGS };
#endif
	c = 0;
	do
	:: d_step {
		c < RINGS && room > 0 ->
		at = (first + c) % RINGS;
		sleeping[at] = 0;				/* give_back */
		if
		:: unread[at] > 0 -> take(at)
		:: unread[at] == 0 && lost[at] -> lost[at] = 0; room--
		:: else -> c++
		fi;
		at = 0
	   }
	:: else -> break
	od;
	atomic { first = 0; c = 0 }
}

/* Sets ok if the reader is marked as sleeping in every ring. */
inline sleep_in_rings()
{
	ok = 1;
#ifndef M_NOT_MARKED
	c = 0;
	do
	:: c < RINGS && ok ->
		sleeping[c] = 0;				/* give_back */
		if
		:: READABLE(c) -> ok = 0
		:: !READABLE(c) ->
			sleeping[c] = 1;			/* port_swap */
			if
			:: READABLE(c) ->			/* published_since */
				atomic {
					if
					:: sleeping[c] -> sleeping[c] = 0; ok = 0
					:: else			/* its wakeup is under way */
					fi
				}
			:: !READABLE(c)
			fi
		fi;
#ifdef M_MARKED_IN_FIRST_RING_ONLY
		break;
#endif
		c++
	:: else -> break
	od;
	c = 0
#endif
}

#ifdef M_WAIT_FOR_WATERMARK
#define GO_ON		(ok && ANY_DUE)
#else
#define GO_ON		ok
#endif

proctype reader(byte me)
{
	byte c, first, at, many, room;
	bit ok, ended;

read:
	atomic { !read_lock -> read_lock = 1; room = ROOM };
#ifndef M_STATE_AFTER_RINGS
	ended = stopped;
#endif
	read_rings();
#ifdef M_STATE_AFTER_RINGS
	ended = stopped;
#endif
	if
	:: room < ROOM -> atomic { read_lock = 0; ended = 0; room = 0; goto read }
#ifdef QUITS
	:: room < ROOM && me == 1 -> atomic { read_lock = 0; goto done }
#endif
	:: room == ROOM && ended -> goto end_of_file
	:: else
	fi;
	atomic { noted[me] = 0; room = 0 };
	sleep_in_rings();
	read_lock = 0;
	if
	:: !ok -> goto read
	:: else
	fi;

#ifdef POLL
	/* -EAGAIN: the caller polls, and a poll that was woken in vain looks again. */
wait:
#ifndef M_POLL_QUEUES_LATE
	atomic { queued[me] = 1; runnable[me] = 0 };		/* poll_wait */
#endif
#ifndef M_POLL_DOES_NOT_MARK
	if
	:: atomic { !stopped && !read_lock -> read_lock = 1 };	/* mutex_trylock */
	   sleep_in_rings();
	   read_lock = 0
	:: stopped || read_lock
	fi;
#endif
	session_readable();
#ifdef M_POLL_QUEUES_LATE
	atomic { queued[me] = 1; runnable[me] = 0 };
#endif
#else
	/* wait_event_interruptible: in the queue first, then the condition, each time round. */
wait:
#ifndef M_QUEUED_LATE
	atomic { queued[me] = 1; runnable[me] = 0 };
#endif
	session_readable();
	atomic { ok = ok || noted[me] };
#ifdef M_QUEUED_LATE
	atomic { queued[me] = 1; runnable[me] = 0 };
#endif
#endif
	if
	:: GO_ON ->
		atomic { queued[me] = 0; runnable[me] = 0; ok = 0 };
		goto read
	:: else
	fi;
	if
	:: atomic { runnable[me] -> runnable[me] = 0; ok = 0; goto wait }
#ifndef LIVE
	:: atomic { writing == 0 && !ANY_DUE ->		/* nothing is due: the flush period's matter */
		queued[me] = 0;
		goto done
	   }
#endif
	fi;

end_of_file:
	assert(unread[0] == 0 && delayed[0] == 0 && !lost[0]);
#if RINGS > 1
	assert(unread[1] == 0 && delayed[1] == 0 && !lost[1]);
#endif
	read_lock = 0;
done:
	skip
}

/* ---- the session ---- */

/* do_flush, once in every period. */
proctype flush()
{
	byte c;
	bit ok;

	do
	:: session_readable();
#ifdef M_FLUSH_AT_WATERMARK_ONLY
	   ok = ok && ANY_DUE;
#endif
	   if
	   :: ok -> d_step { WAKE_ALL; ok = 0 }
	   :: else
	   fi;
#ifdef M_FLUSH_NOT_REARMED
	   break
#endif
	od
}

/* stop_locked. */
proctype stop()
{
#ifndef M_CLOSED_WITH_TICKS_ON
	off = 1;						/* hrtimer_cancel, on every CPU */
	!in_tick[0];
#if RINGS > 1
	!in_tick[1];
#endif
#endif
	!pending[0] && !waking[0];				/* irq_work_sync */
#if RINGS > 1
	!pending[1] && !waking[1];
#endif
#ifdef M_MEMORY_LATE
	stopped = 1;
#else
	atomic { delayed[0] == 0 &&
#if RINGS > 1
		 delayed[1] == 0 &&
#endif
		 true -> stopped = 1 };				/* the state is stored after the commits */
#endif
	/* What profbuf_close() says of a wakeup is not asked for: everybody is woken. */
	eof[0] = 1;
#if RINGS > 1
	eof[1] = 1;
#endif
#ifndef M_NOT_WOKEN_AT_STOP
	d_step { WAKE_ALL }
#endif
}

init
{
	atomic {
		run cpu(0);
		run irq_work(0);
#if RINGS > 1
		run cpu(1);
		run irq_work(1);
#endif
		run memory();
		run reader(0);
#if READERS > 1
		run reader(1);
#endif
#if defined LIVE && !defined M_NO_FLUSH
		run flush();
#endif
#ifdef STOP
		run stop();
#endif
	}
}

#ifdef LIVE
ltl delivered { [] (marked -> <> delivered) }
#endif
