/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * names.h - what an address is (object, symbol, frame), and whose it is (program)
 */
#ifndef PROFBUF_NAMES_H
#define PROFBUF_NAMES_H

#include <stdbool.h>
#include <stdint.h>

/* A file, or what stands for one, that code lies in. */
struct profbuf_object {
	uint32_t id;		/* from 0, without gaps */
	const char *name;	/* the path's last part, [kernel], [module's name], [vdso], [jit] or [unknown] */
	const char *path;	/* as mapped; the name if there is no path */
	const uint8_t *build_id;
	uint32_t build_id_len;
	bool kernel;
	bool missing;		/* no file with its symbols was found */
	bool changed;		/* its path has another file by now, or the file changed while it was read */
};

/* A function, or what stands for one. */
struct profbuf_symbol {
	uint32_t id;		/* from 0, without gaps */
	const char *name;	/* demangled; if not known: object+0xstart, [object] or [unknown] */
	const char *linkage_name;
	const struct profbuf_object *object;
	uint64_t start;		/* address in the object; for the kernel: at run time */
	bool unknown;
};

/* A place in code where samples were, or to which they would return. */
struct profbuf_frame {
	uint64_t address;	/* in the process; for a caller: the last byte of the call */
	uint64_t offset;	/* in the object */
	const struct profbuf_symbol *symbol;
	const char *file;	/* source file; NULL: not known, or not asked for */
	uint32_t line;		/* 0: not known, or not asked for */
	bool inlined;		/* inlined into the next frame, which has the same address */
};

/* A process under one name: an exec, or a new name, begins another program. */
struct profbuf_program {
	uint32_t id;		/* from 0, without gaps */
	uint32_t pid;
	uint32_t ns_pid;
	uint32_t ppid;
	uint32_t uid;
	uint64_t start_time;	/* CLOCK_BOOTTIME */
	uint64_t cgroup;
	const char *cgroup_path;	/* NULL: not in the stream */
	const char *comm;	/* :PID if not in the stream; swapper for idle CPUs */
	bool described;
	bool kernel;		/* a kernel thread, or idle */
};

#endif /* PROFBUF_NAMES_H */
