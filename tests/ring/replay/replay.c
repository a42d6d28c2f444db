// SPDX-License-Identifier: GPL-2.0-only
/*
 * replay - runs a trace of ring operations, prints what the reads return
 *
 * usage: replay < trace
 *
 *	N hdrsize bufwords tags			a new ring, instead of the last one
 *	W tag time nhdr h... nstk s...		profbuf_write()
 *	R					profbuf_read() with PROFBUF_NONBLOCKING
 *	C					profbuf_close()
 *
 * One operation a line, decimal numbers of 64 bits, spaces or tabs between; empty lines are ignored, and a carriage
 * return at a line's end. Each R is answered by a line "R ndata d... ntags t... eof". As in Go, the next R gives the
 * space of the last one back.
 *
 * Sizes that Go takes and this refuses: more than 2^26 words or tags (Go: less than 2^28), headers of more than 2^16
 * words.
 *
 * Exit status: 0; 1 if the trace is wrong or the output cannot be written, with a message that tells the line.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profbuf_core.h"

struct replay {
	struct profbuf ring;
	u64 *memory;		/* the ring's; NULL before the first N */
	u64 *words;		/* header and stack of the write on this line */
	size_t words_size;
	unsigned long line;
	char *at;		/* what is left of the line */
};

static void __attribute__((__noreturn__, __format__(__printf__, 2, 3)))
bad(const struct replay *p, const char *format, ...)
{
	va_list args;

	/* The answers so far belong before the complaint. */
	fflush(stdout);
	fprintf(stderr, "replay: line %lu: ", p->line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void skip_blanks(struct replay *p)
{
	p->at += strspn(p->at, " \t");
}

/* strtoull() takes signs and forgives too much. */
static u64 number(struct replay *p, const char *what)
{
	u64 n = 0;

	skip_blanks(p);
	if (!*p->at)
		bad(p, "%s is missing", what);
	for (; *p->at >= '0' && *p->at <= '9'; p->at++) {
		unsigned int digit = *p->at - '0';

		if (n > (UINT64_MAX - digit) / 10)
			bad(p, "%s does not fit 64 bits", what);
		n = n * 10 + digit;
	}
	if (*p->at && *p->at != ' ' && *p->at != '\t')
		bad(p, "%s is no number", what);
	if (p->at[-1] < '0' || p->at[-1] > '9')
		bad(p, "%s is no number", what);
	return n;
}

static void end_of_line(struct replay *p)
{
	skip_blanks(p);
	if (*p->at)
		bad(p, "unexpected after the operation: %s", p->at);
}

static void need_ring(const struct replay *p)
{
	if (!p->memory)
		bad(p, "no ring yet: N comes first");
}

static void new_ring(struct replay *p)
{
	u64 hdrsize = number(p, "hdrsize");
	u64 bufwords = number(p, "bufwords");
	u64 tags = number(p, "tags");
	size_t bytes = 0;

	end_of_line(p);
	if (hdrsize <= UINT32_MAX && bufwords <= UINT32_MAX && tags <= UINT32_MAX)
		bytes = profbuf_memory(hdrsize, bufwords, tags);
	if (!bytes)
		bad(p, "sizes out of range");
	free(p->memory);
	p->memory = malloc(bytes);
	if (!p->memory)
		bad(p, "no memory for a ring of %zu bytes", bytes);
	if (!profbuf_init(&p->ring, hdrsize, bufwords, tags, p->memory))
		bad(p, "sizes out of range");
}

static u32 counted_words(struct replay *p, const char *count_what, const char *what, size_t from)
{
	u64 n = number(p, count_what);
	u64 i;

	/* Every number takes two characters: no allocation for what cannot be there. */
	if (n > strlen(p->at) / 2)
		bad(p, "%s is missing: %" PRIu64 " are announced", what, n);
	if (n > UINT32_MAX)
		bad(p, "%s is out of range", count_what);
	if (from + n > p->words_size) {
		p->words_size = (from + n) * 2;
		p->words = realloc(p->words, p->words_size * sizeof(u64));
		if (!p->words)
			bad(p, "no memory for %zu words", p->words_size);
	}
	for (i = 0; i < n; i++)
		p->words[from + i] = number(p, what);
	return n;
}

static void write_op(struct replay *p)
{
	u64 tag, time;
	u32 nhdr, nstk;

	need_ring(p);
	tag = number(p, "tag");
	time = number(p, "time");
	nhdr = counted_words(p, "nhdr", "a word of the header", 0);
	nstk = counted_words(p, "nstk", "a word of the stack", nhdr);
	end_of_line(p);
	if (profbuf_write(&p->ring, tag, time, p->words, nhdr, p->words + nhdr, nstk) & PROFBUF_MISUSE)
		bad(p, "nhdr %" PRIu32 " is more than hdrsize", nhdr);
}

static void print_words(const u64 *words, u32 n)
{
	printf(" %" PRIu32, n);
	for (; n; n--)
		printf(" %" PRIu64, *words++);
}

static void read_op(struct replay *p)
{
	enum profbuf_read_status status;
	struct profbuf_slice s;

	need_ring(p);
	end_of_line(p);
	status = profbuf_read(&p->ring, PROFBUF_NONBLOCKING, &s);
	if (status != PROFBUF_DATA && status != PROFBUF_EMPTY && status != PROFBUF_EOF)
		bad(p, "the ring failed: status %d", status);
	putchar('R');
	print_words(s.data, s.ndata);
	print_words(s.tags, s.ntags);
	printf(" %d\n", status == PROFBUF_EOF);
}

static void close_op(struct replay *p)
{
	need_ring(p);
	end_of_line(p);
	if (profbuf_close(&p->ring) & PROFBUF_MISUSE)
		bad(p, "closed before");
}

static void operation(struct replay *p, char *line, size_t length)
{
	char op;

	if (length && line[length - 1] == '\n')
		line[--length] = '\0';
	if (length && line[length - 1] == '\r')
		line[--length] = '\0';
	p->at = line;
	if (strlen(line) != length)
		bad(p, "a zero byte");
	skip_blanks(p);
	op = *p->at;
	if (!op)
		return;
	if (!strchr("NWRC", op) || (p->at[1] && p->at[1] != ' ' && p->at[1] != '\t'))
		bad(p, "unknown operation: %.*s", (int)strcspn(p->at, " \t"), p->at);
	p->at++;
	switch (op) {
	case 'N':
		new_ring(p);
		break;
	case 'W':
		write_op(p);
		break;
	case 'R':
		read_op(p);
		break;
	case 'C':
		close_op(p);
		break;
	}
}

int main(int argc, char **argv)
{
	struct replay p = { 0 };
	size_t line_size = 0;
	char *line = NULL;
	ssize_t length;

	(void)argv;
	if (argc > 1) {
		fputs("usage: replay < trace\n", stderr);
		return 1;
	}
	while ((length = getline(&line, &line_size, stdin)) >= 0) {
		p.line++;
		operation(&p, line, length);
	}
	if (!feof(stdin)) {
		fprintf(stderr, "replay: standard input: %s\n", strerror(errno));
		return 1;
	}
	free(line);
	free(p.words);
	free(p.memory);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "replay: standard output: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}
