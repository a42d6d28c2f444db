/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbols_debug.h - find the files with an ELF file's debug information
 *
 * The ELF file names them: its debug file, and the alternate file, which has what the debug file shares with others.
 * The look-up of elfutils opens any file with such a name, waits for a FIFO, and starts devices. So only its look-up by
 * build id is used, below /usr/lib/debug and at debuginfod servers. Names are looked up here, by file_open_here(), and
 * in the roots of other processes by foreign_open().
 */
#ifndef PROFBUF_SYMBOLS_DEBUG_H
#define PROFBUF_SYMBOLS_DEBUG_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/file_fault.h"
#include "debug_limits.h"

struct debug_files {
	/* The ELF file that they belong to: */
	dev_t device;
	ino_t inode;
	Elf *elf;

	bool has_alternate;	/* elfutils has found it */
	Dwarf *alternate;	/* the one that was found here by its name; NULL: none */
	int alternate_fd;
	bool looked;		/* the alternate file was looked for */
	bool complete;

	struct debug_limits *limits;	/* NULL: do not ask servers, and sum no file */
	struct file_state found[4];	/* with their own descriptors */
	unsigned int nr_found;
};

/* Call it before the module is used. @fd: of the file with which the module was reported. */
void debug_files_init(struct debug_files *files, Dwfl_Module *module, int fd, struct debug_limits *limits);

/* Whether none of the files that were found has changed. */
bool debug_files_unchanged(const struct debug_files *files);

/* Call it after dwfl_end(). */
void debug_files_exit(struct debug_files *files);

/* Dwfl_Callbacks.find_debuginfo */
int debug_files_find(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *file,
		     const char *link, GElf_Word crc, char **path);

/*
 * Call it before the module's DWARF is used. False: there is no DWARF, or it needs an alternate file that was not
 * found, and libdw would look for that file itself.
 */
bool debug_files_complete(struct debug_files *files, Dwfl_Module *module);

#endif /* PROFBUF_SYMBOLS_DEBUG_H */
