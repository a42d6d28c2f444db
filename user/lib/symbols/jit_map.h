/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * jit_map.h - the map that a process writes of the code that it generates at run time, /tmp/perf-PID.map
 *
 * Files of that name outlive their processes, and pids are used again. So a map counts only if the process's user owns
 * it, or if root owns it and everybody may read it; and only if it was written to since the process began. It must have
 * one hard link, and be no symbolic link. It lies in the /tmp of the process's root; if that /tmp is a link itself, the
 * link is followed inside that root.
 */
#ifndef PROFBUF_JIT_MAP_H
#define PROFBUF_JIT_MAP_H

#include "base/table.h"
#include "profbuf_uapi.h"

struct jit_entry {
	uint64_t start;		/* first, for by_word() */
	uint64_t end;
	size_t order;		/* position in the file: a later entry replaces only the part that it overlaps */
	const char *name;
};

struct jit_map {
	struct jit_entry *all;	/* after jit_map_sort(): sorted by start, without overlaps */
	size_t n, room;
};

/* The process that the map belongs to; fields as in struct profbuf_process. */
struct jit_process {
	uint32_t pid;
	uint32_t ns_pid;
	uint32_t uid;
	uint64_t start_time;
};

/*
 * Whether a mapping is code that the program generated. Such code lies in memory without a file, or in a file that is
 * only memory: .NET uses a memfd, "doublemapper", and the kernel calls shared and huge anonymous memory /dev/zero and
 * /anon_hugepage. An ELF file, with a build id, in a memfd is not generated code: a program may be in a memfd, too.
 */
bool jit_mapping(const struct profbuf_mapping *mapping);

/* Whether that process still runs, and still has its pid. */
bool jit_process_lives(const struct jit_process *process);

/* Opens the map of a running process in the process's own root. -1: there is none. */
int jit_map_open(const struct jit_process *process);

/* The same for a process that has the same root as this process: nothing below /proc/PID/root is opened. */
int jit_map_open_own(const struct jit_process *process);

/*
 * Open a map in two steps: the first finds it while the process lives, the second opens it later, when the name may be
 * gone. The first returns an O_PATH descriptor; closing it asks no file system. -1: there is none.
 */
int jit_map_find_file(const struct jit_process *process);
int jit_map_reopen(const struct jit_process *process, int handle);

/* Opens the map of a process that has ended, in the /tmp of this process. -1: there is none. */
int jit_map_open_here(const struct jit_process *process);

/* Adds an entry; the caller owns @name and keeps it. False: no memory. */
bool jit_map_add(struct jit_map *map, uint64_t start, uint64_t end, const char *name);

/*
 * Reads all entries of a file, from its beginning, and closes @fd. Names are stored in @strings. Ignores lines of more
 * than 64 KiB, and everything after the first 256 MiB or 4 Mi entries. False: no memory.
 */
bool jit_map_read(struct jit_map *map, struct strings *strings, int fd);

/* Call it after the last entry and before the first jit_map_find(). False: no memory; then the map has no entries. */
bool jit_map_sort(struct jit_map *map);

/* Returns the entry that contains the address; NULL: there is none. */
const struct jit_entry *jit_map_find(const struct jit_map *map, uint64_t address);

void jit_map_exit(struct jit_map *map);

#endif /* PROFBUF_JIT_MAP_H */
