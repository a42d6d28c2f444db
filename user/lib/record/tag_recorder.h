/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tag_recorder.h - key names of thread contexts and paths of cgroups, for a recording
 */
#ifndef PROFBUF_TAG_RECORDER_H
#define PROFBUF_TAG_RECORDER_H

#include "profbuf.h"

struct profbuf_tag_recorder;

/*
 * Makes the records that say what only the running system knows: the key names of thread contexts, and the paths of
 * cgroups.
 */
int profbuf_tag_recorder_new(struct profbuf_tag_recorder **recorder);
void profbuf_tag_recorder_free(struct profbuf_tag_recorder *recorder);

/*
 * Takes a record of any type that profbuf_stream_next() or the device gave. Gives @emit the names of a process with the
 * first tag that needs them, which can take 0.2 s, three times, if the process does all it can to be slow.
 *
 * Return: 0; -ENOMEM; what @emit returned other than 0.
 */
int profbuf_tag_recorder_add(struct profbuf_tag_recorder *recorder, const struct profbuf_record *record,
			     int (*emit)(const struct profbuf_record *record, void *context), void *context);

/* Gives @emit the paths of the cgroups of all processes, at the end. Return: 0; what @emit returned other than 0. */
int profbuf_tag_recorder_emit(struct profbuf_tag_recorder *recorder,
			      int (*emit)(const struct profbuf_record *record, void *context), void *context);

#endif /* PROFBUF_TAG_RECORDER_H */
