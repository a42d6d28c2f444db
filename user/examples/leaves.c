// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * leaves.c - read a stream with libprofbuf: print the address of each sample, and check that the ticks add up
 *
 * gcc leaves.c -o leaves $(pkg-config --cflags --libs libprofbuf)
 * ./leaves profile.profbuf	or, while it is recorded: timeout 1 cat /dev/profbuf | ./leaves -
 */
#include <stdio.h>
#include <string.h>

#include "profbuf.h"

int main(int argc, char **argv)
{
	const struct profbuf_record *record;
	struct profbuf_accounting *sums = NULL;
	struct profbuf_reader *reader = NULL;
	int got = profbuf_reader_open(&reader, argc > 1 ? argv[1] : "profile.profbuf");

	while (!got && (got = profbuf_reader_next(reader, &record)) > 0) {
		const struct profbuf_sample *s = (const void *)record;

		got = sums ? 0 : profbuf_accounting_new(&sums, (const void *)record);	/* it describes the stream */
		if (!got)
			profbuf_accounting_add(sums, record);
		if (s->type == PROFBUF_RECORD_SAMPLE && s->nr_kernel + s->nr_user)
			printf("CPU %u, pid %u: %#llx\n", s->cpu, s->pid, (unsigned long long)s->frames[0]);
	}
	if (got || !sums) {
		fprintf(stderr, "leaves: %s\n", got ? strerror(-got) : "there are no records");
		got = 1;
	} else {
		profbuf_accounting_check(sums);
		printf("%llu samples: %s\n", (unsigned long long)sums->sum->samples,
		       sums->verdict == PROFBUF_EXACT ? "all ticks are accounted for" : "the ticks do not add up");
	}
	profbuf_accounting_free(sums);
	profbuf_reader_close(reader);
	return got;
}
