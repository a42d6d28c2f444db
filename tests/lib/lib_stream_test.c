// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib_stream_test.c - libprofbuf: right streams and every way to be wrong; accounting; sideband
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib_test.h"
#include "record/sideband.h"

TEST(example_has_its_records)
{
	unsigned int types[2048] = { 0 };
	const struct profbuf_record *r;
	struct profbuf_stream *s;
	struct generated g;

	generate_example(&g);
	assert_int_equal(profbuf_stream_new(&s, g.words, g.n * 8), 0);
	while (profbuf_stream_next(s, &r) == 1)
		types[r->type]++;
	assert_int_equal(profbuf_stream_bytes(s), g.n * 8);
	profbuf_stream_free(s);
	assert_int_equal(types[PROFBUF_RECORD_INFO], 1);
	assert_int_equal(types[PROFBUF_RECORD_SAMPLE], 80);
	assert_int_equal(types[PROFBUF_RECORD_LOST], 1);
	assert_int_equal(types[PROFBUF_RECORD_COUNTERS], 2);
	assert_int_equal(types[PROFBUF_RECORD_SYMBOL], 3);
	generate_free(&g);
}

TEST(cut_record_is_no_data)
{
	struct generated g = { 0 };

	generate_info(&g, 1);
	generate_lost(&g, 1, 0, 1);
	assert_int_equal(next(&g, g.n * 8 - 8, 1), -ENODATA);
	assert_int_equal(next(&g, g.n * 8, 1), 1);
	assert_int_equal(next(&g, g.n * 8, 2), 0);
	assert_int_equal(next(&g, 0, 0), 0);
	generate_free(&g);
}

TEST(other_files_are_not_streams)
{
	struct generated g = { 0 };
	struct profbuf_stream_info *info;

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

/* @make makes a valid record; with @change it must be refused. */
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

TEST(damaged_records_are_refused)
{
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

TEST(second_info_is_refused)
{
	struct generated g = { 0 };

	generate_info(&g, 2);
	generate_info(&g, 2);
	assert_int_equal(next(&g, g.n * 8, 1), -EBADMSG);
	generate_free(&g);
}

TEST(unknown_records_are_passed_over)
{
	struct generated g = { 0 };

	generate_info(&g, 1);
	generate(&g, 777, 1, 0, 5);
	generate_lost(&g, 1, 0, 1);
	assert_int_equal(next(&g, g.n * 8, 2), 1);
	generate_free(&g);
}

TEST(records_that_grew_are_read)
{
	struct generated g = { 0 };

	generate_info(&g, 1);
	memset(g.words + g.n, 0xff, 80);
	g.words[0] += 2;
	g.n += 2;
	generate_lost(&g, 1, 0, 1);
	assert_int_equal(next(&g, g.n * 8, 1), 1);
	generate_free(&g);
}

/* Accounting */

static enum profbuf_verdict verdict(const struct generated *g)
{
	const struct profbuf_record *r;
	struct profbuf_accounting *a;
	enum profbuf_verdict v;
	struct profbuf_stream *s;

	assert_int_equal(profbuf_stream_new(&s, g->words, g->n * 8), 0);
	assert_int_equal(profbuf_stream_next(s, &r), 1);
	assert_int_equal(profbuf_accounting_new(&a, (const void *)r), 0);
	assert_int_equal(a->verdict, PROFBUF_UNCOUNTED);
	while (profbuf_stream_next(s, &r) == 1)
		profbuf_accounting_add(a, r);
	profbuf_accounting_check(a);
	v = a->verdict;
	profbuf_accounting_free(a);
	profbuf_stream_free(s);
	return v;
}

TEST(accounting_is_judged)
{
	struct generated g;

	generate_example(&g);
	assert_int_equal(verdict(&g), PROFBUF_EXACT);
	generate_free(&g);
	for (int i = 0; i < 4; i++) {
		g = (struct generated){ 0 };
		generate_info(&g, 2);
		generate_sample(&g, 1, 0, 1, NULL, 0, frames, 2);
		generate_lost(&g, 2, 1, 7);
		g.counters[0].ticks += i == 0;		/* one tick is not accounted for */
		g.counters[0].delivered += i == 1;	/* one sample is not in the stream */
		g.counters[0].ticks += i == 1;
		g.counters[1].lost += i == 2;		/* one loss is not in the stream */
		g.counters[1].ticks += i == 2;
		generate_end(&g, i == 3 ? 1 : 2);	/* the final counters of a CPU are missing */
		assert_int_equal(verdict(&g), i == 3 ? PROFBUF_UNFINISHED : PROFBUF_WRONG);
		generate_free(&g);
	}
}

TEST(tags_that_could_not_be_read_are_summed)
{
	const struct profbuf_accounting *a;
	struct profbuf_profile *profile;
	struct generated g;

	generate_unread(&g);
	/* A cause that only a later version knows. */
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

/* Both ends of a part must agree with its content, even where nothing was sampled. */
TEST(parts_are_judged)
{
	struct generated g;

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
	/* If the end of a part does not name the next part, it is only known that this part has ended. */
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

static void add_sideband(struct sideband *s, const struct generated *g)
{
	for (size_t at = 0; at < g->n; at += g->words[at])
		assert_int_equal(sideband_add(s, (const void *)(g->words + at)), 0);
}

static void check_emitted(struct sideband *s, const char *wanted)
{
	struct emitted e = { 0 };

	assert_int_equal(sideband_emit(s, note, &e), 0);
	assert_string_equal(e.text, wanted);
}

/* The last description of each process is emitted; what has ended is emitted once more. */
TEST(sideband_in_force)
{
	struct sideband *s;
	struct emitted e = { 0 };
	struct generated g = { 0 };

	assert_int_equal(sideband_new(&s), 0);
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
	assert_int_equal(sideband_emit(s, note, &e), -ECANCELED);
	sideband_free(s);
	sideband_free(NULL);
	generate_free(&g);
}

#define SECOND	1000000000ULL

static void add_exit(struct sideband *s, uint64_t time, uint32_t pid, uint64_t start_time)
{
	struct generated g = { 0 };

	generate_life(&g, PROFBUF_RECORD_EXIT, time, pid, "ended");
	((struct profbuf_life *)g.words)->start_time = start_time;
	add_sideband(s, &g);
	generate_free(&g);
}

/* Adds the records of @g, which is empty afterwards. */
static void move_sideband(struct sideband *s, struct generated *g)
{
	add_sideband(s, g);
	generate_free(g);
}

/*
 * A bug once: a process that had ended was kept until the next part; with --rotate 1h, those were all processes of an
 * hour.
 */
TEST(ended_processes_do_not_stay_until_the_next_part)
{
	struct sideband *s;
	struct generated g = { 0 };

	assert_int_equal(sideband_new(&s), 0);
	generate_process(&g, 1, 7, 1, "short", 1);
	generate_mapping(&g, 7, 1, 1, 2, 0, "/short");
	generate_thread(&g, 1, 7, 7, "thread");
	generate_process(&g, 2, 8, 1, "long", 0);
	generate_thread(&g, 2, 8, 8, "stays");
	move_sideband(s, &g);
	add_exit(s, SECOND, 7, 1);
	generate_sample(&g, 12 * SECOND, 0, 8, NULL, 0, frames, 1);
	move_sideband(s, &g);
	check_emitted(s, "long stays ");

	/* The next part has processes that ended a moment ago, but none that ended earlier. */
	add_exit(s, 13 * SECOND, 8, 1);
	generate_process(&g, 14 * SECOND, 9, 1, "next", 0);
	move_sideband(s, &g);
	check_emitted(s, "long stays next ");
	check_emitted(s, "next ");
	sideband_free(s);
}

/* A bug once: a description that came after the end made the process live again, forever. */
TEST(late_descriptions_of_ended_processes_go_with_them)
{
	struct sideband *s;
	struct generated g = { 0 };

	assert_int_equal(sideband_new(&s), 0);
	add_exit(s, SECOND, 7, 3);
	generate_process(&g, SECOND - 2, 7, 3, "late", 1);
	generate_mapping(&g, 7, 3, 1, 2, 0, "/late");
	generate_thread(&g, SECOND - 2, 7, 7, "late too");
	move_sideband(s, &g);
	check_emitted(s, "late /late late too ");
	check_emitted(s, "");
	generate_process(&g, SECOND - 1, 7, 3, "again", 0);
	generate_sample(&g, 12 * SECOND, 0, 8, NULL, 0, frames, 1);
	move_sideband(s, &g);
	check_emitted(s, "");

	/* The next process with that pid is not the one that ended. */
	add_exit(s, 13 * SECOND, 7, 4);
	generate_process(&g, 13 * SECOND + 1, 7, 5, "next", 0);
	generate_thread(&g, 13 * SECOND + 1, 7, 7, "thread");
	generate_sample(&g, 30 * SECOND, 0, 7, NULL, 0, frames, 1);
	move_sideband(s, &g);
	check_emitted(s, "next thread ");
	check_emitted(s, "next thread ");
	sideband_free(s);
}

static void generate_exiting(struct generated *g, uint64_t time, uint32_t pid, uint64_t start_time, const char *comm)
{
	size_t at = g->n;

	generate_process(g, time, pid, start_time, comm, 0);
	((struct profbuf_process *)(g->words + at))->misc = PROFBUF_PROCESS_EXITING;
}

/*
 * A bug once: a thread that was sampled while it exited removed its process's mappings from later parts, although the
 * process went on.
 */
TEST(an_exiting_thread_leaves_the_mappings_of_its_process)
{
	struct sideband *s;
	struct generated g = { 0 };

	assert_int_equal(sideband_new(&s), 0);
	generate_process(&g, 1, 7, 3, "process", 1);
	generate_mapping(&g, 7, 3, 1, 2, 0, "/mapping");
	generate_exiting(&g, 2, 7, 3, "exiting");
	generate_exiting(&g, 3, 8, 3, "only");
	generate_exiting(&g, 4, 9, 3, "before");
	generate_process(&g, 5, 9, 3, "described", 1);
	generate_mapping(&g, 9, 3, 1, 2, 0, "/later");
	move_sideband(s, &g);
	check_emitted(s, "process /mapping only described /later ");
	check_emitted(s, "process /mapping only described /later ");
	sideband_free(s);
}

/*
 * A bug once: the end of a process of another pid namespace, which has pid 0, removed records that belong to no
 * process.
 */
TEST(the_end_of_a_process_without_a_pid_leaves_what_is_of_none)
{
	struct sideband *s;
	struct generated g = { 0 };

	assert_int_equal(sideband_new(&s), 0);
	generate_module(&g, 100, 200, "nfs");
	generate_rate(&g, 1, 0, 2);
	generate_tag(&g, 1, 0, 5, PROFBUF_TAG_LABELS, "a\0b", 4);
	generate_process(&g, 1, 0, 3, "ends", 0);
	generate_process(&g, 1, 0, 2, "lives", 0);
	move_sideband(s, &g);
	add_exit(s, 2, 0, 3);
	generate_process(&g, 1, 0, 1, "older", 0);
	move_sideband(s, &g);
	check_emitted(s, "nfs rate ? ends lives older ");
	check_emitted(s, "nfs rate ? lives older ");
	sideband_free(s);
}

static int count_record(const struct profbuf_record *r, void *context)
{
	(void)r;
	++*(unsigned int *)context;
	return 0;
}

/* Returns the CPU time for the ends of 2,000 processes when there are @others more. */
static clock_t time_of_ends(unsigned int others)
{
	struct sideband *s;
	struct generated g = { 0 };
	unsigned int i, n = 0;
	clock_t began;

	assert_int_equal(sideband_new(&s), 0);
	for (i = 0; i < others; i++)
		generate_process(&g, 1, i + 1, 1, "long", 0);
	move_sideband(s, &g);
	began = clock();
	for (i = 0; i < 2000; i++) {
		generate_process(&g, 1, others + i + 1, 1, "short", 0);
		move_sideband(s, &g);
		add_exit(s, 1, others + i + 1, 1);
	}
	began = clock() - began;
	assert_int_equal(sideband_emit(s, count_record, &n), 0);
	assert_int_equal(n, others + 2000);
	n = 0;
	assert_int_equal(sideband_emit(s, count_record, &n), 0);
	assert_int_equal(n, others);
	sideband_free(s);
	return began;
}

/* A bug once: each end of a process walked over all that was known. Here that would be fifty times as much. */
TEST(the_end_of_a_process_looks_at_that_process_only)
{
	clock_t few = time_of_ends(10), many = time_of_ends(50000);

	assert_in_range(many, 0, 10 * few);
}
