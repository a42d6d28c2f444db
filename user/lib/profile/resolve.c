// SPDX-License-Identifier: GPL-2.0-only
/*
 * resolve.c - look up the addresses of a profile's samples
 */
#include <errno.h>

#include "resolve.h"

#define KERNEL	UINT32_MAX	/* instead of a description's id */

/*
 * Without kernel symbols in the stream, uses those of the given file or the running kernel if they are of the same
 * boot.
 */
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

#define FRAMES_MAX	4096	/* frames of a stack, with those of inlined functions */
#define PLACES_MAX	64

/* Finds the frames of @frames[0].address; several if inlined functions are wanted. Return: how many; 0: no memory. */
static int find_frames(struct profbuf_profile *p, const struct description *d, bool kernel,
		       struct profbuf_frame *frames)
{
	uint64_t address = frames->address;
	const struct mapping *m;

	frames->offset = address;
	if (kernel) {
		frames->symbol = symbols_find_kernel(&p->symbols, address, &frames->offset);
		return frames->symbol ? 1 : 0;
	}
	m = d ? description_mapping(d, address) : NULL;
	if (!m) {
		frames->symbol = profile_unknown_symbol(p);
	} else if (m->anonymous) {
		frames->symbol = symbols_find_jit(&p->symbols, d->program, address);
	} else {
		frames->offset = address - m->start + m->offset;
		frames->symbol = symbols_find_user(&p->symbols, m->object, d->program, &frames->offset);
		if (frames->symbol && (p->symbols.lines || p->symbols.inlines))
			return symbols_find_places(&p->symbols, m->object, frames->symbol, frames->offset, frames,
						   PLACES_MAX);
	}
	return frames->symbol ? 1 : 0;
}

/* False: no memory. */
static bool make_place(struct profbuf_profile *p, const struct description *d, bool kernel, struct place *place)
{
	struct profbuf_frame frames[PLACES_MAX];
	uint32_t id;

	frames[0] = (struct profbuf_frame){ .address = place->address };
	place->n = find_frames(p, d, kernel, frames);
	place->frame = place->n == 1 ? profile_frame(p, frames) : p->nr_place_frames;
	for (uint32_t i = 0; place->n > 1 && i < place->n; i++) {
		id = profile_frame(p, &frames[i]);
		if (id == INDEX_NONE || !ARRAY_GROW(p->place_frames, p->nr_place_frames, p->room_place_frames))
			return false;
		p->place_frames[p->nr_place_frames++] = id;
	}
	return place->n && place->frame != INDEX_NONE;
}

/* NULL: no memory. */
static const struct place *get_place(struct profbuf_profile *p, const struct description *d, bool kernel,
				     uint64_t address)
{
	struct place place = { .address = address, .description = kernel ? KERNEL : d ? d->id + 1 : 0 };
	uint64_t hash = hash_mix(address, place.description), at = hash;
	uint32_t id;

	while ((id = index_next(&p->place_index, hash, &at)) != INDEX_NONE) {
		if (p->places[id].address == address && p->places[id].description == place.description)
			return &p->places[id];
	}
	if (!make_place(p, d, kernel, &place) || !ARRAY_GROW(p->places, p->nr_places, p->room_places) ||
	    !index_add(&p->place_index, hash, p->nr_places))
		return NULL;
	p->places[p->nr_places] = place;
	return &p->places[p->nr_places++];
}

/*
 * Adds the frames of the kernel or user addresses of a stack. The first address is the instruction that was interrupted
 * or that entered the kernel. The others are return addresses; the call lies before each of them. Return: how many
 * frames; -1: no memory.
 */
static int add_frames(struct profbuf_profile *p, const struct description *d, bool kernel, const uint64_t *addresses,
		      unsigned int nr_addresses, uint32_t *frames, unsigned int max)
{
	unsigned int i, k, n = 0;

	for (i = 0; i < nr_addresses; i++) {
		const struct place *place = get_place(p, d, kernel, addresses[i] - !!i);

		if (!place)
			return -1;
		for (k = 0; k < place->n && n < max; k++)
			frames[n++] = place->n == 1 ? place->frame : p->place_frames[place->frame + k];
	}
	return n;
}

static uint32_t make_stack(struct profbuf_profile *p, const struct raw_stack *raw, const struct description *d)
{
	const struct profbuf_program *program = d ? d->program : programs_undescribed(&p->programs, raw->pid);
	uint32_t frames[FRAMES_MAX];
	struct profbuf_stack stack = { .frames = frames };
	const struct profbuf_symbol *unknown;
	int nr_kernel, nr_user;

	if (!program)
		return INDEX_NONE;
	stack.program = program->id;
	nr_kernel = add_frames(p, d, true, raw->addresses, raw->nr_kernel, frames, FRAMES_MAX);
	if (nr_kernel < 0)
		return INDEX_NONE;
	nr_user = add_frames(p, d, false, raw->addresses + raw->nr_kernel, raw->nr_user, frames + nr_kernel,
			     FRAMES_MAX - nr_kernel);
	if (nr_user < 0)
		return INDEX_NONE;
	stack.nr_kernel = nr_kernel;
	stack.nr_user = nr_user;
	if (!nr_kernel && !nr_user) {
		/* The session did not ask for addresses, or had no right to them. */
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

static void weigh_losses(struct profbuf_profile *p)
{
	struct profbuf_loss *loss;

	for (; p->nr_losses_done < p->nr_losses; p->nr_losses_done++) {
		loss = &p->losses[p->nr_losses_done];
		loss->weight = loss->count * rates_find(&p->rates, loss->cpu, loss->time);
	}
}

int profile_resolve(struct profbuf_profile *p)
{
	struct profbuf_event *e;

	programs_sort(&p->programs);
	threads_sort(&p->threads);
	labels_sort(&p->labels);
	rates_sort(&p->rates);
	weigh_losses(p);
	find_kernel_symbols(p);
	for (; p->nr_done < p->nr_events; p->nr_done++) {
		e = &p->events[p->nr_done];
		e->weight = rates_find(&p->rates, e->cpu, e->time);
		if (e->tag)
			e->labels = labels_find(&p->labels, &p->programs, p->raw[e->stack]->pid, e->tag, e->time);
		e->stack = get_stack(p, e->stack, e->time);
		if (e->stack == INDEX_NONE || e->labels == INDEX_NONE)
			return -ENOMEM;
	}
	free(p->maps);
	return programs_maps(&p->programs, &p->maps, &p->nr_maps) ? 0 : -ENOMEM;
}
