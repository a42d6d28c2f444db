/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * jit_map.h - the map that a process writes of the code it makes at run time, /tmp/perf-PID.map
 *
 * Files of that name outlive their processes, and pids are used again: one counts only if the process's user owns it,
 * or root does and everybody may read it, and if it was written to since the process began. It is a file of one name,
 * and no link. /tmp is the one in the process's root; where that is a link itself, it stays in that root.
 */
#ifndef PROFBUF_JIT_MAP_H
#define PROFBUF_JIT_MAP_H

#include "base/table.h"
#include "profbuf_uapi.h"

struct jit_entry {
	uint64_t start;
	uint64_t end;
	size_t order;		/* in the file: what was written later replaces what it overlaps, and no more */
	const char *name;
};

struct jit_map {
	struct jit_entry *all;	/* by start and without overlaps, once jit_map_sort() was called */
	size_t n, room;
};

/* Whose map it is; as in struct profbuf_process. */
struct jit_process {
	uint32_t pid;
	uint32_t ns_pid;
	uint32_t uid;
	uint64_t start_time;
};

/*
 * Is what is mapped code that the program made? It is in memory without a file, or in a file that is memory only: .NET
 * has a memfd, "doublemapper", and the kernel's names for shared and for huge anonymous memory are /dev/zero and
 * /anon_hugepage. A program may be in a memfd, too: an ELF file, with a build id.
 */
bool jit_mapping(const struct profbuf_mapping *mapping);

/* The process of that pid is that one, and still runs. */
bool jit_process_lives(const struct jit_process *process);

/* Its map, as the process sees it: in its own root, which only a process that lives has. -1: there is none. */
int jit_map_open(const struct jit_process *process);

/* The same of a process that has the root of this one: nothing below /proc/PID/root is opened. */
int jit_map_open_own(const struct jit_process *process);

/*
 * In two steps: it is found while the process lives, and opened later, when it may be gone with it. The first is an
 * O_PATH descriptor, which no file system is asked to close. -1: there is none.
 */
int jit_map_find_file(const struct jit_process *process);
int jit_map_reopen(const struct jit_process *process, int handle);

/* The map in /tmp here, of a process that has ended. -1: there is none. */
int jit_map_open_here(const struct jit_process *process);

/* One more entry; @name stays the caller's. False: no memory. */
bool jit_map_add(struct jit_map *map, uint64_t start, uint64_t end, const char *name);

/*
 * All entries of a file, from its beginning; @fd is closed. Names are in @strings. What is too large is left out: lines
 * of more than 64 KiB, what comes after the first 256 MiB or 4 Mi entries. False: no memory.
 */
bool jit_map_read(struct jit_map *map, struct strings *strings, int fd);

/* After the last entry, before the first jit_map_find(). False: no memory; then there are no entries. */
bool jit_map_sort(struct jit_map *map);

/* NULL: the address is in none. */
const struct jit_entry *jit_map_find(const struct jit_map *map, uint64_t address);

void jit_map_exit(struct jit_map *map);

#endif /* PROFBUF_JIT_MAP_H */
