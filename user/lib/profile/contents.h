/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * contents.h - what a profile holds
 *
 * profile.c reads a stream into it and resolve.c looks up what its addresses are; pprof.c fills it with what is looked
 * up already. Those three know all of it; others use profile.h.
 */
#ifndef PROFBUF_CONTENTS_H
#define PROFBUF_CONTENTS_H

#include "labels.h"
#include "programs.h"
#include "rates.h"
#include "symbols/symbols.h"
#include "threads.h"
#include "types.h"

/* Addresses as sampled, equal ones once. */
struct raw_stack {
	uint32_t pid;
	uint8_t nr_kernel;
	uint8_t nr_user;
	uint64_t addresses[];
};

/* A raw stack under one description: what it is in the profile. */
struct resolved {
	uint32_t raw;
	uint32_t description;	/* id + 1; 0: none */
	uint32_t stack;
};

/* An address under one description: the frame, or frames, it is. */
struct place {
	uint64_t address;
	uint32_t description;	/* as above; of the kernel: UINT32_MAX */
	uint32_t n;		/* of the functions inlined there, and the one they are in */
	uint32_t frame;		/* if it is one; else where they begin in place_frames */
};

struct profbuf_profile {
	struct symbols symbols;
	struct programs programs;
	struct threads threads;
	struct labels labels;
	struct rates rates;
	struct profbuf_stream_info *info;
	struct profbuf_accounting *accounting;	/* NULL before the first record */
	struct profbuf_command_record *command;
	struct profbuf_marker **markers;
	size_t nr_markers, room_markers;
	struct profbuf_map *maps;
	size_t nr_maps;
	uint64_t last_time;
	const char *value;		/* what weights are of; NULL: samples */
	int damage;
	uint64_t bytes;
	const char *kallsyms;		/* where they are */
	int kernel_symbols;
	bool has_kernel_records;
	bool looked_for_kernel;

	/* Of samples: all that profbuf_profile_forget() forgets. */
	struct arena arena;
	struct raw_stack **raw;
	size_t nr_raw, room_raw;
	struct index raw_index;

	struct profbuf_event *events;
	size_t nr_events, room_events;
	size_t nr_done;			/* events whose stacks are looked up */

	struct profbuf_loss *losses;
	size_t nr_losses, room_losses;
	size_t nr_losses_done;		/* have their weights */

	struct resolved *resolved;
	size_t nr_resolved, room_resolved;
	struct index resolved_index;

	struct place *places;
	size_t nr_places, room_places;
	struct index place_index;
	uint32_t *place_frames;
	size_t nr_place_frames, room_place_frames;

	struct profbuf_frame *frames;
	size_t nr_frames, room_frames;
	struct index frame_index;

	struct profbuf_stack *stacks;
	size_t nr_stacks, room_stacks;
	struct index stack_index;
};

/* The id of an equal frame. INDEX_NONE: no memory. */
uint32_t profile_frame(struct profbuf_profile *profile, const struct profbuf_frame *frame);

/* The id of an equal stack; its frames are copied. INDEX_NONE: no memory. */
uint32_t profile_stack(struct profbuf_profile *profile, const struct profbuf_stack *stack);

/* The symbol of what is in no object. NULL: no memory. */
const struct profbuf_symbol *profile_unknown_symbol(struct profbuf_profile *profile);

#endif /* PROFBUF_CONTENTS_H */
