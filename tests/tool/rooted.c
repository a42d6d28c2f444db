// SPDX-License-Identifier: GPL-2.0-only
/*
 * rooted.c - prints the frames of a stream's stacks, with files looked up below another root
 *
 * usage: rooted ROOT STREAM
 */
#include <stdio.h>

#include "profile/profile.h"

int main(int argc, char **argv)
{
	struct profbuf_profile_options options = { .lines = true, .root = argv[1] };
	const struct profbuf_frame *frames, *f;
	const struct profbuf_stack *stacks;
	struct profbuf_profile *p;
	size_t i, n;

	if (argc != 3 || profbuf_profile_read(&p, argv[2], &options))
		return 1;
	n = profbuf_profile_stacks(p, &stacks);
	profbuf_profile_frames(p, &frames);
	for (i = 0; i < n; i++) {
		f = &frames[stacks[i].frames[0]];
		printf("%s %s:%u\n", f->symbol->name, f->file ? f->file : "", f->line);
	}
	profbuf_profile_free(p);
	return 0;
}
