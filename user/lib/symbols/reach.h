/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reach.h - which of many spans, by their starts, is the last that reaches over an address
 *
 * Spans may lie in one another, all in one of them. Walking back from the address is then as long as there are spans;
 * a tree of how far they reach, above blocks of a few, takes as many steps as its height.
 */
#ifndef PROFBUF_REACH_H
#define PROFBUF_REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REACH_NONE	SIZE_MAX

struct reach {
	const void *all;
	uint64_t (*end)(const void *all, size_t i);	/* of a span, exclusive; 0: it is passed over */
	size_t leaves;
	uint64_t *tree;		/* the furthest end below a node; 1 is the root, those of i are 2i and 2i + 1 */
};

/* @all, with @n spans, stays the caller's. False: no memory. */
bool reach_init(struct reach *reach, const void *all, size_t n, uint64_t (*end)(const void *all, size_t i));
void reach_exit(struct reach *reach);

/* The last of the spans before @before that ends after @address. */
size_t reach_last(const struct reach *reach, size_t before, uint64_t address);

#endif /* PROFBUF_REACH_H */
