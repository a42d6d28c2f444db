/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tap.h - tests in C: a test registers where it is written, and one main() runs them all and prints TAP
 *
 *	TEST(name)			a test, which is a function without arguments
 *	{
 *		CHECK(1 + 1 == 2);
 *	}
 *
 *	TEST(other, .setup = f, .teardown = g)	the same, between two functions that all such tests share
 *
 *	int main(void)
 *	{
 *		return tap_main();
 *	}
 *
 * Tests run in the order in which they are written, file after file as they are linked; with TAP_TEST=NAME in the
 * environment only that one, and it is an error if it is not there.
 *
 * A program whose tests use cmocka's assertions ends with tap_cmocka_main() instead: cmocka ends a test that failed,
 * and goes on after one that crashed. It has no use for what begins with CHECK() below.
 */
#ifndef TAP_H
#define TAP_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tap_test {
	const char *name;
	void (*run)(void);
	void (*setup)(void);	/* may be NULL, and the next, too */
	void (*teardown)(void);
	struct tap_test *next;
};

#define TEST(name_, ...) \
	static void test_##name_(void); \
	static struct tap_test tap_test_##name_ = { .name = #name_, .run = test_##name_, ##__VA_ARGS__ }; \
	static void __attribute__((constructor)) tap_register_##name_(void) { tap_add(&tap_test_##name_); } \
	static void test_##name_(void)

void tap_add(struct tap_test *test);

/* The next test that is wanted after @test, the first after NULL; NULL after the last. */
const struct tap_test *tap_next(const struct tap_test *test);

/* Runs all that are wanted. Return: the program's exit status, which is 0 if all came to their end. */
int tap_main(void);

/* The same, with cmocka (tap_cmocka.c). Return: 0 if all passed. */
int tap_cmocka_main(void);

extern bool tap_failed, tap_starved;	/* in the test under way */

#define TAP_EXPECT(flag, what, cond, ...) do { \
	if (!(cond)) { \
		(flag) = true; \
		printf("# %s:%d: " what "%s: ", __FILE__, __LINE__, #cond); \
		printf("" __VA_ARGS__); \
		printf("\n"); \
	} \
} while (0)

/* What must hold. The test goes on, and has failed. */
#define CHECK(cond, ...) TAP_EXPECT(tap_failed, "", cond, ##__VA_ARGS__)

/*
 * What a test needs before it can judge: samples, or a CPU's time. Without it the test was starved, which is no
 * finding: it is run once more, alone. A test that was starved and has found something has failed.
 */
#define ENOUGH(cond, ...) TAP_EXPECT(tap_starved, "not enough: ", cond, ##__VA_ARGS__)

/* Without it no test can go on: the program ends, without the plan line that a pass needs. */
#define NEED(cond) do { \
	if (!(cond)) { \
		printf("Bail out! %s:%d: %s: %s\n", __FILE__, __LINE__, #cond, strerror(errno)); \
		exit(1); \
	} \
} while (0)

/* The test under way cannot be made here. */
void tap_skip(const char *why);

/* The line of a test that is no function, but a row of a table. */
void tap_result(bool good, const char *name, ...) __attribute__((__format__(__printf__, 2, 3)));

#endif /* TAP_H */
