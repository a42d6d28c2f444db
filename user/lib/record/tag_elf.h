/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tag_elf.h - what an ELF file says about the thread-local pointers to tags
 *
 * The files belong to other processes, so they are not trusted: nothing in a file can do harm here. Wrong values in a
 * file give a wrong place for the tag, and there the kernel reads only memory of that same process.
 */
#ifndef PROFBUF_TAG_ELF_H
#define PROFBUF_TAG_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "profbuf.h"

#define TAG_ELF_SEGMENTS	8
#define TAG_ELF_SLOTS		8

/* Words that the dynamic linker fills in because of a relocation; type is R_X86_64_*. */
struct tag_slot {
	uint64_t address;	/* as in the file */
	int64_t addend;		/* to be subtracted again; 0 if the relocation has no symbol */
	uint32_t type;
	bool own;		/* the relocation is for this file's own variables and has no symbol */
};

struct tag_variable {
	bool named;		/* the other fields are valid */
	bool defined;		/* in this file; value is its place in the thread-local segment */
	bool exported;		/* other files can use it */
	uint64_t value;
	unsigned int nr_slots;
	struct tag_slot slots[TAG_ELF_SLOTS];
};

struct tag_elf {
	bool x86_64;		/* 64-bit x86; if not, the other fields are not set */
	bool musl;		/* a program for musl's dynamic linker */
	int64_t tls;		/* if it is the program: offset of its TLS segment from the thread pointer */
	unsigned int nr_segments;
	struct tag_segment {
		uint64_t address, offset, bytes;
	} segments[TAG_ELF_SEGMENTS];	/* the executable ones */
	struct tag_variable variables[PROFBUF_NR_TAG_KINDS];
};

/*
 * Reads a file; parts that cannot be read count as missing.
 *
 * Return: 0; -ENOEXEC: no ELF file, or one that cannot be used; -ENOMEM; -errno of reading it.
 */
int tag_elf_read(int fd, struct tag_elf *elf);

/* Whether the file names any of the variables. */
static inline bool tag_elf_has_any(const struct tag_elf *elf)
{
	return elf->variables[PROFBUF_TAG_LABELS].named || elf->variables[PROFBUF_TAG_OTEL].named;
}

#endif /* PROFBUF_TAG_ELF_H */
