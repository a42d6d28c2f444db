/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lib_test.h - what the tests of libprofbuf share
 */
#ifndef LIB_TEST_H
#define LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "generate.h"
#include "profile/profile.h"

/* A file in a directory that goes at the end. */
extern char path[64];

/* Any addresses. */
extern const uint64_t frames[2];

/* What profbuf_stream_next() returns after @skip records of the first @bytes. */
int next(const struct generated *g, size_t bytes, size_t skip);

/* What the writer makes of a stream, in the file at path. Return: its length. */
size_t convert(const struct generated *g, bool raw, size_t flush_every);

/* The records of that file are the first of the stream. Return: how many. */
size_t check_begin(const struct generated *g, int *end);

/* The profile of a stream that is right. */
struct profbuf_profile *profile_of(const struct generated *g);
const char *symbol_at(const struct profbuf_profile *p, const struct profbuf_stack *stack, unsigned int frame);

void test_example_has_its_records(void **state);
void test_cut_record_is_no_data(void **state);
void test_other_files_are_not_streams(void **state);
void test_damaged_records_are_refused(void **state);
void test_second_info_is_refused(void **state);
void test_unknown_records_are_passed_over(void **state);
void test_records_that_grew_are_read(void **state);
void test_long_file(void **state);
void test_compressed_file(void **state);
void test_files_that_are_none(void **state);
void test_stacks_are_put_back_into_samples(void **state);
void test_wrong_stacks_are_refused(void **state);
void test_compact_file_has_the_same_records(void **state);
void test_more_stacks_than_are_remembered(void **state);
void test_compact_file_cut_anywhere(void **state);
void test_damaged_compact_file(void **state);
void test_writer_says_what_went_wrong(void **state);
void test_writer_stops_at_the_first_error(void **state);
void test_accounting_is_judged(void **state);
void test_tags_that_could_not_be_read_are_summed(void **state);
void test_parts_are_judged(void **state);
void test_sideband_in_force(void **state);
void test_ended_processes_do_not_stay_until_the_next_part(void **state);
void test_late_descriptions_of_ended_processes_go_with_them(void **state);
void test_an_exiting_thread_leaves_the_mappings_of_its_process(void **state);
void test_the_end_of_a_process_without_a_pid_leaves_what_is_of_none(void **state);
void test_the_end_of_a_process_looks_at_that_process_only(void **state);
void test_code_may_be_described_after_its_samples(void **state);
void test_equal_stacks_are_one(void **state);
void test_descriptions_have_their_times(void **state);
void test_exiting_processes_keep_their_mappings(void **state);
void test_kernel_addresses_have_their_module(void **state);
void test_samples_stand_for_what_was_left_out(void **state);
void test_a_profile_forgets_samples_only(void **state);
void test_samples_without_addresses_have_a_frame(void **state);
void test_label_sets(void **state);
void test_tags_have_their_times(void **state);
void test_thread_contexts(void **state);
void test_equal_label_sets_are_one(void **state);
void test_threads_have_names_and_events_are_kept(void **state);
void test_a_thread_gets_its_name_back(void **state);
void test_process_contexts_are_parsed(void **state);
void test_process_contexts_of_processes(void **state);
void test_the_recorder_names_keys_and_cgroups(void **state);
void test_user_symbols_of_a_real_file(void **state);
void test_a_mapped_path_that_is_no_file_is_not_opened(void **state);
void test_a_mapped_sparse_file_with_too_many_sections_takes_no_memory(void **state);
void test_kallsyms(void **state);
void test_hidden_kallsyms_are_eperm(void **state);

#endif /* LIB_TEST_H */
