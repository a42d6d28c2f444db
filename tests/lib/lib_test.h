/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lib_test.h - what the tests of libprofbuf share
 */
#ifndef LIB_TEST_H
#define LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../tap.h"
#include "generate.h"
#include "profile/profile.h"

/* A file in a directory that is removed at the end. */
extern char path[64];

/* Any addresses. */
extern const uint64_t frames[2];

/* Returns what profbuf_stream_next() returns after @skip records of the first @bytes. */
int next(const struct generated *g, size_t bytes, size_t skip);

/* Writes a stream with the writer to the file at path. Return: the file's length. */
size_t convert(const struct generated *g, bool raw, size_t flush_every);

/* Checks that the records of that file are the first ones of the stream. Return: how many there are. */
size_t check_begin(const struct generated *g, int *end);

/* Returns the profile of a valid stream. */
struct profbuf_profile *profile_of(const struct generated *g);
const char *symbol_at(const struct profbuf_profile *p, const struct profbuf_stack *stack, unsigned int frame);

#endif /* LIB_TEST_H */
