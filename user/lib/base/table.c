// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * table.c - growing arrays, hash indexes and interned strings
 */
#include <stdarg.h>
#include <stdio.h>
#include <sys/auxv.h>

#include "table.h"

/* Arenas */

#define BLOCK_BYTES	(256UL << 10)

struct arena_block {
	struct arena_block *next;
};

void *arena_alloc(struct arena *arena, size_t bytes)
{
	struct arena_block *block;
	size_t room = BLOCK_BYTES;
	void *memory;

	bytes = (bytes + 7) & ~(size_t)7;
	if (bytes > arena->left) {
		if (bytes > BLOCK_BYTES / 4)
			room = bytes;
		block = malloc(sizeof(*block) + room);
		if (!block)
			return NULL;
		block->next = arena->blocks;
		arena->blocks = block;
		/* A large piece gets its own block; the current block stays in use. */
		if (room == bytes)
			return block + 1;
		arena->at = (char *)(block + 1);
		arena->left = room;
	}
	memory = arena->at;
	arena->at += bytes;
	arena->left -= bytes;
	return memory;
}

void arena_exit(struct arena *arena)
{
	struct arena_block *block, *next;

	for (block = arena->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	*arena = (struct arena){ 0 };
}

/* Arrays */

bool array_grow(void **array, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 64;
	void *bigger;

	if (n < *room)
		return true;
	bigger = realloc(*array, more * size);
	if (!bigger)
		return false;
	*array = bigger;
	*room = more;
	return true;
}

/* Hashes */

uint64_t hash_key[2] = { 0x9e3779b97f4a7c15ULL, 0xd1b54a32d192ed03ULL };

/*
 * The kernel gives each program 16 random bytes at its start. They have other uses, too: the keys must not reveal them.
 */
static void __attribute__((constructor)) choose_key(void)
{
	const void *bytes = (const void *)getauxval(AT_RANDOM);
	uint64_t random[2];

	if (!bytes)
		return;
	memcpy(random, bytes, sizeof(random));
	hash_key[0] ^= hash_mix(random[0], 1) | 1;
	hash_key[1] ^= hash_mix(random[1], hash_key[0]) | 1;
}

uint64_t hash_words(const uint64_t *words, size_t n, uint64_t seed)
{
	uint64_t h = hash_mix(seed, n);

	for (; n >= 2; n -= 2, words += 2)
		h = hash_mix(words[0] ^ h, words[1]);
	return n ? hash_mix(words[0], h) : h;
}

uint64_t hash_bytes(const void *bytes, size_t n)
{
	const unsigned char *from = bytes;
	uint64_t h = n, word;

	for (; n; n -= n < 8 ? n : 8, from += 8) {
		word = 0;
		memcpy(&word, from, n < 8 ? n : 8);
		h = hash_mix(word, h);
	}
	return h;
}

static void place(struct index_slot *slots, uint64_t mask, struct index_slot slot)
{
	uint64_t at = slot.hash;

	while (slots[at & mask].id)
		at++;
	slots[at & mask] = slot;
}

static bool index_grow(struct index *index)
{
	size_t size = index->slots ? (index->mask + 1) * 2 : 64;
	struct index_slot *slots;
	size_t i;

	slots = calloc(size, sizeof(*slots));
	if (!slots)
		return false;
	for (i = 0; index->slots && i <= index->mask; i++) {
		if (index->slots[i].id)
			place(slots, size - 1, index->slots[i]);
	}
	free(index->slots);
	index->slots = slots;
	index->mask = size - 1;
	return true;
}

bool index_add(struct index *index, uint64_t hash, uint32_t id)
{
	if ((!index->slots || index->n * 2 > index->mask) && !index_grow(index))
		return false;
	place(index->slots, index->mask, (struct index_slot){ .hash = hash, .id = id + 1 });
	index->n++;
	return true;
}

void index_exit(struct index *index)
{
	free(index->slots);
	*index = (struct index){ 0 };
}

/* Strings */

const char *strings_intern_bytes(struct strings *s, const char *bytes, size_t n)
{
	uint64_t hash = hash_bytes(bytes, n), at = hash;
	uint32_t id;
	char *copy;

	while ((id = index_next(&s->index, hash, &at)) != INDEX_NONE) {
		if (!strncmp(s->all[id], bytes, n) && !s->all[id][n])
			return s->all[id];
	}
	copy = arena_alloc(&s->arena, n + 1);
	if (!copy || !ARRAY_GROW(s->all, s->n, s->room) || !index_add(&s->index, hash, s->n))
		return NULL;
	memcpy(copy, bytes, n);
	copy[n] = 0;
	s->all[s->n++] = copy;
	return copy;
}

const char *strings_intern(struct strings *s, const char *string)
{
	return strings_intern_bytes(s, string, strlen(string));
}

const char *strings_format(struct strings *s, const char *format, ...)
{
	const char *string = NULL;
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0) {
		string = strings_intern(s, text);
		free(text);
	}
	va_end(args);
	return string;
}

void strings_exit(struct strings *s)
{
	arena_exit(&s->arena);
	index_exit(&s->index);
	free(s->all);
	*s = (struct strings){ 0 };
}
