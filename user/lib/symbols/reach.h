/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reach.h - find the last of many spans, sorted by start, that ends after an address
 *
 * A span may contain others, even all of them. Then a walk back from the address could visit all spans. A tree of the
 * furthest ends, over blocks of a few spans, needs only as many steps as its height.
 */
#ifndef PROFBUF_REACH_H
#define PROFBUF_REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REACH_NONE	SIZE_MAX

struct reach {
	const void *all;
	uint64_t (*end)(const void *all, size_t i);	/* end of span @i, exclusive; 0: skip it */
	size_t leaves;
	uint64_t *tree;		/* the furthest end below a node; 1 is the root, the children of i are 2i and 2i + 1 */
};

/* The caller owns @all, which has @n spans. False: no memory. */
bool reach_init(struct reach *reach, const void *all, size_t n, uint64_t (*end)(const void *all, size_t i));
void reach_exit(struct reach *reach);

/* Returns the last of the spans before @before that ends after @address, or REACH_NONE. */
size_t reach_last(const struct reach *reach, size_t before, uint64_t address);

#endif /* PROFBUF_REACH_H */
