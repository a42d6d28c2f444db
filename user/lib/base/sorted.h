/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sorted.h - compare elements of arrays, and search sorted arrays
 *
 * Reports search for each sample. So the functions are in the header: a call for each comparison would make a report
 * take an eighth more instructions.
 */
#ifndef PROFBUF_SORTED_H
#define PROFBUF_SORTED_H

#include <stddef.h>
#include <stdint.h>

/**
 * sorted_after() - find where the elements begin that stand after a key
 * @array: sorted, @n elements of @size bytes each; may be NULL if @n is 0
 * @compare: as for qsort(): below 0, 0 or above 0 if its first argument, an element, stands before, at or after @key
 *
 * Return: how many elements stand before or at @key, so the last one of these is at this position - 1.
 */
static inline size_t sorted_after(const void *array, size_t n, size_t size,
				  int (*compare)(const void *element, const void *key), const void *key)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare((const char *)array + middle * size, key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Comparison functions of qsort(), bsearch() and sorted_after() for elements that begin with a u64, or with a u32. */
static inline int by_word(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static inline int by_u32(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

#endif /* PROFBUF_SORTED_H */
