/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tag_finder.h - tell the kernel where processes have the pointers to their tags
 */
#ifndef PROFBUF_TAG_FINDER_H
#define PROFBUF_TAG_FINDER_H

#include "profbuf.h"

struct tag_finder;

/*
 * Finds the thread-local pointers to tags in processes that tag their threads, and tells the kernel where they are.
 * tag_finder_scan() does this for the processes that run at the start; for others it happens when their
 * description comes. Without the right to look at a process, or with an older module, its samples come without tags;
 * that is no error.
 *
 * Here and where names are recorded, child processes of this process look at the other processes, as these may have
 * files whose file system never answers. The children end with the thread that made the call. A program that waits for
 * all of its children gets these children, too.
 */
int tag_finder_new(struct tag_finder **finder);
void tag_finder_free(struct tag_finder *finder);

/**
 * tag_finder_scan() - look at all processes of /proc
 * @finder: the finder
 * @session: the session to tell; it is configured, and best not started yet
 *
 * The finder keeps what it knows about files, so a second scan, for another session, takes less time.
 *
 * Return: 0; -ENOMEM; -errno of opendir().
 */
int tag_finder_scan(struct tag_finder *finder, struct profbuf_session *session);

/*
 * Takes a record of any type, soon after it was read, as processes end. Also looks again, after a while, at processes
 * that were still starting, and tells the kernel about variables that are gone. The finder waits at most 0.2 s for a
 * process whose files or memory are slow or never come; if it finds something after that, it tells the kernel then.
 * Return: 0; -ENOMEM.
 */
int tag_finder_add(struct tag_finder *finder, struct profbuf_session *session, const struct profbuf_record *record);

/* What the finder did, counted in looks at processes; it may look at one process more than once. */
struct tag_finder_counts {
	uint64_t looks;		/* the sum of told to failed */
	uint64_t told;		/* the kernel was told about its variables */
	uint64_t none;		/* it has no such variables */
	uint64_t early;		/* has a variable that was not in its place yet */
	uint64_t other;		/* not a 64-bit x86 process */
	uint64_t gone;		/* ended meanwhile, or a kernel thread */
	uint64_t rights;	/* no right to look at it */
	uint64_t full;		/* the kernel has no room for more */
	uint64_t slow;		/* took more than 0.2 s, or too many did. The kernel may have been told later */
	uint64_t failed;	/* failed for another reason */
	uint64_t skipped;	/* not looked at: its files are known to name no variable, or a look is still running */
	uint64_t withdrawn;	/* variables that are gone: the kernel was told */
	uint64_t given_up;	/* early processes that are not looked at any more: after 5 s, or too many */
	uint64_t files;		/* files read */
	bool old_module;	/* the module does not know tags; the looks stopped then */
};

void tag_finder_counts(const struct tag_finder *finder, struct tag_finder_counts *counts);

#endif /* PROFBUF_TAG_FINDER_H */
