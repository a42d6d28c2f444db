/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * programs.h - processes as the stream describes them, over time
 */
#ifndef PROFBUF_PROGRAMS_H
#define PROFBUF_PROGRAMS_H

#include "profbuf.h"
#include "symbols/symbols.h"
#include "types.h"

struct mapping {
	uint64_t start;		/* first, for by_word() */
	uint64_t end;
	uint64_t offset;
	struct object *object;
	bool anonymous;
};

struct cgroup {
	uint64_t id;		/* first, for by_word() */
	const char *path;
};

/* What one PROFBUF_RECORD_PROCESS says about a process; valid until the next one. */
struct description {
	struct profbuf_program *program;
	uint64_t time;
	uint32_t id;		/* from 0, without gaps */
	bool exiting;
	const struct description *next;	/* the next of the process; NULL: none, or not sorted yet */
	struct mapping *mappings;	/* sorted by address after programs_sort() */
	size_t n;
	size_t room;
};

struct programs {
	struct symbols *symbols;
	struct profbuf_program **all;
	size_t n, room;
	struct index index;

	struct description **descriptions;	/* by id */
	struct description **sorted;		/* by pid and time, without those that say less than an earlier one */
	size_t nr_descriptions, nr_sorted, room_descriptions, room_sorted;
	struct index last;			/* ids of descriptions by process; the highest is the last */
	struct index nameless;			/* programs of pids that have no description */

	struct cgroup *cgroups;
	size_t nr_cgroups, room_cgroups;
};

/* Takes a record of the types PROCESS, MAPPING and CGROUP. False: no memory. */
bool programs_add(struct programs *programs, const struct profbuf_record *record);

/* Call it after the last programs_add() and before the first programs_find(). */
void programs_sort(struct programs *programs);

/* Returns the description of @pid at @time, or its first one; NULL: there is none. */
const struct description *programs_find(const struct programs *programs, uint32_t pid, uint64_t time);

/* Returns the program about which only @pid and @comm are known. NULL: no memory. */
const struct profbuf_program *programs_named(struct programs *programs, uint32_t pid, const char *comm);

/* Returns the program for a pid without a description; for 0 the idle task. NULL: no memory. */
const struct profbuf_program *programs_undescribed(struct programs *programs, uint32_t pid);

/* Returns the mapping that contains @address; else the one in the next description of the process; else NULL. */
const struct mapping *description_mapping(const struct description *description, uint64_t address);

/* Gets all mappings, in the order of their descriptions by pid and time. False: no memory. */
bool programs_maps(const struct programs *programs, struct profbuf_map **maps, size_t *n);

void programs_exit(struct programs *programs);

#endif /* PROFBUF_PROGRAMS_H */
