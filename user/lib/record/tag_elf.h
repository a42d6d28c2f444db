/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tag_elf.h - what an ELF file says of the thread-local pointers to tags
 *
 * Files are those of other processes, so of anybody: nothing in them is believed that could do harm here. What they
 * say wrongly gives a wrong place for the tag, of which the kernel reads at most what is in that process anyway.
 */
#ifndef PROFBUF_TAG_ELF_H
#define PROFBUF_TAG_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "profbuf.h"

#define TAG_ELF_SEGMENTS	8
#define TAG_ELF_SLOTS		8

/* Words the dynamic linker filled in, by the relocation that tells it to: a type R_X86_64_*. */
struct tag_slot {
	uint64_t address;	/* in the file's terms */
	int64_t addend;		/* to be taken off again; 0 where the relocation has no symbol */
	uint32_t type;
	bool own;		/* the relocation is of this file's variables and has no symbol */
};

struct tag_variable {
	bool named;		/* the other fields say something */
	bool defined;		/* here: this is where in the thread-local segment */
	bool exported;		/* for other files to use */
	uint64_t value;
	unsigned int nr_slots;
	struct tag_slot slots[TAG_ELF_SLOTS];
};

struct tag_elf {
	bool x86_64;		/* and 64-bit; if not, nothing else is known */
	bool musl;		/* is a program for musl's dynamic linker */
	int64_t tls;		/* from the thread pointer to the thread-local segment, if this is the program */
	unsigned int nr_segments;
	struct tag_segment {
		uint64_t address, offset, bytes;
	} segments[TAG_ELF_SEGMENTS];	/* executable ones */
	struct tag_variable variables[PROFBUF_NR_TAG_KINDS];
};

/*
 * Reads a file; what cannot be read is as if it were not there.
 *
 * Return: 0; -ENOEXEC: not an ELF file, or none that can be used; -ENOMEM; -errno of reading it.
 */
int tag_elf_read(int fd, struct tag_elf *elf);

/* Whether any of the variables is named in it. */
static inline bool tag_elf_has_any(const struct tag_elf *elf)
{
	return elf->variables[PROFBUF_TAG_LABELS].named || elf->variables[PROFBUF_TAG_OTEL].named;
}

#endif /* PROFBUF_TAG_ELF_H */
