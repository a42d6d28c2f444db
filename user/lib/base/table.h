/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * table.h - growing arrays, hash indexes and interned strings
 */
#ifndef PROFBUF_TABLE_H
#define PROFBUF_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Memory that is freed all at once. */
struct arena {
	struct arena_block *blocks;
	char *at;
	size_t left;
};

/* Return: @bytes of memory, aligned for u64; NULL: no memory. */
void *arena_alloc(struct arena *arena, size_t bytes);
void arena_exit(struct arena *arena);

/* Makes room for one more element of @size bytes in an array that has @n elements and room for *@room. */
bool array_grow(void **array, size_t n, size_t *room, size_t size);

#define ARRAY_GROW(array, n, room) array_grow((void **)&(array), n, &(room), sizeof(*(array)))

/*
 * Keys of the hashes; each process has its own. Names come from outside: with the same keys in every process, an
 * attacker could choose names that all have the same hash, and every look-up would go through all of them. So hashes
 * must not be stored in files.
 */
extern uint64_t hash_key[2];

/* Hashes @n words. */
uint64_t hash_words(const uint64_t *words, size_t n, uint64_t seed);
uint64_t hash_bytes(const void *bytes, size_t n);

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)(a ^ hash_key[0]) * (b ^ hash_key[1]);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/*
 * Finds ids (positions in an array) by hash; the caller compares the elements:
 *
 *	for (at = hash; (id = index_next(&index, hash, &at)) != INDEX_NONE; )
 *		if (array[id] is it)
 *			return id;
 *	index_add(&index, hash, id = n++);
 */
#define INDEX_NONE	UINT32_MAX

struct index_slot {
	uint32_t hash;
	uint32_t id;		/* plus 1; 0: the slot is empty */
};

struct index {
	struct index_slot *slots;
	uint64_t mask;		/* slots - 1 */
	size_t n;
};

static inline uint32_t index_next(const struct index *index, uint64_t hash, uint64_t *at)
{
	if (!index->slots)
		return INDEX_NONE;
	for (;;) {
		const struct index_slot *slot = &index->slots[(*at)++ & index->mask];

		if (!slot->id)
			return INDEX_NONE;
		if (slot->hash == (uint32_t)hash)
			return slot->id - 1;
	}
}

/* False: no memory. */
bool index_add(struct index *index, uint64_t hash, uint32_t id);
void index_exit(struct index *index);

/* Equal strings are stored once and have the same pointer. */
struct strings {
	struct arena arena;
	struct index index;
	const char **all;
	size_t n;
	size_t room;
};

/* Return: the string; NULL: no memory. */
const char *strings_intern(struct strings *strings, const char *string);
const char *strings_intern_bytes(struct strings *strings, const char *bytes, size_t n);
const char *strings_format(struct strings *strings, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strings_exit(struct strings *strings);

#endif /* PROFBUF_TABLE_H */
