// SPDX-License-Identifier: GPL-2.0-only
/*
 * decode.c - reads a stored stream with the library and does nothing with it; prints bytes, records and samples
 */
#include <stdio.h>

#include "profbuf.h"

int main(int argc, char **argv)
{
	const struct profbuf_record *record;
	unsigned long long records = 0, samples = 0;
	struct profbuf_reader *reader;
	int got;

	if (argc != 2 || profbuf_reader_open(&reader, argv[1]))
		return 1;
	while ((got = profbuf_reader_next(reader, &record)) > 0) {
		records++;
		samples += record->type == PROFBUF_RECORD_SAMPLE;
	}
	printf("%llu bytes, %llu records, %llu samples\n", (unsigned long long)profbuf_reader_bytes(reader), records,
	       samples);
	profbuf_reader_close(reader);
	return got != 0;
}
