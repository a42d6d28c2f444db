// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib_test.c - libprofbuf: streams that are right, and each way of being wrong; accounting; profiles; kernel symbols
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/prctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include "generate.h"

static char dir[] = "/tmp/profbuf-test-XXXXXX";
static char path[64];

static int next(const struct generated *g, size_t bytes, size_t skip)
{
	const struct profbuf_record *r;
	struct profbuf_stream s;
	int got;

	profbuf_stream_init(&s, g->words, bytes);
	while ((got = profbuf_stream_next(&s, &r)) == 1 && skip)
		skip--;
	return got;
}

/* Streams */

static void test_example_has_its_records(void **state)
{
	unsigned int types[2048] = { 0 };
	const struct profbuf_record *r;
	struct profbuf_stream s;
	struct generated g;

	(void)state;
	generate_example(&g);
	profbuf_stream_init(&s, g.words, g.n * 8);
	while (profbuf_stream_next(&s, &r) == 1)
		types[r->type]++;
	assert_int_equal(s.at, g.n);
	assert_int_equal(types[PROFBUF_RECORD_INFO], 1);
	assert_int_equal(types[PROFBUF_RECORD_SAMPLE], 80);
	assert_int_equal(types[PROFBUF_RECORD_LOST], 1);
	assert_int_equal(types[PROFBUF_RECORD_COUNTERS], 2);
	assert_int_equal(types[PROFBUF_RECORD_SYMBOL], 3);
	generate_free(&g);
}

static void test_cut_record_is_no_data(void **state)
{
	struct generated g = { 0 };

	(void)state;
	generate_info(&g, 1);
	generate_lost(&g, 1, 0, 1);
	assert_int_equal(next(&g, g.n * 8 - 8, 1), -ENODATA);
	assert_int_equal(next(&g, g.n * 8, 1), 1);
	assert_int_equal(next(&g, g.n * 8, 2), 0);
	assert_int_equal(next(&g, 0, 0), 0);
	generate_free(&g);
}

static void test_other_files_are_not_streams(void **state)
{
	struct generated g = { 0 };
	struct profbuf_stream_info *info;

	(void)state;
	generate_info(&g, 1);
	info = (void *)g.words;
	info->magic++;
	assert_int_equal(next(&g, g.n * 8, 0), -EBADMSG);
	info->magic = __builtin_bswap64(PROFBUF_MAGIC);
	assert_int_equal(next(&g, g.n * 8, 0), -EPROTO);
	info->magic = PROFBUF_MAGIC;
	info->abi_version++;
	assert_int_equal(next(&g, g.n * 8, 0), -EPROTO);
	info->abi_version--;
	info->type = PROFBUF_RECORD_SAMPLE;
	assert_int_equal(next(&g, g.n * 8, 0), -EBADMSG);
	info->type = PROFBUF_RECORD_INFO;
	assert_int_equal(next(&g, g.n * 8, 0), 1);
	generate_free(&g);
}

/* Each change makes a record that is right otherwise one that is refused. */
#define REFUSED(make, change) do { \
	struct generated g = { 0 }; \
	struct profbuf_record *r; \
	size_t at; \
	generate_info(&g, 2); \
	at = g.n; \
	make; \
	r = (struct profbuf_record *)(g.words + at); \
	assert_int_equal(next(&g, g.n * 8, 1), 1); \
	change; \
	assert_int_equal(next(&g, g.n * 8, 1), -EBADMSG); \
	generate_free(&g); \
} while (0)

#define AS(name)	((struct profbuf_##name *)r)

static const uint64_t frames[2] = { 1, 2 };

static void test_damaged_records_are_refused(void **state)
{
	(void)state;
	REFUSED(generate_lost(&g, 1, 0, 1), r->len = 0);
	REFUSED(generate_lost(&g, 1, 0, 1), r->len = 2);
	REFUSED(generate_lost(&g, 1, 0, 1), r->len = PROFBUF_RECORD_MAX / 8 + 1);
	REFUSED(generate_lost(&g, 1, 0, 1), r->len = UINT64_MAX);
	REFUSED(generate_lost(&g, 1, 0, 1), r->len = 6);
	REFUSED(generate_lost(&g, 1, 0, 1), r->cpu = 2);
	REFUSED(generate_sample(&g, 1, 0, 1, NULL, 0, frames, 2), r->cpu = PROFBUF_CPU_NONE);
	REFUSED(generate_sample(&g, 1, 0, 1, NULL, 0, frames, 2), AS(sample)->nr_user = 3);
	REFUSED(generate_sample(&g, 1, 0, 1, NULL, 0, frames, 2), AS(sample)->nr_kernel = 255);
	REFUSED(generate_process(&g, 1, 1, 1, "x", 0), memset(AS(process)->comm, 'x', 16));
	REFUSED(generate_process(&g, 1, 1, 1, "x", 0), r->len--);
	REFUSED(generate_mapping(&g, 1, 1, 1, 2, 0, "/x"), AS(mapping)->end = 1);
	REFUSED(generate_mapping(&g, 1, 1, 1, 2, 0, "/x"), AS(mapping)->build_id_len = 25);
	REFUSED(generate_mapping(&g, 1, 1, 1, 2, 0, "/x"), memset(AS(mapping)->path, 'x', 8));
	REFUSED(generate_rate(&g, 1, 0, 2), AS(rate)->stride = 0);
	REFUSED(generate_module(&g, 1, 2, "nfs"), AS(module)->end = 1);
	REFUSED(generate_module(&g, 1, 2, "nfs"), AS(module)->name[0] = 0);
	REFUSED(generate_module(&g, 1, 2, "nfs"), memset(AS(module)->name, 'x', 64));
	REFUSED(generate_rate(&g, 1, 0, 2), AS(rate)->cpu = 2);
	REFUSED(generate_marker(&g, 1, "text"), AS(marker)->misc = 8);
	REFUSED(generate_marker(&g, 1, "text"), AS(marker)->misc = UINT32_MAX);
	REFUSED(generate_marker(&g, 1, "text"), AS(marker)->misc = 3);
	REFUSED(generate_symbol(&g, 0, 1, 2, "a", ""), AS(symbol_record)->end = 1);
	REFUSED(generate_symbol(&g, 0, 1, 2, "abcdef", ""), memset(AS(symbol_record)->text, 'x', 8));
	REFUSED(generate_jit_symbol(&g, 1, 1, 1, 2, "a"), AS(jit_symbol_record)->end = 1);
	REFUSED(generate_jit_symbol(&g, 1, 1, 1, 2, "abcdefg"), memset(AS(jit_symbol_record)->name, 'x', 8));
	REFUSED(generate_jit_symbol(&g, 1, 1, 1, 2, "a"), r->len--);
	REFUSED(generate_stack(&g, 0, NULL, 0, frames, 2), AS(stack_record)->nr_user = 3);
	REFUSED(generate_stack(&g, 0, NULL, 0, frames, 2), AS(stack_record)->nr_kernel = 1);
	REFUSED(generate_stack(&g, 0, NULL, 0, frames, 2), r->len = 3);
	REFUSED(generate_tag(&g, 1, 1, 1, PROFBUF_TAG_LABELS, "a\0b", 4), AS(tag)->bytes = 9);
	REFUSED(generate_tag(&g, 1, 1, 1, PROFBUF_TAG_LABELS, "a\0b", 4), AS(tag)->bytes = UINT16_MAX);
	REFUSED(generate_tag(&g, 1, 1, 1, PROFBUF_TAG_LABELS, NULL, 0), r->len--);
	REFUSED(generate_tag_lost(&g, 1, 1, 1), r->len--);
	REFUSED(generate_life(&g, PROFBUF_RECORD_EXEC, 1, 1, "x"), memset(AS(life)->comm, 'x', 16));
	REFUSED(generate_life(&g, PROFBUF_RECORD_EXIT, 1, 1, "x"), memset(AS(life)->comm, 'x', 16));
	REFUSED(generate_life(&g, PROFBUF_RECORD_EXIT, 1, 1, "x"), r->len--);
	REFUSED(generate_thread(&g, 1, 1, 1, "x"), memset(AS(thread)->comm, 'x', 16));
	REFUSED(generate_otel_keys(&g, 1, 1, "a\0b", 2, 4), r->misc = 7);
	REFUSED(generate_otel_keys(&g, 1, 1, "a\0b", 2, 4), r->misc = UINT32_MAX);
	REFUSED(generate_otel_keys(&g, 1, 1, "abcdefg", 1, 8), memset(AS(otel_keys_record)->text, 'x', 8));
	REFUSED(generate_cgroup(&g, 1, "/x"), memset(AS(cgroup_record)->path, 'x', 8));
	REFUSED(generate_cgroup(&g, 1, ""), r->len--);
	REFUSED(generate_stack_sample(&g, 1, 0, 1, 0, 0, 2), r->cpu = 2);
	REFUSED(generate_stack_sample(&g, 1, 0, 1, 0, 0, 2), r->len--);
}

static void test_second_info_is_refused(void **state)
{
	struct generated g = { 0 };

	(void)state;
	generate_info(&g, 2);
	generate_info(&g, 2);
	assert_int_equal(next(&g, g.n * 8, 1), -EBADMSG);
	generate_free(&g);
}

static void test_unknown_records_are_passed_over(void **state)
{
	struct generated g = { 0 };

	(void)state;
	generate_info(&g, 1);
	generate(&g, 777, 1, 0, 5);
	generate_lost(&g, 1, 0, 1);
	assert_int_equal(next(&g, g.n * 8, 2), 1);
	generate_free(&g);
}

static void test_records_that_grew_are_read(void **state)
{
	struct generated g = { 0 };

	(void)state;
	generate_info(&g, 1);
	memset(g.words + g.n, 0xff, 80);
	g.words[0] += 2;
	g.n += 2;
	generate_lost(&g, 1, 0, 1);
	assert_int_equal(next(&g, g.n * 8, 1), 1);
	generate_free(&g);
}

/* Files */

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

/* More than the reader's buffer, so that records lie across its end. */
static void test_long_file(void **state)
{
	struct generated g = { 0 };
	int end;

	(void)state;
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

static void test_compressed_file(void **state)
{
	struct generated g = { 0 };
	size_t room, n;
	void *packed;
	FILE *f;
	int end;

	(void)state;
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

static void test_files_that_are_none(void **state)
{
	struct profbuf_profile *profile;
	FILE *f;

	(void)state;
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

/* Records the reader gives before it ends with @end; their words go to @to, if it is not NULL. */
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

static void test_stacks_are_put_back_into_samples(void **state)
{
	static const uint64_t user[] = { 7, 8, 9 };
	struct generated g = { 0 }, plain = { 0 }, got = { 0 };

	(void)state;
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
	/* All over again. */
	generate_stack(&g, 0, NULL, 0, frames, 1);
	generate_stack_sample(&g, 4, 1, 5, 0, 0, 1);
	/* Kernel or not, and nothing else, is by the first of them. */
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

/* Each time the records before the wrong one are given; the same without the mistake is right, see above. */
static void test_wrong_stacks_are_refused(void **state)
{
	for (int i = 0; i < 8; i++) {
		struct generated g = { 0 };

		generate_info(&g, 1);
		if (i == 0)			/* no stack at all */
			generate_stack_sample(&g, 1, 0, 5, 0, 0, 2);
		if (i == 1)			/* ids do not begin with 0 */
			generate_stack(&g, 1, NULL, 0, frames, 2);
		generate_stack(&g, 0, NULL, 0, frames, 2);
		if (i == 2)			/* one is left out */
			generate_stack(&g, 2, NULL, 0, frames, 2);
		generate_stack(&g, 1, NULL, 0, frames, 1);
		if (i == 3)			/* the same once more */
			generate_stack(&g, 1, NULL, 0, frames, 1);
		generate_stack(&g, 0, NULL, 0, frames, 2);
		if (i == 4)			/* forgotten */
			generate_stack_sample(&g, 1, 0, 5, 1, 0, 1);
		if (i == 5)			/* not as long as that */
			generate_stack_sample(&g, 1, 0, 5, 0, 0, 1);
		if (i == 6)			/* kernel frames, there user frames */
			generate_stack_sample(&g, 1, 0, 5, 0, 2, 0);
		if (i == 7)			/* kernel frames, there none */
			generate_stack_sample(&g, 1, 0, 5, 0, 1, 2);
		generate_stack_sample(&g, 1, 0, 5, 0, 0, 2);
		assert_int_equal(read_all(&g, NULL, -EBADMSG), 1);
		generate_free(&g);
	}
	(void)state;
}

/* What the writer makes of a stream, in the file. Return: its length. */
static size_t convert(const struct generated *g, bool raw, size_t flush_every)
{
	const struct profbuf_record *r;
	struct profbuf_writer *w;
	struct profbuf_stream s;
	FILE *f = fopen(path, "w");
	size_t n = 0, bytes;

	assert_int_equal(profbuf_writer_open(&w, fileno(f), raw), 0);
	profbuf_stream_init(&s, g->words, g->n * 8);
	while (profbuf_stream_next(&s, &r) == 1) {
		assert_int_equal(profbuf_writer_add(w, r), 0);
		if (flush_every && !(++n % flush_every))
			assert_int_equal(profbuf_writer_flush(w), 0);
	}
	assert_int_equal(profbuf_writer_flush(w), 0);
	bytes = profbuf_writer_bytes(w);
	assert_int_equal(profbuf_writer_close(w), 0);
	fclose(f);
	return bytes;
}

/* The records of the file are the first of the stream. Return: how many. */
static size_t check_begin(const struct generated *g, int *end)
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

/* Samples the compact form has no room for are kept too: empty ones, ones that grew, ones that go on elsewhere. */
static void test_compact_file_has_the_same_records(void **state)
{
	struct generated g;
	size_t at;
	int end;

	(void)state;
	generate_example(&g);
	generate_sample(&g, 1, 0, 5, NULL, 0, NULL, 0);
	generate_sample(&g, 1, 0, 5, NULL, 0, frames, 2);
	((struct profbuf_sample *)(g.words + g.n - 8))->stack = 99;
	at = g.n;
	generate_sample(&g, 1, 0, 5, NULL, 0, frames, 2);
	generate_sample(&g, 1, 0, 5, NULL, 0, frames, 2);
	/* The second of these becomes the end of the first. */
	g.words[at] *= 2;
	generate_lost(&g, 1, 0, 1);
	for (int raw = 0; raw < 2; raw++) {
		convert(&g, raw, 10);
		assert_int_equal(check_begin(&g, &end), 99);
		assert_int_equal(end, 0);
	}
	generate_free(&g);
}

/* A deep stack each: no two are equal, and more of them than are remembered. */
static void test_more_stacks_than_are_remembered(void **state)
{
	struct generated g = { 0 };
	uint64_t user[127];
	int end;

	(void)state;
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

/* Cut anywhere: no other error, no record that is not there, and all that was flushed before. */
static void test_compact_file_cut_anywhere(void **state)
{
	struct generated g;
	size_t bytes, at, n, last = SIZE_MAX;
	int end;

	(void)state;
	generate_example(&g);
	bytes = convert(&g, false, 10);
	for (at = bytes; at > 0; at--) {
		assert_int_equal(truncate(path, at), 0);
		n = check_begin(&g, &end);
		if (at < 4)		/* nothing says what it was to be */
			assert_true(end < 0);
		else
			assert_int_equal(end, -ENODATA);
		if (at == bytes)	/* the end of the frame is missing, and nothing else */
			assert_int_equal(n, 95);
		/* Every ten were flushed: those come or go together. */
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

/* One bit that is wrong, anywhere: an error, or it meant nothing. */
static void test_damaged_compact_file(void **state)
{
	const struct profbuf_record *r;
	struct profbuf_reader *reader;
	struct generated g;
	size_t bytes;
	int end;

	(void)state;
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

static void test_writer_says_what_went_wrong(void **state)
{
	struct generated g;
	struct profbuf_writer *w;
	FILE *f = fopen("/dev/full", "w");
	uint64_t none[3] = { 2, 0, 0 };

	(void)state;
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

/* After a write that failed no other is tried: what came after a hole would be no stream. */
static void test_writer_stops_at_the_first_error(void **state)
{
	struct rlimit old, limit;
	struct profbuf_writer *w;
	struct generated g;
	struct stat st;
	int fd, end;

	(void)state;
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

/* Accounting */

static enum profbuf_verdict verdict(const struct generated *g)
{
	struct profbuf_accounting a;
	const struct profbuf_record *r;
	enum profbuf_verdict v;
	struct profbuf_stream s;

	profbuf_stream_init(&s, g->words, g->n * 8);
	assert_int_equal(profbuf_stream_next(&s, &r), 1);
	assert_int_equal(profbuf_accounting_init(&a, (const void *)r), 0);
	while (profbuf_stream_next(&s, &r) == 1)
		profbuf_accounting_add(&a, r);
	profbuf_accounting_check(&a);
	v = a.verdict;
	profbuf_accounting_exit(&a);
	return v;
}

static void test_accounting_is_judged(void **state)
{
	struct generated g;

	(void)state;
	generate_example(&g);
	assert_int_equal(verdict(&g), PROFBUF_EXACT);
	generate_free(&g);
	for (int i = 0; i < 4; i++) {
		g = (struct generated){ 0 };
		generate_info(&g, 2);
		generate_sample(&g, 1, 0, 1, NULL, 0, frames, 2);
		generate_lost(&g, 2, 1, 7);
		g.counters[0].ticks += i == 0;		/* one tick went nowhere */
		g.counters[0].delivered += i == 1;	/* one sample is not in the stream */
		g.counters[0].ticks += i == 1;
		g.counters[1].lost += i == 2;		/* one loss is not */
		g.counters[1].ticks += i == 2;
		generate_end(&g, i == 3 ? 1 : 2);	/* the end of a CPU is missing */
		assert_int_equal(verdict(&g), i == 3 ? PROFBUF_UNFINISHED : PROFBUF_WRONG);
		generate_free(&g);
	}
}

static void test_tags_that_could_not_be_read_are_summed(void **state)
{
	const struct profbuf_accounting *a;
	struct profbuf_profile *profile;
	struct generated g;

	(void)state;
	generate_unread(&g);
	/* A cause of a later version. */
	((struct profbuf_tag_lost *)(g.words + g.n) - 1)->count[7] = 5;
	assert_true(generate_write(&g, path));
	generate_free(&g);
	assert_int_equal(profbuf_profile_read(&profile, path, NULL), 0);
	a = profbuf_profile_accounting(profile);
	assert_int_equal(a->tags_lost[PROFBUF_TAG_FAULT], 3);
	assert_int_equal(a->tags_lost[PROFBUF_TAG_BAD], 1);
	assert_int_equal(profbuf_accounting_tags_lost(a), 9);
	assert_int_equal(a->verdict, PROFBUF_EXACT);
	profbuf_profile_free(profile);
}

/* Each of a part's two ends has to agree with what is in it, also where nothing was sampled. */
static void test_parts_are_judged(void **state)
{
	struct generated g;

	(void)state;
	generate_second(&g);
	assert_int_equal(verdict(&g), PROFBUF_PART);
	generate_sample(&g, 700000000, 0, 100, NULL, 0, frames, 1);
	assert_int_equal(verdict(&g), PROFBUF_WRONG);
	generate_free(&g);
	generate_third(&g);
	assert_int_equal(verdict(&g), PROFBUF_EXACT);
	generate_lost(&g, 700000000, 1, 1);
	assert_int_equal(verdict(&g), PROFBUF_WRONG);
	generate_free(&g);
	/* Of a part whose next one is not that which follows, no more is known than that it ended. */
	g = (struct generated){ 0 };
	generate_info(&g, 1);
	generate_part(&g, 1, 1, 2);
	generate_sample(&g, 2, 0, 100, NULL, 0, frames, 1);
	generate_part(&g, 3, 1, 4);
	assert_int_equal(verdict(&g), PROFBUF_UNFINISHED);
	generate_free(&g);
}

/* Sideband */

struct emitted {
	char text[256];
	size_t n;
};

static int note(const struct profbuf_record *r, void *context)
{
	struct emitted *e = context;
	const char *word = "?";

	if (r->type == PROFBUF_RECORD_PROCESS)
		word = ((const struct profbuf_process *)r)->comm;
	else if (r->type == PROFBUF_RECORD_MAPPING)
		word = ((const struct profbuf_mapping *)r)->path;
	else if (r->type == PROFBUF_RECORD_THREAD)
		word = ((const struct profbuf_thread *)r)->comm;
	else if (r->type == PROFBUF_RECORD_MODULE)
		word = ((const struct profbuf_module *)r)->name;
	else if (r->type == PROFBUF_RECORD_RATE)
		word = ((const struct profbuf_rate *)r)->stride != 4 ? "rate" : r->cpu ? "fourth" : "quarter";
	e->n += snprintf(e->text + e->n, sizeof(e->text) - e->n, "%s ", word);
	return !strcmp(word, "stop") ? -ECANCELED : 0;
}

static void add_sideband(struct profbuf_sideband *s, const struct generated *g)
{
	for (size_t at = 0; at < g->n; at += g->words[at])
		assert_int_equal(profbuf_sideband_add(s, (const void *)(g->words + at)), 0);
}

static void check_emitted(struct profbuf_sideband *s, const char *wanted)
{
	struct emitted e = { 0 };

	assert_int_equal(profbuf_sideband_emit(s, note, &e), 0);
	assert_string_equal(e.text, wanted);
}

/* The last description of each; what ended once more. */
static void test_sideband_in_force(void **state)
{
	struct profbuf_sideband *s;
	struct emitted e = { 0 };
	struct generated g = { 0 };

	(void)state;
	assert_int_equal(profbuf_sideband_new(&s), 0);
	check_emitted(s, "");
	generate_info(&g, 1);
	generate_mapping(&g, 9, 9, 1, 2, 0, "/nobody");
	generate_process(&g, 1, 7, 1, "old", 1);
	generate_mapping(&g, 7, 1, 1, 2, 0, "/old");
	generate_process(&g, 2, 8, 1, "other", 0);
	generate_process(&g, 3, 7, 1, "new", 2);
	generate_mapping(&g, 7, 1, 1, 2, 0, "/new");
	generate_mapping(&g, 7, 1, 3, 4, 0, "/more");
	generate_process(&g, 4, 7, 2, "pid again", 0);
	generate_thread(&g, 50, 7, 70, "first");
	generate_thread(&g, 50, 7, 70, "second");
	generate_thread(&g, 50, 8, 80, "third");
	generate_module(&g, 100, 200, "nfs");
	generate_rate(&g, 5, 0, 2);
	generate_rate(&g, 5, 1, 4);
	generate_rate(&g, 6, 0, 4);
	generate_sample(&g, 5, 0, 7, NULL, 0, frames, 1);
	add_sideband(s, &g);
	check_emitted(s, "new /new /more other pid again second third nfs quarter fourth ");
	check_emitted(s, "new /new /more other pid again second third nfs quarter fourth ");
	generate_free(&g);

	generate_life(&g, PROFBUF_RECORD_EXIT, 50, 7, "new");
	((struct profbuf_life *)g.words)->start_time = 1;
	add_sideband(s, &g);
	check_emitted(s, "new /new /more other pid again second third nfs quarter fourth ");
	check_emitted(s, "other pid again third nfs quarter fourth ");
	generate_process(&g, 6, 8, 1, "stop", 0);
	add_sideband(s, &g);
	assert_int_equal(profbuf_sideband_emit(s, note, &e), -ECANCELED);
	profbuf_sideband_free(s);
	profbuf_sideband_free(NULL);
	generate_free(&g);
}

/* Profiles */

static struct profbuf_profile *profile_of(const struct generated *g)
{
	struct profbuf_profile *profile;

	assert_true(generate_write(g, path));
	assert_int_equal(profbuf_profile_read(&profile, path, NULL), 0);
	return profile;
}

static const char *symbol_at(const struct profbuf_profile *p, const struct profbuf_stack *stack, unsigned int frame)
{
	const struct profbuf_frame *f;

	profbuf_profile_frames(p, &f);
	return f[stack->frames[frame]].symbol->name;
}

static void test_equal_stacks_are_one(void **state)
{
	const struct profbuf_program *const *programs;
	const struct profbuf_stack *stacks;
	const struct profbuf_event *events;
	struct profbuf_profile *p;
	struct generated g;

	(void)state;
	generate_example(&g);
	p = profile_of(&g);
	assert_int_equal(profbuf_profile_events(p, &events), 80);
	assert_int_equal(profbuf_profile_stacks(p, &stacks), 3);
	assert_int_equal(profbuf_profile_programs(p, &programs), 2);
	assert_string_equal(programs[stacks[events[0].stack].program]->comm, "alpha one");
	assert_int_equal(stacks[0].nr_kernel, 3);
	assert_string_equal(symbol_at(p, &stacks[0], 0), "copy_page");
	assert_string_equal(symbol_at(p, &stacks[0], 1), "ext4_read");
	assert_string_equal(symbol_at(p, &stacks[0], 2), "do_syscall_64");
	assert_string_equal(symbol_at(p, &stacks[0], 3), "[alpha]");
	profbuf_profile_sort(p);
	profbuf_profile_events(p, &events);
	assert_int_equal(events[0].time, 1000000);
	assert_string_equal(programs[stacks[events[0].stack].program]->comm, "beta");
	profbuf_profile_free(p);
	generate_free(&g);
}

/* Each sample belongs to the description in force at its time, one before the first to the first. */
static void test_descriptions_have_their_times(void **state)
{
	static const char *const expected[] = { "old", "old", "new", "new", ":8", "swapper" };
	static const uint64_t times[] = { 5, 15, 20, 30, 40, 50 };
	static const uint32_t pids[] = { 7, 7, 7, 7, 8, 0 };
	const struct profbuf_program *const *programs;
	const struct profbuf_stack *stacks;
	const struct profbuf_event *events;
	struct generated g = { 0 };
	struct profbuf_profile *p;

	(void)state;
	generate_info(&g, 1);
	generate_process(&g, 20, 7, 1, "new", 0);
	generate_process(&g, 10, 7, 1, "old", 0);
	for (int i = 0; i < 6; i++)
		generate_sample(&g, times[i], 0, pids[i], NULL, 0, frames, 1);
	p = profile_of(&g);
	assert_int_equal(profbuf_profile_events(p, &events), 6);
	profbuf_profile_stacks(p, &stacks);
	profbuf_profile_programs(p, &programs);
	for (int i = 0; i < 6; i++)
		assert_string_equal(programs[stacks[events[i].stack].program]->comm, expected[i]);
	profbuf_profile_free(p);
	generate_free(&g);
}

/* A process that is described again on its way out keeps the mappings it had, and its name; another one has its own. */
static void test_exiting_processes_keep_their_mappings(void **state)
{
	/* pid, start_time, name of the exiting one's description; what a sample after it belongs to, and is shown as */
	static const struct { uint32_t pid; uint64_t start_time; const char *comm, *expected, *symbol; } cases[] = {
		{ 7, 1, "thread", "seven", "[seven]" },
		{ 7, 0, "thread", "seven", "[seven]" },
		{ 7, 2, "another", "another", "[unknown]" },
		{ 8, 0, "thread", "thread", "[unknown]" },
	};
	static const uint64_t address = 0x400010;

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct profbuf_program *const *programs;
		const struct profbuf_program *program;
		const struct profbuf_stack *stacks;
		const struct profbuf_event *events;
		struct generated g = { 0 };
		struct profbuf_profile *p;
		size_t at;

		generate_info(&g, 1);
		generate_process(&g, 10, 7, 1, "seven", 1);
		generate_mapping(&g, 7, 1, 0x400000, 0x500000, 0, "/nonexistent/seven");
		at = g.n;
		generate_process(&g, 20, cases[i].pid, cases[i].start_time, cases[i].comm, 0);
		((struct profbuf_process *)(g.words + at))->misc = PROFBUF_PROCESS_EXITING;
		generate_sample(&g, 30, 0, cases[i].pid, NULL, 0, &address, 1);
		p = profile_of(&g);
		assert_int_equal(profbuf_profile_events(p, &events), 1);
		profbuf_profile_stacks(p, &stacks);
		profbuf_profile_programs(p, &programs);
		program = programs[stacks[events[0].stack].program];
		assert_string_equal(program->comm, cases[i].expected);
		assert_false(program->kernel);
		assert_string_equal(symbol_at(p, &stacks[events[0].stack], 0), cases[i].symbol);
		profbuf_profile_free(p);
		generate_free(&g);
	}
}

/* A kernel address without a symbol has at least its module. */
static void test_kernel_addresses_have_their_module(void **state)
{
	static const uint64_t kernel[] = {
		0xffffffffc0001010, 0xffffffffc0002000, 0xffffffffc0000fff, 0xffffffffc0001100,
	};
	static const char *const names[] = { "nfs+0x10", "[kernel]", "[kernel]", "nfs_read" };
	const struct profbuf_stack *stacks;
	const struct profbuf_event *events;
	const struct profbuf_frame *f;
	struct generated g = { 0 };
	struct profbuf_profile *p;

	(void)state;
	generate_info(&g, 1);
	generate_module(&g, 0xffffffffc0001000, 0xffffffffc0002000, "nfs");
	for (int i = 0; i < 4; i++)
		generate_sample(&g, 10 + i, 0, 0, kernel + i, 1, NULL, 0);
	generate_symbol(&g, 0, 0xffffffffc0001100, 0xffffffffc0001200, "nfs_read", "nfs");
	p = profile_of(&g);
	assert_int_equal(profbuf_profile_events(p, &events), 4);
	profbuf_profile_stacks(p, &stacks);
	profbuf_profile_frames(p, &f);
	for (int i = 0; i < 4; i++) {
		assert_string_equal(symbol_at(p, &stacks[events[i].stack], 0), names[i]);
		assert_int_equal(f[stacks[events[i].stack].frames[0]].symbol->unknown, i < 3);
		assert_string_equal(f[stacks[events[i].stack].frames[0]].symbol->object->name,
				    i % 3 ? "[kernel]" : "[nfs]");
	}
	profbuf_profile_free(p);
	generate_free(&g);
}

/* Where the rate was lowered, a sample counts for all periods that it stands for, wherever the stream says so. */
static void test_samples_stand_for_what_was_left_out(void **state)
{
	static const uint64_t times[] = { 5, 10, 15, 20, 25 };
	static const uint64_t first[] = { 1, 1, 8, 2, 2 }, second[] = { 1, 3, 3, 3, 1 };
	const struct profbuf_event *events;
	struct generated g = { 0 };
	struct profbuf_profile *p;

	(void)state;
	generate_info(&g, 2);
	generate_rate(&g, 16, 0, 2);
	for (int i = 0; i < 5; i++) {
		generate_sample(&g, times[i], 0, 7, NULL, 0, frames, 1);
		generate_sample(&g, times[i], 1, 7, NULL, 0, frames, 1);
	}
	generate_rate(&g, 8, 1, 3);
	generate_rate(&g, 25, 1, 1);
	generate_rate(&g, 11, 0, 8);
	generate_end(&g, 2);
	p = profile_of(&g);
	assert_int_equal(profbuf_profile_events(p, &events), 10);
	for (int i = 0; i < 10; i++)
		assert_int_equal(events[i].weight, (events[i].cpu ? second : first)[i / 2]);
	assert_int_equal(profbuf_profile_accounting(p)->verdict, PROFBUF_EXACT);
	assert_int_equal(profbuf_profile_accounting(p)->rate_changes, 4);
	assert_int_equal(profbuf_profile_accounting(p)->max_stride, 8);
	profbuf_profile_free(p);
	generate_free(&g);
}

/* Adds what is between two places of the stream. */
static void add_words(struct profbuf_profile *p, struct profbuf_stream *s, size_t end)
{
	const struct profbuf_record *r;

	while (s->at < end) {
		assert_int_equal(profbuf_stream_next(s, &r), 1);
		assert_int_equal(profbuf_profile_add(p, r), 0);
	}
}

/* What is forgotten is gone, what explains the next samples is not. */
static void test_a_profile_forgets_samples_only(void **state)
{
	const struct profbuf_program *const *programs;
	const struct profbuf_stack *stacks;
	const struct profbuf_event *events;
	struct generated g = { 0 };
	struct profbuf_profile *p;
	struct profbuf_stream s;
	size_t ends[3];

	(void)state;
	generate_info(&g, 1);
	generate_symbol(&g, 0, 0xffffffff81000000, 0xffffffff81000100, "copy_page", "");
	generate_process(&g, 1, 7, 1, "alpha", 0);
	generate_sample(&g, 2, 0, 7, NULL, 0, frames, 1);
	generate_sample(&g, 3, 0, 8, NULL, 0, frames, 2);
	ends[0] = g.n;
	generate_sample(&g, 4, 0, 7, (const uint64_t[]){ 0xffffffff81000010 }, 1, NULL, 0);
	ends[1] = g.n;
	generate_process(&g, 5, 8, 1, "beta", 0);
	generate_sample(&g, 6, 0, 8, NULL, 0, frames, 2);
	ends[2] = g.n;

	assert_int_equal(profbuf_profile_new(&p, NULL), 0);
	assert_int_equal(profbuf_profile_resolve(p), -ENODATA);
	profbuf_stream_init(&s, g.words, g.n * 8);
	add_words(p, &s, ends[0]);
	assert_int_equal(profbuf_profile_resolve(p), 0);
	assert_int_equal(profbuf_profile_events(p, &events), 2);
	assert_int_equal(profbuf_profile_stacks(p, &stacks), 2);

	profbuf_profile_forget(p);
	assert_int_equal(profbuf_profile_events(p, &events), 0);
	add_words(p, &s, ends[1]);
	assert_int_equal(profbuf_profile_resolve(p), 0);
	assert_int_equal(profbuf_profile_events(p, &events), 1);
	assert_int_equal(events[0].time, 4);
	profbuf_profile_stacks(p, &stacks);
	profbuf_profile_programs(p, &programs);
	assert_string_equal(symbol_at(p, &stacks[events[0].stack], 0), "copy_page");
	assert_string_equal(programs[stacks[events[0].stack].program]->comm, "alpha");

	/* Without forgetting, what was looked up before stays as it is. */
	add_words(p, &s, ends[2]);
	assert_int_equal(profbuf_profile_resolve(p), 0);
	assert_int_equal(profbuf_profile_events(p, &events), 2);
	profbuf_profile_stacks(p, &stacks);
	profbuf_profile_programs(p, &programs);
	assert_string_equal(symbol_at(p, &stacks[events[0].stack], 0), "copy_page");
	assert_string_equal(programs[stacks[events[1].stack].program]->comm, "beta");
	assert_int_equal(profbuf_profile_accounting(p)->sum.samples, 4);
	profbuf_profile_free(p);
	generate_free(&g);
}

static void test_samples_without_addresses_have_a_frame(void **state)
{
	const struct profbuf_stack *stacks;
	struct generated g = { 0 };
	struct profbuf_profile *p;

	(void)state;
	generate_info(&g, 1);
	generate_sample(&g, 1, 0, 7, NULL, 0, NULL, 0);
	p = profile_of(&g);
	assert_int_equal(profbuf_profile_stacks(p, &stacks), 1);
	assert_string_equal(symbol_at(p, &stacks[0], 0), "[unknown]");
	profbuf_profile_free(p);
	generate_free(&g);
}

/* Tags */

/* The labels of event @i, as text. */
static const char *labels_of(const struct profbuf_profile *p, size_t i)
{
	static char text[1024];
	const struct profbuf_labels *const *all, *set;
	const struct profbuf_event *events;
	size_t at = 0, n = profbuf_profile_labels(p, &all);

	profbuf_profile_events(p, &events);
	assert_true(events[i].labels < n);
	set = all[events[i].labels];
	assert_int_equal(set->id, events[i].labels);
	if (set->cause)
		return profbuf_tag_cause_name(set->cause);
	*text = 0;
	for (uint32_t k = 0; k < set->n; k++)
		at += snprintf(text + at, sizeof(text) - at, "%s%s=%s", k ? " " : "", set->all[k].key,
			       set->all[k].value);
	return text;
}

/* One sample of @pid at time 5, with what @make adds: its labels are... */
#define MEANS(make, wanted) do { \
	struct generated g = { 0 }; \
	struct profbuf_profile *p; \
	generate_info(&g, 1); \
	generate_process(&g, 1, 7, 3, "a", 0); \
	generate_tagged(&g, 5, 7, 7, 0x10); \
	make; \
	p = profile_of(&g); \
	assert_string_equal(labels_of(p, 0), wanted); \
	profbuf_profile_free(p); \
	generate_free(&g); \
} while (0)

#define TEXT(text)	generate_tag(&g, 1, 7, 0x10, PROFBUF_TAG_LABELS, text, sizeof(text))
/* Without the zero that C adds. */
#define BYTES(text)	generate_tag(&g, 1, 7, 0x10, PROFBUF_TAG_LABELS, text, sizeof(text) - 1)

static void test_label_sets(void **state)
{
	char many[4 * PROFBUF_LABELS_MAX + 4], longest[PROFBUF_LABELS_BYTES + 1];

	(void)state;
	MEANS(TEXT("b\0002\0a\0001"), "a=1 b=2");
	MEANS(BYTES(""), "");
	MEANS(TEXT("a\0"), "a=");
	MEANS(TEXT("a\0001\0a\0002"), "a=1");
	MEANS(TEXT("\xff\0\n\x1b"), "\xff=\n\x1b");
	/* No zero at the end; a key without a value; no key; no meaning. */
	MEANS(BYTES("a\0001"), "bad");
	MEANS(TEXT("a"), "bad");
	MEANS(TEXT("a\0001\0b"), "bad");
	MEANS(TEXT("\0001"), "bad");
	MEANS(TEXT(""), "bad");
	MEANS((void)0, "undefined");
	MEANS(TEXT("a\0001")->cause = PROFBUF_TAG_FAULT, "fault");
	MEANS(TEXT("a\0001")->cause = PROFBUF_TAG_BAD, "bad");
	MEANS(TEXT("a\0001")->cause = 77, "bad");
	MEANS(TEXT("a\0001")->misc = 77, "undefined");
	for (unsigned int i = 0; i <= PROFBUF_LABELS_MAX; i++)
		memcpy(many + 4 * i, (char[]){ 'a' + i, 0, '1', 0 }, 4);
	MEANS(generate_tag(&g, 1, 7, 0x10, PROFBUF_TAG_LABELS, many, 4 * PROFBUF_LABELS_MAX),
	      "a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 k=1 l=1 m=1 n=1 o=1 p=1");
	MEANS(generate_tag(&g, 1, 7, 0x10, PROFBUF_TAG_LABELS, many, sizeof(many)), "bad");
	memset(longest, 'x', sizeof(longest));
	longest[1] = longest[PROFBUF_LABELS_BYTES] = 0;
	MEANS(generate_tag(&g, 1, 7, 0x10, PROFBUF_TAG_LABELS, longest, sizeof(longest)), "bad");
}

/* A tag means what its last definition until then says, before the first what that says; and is of a process. */
static void test_tags_have_their_times(void **state)
{
	static const char *const expected[] = { "v=old", "v=old", "v=new", "v=new", "undefined", "v=out", "v=out", "" };
	struct generated g = { 0 };
	struct profbuf_profile *p;

	(void)state;
	generate_info(&g, 1);
	generate_tag(&g, 20, 7, 0x10, PROFBUF_TAG_LABELS, "v\0new", 6);
	generate_tag(&g, 10, 7, 0x10, PROFBUF_TAG_LABELS, "v\0old", 6);
	generate_tag(&g, 10, 0, PROFBUF_TAG_OUTSIDE | 5, PROFBUF_TAG_LABELS, "v\0out", 6);
	generate_tag(&g, 10, 7, 0x11, PROFBUF_TAG_LABELS, "v\0eleven", 9);
	generate_tagged(&g, 5, 7, 7, 0x10);
	generate_tagged(&g, 19, 7, 8, 0x10);
	generate_tagged(&g, 20, 7, 7, 0x10);
	generate_tagged(&g, 99, 7, 7, 0x10);
	generate_tagged(&g, 15, 9, 9, 0x10);
	generate_tagged(&g, 15, 9, 9, PROFBUF_TAG_OUTSIDE | 5);
	generate_tagged(&g, 15, 7, 7, PROFBUF_TAG_OUTSIDE | 5);
	generate_tagged(&g, 15, 7, 7, 0);
	p = profile_of(&g);
	for (size_t i = 0; i < 8; i++)
		assert_string_equal(labels_of(p, i), expected[i]);
	profbuf_profile_free(p);
	generate_free(&g);
}

#define IDS	"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8"
#define NO_IDS	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define OTEL(text)	generate_tag(&g, 1, 7, 0x10, PROFBUF_TAG_OTEL, text, sizeof(text) - 1)
#define KEYS(start_time, text, n)	generate_otel_keys(&g, 7, start_time, text, n, sizeof(text))

static void test_thread_contexts(void **state)
{
	(void)state;
	MEANS(OTEL(IDS "\1\0\0\0"), "span_id=a1a2a3a4a5a6a7a8 trace_id=0102030405060708090a0b0c0d0e0f10");
	MEANS(OTEL(NO_IDS "\1\0\0\0"), "");
	MEANS(OTEL(NO_IDS "\0\0\0\0"), "bad");
	MEANS(OTEL(NO_IDS "\2\0\0\0"), "bad");
	MEANS(OTEL(NO_IDS "\1\0\0"), "bad");
	MEANS(OTEL(""), "bad");
	MEANS(OTEL(NO_IDS "\1\0\3\0\4\1x"), "attr4=x");
	/* Cut off, by its own size and by the record's; the last value of a key. */
	MEANS(OTEL(NO_IDS "\1\0\6\0\4\1x\5\2y"), "attr4=x");
	MEANS(OTEL(NO_IDS "\1\0\xff\xff\4\1x\5"), "attr4=x");
	MEANS(OTEL(NO_IDS "\1\0\3\0\4\1x\5\1y"), "attr4=x");
	MEANS(OTEL(NO_IDS "\1\0\6\0\4\1x\4\1y"), "attr4=y");
	MEANS(OTEL(NO_IDS "\1\0\5\0\4\3x\0y"), "attr4=x");
	/* Names: the last record of the process, or of whichever has the pid; not another's; no name is none. */
	MEANS({ OTEL(NO_IDS "\1\0\6\0\0\1x\1\1y"); KEYS(3, "k", 1); }, "attr1=y k=x");
	MEANS({ OTEL(NO_IDS "\1\0\6\0\0\1x\1\1y"); KEYS(3, "k", 1); KEYS(3, "k\0l", 2); }, "k=x l=y");
	MEANS({ OTEL(NO_IDS "\1\0\3\0\0\1x"); KEYS(4, "k", 1); }, "attr0=x");
	MEANS({ OTEL(NO_IDS "\1\0\3\0\0\1x"); KEYS(0, "k", 1); }, "k=x");
	MEANS({ OTEL(NO_IDS "\1\0\3\0\0\1x"); KEYS(3, "right", 1); KEYS(0, "k", 1); }, "right=x");
	MEANS({ OTEL(NO_IDS "\1\0\6\0\0\1x\1\1y"); KEYS(3, "\0l", 2); }, "attr0=x l=y");
	MEANS({ OTEL(NO_IDS "\1\0\6\0\0\1x\1\1y"); KEYS(3, "k\0k", 2); }, "k=x");
}

static void test_equal_label_sets_are_one(void **state)
{
	const struct profbuf_labels *const *all;
	const struct profbuf_event *events;
	struct profbuf_profile *p;
	struct generated g;
	int end;

	(void)state;
	generate_tags(&g);
	p = profile_of(&g);
	assert_int_equal(profbuf_profile_events(p, &events), 100);
	assert_int_equal(events[0].labels, events[30].labels);
	assert_int_not_equal(events[0].labels, events[20].labels);
	assert_int_equal(events[45].labels, 0);
	assert_string_equal(labels_of(p, 60), "attr5=x http.route=/b span_id=a1a2a3a4a5a6a7a8 tenant=acme "
					      "trace_id=0102030405060708090a0b0c0d0e0f10");
	assert_int_equal(profbuf_profile_labels(p, &all), 8);
	profbuf_profile_free(p);
	/* The compact form passes all of it through. */
	convert(&g, false, 10);
	assert_int_equal(check_begin(&g, &end), 121);
	assert_int_equal(end, 0);
	generate_free(&g);
}

static bool is_of_thread(const struct profbuf_event *e, const void *context)
{
	return e->tid == *(const uint32_t *)context;
}

static void test_threads_have_names_and_events_are_kept(void **state)
{
	const struct profbuf_thread_name *threads;
	const struct profbuf_event *events;
	const uint32_t tid = 101;
	struct profbuf_profile *p;
	struct generated g;

	(void)state;
	generate_tags(&g);
	p = profile_of(&g);
	profbuf_profile_events(p, &events);
	assert_int_equal(profbuf_profile_threads(p, &threads), 2);
	assert_string_equal(profbuf_profile_thread_name(p, &events[0]), "web");
	assert_int_equal(profbuf_profile_thread(p, &events[0]), PROFBUF_NO_THREAD);
	assert_string_equal(profbuf_profile_thread_name(p, &events[30]), "worker");
	assert_string_equal(profbuf_profile_thread_name(p, &events[54]), "worker");
	assert_string_equal(profbuf_profile_thread_name(p, &events[55]), "idler");
	assert_int_equal(threads[profbuf_profile_thread(p, &events[55])].tid, 101);
	profbuf_profile_keep(p, is_of_thread, &tid);
	assert_int_equal(profbuf_profile_events(p, &events), 30);
	for (size_t i = 0; i < 30; i++)
		assert_int_equal(events[i].tid, 101);
	assert_int_equal(profbuf_profile_resolve(p), 0);
	assert_int_equal(profbuf_profile_events(p, &events), 30);
	profbuf_profile_free(p);
	generate_free(&g);
}

/* The same name again is the same thread, whatever it was called in between. */
static void test_a_thread_gets_its_name_back(void **state)
{
	const struct profbuf_event *events;
	struct generated g = { 0 };
	struct profbuf_profile *p;

	(void)state;
	generate_info(&g, 1);
	generate_thread(&g, 10, 7, 8, "a");
	generate_thread(&g, 20, 7, 8, "b");
	generate_thread(&g, 30, 7, 8, "a");
	generate_thread(&g, 10, 9, 8, "other");
	for (int time = 5; time < 40; time += 10)
		generate_tagged(&g, time, 7, 8, 0);
	generate_tagged(&g, 35, 9, 8, 0);
	generate_tagged(&g, 5, 9, 8, 0);
	p = profile_of(&g);
	profbuf_profile_events(p, &events);
	assert_int_equal(profbuf_profile_thread(p, &events[0]), profbuf_profile_thread(p, &events[1]));
	assert_int_equal(profbuf_profile_thread(p, &events[1]), profbuf_profile_thread(p, &events[3]));
	assert_string_equal(profbuf_profile_thread_name(p, &events[2]), "b");
	assert_string_equal(profbuf_profile_thread_name(p, &events[4]), "other");
	assert_string_equal(profbuf_profile_thread_name(p, &events[5]), "other");
	profbuf_profile_free(p);
	generate_free(&g);
}

/* Process contexts */

/* attributes: threadlocal.schema_version = tls_v1; threadlocal.attribute_key_map = [http.route, tenant] */
static const char process_context[] =
	"\x12\x26\x0a\x1a" "threadlocal.schema_version" "\x12\x08\x0a\x06" "tls_v1"
	"\x12\x3b\x0a\x1d" "threadlocal.attribute_key_map" "\x12\x1a\x2a\x18"
	"\x0a\x0c\x0a\x0a" "http.route" "\x0a\x08\x0a\x06" "tenant";

static int parse(const char *payload, size_t bytes, char *text)
{
	struct profbuf_otel_keys_record *r = NULL;
	int err = profbuf_otel_keys_parse(payload, bytes, &r);
	const char *at = err ? NULL : r->text;

	*text = 0;
	for (uint32_t i = 0; !err && i < r->misc; i++, at += strlen(at) + 1)
		strcat(strcat(text, at), ";");
	free(r);
	return err;
}

static void test_process_contexts_are_parsed(void **state)
{
	char payload[sizeof(process_context)], text[256];
	size_t n = sizeof(process_context) - 1;

	(void)state;
	assert_int_equal(parse(process_context, n, text), 0);
	assert_string_equal(text, "http.route;tenant;");
	assert_int_equal(parse("", 0, text), -ENOENT);
	memcpy(payload, process_context, sizeof(payload));
	memcpy(strstr(payload, "tls_v1"), "tls_v9", 6);
	assert_int_equal(parse(payload, n, text), -EPROTO);
	memcpy(strstr(payload, "tls_v9"), "tls_v1", 6);
	/* Cut anywhere, or any byte another: whatever comes of it, no harm. */
	for (size_t i = 0; i < n; i++) {
		char *cut = malloc(i + 1);

		memcpy(cut, payload, i);
		parse(cut, i, text);
		free(cut);
		for (int bit = 0; bit < 8; bit++) {
			payload[i] ^= 1 << bit;
			parse(payload, n, text);
			payload[i] ^= 1 << bit;
		}
	}
	assert_int_equal(parse("\x12\x28\x0a", 3, text), -EBADMSG);
}

struct context_header {
	char signature[8];
	uint32_t version, bytes;
	uint64_t published_at, payload;
};

enum publish { PUBLISH_MEMFD, PUBLISH_ANON, PUBLISH_WRONG, PUBLISH_NEVER, PUBLISH_NOWHERE };

/* A process that publishes its context in one of the ways, until its standard input ends. Return: its pid. */
static pid_t publisher(enum publish how, int *pipe_fd)
{
	struct context_header *h = MAP_FAILED;
	int fds[2], ready[2], fd;
	char byte = 'x';
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		close(fds[1]);
		fd = how == PUBLISH_ANON ? -1 : memfd_create("OTEL_CTX", MFD_CLOEXEC);
		if (fd >= 0 && ftruncate(fd, 4096))
			_exit(1);
		h = mmap(NULL, 4096, PROT_READ | PROT_WRITE, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE, fd, 0);
		*h = (struct context_header){
			.version = 2, .bytes = sizeof(process_context) - 1, .published_at = how != PUBLISH_NEVER,
			.payload = how == PUBLISH_NOWHERE ? 8 : (uintptr_t)process_context,
		};
		memcpy(h->signature, how == PUBLISH_WRONG ? "OTEL_CTY" : "OTEL_CTX", 8);
		if (how == PUBLISH_ANON && prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, h, 4096, "OTEL_CTX"))
			byte = '-';
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		_exit(read(fds[0], &byte, 1) != 0);
	}
	close(fds[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	*pipe_fd = fds[1];
	if (byte == 'x')
		return pid;
	/* The kernel has no names for anonymous memory. */
	close(fds[1]);
	waitpid(pid, NULL, 0);
	return 0;
}

static void test_process_contexts_of_processes(void **state)
{
	static const int expected[] = { 0, 0, -EBADMSG, -EAGAIN, -EBADMSG };
	struct profbuf_otel_keys_record *r;
	int fd;

	(void)state;
	for (int how = PUBLISH_MEMFD; how <= PUBLISH_NOWHERE; how++) {
		pid_t pid = publisher(how, &fd);

		if (!pid)
			continue;
		assert_int_equal(profbuf_otel_keys_read(pid, &r), expected[how]);
		if (!expected[how]) {
			assert_int_equal(r->pid, pid);
			assert_int_equal(r->misc, 2);
			assert_string_equal(r->text, "http.route");
			assert_string_equal(r->text + 11, "tenant");
			free(r);
		}
		close(fd);
		waitpid(pid, NULL, 0);
		assert_int_equal(profbuf_otel_keys_read(pid, &r), -ESRCH);
	}
	assert_int_equal(profbuf_otel_keys_read(getpid(), &r), -ENOENT);
}

static int collect(const struct profbuf_record *record, void *context)
{
	struct generated *to = context;

	memcpy(generate(to, 0, 0, 0, record->len - 3), record, record->len * 8);
	return 0;
}

/* What the recorder makes, with the stream before it, is a stream: and names the keys of a real process, once. */
static void test_the_recorder_names_keys_and_cgroups(void **state)
{
	const struct profbuf_program *const *programs;
	struct generated g = { 0 }, made = { 0 };
	struct profbuf_tag_recorder *recorder;
	const struct profbuf_record *r;
	struct profbuf_profile *p;
	struct profbuf_stream s;
	struct stat root;
	size_t at;
	pid_t pid;
	int fd;

	(void)state;
	pid = publisher(PUBLISH_MEMFD, &fd);
	generate_info(&g, 1);
	at = g.n;
	generate_process(&g, 1, pid, 3, "a", 0);
	if (!stat("/sys/fs/cgroup", &root))
		((struct profbuf_process *)(g.words + at))->cgroup = root.st_ino;
	generate_tagged(&g, 5, pid, pid, 0x10);
	for (int i = 0; i < 3; i++)
		generate_tag(&g, 1 + i, pid, 0x10, PROFBUF_TAG_OTEL, NO_IDS "\1\0\6\0\0\1x\1\1y", 34);
	assert_int_equal(profbuf_tag_recorder_new(&recorder), 0);
	profbuf_stream_init(&s, g.words, g.n * 8);
	while (profbuf_stream_next(&s, &r) == 1)
		assert_int_equal(profbuf_tag_recorder_add(recorder, r, collect, &made), 0);
	assert_int_equal(made.words[0], made.n);
	assert_int_equal(profbuf_tag_recorder_emit(recorder, collect, &made), 0);
	profbuf_tag_recorder_free(recorder);
	memcpy(generate(&g, 0, 0, 0, made.n - 3), made.words, made.n * 8);
	p = profile_of(&g);
	assert_string_equal(labels_of(p, 0), "http.route=x tenant=y");
	profbuf_profile_programs(p, &programs);
	/* Where the hierarchy is mounted as the tool expects it. */
	if (made.words[0] != made.n)
		assert_string_equal(programs[0]->cgroup_path, "/");
	profbuf_profile_free(p);
	close(fd);
	waitpid(pid, NULL, 0);
	generate_free(&g);
	generate_free(&made);
}

/* A real file: this program's own function, found by the inode, and not in a file with another one. */
static void test_user_symbols_of_a_real_file(void **state)
{
	unsigned long from, to, offset, self = (unsigned long)&test_user_symbols_of_a_real_file;
	const struct profbuf_stack *stacks;
	struct generated g = { 0 };
	uint64_t start = 0x10000000, addresses[2];
	struct profbuf_profile *p;
	char line[512], exe[256];
	FILE *f = fopen("/proc/self/maps", "r");
	struct stat st;
	size_t mapping;
	ssize_t n;

	(void)state;
	do {
		assert_non_null(fgets(line, sizeof(line), f));
		assert_int_equal(sscanf(line, "%lx-%lx %*s %lx", &from, &to, &offset), 3);
	} while (self < from || self >= to);
	fclose(f);
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	assert_true(n > 0);
	exe[n] = 0;
	assert_int_equal(stat(exe, &st), 0);
	addresses[0] = start + (self - from) + 4;
	addresses[1] = start + (self - from) + 1;	/* returns to: the call is at the byte before */
	generate_info(&g, 1);
	generate_process(&g, 1, 7, 1, "self", 1);
	mapping = g.n;
	generate_mapping(&g, 7, 1, start, start + (to - from), offset, exe);
	((struct profbuf_mapping *)(g.words + mapping))->inode = st.st_ino;
	generate_sample(&g, 2, 0, 7, NULL, 0, addresses, 2);
	p = profile_of(&g);
	profbuf_profile_stacks(p, &stacks);
	assert_string_equal(symbol_at(p, &stacks[0], 0), "test_user_symbols_of_a_real_file");
	assert_string_equal(symbol_at(p, &stacks[0], 1), "test_user_symbols_of_a_real_file");
	profbuf_profile_free(p);

	((struct profbuf_mapping *)(g.words + mapping))->inode++;
	p = profile_of(&g);
	profbuf_profile_stacks(p, &stacks);
	assert_string_equal(symbol_at(p, &stacks[0], 0), "[lib_test]");
	profbuf_profile_free(p);
	generate_free(&g);
}

/* Kernel symbols */

static const char kallsyms[] =
	"ffffffff81000000 T _stext\n"
	"ffffffff81000000 T startup\n"
	"ffffffff81000100 t helper\n"
	"ffffffff81000100 W weak_alias\n"
	"ffffffff81000200 T schedule\n"
	"ffffffff81000300 T _etext\n"
	"ffffffff82000000 D some_data\n"
	"ffffffffc0000000 t init\t[ext4]\n"
	"ffffffffc0000100 t last\t[ext4]\n"
	"nonsense\n";

static void test_kallsyms(void **state)
{
	struct profbuf_kallsyms *k;
	const char *name, *module;
	uint64_t start, end;
	FILE *f = fopen(path, "w");

	(void)state;
	fputs(kallsyms, f);
	fclose(f);
	assert_int_equal(profbuf_kallsyms_load(&k, path), 0);
	assert_true(profbuf_kallsyms_find(k, 0xffffffff81000050, &name, &module, &start, &end));
	assert_string_equal(name, "startup");
	assert_string_equal(module, "");
	assert_true(profbuf_kallsyms_find(k, 0xffffffff810001ff, &name, &module, &start, &end));
	assert_string_equal(name, "helper");
	assert_int_equal(end - start, 0x100);
	assert_true(profbuf_kallsyms_find(k, 0xffffffffc0000001, &name, &module, &start, &end));
	assert_string_equal(name, "init");
	assert_string_equal(module, "ext4");
	assert_false(profbuf_kallsyms_find(k, 0xffffffff81000301, &name, &module, &start, &end));
	assert_false(profbuf_kallsyms_find(k, 0xffffffff82000001, &name, &module, &start, &end));
	assert_false(profbuf_kallsyms_find(k, 5, &name, &module, &start, &end));
	assert_true(profbuf_kallsyms_address(k, "schedule") == 0xffffffff81000200);
	assert_int_equal(profbuf_kallsyms_address(k, "nowhere"), 0);
	profbuf_kallsyms_free(k);
}

static void test_hidden_kallsyms_are_eperm(void **state)
{
	struct profbuf_kallsyms *k;
	FILE *f = fopen(path, "w");

	(void)state;
	fputs("0000000000000000 T startup\n0000000000000000 T schedule\n", f);
	fclose(f);
	assert_int_equal(profbuf_kallsyms_load(&k, path), -EPERM);
	assert_int_equal(profbuf_kallsyms_load(&k, "/nonexistent"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example_has_its_records),
		cmocka_unit_test(test_cut_record_is_no_data),
		cmocka_unit_test(test_other_files_are_not_streams),
		cmocka_unit_test(test_damaged_records_are_refused),
		cmocka_unit_test(test_second_info_is_refused),
		cmocka_unit_test(test_unknown_records_are_passed_over),
		cmocka_unit_test(test_records_that_grew_are_read),
		cmocka_unit_test(test_long_file),
		cmocka_unit_test(test_compressed_file),
		cmocka_unit_test(test_files_that_are_none),
		cmocka_unit_test(test_stacks_are_put_back_into_samples),
		cmocka_unit_test(test_wrong_stacks_are_refused),
		cmocka_unit_test(test_compact_file_has_the_same_records),
		cmocka_unit_test(test_more_stacks_than_are_remembered),
		cmocka_unit_test(test_compact_file_cut_anywhere),
		cmocka_unit_test(test_damaged_compact_file),
		cmocka_unit_test(test_writer_says_what_went_wrong),
		cmocka_unit_test(test_writer_stops_at_the_first_error),
		cmocka_unit_test(test_accounting_is_judged),
		cmocka_unit_test(test_tags_that_could_not_be_read_are_summed),
		cmocka_unit_test(test_parts_are_judged),
		cmocka_unit_test(test_sideband_in_force),
		cmocka_unit_test(test_equal_stacks_are_one),
		cmocka_unit_test(test_descriptions_have_their_times),
		cmocka_unit_test(test_exiting_processes_keep_their_mappings),
		cmocka_unit_test(test_kernel_addresses_have_their_module),
		cmocka_unit_test(test_samples_stand_for_what_was_left_out),
		cmocka_unit_test(test_a_profile_forgets_samples_only),
		cmocka_unit_test(test_samples_without_addresses_have_a_frame),
		cmocka_unit_test(test_label_sets),
		cmocka_unit_test(test_tags_have_their_times),
		cmocka_unit_test(test_thread_contexts),
		cmocka_unit_test(test_equal_label_sets_are_one),
		cmocka_unit_test(test_threads_have_names_and_events_are_kept),
		cmocka_unit_test(test_a_thread_gets_its_name_back),
		cmocka_unit_test(test_process_contexts_are_parsed),
		cmocka_unit_test(test_process_contexts_of_processes),
		cmocka_unit_test(test_the_recorder_names_keys_and_cgroups),
		cmocka_unit_test(test_user_symbols_of_a_real_file),
		cmocka_unit_test(test_kallsyms),
		cmocka_unit_test(test_hidden_kallsyms_are_eperm),
	};
	char command[96];
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/file", dir);
	failed = cmocka_run_group_tests_name("lib", tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) || failed;
}
