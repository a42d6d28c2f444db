// SPDX-License-Identifier: GPL-2.0-only
/*
 * reach.c - find the last of many spans, sorted by start, that ends after an address
 */
#include <stdlib.h>

#include "reach.h"

#define BLOCK	16	/* spans in a leaf */

bool reach_init(struct reach *r, const void *all, size_t n, uint64_t (*end)(const void *all, size_t i))
{
	*r = (struct reach){ .all = all, .end = end, .leaves = 1 };
	while (r->leaves <= n / BLOCK)
		r->leaves *= 2;
	r->tree = calloc(2 * r->leaves, sizeof(*r->tree));
	if (!r->tree)
		return false;
	for (size_t i = 0; i < n; i++) {
		uint64_t *leaf = &r->tree[r->leaves + i / BLOCK];

		if (end(all, i) > *leaf)
			*leaf = end(all, i);
	}
	for (size_t i = r->leaves - 1; i; i--)
		r->tree[i] = r->tree[2 * i] > r->tree[2 * i + 1] ? r->tree[2 * i] : r->tree[2 * i + 1];
	return true;
}

void reach_exit(struct reach *r)
{
	free(r->tree);
	*r = (struct reach){ 0 };
}

static size_t last_from(const struct reach *r, size_t first, size_t before, uint64_t address)
{
	while (before-- > first) {
		if (r->end(r->all, before) > address)
			return before;
	}
	return REACH_NONE;
}

/* Returns the last block before @block that has a span which ends after @address. */
static size_t last_block(const struct reach *r, size_t block, uint64_t address)
{
	size_t at = r->leaves + block;

	/* Go up until a node to the left has such a span; then go down, to the right if possible. */
	while (at > 1 && !(at & 1 && r->tree[at - 1] > address))
		at /= 2;
	if (at <= 1)
		return REACH_NONE;
	for (at--; at < r->leaves;)
		at = 2 * at + (r->tree[2 * at + 1] > address);
	return at - r->leaves;
}

size_t reach_last(const struct reach *r, size_t before, uint64_t address)
{
	size_t block = before / BLOCK, found = last_from(r, block * BLOCK, before, address);

	if (found != REACH_NONE)
		return found;
	block = last_block(r, block, address);
	return block == REACH_NONE ? REACH_NONE : last_from(r, block * BLOCK, (block + 1) * BLOCK, address);
}
