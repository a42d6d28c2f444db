// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * hot.c - the functions a stored profile was in, with libprofbuf
 *
 * gcc hot.c -o hot $(pkg-config --cflags --libs libprofbuf)
 * ./hot profile.profbuf | sort | uniq -c | sort -rn | head
 */
#include <stdio.h>
#include <string.h>

#include "profbuf.h"

int main(int argc, char **argv)
{
	const struct profbuf_event *events;
	const struct profbuf_stack *stacks;
	const struct profbuf_frame *frames;
	struct profbuf_profile *profile;
	int err = profbuf_profile_read(&profile, argc > 1 ? argv[1] : "profile.profbuf", NULL);
	size_t i, n;

	if (err) {
		fprintf(stderr, "hot: %s\n", strerror(-err));
		return 1;
	}
	n = profbuf_profile_events(profile, &events);
	profbuf_profile_stacks(profile, &stacks);
	profbuf_profile_frames(profile, &frames);
	for (i = 0; i < n; i++)
		puts(frames[stacks[events[i].stack].frames[0]].symbol->name);
	profbuf_profile_free(profile);
	return 0;
}
