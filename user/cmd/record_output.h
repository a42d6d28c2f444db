/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * record_output.h - where a recording goes: into one file, or into one after another
 *
 * With rotation the recording is in parts, PATH.0001 and on: see struct profbuf_part_record. A part ends when the
 * device has no more records for now, so that later records are from the next part's time. If the device always has
 * more, a part ends after a pass. Resolving the symbols of a part takes as long as reading /proc/kallsyms. Another
 * thread does it, because the rings go on filling. What is in a part beside the records: record/recorder.h.
 *
 * A file that exists is opened early, to check that it can be, and emptied when there is something to write.
 *
 * Functions that return a bool print what is wrong before they return false.
 */
#ifndef PROFBUF_RECORD_OUTPUT_H
#define PROFBUF_RECORD_OUTPUT_H

#include <pthread.h>

#include "cmd.h"
#include "output.h"
#include "record/recorder.h"

/* One file. */
struct output_file {
	char *path;
	struct output to;
	bool begun;			/* its former content is gone */
	struct profbuf_writer *writer;
	struct recorder_part *part;
	uint64_t bytes;			/* set when it is closed */
	int err;			/* likewise */
};

/* Sums of one CPU, over all parts. */
struct output_sums {
	uint64_t samples;
	uint64_t lost;
};

struct record_output {
	/* Set by the caller. */
	const char *path;		/* "-": standard output */
	bool raw;
	struct recorder *recorder;	/* from recorder_new(), with parts if there is a limit */
	uint64_t rotate_ns;		/* 0: no limit */
	uint64_t rotate_bytes;		/* likewise */

	/* Others may read these. */
	uint64_t samples, lost;
	uint64_t bytes;			/* of the parts that are closed */
	uint32_t part;			/* number of the part, with rotation; 0: without */
	bool pending;			/* records came since the last flush */

	struct output_file file;
	struct output_file old;		/* the part before */
	bool lingers;			/* late descriptions are still added to @old */
	pthread_t thread;		/* the thread that ends @old afterwards */
	bool ending;			/* the thread exists */
	uint64_t flushed;		/* time of the last flush */
	uint64_t began;			/* time when the part began */
	uint64_t part_samples;
	bool final;			/* the stream's final counters have begun */
	struct profbuf_stream_info *info;	/* of the stream, with rotation */
	struct output_sums *cpus;		/* with rotation */
};

static inline bool record_output_rotates(const struct record_output *o)
{
	return o->rotate_ns || o->rotate_bytes;
}

/* Opens the file, or the file of the first part. */
bool record_output_open(struct record_output *output);

/* Called when the recording has started: the former content of the file is dropped. */
bool record_output_begin(struct record_output *output);

/* Takes records from the device, @n words. */
bool record_output_add(struct record_output *output, const uint64_t *words, size_t n);

/* Called after a pass over the device, at @time: writes what must be in the file by now, or begins the next part. */
bool record_output_pass(struct record_output *output, uint64_t time);

/*
 * Called after the stream's end: writes symbols, the command's record if there was a command, and the end of the file.
 */
bool record_output_end(struct record_output *output, const struct profbuf_record *command);

/* The number of bytes in all files. */
uint64_t record_output_bytes(const struct record_output *output);

/*
 * Also called after an error: what was added until then is in the file, if possible. If record_output_begin() was not
 * called, no file has changed.
 */
void record_output_close(struct record_output *output);

#endif /* PROFBUF_RECORD_OUTPUT_H */
