// SPDX-License-Identifier: GPL-2.0-only
/*
 * profile.c - turn a stream into a profile
 *
 * Reading keeps each sample as (time, raw stack); equal stacks of addresses are stored once. The records that explain a
 * sample may come later in the stream. So resolving comes after reading: it handles each pair of a stack and a
 * description of its process once, and looks up each address in it once.
 *
 * A profile that lives on forgets its samples and their stacks from time to time; processes, objects and symbols stay.
 */
#include <errno.h>

#include "contents.h"
#include "pprof.h"
#include "profile.h"
#include "resolve.h"
#include "stream/reader.h"

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

/* Keeps a copy of a record. */
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
		p->symbols.info = p->info = keep(p, r);
		return p->info ? profbuf_accounting_new(&p->accounting, p->info) : -ENOMEM;
	}
	profbuf_accounting_add(p->accounting, r);
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
	case PROFBUF_RECORD_MODULE:
		ok = symbols_add_module(&p->symbols, keep(p, r));
		break;
	case PROFBUF_RECORD_RATE:
		ok = rates_add(&p->rates, (const struct profbuf_rate *)r);
		break;
	case PROFBUF_RECORD_MARKER:
		ok = add_marker(p, r);
		break;
	case PROFBUF_RECORD_SYMBOL:
		ok = add_symbol(p, r);
		break;
	case PROFBUF_RECORD_JIT_SYMBOL:
		ok = symbols_add_jit(&p->symbols, keep(p, r));
		break;
	case PROFBUF_RECORD_COMMAND:
		p->command = keep(p, r);
		ok = p->command;
		break;
	}
	/* Tools add their records after the end, so their times do not count; the time of a PART record does. */
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
		return got == -ENODATA ? -ENOMSG : got ? got : -ENODATA;
	/* If the file is cut off or damaged, the records before that place make a profile. */
	if (got != 0 && got != -ENODATA && got != -EBADMSG)
		return got;
	p->damage = got;
	return 0;
}

/* The arrays keep their room, as the next samples will need as much. */
void profbuf_profile_forget(struct profbuf_profile *p)
{
	p->nr_events = p->nr_done = 0;
	p->nr_raw = p->nr_resolved = p->nr_places = p->nr_place_frames = p->nr_frames = p->nr_stacks = 0;
	index_exit(&p->raw_index);
	index_exit(&p->resolved_index);
	index_exit(&p->place_index);
	index_exit(&p->frame_index);
	index_exit(&p->stack_index);
	arena_exit(&p->arena);
	/* Programs may have written more to their maps since. */
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
	p->symbols.lines = options->lines;
	p->symbols.inlines = options->inlines;
	p->kallsyms = options->kallsyms;
	if (!labels_init(&p->labels, &p->symbols)) {
		profbuf_profile_free(p);
		return -ENOMEM;
	}
	*profile = p;
	return 0;
}

/* A file that is no stream may be a pprof file. */
static int read_other(struct profbuf_profile *p, struct profbuf_reader *reader)
{
	void *data = NULL;
	size_t bytes;
	int err = reader_all(reader, &data, &bytes);

	if (!err)
		err = pprof_read(p, data, bytes);
	free(data);
	return err;
}

int profbuf_profile_resolve(struct profbuf_profile *p)
{
	if (!p->info)
		return -ENODATA;
	profbuf_accounting_check(p->accounting);
	return profile_resolve(p);
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
		if (!err)
			err = profbuf_profile_resolve(p);
		else if (err == -EBADMSG && !p->info)
			err = read_other(p, reader);
		profbuf_reader_close(reader);
	}
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
	rates_exit(&p->rates);
	labels_exit(&p->labels);
	symbols_exit(&p->symbols);
	profbuf_accounting_free(p->accounting);
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
	free(p->place_frames);
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

/* The contents */

const struct profbuf_stream_info *profbuf_profile_info(const struct profbuf_profile *p)
{
	return p->info;
}

const char *profbuf_profile_value(const struct profbuf_profile *p)
{
	return p->value ? p->value : "samples";
}

const struct profbuf_accounting *profbuf_profile_accounting(const struct profbuf_profile *p)
{
	return p->accounting;
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
