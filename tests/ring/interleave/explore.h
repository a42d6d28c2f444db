/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explore.h - two threads of real C, every way they can run in C11's memory model
 *
 * The code under test is compiled with -fsanitize=thread, so that the compiler calls a function for every access to
 * memory; these functions are not the sanitizer's but memory.c's. explore.c runs the two threads as coroutines,
 * switches between them at every atomic operation, lets a load return each of the values that the model allows, and
 * goes on from every state it has not seen. A state is all that can change: the stacks, the test's variables, the
 * memory.
 *
 * The memory. A location's stores are a list in their modification order, each a message with a value. A thread has a
 * view: for each location the oldest message it may still read. A message stored with release carries its thread's
 * view; a load with acquire takes the message's view over. A load may read any message from the view on, a store may
 * come anywhere after it, a read-modify-write comes right behind the message it read. Sequentially consistent
 * operations take place in the order in which they run, per location. That is C11, as C++20 words it, without fences
 * and without loads that return what is stored only later in consequence of them (RC11): everything a compiler's
 * mapping to x86 (TSO) or Arm may show, and more. A failed compare-and-swap is a relaxed load, which may be an old one.
 *
 * Plain accesses are checked, not explored: two of them to the same word, one a store, must be ordered by what the
 * threads took over from each other (vector clocks); then there is only one value to read.
 *
 * Not here: more than two threads; fences; accesses of other sizes to what is atomic.
 */
#ifndef EXPLORE_H
#define EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct explore_result {
	uint64_t states;
	double executions;	/* ways from the start to an end */
	const char *failure;	/* NULL: none */
};

/**
 * struct explore_test - what is explored
 * @state: all of the test's variables that change, those under test too; as they are at the start
 * @size: bytes of @state
 * @thread: the threads
 * @after_step: looks at the state after every step; may call explore_fail()
 */
struct explore_test {
	void *state;
	size_t size;
	void (*thread[2])(void);
	void (*after_step)(void);
};

#define EXPLORE_BOTH	2	/* owner of a location that both threads store to */

/* Before explore(): an atomic location inside of the state, with its value; and which thread alone stores to it. */
void explore_location(volatile void *at, const char *name, int owner);

/* Forgets the locations. */
void explore_reset(void);

/* Runs the test in every way, or up to the first failure, whose steps go to stdout. */
struct explore_result explore(const struct explore_test *test);

/* From a thread: goes on with each number below @n. */
uint32_t explore_choose(uint32_t n);

/* From a thread: waits until the condition, which looks at the state only, holds. */
void explore_wait(bool (*condition)(void));

/* From a thread: from here on all that the other thread, which has come to its end, did is seen. */
void explore_join(void);

/* Has that thread come to its end? */
bool explore_ended(int thread);

/* Something is wrong; from a thread this does not return. */
void explore_fail(const char *what);

/* The last value of a location, whoever can see it. */
uint64_t explore_last(const volatile void *at);

/* A plain load of the test's own. */
uint64_t explore_read(const uint64_t *at);

#endif /* EXPLORE_H */
