// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbols_jit.c - names for code that programs generated at run time: from records that the recorder stored, or from
 * the map of a process that still runs
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/sorted.h"
#include "jit_map.h"
#include "symbols.h"

struct jit_program {
	uint32_t program;	/* id */
	struct jit_map map;
	unsigned int timeouts;	/* of demangle() */
};

bool symbols_add_jit(struct symbols *s, const struct profbuf_jit_symbol_record *record)
{
	if (!record || !ARRAY_GROW(s->jit_records, s->nr_jit_records, s->room_jit_records))
		return false;
	s->jit_records[s->nr_jit_records] = (struct jit_record){ record, s->nr_jit_records + 1 };
	s->nr_jit_records++;
	s->jit_records_sorted = false;
	return true;
}

/* Whether the stream was made on this system, and since its last boot. */
static bool is_this_boot(struct symbols *s)
{
	const struct profbuf_stream_info *info = s->info;
	struct profbuf_kallsyms *kallsyms;
	struct utsname name;
	struct timespec t;
	bool same;

	clock_gettime(CLOCK_MONOTONIC, &t);
	if (!info || uname(&name) || strcmp(name.release, info->release) || strcmp(name.machine, info->machine) ||
	    t.tv_sec * 1000000000ULL + t.tv_nsec < info->time)
		return false;
	/*
	 * Without the right to kernel addresses the opener saw only own processes: a check of their start times is
	 * enough.
	 */
	if (!info->kernel_anchor)
		return true;
	if (s->this_kernel)
		return true;
	if (profbuf_kallsyms_load(&kallsyms, "/proc/kallsyms"))
		return false;
	same = profbuf_kallsyms_address(kallsyms, "schedule") == info->kernel_anchor;
	profbuf_kallsyms_free(kallsyms);
	return same;
}

static int compare_process(const struct profbuf_jit_symbol_record *r, uint32_t pid, uint64_t start_time)
{
	if (r->pid != pid)
		return r->pid < pid ? -1 : 1;
	return r->start_time < start_time ? -1 : r->start_time > start_time;
}

static int by_process(const void *a, const void *b)
{
	const struct jit_record *x = a, *y = b;
	int order = compare_process(x->record, y->record->pid, y->record->start_time);

	return order ? order : x->order < y->order ? -1 : x->order > y->order;
}

/* Returns the first record of the process, or of the next process. */
static size_t first_record(struct symbols *s, const struct profbuf_program *program)
{
	const struct profbuf_jit_symbol_record process = { .pid = program->pid, .start_time = program->start_time };
	const struct jit_record before = { &process, 0 };

	if (!s->jit_records_sorted && s->nr_jit_records)
		qsort(s->jit_records, s->nr_jit_records, sizeof(*s->jit_records), by_process);
	s->jit_records_sorted = true;
	return sorted_after(s->jit_records, s->nr_jit_records, sizeof(before), by_process, &before);
}

/* Loads the stream's records of the process. Return: 1; 0: there are none; -1: no memory. */
static int load_records(struct symbols *s, struct jit_map *map, const struct profbuf_program *program)
{
	int found = 0;

	for (size_t i = first_record(s, program); i < s->nr_jit_records; i++) {
		const struct profbuf_jit_symbol_record *r = s->jit_records[i].record;
		const char *name;

		if (compare_process(r, program->pid, program->start_time))
			break;
		name = strings_intern(&s->strings, r->name);
		if (!name || !jit_map_add(map, r->start, r->end, name))
			return -1;
		found = 1;
	}
	return found;
}

/* Runs in the job of foreign_open(). */
static int open_foreign(const void *process)
{
	int fd = jit_map_open(process);

	return fd < 0 ? -ENOENT : fd;
}

static int open_map(struct symbols *s, const struct jit_process *process)
{
	int foreign = foreign_root(process->pid);

	if (foreign <= 0)
		return foreign ? -1 : jit_map_open_own(process);
	return foreign_open(&s->debug_limits.foreign, process->pid, open_foreign, process, false);
}

/* Loads the map of a program. Without memory some names are missing. */
static void load(struct symbols *s, struct jit_map *map, const struct profbuf_program *program)
{
	const struct jit_process process = { program->pid, program->ns_pid, program->uid, program->start_time };
	int fd;

	if (!load_records(s, map, program) && !s->no_user && !s->root) {
		if (!s->boot_known)
			s->this_boot = is_this_boot(s);
		s->boot_known = true;
		fd = s->this_boot ? open_map(s, &process) : -1;
		if (fd >= 0)
			jit_map_read(map, &s->strings, fd);
	}
	jit_map_sort(map);
}

static struct jit_program *get_program(struct symbols *s, const struct profbuf_program *program)
{
	uint64_t hash = hash_mix(program->id, 0), at = hash;
	struct jit_program *p;
	uint32_t id;

	while ((id = index_next(&s->jit_program_index, hash, &at)) != INDEX_NONE) {
		if (s->jit_programs[id]->program == program->id)
			return s->jit_programs[id];
	}
	p = arena_alloc(&s->arena, sizeof(*p));
	if (!p || !ARRAY_GROW(s->jit_programs, s->nr_jit_programs, s->room_jit_programs) ||
	    !index_add(&s->jit_program_index, hash, s->nr_jit_programs))
		return NULL;
	*p = (struct jit_program){ .program = program->id };
	s->jit_programs[s->nr_jit_programs++] = p;
	load(s, &p->map, program);
	return p;
}

const struct profbuf_symbol *symbols_find_jit(struct symbols *s, const struct profbuf_program *program,
					      uint64_t address)
{
	struct object *object = symbols_object_named(s, "[jit]", false);
	struct jit_program *p = get_program(s, program);
	const struct jit_entry *entry;

	if (!object || !p)
		return NULL;
	entry = jit_map_find(&p->map, address);
	return symbols_named_by(s, object, entry ? entry->name : "[jit]", !entry, &p->timeouts);
}

void symbols_exit_jit(struct symbols *s)
{
	for (size_t i = 0; i < s->nr_jit_programs; i++)
		jit_map_exit(&s->jit_programs[i]->map);
	free(s->jit_programs);
	index_exit(&s->jit_program_index);
}
