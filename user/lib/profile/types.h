/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * types.h - what a profile is made of
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

/* Equal stacks of one program. frames[] are ids: kernel, leaf first, then user, leaf first. */
struct profbuf_stack {
	uint32_t program;
	uint16_t nr_kernel;
	uint16_t nr_user;
	const uint32_t *frames;	/* at least one */
};

/* Code that a process has mapped, by one description of it. */
struct profbuf_map {
	uint64_t time;		/* of the description; the first of a pid explains what is before it, too */
	uint64_t start;		/* in the process */
	uint64_t end;
	uint64_t offset;	/* in the object's file */
	const struct profbuf_object *object;
	uint32_t program;	/* id */
	bool anonymous;		/* code made at run time: no file, or one that is memory only */
};

/* A sample without its stack; of a profile that is no stream, equal samples. */
struct profbuf_event {
	uint64_t time;
	uint64_t tag;
	uint64_t weight;	/* how many samples it is; of a stream: periods that it stands for, 1 as a rule */
	uint32_t stack;		/* id */
	uint32_t tid;
	uint16_t cpu;
	uint8_t mode;
	uint8_t stop;
	uint32_t labels;	/* id of what tag means; 0: no labels */
};

struct profbuf_label {
	const char *key;
	const char *value;
};

/* Why a tag means nothing here, beside enum profbuf_tag_cause: the stream does not define it. */
#define PROFBUF_TAG_UNDEFINED	0x100

/* A label set; equal ones are one. No key is empty. */
struct profbuf_labels {
	uint32_t id;		/* from 0, without gaps; 0: the empty set */
	uint32_t cause;		/* PROFBUF_TAG_KNOWN, or why it is not known what labels these are; then n is 0 */
	uint32_t n;
	const struct profbuf_label *all;	/* in the order of keys, each key once */
};

/* Samples that were lost, of which no more is known: see struct profbuf_lost. */
struct profbuf_loss {
	uint64_t time;		/* of the first of them */
	uint64_t count;
	uint64_t weight;	/* periods that they stand for, by the rate at that time */
	uint16_t cpu;
};

#endif /* PROFBUF_PROFILE_TYPES_H */
