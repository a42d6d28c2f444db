// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib_profile_test.c - libprofbuf: profiles: samples of programs, their stacks and weights
 */
#include <errno.h>

#include "lib_test.h"

TEST(equal_stacks_are_one)
{
	const struct profbuf_program *const *programs;
	const struct profbuf_stack *stacks;
	const struct profbuf_event *events;
	struct profbuf_profile *p;
	struct generated g;

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

/* Each sample belongs to the description in force at its time; before the first description, to the first. */
TEST(descriptions_have_their_times)
{
	static const char *const expected[] = { "old", "old", "new", "new", ":8", "swapper" };
	static const uint64_t times[] = { 5, 15, 20, 30, 40, 50 };
	static const uint32_t pids[] = { 7, 7, 7, 7, 8, 0 };
	const struct profbuf_program *const *programs;
	const struct profbuf_stack *stacks;
	const struct profbuf_event *events;
	struct generated g = { 0 };
	struct profbuf_profile *p;

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

/* A process that is described again while it exits keeps its mappings and its name. Another process has its own. */
TEST(exiting_processes_keep_their_mappings)
{
	/*
	 * pid, start_time and name in the exiting process's description; then the program and symbol of a sample after
	 * it
	 */
	static const struct { uint32_t pid; uint64_t start_time; const char *comm, *expected, *symbol; } cases[] = {
		{ 7, 1, "thread", "seven", "[seven]" },
		{ 7, 0, "thread", "seven", "[seven]" },
		{ 7, 2, "another", "another", "[unknown]" },
		{ 8, 0, "thread", "thread", "[unknown]" },
	};
	static const uint64_t address = 0x400010;

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

/*
 * If code is newer than the description of its process, the next description has it. Another process's does not count.
 */
TEST(code_may_be_described_after_its_samples)
{
	static const struct { uint64_t time, address; const char *symbol; } cases[] = {
		{ 11, 0x400010, "[first]" },
		{ 12, 0x600010, "[second]" },
		{ 21, 0x600010, "[second]" },
		{ 22, 0x400010, "[moved]" },
		{ 13, 0x800010, "[unknown]" },	/* only in the description after the next */
		{ 31, 0x600010, "[unknown]" },
	};
	enum { N = sizeof(cases) / sizeof(*cases) };
	const struct profbuf_stack *stacks;
	const struct profbuf_event *events;
	struct generated g = { 0 };
	struct profbuf_profile *p;

	generate_info(&g, 1);
	generate_process(&g, 10, 7, 1, "seven", 1);
	generate_mapping(&g, 7, 1, 0x400000, 0x500000, 0, "/nonexistent/first");
	generate_process(&g, 20, 7, 1, "seven", 2);
	generate_mapping(&g, 7, 1, 0x400000, 0x500000, 0, "/nonexistent/moved");
	generate_mapping(&g, 7, 1, 0x600000, 0x700000, 0, "/nonexistent/second");
	generate_process(&g, 30, 7, 1, "seven", 1);
	generate_mapping(&g, 7, 1, 0x800000, 0x900000, 0, "/nonexistent/third");
	generate_process(&g, 40, 7, 2, "another", 1);
	generate_mapping(&g, 7, 2, 0x600000, 0x700000, 0, "/nonexistent/another");
	for (unsigned int i = 0; i < N; i++)
		generate_sample(&g, cases[i].time, 0, 7, NULL, 0, &cases[i].address, 1);
	p = profile_of(&g);
	assert_int_equal(profbuf_profile_events(p, &events), N);
	profbuf_profile_stacks(p, &stacks);
	for (unsigned int i = 0; i < N; i++)
		assert_string_equal(symbol_at(p, &stacks[events[i].stack], 0), cases[i].symbol);
	profbuf_profile_free(p);
	generate_free(&g);
}

/* A kernel address without a symbol is shown with at least its module. */
TEST(kernel_addresses_have_their_module)
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

/* Where the rate was lowered, a sample counts for all its periods, wherever in the stream the RATE record is. */
TEST(samples_stand_for_what_was_left_out)
{
	static const uint64_t times[] = { 5, 10, 15, 20, 25 };
	static const uint64_t first[] = { 1, 1, 8, 2, 2 }, second[] = { 1, 3, 3, 3, 1 };
	const struct profbuf_event *events;
	struct generated g = { 0 };
	struct profbuf_profile *p;

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

/* Adds the records up to @end to the profile. */
static void add_words(struct profbuf_profile *p, struct profbuf_stream *s, size_t end)
{
	const struct profbuf_record *r;

	while (profbuf_stream_bytes(s) < end * 8) {
		assert_int_equal(profbuf_stream_next(s, &r), 1);
		assert_int_equal(profbuf_profile_add(p, r), 0);
	}
}

/* Forgotten samples are gone, but what explains the next samples is not. */
TEST(a_profile_forgets_samples_only)
{
	const struct profbuf_program *const *programs;
	const struct profbuf_stack *stacks;
	const struct profbuf_event *events;
	struct generated g = { 0 };
	struct profbuf_profile *p;
	struct profbuf_stream *s;
	size_t ends[3];

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
	assert_int_equal(profbuf_stream_new(&s, g.words, g.n * 8), 0);
	add_words(p, s, ends[0]);
	assert_int_equal(profbuf_profile_resolve(p), 0);
	assert_int_equal(profbuf_profile_events(p, &events), 2);
	assert_int_equal(profbuf_profile_stacks(p, &stacks), 2);

	profbuf_profile_forget(p);
	assert_int_equal(profbuf_profile_events(p, &events), 0);
	add_words(p, s, ends[1]);
	assert_int_equal(profbuf_profile_resolve(p), 0);
	assert_int_equal(profbuf_profile_events(p, &events), 1);
	assert_int_equal(events[0].time, 4);
	profbuf_profile_stacks(p, &stacks);
	profbuf_profile_programs(p, &programs);
	assert_string_equal(symbol_at(p, &stacks[events[0].stack], 0), "copy_page");
	assert_string_equal(programs[stacks[events[0].stack].program]->comm, "alpha");

	/* Without forgetting, samples that were resolved before stay as they are. */
	add_words(p, s, ends[2]);
	assert_int_equal(profbuf_profile_resolve(p), 0);
	assert_int_equal(profbuf_profile_events(p, &events), 2);
	profbuf_profile_stacks(p, &stacks);
	profbuf_profile_programs(p, &programs);
	assert_string_equal(symbol_at(p, &stacks[events[0].stack], 0), "copy_page");
	assert_string_equal(programs[stacks[events[1].stack].program]->comm, "beta");
	assert_int_equal(profbuf_profile_accounting(p)->sum->samples, 4);
	profbuf_stream_free(s);
	profbuf_profile_free(p);
	generate_free(&g);
}

TEST(samples_without_addresses_have_a_frame)
{
	const struct profbuf_stack *stacks;
	struct generated g = { 0 };
	struct profbuf_profile *p;

	generate_info(&g, 1);
	generate_sample(&g, 1, 0, 7, NULL, 0, NULL, 0);
	p = profile_of(&g);
	assert_int_equal(profbuf_profile_stacks(p, &stacks), 1);
	assert_string_equal(symbol_at(p, &stacks[0], 0), "[unknown]");
	profbuf_profile_free(p);
	generate_free(&g);
}
