/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * outside.h - what the tests of tags from outside share: who is tagged, by the module's count and by the samples
 */
#ifndef KT_OUTSIDE_H
#define KT_OUTSIDE_H

#include "tags.h"

static const char text[] = "job\0nightly";

/*
 * Counts of samples, of a process and of all others, which are its children: with a tag and without. All tags are the
 * same one.
 */
struct outside {
	uint64_t tag;
	unsigned int with, without, children, untagged_children;
};

static inline struct outside count_outside(const struct kt_stream *s, pid_t pid)
{
	const struct profbuf_record *r = NULL;
	struct outside n = { 0 };

	while ((r = kt_next(s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;

		if (r->type != PROFBUF_RECORD_SAMPLE)
			continue;
		if (p->tag & PROFBUF_TAG_OUTSIDE) {
			CHECK(!n.tag || n.tag == p->tag);
			n.tag = p->tag;
		}
		if (p->pid == (uint32_t)pid)
			(*(p->tag ? &n.with : &n.without))++;
		else
			(*(p->tag ? &n.children : &n.untagged_children))++;
	}
	return n;
}

#define COUNTS "%u with, %u without; of children, %u with, %u without"
#define COUNTS_OF(n) (n).with, (n).without, (n).children, (n).untagged_children

/* What a session of a process and its children sees in a short time. */
static inline struct outside look(pid_t pid)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	struct outside n;
	int fd = kt_open();

	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = pid;
	kt_configure(fd, &config);
	kt_start(fd);
	kt_sleep(200 * MSEC);
	finish(fd, &s);
	n = count_outside(&s, pid);
	kt_free(&s);
	close(fd);
	return n;
}

static inline bool is_tagged(pid_t pid)
{
	struct outside n = look(pid);

	CHECK(n.with + n.without > 8 && (!n.with || !n.without), COUNTS, COUNTS_OF(n));
	return n.with;
}

/* Checks how many processes and threads are tagged. Those of earlier tests have ended. */
static inline void check_tagged(unsigned int n)
{
	CHECK(kt_sysfs("tagged") == n, "%llu", kt_sysfs("tagged"));
	CHECK(!kt_sysfs("tagged_lost"));
}

#endif /* KT_OUTSIDE_H */
