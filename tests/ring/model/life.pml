/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * life.pml - a session from open to release, and the module until it is unloaded, against all that runs beside them;
 * for SPIN, tests/ring/model/run checks it
 *
 * One file is opened, its session started, perhaps stopped, and released, by one thread or, with -DREADER, two of them;
 * then, or at any time the kernel lets it, the module is unloaded. Beside that run: a timer on each CPU, the irq_works
 * out of the ticks, the delayed works, the worker, a tracepoint's probe, a look at sysfs, and, with -DHOTPLUG,
 * a CPU that goes offline and comes back. Names are those of module/session.c, module/sampler.c, module/lives.c,
 * module/sessions.c and profbuf_mod.c; one step is what no other process can come between. Of the kernel there is:
 *  - a timer: its callback may start it again; hrtimer_cancel() waits for the callback;
 *  - an irq_work: not queued again while it is pending, which it is no more when it runs; irq_work_sync() waits;
 *    a CPU that goes offline has run its own before;
 *  - a delayed work: cancel_delayed_work_sync() waits, and keeps the work from queueing itself again meanwhile;
 *  - the CPU hotplug state: callbacks for each instance and online CPU, one operation at a time;
 *  - synchronize_rcu(): waits for readers that had begun; an open file keeps the module; sysfs files and tracepoints
 *    are waited for at their end.
 *
 * What is checked: nobody looks at the session or at its rings after they were freed, nobody runs the module's code
 * after it was unloaded, the hotplug state has no instance at its end, and no deadlock. -DDELAY, -DDURATION and
 * -DMAX_TICKS are the configuration; with -DFAILS a source may fail on the second CPU. -DPROBE and -DSYSFS let the
 * probe and the look at sysfs take part.
 *
 * Each -DM_... breaks one thing and must be refuted.
 */
#ifndef CPUS
#define CPUS	1
#endif

mtype = { NEW, RUNNING, STOPPED };

/* The module. */
bit module = 1, unloading = 0;
bit device = 1, probes = 1, workqueue = 1;
bit opened = 0;			/* a file keeps the module */
byte users = 0;			/* threads with the file */

/* The session. */
bit session = 0;		/* its memory */
bit cpus = 0;			/* its rings */
mtype state = NEW;
bit lock = 0;
bit ticking = 0;
bit lives_on = 0;
bit joined = 0, shown = 0, sessions_lock = 0;	/* joined: it is in the list, and shown if it is looked at */

/* CPUs. */
bit cpus_lock = 0;		/* cpus_read_lock() against hotplug */
bit instance = 0;
bit online[CPUS];
bit armed[CPUS];		/* the timer */
bit in_tick[CPUS];
bit ended[CPUS];
bit off[CPUS];			/* gone, or on its way */
bit pending[CPUS];		/* the irq_work */
bit in_irq_work[CPUS];

/* Works: the delayed ones, and the worker's. */
#define START	0
#define STOP	1
#define FLUSH	2
#define SIDE	3
bit queued[4];
bit at_work[4];
bit blocked[4];			/* cancel_delayed_work_sync() is under way */

/* The probe, and who looks at sysfs. */
bit in_probe = 0, probe_turn = 0;
bit in_sysfs = 0;

#define CODE		assert(module)
#define SESSION		assert(module && session)
#define RINGS		assert(module && session && cpus)

#define MUTEX_LOCK(l)	atomic { !l -> l = 1 }

inline queue(n)
{
	d_step {
		assert(n != SIDE || workqueue);
		if
		:: !blocked[n] -> queued[n] = 1
		:: else
		fi
	}
}

inline cancel_delayed_work_sync(n)
{
	d_step { queued[n] = 0; blocked[n] = 1 };
	atomic { !at_work[n] -> blocked[n] = 0 }
}

/* ---- ticks ---- */

/* profbuf_sampler_check_end() */
inline cpu_ended()
{
#ifdef MAX_TICKS
	d_step {
		RINGS;
		if
#if CPUS == 1
		:: ended[0] && !blocked[STOP] -> queued[STOP] = 1
#else
		:: (ended[0] || ended[1]) && (ended[0] || !online[0] || off[0]) && (ended[1] || !online[1] || off[1]) &&
		   !blocked[STOP] -> queued[STOP] = 1
#endif
		:: else
		fi
	}
#else
	skip
#endif
}

proctype timer(byte c)
{
end:
	do
	:: d_step { armed[c] -> armed[c] = 0; in_tick[c] = 1; RINGS };
	   if
	   :: pending[c] = 1				/* there is a wakeup, or something for the worker */
	   :: skip
#ifdef MAX_TICKS
	   :: d_step { ended[c] = 1; pending[c] = 1 }
#endif
	   fi;
	   d_step { RINGS; in_tick[c] = 0; armed[c] = !ended[c] }
	od
}

proctype after_tick(byte c)
{
end:
	do
	:: d_step { pending[c] -> pending[c] = 0; in_irq_work[c] = 1; RINGS };
	   queue(SIDE);
	   if
	   :: ended[c] -> cpu_ended()
	   :: else
	   fi;
	   d_step { RINGS; in_irq_work[c] = 0 }
	od
}

inline cpu_up(c)
{
	d_step {
		RINGS;
		off[c] = 0;
		if
		:: !ended[c] -> armed[c] = 1
		:: else
		fi
	}
}

inline cpu_down(c)
{
#ifdef M_TIMER_NOT_WAITED_FOR
	armed[c] = 0;
#else
	d_step { !in_tick[c] -> armed[c] = 0 };		/* hrtimer_cancel() */
#endif
	off[c] = 1;
	cpu_ended()
}

inline sync_irq_works()
{
	!pending[0] && !in_irq_work[0];
#if CPUS > 1
	!pending[1] && !in_irq_work[1]
#else
	skip
#endif
}

/* Sets ok. */
inline sampler_start()
{
	MUTEX_LOCK(cpus_lock);
	if
	:: online[0] -> cpu_up(0)
	:: else
	fi;
#if CPUS > 1
	if
	:: online[1] -> cpu_up(1); instance = 1; ok = 1
#ifdef FAILS
	:: online[1] ->					/* cpu_up() of the second CPU fails: the first one's cpu_down() */
		if
		:: online[0] -> cpu_down(0)
		:: else
		fi;
		ok = 0
#endif
	:: !online[1] -> instance = 1; ok = 1
	fi;
#else
	d_step { instance = 1; ok = 1 };
#endif
	cpus_lock = 0;
#ifndef M_FAILED_START_NOT_SYNCED
	if
	:: !ok -> sync_irq_works()
	:: else
	fi
#endif
}

inline sampler_stop()
{
#ifdef M_IRQ_WORKS_SYNCED_FIRST
	sync_irq_works();
#endif
#ifndef M_STOP_WITHOUT_CPUS_LOCK
	MUTEX_LOCK(cpus_lock);
#endif
	if
	:: online[0] -> cpu_down(0)
	:: else
	fi;
#if CPUS > 1
	if
	:: online[1] -> cpu_down(1)
	:: else
	fi;
#endif
	instance = 0;
#ifndef M_STOP_WITHOUT_CPUS_LOCK
	cpus_lock = 0;
#endif
#if !defined M_IRQ_WORKS_SYNCED_FIRST && !defined M_IRQ_WORKS_NOT_SYNCED
	sync_irq_works()
#else
	skip
#endif
}

/* ---- start and stop ---- */

inline stop_describing()
{
#ifndef M_LIVES_LEFT_ON
	lives_on = 0;
#endif
	queue(SIDE);
#ifdef M_SIDEBAND_NOT_WAITED_FOR
	skip
#else
	!queued[SIDE] && !at_work[SIDE]			/* flush_work() */
#endif
}

inline sessions_hide()
{
	MUTEX_LOCK(sessions_lock);
	RINGS;
#ifndef M_NOT_HIDDEN
	shown = 0;
#endif
	sessions_lock = 0
}

inline synchronize_rcu()
{
#ifdef M_NO_GRACE_PERIOD
	skip
#else
	turn = probe_turn;
	!in_probe || probe_turn != turn;
	turn = 0
#endif
}

inline start_ticks()
{
	sampler_start();
	if
	:: ok ->
		ticking = 1;
#ifdef DURATION
		queue(STOP)
#endif
	:: else
	fi
}

inline session_start()
{
#ifdef M_START_LOOKS_BEFORE_LOCK
	if
	:: state != NEW -> goto out
	:: state == NEW
	fi;
#endif
	MUTEX_LOCK(lock);
	if
#ifndef M_START_LOOKS_BEFORE_LOCK
	:: state != NEW
	:: state == NEW ->
#else
	:: true ->
#endif
		d_step {
			SESSION; assert(!cpus && !joined); joined = 1; cpus = 1;
			ended[0] = 0; ended[CPUS - 1] = 0; off[0] = 0; off[CPUS - 1] = 0
		};
		MUTEX_LOCK(sessions_lock);		/* profbuf_sessions_show() */
		shown = 1;
		sessions_lock = 0;
		lives_on = 1;
#ifdef DELAY
		queue(START);
		ok = 1;
#else
		start_ticks();
#endif
		if
		:: ok -> queue(FLUSH); state = RUNNING
		:: else ->
			sessions_hide();
			synchronize_rcu();
#ifndef M_FAILED_START_LEAVES_SIDEBAND
			stop_describing();
#endif
			d_step { cpus = 0; joined = 0 };
			synchronize_rcu()
		fi;
		ok = 0
	fi;
	lock = 0;
out:
	skip
}

inline stop_locked()
{
	if
	:: state == RUNNING ->
		if
		:: ticking -> sampler_stop(); ticking = 0
		:: else
		fi;
		stop_describing();
		d_step { state = STOPPED; RINGS }	/* profbuf_close() of each ring */
	:: else
	fi
}

inline session_stop()
{
	MUTEX_LOCK(lock);
	stop_locked();
#ifdef M_CANCELLED_UNDER_LOCK
	cancel_delayed_work_sync(STOP);
#endif
	lock = 0
}

inline session_destroy()
{
#ifdef M_CANCELLED_BEFORE_STOP
	cancel_delayed_work_sync(START);
	cancel_delayed_work_sync(STOP);
	cancel_delayed_work_sync(FLUSH);
	session_stop();
#else
	session_stop();
	cancel_delayed_work_sync(START);
#ifndef M_STOP_NOT_CANCELLED
	cancel_delayed_work_sync(STOP);
#endif
#ifndef M_FLUSH_NOT_CANCELLED
	cancel_delayed_work_sync(FLUSH);
#endif
#endif
	if
	:: state != NEW -> sessions_hide(); synchronize_rcu()
	:: else
	fi;
	d_step { SESSION; cpus = 0; joined = 0 };
#ifndef M_FREED_AT_ONCE
	synchronize_rcu();				/* kfree_rcu() */
#endif
	d_step { SESSION; session = 0 }
}

/* ---- works ---- */

proctype start_work()
{
	bit ok;

end:
	do
	:: d_step { queued[START] -> queued[START] = 0; at_work[START] = 1; SESSION };
	   MUTEX_LOCK(lock);
	   SESSION;
	   if
#ifdef M_START_WORK_DOES_NOT_LOOK
	   :: true ->
#else
	   :: state == RUNNING ->
#endif
		start_ticks();
		if
		:: !ok -> stop_locked()
		:: else
		fi;
		ok = 0
	   :: state != RUNNING
	   fi;
	   lock = 0;
	   at_work[START] = 0
	od
}

proctype stop_work()
{
end:
	do
	:: d_step { queued[STOP] -> queued[STOP] = 0; at_work[STOP] = 1; SESSION };
	   MUTEX_LOCK(lock);
	   SESSION;
	   stop_locked();
	   lock = 0;
	   at_work[STOP] = 0
	od
}

proctype flush_work()
{
end:
	do
	:: d_step { queued[FLUSH] -> queued[FLUSH] = 0; at_work[FLUSH] = 1; SESSION };
	   if
	   :: d_step { state == RUNNING -> RINGS };
	      if
	      :: d_step { state == RUNNING -> SESSION; queued[FLUSH] = !blocked[FLUSH] }
	      :: state != RUNNING
	      fi
	   :: state != RUNNING
	   fi;
	   d_step { SESSION; at_work[FLUSH] = 0 }
	od
}

proctype side_work()
{
end:
	do
	:: d_step { queued[SIDE] -> queued[SIDE] = 0; at_work[SIDE] = 1; RINGS };
	   d_step { RINGS; at_work[SIDE] = 0 }
	od
}

/* ---- the kernel's ---- */

proctype probe()
{
	bit look = 0;

end:
	do
	:: d_step { probes -> in_probe = 1; CODE };
	   if						/* list_for_each_entry_rcu */
	   :: joined -> d_step { SESSION; look = shown }
	   :: !joined
	   fi;
	   if
	   :: look ->
		d_step { SESSION; look = 0 };
		d_step {				/* under lives.lock */
			SESSION;
			if
			:: lives_on -> assert(workqueue); queued[SIDE] = 1
			:: else
			fi
		}
	   :: else
	   fi;
	   d_step { CODE; in_probe = 0; probe_turn = !probe_turn }
	od
}

proctype sysfs()
{
end:
	do
	:: d_step { device -> in_sysfs = 1; CODE };
	   MUTEX_LOCK(sessions_lock);
	   if
	   :: d_step { shown -> RINGS };
	      RINGS
	   :: !shown
	   fi;
	   d_step { CODE; sessions_lock = 0; in_sysfs = 0 }
	od
}

/* The last CPU goes, and comes back. */
proctype hotplug()
{
	MUTEX_LOCK(cpus_lock);
	if
	:: instance -> cpu_down(CPUS - 1)
	:: else
	fi;
	d_step { !pending[CPUS - 1] && !in_irq_work[CPUS - 1] -> online[CPUS - 1] = 0 };
	cpus_lock = 0;
	MUTEX_LOCK(cpus_lock);
	online[CPUS - 1] = 1;
	if
	:: instance -> cpu_up(CPUS - 1)
	:: else
	fi;
	cpus_lock = 0
}

/* ---- user space ---- */

/* The last one to close the file releases it. */
inline close_file()
{
	d_step { users--; last = (users == 0) };
	if
	:: last ->
		session_destroy();
		opened = 0				/* module_put(), after the release */
	:: else
	fi
}

proctype reader()
{
	bit ok, turn, last;

	if						/* profbuf_ksession_read() */
	:: state == NEW -> session_start()
	:: state != NEW
	fi;
	if						/* and poll, counters, ... */
	:: d_step { state != NEW -> RINGS }
	:: state == NEW
	fi;
	close_file()
}

proctype user()
{
	bit ok, turn, last, again;

	if
	:: atomic { !unloading ->
		opened = 1;
		session = 1;
		users = 1;
#ifdef READER
		users = 2;
		run reader()
#endif
	   }
	:: unloading -> goto done
	fi;
start:
	session_start();
#ifdef FAILS
	if						/* a start that failed may be tried again */
	:: atomic { state == NEW && !again -> again = 1; goto start }
	:: else
	fi;
#endif
	if
	:: session_stop()
	:: skip
	fi;
	close_file();
done:
	skip
}

proctype rmmod()
{
#ifdef M_NO_OWNER
	unloading = 1;
#else
	d_step { !opened -> unloading = 1 };
#endif
	device = 0;					/* misc_deregister() */
	!in_sysfs;
	probes = 0;					/* profbuf_tracepoints_exit() */
#ifndef M_PROBES_NOT_SYNCED
	!in_probe;
#endif
	assert(!instance);				/* cpuhp_remove_multi_state() */
	!queued[SIDE] && !at_work[SIDE];		/* destroy_workqueue() */
	workqueue = 0;
	module = 0
}

init
{
	atomic {
		online[0] = 1;
		run timer(0);
		run after_tick(0);
#if CPUS > 1
		online[1] = 1;
		run timer(1);
		run after_tick(1);
#endif
#ifdef DELAY
		run start_work();
#endif
		run stop_work();
		run flush_work();
		run side_work();
#ifdef PROBE
		run probe();
#endif
#ifdef SYSFS
		run sysfs();
#endif
#ifdef HOTPLUG
		run hotplug();
#endif
		run user();
		run rmmod()
	}
}
