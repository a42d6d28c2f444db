// SPDX-License-Identifier: GPL-2.0-only
/*
 * contents.c - the contents of a profile: equal frames and equal stacks are stored once
 */
#include "contents.h"

uint32_t profile_frame(struct profbuf_profile *p, const struct profbuf_frame *frame)
{
	uint64_t hash = hash_mix(hash_mix(frame->address, frame->offset), frame->symbol->id), at;
	uint32_t id;

	at = hash = hash_mix(hash, hash_mix(frame->line, (uintptr_t)frame->file));
	while ((id = index_next(&p->frame_index, hash, &at)) != INDEX_NONE) {
		const struct profbuf_frame *f = &p->frames[id];

		if (f->address == frame->address && f->offset == frame->offset && f->symbol == frame->symbol &&
		    f->file == frame->file && f->line == frame->line && f->inlined == frame->inlined)
			return id;
	}
	if (!ARRAY_GROW(p->frames, p->nr_frames, p->room_frames) || !index_add(&p->frame_index, hash, p->nr_frames))
		return INDEX_NONE;
	p->frames[p->nr_frames] = *frame;
	return p->nr_frames++;
}

const struct profbuf_symbol *profile_unknown_symbol(struct profbuf_profile *p)
{
	struct object *object = symbols_object_named(&p->symbols, "[unknown]", false);

	return object ? symbols_named(&p->symbols, object, "[unknown]", 0, true) : NULL;
}

uint32_t profile_stack(struct profbuf_profile *p, const struct profbuf_stack *stack)
{
	unsigned int i, n = stack->nr_kernel + stack->nr_user;
	uint64_t hash = hash_mix(stack->program, stack->nr_kernel), at;
	uint32_t *frames;
	uint32_t id;

	for (i = 0; i < n; i++)
		hash = hash_mix(hash, stack->frames[i]);
	at = hash;
	while ((id = index_next(&p->stack_index, hash, &at)) != INDEX_NONE) {
		const struct profbuf_stack *s = &p->stacks[id];

		if (s->program == stack->program && s->nr_kernel == stack->nr_kernel &&
		    s->nr_user == stack->nr_user && !memcmp(s->frames, stack->frames, n * sizeof(*s->frames)))
			return id;
	}
	frames = arena_alloc(&p->arena, n * sizeof(*frames));
	if (!frames || !ARRAY_GROW(p->stacks, p->nr_stacks, p->room_stacks) ||
	    !index_add(&p->stack_index, hash, p->nr_stacks))
		return INDEX_NONE;
	memcpy(frames, stack->frames, n * sizeof(*frames));
	p->stacks[p->nr_stacks] = *stack;
	p->stacks[p->nr_stacks].frames = frames;
	return p->nr_stacks++;
}
