/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbols_debug.h - the files that an ELF file's debug information is in
 *
 * The ELF file names them: its debug file, and the alternate file, which has what that debug file shares with others.
 * elfutils' own look-up opens whatever has such a name, waits for a FIFO, and starts devices. Of that look-up only what
 * goes by build id is used, below /usr/lib/debug and at debuginfod servers; names are looked for here, by
 * file_open_here(), and in the roots of other processes by foreign_open().
 */
#ifndef PROFBUF_SYMBOLS_DEBUG_H
#define PROFBUF_SYMBOLS_DEBUG_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/file_fault.h"
#include "debug_limits.h"

struct debug_files {
	/* Of the file that they belong to: */
	dev_t device;
	ino_t inode;
	Elf *elf;

	bool has_alternate;	/* elfutils has it */
	Dwarf *alternate;	/* or it was found by its name; NULL: it was not */
	int alternate_fd;
	bool looked;		/* for the alternate file */
	bool complete;

	struct debug_limits *limits;	/* NULL: servers are not asked, and nothing is summed */
	struct file_state found[4];	/* with descriptors of their own */
	unsigned int nr_found;
};

/* Before anything is asked of the module. @fd: of the file that it was reported with. */
void debug_files_init(struct debug_files *files, Dwfl_Module *module, int fd, struct debug_limits *limits);

/* Those that were found are as they were. */
bool debug_files_unchanged(const struct debug_files *files);

/* After dwfl_end(). */
void debug_files_exit(struct debug_files *files);

/* Dwfl_Callbacks.find_debuginfo */
int debug_files_find(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *file,
		     const char *link, GElf_Word crc, char **path);

/*
 * To be asked before the module's DWARF is used. False: there is none, or it needs an alternate file that is not there,
 * and libdw would look for that itself.
 */
bool debug_files_complete(struct debug_files *files, Dwfl_Module *module);

#endif /* PROFBUF_SYMBOLS_DEBUG_H */
