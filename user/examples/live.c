// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * live.c - run a session of the device for a second with libprofbuf: print the address of each sample
 *
 * gcc live.c -o live $(pkg-config --cflags --libs libprofbuf)
 */
#include <stdio.h>
#include <string.h>

#include "profbuf.h"

/* Prints the samples that one read() returned; a read() returns whole records. */
static int print_leaves(struct profbuf_stream *stream)
{
	const struct profbuf_record *record;
	int got;

	while ((got = profbuf_stream_next(stream, &record)) > 0) {
		const struct profbuf_sample *s = (const void *)record;

		if (s->type == PROFBUF_RECORD_SAMPLE && s->nr_kernel + s->nr_user)
			printf("CPU %u, pid %u: %#llx\n", s->cpu, s->pid, (unsigned long long)s->frames[0]);
	}
	return got;
}

int main(void)
{
	static uint64_t words[1 << 17];
	struct profbuf_config config = { .size = sizeof(config) };
	struct profbuf_session *session = NULL;
	struct profbuf_stream *stream = NULL;
	ssize_t n;
	int err = profbuf_session_open(&session);

	if (!err)
		err = profbuf_session_get_config(session, &config);
	config.duration_ns = 1000000000;
	if (!err)
		err = profbuf_session_configure(session, &config);
	if (!err)
		err = profbuf_session_start(session);
	if (!err)
		err = profbuf_stream_new(&stream, NULL, 0);
	while (!err && (n = profbuf_session_read(session, words, sizeof(words)))) {
		err = n < 0 ? n : 0;
		if (n > 0) {
			profbuf_stream_continue(stream, words, n);
			err = print_leaves(stream);
		}
	}
	if (err)
		fprintf(stderr, "live: %s\n", strerror(-err));
	profbuf_stream_free(stream);
	profbuf_session_close(session);
	return err != 0;
}
