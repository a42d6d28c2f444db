// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib_test.c - what the tests of libprofbuf share, and their directory
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
	char command[96];
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/file", dir);
	failed = tap_cmocka_main();
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) || failed;
}
