// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbols_jit.c - what code is that programs made at run time: by the names the recorder stored, or by the map of a
 * process that still runs
 */
#include <fcntl.h>
#include <sys/utsname.h>
#include <time.h>

#include "jit_map.h"
#include "symbols.h"

struct jit_program {
	struct jit_program *next;
	uint32_t program;	/* id */
	struct jit_map map;
};

bool symbols_add_jit(struct symbols *s, const struct profbuf_jit_symbol_record *record)
{
	if (!record || !ARRAY_GROW(s->jit_records, s->nr_jit_records, s->room_jit_records))
		return false;
	s->jit_records[s->nr_jit_records++] = record;
	return true;
}

/* This system is the one that made the stream, and was not started again since. */
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
	/* Who had no right to the kernel's addresses had only own processes: start times say enough. */
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

/* What the stream says of the process. Return: 1; 0: nothing; -1: no memory. */
static int load_records(struct symbols *s, struct jit_map *map, const struct profbuf_program *program)
{
	int found = 0;

	for (size_t i = 0; i < s->nr_jit_records; i++) {
		const struct profbuf_jit_symbol_record *r = s->jit_records[i];
		const char *name;

		if (r->pid != program->pid || r->start_time != program->start_time)
			continue;
		name = strings_intern(&s->strings, r->name);
		if (!name || !jit_map_add(map, r->start, r->end, name))
			return -1;
		found = 1;
	}
	return found;
}

/* Without memory names are missing. */
static void load(struct symbols *s, struct jit_map *map, const struct profbuf_program *program)
{
	const struct jit_process process = { program->pid, program->ns_pid, program->uid, program->start_time };
	int fd;

	if (!load_records(s, map, program) && !s->no_user && !s->root) {
		if (!s->boot_known)
			s->this_boot = is_this_boot(s);
		s->boot_known = true;
		fd = s->this_boot ? jit_map_open(&process) : -1;
		if (fd >= 0)
			jit_map_read(map, &s->strings, fd);
	}
	jit_map_sort(map);
}

static struct jit_map *get_map(struct symbols *s, const struct profbuf_program *program)
{
	struct jit_program *p;

	for (p = s->jit_programs; p; p = p->next) {
		if (p->program == program->id)
			return &p->map;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->program = program->id;
	p->next = s->jit_programs;
	s->jit_programs = p;
	load(s, &p->map, program);
	return &p->map;
}

const struct profbuf_symbol *symbols_find_jit(struct symbols *s, const struct profbuf_program *program,
					      uint64_t address)
{
	struct object *object = symbols_object_named(s, "[jit]", false);
	struct jit_map *map = get_map(s, program);
	const struct jit_entry *entry;

	if (!object || !map)
		return NULL;
	entry = jit_map_find(map, address);
	return symbols_named(s, object, entry ? entry->name : "[jit]", 0, !entry);
}

void symbols_exit_jit(struct symbols *s)
{
	struct jit_program *p, *next;

	for (p = s->jit_programs; p; p = next) {
		next = p->next;
		jit_map_exit(&p->map);
		free(p);
	}
	s->jit_programs = NULL;
}
