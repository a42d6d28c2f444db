/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tag_finder.h - tells the kernel where processes have the pointers to their tags
 */
#ifndef PROFBUF_TAG_FINDER_H
#define PROFBUF_TAG_FINDER_H

#include "profbuf.h"

struct profbuf_tag_finder;

/*
 * Finds out where processes that say whose work their threads do have the pointers that say so, and tells the kernel:
 * those that run at the start by profbuf_tag_finder_scan(), others when their description comes. Whoever has no right
 * to a process, or has an older module, gets its samples without tags; nothing of that is an error.
 *
 * Processes are looked at from child processes of this one, here and where names are recorded: who is looked at may
 * have files that never come. They end with the thread that made the call, and a program that waits for all of its
 * children meets them.
 */
int profbuf_tag_finder_new(struct profbuf_tag_finder **finder);
void profbuf_tag_finder_free(struct profbuf_tag_finder *finder);

/**
 * profbuf_tag_finder_scan() - looks at all processes of /proc
 * @finder: the finder
 * @session: to be told; configured, best before it starts
 *
 * What is known of files is kept: to scan again, for another session, takes less time.
 *
 * Return: 0; -ENOMEM; -errno of opendir().
 */
int profbuf_tag_finder_scan(struct profbuf_tag_finder *finder, struct profbuf_session *session);

/*
 * Takes a record of any type, soon after it was read: processes end. Looks again, after a while, at processes that were
 * still about to start, and tells the kernel of variables that are not there any more. A process whose files or memory
 * are slow to come, or never do, is waited for 0.2 s; what comes later is told later. Return: 0; -ENOMEM.
 */
int profbuf_tag_finder_add(struct profbuf_tag_finder *finder, struct profbuf_session *session,
			   const struct profbuf_record *record);

/* What the finder did, in looks at processes; one process may be looked at more than once. */
struct profbuf_tag_finder_counts {
	uint64_t looks;		/* the sum of those below */
	uint64_t told;		/* the kernel knows its variables */
	uint64_t none;		/* it has none */
	uint64_t early;		/* has one that was not in its place so far */
	uint64_t other;		/* not a 64-bit x86 process */
	uint64_t gone;		/* ended meanwhile, or a kernel thread */
	uint64_t rights;	/* no right to look at it */
	uint64_t full;		/* the kernel has no room for more */
	uint64_t slow;		/* took more than 0.2 s: not waited for, or too many did. It may have been told later */
	uint64_t failed;	/* for another reason */
	uint64_t skipped;	/* not looked at: its files are known to name no such variable, or it is slow */
	uint64_t withdrawn;	/* variables that the kernel was told are not there any more */
	uint64_t given_up;	/* early ones not looked at any more: after 5 s, or as they were too many */
	uint64_t files;		/* read */
	bool old_module;	/* it knows nothing of tags; there were no more looks after that */
};

void profbuf_tag_finder_counts(const struct profbuf_tag_finder *finder, struct profbuf_tag_finder_counts *counts);

#endif /* PROFBUF_TAG_FINDER_H */
