/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nested.pml - ticks inside of ticks: one writer for each ring, and every tick counted once; for SPIN
 *
 * One CPU. A timer ticks, an NMI ticks inside of the timer's tick at any step, or outside; the timer does not go on
 * before the NMI has ended. Another CPU reads the counters meanwhile. One step is one access that an interrupt, or
 * another CPU, may come between: a counter's local64_inc() is one instruction. x86 shows stores in their order, so that
 * to the other CPU a step is done when it is done; where barrier() or smp_wmb() is missing the compiler may turn two of
 * them round, which is what some mutants do. Names are those of tick() in module/sampler.c and of
 * module/counters.[ch].
 *
 * With -DSTRIDE a tick may change the stride: then the timer leaves out all periods but one of so many. How far its
 * expiry is moved and what the next tick takes for left out have to be the same, though an NMI may change the stride
 * between any two steps.
 *
 * What is checked: nobody comes to write while another write is under way, so that all records said to be delivered
 * are in the ring, and all losses counted there; when the counters of whole ticks are read, and at the end,
 * ticks = delivered + lost + skipped + missed; at the end ticks are the periods that passed, missed those that the
 * timer was late; after max_ticks ticks no sample is taken, but by one tick at most inside of which an NMI was the
 * last.
 *
 * Each -DM_... breaks one thing and must be refuted.
 */
#ifndef TICKS
#define TICKS	2	/* of the timer */
#endif
#ifndef NMIS
#define NMIS	2
#endif
#ifndef MAX_TICKS
#define MAX_TICKS 3
#endif

bit in_nmi = 0;
byte done = 0;

/* struct profbuf_cpu */
bit busy = 0, ended = 0;
byte entered = 0, left = 0, delivered = 0, lost = 0, missed = 0, nested = 0, late = 0, idle = 0, budget = 0;
byte stride = 1, left_out = 0;

/* The ring: what was committed, what was counted as lost. */
byte w = 0, overflow = 0;
byte writers = 0;
byte sampled = 0;	/* ticks that were not nested and came before the end */
byte over = 0;		/* of these: an NMI came to the end after they had looked for it */

/* Of the clock: how far the expiry was moved, the periods that passed, how many of them it was late. */
byte ahead = 0, periods = 0, delays = 0;

/* Those that are in entered, too. */
#define SKIPPED		(nested + late + idle)
#define TICKS_OF(e)	(e + missed + budget)

#ifdef M_COUNTED_BY_LOAD_AND_STORE
#define COUNT(x)	old = x; x = old + 1
#else
#define COUNT(x)	x++
#endif

/* Load of w, words, commit: what a nested writer would break. */
inline profbuf_write()
{
	atomic { assert(writers == 0); writers++; old = w };
#ifdef M_BUSY_SET_LATE
	busy = 1;
#endif
	skip;						/* the words */
#ifdef M_BUSY_CLEARED_EARLY
	busy = 0;
#endif
	atomic { w = old + 1; writers-- }
}

inline lose()
{
	atomic { assert(writers == 0); writers++; old = overflow };
	atomic { overflow = old + 1; writers-- }
}

inline sample()
{
	sampled++;
	if
	:: profbuf_write(); COUNT(delivered)
	:: lose(); COUNT(lost)
	:: COUNT(idle)
	fi
}

inline tick()
{
#ifndef M_ENTERED_AFTER_WORK
	COUNT(entered);					/* profbuf_counters_enter() */
#endif
#ifdef M_LEFT_BEFORE_WORK
	COUNT(left);
#endif
	if
	:: before ->					/* periods without a tick before this one */
#ifdef M_LEFT_OUT_BY_NEW_STRIDE
		gone = (before < stride - 1 -> before : stride - 1);
#else
		gone = (before < left_out -> before : left_out);
#endif
		budget = budget + gone;			/* local64_add() */
		missed = missed + before - gone
	:: else
	fi;
	if
#ifndef M_NOT_BUSY
	:: busy ->
#ifndef M_NESTED_NOT_COUNTED
		COUNT(nested);
#endif
#ifdef M_NESTED_CLEARS_BUSY
		busy = 0;
#endif
		skip
#endif
#ifndef M_END_NOT_SEEN
	:: !busy && ended ->
#ifdef M_END_NOT_COUNTED
		skip
#else
		COUNT(late)
#endif
#endif
#ifdef M_END_NOT_SEEN
	:: !busy ->
#elif defined M_NOT_BUSY
	:: !ended ->
#else
	:: !busy && !ended ->
#endif
#ifndef M_BUSY_SET_LATE
		busy = 1;
#endif
		atomic {
			if
			:: ended -> over++; assert(over <= 1)
			:: else
			fi
		};
		sample();
		if
		:: TICKS_OF(entered) >= MAX_TICKS -> ended = 1
		:: else
		fi;
#ifdef STRIDE
		if					/* profbuf_budget_charge() */
		:: stride = 3 - stride
		:: skip
		fi;
#endif
		busy = 0
	fi;
#ifdef M_ENTERED_AFTER_WORK
	COUNT(entered);
#endif
#ifndef M_LEFT_BEFORE_WORK
	COUNT(left)					/* profbuf_counters_leave() */
#else
	skip
#endif
}

active proctype timer() provided (!in_nmi)
{
	byte n = 0, before, gone, old;

	do
	:: n < TICKS ->
		atomic {
			if				/* hrtimer_forward_now() */
			:: before = left_out
			:: before = left_out + 1; delays++
			fi;
			periods = periods + ahead + 1 + before - left_out
		};
		tick();
		left_out = stride - 1;
#ifdef M_STRIDE_READ_TWICE
		ahead = stride - 1;
#else
		ahead = left_out;			/* hrtimer_add_expires_ns() */
#endif
		n++
	:: break
	od;
	done++
}

active proctype nmi()
{
	byte n = 0, before = 0, gone, old;

	do
	:: n < NMIS -> in_nmi = 1; periods++; tick(); n++; in_nmi = 0
	:: break
	od;
	done++
}

/* profbuf_counters_read() */
active proctype reader()
{
	byte l, e, sum;

	do
	::
#ifdef M_ENTERED_READ_FIRST
	   e = entered;
#else
	   l = left;
#endif
	   sum = delivered + lost;
	   sum = sum + SKIPPED;
#ifdef M_ENTERED_READ_FIRST
	   l = left;
#else
	   e = entered;
#endif
	   if
	   :: l == e -> assert(e == sum)
	   :: else
	   fi;
	   atomic { l = 0; e = 0; sum = 0 }
	:: done == 2 -> break
	od;
	assert(entered == delivered + lost + SKIPPED && left == entered);
	assert(TICKS_OF(entered) == periods && missed == delays);
	assert(w == delivered && overflow == lost);
	assert(sampled == delivered + lost + idle)
}
