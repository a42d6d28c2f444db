/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sideband.h - what a stream said last about each process, thread and tag
 */
#ifndef PROFBUF_SIDEBAND_H
#define PROFBUF_SIDEBAND_H

#include "profbuf.h"

struct sideband;

/*
 * Remembers what a stream said last about each process, thread and tag, for a file that begins in the middle of the
 * stream. The records of a process that has ended are emitted once more, if that is within some seconds of the stream's
 * time, and then forgotten.
 */
int sideband_new(struct sideband **sideband);
void sideband_free(struct sideband *sideband);

/* Takes a record of any type. Return: 0; -ENOMEM. */
int sideband_add(struct sideband *sideband, const struct profbuf_record *record);

/* Calls @emit for each record, until it returns other than 0. Return: 0; -ENOMEM; what @emit returned. */
int sideband_emit(struct sideband *sideband, int (*emit)(const struct profbuf_record *record, void *context),
		  void *context);

#endif /* PROFBUF_SIDEBAND_H */
