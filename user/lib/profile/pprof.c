// SPDX-License-Identifier: GPL-2.0-only
/*
 * pprof.c - read a pprof file into a profile
 *
 * A pprof file has each stack with a count, and no times. Names come from the file; an address without a name is looked
 * up in the file of its mapping, as for a stream. What `profbuf export` writes as labels of a sample (comm, pid, tid,
 * thread, tag), and the frame [lost], become again what they were.
 */
#include <errno.h>
#include <stdio.h>
#include <zlib.h>

#include "base/file.h"
#include "pprof.h"
#include "profile/pprof.pb-c.h"
#include "stream/accounting.h"

#define FILE_MAX	(1UL << 30)
#define STACK_MAX	2048	/* frames; the outer frames of a deeper stack are left out */
#define KERNEL_ADDRESS	(1ULL << 63)

/* Finds array positions by the ids in the file. */
struct ids {
	struct index index;
	uint64_t *all;
	size_t n;
};

struct location {
	size_t first;		/* position of its first frame */
	uint32_t n;
	bool kernel;
};

struct reader {
	struct profbuf_profile *p;
	Pprof__Profile *in;
	size_t value;		/* which value of a sample is its weight */
	struct ids mappings, functions, locations;
	struct object **objects;	/* by the position of the mapping */
	struct location *places;	/* by the position of the location */
	uint32_t *frames;
	size_t nr_frames, room_frames;
	const char *program;	/* of samples without the label comm */
	char *text;		/* the label set that is being made */
	size_t text_room;
};

/* Bytes */

static int inflate_all(const void *data, size_t bytes, uint8_t **to, size_t *n)
{
	z_stream z = { .next_in = (void *)data, .avail_in = bytes };
	size_t room = 0;
	uint8_t *bigger;
	int ret = Z_OK;

	*to = NULL;
	*n = 0;
	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return -ENOMEM;
	while (ret == Z_OK) {
		if (*n == room) {
			room = room ? 2 * room : 4 * bytes + 4096;
			bigger = room <= 2 * FILE_MAX ? realloc(*to, room) : NULL;
			if (!bigger) {
				ret = room <= 2 * FILE_MAX ? Z_MEM_ERROR : Z_BUF_ERROR;
				break;
			}
			*to = bigger;
		}
		z.next_out = *to + *n;
		z.avail_out = room - *n;
		ret = inflate(&z, Z_NO_FLUSH);
		*n = room - z.avail_out;
		/* Several gzip members one after another are one file. */
		if (ret == Z_STREAM_END && z.avail_in)
			ret = inflateReset(&z);
	}
	inflateEnd(&z);
	if (ret == Z_STREAM_END && *n <= FILE_MAX)
		return 0;
	free(*to);
	*to = NULL;
	return ret == Z_MEM_ERROR ? -ENOMEM : *n > FILE_MAX ? -EFBIG : -EBADMSG;
}

static const char *string_at(const struct reader *r, int64_t at)
{
	return at > 0 && (size_t)at < r->in->n_string_table ? r->in->string_table[at] : "";
}

/* Ids */

/* Returns the position; INDEX_NONE: there is no such id. */
static uint32_t ids_find(const struct ids *ids, uint64_t id)
{
	uint64_t hash = hash_mix(id, 0), at = hash;
	uint32_t position;

	while ((position = index_next(&ids->index, hash, &at)) != INDEX_NONE) {
		if (ids->all[position] == id)
			return position;
	}
	return INDEX_NONE;
}

/* If an id comes again, only its first position is indexed: a million equal ids would make each look-up slow. */
static bool ids_add(struct ids *ids, uint64_t id, size_t position)
{
	ids->all[position] = id;
	return ids_find(ids, id) != INDEX_NONE || index_add(&ids->index, hash_mix(id, 0), position);
}

static bool ids_init(struct ids *ids, size_t n)
{
	ids->all = calloc(n + 1, sizeof(*ids->all));
	ids->n = n;
	return ids->all;
}

static void ids_exit(struct ids *ids)
{
	index_exit(&ids->index);
	free(ids->all);
}

/* Objects */

static bool is_kernel(uint64_t address)
{
	return address & KERNEL_ADDRESS;
}

/* Gets the object as a stream would describe it, but without an inode number. */
static struct object *user_object(struct reader *r, const char *path, const char *build_id)
{
	size_t bytes = sizeof(struct profbuf_mapping) + strlen(path) + 1;
	struct profbuf_mapping *m = calloc(1, bytes);
	struct object *object;
	unsigned int byte;

	if (!m)
		return NULL;
	strcpy(m->path, path);
	while (m->build_id_len < sizeof(m->build_id) && sscanf(build_id, "%2x", &byte) == 1 && build_id[1]) {
		m->build_id[m->build_id_len++] = byte;
		build_id += 2;
	}
	object = symbols_object(&r->p->symbols, m);
	free(m);
	return object;
}

static int read_mappings(struct reader *r)
{
	size_t i, n = r->in->n_mapping;

	r->objects = calloc(n + 1, sizeof(*r->objects));
	if (!r->objects || !ids_init(&r->mappings, n))
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		const Pprof__Mapping *m = r->in->mapping[i];
		const char *path = string_at(r, m->filename);

		if (is_kernel(m->memory_start) || !*path)
			r->objects[i] = symbols_object_named(&r->p->symbols, *path ? base_name(path) : "[unknown]",
							     is_kernel(m->memory_start));
		else
			r->objects[i] = user_object(r, path, string_at(r, m->build_id));
		if (!r->objects[i] || !ids_add(&r->mappings, m->id, i))
			return -ENOMEM;
	}
	r->program = n ? strings_intern(&r->p->symbols.strings, base_name(string_at(r, r->in->mapping[0]->filename))) :
		     "[unknown]";
	return r->program ? 0 : -ENOMEM;
}

/* Locations */

/* Whether this is a name that profbuf gives to an unknown symbol: [object], or object+0x... */
static bool is_unknown(const char *name, const char *object)
{
	size_t n = strlen(object);

	if (*name == '[')
		return !strcmp(name, object) || (!strncmp(name + 1, object, n) && !strcmp(name + 1 + n, "]"));
	return !strncmp(name, object, n) && !strncmp(name + n, "+0x", 3);
}

static const struct profbuf_symbol *function_symbol(struct reader *r, const Pprof__Function *f, struct object *object)
{
	const char *name = string_at(r, f->name), *linkage = string_at(r, f->system_name);

	if (!*name)
		name = *linkage ? linkage : "[unknown]";
	return symbols_function(&r->p->symbols, object, *linkage ? linkage : name, name,
				is_unknown(name, object->pub.name));
}

static const struct profbuf_symbol *address_symbol(struct reader *r, const Pprof__Location *l, uint32_t mapping,
						   struct object *object, uint64_t *offset)
{
	static const struct profbuf_program nobody;
	const Pprof__Mapping *m = mapping != INDEX_NONE ? r->in->mapping[mapping] : NULL;

	*offset = l->address;
	if (object->pub.kernel)
		return symbols_named(&r->p->symbols, object, object->pub.name, 0, true);
	if (!m || !*string_at(r, m->filename))
		return profile_unknown_symbol(r->p);
	*offset = l->address - m->memory_start + m->file_offset;
	return symbols_find_user(&r->p->symbols, object, &nobody, offset);
}

static int add_frame(struct reader *r, const struct profbuf_frame *frame)
{
	uint32_t id = frame->symbol ? profile_frame(r->p, frame) : INDEX_NONE;

	if (id == INDEX_NONE || !ARRAY_GROW(r->frames, r->nr_frames, r->room_frames))
		return -ENOMEM;
	r->frames[r->nr_frames++] = id;
	return 0;
}

/* If a location has several lines, the first is the innermost function. */
static int read_lines(struct reader *r, const Pprof__Location *l, struct object *object)
{
	int err = 0;

	for (size_t i = 0; i < l->n_line && !err; i++) {
		uint32_t at = ids_find(&r->functions, l->line[i]->function_id);
		const Pprof__Function *f = at != INDEX_NONE ? r->in->function[at] : NULL;
		struct profbuf_frame frame = { .address = l->address, .inlined = i + 1 < l->n_line };
		const char *file = f ? string_at(r, f->filename) : "";

		if (!f)
			return -EBADMSG;
		frame.symbol = function_symbol(r, f, object);
		if (*file && l->line[i]->line > 0 && l->line[i]->line <= UINT32_MAX) {
			frame.file = strings_intern(&r->p->symbols.strings, file);
			frame.line = l->line[i]->line;
			if (!frame.file)
				return -ENOMEM;
		}
		err = add_frame(r, &frame);
	}
	return err;
}

static int read_location(struct reader *r, const Pprof__Location *l, struct location *place)
{
	uint32_t mapping = l->mapping_id ? ids_find(&r->mappings, l->mapping_id) : INDEX_NONE;
	struct profbuf_frame frame = { .address = l->address };
	struct object *object;
	int err;

	if (l->mapping_id && mapping == INDEX_NONE)
		return -EBADMSG;
	object = mapping != INDEX_NONE ? r->objects[mapping] :
		 symbols_object_named(&r->p->symbols, "[unknown]", is_kernel(l->address));
	if (!object)
		return -ENOMEM;
	place->first = r->nr_frames;
	place->kernel = object->pub.kernel;
	if (l->n_line) {
		err = read_lines(r, l, object);
	} else {
		frame.symbol = address_symbol(r, l, mapping, object, &frame.offset);
		err = add_frame(r, &frame);
	}
	place->n = r->nr_frames - place->first;
	return err;
}

static int read_locations(struct reader *r)
{
	size_t i, n = r->in->n_location;
	int err;

	r->places = calloc(n + 1, sizeof(*r->places));
	if (!r->places || !ids_init(&r->locations, n) || !ids_init(&r->functions, r->in->n_function))
		return -ENOMEM;
	for (i = 0; i < r->in->n_function; i++) {
		if (!ids_add(&r->functions, r->in->function[i]->id, i))
			return -ENOMEM;
	}
	for (i = 0; i < n; i++) {
		if (!ids_add(&r->locations, r->in->location[i]->id, i))
			return -ENOMEM;
		err = read_location(r, r->in->location[i], &r->places[i]);
		if (err)
			return err;
	}
	return 0;
}

/* Samples */

/* What the labels of a sample say about it, beside real labels. */
struct about {
	const char *comm;
	const char *thread;
	uint32_t pid, tid;
	uint64_t tag;		/* a tag whose meaning is not known */
	size_t bytes;		/* length of its other labels in the reader's text */
};

static bool add_text(struct reader *r, struct about *about, const char *string)
{
	size_t bytes = strlen(string) + 1;
	char *bigger;

	if (about->bytes + bytes > r->text_room) {
		bigger = realloc(r->text, 2 * (about->bytes + bytes));
		if (!bigger)
			return false;
		r->text = bigger;
		r->text_room = 2 * (about->bytes + bytes);
	}
	memcpy(r->text + about->bytes, string, bytes);
	about->bytes += bytes;
	return true;
}

static bool read_label(struct reader *r, const Pprof__Label *l, struct about *about)
{
	const char *key = string_at(r, l->key), *str = string_at(r, l->str);

	if (!l->str && !strcmp(key, "pid"))
		about->pid = l->num;
	else if (!l->str && !strcmp(key, "tid"))
		about->tid = l->num;
	else if (l->str && !strcmp(key, "comm"))
		about->comm = str;
	else if (l->str && !strcmp(key, "thread"))
		about->thread = str;
	else if (l->str && !strcmp(key, "tag") && !strncmp(str, "0x", 2))
		about->tag = strtoull(str, NULL, 16);
	else if (l->str && *key)
		return add_text(r, about, key) && add_text(r, about, str);
	return true;
}

/* Gets the frames of a sample, kernel frames first. Return: how many; -EBADMSG: the file has no such location. */
static int read_stack(const struct reader *r, const Pprof__Sample *s, uint32_t *frames, unsigned int *nr_kernel)
{
	bool kernel = true;
	int n = 0;

	for (size_t i = *nr_kernel = 0; i < s->n_location_id && n < STACK_MAX; i++) {
		uint32_t at = ids_find(&r->locations, s->location_id[i]);
		const struct location *place = at != INDEX_NONE ? &r->places[at] : NULL;

		if (!place)
			return -EBADMSG;
		kernel = kernel && place->kernel;
		for (uint32_t k = 0; k < place->n && n < STACK_MAX; k++) {
			frames[n++] = r->frames[place->first + k];
			*nr_kernel += kernel;
		}
	}
	return n;
}

static bool is_lost(const struct reader *r, const Pprof__Sample *s, const uint32_t *frames, int n)
{
	return n == 1 && !s->n_label && !strcmp(r->p->frames[frames[0]].symbol->name, "[lost]");
}

static int add_loss(struct profbuf_profile *p, uint64_t count)
{
	if (!ARRAY_GROW(p->losses, p->nr_losses, p->room_losses))
		return -ENOMEM;
	p->losses[p->nr_losses++] = (struct profbuf_loss){ .count = count, .weight = count };
	accounting_count(p->accounting, 0, count, 1);
	return 0;
}

static bool name_thread(struct reader *r, const struct about *about)
{
	struct profbuf_thread record = { .pid = about->pid, .tid = about->tid };

	if (!about->thread)
		return true;
	snprintf(record.comm, sizeof(record.comm), "%s", about->thread);
	return threads_add(&r->p->threads, &r->p->symbols.strings, &record);
}

static int add_event(struct reader *r, const struct about *about, uint32_t stack, uint64_t weight)
{
	struct profbuf_profile *p = r->p;
	struct profbuf_event e = { .tag = about->tag, .weight = weight, .stack = stack, .tid = about->tid };

	if (about->bytes)
		e.labels = labels_any(&p->labels, r->text, about->bytes);
	else if (about->tag)
		e.labels = labels_find(&p->labels, &p->programs, about->pid, about->tag, 0);
	if (e.labels == INDEX_NONE || !name_thread(r, about) || !ARRAY_GROW(p->events, p->nr_events, p->room_events))
		return -ENOMEM;
	e.mode = p->stacks[stack].nr_kernel ? PROFBUF_MODE_KERNEL : PROFBUF_MODE_USER;
	p->events[p->nr_events++] = e;
	accounting_count(p->accounting, weight, 0, 0);
	return 0;
}

static int read_sample(struct reader *r, const Pprof__Sample *s)
{
	struct about about = { .comm = r->program };
	const struct profbuf_program *program;
	const struct profbuf_symbol *unknown;
	struct profbuf_stack stack = { 0 };
	uint32_t frames[STACK_MAX], id;
	unsigned int nr_kernel;
	uint64_t weight;
	int n;

	if (s->n_value <= r->value)
		return -EBADMSG;
	/* The difference of two profiles has values that are 0 or negative; skip them. */
	if (s->value[r->value] <= 0)
		return 0;
	weight = s->value[r->value];
	n = read_stack(r, s, frames, &nr_kernel);
	if (n < 0)
		return n;
	if (is_lost(r, s, frames, n))
		return add_loss(r->p, weight);
	for (size_t i = 0; i < s->n_label; i++) {
		if (!read_label(r, s->label[i], &about))
			return -ENOMEM;
	}
	if (!n) {
		unknown = profile_unknown_symbol(r->p);
		frames[n++] = unknown ? profile_frame(r->p, &(struct profbuf_frame){ .symbol = unknown }) : INDEX_NONE;
	}
	program = programs_named(&r->p->programs, about.pid, about.comm);
	if (!program || frames[0] == INDEX_NONE)
		return -ENOMEM;
	stack.program = program->id;
	stack.nr_kernel = nr_kernel;
	stack.nr_user = n - nr_kernel;
	stack.frames = frames;
	id = profile_stack(r->p, &stack);
	return id == INDEX_NONE ? -ENOMEM : add_event(r, &about, id, weight);
}

/* The whole file */

/* Chooses the value "samples", as profbuf counts samples; else the default value of the file, or its last value. */
static int choose_value(struct reader *r)
{
	const char *type, *unit, *value;

	r->value = r->in->n_sample_type - 1;
	for (size_t i = 0; i < r->in->n_sample_type; i++) {
		type = string_at(r, r->in->sample_type[i]->type);
		if (r->in->default_sample_type && r->in->sample_type[i]->type == r->in->default_sample_type)
			r->value = i;
		if (!strcmp(type, "samples")) {
			r->value = i;
			break;
		}
	}
	type = string_at(r, r->in->sample_type[r->value]->type);
	unit = string_at(r, r->in->sample_type[r->value]->unit);
	if (!strcmp(unit, "count"))
		value = strings_intern(&r->p->symbols.strings, type);
	else
		value = strings_format(&r->p->symbols.strings, "%s %s", type, unit);
	r->p->value = value;
	return value ? 0 : -ENOMEM;
}

/* Returns the period; 1 if it is not a time. */
static uint64_t period_ns(const struct reader *r)
{
	const Pprof__ValueType *type = r->in->period_type;

	return type && r->in->period > 0 && !strcmp(string_at(r, type->unit), "nanoseconds") ? r->in->period : 1;
}

/* Makes the record INFO that a stream would have, from what the file says. */
static int make_info(struct reader *r)
{
	struct profbuf_stream_info *info = arena_alloc(&r->p->symbols.arena, sizeof(*info));

	if (!info)
		return -ENOMEM;
	*info = (struct profbuf_stream_info){
		.len = sizeof(*info) / 8, .type = PROFBUF_RECORD_INFO, .cpu = PROFBUF_CPU_NONE,
		.magic = PROFBUF_MAGIC, .abi_version = PROFBUF_ABI_VERSION, .nr_cpus = 1,
		.realtime_offset = r->in->time_nanos > 0 ? r->in->time_nanos : 0,
		.period = period_ns(r),
		.source = PROFBUF_NR_SOURCES,
	};
	r->p->info = info;
	r->p->last_time = r->in->duration_nanos > 0 ? r->in->duration_nanos : 0;
	return profbuf_accounting_new(&r->p->accounting, info);
}

static int read_all(struct reader *r)
{
	int err = make_info(r);

	if (!err)
		err = choose_value(r);
	if (!err)
		err = read_mappings(r);
	if (!err)
		err = read_locations(r);
	for (size_t i = 0; i < r->in->n_sample && !err; i++)
		err = read_sample(r, r->in->sample[i]);
	if (err)
		return err;
	threads_sort(&r->p->threads);
	r->p->nr_done = r->p->nr_events;
	return 0;
}

int pprof_read(struct profbuf_profile *p, const void *data, size_t bytes)
{
	const uint8_t *head = data;
	struct reader r = { .p = p };
	uint8_t *plain = NULL;
	int err;

	if (bytes > 2 && head[0] == 0x1f && head[1] == 0x8b) {
		err = inflate_all(data, bytes, &plain, &bytes);
		if (err)
			return err;
		data = plain;
	}
	r.in = bytes <= FILE_MAX ? pprof__profile__unpack(NULL, bytes, data) : NULL;
	free(plain);
	if (!r.in)
		return bytes <= FILE_MAX ? -EBADMSG : -EFBIG;
	err = -EBADMSG;
	if (r.in->n_sample_type && r.in->n_string_table && !*r.in->string_table[0])
		err = read_all(&r);
	pprof__profile__free_unpacked(r.in, NULL);
	ids_exit(&r.mappings);
	ids_exit(&r.functions);
	ids_exit(&r.locations);
	free(r.objects);
	free(r.places);
	free(r.frames);
	free(r.text);
	return err;
}
