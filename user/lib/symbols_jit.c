// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbols_jit.c - code that programs make at run time, by the maps they write: /tmp/perf-PID.map
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "symbols.h"

struct jit_entry {
	uint64_t start;
	uint64_t end;
	size_t order;		/* in the file: what was written later replaces what it overlaps */
	const char *name;
};

struct jit_map {
	struct jit_map *next;
	uint32_t program;	/* id */
	struct jit_entry *all;	/* by start */
	size_t n;
	size_t room;
};

static int by_start(const void *a, const void *b)
{
	const struct jit_entry *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* "START SIZE name", both hexadecimal. */
static bool parse_line(struct symbols *s, struct jit_map *map, char *line)
{
	uint64_t start, size;
	int at = 0;
	char *end;

	end = strchr(line, '\n');
	if (end)
		*end = 0;
	if (sscanf(line, "%" SCNx64 " %" SCNx64 " %n", &start, &size, &at) < 2 || !at || !line[at] || !size ||
	    start + size < start)
		return true;
	if (!ARRAY_GROW(map->all, map->n, map->room))
		return false;
	map->all[map->n] = (struct jit_entry){
		.start = start,
		.end = start + size,
		.order = map->n,
		.name = strings_intern(&s->strings, line + at),
	};
	return map->all[map->n++].name;
}

static FILE *open_map(const struct symbols *s, const struct profbuf_program *program)
{
	uint32_t pid = program->ns_pid ? program->ns_pid : program->pid;
	struct stat st;
	char path[96];
	FILE *f = NULL;

	if (s->no_user || s->root)
		return NULL;
	snprintf(path, sizeof(path), "/proc/%u/root/tmp/perf-%u.map", program->pid, pid);
	f = fopen(path, "re");
	if (!f) {
		snprintf(path, sizeof(path), "/tmp/perf-%u.map", pid);
		f = fopen(path, "re");
	}
	/* Anyone can write to /tmp: only what the process's user, or root, wrote. */
	if (f && (fstat(fileno(f), &st) || !S_ISREG(st.st_mode) || (st.st_uid && st.st_uid != program->uid))) {
		fclose(f);
		f = NULL;
	}
	return f;
}

static void load(struct symbols *s, struct jit_map *map, const struct profbuf_program *program)
{
	FILE *f = open_map(s, program);
	char *line = NULL;
	size_t room = 0;

	if (!f)
		return;
	while (getline(&line, &room, f) > 0 && parse_line(s, map, line))
		;
	free(line);
	fclose(f);
	if (map->n)
		qsort(map->all, map->n, sizeof(*map->all), by_start);
}

static struct jit_map *get_map(struct symbols *s, const struct profbuf_program *program)
{
	struct jit_map *map;

	for (map = s->jit_maps; map; map = map->next) {
		if (map->program == program->id)
			return map;
	}
	map = calloc(1, sizeof(*map));
	if (!map)
		return NULL;
	map->program = program->id;
	map->next = s->jit_maps;
	s->jit_maps = map;
	load(s, map, program);
	return map;
}

const struct profbuf_symbol *symbols_find_jit(struct symbols *s, const struct profbuf_program *program,
					      uint64_t address)
{
	struct object *object = symbols_object_named(s, "[jit]", false);
	struct jit_map *map = get_map(s, program);
	size_t low = 0, high;

	if (!object || !map)
		return NULL;
	high = map->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->all[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || map->all[low - 1].end <= address)
		return symbols_named(s, object, "[jit]", 0, true);
	return symbols_named(s, object, map->all[low - 1].name, 0, false);
}

void symbols_exit_jit(struct symbols *s)
{
	struct jit_map *map, *next;

	for (map = s->jit_maps; map; map = next) {
		next = map->next;
		free(map->all);
		free(map);
	}
	s->jit_maps = NULL;
}
