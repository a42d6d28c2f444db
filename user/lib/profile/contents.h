/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * contents.h - the contents of a profile
 *
 * profile.c reads a stream into a profile, and resolve.c looks up its addresses; pprof.c fills a profile with frames
 * that are already looked up. Only these three files know the whole struct; others use profile.h.
 */
#ifndef PROFBUF_CONTENTS_H
#define PROFBUF_CONTENTS_H

#include "labels.h"
#include "programs.h"
#include "rates.h"
#include "symbols/symbols.h"
#include "threads.h"
#include "types.h"

/* The addresses of a sample; equal stacks are stored once. */
struct raw_stack {
	uint32_t pid;
	uint8_t nr_kernel;
	uint8_t nr_user;
	uint64_t addresses[];
};

/* The stack of the profile that a raw stack means with one description of its process. */
struct resolved {
	uint32_t raw;
	uint32_t description;	/* id plus 1; 0: none */
	uint32_t stack;
};

/* The frame or frames that an address means with one description of its process. */
struct place {
	uint64_t address;
	uint32_t description;	/* as above; UINT32_MAX for a kernel address */
	uint32_t n;		/* number of frames: the inlined functions, and the function around them */
	uint32_t frame;		/* its id if n is 1; else the first place in place_frames */
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
	const char *value;		/* what the weights count; NULL: samples */
	int damage;
	uint64_t bytes;
	const char *kallsyms;		/* path of the kernel's symbols */
	int kernel_symbols;
	bool has_kernel_records;
	bool looked_for_kernel;

	/* What belongs to samples: profbuf_profile_forget() forgets all of it. */
	struct arena arena;
	struct raw_stack **raw;
	size_t nr_raw, room_raw;
	struct index raw_index;

	struct profbuf_event *events;
	size_t nr_events, room_events;
	size_t nr_done;			/* events that are resolved */

	struct profbuf_loss *losses;
	size_t nr_losses, room_losses;
	size_t nr_losses_done;		/* losses that have their weights */

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

/* Returns the id of this frame; equal frames have one id. INDEX_NONE: no memory. */
uint32_t profile_frame(struct profbuf_profile *profile, const struct profbuf_frame *frame);

/* Returns the id of this stack; equal stacks have one id. The frames are copied. INDEX_NONE: no memory. */
uint32_t profile_stack(struct profbuf_profile *profile, const struct profbuf_stack *stack);

/* Returns the symbol for addresses in no object. NULL: no memory. */
const struct profbuf_symbol *profile_unknown_symbol(struct profbuf_profile *profile);

#endif /* PROFBUF_CONTENTS_H */
