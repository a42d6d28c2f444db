/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * programs.h - processes as the stream describes them, each at its times
 */
#ifndef PROFBUF_PROGRAMS_H
#define PROFBUF_PROGRAMS_H

#include "profbuf.h"
#include "symbols/symbols.h"
#include "types.h"

struct mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	struct object *object;
	bool anonymous;
};

struct cgroup {
	uint64_t id;
	const char *path;
};

/* A process from one PROFBUF_RECORD_PROCESS to the next. */
struct description {
	struct profbuf_program *program;
	uint64_t time;
	uint32_t id;		/* from 0, without gaps */
	bool exiting;
	const struct description *next;	/* of the same process; NULL: none, or before programs_sort() */
	struct mapping *mappings;	/* by address, once programs_sort() was called */
	size_t n;
	size_t room;
};

struct programs {
	struct symbols *symbols;
	struct profbuf_program **all;
	size_t n, room;
	struct index index;

	struct description **descriptions;	/* by id */
	struct description **sorted;		/* by pid and time, without those of which an earlier one says more */
	size_t nr_descriptions, nr_sorted, room_descriptions, room_sorted;
	struct index last;			/* of each process: the id of its last description */
	struct index nameless;			/* programs of pids without a description */

	struct cgroup *cgroups;
	size_t nr_cgroups, room_cgroups;
};

/* Takes a record of the types PROCESS, MAPPING and CGROUP. False: no memory. */
bool programs_add(struct programs *programs, const struct profbuf_record *record);

/* After the last programs_add(), before the first programs_find(). */
void programs_sort(struct programs *programs);

/* What describes @pid at @time, or first; NULL: nothing does. */
const struct description *programs_find(const struct programs *programs, uint32_t pid, uint64_t time);

/* A program of which no more is known than this. NULL: no memory. */
const struct profbuf_program *programs_named(struct programs *programs, uint32_t pid, const char *comm);

/* The program of a pid that nothing describes; idle for 0. NULL: no memory. */
const struct profbuf_program *programs_undescribed(struct programs *programs, uint32_t pid);

/* The mapping that @address lies in, or, if there is none, lay in when the process was described next; or NULL. */
const struct mapping *description_mapping(const struct description *description, uint64_t address);

/* All mappings, in the order of descriptions by pid and time. False: no memory. */
bool programs_maps(const struct programs *programs, struct profbuf_map **maps, size_t *n);

void programs_exit(struct programs *programs);

#endif /* PROFBUF_PROGRAMS_H */
