/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hash.h - a hash of 64 bits; the kernel's hash_64() has 32
 */
#ifndef PROFBUF_HASH_H
#define PROFBUF_HASH_H

#include <linux/hash.h>
#include <linux/types.h>

static inline u64 profbuf_hash(u64 x)
{
	x = (x ^ x >> 32) * GOLDEN_RATIO_64;
	x = (x ^ x >> 29) * GOLDEN_RATIO_64;
	return x ^ x >> 32;
}

#endif /* PROFBUF_HASH_H */
