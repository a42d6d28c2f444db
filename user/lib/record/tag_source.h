/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tag_source.h - where the threads of a process have the pointers to their tags
 *
 * For a variable of the program itself, the ELF file gives its distance from the thread pointer. For a variable of a
 * library, the dynamic linker chooses the place and tells it to the code that uses the variable: a relocation of that
 * code says in which words of the process's memory. These words hold the distance, if it is the same in all threads, or
 * the number of the library's thread-local segment. Each thread's dynamic thread vector gives its address.
 */
#ifndef PROFBUF_TAG_SOURCE_H
#define PROFBUF_TAG_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "profbuf.h"
#include "tag_elf.h"

/* What was read from files, so that each file is read once. */
struct tag_files;

struct tag_file_id {
	uint32_t major, minor;	/* device */
	uint64_t inode;
	uint64_t build_id;	/* a hash of the build id; 0: not known */
};

/* What a look has read, in memory of a fixed size, as a child process does the look. What has no room is read again. */
#define TAG_NEWS_FILES	1024
#define TAG_NEWS_ELFS	32

struct tag_news {
	uint64_t read;		/* number of all files read */
	unsigned int nr_files, nr_elfs;
	struct tag_file_news {
		struct tag_file_id id;
		bool x86_64, musl;
		unsigned int elf;	/* its place in elfs, plus 1; 0: it names none of the variables */
	} files[TAG_NEWS_FILES];
	struct tag_elf elfs[TAG_NEWS_ELFS];
};

/* Return: 0; -ENOMEM. */
int tag_files_new(struct tag_files **files);
void tag_files_free(struct tag_files *files);

/* From now on, what is read is also put into @news. */
void tag_files_tell(struct tag_files *files, struct tag_news *news);

/* Takes over what another process has read. Return: 0; -ENOMEM. */
int tag_files_merge(struct tag_files *files, const struct tag_news *news);

/* Whether the file is known to name none of the variables. */
bool tag_files_have_none(struct tag_files *files, const struct tag_file_id *id);

/* Returns how many files were read since the beginning. */
uint64_t tag_files_read(const struct tag_files *files);

/**
 * tag_source_find() - find the variables of a process
 * @files: what is known about files
 * @pid: in the pid namespace of /proc
 * @sources: one is set for each variable that is found, all fields but size and start_time
 *
 * Return: how many were found; -ENOENT: none; -EAGAIN: none, but the dynamic linker has not yet placed a variable;
 * -ENOTSUP: not a 64-bit x86 process; -ESRCH: there is no such process, or it is a kernel thread; -EACCES or -EPERM: no
 * right to look at it; -ENOMEM; other errors of open(). A file that cannot be read or used counts as a file without
 * variables. This function returns after it has read the process's files and memory, which may be never: see job.h.
 */
int tag_source_find(struct tag_files *files, pid_t pid, struct profbuf_tag_source sources[PROFBUF_NR_TAG_KINDS]);

#endif /* PROFBUF_TAG_SOURCE_H */
