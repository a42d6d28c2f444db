// SPDX-License-Identifier: GPL-2.0-only
/*
 * profile.c - a stream turned into a profile
 *
 * Reading keeps samples as (time, raw stack), equal stacks of addresses once. What explains them may come later in the
 * stream, so only then is each pair of a stack and a description of its process looked at, once, and each address in it
 * looked up, once.
 *
 * A profile that lives on forgets its samples and their stacks; processes, objects and symbols stay.
 */
#include <errno.h>

#include "labels.h"
#include "programs.h"
#include "symbols.h"
#include "threads.h"

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

/* An address under one description: the frame it is. */
struct place {
	uint64_t address;
	uint32_t description;	/* as above; of the kernel: KERNEL */
	uint32_t frame;
};

#define KERNEL	UINT32_MAX

struct profbuf_profile {
	struct symbols symbols;
	struct programs programs;
	struct threads threads;
	struct labels labels;
	struct profbuf_stream_info *info;
	struct profbuf_accounting accounting;
	struct profbuf_command_record *command;
	struct profbuf_marker **markers;
	size_t nr_markers, room_markers;
	struct profbuf_map *maps;
	size_t nr_maps;
	uint64_t last_time;
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

	struct resolved *resolved;
	size_t nr_resolved, room_resolved;
	struct index resolved_index;

	struct place *places;
	size_t nr_places, room_places;
	struct index place_index;

	struct profbuf_frame *frames;
	size_t nr_frames, room_frames;
	struct index frame_index;

	struct profbuf_stack *stacks;
	size_t nr_stacks, room_stacks;
	struct index stack_index;
};

/* Reading */

static uint32_t intern_raw(struct profbuf_profile *p, const struct profbuf_sample *s)
{
	unsigned int n = s->nr_kernel + s->nr_user;
	uint64_t hash, at;
	struct raw_stack *raw;
	uint32_t id;

	hash = at = hash_words((const uint64_t *)s->frames, n, hash_mix(s->pid, s->nr_kernel));
	while ((id = index_next(&p->raw_index, hash, &at)) != INDEX_NONE) {
		raw = p->raw[id];
		if (raw->pid == s->pid && raw->nr_kernel == s->nr_kernel && raw->nr_user == s->nr_user &&
		    !memcmp(raw->addresses, s->frames, n * sizeof(uint64_t)))
			return id;
	}
	raw = arena_alloc(&p->arena, sizeof(*raw) + n * sizeof(uint64_t));
	if (!raw || !ARRAY_GROW(p->raw, p->nr_raw, p->room_raw) || !index_add(&p->raw_index, hash, p->nr_raw))
		return INDEX_NONE;
	*raw = (struct raw_stack){ .pid = s->pid, .nr_kernel = s->nr_kernel, .nr_user = s->nr_user };
	memcpy(raw->addresses, s->frames, n * sizeof(uint64_t));
	p->raw[p->nr_raw] = raw;
	return p->nr_raw++;
}

static bool add_sample(struct profbuf_profile *p, const struct profbuf_sample *s)
{
	uint32_t raw = intern_raw(p, s);

	if (raw == INDEX_NONE || !ARRAY_GROW(p->events, p->nr_events, p->room_events))
		return false;
	p->events[p->nr_events++] = (struct profbuf_event){
		.time = s->time, .tag = s->tag, .stack = raw, .tid = s->tid, .cpu = s->cpu, .mode = s->mode,
		.stop = s->stop,
	};
	return true;
}

static bool add_loss(struct profbuf_profile *p, const struct profbuf_lost *r)
{
	if (!ARRAY_GROW(p->losses, p->nr_losses, p->room_losses))
		return false;
	p->losses[p->nr_losses++] = (struct profbuf_loss){ .time = r->time, .count = r->count, .cpu = r->cpu };
	return true;
}

/* A record that is kept as it is. */
static void *keep(struct profbuf_profile *p, const struct profbuf_record *r)
{
	void *copy = arena_alloc(&p->symbols.arena, r->len * sizeof(uint64_t));

	return copy ? memcpy(copy, r, r->len * sizeof(uint64_t)) : NULL;
}

static bool add_marker(struct profbuf_profile *p, const struct profbuf_record *r)
{
	struct profbuf_marker *marker = keep(p, r);

	if (!marker || !ARRAY_GROW(p->markers, p->nr_markers, p->room_markers))
		return false;
	p->markers[p->nr_markers++] = marker;
	return true;
}

static bool add_symbol(struct profbuf_profile *p, const struct profbuf_record *r)
{
	const struct profbuf_symbol_record *symbol = keep(p, r);

	p->has_kernel_records |= !(r->misc & PROFBUF_SYMBOL_VDSO);
	return symbol && symbols_add_record(&p->symbols, symbol);
}

int profbuf_profile_add(struct profbuf_profile *p, const struct profbuf_record *r)
{
	bool ok = true;

	if (!p->info) {
		p->info = keep(p, r);
		return p->info ? profbuf_accounting_init(&p->accounting, p->info) : -ENOMEM;
	}
	profbuf_accounting_add(&p->accounting, r);
	switch (r->type) {
	case PROFBUF_RECORD_SAMPLE:
		ok = add_sample(p, (const struct profbuf_sample *)r);
		break;
	case PROFBUF_RECORD_LOST:
		ok = add_loss(p, (const struct profbuf_lost *)r);
		break;
	case PROFBUF_RECORD_PROCESS:
	case PROFBUF_RECORD_MAPPING:
	case PROFBUF_RECORD_CGROUP:
		ok = programs_add(&p->programs, r);
		break;
	case PROFBUF_RECORD_THREAD:
		ok = threads_add(&p->threads, &p->symbols.strings, (const struct profbuf_thread *)r);
		break;
	case PROFBUF_RECORD_TAG:
	case PROFBUF_RECORD_OTEL_KEYS:
		ok = labels_add(&p->labels, r);
		break;
	case PROFBUF_RECORD_MARKER:
		ok = add_marker(p, r);
		break;
	case PROFBUF_RECORD_SYMBOL:
		ok = add_symbol(p, r);
		break;
	case PROFBUF_RECORD_COMMAND:
		p->command = keep(p, r);
		ok = p->command;
		break;
	}
	/* What tools add comes after the end, but for the end of a part. */
	if ((r->type < PROFBUF_RECORD_SYMBOL || r->type == PROFBUF_RECORD_PART) && r->time > p->last_time)
		p->last_time = r->time;
	return ok ? 0 : -ENOMEM;
}

static int read_records(struct profbuf_profile *p, struct profbuf_reader *reader)
{
	const struct profbuf_record *r;
	int got, err;

	while ((got = profbuf_reader_next(reader, &r)) > 0) {
		err = profbuf_profile_add(p, r);
		if (err)
			return err;
	}
	p->bytes = profbuf_reader_bytes(reader);
	if (!p->info)
		return got ? got : -ENODATA;
	/* What could be read is a profile. */
	if (got != 0 && got != -ENODATA && got != -EBADMSG)
		return got;
	p->damage = got;
	return 0;
}

/* Looking up */

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

static uint32_t intern_frame(struct profbuf_profile *p, uint64_t address, uint64_t offset,
			     const struct profbuf_symbol *symbol)
{
	uint64_t hash = hash_mix(hash_mix(address, offset), symbol->id), at = hash;
	uint32_t id;

	while ((id = index_next(&p->frame_index, hash, &at)) != INDEX_NONE) {
		const struct profbuf_frame *f = &p->frames[id];

		if (f->address == address && f->offset == offset && f->symbol == symbol)
			return id;
	}
	if (!ARRAY_GROW(p->frames, p->nr_frames, p->room_frames) || !index_add(&p->frame_index, hash, p->nr_frames))
		return INDEX_NONE;
	p->frames[p->nr_frames] = (struct profbuf_frame){ address, offset, symbol };
	return p->nr_frames++;
}

static const struct profbuf_symbol *unknown_symbol(struct profbuf_profile *p)
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
		return unknown_symbol(p);
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
	id = symbol ? intern_frame(p, address, offset, symbol) : INDEX_NONE;
	if (id == INDEX_NONE || !ARRAY_GROW(p->places, p->nr_places, p->room_places) ||
	    !index_add(&p->place_index, hash, p->nr_places))
		return INDEX_NONE;
	p->places[p->nr_places++] = (struct place){ address, description, id };
	return id;
}

static uint32_t intern_stack(struct profbuf_profile *p, const struct profbuf_stack *stack)
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
		unknown = unknown_symbol(p);
		frames[0] = unknown ? intern_frame(p, 0, 0, unknown) : INDEX_NONE;
		if (frames[0] == INDEX_NONE)
			return INDEX_NONE;
		stack.nr_user = 1;
	}
	return intern_stack(p, &stack);
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

/* The arrays keep their room: the next samples will need as much. */
void profbuf_profile_forget(struct profbuf_profile *p)
{
	p->nr_events = p->nr_done = 0;
	p->nr_raw = p->nr_resolved = p->nr_places = p->nr_frames = p->nr_stacks = 0;
	index_exit(&p->raw_index);
	index_exit(&p->resolved_index);
	index_exit(&p->place_index);
	index_exit(&p->frame_index);
	index_exit(&p->stack_index);
	arena_exit(&p->arena);
	/* Their programs may have written more since. */
	symbols_exit_jit(&p->symbols);
}

int profbuf_profile_new(struct profbuf_profile **profile, const struct profbuf_profile_options *options)
{
	static const struct profbuf_profile_options none;
	struct profbuf_profile *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	if (!options)
		options = &none;
	p->programs.symbols = &p->symbols;
	p->symbols.root = options->root;
	p->symbols.no_user = options->no_user_symbols;
	p->kallsyms = options->kallsyms;
	if (!labels_init(&p->labels, &p->symbols)) {
		profbuf_profile_free(p);
		return -ENOMEM;
	}
	*profile = p;
	return 0;
}

int profbuf_profile_read(struct profbuf_profile **profile, const char *path,
			 const struct profbuf_profile_options *options)
{
	struct profbuf_reader *reader;
	struct profbuf_profile *p;
	int err;

	err = profbuf_profile_new(&p, options);
	if (err)
		return err;
	err = profbuf_reader_open(&reader, path);
	if (!err) {
		err = read_records(p, reader);
		profbuf_reader_close(reader);
	}
	if (!err)
		err = profbuf_profile_resolve(p);
	if (err) {
		profbuf_profile_free(p);
		return err;
	}
	*profile = p;
	return 0;
}

void profbuf_profile_free(struct profbuf_profile *p)
{
	if (!p)
		return;
	programs_exit(&p->programs);
	threads_exit(&p->threads);
	labels_exit(&p->labels);
	symbols_exit(&p->symbols);
	profbuf_accounting_exit(&p->accounting);
	arena_exit(&p->arena);
	index_exit(&p->raw_index);
	index_exit(&p->resolved_index);
	index_exit(&p->place_index);
	index_exit(&p->frame_index);
	index_exit(&p->stack_index);
	free(p->markers);
	free(p->maps);
	free(p->raw);
	free(p->events);
	free(p->losses);
	free(p->resolved);
	free(p->places);
	free(p->frames);
	free(p->stacks);
	free(p);
}

static int by_time(const void *a, const void *b)
{
	const struct profbuf_event *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->cpu < y->cpu ? -1 : x->cpu > y->cpu;
}

void profbuf_profile_sort(struct profbuf_profile *p)
{
	if (p->nr_events)
		qsort(p->events, p->nr_events, sizeof(*p->events), by_time);
}

void profbuf_profile_keep(struct profbuf_profile *p,
			  bool (*keep)(const struct profbuf_event *event, const void *context), const void *context)
{
	size_t i, n = 0;

	for (i = 0; i < p->nr_done; i++) {
		if (keep(&p->events[i], context))
			p->events[n++] = p->events[i];
	}
	if (p->nr_done < p->nr_events)
		memmove(&p->events[n], &p->events[p->nr_done], (p->nr_events - p->nr_done) * sizeof(*p->events));
	p->nr_events -= p->nr_done - n;
	p->nr_done = n;
}

/* What it has */

const struct profbuf_stream_info *profbuf_profile_info(const struct profbuf_profile *p)
{
	return p->info;
}

const struct profbuf_accounting *profbuf_profile_accounting(const struct profbuf_profile *p)
{
	return &p->accounting;
}

const struct profbuf_command_record *profbuf_profile_command(const struct profbuf_profile *p)
{
	return p->command;
}

int profbuf_profile_damage(const struct profbuf_profile *p, uint64_t *bytes)
{
	*bytes = p->bytes;
	return p->damage;
}

uint64_t profbuf_profile_duration(const struct profbuf_profile *p)
{
	return p->last_time > p->info->time ? p->last_time - p->info->time : 0;
}

int profbuf_profile_kernel_symbols(const struct profbuf_profile *p)
{
	return p->kernel_symbols;
}

size_t profbuf_profile_events(const struct profbuf_profile *p, const struct profbuf_event **events)
{
	*events = p->events;
	return p->nr_events;
}

size_t profbuf_profile_losses(const struct profbuf_profile *p, const struct profbuf_loss **losses)
{
	*losses = p->losses;
	return p->nr_losses;
}

size_t profbuf_profile_stacks(const struct profbuf_profile *p, const struct profbuf_stack **stacks)
{
	*stacks = p->stacks;
	return p->nr_stacks;
}

size_t profbuf_profile_programs(const struct profbuf_profile *p, const struct profbuf_program *const **programs)
{
	*programs = (const struct profbuf_program *const *)p->programs.all;
	return p->programs.n;
}

size_t profbuf_profile_frames(const struct profbuf_profile *p, const struct profbuf_frame **frames)
{
	*frames = p->frames;
	return p->nr_frames;
}

size_t profbuf_profile_symbols(const struct profbuf_profile *p, const struct profbuf_symbol *const **symbols)
{
	*symbols = (const struct profbuf_symbol *const *)p->symbols.all;
	return p->symbols.n;
}

size_t profbuf_profile_maps(const struct profbuf_profile *p, const struct profbuf_map **maps)
{
	*maps = p->maps;
	return p->nr_maps;
}

size_t profbuf_profile_markers(const struct profbuf_profile *p, const struct profbuf_marker *const **markers)
{
	*markers = (const struct profbuf_marker *const *)p->markers;
	return p->nr_markers;
}

size_t profbuf_profile_labels(const struct profbuf_profile *p, const struct profbuf_labels *const **labels)
{
	*labels = (const struct profbuf_labels *const *)p->labels.all;
	return p->labels.n;
}

size_t profbuf_profile_threads(const struct profbuf_profile *p, const struct profbuf_thread_name **threads)
{
	*threads = p->threads.names;
	return p->threads.nr_names;
}

uint32_t profbuf_profile_thread(const struct profbuf_profile *p, const struct profbuf_event *e)
{
	const struct thread_name *name;

	if (!p->threads.n)
		return PROFBUF_NO_THREAD;
	name = threads_find(&p->threads, p->programs.all[p->stacks[e->stack].program]->pid, e->tid, e->time);
	return name ? name->id : PROFBUF_NO_THREAD;
}

const char *profbuf_profile_thread_name(const struct profbuf_profile *p, const struct profbuf_event *e)
{
	uint32_t id = profbuf_profile_thread(p, e);

	return id == PROFBUF_NO_THREAD ? p->programs.all[p->stacks[e->stack].program]->comm : p->threads.names[id].comm;
}
