/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tap.h - tests in C: a test registers where it is written, and one main() runs them all and prints TAP
 *
 *	TEST(name)			a test, which is a function without arguments
 *	{
 *		CHECK(1 + 1 == 2);
 *	}
 *
 *	TEST(other, .setup = f, .teardown = g)	the same, between two functions that several tests can share
 *
 *	int main(void)
 *	{
 *		return tap_main();
 *	}
 *
 * Tests run in the order in which they are written, file after file as they are linked. With TAP_TEST=NAME in the
 * environment only that test runs; if there is no such test, that is an error.
 *
 * A program whose tests use cmocka's assertions ends with tap_cmocka_main() instead. cmocka ends a test that failed,
 * and goes on after a test that crashed. The macros from CHECK() on are not for such a program.
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
	void (*setup)(void);	/* may be NULL, and so may the next */
	void (*teardown)(void);
	struct tap_test *next;
};

#define TEST(name_, ...) \
	static void test_##name_(void); \
	static struct tap_test tap_test_##name_ = { .name = #name_, .run = test_##name_, ##__VA_ARGS__ }; \
	static void __attribute__((constructor)) tap_register_##name_(void) { tap_add(&tap_test_##name_); } \
	static void test_##name_(void)

void tap_add(struct tap_test *test);

/* Returns the next selected test after @test; NULL: returns the first one. Returns NULL after the last one. */
const struct tap_test *tap_next(const struct tap_test *test);

/* Runs all selected tests. Return: the program's exit status, which is 0 if every test ran to its end. */
int tap_main(void);

/* The same, with cmocka (tap_cmocka.c). Return: 0 if all passed. */
int tap_cmocka_main(void);

extern bool tap_failed, tap_starved;	/* of the current test */

#define TAP_EXPECT(flag, what, cond, ...) do { \
	if (!(cond)) { \
		(flag) = true; \
		printf("# %s:%d: " what "%s: ", __FILE__, __LINE__, #cond); \
		printf("" __VA_ARGS__); \
		printf("\n"); \
	} \
} while (0)

/* Checks a condition that must hold. If it does not, the test has failed, but goes on. */
#define CHECK(cond, ...) TAP_EXPECT(tap_failed, "", cond, ##__VA_ARGS__)

/*
 * Checks what a test needs before it can judge, such as samples or CPU time. If it is missing, the test was starved,
 * which is not a failure: it is run once more, alone. If a CHECK() of a starved test fails, the test has failed.
 */
#define ENOUGH(cond, ...) TAP_EXPECT(tap_starved, "not enough: ", cond, ##__VA_ARGS__)

/* Checks what every test needs. If it is missing, the program ends without the plan line, so that it cannot pass. */
#define NEED(cond) do { \
	if (!(cond)) { \
		printf("Bail out! %s:%d: %s: %s\n", __FILE__, __LINE__, #cond, strerror(errno)); \
		exit(1); \
	} \
} while (0)

/* Skips the current test, because it cannot be done here. */
void tap_skip(const char *why);

/* Prints the result line of a test that is not a function, but a row of a table. */
void tap_result(bool good, const char *name, ...) __attribute__((__format__(__printf__, 2, 3)));

#endif /* TAP_H */
