// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib_test.c - the tests of libprofbuf: all of them, and what they share
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib_test.h"

static char dir[] = "/tmp/profbuf-test-XXXXXX";
char path[64];
const uint64_t frames[2] = { 1, 2 };

int next(const struct generated *g, size_t bytes, size_t skip)
{
	const struct profbuf_record *r;
	struct profbuf_stream *s;
	int got;

	assert_int_equal(profbuf_stream_new(&s, g->words, bytes), 0);
	while ((got = profbuf_stream_next(s, &r)) == 1 && skip)
		skip--;
	profbuf_stream_free(s);
	return got;
}

struct profbuf_profile *profile_of(const struct generated *g)
{
	struct profbuf_profile *profile;

	assert_true(generate_write(g, path));
	assert_int_equal(profbuf_profile_read(&profile, path, NULL), 0);
	return profile;
}

const char *symbol_at(const struct profbuf_profile *p, const struct profbuf_stack *stack, unsigned int frame)
{
	const struct profbuf_frame *f;

	profbuf_profile_frames(p, &f);
	return f[stack->frames[frame]].symbol->name;
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
		cmocka_unit_test(test_ended_processes_do_not_stay_until_the_next_part),
		cmocka_unit_test(test_late_descriptions_of_ended_processes_go_with_them),
		cmocka_unit_test(test_an_exiting_thread_leaves_the_mappings_of_its_process),
		cmocka_unit_test(test_the_end_of_a_process_without_a_pid_leaves_what_is_of_none),
		cmocka_unit_test(test_the_end_of_a_process_looks_at_that_process_only),
		cmocka_unit_test(test_equal_stacks_are_one),
		cmocka_unit_test(test_descriptions_have_their_times),
		cmocka_unit_test(test_exiting_processes_keep_their_mappings),
		cmocka_unit_test(test_code_may_be_described_after_its_samples),
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
		cmocka_unit_test(test_a_mapped_path_that_is_no_file_is_not_opened),
		cmocka_unit_test(test_a_mapped_sparse_file_with_too_many_sections_takes_no_memory),
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
