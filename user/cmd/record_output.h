/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * record_output.h - where a recording goes: into one file, or into one after another
 *
 * With rotation the file is in parts, PATH.0001 and on: see struct profbuf_part_record. A part ends when the device has
 * nothing more to give, so that what comes after is of the next part's time, or, if it always has more, after a pass;
 * naming what is in it takes as long as reading /proc/kallsyms does, and is done by another thread, for the rings go on
 * filling.
 *
 * A file that is there is opened at first, to know that it can be, and emptied when there is something to be written.
 *
 * Functions that return a bool say what is wrong before they return false.
 */
#ifndef PROFBUF_RECORD_OUTPUT_H
#define PROFBUF_RECORD_OUTPUT_H

#include <pthread.h>

#include "cmd.h"
#include "output.h"
#include "record/sideband.h"
#include "record/symbol_recorder.h"
#include "record/tag_recorder.h"

/* One file. */
struct output_file {
	char *path;
	struct output to;
	bool begun;			/* what was in it before has gone */
	struct profbuf_writer *writer;
	struct profbuf_symbol_recorder *symbols;
	uint64_t bytes;			/* once it is closed */
	int err;			/* likewise */
};

/* Of one CPU, in all parts. */
struct output_sums {
	uint64_t samples;
	uint64_t lost;
};

struct record_output {
	/* Of the caller. */
	const char *path;		/* "-": standard output */
	bool raw;
	uint64_t rotate_ns;		/* 0: no limit */
	uint64_t rotate_bytes;		/* likewise */

	/* Of everyone: read only. */
	uint64_t samples, lost;
	uint64_t bytes;			/* of parts that are closed */
	uint32_t part;			/* number of the file, with rotation; 0: without */
	bool pending;			/* records came since the last flush */

	struct output_file file;
	struct output_file old;		/* the part before, */
	bool lingers;			/* while descriptions are added to it, */
	pthread_t thread;		/* which ends it then */
	bool ending;			/* the thread is there */
	struct profbuf_tag_recorder *tags;
	uint64_t flushed;		/* when */
	uint64_t began;			/* when the part did */
	uint64_t part_samples;
	bool final;			/* the stream's final counters have begun */
	struct profbuf_stream_info *info;	/* of the stream, with rotation */
	struct profbuf_sideband *sideband;	/* with rotation */
	struct output_sums *cpus;		/* with rotation */
};

/* Opens the file, or the first part. */
bool record_output_open(struct record_output *output);

/* The recording has started: what was in the file before goes. */
bool record_output_begin(struct record_output *output);

/* Takes records of the device, @n words. */
bool record_output_add(struct record_output *output, const uint64_t *words, size_t n);

/* After a pass over the device, at @time: what has to be in the file by now is written, or the next part begins. */
bool record_output_pass(struct record_output *output, uint64_t time);

/* After the stream's end: symbols, the command if there was one, and the end of the file. */
bool record_output_end(struct record_output *output, const struct profbuf_record *command);

/* Bytes in all files. */
uint64_t record_output_bytes(const struct record_output *output);

/* Also after an error: what was added until then is in the file, if it can be; without a beginning, nothing changed. */
void record_output_close(struct record_output *output);

#endif /* PROFBUF_RECORD_OUTPUT_H */
