// SPDX-License-Identifier: GPL-2.0-only
/*
 * export_pprof.c - a profile as pprof has it: profile.proto, compressed
 *
 * A message whose repeated fields come in parts is the same as the whole message. So the profile is packed and
 * compressed element by element, in little memory. A location is an address of one program; its mapping says which
 * program. Samples with the same stack, thread and label set are merged. The labels that the profiled program set come
 * after the labels that every sample has. Label names are not made unique, because pprof allows several labels of one
 * name.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/sorted.h"
#include "export.h"
#include "profile/pprof.pb-c.h"

#define PART_BYTES	(64 << 10)
#define STACK_FRAMES	(2 * 255)	/* as many as a record can have */
#define INLINED_MAX	64	/* frames of one location; a longer chain is split into two */
#define FIXED_LABELS	5		/* comm, pid, tid, thread and tag */

/* The location of a frame in the program that was written last. */
struct location {
	uint32_t program;	/* id of the program + 1 */
	uint32_t id;
};

/* A string of labels, or of a thread's name. */
struct text {
	const char *text;
	int64_t id;		/* 0: not yet written */
};

/* A mapping of a program. Equal mappings of later descriptions are the same one. */
struct mapped {
	const struct profbuf_map *map;
	uint32_t id;		/* 0: not yet written */
};

struct writer {
	FILE *f;
	const struct profbuf_profile *profile;
	z_stream z;
	uint8_t *part;		/* packed elements, to be compressed */
	size_t part_bytes, part_room;
	uint8_t *out;

	int64_t nr_strings;
	int64_t key_pid, key_tid, key_comm, key_thread, key_tag;
	uint32_t nr_locations;
	uint32_t nr_mappings;
	bool ok;		/* false: memory was short */

	const struct profbuf_event *events;
	const struct profbuf_stack *stacks;
	const struct profbuf_frame *frames;
	const struct profbuf_program *const *programs;
	const struct profbuf_symbol *const *symbols;
	const struct profbuf_labels *const *label_sets;
	const struct profbuf_thread_name *thread_names;
	size_t nr_events, nr_stacks, nr_frames, nr_programs, nr_symbols, nr_label_sets, nr_thread_names;

	struct text *texts;	/* by address: the library stores equal strings once */
	size_t nr_texts;
	Pprof__Label *labels;	/* of the sample that is being written */
	Pprof__Label **label_pointers;
	struct location *locations;	/* by the innermost frame of the location */
	uint32_t *functions;	/* ids, by frame */
	bool lines, inlines;
	struct kernel_span *spans;	/* by object */
	uint32_t *kernel_mappings;	/* by object; 0: none */
	struct mapped *maps;		/* by program and address */
	size_t nr_maps;
};

/* Bytes */

static void compress_part(struct writer *w, int flush)
{
	w->z.next_in = w->part;
	w->z.avail_in = w->part_bytes;
	do {
		w->z.next_out = w->out;
		w->z.avail_out = PART_BYTES;
		deflate(&w->z, flush);
		fwrite(w->out, 1, PART_BYTES - w->z.avail_out, w->f);
	} while (!w->z.avail_out);
	w->part_bytes = 0;
}

static void put_profile(struct writer *w, const Pprof__Profile *profile)
{
	size_t bytes = pprof__profile__get_packed_size(profile);

	if (w->part_bytes + bytes > w->part_room)
		compress_part(w, Z_NO_FLUSH);
	/* There are names so long that a new element does not fit. */
	if (bytes > w->part_room) {
		uint8_t *bigger = realloc(w->part, bytes);

		if (!bigger) {
			w->ok = false;
			return;
		}
		w->part = bigger;
		w->part_room = bytes;
	}
	w->part_bytes += pprof__profile__pack(profile, w->part + w->part_bytes);
}

/* Elements */

/* The format's strings are UTF-8: each invalid byte becomes U+FFFD. */
static char *clean(const char *text)
{
	char *copy = malloc(3 * strlen(text) + 1), *to = copy;

	while (copy && *text) {
		size_t n = utf8_bytes(text);

		memcpy(to, n ? text : "\xef\xbf\xbd", n ? n : 3);
		to += n ? n : 3;
		text += n ? n : 1;
	}
	if (copy)
		*to = 0;
	return copy;
}

/* Returns the position of the string. */
static int64_t put_string(struct writer *w, const char *text)
{
	Pprof__Profile p = PPROF__PROFILE__INIT;
	char *string = clean(text);

	if (!string) {
		w->ok = false;
		return 0;
	}
	p.n_string_table = 1;
	p.string_table = &string;
	put_profile(w, &p);
	free(string);
	return w->nr_strings++;
}

static uint32_t put_mapping(struct writer *w, const struct profbuf_object *object, uint64_t start, uint64_t end,
			    uint64_t offset)
{
	Pprof__Profile p = PPROF__PROFILE__INIT;
	Pprof__Mapping mapping = PPROF__MAPPING__INIT, *mappings[] = { &mapping };
	char build_id[2 * 64 + 1] = "";

	for (uint32_t i = 0; i < object->build_id_len && i < 64; i++)
		snprintf(build_id + 2 * i, 3, "%02x", object->build_id[i]);
	mapping.id = ++w->nr_mappings;
	mapping.memory_start = start;
	mapping.memory_limit = end;
	mapping.file_offset = offset;
	mapping.filename = put_string(w, object->path);
	mapping.build_id = *build_id ? put_string(w, build_id) : 0;
	mapping.has_functions = true;
	mapping.has_filenames = w->lines;
	mapping.has_line_numbers = w->lines;
	mapping.has_inline_frames = w->inlines;
	p.n_mapping = 1;
	p.mapping = mappings;
	put_profile(w, &p);
	return mapping.id;
}

/* @file: NULL: the file is not known. */
static void put_function(struct writer *w, uint64_t id, const char *name, const char *linkage_name, const char *file)
{
	Pprof__Profile p = PPROF__PROFILE__INIT;
	Pprof__Function function = PPROF__FUNCTION__INIT, *functions[] = { &function };

	function.id = id;
	function.name = put_string(w, name);
	function.system_name = strcmp(name, linkage_name) ? put_string(w, linkage_name) : function.name;
	function.filename = file ? put_string(w, file) : 0;
	p.n_function = 1;
	p.function = functions;
	put_profile(w, &p);
}

static uint32_t symbol_of_frame(const void *of, size_t i)
{
	return ((const struct writer *)of)->frames[i].symbol->id;
}

/*
 * The id of a function is the id of its symbol + 1; [lost] comes after them. A function has one file. If a macro or an
 * inlined function brings code of another file into it, that code belongs to another function with the same name, with
 * an id after [lost].
 */
static bool put_functions(struct writer *w)
{
	uint32_t *first = NULL, *order = bucket_sort(w, w->nr_frames, symbol_of_frame, w->nr_symbols, &first);
	struct {
		const char *file;
		uint32_t id;
	} *made = calloc(w->nr_frames + 1, sizeof(*made));
	uint32_t last = w->nr_symbols + 1;
	bool ok = order && made;

	for (size_t i = 0; ok && i < w->nr_symbols; i++) {
		const struct profbuf_symbol *s = w->symbols[i];
		size_t n = 0, m;

		for (size_t k = first[i]; k < first[i + 1]; k++) {
			const char *file = w->frames[order[k]].file;

			for (m = 0; m < n && made[m].file != file; m++)
				;
			if (m == n) {
				made[n].file = file;
				made[n].id = n ? ++last : i + 1;
				put_function(w, made[n++].id, s->name, s->linkage_name, file);
			}
			w->functions[order[k]] = made[m].id;
		}
		if (!n)
			put_function(w, i + 1, s->name, s->linkage_name, NULL);
	}
	free(made);
	free(order);
	free(first);
	return ok;
}

/* @lines: the innermost line first. */
static uint32_t put_location(struct writer *w, uint32_t mapping, uint64_t address, Pprof__Line **lines, size_t n)
{
	Pprof__Profile p = PPROF__PROFILE__INIT;
	Pprof__Location location = PPROF__LOCATION__INIT, *locations[] = { &location };

	location.id = ++w->nr_locations;
	location.mapping_id = mapping;
	location.address = address;
	location.n_line = n;
	location.line = lines;
	p.n_location = 1;
	p.location = locations;
	put_profile(w, &p);
	return location.id;
}

static void put_sample(struct writer *w, uint64_t *ids, size_t nr_ids, uint64_t count, Pprof__Label **labels,
		       size_t nr_labels)
{
	int64_t values[] = { count, count * profbuf_profile_info(w->profile)->period };
	Pprof__Profile p = PPROF__PROFILE__INIT;
	Pprof__Sample sample = PPROF__SAMPLE__INIT, *samples[] = { &sample };

	sample.n_location_id = nr_ids;
	sample.location_id = ids;
	sample.n_value = 2;
	sample.value = values;
	sample.n_label = nr_labels;
	sample.label = labels;
	p.n_sample = 1;
	p.sample = samples;
	put_profile(w, &p);
}

/* Mappings */

static int by_place(const void *a, const void *b)
{
	const struct profbuf_map *x = ((const struct mapped *)a)->map, *y = ((const struct mapped *)b)->map;

	if (x->program != y->program)
		return x->program < y->program ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static int by_all(const void *a, const void *b)
{
	const struct profbuf_map *x = ((const struct mapped *)a)->map, *y = ((const struct mapped *)b)->map;
	int order = by_place(a, b);

	if (order)
		return order;
	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->object->id < y->object->id ? -1 : x->object->id > y->object->id;
}

static bool sort_maps(struct writer *w)
{
	const struct profbuf_map *maps;
	size_t i, n = profbuf_profile_maps(w->profile, &maps);

	w->maps = calloc(n + 1, sizeof(*w->maps));
	if (!w->maps)
		return false;
	for (i = 0; i < n; i++)
		w->maps[i].map = &maps[i];
	if (n)
		qsort(w->maps, n, sizeof(*w->maps), by_all);
	for (i = 0; i < n; i++) {
		if (!i || by_all(&w->maps[w->nr_maps - 1], &w->maps[i]))
			w->maps[w->nr_maps++] = w->maps[i];
	}
	return true;
}

/* Finds the last mapping of a program that contains the address, and has the object that the frame was found in. */
static struct mapped *find_map(struct writer *w, uint32_t program, const struct profbuf_frame *frame)
{
	const struct profbuf_map place = { .program = program, .start = frame->address };
	const struct mapped key = { .map = &place };
	size_t at = sorted_after(w->maps, w->nr_maps, sizeof(key), by_place, &key);

	while (at-- > 0 && w->maps[at].map->program == program) {
		const struct profbuf_map *map = w->maps[at].map;

		if (frame->address < map->end && (map->anonymous || map->object == frame->symbol->object))
			return &w->maps[at];
	}
	return NULL;
}

static uint32_t get_mapping(struct writer *w, uint32_t program, const struct profbuf_frame *frame)
{
	const struct profbuf_object *object = frame->symbol->object;
	struct mapped *mapped;

	if (object->kernel)
		return w->kernel_mappings[object->id];
	mapped = find_map(w, program, frame);
	if (!mapped)
		return 0;
	if (!mapped->id)
		mapped->id = put_mapping(w, mapped->map->object, mapped->map->start, mapped->map->end,
					 mapped->map->offset);
	return mapped->id;
}

/* Samples */

static uint32_t program_of_stack(const void *of, size_t i)
{
	return ((const struct writer *)of)->stacks[i].program;
}

static uint32_t stack_of_event(const void *of, size_t i)
{
	return ((const struct writer *)of)->events[i].stack;
}

/* Writes the location of @n frames; each frame but the last is inlined into the next. */
static uint32_t put_frames(struct writer *w, uint32_t program, const uint32_t *frames, unsigned int n)
{
	const struct profbuf_frame *outermost = &w->frames[frames[n - 1]];
	Pprof__Line lines[INLINED_MAX], *pointers[INLINED_MAX];

	for (unsigned int i = 0; i < n; i++) {
		pprof__line__init(&lines[i]);
		lines[i].function_id = w->functions[frames[i]];
		lines[i].line = w->frames[frames[i]].line;
		pointers[i] = &lines[i];
	}
	return put_location(w, get_mapping(w, program, outermost), outermost->address, pointers, n);
}

/*
 * Stacks come ordered by program, so that each frame has one location at a time. Inlined frames are lines in the
 * location of the function that they are inlined into. Returns the number of locations.
 */
static size_t get_locations(struct writer *w, const struct profbuf_stack *stack, uint64_t *ids)
{
	size_t n = 0;

	for (unsigned int k = 0; k < stack_depth(stack); k++) {
		unsigned int first = k;
		struct location *location = &w->locations[stack->frames[first]];
		uint32_t program;

		while (w->frames[stack->frames[k]].inlined && k + 1 < stack_depth(stack) && k - first + 1 < INLINED_MAX)
			k++;
		/* The kernel is the same in all programs. */
		program = w->frames[stack->frames[k]].symbol->object->kernel ? UINT32_MAX : stack->program + 1;
		if (location->program != program) {
			location->id = put_frames(w, stack->program, &stack->frames[first], k - first + 1);
			location->program = program;
		}
		ids[n++] = location->id;
	}
	return n;
}

/* Samples of a stack are merged if all these fields but the weight are equal. */
struct thread {
	uint32_t tid;
	uint32_t name;		/* id of the name, or PROFBUF_NO_THREAD */
	uint32_t labels;	/* id of the label set */
	uint64_t tag;		/* if its meaning is not known, else 0 */
	uint64_t weight;
};

static int by_thread(const void *a, const void *b)
{
	const struct thread *x = a, *y = b;

	if (x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	if (x->labels != y->labels)
		return x->labels < y->labels ? -1 : 1;
	return x->tag < y->tag ? -1 : x->tag > y->tag;
}

static int by_text(const void *a, const void *b)
{
	const struct text *x = a, *y = b;

	return x->text < y->text ? -1 : x->text > y->text;
}

/* Collects all strings that labels can have, and makes room for the labels of one sample. */
static bool find_texts(struct writer *w)
{
	size_t i, n = w->nr_thread_names, most = 0;

	for (i = 0; i < w->nr_label_sets; i++) {
		n += 2 * w->label_sets[i]->n;
		if (w->label_sets[i]->n > most)
			most = w->label_sets[i]->n;
	}
	w->texts = calloc(n + 1, sizeof(*w->texts));
	w->labels = calloc(FIXED_LABELS + most, sizeof(*w->labels));
	w->label_pointers = calloc(FIXED_LABELS + most, sizeof(*w->label_pointers));
	if (!w->texts || !w->labels || !w->label_pointers)
		return false;
	for (i = 0; i < FIXED_LABELS + most; i++) {
		pprof__label__init(&w->labels[i]);
		w->label_pointers[i] = &w->labels[i];
	}
	for (n = i = 0; i < w->nr_thread_names; i++)
		w->texts[n++].text = w->thread_names[i].comm;
	for (i = 0; i < w->nr_label_sets; i++) {
		for (uint32_t k = 0; k < w->label_sets[i]->n; k++) {
			w->texts[n++].text = w->label_sets[i]->all[k].key;
			w->texts[n++].text = w->label_sets[i]->all[k].value;
		}
	}
	if (n)
		qsort(w->texts, n, sizeof(*w->texts), by_text);
	for (i = 0; i < n; i++) {
		if (!i || w->texts[i].text != w->texts[w->nr_texts - 1].text)
			w->texts[w->nr_texts++] = w->texts[i];
	}
	return true;
}

/* @text is one of the strings that find_texts() collected. */
static int64_t get_text(struct writer *w, const char *text)
{
	struct text key = { .text = text };
	struct text *found = bsearch(&key, w->texts, w->nr_texts, sizeof(key), by_text);

	if (!found->id)
		found->id = put_string(w, text);
	return found->id;
}

static void set_label(struct writer *w, size_t *n, int64_t key, int64_t str)
{
	w->labels[*n].key = key;
	w->labels[*n].str = str;
	w->labels[(*n)++].num = 0;
}

/* Adds the labels of a sample after comm, pid and tid. Returns the number of labels, including those three. */
static size_t set_labels(struct writer *w, const struct thread *thread)
{
	const struct profbuf_labels *set = w->label_sets[thread->labels];
	size_t n = 3;
	char tag[24];

	w->labels[2].num = thread->tid;
	if (thread->name != PROFBUF_NO_THREAD)
		set_label(w, &n, w->key_thread, get_text(w, w->thread_names[thread->name].comm));
	if (thread->tag) {
		snprintf(tag, sizeof(tag), "0x%" PRIx64, thread->tag);
		set_label(w, &n, w->key_tag, put_string(w, tag));
	}
	for (uint32_t i = 0; i < set->n; i++)
		set_label(w, &n, get_text(w, set->all[i].key), get_text(w, set->all[i].value));
	return n;
}

/* @threads: one element for each of the stack's @n samples, sorted. */
static void put_stack(struct writer *w, const struct profbuf_stack *stack, int64_t comm, const struct thread *threads,
		      size_t n)
{
	uint64_t ids[STACK_FRAMES];
	size_t i, nr_labels, nr_ids;
	uint64_t count = 0;

	if (!n)
		return;
	nr_ids = get_locations(w, stack, ids);
	w->labels[0].key = w->key_comm;
	w->labels[0].str = comm;
	w->labels[1].key = w->key_pid;
	w->labels[1].num = w->programs[stack->program]->pid;
	w->labels[2].key = w->key_tid;
	for (i = 0; i < n; i++) {
		count += threads[i].weight;
		if (i + 1 < n && !by_thread(&threads[i], &threads[i + 1]))
			continue;
		nr_labels = set_labels(w, &threads[i]);
		put_sample(w, ids, nr_ids, count, w->label_pointers, nr_labels);
		count = 0;
	}
}

static struct thread thread_of(const struct writer *w, const struct profbuf_event *e)
{
	return (struct thread){
		.tid = e->tid, .labels = e->labels, .weight = e->weight,
		.name = w->nr_thread_names ? profbuf_profile_thread(w->profile, e) : PROFBUF_NO_THREAD,
		.tag = w->label_sets[e->labels]->cause == PROFBUF_TAG_KNOWN ? 0 : e->tag,
	};
}

static bool put_samples(struct writer *w)
{
	struct thread *threads = calloc(w->nr_events + 1, sizeof(*threads));
	uint32_t *stacks, *events = NULL, *first_stack = NULL, *first_event = NULL;
	size_t i, k, n, program = SIZE_MAX;
	int64_t comm = 0;
	bool sorted;

	stacks = bucket_sort(w, w->nr_stacks, program_of_stack, w->nr_programs, &first_stack);
	if (stacks)
		events = bucket_sort(w, w->nr_events, stack_of_event, w->nr_stacks, &first_event);
	for (i = 0; events && threads && i < w->nr_stacks; i++) {
		const struct profbuf_stack *stack = &w->stacks[stacks[i]];

		if (stack->program != program)
			comm = put_string(w, w->programs[stack->program]->comm);
		program = stack->program;
		n = first_event[stacks[i] + 1] - first_event[stacks[i]];
		sorted = true;
		for (k = 0; k < n; k++) {
			const struct profbuf_event *e = &w->events[events[first_event[stacks[i]] + k]];

			threads[k] = thread_of(w, e);
			sorted = sorted && (!k || by_thread(&threads[k - 1], &threads[k]) <= 0);
		}
		if (!sorted)
			qsort(threads, n, sizeof(*threads), by_thread);
		put_stack(w, stack, comm, threads, n);
	}
	w->ok = w->ok && events && threads;
	free(threads);
	free(stacks);
	free(events);
	free(first_stack);
	free(first_event);
	return w->ok;
}

static void put_lost(struct writer *w)
{
	Pprof__Line line = PPROF__LINE__INIT, *lines[] = { &line };
	uint64_t lost = lost_weight(w->profile), id;

	if (!lost)
		return;
	line.function_id = w->nr_symbols + 1;
	put_function(w, line.function_id, "[lost]", "[lost]", NULL);
	id = put_location(w, 0, 0, lines, 1);
	put_sample(w, &id, 1, lost, NULL, 0);
}

/* The header */

static void put_accounting(struct writer *w, int64_t *comment)
{
	const struct profbuf_accounting *a = profbuf_profile_accounting(w->profile);
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);

	if (!f) {
		w->ok = false;
		return;
	}
	print_verdict(f, a);
	if (fclose(f))
		w->ok = false;
	else
		*comment = put_string(w, text);
	free(text);
}

static void put_header(struct writer *w)
{
	const struct profbuf_stream_info *info = profbuf_profile_info(w->profile);
	const char *source = profbuf_source_name(info->source);
	Pprof__Profile p = PPROF__PROFILE__INIT;
	Pprof__ValueType samples = PPROF__VALUE_TYPE__INIT, time = PPROF__VALUE_TYPE__INIT;
	Pprof__ValueType *types[] = { &samples, &time };
	char machine[160];
	int64_t comments[2] = { 0 };

	put_string(w, "");
	samples.type = put_string(w, "samples");
	samples.unit = put_string(w, "count");
	time.type = put_string(w, is_cycles(w->profile) ? "cycles" : "cpu");
	time.unit = is_cycles(w->profile) ? samples.unit : put_string(w, "nanoseconds");
	w->key_comm = put_string(w, "comm");
	w->key_pid = put_string(w, "pid");
	w->key_tid = put_string(w, "tid");
	w->key_thread = put_string(w, "thread");
	w->key_tag = put_string(w, "tag");
	put_accounting(w, &comments[0]);
	snprintf(machine, sizeof(machine), "Linux %s %s, %u CPUs, %s", info->release, info->machine, info->nr_cpus,
		 source ? source : "unknown source");
	comments[1] = put_string(w, machine);

	p.n_sample_type = 2;
	p.sample_type = types;
	p.period_type = &time;
	p.period = info->period;
	p.default_sample_type = time.type;
	p.time_nanos = info->time + info->realtime_offset;
	p.duration_nanos = profbuf_profile_duration(w->profile);
	p.n_comment = 2;
	p.comment = comments;
	put_profile(w, &p);
}

static bool put_kernel(struct writer *w)
{
	size_t i, n;

	w->spans = kernel_spans(w->profile, &n);
	w->kernel_mappings = calloc(n + 1, sizeof(*w->kernel_mappings));
	if (!w->spans || !w->kernel_mappings)
		return false;
	for (i = 0; i < n; i++) {
		if (w->spans[i].object)
			w->kernel_mappings[i] = put_mapping(w, w->spans[i].object, w->spans[i].start, w->spans[i].end,
							    0);
	}
	return true;
}

static bool put_all(struct writer *w)
{
	put_header(w);
	if (!put_kernel(w) || !put_functions(w) || !put_samples(w))
		return false;
	put_lost(w);
	compress_part(w, Z_FINISH);
	return w->ok;
}

bool export_pprof(FILE *f, struct profbuf_profile *profile, const struct export_options *options)
{
	struct writer w = {
		.f = f, .profile = profile, .lines = options->lines, .inlines = options->inlines, .ok = true,
	};

	w.nr_events = profbuf_profile_events(profile, &w.events);
	w.nr_stacks = profbuf_profile_stacks(profile, &w.stacks);
	w.nr_frames = profbuf_profile_frames(profile, &w.frames);
	w.nr_programs = profbuf_profile_programs(profile, &w.programs);
	w.nr_symbols = profbuf_profile_symbols(profile, &w.symbols);
	w.nr_label_sets = profbuf_profile_labels(profile, &w.label_sets);
	w.nr_thread_names = profbuf_profile_threads(profile, &w.thread_names);
	w.part = malloc(PART_BYTES);
	w.part_room = PART_BYTES;
	w.out = malloc(PART_BYTES);
	w.locations = calloc(w.nr_frames + 1, sizeof(*w.locations));
	w.functions = calloc(w.nr_frames + 1, sizeof(*w.functions));
	w.ok = w.part && w.out && w.locations && w.functions && sort_maps(&w) && find_texts(&w);
	/* 15 is the largest window; + 16 makes it a gzip stream. */
	if (w.ok && deflateInit2(&w.z, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK) {
		w.ok = put_all(&w);
		deflateEnd(&w.z);
	} else {
		w.ok = false;
	}
	free(w.part);
	free(w.out);
	free(w.locations);
	free(w.functions);
	free(w.maps);
	free(w.spans);
	free(w.kernel_mappings);
	free(w.texts);
	free(w.labels);
	free(w.label_pointers);
	return w.ok;
}
