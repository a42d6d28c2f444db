// SPDX-License-Identifier: GPL-2.0-only
/*
 * convert.c - rewrites a stored stream with the library's writer, as profbuf record writes it
 *
 * usage: convert [--raw] [--flush N] [--wait N] FROM TO   (TO: - is standard output)
 *
 * --flush: flush after every N records. --wait: flush after N records, add ten more, print how many bytes were flushed,
 * and wait to be killed. Exit status: 0; 1 after an error, which is printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profbuf.h"

static int failed(const char *what, int err)
{
	fprintf(stderr, "convert: %s: %s\n", what, strerror(-err));
	return 1;
}

int main(int argc, char **argv)
{
	unsigned long flush = 0, wait = 0, n = 0;
	const struct profbuf_record *record;
	struct profbuf_reader *reader;
	struct profbuf_writer *writer;
	int i, out, err, got;
	bool raw = false;

	for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--raw"))
			raw = true;
		else if (!strcmp(argv[i], "--flush"))
			flush = strtoul(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--wait"))
			wait = strtoul(argv[++i], NULL, 10);
	}
	if (argc - i != 2)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	err = profbuf_reader_open(&reader, argv[i]);
	if (err)
		return failed(argv[i], err);
	out = strcmp(argv[i + 1], "-") ? open(argv[i + 1], O_WRONLY | O_CREAT | O_TRUNC, 0666) : STDOUT_FILENO;
	if (out < 0)
		return failed(argv[i + 1], -errno);
	err = profbuf_writer_open(&writer, out, raw);
	if (err)
		return failed("writer", err);
	while ((got = profbuf_reader_next(reader, &record)) > 0 && !err) {
		err = profbuf_writer_add(writer, record);
		n++;
		if (!err && ((flush && !(n % flush)) || n == wait))
			err = profbuf_writer_flush(writer);
		if (!err && wait && n == wait + 10) {
			fprintf(stderr, "%llu\n", (unsigned long long)profbuf_writer_bytes(writer));
			pause();
		}
	}
	i = profbuf_writer_close(writer);
	err = err ? err : i;
	profbuf_reader_close(reader);
	if (got < 0)
		return failed("read", got);
	return err ? failed("write", err) : 0;
}
