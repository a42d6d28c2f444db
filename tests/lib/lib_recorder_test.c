// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib_recorder_test.c - the recorder: which records go into which part of a recording, and what kept tags away
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_test.h"
#include "record/recorder.h"

/* What the recorder never looks into, as no process here has mappings. */
static struct profbuf_session *const any_session = (void *)&path;

/* What a part has got: the kinds of its records, each with its time. */
struct got {
	char text[512];
	int answer;		/* to the next record; 0: go on */
	bool symbols;		/* there were records with names of code */
};

static const char *name_of(const struct profbuf_record *record)
{
	switch (record->type) {
	case PROFBUF_RECORD_INFO:
		return "info";
	case PROFBUF_RECORD_SAMPLE:
		return "sample";
	case PROFBUF_RECORD_PROCESS:
		return "process";
	case PROFBUF_RECORD_MAPPING:
		return "mapping";
	case PROFBUF_RECORD_THREAD:
		return "thread";
	case PROFBUF_RECORD_TAG:
		return "tag";
	case PROFBUF_RECORD_EXIT:
		return "exit";
	case PROFBUF_RECORD_RATE:
		return "rate";
	}
	return "other";
}

static int get(const struct profbuf_record *record, void *context)
{
	struct got *got = context;
	size_t at = strlen(got->text);

	if (record->type == PROFBUF_RECORD_SYMBOL)
		got->symbols = true;
	else
		snprintf(got->text + at, sizeof(got->text) - at, "%s%s %d", at ? ", " : "", name_of(record),
			 (int)record->time);
	return got->answer;
}

/* Takes what @make adds: checks what the part @got then. */
#define TAKES(recorder, part, got, make, wanted) do { \
	struct generated g = { 0 }; \
	*(got)->text = 0; \
	make; \
	assert_int_equal(recorder_add(recorder, part, g.words, g.n), 0); \
	assert_string_equal((got)->text, wanted); \
	generate_free(&g); \
} while (0)

/* A process with one mapping, a thread and a tag. */
static void generate_all(struct generated *g, uint64_t time, uint32_t pid)
{
	generate_process(g, time, pid, 3, "a", 1);
	generate_mapping(g, pid, 3, 0x400000, 0x500000, 0, "/none");
	generate_thread(g, time, pid, pid, "a");
	generate_tag(g, time, pid, 0x10, PROFBUF_TAG_LABELS, "k\0v", 4);
}

TEST(a_part_begins_with_what_is_still_in_force)
{
	struct got first = { 0 }, second = { 0 }, third = { 0 };
	struct recorder_part *parts[3];
	struct recorder *recorder;

	assert_int_equal(recorder_new(&recorder, NULL, true), 0);
	assert_int_equal(recorder_part_new(&parts[0], get, &first), 0);
	assert_int_equal(recorder_part_new(&parts[1], get, &second), 0);
	assert_int_equal(recorder_part_new(&parts[2], get, &third), 0);
	assert_int_equal(recorder_begin(recorder, parts[0]), 0);
	assert_string_equal(first.text, "");
	TAKES(recorder, parts[0], &first, {
		generate_info(&g, 1);
		generate_process(&g, 1, 7, 3, "a", 0);
		generate_tagged(&g, 2, 7, 7, 0);
		generate_thread(&g, 3, 7, 7, "a");
		generate_process(&g, 4, 8, 3, "b", 0);
		generate_rate(&g, 5, 0, 4);
	}, "info 1000, process 1, sample 2, thread 3, process 4, rate 5");
	assert_int_equal(recorder_end(recorder, parts[0]), 0);
	assert_int_equal(recorder_begin(recorder, parts[1]), 0);
	assert_string_equal(second.text, "process 1, thread 3, process 4, rate 5");
	/* The caller ends the emission. */
	third.answer = -ECANCELED;
	assert_int_equal(recorder_begin(recorder, parts[2]), -ECANCELED);
	assert_string_equal(third.text, "process 1");
	for (int i = 0; i < 3; i++)
		recorder_part_free(parts[i]);
	recorder_free(recorder);
}

TEST(late_descriptions_go_into_both_parts)
{
	struct got old = { 0 }, current = { 0 };
	struct recorder_part *parts[2];
	struct generated late = { 0 };
	struct recorder *recorder;

	generate_all(&late, 5, 7);
	generate_tagged(&late, 6, 7, 7, 0);
	generate_rate(&late, 7, 0, 4);
	generate_life(&late, PROFBUF_RECORD_EXIT, 8, 7, "a");
	generate_process(&late, 9, 8, 3, "b", 0);
	assert_int_equal(recorder_new(&recorder, NULL, true), 0);
	assert_int_equal(recorder_part_new(&parts[0], get, &old), 0);
	assert_int_equal(recorder_part_new(&parts[1], get, &current), 0);
	assert_int_equal(recorder_add(recorder, parts[1], late.words, late.n), 0);
	assert_int_equal(recorder_part_add_late(parts[0], late.words, late.n), 0);
	assert_string_equal(current.text,
			    "process 5, mapping 1000, thread 5, tag 5, sample 6, rate 7, exit 8, process 9");
	assert_string_equal(old.text, "process 5, mapping 1000, thread 5, tag 5, process 9");
	*old.text = 0;
	old.answer = -ECANCELED;
	assert_int_equal(recorder_part_add_late(parts[0], late.words, late.n), -ECANCELED);
	assert_string_equal(old.text, "process 5");
	generate_free(&late);
	recorder_part_free(parts[0]);
	recorder_part_free(parts[1]);
	recorder_free(recorder);
}

/* Each part has the symbols of its own samples, and needs no recorder for them. */
TEST(a_part_has_its_own_symbols)
{
	static const uint64_t user[] = { 0x401010 };
	struct got got = { 0 };
	struct recorder_part *part;
	struct recorder *recorder;

	assert_int_equal(recorder_new(&recorder, NULL, false), 0);
	assert_int_equal(recorder_part_new(&part, get, &got), 0);
	TAKES(recorder, part, &got, generate_sample(&g, 1, 0, 7, NULL, 0, user, 1), "sample 1");
	assert_int_equal(recorder_end(recorder, part), 0);
	recorder_free(recorder);
	assert_false(got.symbols);
	assert_int_equal(recorder_part_finish(part), 0);
	/* Those of the vDSO are always there. */
	assert_true(got.symbols);
	assert_string_equal(got.text, "sample 1");
	recorder_part_free(part);
	recorder_part_free(NULL);
	recorder_free(NULL);
}

TEST(tag_losses_are_of_recordings_with_tags)
{
	struct recorder_tag_losses losses;
	struct recorder_part *part;
	struct recorder *recorder;
	struct got got = { 0 };

	for (int tags = 0; tags < 2; tags++) {
		assert_int_equal(recorder_new(&recorder, tags ? any_session : NULL, false), 0);
		assert_int_equal(recorder_part_new(&part, get, &got), 0);
		TAKES(recorder, part, &got, { generate_tag_lost(&g, 1, 4, 2); generate_tag_lost(&g, 2, 1, 0); },
		      "other 1, other 2");
		recorder_tag_losses(recorder, &losses);
		assert_int_equal(losses.samples[PROFBUF_TAG_FAULT], tags ? 5 : 0);
		assert_int_equal(losses.samples[PROFBUF_TAG_BAD], tags ? 2 : 0);
		assert_false(losses.old_module);
		assert_int_equal(losses.rights + losses.full + losses.slow + losses.given_up + losses.failed, 0);
		recorder_part_free(part);
		recorder_free(recorder);
	}
}
