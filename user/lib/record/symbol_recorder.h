/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbol_recorder.h - symbols of a recording
 */
#ifndef PROFBUF_SYMBOL_RECORDER_H
#define PROFBUF_SYMBOL_RECORDER_H

#include "profbuf.h"

struct profbuf_symbol_recorder;

/*
 * Remembers which addresses a stream has of the kernel, and of code that processes made at run time, and makes the
 * records that name them, so that the file can be read after the next boot, and elsewhere.
 */
int profbuf_symbol_recorder_new(struct profbuf_symbol_recorder **recorder);
void profbuf_symbol_recorder_free(struct profbuf_symbol_recorder *recorder);

/* Takes a record of any type. Return: 0; -ENOMEM. */
int profbuf_symbol_recorder_add(struct profbuf_symbol_recorder *recorder, const struct profbuf_record *record);

/*
 * Gives @emit each record; stops at what it returns other than 0, and returns that.
 *
 * Return: 0, also if the kernel hides its symbols; -ENOMEM.
 */
int profbuf_symbol_recorder_emit(struct profbuf_symbol_recorder *recorder,
				 int (*emit)(const struct profbuf_record *record, void *context), void *context);

#endif /* PROFBUF_SYMBOL_RECORDER_H */
