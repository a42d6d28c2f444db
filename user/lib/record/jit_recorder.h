/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * jit_recorder.h - names for code that the processes of a stream generated at run time
 *
 * The recorder keeps the addresses of processes that are known to have such code, and of processes that are not
 * described yet. It finds a process's map while the process lives, as the map may disappear with it, and reads the map
 * at the end. The /tmp of a process can be its own file system: so jobs find and read the maps, see job.h. A process
 * that is slow gets no names.
 */
#ifndef PROFBUF_JIT_RECORDER_H
#define PROFBUF_JIT_RECORDER_H

#include "profbuf.h"
#include "symbols/jit_map.h"

/* What is known about one process id. */
struct jit_subject {
	struct jit_process process;
	bool described;
	bool has_code;
	bool asked;		/* its map was looked for since the last description */
	bool slow;		/* timed out once: it is not waited for again */
	uint64_t user;		/* from look_user(), if the process still lived then; else its user id */
	int handle;		/* O_PATH descriptor of its map; -1: none */
};

struct jit_address {
	uint32_t pid;
	uint64_t address;
};

struct jit_recorder {
	struct jit_subject *subjects;
	size_t nr_subjects, room_subjects;
	struct index subject_index;
	struct jit_address *addresses;
	size_t n, room;
	struct index address_index;
	unsigned int nr_open;
};

/* Takes a record of any type. Return: 0; -ENOMEM. */
int jit_recorder_add(struct jit_recorder *recorder, const struct profbuf_record *record);

/* Calls @emit for each record, until it returns other than 0. Return: 0; -ENOMEM; what @emit returned. */
int jit_recorder_emit(struct jit_recorder *recorder,
		      int (*emit)(const struct profbuf_record *record, void *context), void *context);
void jit_recorder_exit(struct jit_recorder *recorder);

#endif /* PROFBUF_JIT_RECORDER_H */
