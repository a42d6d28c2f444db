// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_core.c - the same calls to the ring and to reference.c; all that comes out has to be equal
 *
 * The input: four bytes for the sizes, then one byte for each call, some with a second one. A call may also be a new
 * ring. Words are numbered, so that no two of them are equal by chance.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference.h"

#define CHECK(cond, ...) do {								\
	if (!(cond)) {									\
		fprintf(stderr, "fuzz: " __VA_ARGS__);					\
		fprintf(stderr, "\nfuzz: %s:%d: %s\n", __FILE__, __LINE__, #cond);	\
		abort();								\
	}										\
} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct input {
	const uint8_t *bytes;
	size_t n;
};

struct pair {
	struct profbuf ring;
	struct ref ref;
	u64 *memory;
	struct profbuf_slice slice;	/* the last one, if out */
	bool out;
	u64 word;			/* the last one used */
	bool verbose;			/* FUZZ_VERBOSE=1: each call, to read a finding */
};

#define SAY(p, ...) do {				\
	if ((p)->verbose)				\
		fprintf(stderr, "fuzz: " __VA_ARGS__);	\
} while (0)

static u32 next(struct input *in)
{
	if (!in->n)
		return 0;
	in->n--;
	return *in->bytes++;
}

static void start(struct pair *p, struct input *in)
{
	u32 a = next(in), b = next(in), c = next(in), d = next(in);
	u32 hdrsize = (a & 0x80) ? a % REF_MAX_HDR : a % 6;
	u32 bufwords = (b & 0x80) ? b % (REF_MAX_SIZE + 1) : b % 33;
	u32 tags = (c & 0x80) ? c % (REF_MAX_TAGS + 1) : c % 9;
	u32 watermark;
	size_t size = profbuf_memory(hdrsize, bufwords, tags);

	CHECK(size, "no size for %u %u %u", hdrsize, bufwords, tags);
	free(p->memory);
	p->memory = malloc(size);
	if (!p->memory)
		abort();
	memset(p->memory, 0xa5, size);
	CHECK(profbuf_init(&p->ring, hdrsize, bufwords, tags, p->memory), "init");
	ref_init(&p->ref, hdrsize, bufwords, tags, 0);
	watermark = (d & 0x80) ? 1 + d % p->ref.size : p->ref.size / 2;
	if (d & 0x80)
		profbuf_set_watermark(&p->ring, watermark);
	p->ref.watermark = watermark;
	p->out = false;
	CHECK(size == (p->ref.size + p->ref.tags + 2 + hdrsize + 2) * sizeof(u64), "%zu bytes", size);
	SAY(p, "init(hdrsize %u, bufwords %u, tags %u), watermark %u\n", hdrsize, bufwords, tags, watermark);
}

static void write_one(struct pair *p, u32 nhdr, u32 nstk)
{
	static u64 hdr[REF_MAX_HDR + 1], stk[2 * REF_MAX_SIZE];
	u64 tag = ++p->word, now = ++p->word;
	unsigned int got, want;

	for (u32 i = 0; i < nhdr; i++)
		hdr[i] = ++p->word;
	for (u32 i = 0; i < nstk; i++)
		stk[i] = ++p->word;
	got = profbuf_write(&p->ring, tag, now, hdr, nhdr, stk, nstk);
	want = ref_write(&p->ref, tag, now, hdr, nhdr, stk, nstk);
	SAY(p, "write(tag %lu, now %lu, nhdr %u, nstk %u) = %u\n", tag, now, nhdr, nstk, got);
	CHECK(got == want, "write: %u, not %u", got, want);
}

static void read_one(struct pair *p, enum profbuf_read_mode mode)
{
	static struct ref_slice want;
	enum profbuf_read_status status, expected;

	/* What was read is the reader's: the ring must not look at it again. */
	if (p->out)
		memset(p->slice.data, 0x5a, p->slice.ndata * sizeof(u64));
	status = profbuf_read(&p->ring, mode, &p->slice);
	expected = ref_read(&p->ref, mode, &want);
	p->out = status == PROFBUF_DATA;
	SAY(p, "read(%s) = %d, %u words, %u tags\n", mode == PROFBUF_BLOCKING ? "blocking" : "", status,
	    p->slice.ndata, p->slice.ntags);
	CHECK(status == expected, "read: %d, not %d", status, expected);
	CHECK(p->slice.ndata == want.ndata, "read: %u words, not %u", p->slice.ndata, want.ndata);
	CHECK(p->slice.ntags == want.ntags, "read: %u tags, not %u", p->slice.ntags, want.ntags);
	if (!p->out)
		return;
	for (u32 i = 0; i < want.ndata; i++)
		CHECK(p->slice.data[i] == want.data[i], "read: word %u is %lx, not %lx", i, p->slice.data[i],
		      want.data[i]);
	for (u32 i = 0; i < want.ntags; i++)
		CHECK(p->slice.tags[i] == want.tags[i], "read: tag %u is %lx, not %lx", i, p->slice.tags[i],
		      want.tags[i]);
}

static void consume_part(struct pair *p, u32 records)
{
	u32 words = 0;

	if (!p->out)
		return;
	records %= p->slice.ntags + 1;
	for (u32 i = 0; i < records; i++)
		words += (u32)p->slice.data[words];
	memset(p->slice.data, 0x5a, words * sizeof(u64));
	profbuf_consume(&p->ring, words, records);
	ref_consume(&p->ref, records);
	p->out = false;
	SAY(p, "consume(%u words, %u)\n", words, records);
}

static void close_one(struct pair *p)
{
	unsigned int got = profbuf_close(&p->ring);
	unsigned int want = ref_close(&p->ref);

	SAY(p, "close() = %u\n", got);
	CHECK(got == want, "close: %u, not %u", got, want);
}

static void step(struct pair *p, struct input *in)
{
	u32 op = next(in);
	u32 arg = op >> 4;

	switch (op & 15) {
	case 0 ... 4:	/* a stack of 0 to 15 words */
		write_one(p, p->ref.hdrsize, arg);
		break;
	case 5:		/* of any size, also more than the ring has */
		write_one(p, arg % (p->ref.hdrsize + 1), next(in) % (p->ref.size + 2));
		break;
	case 6:		/* all that fits, exactly */
		write_one(p, 0, p->ref.size - 2 - p->ref.hdrsize);
		break;
	case 7:
		for (u32 n = next(in) % 64; n; n--)
			write_one(p, arg % (p->ref.hdrsize + 1), arg);
		break;
	case 8:
		if (arg == 15)
			start(p, in);
		else if (arg == 14)
			close_one(p);
		else if (arg == 13)
			write_one(p, p->ref.hdrsize + 1, 1);
		else
			consume_part(p, arg);
		break;
	case 9 ... 10:
		consume_part(p, arg);
		break;
	case 11 ... 12:
		read_one(p, PROFBUF_BLOCKING);
		break;
	default:
		read_one(p, PROFBUF_NONBLOCKING);
		break;
	}
	if (!p->out)
		CHECK(profbuf_readable(&p->ring) == ref_readable(&p->ref), "readable: not %d", ref_readable(&p->ref));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct pair pair;
	struct input in = { bytes, n };

	free(pair.memory);
	memset(&pair, 0, sizeof(pair));
	pair.verbose = !!getenv("FUZZ_VERBOSE");
	start(&pair, &in);
	while (in.n)
		step(&pair, &in);
	do {
		read_one(&pair, PROFBUF_NONBLOCKING);
	} while (pair.out);
	close_one(&pair);
	read_one(&pair, PROFBUF_NONBLOCKING);
	return 0;
}
