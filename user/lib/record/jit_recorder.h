/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * jit_recorder.h - names for the code that the processes of a stream made at run time
 *
 * Addresses are kept of processes that are known to have such code, or of which nothing is known yet. A process's map
 * is found while it lives, as it may be gone with it, and read at the end. Its /tmp can be a file system of its own: so
 * other processes find and read maps, see job.h, and who is slow has no names.
 */
#ifndef PROFBUF_JIT_RECORDER_H
#define PROFBUF_JIT_RECORDER_H

#include "profbuf.h"
#include "symbols/jit_map.h"

/* Of one process id. */
struct jit_subject {
	struct jit_process process;
	bool described;
	bool has_code;
	bool asked;		/* for its map, since it was described last */
	bool slow;		/* is not waited for once more */
	uint64_t user;		/* as look_user() says, if it still lived then; else its user id */
	int handle;		/* of its map, O_PATH; -1: none */
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

/* Gives @emit each record; stops at what it returns other than 0, and returns that. Return: 0; -ENOMEM. */
int jit_recorder_emit(struct jit_recorder *recorder,
		      int (*emit)(const struct profbuf_record *record, void *context), void *context);
void jit_recorder_exit(struct jit_recorder *recorder);

#endif /* PROFBUF_JIT_RECORDER_H */
