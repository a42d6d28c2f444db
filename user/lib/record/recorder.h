/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * recorder.h - what only the running system knows of a stream, while the stream is recorded
 *
 * A recorder takes all records of a stream, and emits them with what explains them: key names of thread contexts, paths
 * of cgroups, symbols. It also tells the module where processes have their tags. A recording has one part, or one after
 * another, each of which can be read alone. These are the moments:
 *
 *	recorder_scan()			before sampling begins
 *	recorder_begin()		a part begins: emits what the stream said before and is still in force
 *	recorder_add()			records came: emits them, and names that would be gone soon
 *	recorder_end()			no more samples of the part come: emits the paths of cgroups
 *	recorder_part_add_late()	records came for the next part: emits descriptions that came late
 *	recorder_part_finish()		the part is complete: emits symbols
 *
 * The module describes a process a moment after it has sampled it. So descriptions for a part's last samples may come
 * when the next part has begun: they go into both parts. Finding the symbols takes long. It needs nothing but the part,
 * so another thread may do it while the next part is recorded.
 *
 * Child processes of this process look at the other processes, as these may have files whose file system never answers.
 * The children end with the thread that made the call. A program that waits for all of its children gets these
 * children, too.
 *
 * No function prints. If memory is short, a name, a tag or a description may be missing; that is no error.
 */
#ifndef PROFBUF_RECORDER_H
#define PROFBUF_RECORDER_H

#include <stdbool.h>

#include "profbuf.h"

struct recorder;
struct recorder_part;

/* Why samples of a recording do not have their tags. */
struct recorder_tag_losses {
	uint64_t samples[8];	/* samples whose tags could not be read, by enum profbuf_tag_cause */
	bool old_module;	/* the module does not know tags */

	/* How often it was not found out where a process has its tags, after recorder_scan(). */
	uint64_t rights;	/* no right to look at it */
	uint64_t full;		/* the module has no room for more */
	uint64_t slow;		/* the process took too long, or too many did */
	uint64_t given_up;	/* the variable was not in its place for too long */
	uint64_t failed;	/* another reason */
};

/**
 * recorder_new() - make a recorder
 * @recorder: set to the new recorder
 * @session: where the stream comes from, to tell the module where tags are; NULL: the recording takes no tags
 * @parts: there may be more than one part
 *
 * Return: 0; -ENOMEM.
 */
int recorder_new(struct recorder **recorder, struct profbuf_session *session, bool parts);
void recorder_free(struct recorder *recorder);

/**
 * recorder_scan() - look at all processes for their tags; without it, each is looked at when it is described
 * @recorder: the recorder; its session is configured, and best not started yet
 *
 * Return: 0; -ENOMEM or -errno of opendir(): not all processes were looked at.
 */
int recorder_scan(struct recorder *recorder);

/*
 * Calls the part's emit for what the stream said before this part, if that is still in force.
 * Return: 0; -ENOMEM; what emit returned.
 */
int recorder_begin(struct recorder *recorder, struct recorder_part *part);

/**
 * recorder_add() - take records from the device
 * @recorder: the recorder
 * @part: the part that the records belong to
 * @words: whole records, as profbuf_session_read() gave them; take them soon, as processes end
 * @n: the number of words
 *
 * Calls the part's emit for each record, and for what explains it and would be gone soon. This waits at most 0.2 s for
 * a process that is slow.
 *
 * Return: 0; what emit returned.
 */
int recorder_add(struct recorder *recorder, struct recorder_part *part, const uint64_t *words, size_t n);

/* Called after the part's last recorder_add(). Return: 0; what the part's emit returned. */
int recorder_end(struct recorder *recorder, struct recorder_part *part);

void recorder_tag_losses(const struct recorder *recorder, struct recorder_tag_losses *losses);

/**
 * recorder_part_new() - make a part
 * @part: set to the new part
 * @emit: called for each record of the part, until it returns other than 0
 * @context: for @emit
 *
 * Return: 0; -ENOMEM.
 */
int recorder_part_new(struct recorder_part **part, int (*emit)(const struct profbuf_record *record, void *context),
		      void *context);
void recorder_part_free(struct recorder_part *part);

/*
 * Takes the records that recorder_add() takes for the next part. Emits those that may explain samples of this part.
 * Return: 0; what emit returned.
 */
int recorder_part_add_late(struct recorder_part *part, const uint64_t *words, size_t n);

/*
 * Called at last: emits the symbols of the part. Unlike what uses the recorder, this may run in any thread.
 *
 * Return: 0, also if the kernel hides its symbols; -ENOMEM; what emit returned.
 */
int recorder_part_finish(struct recorder_part *part);

#endif /* PROFBUF_RECORDER_H */
