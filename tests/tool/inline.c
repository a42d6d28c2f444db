// SPDX-License-Identifier: GPL-2.0-only
/*
 * inline.c - functions inlined into one another, one that calls into a library, and names to demangle; it is never run.
 * Lines are numbers in tests/tool/symbols.
 */
#include <stdlib.h>

volatile int sink;
int outer(int x);

/* Mangled names by two schemes of Rust. */
#define rust		_RNvNtCs1234_7mycrate3foo3bar
#define older_rust	_ZN7mycrate4spin17h0123456789abcdefE
void rust(void);
void older_rust(void);

static inline __attribute__((always_inline)) int inner(int x)
{
	sink = x * 3;
	return sink + 1;	/* line 20 */
}

static inline __attribute__((always_inline)) int middle(int x)
{
	return inner(x + 7) * 2;	/* line 25 */
}

__attribute__((noinline)) int outer(int x)
{
	int y = middle(x);	/* line 30 */

	return y + (int)strtol("1", NULL, 10);
}

__attribute__((noinline)) void rust(void)
{
	sink++;
}

__attribute__((noinline)) void older_rust(void)
{
	sink--;
}

/* Inlined here, but also a function that others can call. */
int both(int x);
int user(int x);
int both(int x)
{
	sink = x ^ 5;
	return sink - x;
}

int user(int x)
{
	return both(x) * 5;
}

int main(void)
{
	rust();
	older_rust();
	return outer(3);
}
