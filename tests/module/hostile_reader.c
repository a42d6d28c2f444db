// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostile_reader.c - what a user without rights reads meanwhile, see hostile.h
 */
#define _GNU_SOURCE
#include "hostile.h"

/* By pid; pids wrap below this. */
#define PIDS	65536
static bool own[PIDS], sampled[PIDS];

void reader_owns(pid_t pid)
{
	own[pid % PIDS] = true;
}

/* Values that this program itself puts on its stack, so that they may be taken for a return address. */
static bool is_planted(uint64_t word)
{
	return word >= -4096ULL || word == 0xffff800000000000 || word == 0xffffffff81000000;
}

static void check_sample(const struct profbuf_sample *p)
{
	CHECK((p->mode & PROFBUF_MODE_MASK) == PROFBUF_MODE_USER && !p->nr_kernel, "mode %d", p->mode);
	CHECK(!PROFBUF_SAMPLE_KERNEL_STOP(p));
	for (int i = 0; i < p->nr_user; i++)
		CHECK(p->frames[i] < 0xffff800000000000 || is_planted(p->frames[i]), "frame %d: %llx", i,
		      (unsigned long long)p->frames[i]);
	sampled[p->pid % PIDS] = true;
}

/* Checks that a user without rights reads only about its own processes and their user code. */
static void check_own(const struct kt_stream *s)
{
	const struct profbuf_record *r = NULL;

	kt_check_no_kernel_address(s, false);
	while ((r = kt_next(s, r))) {
		const struct profbuf_process *p = (const struct profbuf_process *)r;

		CHECK(r->type != PROFBUF_RECORD_PROCESS || p->uid == NOBODY, "process %u of %u", p->pid, p->uid);
		CHECK(r->type != PROFBUF_RECORD_INFO || !((const struct profbuf_stream_info *)r)->kernel_anchor);
		CHECK(r->type != PROFBUF_RECORD_MODULE);
		if (r->type == PROFBUF_RECORD_SAMPLE)
			check_sample((const struct profbuf_sample *)r);
	}
}

void reader_start(struct reader *r)
{
	struct profbuf_config config = kt_config();

	*r = (struct reader){ .fd = open(PROFBUF_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK) };
	NEED(r->fd >= 0);
	config.flags = PROFBUF_CONFIG_USER | PROFBUF_CONFIG_SIDEBAND | PROFBUF_CONFIG_TAGS;
	config.period = 5 * MSEC;
	config.ring_bytes = 64 << 10;
	config.flush_ns = 10 * MSEC;
	kt_configure(r->fd, &config);
	kt_start(r->fd);
	reader_owns(getpid());
}

void reader_read(struct reader *r)
{
	while (kt_read(r->fd, &r->stream) > 0) {
		kt_check_part(&r->stream, &r->sums);
		check_own(&r->stream);
		r->stream.n = 0;
	}
}

void reader_end(struct reader *r)
{
	kt_stop(r->fd);
	reader_read(r);
	for (int i = 0; i < PIDS; i++)
		CHECK(!sampled[i] || own[i], "a sample of %d", i);
	ENOUGH(r->sums.all_samples > 10, "%llu samples, %llu processes", (unsigned long long)r->sums.all_samples,
	       (unsigned long long)r->sums.processes);
	CHECK(r->sums.processes && r->sums.has_final[0], "%llu samples, %llu processes",
	      (unsigned long long)r->sums.all_samples, (unsigned long long)r->sums.processes);
	printf("# nobody reads %llu samples of its own\n", (unsigned long long)r->sums.all_samples);
	kt_free(&r->stream);
	close(r->fd);
}
