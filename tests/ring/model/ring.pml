/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ring.pml - the protocol of profbuf_core.c for SPIN; tests/ring/model/run checks it
 *
 * One step is one access to shared memory, together with what its thread computes from it. Names are those of
 * profbuf_core.c. Three processes: the writer, the reader, and the memory, which empties their store buffers. A writer
 * that is an interrupt on the reader's CPU is one of the interleavings.
 *
 * Memory. Each side has a store buffer. The writer's stores of data and its plain commits wait in a queue; later loads
 * pass them. A store that is no release may also pass the stores before it. The reader's give_back waits in a buffer of
 * one; a second store replaces the first. A swap, and a cas that succeeds, waits until its own side's buffer is empty;
 * a cas that fails does not. Loads happen in program order where the code has acquire, in any order where it does not:
 * overflow_time against w in take_overflow, and the three of published_since. What is left out:
 *  - data stores passing each other, or passing the commit before them: nobody reads words that are not committed;
 *  - a delay of overflow_time: the very next step of the writer is a full barrier;
 *  - the writer's relaxed loads of overflow done early: only the reader changes the word behind the writer's back, and
 *    only from some count to 0; whoever acts on the old count fails in its cas.
 *
 * Data. A record is LEN words or one, and a loss record one: length, first tick, number of ticks lost, all stored at
 * once, since one commit publishes and one give_back returns all words of a record. Tags go the same way with the same
 * commits, so there are none here. The words at the end of the array that are skipped are as in the code. The index is
 * the data count alone: without tags it has fewer values, which only makes a cas succeed more often. It wraps at MOD,
 * and starts one lap before that.
 *
 * The reader's caller. It takes a slice in one go, or its first record, or nothing (profbuf_consume), keeps loss
 * records or not, reads without blocking or blocks. Blocked, it waits for a note: the caller's wakeup after
 * PROFBUF_WAKE. The flush period ends the wait too, where no wakeup is due, so that one that is missing is a deadlock;
 * with -DFLUSH_ANYTIME at any time, which is also how a reader behaves that comes back before its wakeup; with
 * -DFLUSH_NEVER never.
 *
 * What is checked:
 *  - each record starts at the tick after the last, a loss is as long as the gap, at EOF all ticks are accounted for;
 *  - the writer stores only into words that have been given back;
 *  - when no call of the writer is under way, no reader is blocked without a note while one is due (DUE): at or above
 *    the watermark, after a loss, with its record unread, after the close, which comes after any number of ticks;
 *  - one wakeup for a sleep at most, and none where the reader took its flag back itself; with -DFLUSH_NEVER, no wakeup
 *    while the one before is still on its way;
 *  - everybody comes to the end: no deadlock.
 *
 * GENS is small, so this does not show that 2^26 generations are enough; each loss that the writer takes while the
 * reader stands in take_overflow uses one.
 *
 * Each -DM_... breaks one thing and must be refuted.
 */
#ifndef N
#define N	5		/* ticks at most */
#endif
#ifndef D
#define D	2		/* words of data */
#endif
#ifndef LEN
#define LEN	1		/* words of the larger records */
#endif
#ifndef WATERMARK
#define WATERMARK 2
#endif
#define MOD	32
#define START	(MOD - D)
#define GENS	16		/* generations before they come round */
#define QUEUE	8		/* enough: buffer() asserts it */

#define USED(x, y)	((x + MOD - y) % MOD)

/* Shared memory. */
byte w = START;
byte r = START;			/* the index of r ... */
bit sleeping = 0;		/* ... and its flag: read and written together */
byte o_count = 0;		/* the overflow word ... */
byte o_gen = 0;			/* ... and its generation: together, too */
byte o_time = 0;
bit eof = 0;
byte d_len[D];			/* 0: go to the start */
byte d_tick[D];
byte d_lost[D];			/* 0: a sample */
bit note = 0;			/* the caller's wakeup is on its way to the reader */

/* The writer's store buffer, oldest first. */
mtype = { DATA, W, OVERFLOW, EOF };
mtype q_kind[QUEUE];
bit q_release[QUEUE];
byte q_at[QUEUE];		/* the word of data */
byte q_len[QUEUE];
byte q_tick[QUEUE];		/* other kinds: the value */
byte q_lost[QUEUE];
byte q_n = 0;
byte q_may_pass = 0;		/* commits in it that are no release */

/* The reader's. */
bit rb = 0;
byte rb_index;
bit rb_sleeping;

/* Only to check. */
byte w_own = START;		/* the writer's last commit, seen by others or not */
byte given = START;		/* the reader's last give_back, seen by others or not */
byte total = 0;			/* ticks so far */
bit idle = 1;			/* the writer is between calls */
bit asleep = 0;			/* the reader waits for the note */
bit owed = 0;			/* a wakeup for the present sleep has not been said */
byte loss_end = START;		/* the end of the last loss record */
#define LOSS_RECORD	(USED(loss_end, r) > 0 && USED(loss_end, r) <= D)

#define DUE		(USED(w_own, r) >= WATERMARK || o_count > 0 || eof || LOSS_RECORD)
#define MISSING		(idle && asleep && !note && DUE)

#if defined FLUSH_ANYTIME
#define FLUSH		true
#elif defined FLUSH_NEVER
#define FLUSH		false
#else
#define FLUSH		(USED(w, r) < WATERMARK && o_count == 0 && !eof)
#endif

#ifdef M_NO_GENERATION
#define NEXT(gen)	gen
#else
#define NEXT(gen)	((gen + 1) % GENS)
#endif
#define SAME_OVERFLOW	(o_count == count && o_gen == gen)

/* ---- the writer ---- */

inline buffer(kind, release, at_, len_, tick_, lost_)
{
	assert(q_n < QUEUE);
	q_kind[q_n] = kind;
	q_release[q_n] = release;
	q_at[q_n] = at_;
	q_len[q_n] = len_;
	q_tick[q_n] = tick_;
	q_lost[q_n] = lost_;
	q_n++
}

/* After a full barrier; a failed cas orders nothing, a successful one waits for the buffer. */
inline wakeup_extra()
{
	atomic { seen = r; flag = sleeping };		/* port_load_ordered */
	if
	:: flag ->
#ifdef M_FLAG_CLEARED_BY_STORE
		atomic { r = seen; sleeping = 0; assert(owed); owed = 0; wake = 1 }
#else
		atomic {				/* port_cas */
			if
			:: q_n == 0 && r == seen && sleeping ->
#ifndef M_FLAG_KEPT
				sleeping = 0;
#endif
				assert(owed);		/* else the second wakeup for one sleep */
				owed = 0;
				wake = 1
			:: !(r == seen && sleeping)
			fi
		}
#endif
	:: else
	fi;
	seen = 0;
	flag = 0
}

inline commit(extra)
{
	atomic {					/* look_at_reader, unless r_seen says it all */
		due = USED(w_new, r_seen) >= WATERMARK;
		if
		:: due -> r_seen = r; due = USED(w_new, r_seen) >= WATERMARK
		:: else
		fi;
#ifndef M_LOSS_RECORD_WITHOUT_WAKEUP
		due = due || extra > 0
#endif
	};
	if
	:: due ->
#ifdef M_COMMIT_WITHOUT_BARRIER
		atomic { buffer(W, 1, 0, 0, w_new, 0); w_own = w_new };
#else
		atomic { q_n == 0 -> w = w_new; w_own = w_new };	/* port_swap */
#endif
		wakeup_extra()
	:: else ->
#ifdef M_COMMIT_WITHOUT_RELEASE
		atomic { buffer(W, 0, 0, 0, w_new, 0); q_may_pass++; w_own = w_new }
#else
		atomic { buffer(W, 1, 0, 0, w_new, 0); w_own = w_new }	/* port_store_release */
#endif
	fi;
	due = 0
}

inline write_record(first, lost, words)
{
	atomic {
		at = w_own % D;
		w_new = w_own;
		if
		:: at + words > D ->
			buffer(DATA, 0, at, 0, 0, 0);
			w_new = w_new + D - at;
			at = 0
		:: else
		fi;
		w_new = (w_new + words) % MOD;
		assert(USED(w_new, given) <= D);	/* else it stores into words that the reader holds */
		buffer(DATA, 0, at, words, first, lost);
		if
		:: lost -> loss_end = w_new
		:: else
		fi;
		at = 0
	};
	commit(lost)
}

inline increment_overflow()
{
	do
	:: atomic { count = o_count; gen = o_gen };
	   if
	   :: count == 0 ->
#ifdef M_TIME_AFTER_COUNT
		atomic { q_n == 0 -> o_count = 1 };
		o_time = tick;
#else
		o_time = tick;
#ifdef M_LOSS_WITHOUT_BARRIER
		atomic { buffer(OVERFLOW, 0, 0, 0, gen, 0) };
#else
		atomic { q_n == 0 -> o_count = 1 };		/* port_swap */
#endif
#endif
		break
	   :: else ->
		atomic {						/* port_cas */
			if
			:: q_n == 0 && SAME_OVERFLOW -> o_count++; break
			:: !SAME_OVERFLOW
			fi
		}
	   fi
	od
}

/* The writer's own w is always w: no second load. */
inline take_overflow_as_writer()
{
	do
	:: atomic { count = o_count; gen = o_gen };
	   if
	   :: count == 0 -> break
	   :: else
	   fi;
	   time = o_time;
	   atomic {
		if
		:: q_n == 0 && SAME_OVERFLOW -> o_count = 0; o_gen = NEXT(gen); break
		:: !SAME_OVERFLOW
		fi
	   }
	od
}

/* place_record: words needed from position x of the array on. */
#define PLACE(x, words)	((x + words > D -> D - x : 0) + words)
#define FREE		(D - USED(w_own, r_seen))
#define ONE_FITS	(FREE >= PLACE((w_own % D), size))
#ifdef M_ROOM_FOR_ONE
#define TWO_FIT		(FREE >= 1)
#else
/* The loss record comes first; it has one word, so it never skips. */
#define TWO_FIT		(FREE >= 1 + PLACE((w_own % D + 1), size))
#endif

/* Back to the caller, which wakes the reader. */
inline return_to_caller()
{
	atomic {
#ifdef FLUSH_NEVER
		assert(!(wake && note));		/* else the reader slept again without waiting for the first */
#endif
		note = note || wake;
		wake = 0;
		fits = 0;
		w_new = 0;
		count = 0;
		gen = 0;
		time = 0;
		idle = 1;
		assert(!MISSING)
	}
}

inline profbuf_write()
{
	atomic {
		idle = 0;
		total = tick;
		if
		:: size = 1
#if LEN > 1
		:: size = LEN
#endif
		fi
	};
#ifdef M_RECORD_BEFORE_LOSS
	fits = 1;
#else
	fits = (o_count == 0);				/* has_overflow */
#endif
	atomic {					/* can_write_record */
		if
		:: fits && !ONE_FITS -> r_seen = r; fits = ONE_FITS
		:: else
		fi
	};
	if
	:: fits ->
		write_record(tick, 0, size)
	:: else ->					/* write_overflow */
		atomic { r_seen = r; fits = TWO_FIT };
		if
		:: !fits ->
			increment_overflow();
#ifndef M_LOSS_WITHOUT_WAKEUP
			wakeup_extra();
#endif
#ifdef M_LOSS_WITHOUT_BARRIER
			q_n == 0			/* the writer's own next load of overflow sees it */
#endif
		:: else ->
			take_overflow_as_writer();
			if
			:: count > 0 -> write_record(time, count, 1)
			:: else
			fi;
			write_record(tick, 0, size)
		fi
	fi;
	return_to_caller()
}

inline profbuf_close()
{
	idle = 0;
#ifdef M_CLOSE_WITHOUT_BARRIER
	atomic { buffer(EOF, 1, 0, 0, 1, 0) };
#else
	atomic { q_n == 0 -> eof = 1 };			/* port_swap */
#endif
	wakeup_extra();
	return_to_caller()
}

active proctype writer()
{
	byte r_seen = START;
	byte tick = 1;
	byte size, at, w_new, seen, count, gen, time;
	bit flag, fits, due, wake;

	do
	:: tick <= N -> profbuf_write(); tick++
	:: break
	od;
	profbuf_close()
}

/* ---- memory ---- */

inline apply(i)
{
	if
	:: q_kind[i] == DATA ->
		d_len[q_at[i]] = q_len[i];
		d_tick[q_at[i]] = q_tick[i];
		d_lost[q_at[i]] = q_lost[i];
		k = 1;
		do					/* the stack, where no record starts: no length at all */
		:: k < q_len[i] -> d_len[q_at[i] + k] = 255; k++
		:: else -> break
		od
	:: q_kind[i] == W ->
		w = q_tick[i];
		if
		:: !q_release[i] -> q_may_pass--
		:: else
		fi
	:: q_kind[i] == OVERFLOW -> o_count = 1; o_gen = q_tick[i]
	:: q_kind[i] == EOF -> eof = 1
	fi;
	q_n--;
	k = i;
	do
	:: k < q_n ->
		q_kind[k] = q_kind[k + 1];
		q_release[k] = q_release[k + 1];
		q_at[k] = q_at[k + 1];
		q_len[k] = q_len[k + 1];
		q_tick[k] = q_tick[k + 1];
		q_lost[k] = q_lost[k + 1];
		k++
	:: else -> break
	od;
	q_kind[q_n] = 0;
	q_release[q_n] = 0;
	q_at[q_n] = 0;
	q_len[q_n] = 0;
	q_tick[q_n] = 0;
	q_lost[q_n] = 0;
	k = 0
}

active proctype memory()
{
	byte i, k;

end:
	do
	:: d_step { q_n > 0 -> apply(0) }
	:: d_step {					/* the oldest commit passes the data before it */
		q_may_pass > 0 ->
		i = 0;
		do
		:: q_kind[i] != W -> i++
		:: else -> break
		od;
		apply(i);
		i = 0
	   }
	:: d_step { rb -> r = rb_index; sleeping = rb_sleeping; rb = 0; rb_index = 0; rb_sleeping = 0 }
	od
}

/* ---- the reader ---- */

/* The reader's own load of r sees its own buffer. */
inline load_r()
{
	if
	:: rb -> seen = rb_index; flag = rb_sleeping
	:: else -> seen = r; flag = sleeping
	fi
}

inline store_r(index)
{
	rb = 1;
	rb_index = index;
	rb_sleeping = 0
}

/* r from @index with the flag to @index without; sets ok. */
inline cas_r(index)
{
	atomic {
		if
		:: !rb && r == index && sleeping -> sleeping = 0; owed = 0; ok = 1
		:: !rb && !(r == index && sleeping) -> ok = 0
		fi
	}
}

inline give_back()
{
	atomic { load_r() };
	if
	:: flag -> cas_r(seen)
	:: !flag && seen != r_next -> atomic { store_r(r_next); given = r_next }
	:: else
	fi;
	seen = 0;
	flag = 0
}

/* Sets count to what was taken. */
inline take_overflow()
{
	do
	:: atomic { count = o_count; gen = o_gen };
	   if
	   :: count == 0 -> break
	   :: else
	   fi;
#ifdef M_NO_SECOND_LOAD_OF_W
	   time = o_time;
	   ok = 1;
#else
	   if						/* nothing orders these two loads */
	   :: time = o_time; ok = (w == w_seen)
	   :: ok = (w == w_seen); time = o_time
	   fi;
#endif
	   if
	   :: !ok -> count = 0; break
	   :: else
	   fi;
	   atomic {
		if
		:: !rb && SAME_OVERFLOW -> o_count = 0; o_gen = NEXT(gen); break
		:: !SAME_OVERFLOW
		fi
	   }
	od;
	gen = 0
}

/* Sets ok if there is something; three plain loads, which nothing orders among themselves. */
inline published_since()
{
	ok = 0;
	left = 7;
	do
	:: (left & 1) && !ok -> atomic { ok = (w != w_seen); left = left - 1 }
	:: (left & 2) && !ok -> atomic { ok = (o_count > 0); left = left - 2 }
	:: (left & 4) && !ok -> atomic { ok = eof; left = left - 4 }
	:: left == 0 || ok -> break
	od;
	left = 0
}

active proctype reader()
{
	byte r_next = START;
	byte last = 0;			/* the last tick consumed */
	byte w_seen, seen, count, gen, time, left;
	byte at, skipped, words, done, upto;
	byte first_done, first_upto;	/* done and upto after the first record of a slice */
	bit eof_seen, flag, ok, kept;

profbuf_read:
	give_back();
	if
	:: kept -> kept = 0; goto return_loss
	:: else
	fi;

again:
#ifdef M_EOF_AFTER_W
	w_seen = w;
	eof_seen = eof;
#else
	eof_seen = eof;
	w_seen = w;
#endif
	if
	:: w_seen != r_next -> goto return_records
	:: else
	fi;
	take_overflow();
	if
	:: count > 0 -> goto return_loss
	:: count == 0 && eof_seen -> goto return_eof
	:: else
	fi;
	if
	:: w_seen == w -> goto profbuf_read		/* PROFBUF_EMPTY */
	:: w_seen != w -> goto again
	:: true						/* PROFBUF_BLOCKING */
	fi;

#ifdef M_FLAG_SET_BY_STORE
	atomic { rb = 1; rb_index = r_next; rb_sleeping = 1; owed = 1 };
#else
	atomic { !rb -> r = r_next; sleeping = 1; owed = 1 };	/* port_swap */
#endif
#ifdef M_NO_SECOND_LOOK
	goto return_sleep;
#endif
	published_since();
	if
	:: !ok -> goto return_sleep
	:: else
	fi;
	cas_r(r_next);
#ifdef M_WAKEUP_NOT_WAITED_FOR
	goto again;
#endif
	if
	:: ok -> goto again
	:: else
	fi;

return_sleep:
	atomic { ok = 0; asleep = 1; w_seen = 0; assert(!MISSING) };
	atomic {
		if
		:: note -> note = 0
		:: FLUSH
		fi;
		asleep = 0
	};
	goto profbuf_read;

return_records:
	atomic {
		at = r_next % D;
		words = USED(w_seen, r_next);
		if
		:: d_len[at] == 0 ->
			skipped = D - at;
			assert(skipped < words);
			words = words - skipped;
			at = 0
		:: else
		fi;
		if
		:: words > D - at -> words = D - at
		:: else
		fi;
		upto = last
	};
#ifdef M_GIVEN_BACK_BEFORE_COPY
	atomic { store_r((r_next + skipped + words) % MOD) };
#endif
	do
	:: atomic {
		done < words && d_len[at + done] ->
		assert(d_len[at + done] <= words - done);
		assert(d_tick[at + done] == upto + 1);		/* no gap, nothing twice */
		upto = upto + (d_lost[at + done] -> d_lost[at + done] : 1);
		if
		:: done == 0 -> first_done = d_len[at]; first_upto = upto
		:: else
		fi;
		done = done + d_len[at + done]
	   }
	:: atomic {
		!(done < words && d_len[at + done]) -> break
	   }
	od;
	atomic {
		assert(done);
		r_next = (r_next + skipped + done) % MOD;
		w_seen = 0;
		load_r()
	};
	if
	:: atomic { last = upto }			/* the next profbuf_read gives it back */
	:: atomic {					/* profbuf_consume of the first record */
		r_next = (seen + skipped + first_done) % MOD;
		store_r(r_next);
		given = r_next;
		last = first_upto
	   }
	:: atomic { r_next = seen; store_r(r_next) }	/* of none */
	fi;
	atomic {
		at = 0;
		skipped = 0;
		words = 0;
		done = 0;
		upto = 0;
		first_done = 0;
		first_upto = 0;
		seen = 0;
		flag = 0
	};
	goto profbuf_read;

return_loss:
	atomic {
		assert(time == last + 1);
		w_seen = 0;
		if
		:: last = last + count; count = 0; time = 0
		:: kept = 1				/* profbuf_consume of nothing */
		fi
	};
	goto profbuf_read;

return_eof:
	assert(last == total)
}
