/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tag_recorder.h - key names of thread contexts and paths of cgroups, for a recording
 */
#ifndef PROFBUF_TAG_RECORDER_H
#define PROFBUF_TAG_RECORDER_H

#include "profbuf.h"

struct tag_recorder;

/*
 * Makes the records with names that only the running system knows: key names of thread contexts, and paths of cgroups.
 */
int tag_recorder_new(struct tag_recorder **recorder);
void tag_recorder_free(struct tag_recorder *recorder);

/*
 * Takes a record of any type that profbuf_stream_next() or the device gave. With the first tag of a process that needs
 * key names, calls @emit for them. This can take 0.2 s, three times at most, if the process is slow on purpose.
 *
 * Return: 0; -ENOMEM; what @emit returned other than 0.
 */
int tag_recorder_add(struct tag_recorder *recorder, const struct profbuf_record *record,
		     int (*emit)(const struct profbuf_record *record, void *context), void *context);

/* Called at the end: calls @emit for the cgroup paths of all processes. Return: 0; what @emit returned other than 0. */
int tag_recorder_emit(struct tag_recorder *recorder, int (*emit)(const struct profbuf_record *record, void *context),
		      void *context);

#endif /* PROFBUF_TAG_RECORDER_H */
