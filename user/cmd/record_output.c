// SPDX-License-Identifier: GPL-2.0-only
/*
 * record_output.c - where a recording goes: into one file, or into one after another
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record_output.h"

#define FLUSH_NS	1000000000ULL	/* a recorder that is killed loses at most this much time */
#define LINGER_NS	200000000ULL	/* how long a part stays open for late descriptions: see recorder.h */

/* Prints what went wrong with a file, if something did. */
static bool written(const struct output_file *file, int err)
{
	if (err)
		fail("%s: %s; %s has what was written before",
		     strcmp(file->path, "-") ? file->path : "standard output", strerror(-err),
		     strcmp(file->path, "-") ? "the file" : "its reader");
	return !err;
}

/* Files */

/* Opens the file, and changes nothing in it: record_output_begin() does that. */
static bool open_file(struct record_output *o)
{
	struct output_file *file = &o->file;
	int n;

	if (o->part)
		n = asprintf(&file->path, "%s.%04u", o->path, o->part);
	else
		n = asprintf(&file->path, "%s", o->path);
	file->to.fd = -1;
	if (n < 0) {
		file->path = NULL;
		fail("%s", strerror(ENOMEM));
		return false;
	}
	return output_open(&file->to, file->path);
}

static int add_to_writer(const struct profbuf_record *record, void *context)
{
	return profbuf_writer_add(context, record);
}

/* Empties the file; from now on its content is this recording. */
static bool begin_file(struct record_output *o)
{
	struct output_file *file = &o->file;
	int err = output_begin(&file->to);

	file->begun = true;
	if (!err)
		err = profbuf_writer_open(&file->writer, file->to.fd, o->raw);
	if (!err)
		err = recorder_part_new(&file->part, add_to_writer, file->writer);
	if (err)
		fail("%s: %s", file->path, strerror(-err));
	return !err;
}

/* Writes the symbols and the end of the file. Prints nothing, because it may run in another thread. */
static void end_file(struct output_file *file, const struct profbuf_record *command)
{
	int err, err_close;

	err = recorder_part_finish(file->part);
	if (!err && command)
		err = profbuf_writer_add(file->writer, command);
	if (!err)
		err = profbuf_writer_flush(file->writer);
	file->bytes = profbuf_writer_bytes(file->writer);
	err_close = profbuf_writer_close(file->writer);
	file->writer = NULL;
	if (close(file->to.fd) && !err_close)
		err_close = -errno;
	file->to.fd = -1;
	file->err = err ? err : err_close;
}

static void free_file(struct output_file *file)
{
	profbuf_writer_close(file->writer);
	recorder_part_free(file->part);
	free(file->path);
	*file = (struct output_file){ .to.fd = -1 };
}

/* Parts */

static void *end_old_file(void *context)
{
	end_file(context, NULL);
	return NULL;
}

/* Frees the part before, which has been ended. */
static bool close_old_file(struct record_output *o)
{
	bool ok = written(&o->old, o->old.err);

	o->bytes += o->old.bytes;
	free_file(&o->old);
	return ok;
}

/* Ends the part before: no more records are added to it. */
static bool end_lingering(struct record_output *o)
{
	if (!o->lingers)
		return true;
	o->lingers = false;
	o->ending = !pthread_create(&o->thread, NULL, end_old_file, &o->old);
	if (o->ending)
		return true;
	end_file(&o->old, NULL);
	return close_old_file(o);
}

/* Waits until the part before is complete. */
static bool join_old_file(struct record_output *o)
{
	bool ok = end_lingering(o);

	if (!o->ending)
		return ok;
	pthread_join(o->thread, NULL);
	o->ending = false;
	return close_old_file(o);
}

/* Adds the records that say where the part with that number begins. */
static int add_part_records(struct record_output *o, uint64_t time, uint32_t part)
{
	int err = 0;

	for (uint32_t cpu = 0; cpu < o->info->nr_cpus && !err; cpu++) {
		const struct profbuf_part_record r = {
			.len = sizeof(r) / 8, .time = time, .type = PROFBUF_RECORD_PART, .cpu = cpu, .misc = part,
			.samples = o->cpus[cpu].samples, .lost = o->cpus[cpu].lost,
		};

		err = profbuf_writer_add(o->file.writer, (const struct profbuf_record *)&r);
	}
	return err;
}

/* Adds the records that each part but the first begins with. */
static int begin_part(struct record_output *o, uint64_t time)
{
	int err;

	o->began = time;
	o->part_samples = 0;
	o->info->time = time;
	err = profbuf_writer_add(o->file.writer, (const struct profbuf_record *)o->info);
	if (!err)
		err = add_part_records(o, time, o->part);
	return err ? err : recorder_begin(o->recorder, o->file.part);
}

static bool next_part(struct record_output *o, uint64_t time)
{
	int err = recorder_end(o->recorder, o->file.part);

	if (!err)
		err = add_part_records(o, time, o->part + 1);
	if (!written(&o->file, err) || !join_old_file(o))
		return false;
	o->old = o->file;
	o->file = (struct output_file){ .to.fd = -1 };
	o->lingers = true;
	o->part++;
	return open_file(o) && begin_file(o) && written(&o->file, begin_part(o, time));
}

/*
 * The size of a part without samples does not matter: it would explain nothing. The part with the final counters is the
 * last one.
 */
static bool is_full(const struct record_output *o, uint64_t time)
{
	if (!o->part || !o->info || o->final)
		return false;
	if (o->rotate_ns && time >= o->began + o->rotate_ns)
		return true;
	return o->rotate_bytes && o->part_samples && profbuf_writer_bytes(o->file.writer) >= o->rotate_bytes;
}

/* With rotation, the stream's first record begins the first part. */
static int begin_first_part(struct record_output *o, const struct profbuf_stream_info *info)
{
	int err;

	o->info = malloc(info->len * sizeof(uint64_t));
	o->cpus = calloc(info->nr_cpus, sizeof(*o->cpus));
	if (!o->info || !o->cpus)
		return -ENOMEM;
	memcpy(o->info, info, info->len * sizeof(uint64_t));
	o->began = info->time;
	err = recorder_add(o->recorder, o->file.part, (const uint64_t *)info, info->len);
	return err ? err : add_part_records(o, info->time, o->part);
}

static void count(struct record_output *o, const struct profbuf_record *record)
{
	struct output_sums *cpu = o->cpus && record->cpu < o->info->nr_cpus ? &o->cpus[record->cpu] : NULL;
	uint64_t lost;

	if (record->type == PROFBUF_RECORD_SAMPLE) {
		o->samples++;
		o->part_samples++;
		if (cpu)
			cpu->samples++;
	} else if (record->type == PROFBUF_RECORD_LOST) {
		lost = ((const struct profbuf_lost *)record)->count;
		o->lost += lost;
		if (cpu)
			cpu->lost += lost;
	} else if (record->type == PROFBUF_RECORD_COUNTERS && record->misc & PROFBUF_COUNTERS_FINAL) {
		o->final = true;
	}
}

/* The recording */

bool record_output_open(struct record_output *o)
{
	o->old.to.fd = -1;
	o->part = record_output_rotates(o);
	return open_file(o);
}

bool record_output_begin(struct record_output *o)
{
	return begin_file(o);
}

bool record_output_add(struct record_output *o, const uint64_t *words, size_t n)
{
	const struct profbuf_record *first = (const void *)words;
	size_t at = 0;

	if (o->part && first->type == PROFBUF_RECORD_INFO) {
		if (!written(&o->file, begin_first_part(o, (const void *)words)))
			return false;
		at = first->len;
	}
	for (size_t i = at; i < n; i += words[i])
		count(o, (const void *)(words + i));
	o->pending = true;
	return written(&o->file, recorder_add(o->recorder, o->file.part, words + at, n - at)) &&
	       (!o->lingers || written(&o->old, recorder_part_add_late(o->old.part, words + at, n - at)));
}

/*
 * With --raw, which standard output always has, records are written after each pass, for the reader of a pipe.
 * Otherwise they are written when the last flush is a second ago, so that a killed recorder loses no more than that.
 */
bool record_output_pass(struct record_output *o, uint64_t time)
{
	if (o->lingers && time >= o->began + LINGER_NS && !end_lingering(o))
		return false;
	if (is_full(o, time))
		return next_part(o, time);
	if (!o->pending || (!o->raw && time - o->flushed < FLUSH_NS))
		return true;
	o->flushed = time;
	o->pending = false;
	return written(&o->file, profbuf_writer_flush(o->file.writer));
}

bool record_output_end(struct record_output *o, const struct profbuf_record *command)
{
	int err = recorder_end(o->recorder, o->file.part);
	bool ok;

	end_file(&o->file, command);
	ok = join_old_file(o);
	o->bytes += o->file.bytes;
	return written(&o->file, err ? err : o->file.err) && ok;
}

uint64_t record_output_bytes(const struct record_output *o)
{
	return o->bytes + (o->file.writer ? profbuf_writer_bytes(o->file.writer) : 0);
}

void record_output_close(struct record_output *o)
{
	join_old_file(o);
	if (o->file.to.created && !o->file.begun)
		unlink(o->file.path);
	free_file(&o->old);
	free_file(&o->file);
	free(o->info);
	free(o->cpus);
}
