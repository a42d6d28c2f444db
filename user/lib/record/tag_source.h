/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tag_source.h - where the threads of a process have the pointers to their tags
 *
 * A program's own variable is at a distance from the thread pointer that its ELF file says. For a library's, the
 * dynamic linker has chosen it, and has told the code that uses the variable: a relocation of that code says in which
 * words of the process's memory. They hold the distance, if it is the same in all threads, or the number of the
 * library's thread-local segment, which each thread's dynamic thread vector turns into an address.
 */
#ifndef PROFBUF_TAG_SOURCE_H
#define PROFBUF_TAG_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "profbuf.h"
#include "tag_elf.h"

/* What was read from files, so that each is read once. */
struct tag_files;

struct tag_file_id {
	uint32_t major, minor;	/* device */
	uint64_t inode;
	uint64_t build_id;	/* a hash of it; 0: not known */
};

/* What a look has read, in memory of a fixed size, as it looks in another process; what has no room is read again. */
#define TAG_NEWS_FILES	1024
#define TAG_NEWS_ELFS	32

struct tag_news {
	uint64_t read;		/* files, in all */
	unsigned int nr_files, nr_elfs;
	struct tag_file_news {
		struct tag_file_id id;
		bool x86_64, musl;
		unsigned int elf;	/* its place in elfs, + 1; 0: it names none of the variables */
	} files[TAG_NEWS_FILES];
	struct tag_elf elfs[TAG_NEWS_ELFS];
};

/* Return: 0; -ENOMEM. */
int tag_files_new(struct tag_files **files);
void tag_files_free(struct tag_files *files);

/* From now on what is read is put into @news, too. */
void tag_files_tell(struct tag_files *files, struct tag_news *news);

/* Takes over what somebody else has read. Return: 0; -ENOMEM. */
int tag_files_merge(struct tag_files *files, const struct tag_news *news);

/* Whether it is known that a file does not name such a variable. */
bool tag_files_have_none(struct tag_files *files, const struct tag_file_id *id);

/* The files that were read, since the beginning. */
uint64_t tag_files_read(const struct tag_files *files);

/**
 * tag_source_find() - looks for the variables of a process
 * @files: what is known of files
 * @pid: in the namespace of /proc
 * @sources: as many are set as are found: all but size and start_time
 *
 * Return: how many were found; -ENOENT: none; -EAGAIN: none, but there is one that the dynamic linker has not placed so
 * far; -ENOTSUP: not a 64-bit x86 process; -ESRCH: there is no such process, or it is the kernel's; -EACCES or -EPERM:
 * no right; -ENOMEM; other errors of open(). A file that cannot be read, or used, is as if it had none of them. It does
 * not return before the process's files and memory have been read, which may be never: see job.h.
 */
int tag_source_find(struct tag_files *files, pid_t pid, struct profbuf_tag_source sources[PROFBUF_NR_TAG_KINDS]);

#endif /* PROFBUF_TAG_SOURCE_H */
