// SPDX-License-Identifier: GPL-2.0-only
/*
 * profile_resolve.c - what the addresses of a profile's samples are
 */
#include <errno.h>

#include "profile.h"

#define KERNEL	UINT32_MAX	/* instead of a description's id */

/* The kernel's symbols are in the stream, or those of the running kernel are the same. */
static void find_kernel_symbols(struct profbuf_profile *p)
{
	struct profbuf_kallsyms *k;
	bool same;

	if (p->has_kernel_records || p->looked_for_kernel)
		return;
	p->looked_for_kernel = true;
	p->kernel_symbols = profbuf_kallsyms_load(&k, p->kallsyms ? p->kallsyms : "/proc/kallsyms");
	if (p->kernel_symbols)
		return;
	same = p->info->kernel_anchor && profbuf_kallsyms_address(k, "schedule") == p->info->kernel_anchor;
	p->symbols.this_kernel = same && !p->kallsyms;
	if (same) {
		p->symbols.kallsyms = k;
	} else {
		p->kernel_symbols = -ESTALE;
		profbuf_kallsyms_free(k);
	}
}

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

static const struct profbuf_symbol *find_symbol(struct profbuf_profile *p, const struct description *d, bool kernel,
						uint64_t address, uint64_t *offset)
{
	const struct mapping *m;

	*offset = address;
	if (kernel)
		return symbols_find_kernel(&p->symbols, address, offset);
	m = d ? description_mapping(d, address) : NULL;
	if (!m)
		return profile_unknown_symbol(p);
	if (m->anonymous)
		return symbols_find_jit(&p->symbols, d->program, address);
	*offset = address - m->start + m->offset;
	return symbols_find_user(&p->symbols, m->object, d->program, offset);
}

static uint32_t get_frame(struct profbuf_profile *p, const struct description *d, bool kernel, uint64_t address)
{
	uint32_t description = kernel ? KERNEL : d ? d->id + 1 : 0;
	uint64_t hash = hash_mix(address, description), at = hash, offset;
	const struct profbuf_symbol *symbol;
	uint32_t id;

	while ((id = index_next(&p->place_index, hash, &at)) != INDEX_NONE) {
		if (p->places[id].address == address && p->places[id].description == description)
			return p->places[id].frame;
	}
	symbol = find_symbol(p, d, kernel, address, &offset);
	id = INDEX_NONE;
	if (symbol)
		id = profile_frame(p, &(struct profbuf_frame){
			.address = address, .offset = offset, .symbol = symbol
		});
	if (id == INDEX_NONE || !ARRAY_GROW(p->places, p->nr_places, p->room_places) ||
	    !index_add(&p->place_index, hash, p->nr_places))
		return INDEX_NONE;
	p->places[p->nr_places++] = (struct place){ address, description, id };
	return id;
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

/*
 * The first address of a kind is an instruction that was interrupted or entered the kernel, the others are return
 * addresses: the call is before them.
 */
static uint32_t make_stack(struct profbuf_profile *p, const struct raw_stack *raw, const struct description *d)
{
	const struct profbuf_program *program = d ? d->program : programs_undescribed(&p->programs, raw->pid);
	unsigned int i, n = raw->nr_kernel + raw->nr_user;
	uint32_t frames[2 * 256];
	struct profbuf_stack stack = { .nr_kernel = raw->nr_kernel, .nr_user = raw->nr_user, .frames = frames };
	const struct profbuf_symbol *unknown;

	if (!program)
		return INDEX_NONE;
	stack.program = program->id;
	for (i = 0; i < n; i++) {
		bool kernel = i < raw->nr_kernel;

		frames[i] = get_frame(p, d, kernel, raw->addresses[i] - (i && i != raw->nr_kernel));
		if (frames[i] == INDEX_NONE)
			return INDEX_NONE;
	}
	if (!n) {
		/* No addresses were asked for, or allowed. */
		unknown = profile_unknown_symbol(p);
		frames[0] = unknown ? profile_frame(p, &(struct profbuf_frame){ .symbol = unknown }) : INDEX_NONE;
		if (frames[0] == INDEX_NONE)
			return INDEX_NONE;
		stack.nr_user = 1;
	}
	return profile_stack(p, &stack);
}

static uint32_t get_stack(struct profbuf_profile *p, uint32_t raw, uint64_t time)
{
	uint32_t pid = p->raw[raw]->pid;
	const struct description *d = pid ? programs_find(&p->programs, pid, time) : NULL;
	uint32_t description = d ? d->id + 1 : 0;
	uint64_t hash = hash_mix(raw, description), at = hash;
	uint32_t id;

	while ((id = index_next(&p->resolved_index, hash, &at)) != INDEX_NONE) {
		if (p->resolved[id].raw == raw && p->resolved[id].description == description)
			return p->resolved[id].stack;
	}
	id = make_stack(p, p->raw[raw], d);
	if (id == INDEX_NONE || !ARRAY_GROW(p->resolved, p->nr_resolved, p->room_resolved) ||
	    !index_add(&p->resolved_index, hash, p->nr_resolved))
		return INDEX_NONE;
	p->resolved[p->nr_resolved++] = (struct resolved){ raw, description, id };
	return id;
}

int profbuf_profile_resolve(struct profbuf_profile *p)
{
	struct profbuf_event *e;

	if (!p->info)
		return -ENODATA;
	profbuf_accounting_check(&p->accounting);
	programs_sort(&p->programs);
	threads_sort(&p->threads);
	labels_sort(&p->labels);
	find_kernel_symbols(p);
	for (; p->nr_done < p->nr_events; p->nr_done++) {
		e = &p->events[p->nr_done];
		if (e->tag)
			e->labels = labels_find(&p->labels, &p->programs, p->raw[e->stack]->pid, e->tag, e->time);
		e->stack = get_stack(p, e->stack, e->time);
		if (e->stack == INDEX_NONE || e->labels == INDEX_NONE)
			return -ENOMEM;
	}
	free(p->maps);
	return programs_maps(&p->programs, &p->maps, &p->nr_maps) ? 0 : -ENOMEM;
}
