// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_profile.c - any bytes as a stored stream: what can be read is a profile, and nothing is read that is not there
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "profbuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t bytes;	/* of names: all are read to their ends */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Files are named by the input: none is opened. */
	static const struct profbuf_profile_options options = { .kallsyms = "/dev/null", .no_user_symbols = true };
	const struct profbuf_program *const *programs;
	const struct profbuf_frame *frames;
	const struct profbuf_stack *stacks;
	const struct profbuf_labels *const *labels;
	const struct profbuf_event *events;
	struct profbuf_profile *p;
	size_t i, nr_events, nr_stacks, nr_frames, nr_labels;
	char path[32];
	int fd = memfd_create("input", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!profbuf_profile_read(&p, path, &options)) {
		nr_events = profbuf_profile_events(p, &events);
		nr_stacks = profbuf_profile_stacks(p, &stacks);
		nr_frames = profbuf_profile_frames(p, &frames);
		profbuf_profile_programs(p, &programs);
		nr_labels = profbuf_profile_labels(p, &labels);
		for (i = 0; i < nr_events; i++) {
			if (events[i].stack >= nr_stacks || events[i].labels >= nr_labels)
				abort();
			bytes += strlen(profbuf_profile_thread_name(p, &events[i]));
		}
		for (i = 0; i < nr_labels; i++) {
			for (uint32_t k = 0; k < labels[i]->n; k++)
				bytes += strlen(labels[i]->all[k].key) + strlen(labels[i]->all[k].value);
		}
		for (i = 0; i < nr_stacks; i++) {
			unsigned int k;

			bytes += strlen(programs[stacks[i].program]->comm);
			for (k = 0; k < stacks[i].nr_kernel + stacks[i].nr_user; k++) {
				if (stacks[i].frames[k] >= nr_frames)
					abort();
				bytes += strlen(frames[stacks[i].frames[k]].symbol->name);
			}
		}
		profbuf_profile_free(p);
	}
	close(fd);
	return 0;
}
