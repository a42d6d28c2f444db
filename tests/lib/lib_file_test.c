// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib_file_test.c - libprofbuf: files of streams, raw and in the compact form, whole, cut and damaged
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "lib_test.h"

static size_t count(const char *file, int *end)
{
	const struct profbuf_record *r;
	struct profbuf_reader *reader;
	size_t n = 0;

	assert_int_equal(profbuf_reader_open(&reader, file), 0);
	while ((*end = profbuf_reader_next(reader, &r)) == 1)
		n++;
	profbuf_reader_close(reader);
	return n;
}

/* The file is larger than the reader's buffer, so that records lie across the buffer's end. */
TEST(long_file)
{
	struct generated g = { 0 };
	int end;

	generate_info(&g, 1);
	for (int i = 0; i < 60000; i++)
		generate_sample(&g, i, 0, 1, NULL, 0, frames, 1 + i % 2);
	assert_true(generate_write(&g, path));
	assert_int_equal(count(path, &end), 60001);
	assert_int_equal(end, 0);
	assert_int_equal(truncate(path, g.n * 8 - 3), 0);
	assert_int_equal(count(path, &end), 60000);
	assert_int_equal(end, -ENODATA);
	generate_free(&g);
}

TEST(compressed_file)
{
	struct generated g = { 0 };
	size_t room, n;
	void *packed;
	FILE *f;
	int end;

	generate_example(&g);
	room = ZSTD_compressBound(g.n * 8);
	packed = malloc(room);
	n = ZSTD_compress(packed, room, g.words, g.n * 8, 3);
	assert_false(ZSTD_isError(n));
	f = fopen(path, "w");
	assert_int_equal(fwrite(packed, 1, n, f), n);
	fclose(f);
	assert_int_equal(count(path, &end), 95);
	assert_int_equal(end, 0);
	assert_int_equal(truncate(path, n / 2), 0);
	count(path, &end);
	assert_true(end < 0);
	free(packed);
	generate_free(&g);
}

TEST(files_that_are_none)
{
	struct profbuf_profile *profile;
	FILE *f;

	assert_int_equal(profbuf_profile_read(&profile, "/nonexistent", NULL), -ENOENT);
	assert_int_equal(profbuf_profile_read(&profile, "/tmp", NULL), -EISDIR);
	f = fopen(path, "w");
	fclose(f);
	assert_int_equal(profbuf_profile_read(&profile, path, NULL), -ENODATA);
	f = fopen(path, "w");
	fputs("#!/bin/sh\necho this is something else altogether\n", f);
	fclose(f);
	assert_int_equal(profbuf_profile_read(&profile, path, NULL), -EBADMSG);
}

/* The compact form */

/* Returns how many records the reader gives before it returns @end. If @to is not NULL, it gets their words. */
static size_t read_all(const struct generated *g, struct generated *to, int end)
{
	const struct profbuf_record *r;
	struct profbuf_reader *reader;
	size_t n = 0;
	int got;

	assert_true(generate_write(g, path));
	assert_int_equal(profbuf_reader_open(&reader, path), 0);
	while ((got = profbuf_reader_next(reader, &r)) == 1) {
		n++;
		if (to)
			memcpy(generate(to, 0, 0, 0, r->len - 3), r, r->len * 8);
	}
	assert_int_equal(got, end);
	profbuf_reader_close(reader);
	return n;
}

TEST(stacks_are_put_back_into_samples)
{
	static const uint64_t user[] = { 7, 8, 9 };
	struct generated g = { 0 }, plain = { 0 }, got = { 0 };

	generate_info(&plain, 2);
	generate_sample(&plain, 1, 0, 5, frames, 2, user, 3);
	generate_sample(&plain, 2, 1, 6, NULL, 0, user, 1);
	generate_sample(&plain, 3, 1, 5, frames, 2, user, 3);
	generate_sample(&plain, 4, 1, 5, NULL, 0, frames, 1);
	generate_info(&g, 2);
	generate_stack(&g, 0, frames, 2, user, 3);
	generate_stack_sample(&g, 1, 0, 5, 0, 2, 3);
	generate_stack(&g, 1, NULL, 0, user, 1);
	generate_stack_sample(&g, 2, 1, 6, 1, 0, 1);
	generate_stack_sample(&g, 3, 1, 5, 0, 2, 3);
	/* The ids begin again. */
	generate_stack(&g, 0, NULL, 0, frames, 1);
	generate_stack_sample(&g, 4, 1, 5, 0, 0, 1);
	/* The reader sets the mode from the first frame, kernel or not; everything else must be equal. */
	for (size_t at = 0; at < plain.n; at += plain.words[at]) {
		struct profbuf_sample *s = (void *)(plain.words + at);

		if (s->type == PROFBUF_RECORD_SAMPLE)
			s->mode = PROFBUF_MODE_USER;
	}
	assert_int_equal(read_all(&g, &got, 0), 5);
	assert_int_equal(got.n, plain.n);
	assert_memory_equal(got.words, plain.words, plain.n * 8);
	generate_free(&g);
	generate_free(&got);
	generate_free(&plain);
}

/*
 * Each time the records before the wrong one are read. Without the mistake the stream is right, as the test above
 * shows.
 */
TEST(wrong_stacks_are_refused)
{
	for (int i = 0; i < 8; i++) {
		struct generated g = { 0 };

		generate_info(&g, 1);
		if (i == 0)			/* no stack at all */
			generate_stack_sample(&g, 1, 0, 5, 0, 0, 2);
		if (i == 1)			/* ids must begin with 0 */
			generate_stack(&g, 1, NULL, 0, frames, 2);
		generate_stack(&g, 0, NULL, 0, frames, 2);
		if (i == 2)			/* an id is missing */
			generate_stack(&g, 2, NULL, 0, frames, 2);
		generate_stack(&g, 1, NULL, 0, frames, 1);
		if (i == 3)			/* an id comes twice */
			generate_stack(&g, 1, NULL, 0, frames, 1);
		generate_stack(&g, 0, NULL, 0, frames, 2);
		if (i == 4)			/* this stack was forgotten */
			generate_stack_sample(&g, 1, 0, 5, 1, 0, 1);
		if (i == 5)			/* the stack is not that long */
			generate_stack_sample(&g, 1, 0, 5, 0, 0, 1);
		if (i == 6)			/* has kernel frames, the stack has user frames */
			generate_stack_sample(&g, 1, 0, 5, 0, 2, 0);
		if (i == 7)			/* has kernel frames, the stack has none */
			generate_stack_sample(&g, 1, 0, 5, 0, 1, 2);
		generate_stack_sample(&g, 1, 0, 5, 0, 0, 2);
		assert_int_equal(read_all(&g, NULL, -EBADMSG), 1);
		generate_free(&g);
	}
}

size_t convert(const struct generated *g, bool raw, size_t flush_every)
{
	const struct profbuf_record *r;
	struct profbuf_writer *w;
	struct profbuf_stream *s;
	FILE *f = fopen(path, "w");
	size_t n = 0, bytes;

	assert_int_equal(profbuf_writer_open(&w, fileno(f), raw), 0);
	assert_int_equal(profbuf_stream_new(&s, g->words, g->n * 8), 0);
	while (profbuf_stream_next(s, &r) == 1) {
		assert_int_equal(profbuf_writer_add(w, r), 0);
		if (flush_every && !(++n % flush_every))
			assert_int_equal(profbuf_writer_flush(w), 0);
	}
	profbuf_stream_free(s);
	assert_int_equal(profbuf_writer_flush(w), 0);
	bytes = profbuf_writer_bytes(w);
	assert_int_equal(profbuf_writer_close(w), 0);
	fclose(f);
	return bytes;
}

size_t check_begin(const struct generated *g, int *end)
{
	const struct profbuf_record *r;
	struct profbuf_reader *reader;
	size_t at = 0, n = 0;

	assert_int_equal(profbuf_reader_open(&reader, path), 0);
	while ((*end = profbuf_reader_next(reader, &r)) == 1) {
		assert_true(at + r->len <= g->n);
		assert_memory_equal(r, g->words + at, r->len * 8);
		at += r->len;
		n++;
	}
	profbuf_reader_close(reader);
	return n;
}

/*
 * Samples that the compact form cannot express are kept, too: empty samples, longer samples, samples with a stack id.
 */
TEST(compact_file_has_the_same_records)
{
	struct generated g;
	size_t at;
	int end;

	generate_example(&g);
	generate_sample(&g, 1, 0, 5, NULL, 0, NULL, 0);
	generate_sample(&g, 1, 0, 5, NULL, 0, frames, 2);
	((struct profbuf_sample *)(g.words + g.n - 8))->stack = 99;
	at = g.n;
	generate_sample(&g, 1, 0, 5, NULL, 0, frames, 2);
	generate_sample(&g, 1, 0, 5, NULL, 0, frames, 2);
	/* The second of these samples becomes the end of the first. */
	g.words[at] *= 2;
	generate_lost(&g, 1, 0, 1);
	for (int raw = 0; raw < 2; raw++) {
		convert(&g, raw, 10);
		assert_int_equal(check_begin(&g, &end), 99);
		assert_int_equal(end, 0);
	}
	generate_free(&g);
}

/* Each has a deep stack, and there are more different stacks than the writer remembers. */
TEST(more_stacks_than_are_remembered)
{
	struct generated g = { 0 };
	uint64_t user[127];
	int end;

	generate_info(&g, 1);
	for (uint64_t i = 0; i < 20000; i++) {
		for (int k = 0; k < 127; k++)
			user[k] = k;
		user[0] = i % 19000;
		generate_sample(&g, i, 0, 1, NULL, 0, user, 127);
	}
	convert(&g, false, 0);
	assert_int_equal(check_begin(&g, &end), 20001);
	assert_int_equal(end, 0);
	generate_free(&g);
}

/* The file is cut at each byte: there is no other error, no wrong record, and all flushed records before are there. */
TEST(compact_file_cut_anywhere)
{
	struct generated g;
	size_t bytes, at, n, last = SIZE_MAX;
	int end;

	generate_example(&g);
	bytes = convert(&g, false, 10);
	for (at = bytes; at > 0; at--) {
		assert_int_equal(truncate(path, at), 0);
		n = check_begin(&g, &end);
		if (at < 4)		/* the form of the file is not known */
			assert_true(end < 0);
		else
			assert_int_equal(end, -ENODATA);
		if (at == bytes)	/* only the end of the frame is missing */
			assert_int_equal(n, 95);
		/* Ten records were flushed at a time: they are there together, or not at all. */
		assert_true(n <= last && (n % 10 == 0 || n == 95));
		last = n;
	}
	assert_int_equal(last, 0);
	generate_free(&g);
}

static void flip(size_t at)
{
	FILE *f = fopen(path, "r+");
	int byte;

	fseek(f, at, SEEK_SET);
	byte = fgetc(f);
	fseek(f, at, SEEK_SET);
	fputc(byte ^ 0x10, f);
	fclose(f);
}

/* One bit is flipped at each byte: there is an error, or the bit did not matter. */
TEST(damaged_compact_file)
{
	const struct profbuf_record *r;
	struct profbuf_reader *reader;
	struct generated g;
	size_t bytes;
	int end;

	generate_example(&g);
	bytes = convert(&g, false, 0);
	for (size_t at = 8; at < bytes; at++) {
		flip(at);
		assert_int_equal(profbuf_reader_open(&reader, path), 0);
		while ((end = profbuf_reader_next(reader, &r)) == 1)
			;
		profbuf_reader_close(reader);
		if (!end)
			assert_int_equal(check_begin(&g, &end), 95);
		else
			assert_true(end == -EBADMSG || end == -ENODATA);
		flip(at);
	}
	generate_free(&g);
}

TEST(writer_says_what_went_wrong)
{
	struct generated g;
	struct profbuf_writer *w;
	FILE *f = fopen("/dev/full", "w");
	uint64_t none[3] = { 2, 0, 0 };

	generate_example(&g);
	for (int raw = 0; raw < 2; raw++) {
		assert_int_equal(profbuf_writer_open(&w, fileno(f), raw), 0);
		assert_int_equal(profbuf_writer_add(w, (void *)none), -EINVAL);
		none[0] = PROFBUF_RECORD_MAX / 8 + 1;
		assert_int_equal(profbuf_writer_add(w, (void *)none), -EINVAL);
		none[0] = 2;
		assert_int_equal(profbuf_writer_add(w, (void *)g.words), 0);
		assert_int_equal(profbuf_writer_flush(w), -ENOSPC);
		assert_int_equal(profbuf_writer_add(w, (void *)g.words), -ENOSPC);
		assert_int_equal(profbuf_writer_close(w), -ENOSPC);
	}
	assert_int_equal(profbuf_writer_close(NULL), 0);
	fclose(f);
	generate_free(&g);
}

/* After a failed write the writer tries no other, because data after a hole would not be a stream. */
TEST(writer_stops_at_the_first_error)
{
	struct rlimit old, limit;
	struct profbuf_writer *w;
	struct generated g;
	struct stat st;
	int fd, end;

	generate_example(&g);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	for (int raw = 0; raw < 2; raw++) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
		limit = old;
		limit.rlim_cur = raw ? 500 : 150;
		assert_int_equal(profbuf_writer_open(&w, fd, raw), 0);
		setrlimit(RLIMIT_FSIZE, &limit);
		assert_int_equal(profbuf_writer_add(w, (void *)g.words), 0);
		assert_int_equal(profbuf_writer_flush(w), 0);
		for (size_t at = g.words[0]; at < g.n; at += g.words[at])
			profbuf_writer_add(w, (void *)(g.words + at));
		assert_int_equal(profbuf_writer_flush(w), -EFBIG);
		setrlimit(RLIMIT_FSIZE, &old);
		assert_int_equal(profbuf_writer_add(w, (void *)(g.words + g.words[0])), -EFBIG);
		assert_int_equal(profbuf_writer_flush(w), -EFBIG);
		assert_int_equal(profbuf_writer_close(w), -EFBIG);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_size, limit.rlim_cur);
		close(fd);
		assert_true(check_begin(&g, &end) >= 1);
		assert_int_equal(end, -ENODATA);
	}
	generate_free(&g);
}
