/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * names.h - what an address is: object, symbol and frame; and whose address it is: program
 */
#ifndef PROFBUF_NAMES_H
#define PROFBUF_NAMES_H

#include <stdbool.h>
#include <stdint.h>

/* A file, or what stands for one, that code lies in. */
struct profbuf_object {
	uint32_t id;		/* from 0, without gaps */
	const char *name;	/* the path's last part, [kernel], [module's name], [vdso], [jit] or [unknown] */
	const char *path;	/* as mapped; name if there is none */
	const uint8_t *build_id;
	uint32_t build_id_len;
	bool kernel;
	bool missing;		/* no file with its symbols was found */
	bool changed;		/* the file at its path is another by now, or changed while it was read */
};

/* A function, or what stands for one. */
struct profbuf_symbol {
	uint32_t id;		/* from 0, without gaps */
	const char *name;	/* demangled; object+0xstart or [object] or [unknown] if not known */
	const char *linkage_name;
	const struct profbuf_object *object;
	uint64_t start;		/* in the object; of the kernel: run-time */
	bool unknown;
};

/* One place in code that samples were in or returned to. */
struct profbuf_frame {
	uint64_t address;	/* in the process; of a caller: of the call's last byte */
	uint64_t offset;	/* in the object */
	const struct profbuf_symbol *symbol;
	const char *file;	/* of the source; NULL: not known, or not asked for */
	uint32_t line;		/* 0: likewise */
	bool inlined;		/* into the next frame, whose address is the same */
};

/* A process under one name: exec, or a new name, begins another. */
struct profbuf_program {
	uint32_t id;		/* from 0, without gaps */
	uint32_t pid;
	uint32_t ns_pid;
	uint32_t ppid;
	uint32_t uid;
	uint64_t start_time;	/* CLOCK_BOOTTIME */
	uint64_t cgroup;
	const char *cgroup_path;	/* NULL: not in the stream */
	const char *comm;	/* :PID if the stream does not say; swapper of idle CPUs */
	bool described;
	bool kernel;		/* a kernel thread, or idle */
};

#endif /* PROFBUF_NAMES_H */
