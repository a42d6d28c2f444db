/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * soak.h - what the workers of the soak share
 *
 * Every worker is a process; what they count is in shared memory. A worker goes on until soak_over(), and exits with 0
 * if all it saw was right.
 */
#ifndef SOAK_H
#define SOAK_H

#include <stdatomic.h>

#include "kt.h"

#define NR_RATES	2	/* 1 kHz, and the shortest period the module allows */

/* Sessions of one source at one rate. */
struct soak_row {
	_Atomic uint64_t sessions, records, ticks, delivered, lost, missed, skipped[PROFBUF_NR_SKIPS];
	_Atomic uint64_t unaccounted;	/* what the counters or the stream leave open; must stay 0 */
};

/* How often something was done; each has a number that the soak does not end before. */
enum soak_count {
	SOAK_OPENS,		/* opened and closed, whatever was between */
	SOAK_STARTS,		/* started, and stopped or closed */
	SOAK_TRANSITIONS,	/* of a CPU, on or off */
	SOAK_KILLS,		/* readers killed by SIGKILL */
	SOAK_LOADS,		/* of the module, and unloads */
	SOAK_NR_COUNTS
};

struct soak {
	struct soak_row rows[PROFBUF_NR_SOURCES][NR_RATES];
	_Atomic uint64_t count[SOAK_NR_COUNTS];
	_Atomic uint64_t killed_after_data;	/* killed readers that had read something */
	_Atomic uint64_t killed_records;	/* records that only killed readers had */
	_Atomic uint64_t abandoned;		/* sessions closed while they ran: nobody has their end */
	_Atomic uint64_t by_themselves;		/* sessions that ended by duration_ns or max_ticks */
	_Atomic uint64_t processes, execs, threads;
	_Atomic int at_floor;			/* only one session at a time: a machine has other things to do */
	_Atomic int stop;
	bool cycles;				/* the machine has such a counter */
	uint64_t floor;				/* the shortest period, ns */
	uint64_t want[SOAK_NR_COUNTS];
	int nr_cpus;
	uint64_t seed;
};

extern struct soak *soak;

static inline bool soak_over(void)
{
	return atomic_load(&soak->stop);
}

/* Is this still to be done more often, so that there is no time for pauses? */
static inline bool soak_wanted(enum soak_count which)
{
	return atomic_load(&soak->count[which]) < soak->want[which];
}

/* Numbers of this worker: the same for the same seed. */
uint64_t soak_random(uint64_t below);

/* Workers. */
void soak_sessions(void);	/* of every kind, one after another */
void soak_long_session(void);	/* one at 1 kHz, for all the time */
void soak_killed_readers(void);
void soak_opens(void);
void soak_processes(void);
void soak_hotplug(void);
void soak_deep_stacks(void);
void soak_budget(void);

/* The module, from @path, comes and goes; no session may be there. */
void soak_loads(const char *path);

#endif /* SOAK_H */
