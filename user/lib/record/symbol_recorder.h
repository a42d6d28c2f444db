/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbol_recorder.h - symbols of a recording
 */
#ifndef PROFBUF_SYMBOL_RECORDER_H
#define PROFBUF_SYMBOL_RECORDER_H

#include "profbuf.h"

struct symbol_recorder;

/*
 * Remembers the addresses of a stream that lie in the kernel, or in code that processes generated at run time, and
 * makes the records that name them. So the file can be read after the next boot, and on other machines.
 */
int symbol_recorder_new(struct symbol_recorder **recorder);
void symbol_recorder_free(struct symbol_recorder *recorder);

/* Takes a record of any type. Return: 0; -ENOMEM. */
int symbol_recorder_add(struct symbol_recorder *recorder, const struct profbuf_record *record);

/*
 * Calls @emit for each record, until it returns other than 0.
 *
 * Return: 0, also if the kernel hides its symbols; -ENOMEM; what @emit returned.
 */
int symbol_recorder_emit(struct symbol_recorder *recorder,
			 int (*emit)(const struct profbuf_record *record, void *context), void *context);

#endif /* PROFBUF_SYMBOL_RECORDER_H */
