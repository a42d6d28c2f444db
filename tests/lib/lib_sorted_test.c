// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib_sorted_test.c - the base: the search in sorted arrays
 */
#include "base/sorted.h"
#include "lib_test.h"

struct element {
	uint64_t key;
	char name;
};

static const struct element elements[] = { { 2, 'a' }, { 5, 'b' }, { 5, 'c' }, { 5, 'd' }, { UINT64_MAX, 'e' } };

static size_t after(size_t n, uint64_t key)
{
	return sorted_after(elements, n, sizeof(*elements), by_word, &key);
}

TEST(search_of_an_empty_array)
{
	uint64_t key = 5;

	assert_int_equal(sorted_after(NULL, 0, sizeof(*elements), by_word, &key), 0);
}

TEST(search_before_the_first_element)
{
	for (size_t n = 1; n <= 5; n++) {
		assert_int_equal(after(n, 0), 0);
		assert_int_equal(after(n, 1), 0);
	}
}

TEST(search_of_equal_keys_finds_the_last)
{
	for (size_t n = 1; n <= 5; n++) {
		assert_int_equal(after(n, 2), 1);
		assert_int_equal(after(n, 4), 1);
		assert_int_equal(after(n, 5), n < 4 ? n : 4);
	}
	assert_int_equal(elements[after(5, 5) - 1].name, 'd');
}

TEST(search_after_the_last_element)
{
	for (size_t n = 1; n <= 4; n++)
		assert_int_equal(after(n, 6), n);
	assert_int_equal(after(5, UINT64_MAX - 1), 4);
	assert_int_equal(after(5, UINT64_MAX), 5);
}
