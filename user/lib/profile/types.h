/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * types.h - the parts of a profile
 */
#ifndef PROFBUF_PROFILE_TYPES_H
#define PROFBUF_PROFILE_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "symbols/names.h"

#define PROFBUF_NO_THREAD	UINT32_MAX

/* A thread under one name. */
struct profbuf_thread_name {
	uint32_t id;		/* from 0, without gaps */
	uint32_t pid;
	uint32_t tid;
	const char *comm;
};

/*
 * A stack of one program; equal stacks are stored once. frames[] has ids: kernel frames, leaf first, then user frames,
 * leaf first.
 */
struct profbuf_stack {
	uint32_t program;
	uint16_t nr_kernel;
	uint16_t nr_user;
	const uint32_t *frames;	/* at least one */
};

/* A mapping of code, from one description of its process. */
struct profbuf_map {
	uint64_t time;		/* of the description; the first of a pid is valid also before it */
	uint64_t start;		/* address in the process */
	uint64_t end;
	uint64_t offset;	/* in the object's file */
	const struct profbuf_object *object;
	uint32_t program;	/* id */
	bool anonymous;		/* generated code: no file, or a file that is only memory */
};

/* A sample without its stack; in a profile that is no stream, several equal samples. */
struct profbuf_event {
	uint64_t time;
	uint64_t tag;
	uint64_t weight;	/* number of samples; in a stream: of periods, usually 1 */
	uint32_t stack;		/* id */
	uint32_t tid;
	uint16_t cpu;
	uint8_t mode;
	uint8_t stop;
	uint32_t labels;	/* id of the label set of the tag; 0: no labels */
};

struct profbuf_label {
	const char *key;
	const char *value;
};

/* One more cause why a tag has no meaning, beside enum profbuf_tag_cause: the stream has no definition of it. */
#define PROFBUF_TAG_UNDEFINED	0x100

/* A label set; equal sets are stored once. No key is empty. */
struct profbuf_labels {
	uint32_t id;		/* from 0, without gaps; 0: the empty set */
	uint32_t cause;		/* PROFBUF_TAG_KNOWN, or why the labels are not known; then n is 0 */
	uint32_t n;
	const struct profbuf_label *all;	/* sorted by key, each key once */
};

/* Samples that were lost; no more is known about them: see struct profbuf_lost. */
struct profbuf_loss {
	uint64_t time;		/* of the first lost sample */
	uint64_t count;
	uint64_t weight;	/* periods that they stand for, with the rate at that time */
	uint16_t cpu;
};

#endif /* PROFBUF_PROFILE_TYPES_H */
