// SPDX-License-Identifier: GPL-2.0-only
/*
 * object.c - 50 functions, for one of many shared objects; never run, only looked up: compiled with -DOBJECT=N
 */
int seed;

#define NAME__(object, n)	object_##object##_function_##n
#define NAME_(object, n)	NAME__(object, n)
#define NAME(n)			NAME_(OBJECT, n)

/* No less than 32 bytes each. */
#define FUNCTION(n) \
	int NAME(n)(int x); \
	__attribute__((noinline, aligned(32))) int NAME(n)(int x) \
	{ \
		for (int i = 0; i < x; i++) \
			seed = seed * 1103515245 + 12345 + (n) * (x ^ i); \
		return seed; \
	}

#define TEN(n)	FUNCTION(n##0) FUNCTION(n##1) FUNCTION(n##2) FUNCTION(n##3) FUNCTION(n##4) \
		FUNCTION(n##5) FUNCTION(n##6) FUNCTION(n##7) FUNCTION(n##8) FUNCTION(n##9)

TEN(1) TEN(2) TEN(3) TEN(4) TEN(5)
