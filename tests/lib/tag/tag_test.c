// SPDX-License-Identifier: GPL-2.0-only
/*
 * tag_test.c - libprofbuf-tag: sets, their bounds and their memory; scopes, signals, threads and children
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tap.h"
#include "profbuf-tag.h"
#include "profbuf_uapi.h"

#define MANY	10000
#define THREADS	4

static const profbuf_labels_t *many[THREADS][MANY];
static const char *none;	/* an argument list that ends at once */

/* Sets */

TEST(memory_is_as_in_the_abi)
{
	static const char text[] = "route\0/a\0tenant\0gold";
	const profbuf_labels_t *l = profbuf_labels("tenant", "gold", "route", "/a", NULL);

	assert_non_null(l);
	assert_true(l->magic == PROFBUF_LABELS_MAGIC);
	assert_int_equal(l->bytes, sizeof(text));
	assert_int_equal(l->count, 2);
	assert_int_equal(l->zero, 0);
	assert_memory_equal(l->text, text, sizeof(text));
	assert_int_equal((uintptr_t)l % 8, 0);
}

TEST(equal_sets_are_one)
{
	const profbuf_labels_t *l = profbuf_labels("a", "1", "b", "2", "c", "3", NULL);
	const char *keys[] = { "c", "a", "b" }, *values[] = { "3", "1", "2" };
	char one[] = "1";

	assert_ptr_equal(profbuf_labels("c", "3", "b", "2", "a", one, NULL), l);
	assert_ptr_equal(profbuf_labels_array(keys, values, 3), l);
	assert_ptr_not_equal(profbuf_labels("a", "1", "b", "2", NULL), l);
	assert_ptr_not_equal(profbuf_labels("a", "1", "b", "2", "c", "4", NULL), l);
	assert_ptr_not_equal(profbuf_labels("a", "1", "b2", "", "c", "3", NULL), l);
	assert_ptr_not_equal(profbuf_labels("ab", "c", NULL), profbuf_labels("a", "bc", NULL));
}

TEST(the_later_of_two_values_counts)
{
	const profbuf_labels_t *l = profbuf_labels("a", "1", "b", "2", NULL);

	assert_ptr_equal(profbuf_labels("b", "0", "a", "1", "b", "2", NULL), l);
	assert_ptr_equal(profbuf_labels("b", "2", "a", "0", "a", "1", NULL), l);
	assert_string_equal(profbuf_label(l, "b"), "2");
	assert_null(profbuf_label(l, "c"));
	assert_null(profbuf_label(NULL, "a"));
}

static void refused(const profbuf_labels_t *l, int err)
{
	assert_null(l);
	assert_int_equal(errno, err);
	errno = 0;
}

TEST(what_is_no_set)
{
	const char *keys[] = { "a", NULL }, *values[] = { "1", "2" }, *no_value[] = { "1", NULL };

	errno = 0;
	refused(profbuf_labels(none, NULL), EINVAL);
	refused(profbuf_labels_array(keys, values, 0), EINVAL);
	refused(profbuf_labels_merge(NULL, none, NULL), EINVAL);
	refused(profbuf_labels("", "1", NULL), EINVAL);
	refused(profbuf_labels("a", "1", "", "2", NULL), EINVAL);
	refused(profbuf_labels("a", NULL), EINVAL);
	refused(profbuf_labels("a", "1", "b", NULL), EINVAL);
	refused(profbuf_labels_array(keys, values, 2), EINVAL);
	keys[1] = "b";
	refused(profbuf_labels_array(keys, no_value, 2), EINVAL);
	assert_non_null(profbuf_labels_array(keys, values, 2));
	assert_non_null(profbuf_labels("a", "", NULL));
}

TEST(at_most_16_labels)
{
	const char *keys[18], *values[18];
	char names[17][4];
	const profbuf_labels_t *l;

	for (int i = 0; i < 17; i++) {
		snprintf(names[i], sizeof(names[i]), "%c", 'q' - i);
		keys[i] = names[i];
		values[i] = "v";
	}
	l = profbuf_labels_array(keys, values, PROFBUF_LABELS_MAX);
	assert_non_null(l);
	assert_int_equal(l->count, 16);
	for (int i = 1; i < 16; i++)
		assert_string_equal(l->text + 4 * i, keys[15 - i]);
	refused(profbuf_labels_array(keys, values, 17), E2BIG);
	/* A key that is there already does not count as the 17th. */
	keys[16] = keys[3];
	values[16] = "v";
	assert_ptr_equal(profbuf_labels_array(keys, values, 17), l);
	refused(profbuf_labels_merge(l, "z", "v", NULL), E2BIG);
	assert_non_null(profbuf_labels_merge(l, "q", "w", NULL));
}

TEST(at_most_640_bytes)
{
	char value[700], rest[16];
	const profbuf_labels_t *l;

	memset(value, 'x', sizeof(value) - 1);
	value[637] = value[699] = 0;
	l = profbuf_labels("k", value, NULL);
	assert_non_null(l);
	assert_int_equal(l->bytes, PROFBUF_LABELS_BYTES);
	value[637] = 'x';
	value[638] = 0;
	refused(profbuf_labels("k", value, NULL), E2BIG);
	value[638] = 'x';
	refused(profbuf_labels("k", value, NULL), E2BIG);
	refused(profbuf_labels(value, "", NULL), E2BIG);
	/* The limit is for all labels together, too. */
	value[627] = 0;
	strcpy(rest, "123456");
	l = profbuf_labels("k", value, "r", rest, NULL);
	assert_non_null(l);
	assert_int_equal(l->bytes, 639);
	strcpy(rest, "12345678");
	refused(profbuf_labels("k", value, "r", rest, NULL), E2BIG);
}

TEST(merge)
{
	const profbuf_labels_t *l = profbuf_labels("b", "2", "d", "4", NULL);
	const char *keys[] = { "a", "d" }, *values[] = { "1", "5" };

	assert_ptr_equal(profbuf_labels_merge(l, "c", "3", "a", "1", NULL),
			 profbuf_labels("a", "1", "b", "2", "c", "3", "d", "4", NULL));
	assert_ptr_equal(profbuf_labels_merge_array(l, keys, values, 2),
			 profbuf_labels("a", "1", "b", "2", "d", "5", NULL));
	assert_ptr_equal(profbuf_labels_merge(l, "b", "2", NULL), l);
	assert_ptr_equal(profbuf_labels_merge(l, none, NULL), l);
	assert_ptr_equal(profbuf_labels_merge(NULL, "d", "4", "b", "2", NULL), l);
	refused(profbuf_labels_merge(l, "c", NULL), EINVAL);
}

static void fill(const profbuf_labels_t **sets)
{
	char tenant[32], route[32];

	for (int i = 0; i < MANY; i++) {
		snprintf(tenant, sizeof(tenant), "tenant-%d", i / 10);
		snprintf(route, sizeof(route), "/route/%d", i % 10);
		sets[i] = profbuf_labels("tenant", tenant, "route", route, NULL);
	}
}

static int by_pointer(const void *a, const void *b)
{
	uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

	return x < y ? -1 : x > y;
}

TEST(ten_thousand_sets)
{
	static const profbuf_labels_t *sorted[MANY];

	fill(many[0]);
	fill(many[1]);
	for (int i = 0; i < MANY; i++)
		assert_ptr_equal(many[0][i], many[1][i]);
	memcpy(sorted, many[0], sizeof(sorted));
	qsort(sorted, MANY, sizeof(*sorted), by_pointer);
	assert_non_null(sorted[0]);
	for (int i = 1; i < MANY; i++)
		assert_ptr_not_equal(sorted[i], sorted[i - 1]);
	assert_string_equal(profbuf_label(many[0][4321], "tenant"), "tenant-432");
	assert_string_equal(profbuf_label(many[0][4321], "route"), "/route/1");
}

static pthread_barrier_t barrier;

/* Several threads make the same new sets at the same time, some in the opposite order. */
static void *make_many(void *arg)
{
	const profbuf_labels_t **sets = arg;
	char value[32];

	pthread_barrier_wait(&barrier);
	for (int i = 0; i < MANY; i++) {
		int k = (sets - many[0]) / MANY % 2 ? MANY - 1 - i : i;

		snprintf(value, sizeof(value), "%d", k);
		sets[k] = profbuf_labels("concurrent", value, NULL);
	}
	return NULL;
}

TEST(threads_make_the_same_sets)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, make_many, many[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < MANY; i++) {
		char value[32];

		snprintf(value, sizeof(value), "%d", i);
		assert_string_equal(profbuf_label(many[0][i], "concurrent"), value);
		for (int k = 1; k < THREADS; k++)
			assert_ptr_equal(many[k][i], many[0][i]);
	}
}

/* Scopes */

static const profbuf_labels_t *a, *b, *c;

static bool make_sets(void)
{
	a = profbuf_labels("x", "a", NULL);
	b = profbuf_labels("x", "b", NULL);
	c = profbuf_labels("x", "c", NULL);
	return a && b && c;
}

/* This also holds before any set was made. */
TEST(the_child_of_a_fork_has_no_labels)
{
	static const struct profbuf_label_set by_hand = { .magic = PROFBUF_LABELS_MAGIC };
	int status;
	pid_t child;

	PROFBUF_WITH_LABELS(&by_hand) {
		child = fork();
		if (!child)
			_exit(profbuf_get_labels() ? 1 : 0);
		assert_ptr_equal(profbuf_get_labels(), &by_hand);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

TEST(set_gives_the_former)
{
	assert_null(profbuf_get_labels());
	assert_null(profbuf_set_labels(a));
	assert_ptr_equal(profbuf_get_labels(), a);
	assert_ptr_equal(profbuf_thread_labels_v1, a);
	assert_ptr_equal(profbuf_exchange_labels(b), a);
	assert_ptr_equal(profbuf_set_labels(NULL), b);
	assert_null(profbuf_get_labels());
}

static int returns_from_a_scope(void)
{
	PROFBUF_WITH_LABELS(b) {
		PROFBUF_LABEL_SCOPE(c);

		if (profbuf_get_labels() == c)
			return 1;
	}
	return 0;
}

TEST(scopes_nest)
{
	int times = 0;

	PROFBUF_WITH_LABELS(a) {
		times++;
		assert_ptr_equal(profbuf_get_labels(), a);
		PROFBUF_WITH_LABELS(profbuf_labels_merge(profbuf_get_labels(), "y", "z", NULL))
			assert_string_equal(profbuf_label(profbuf_get_labels(), "y"), "z");
		assert_ptr_equal(profbuf_get_labels(), a);
		{
			PROFBUF_LABEL_SCOPE(b);
			PROFBUF_LABEL_SCOPE(c);

			assert_ptr_equal(profbuf_get_labels(), c);
		}
		assert_ptr_equal(profbuf_get_labels(), a);
		assert_true(returns_from_a_scope());
		assert_ptr_equal(profbuf_get_labels(), a);
		PROFBUF_WITH_LABELS(b)
			break;
		assert_ptr_equal(profbuf_get_labels(), a);
		PROFBUF_WITH_LABELS(b)
			continue;
		assert_ptr_equal(profbuf_get_labels(), a);
		PROFBUF_WITH_LABELS(NULL) {
			assert_ptr_equal(profbuf_get_labels(), a);
			profbuf_set_labels(NULL);
			assert_null(profbuf_get_labels());
		}
		assert_ptr_equal(profbuf_get_labels(), a);
	}
	assert_int_equal(times, 1);
	assert_null(profbuf_get_labels());
}

/* If a label is too long for the set, the request keeps the outer labels instead of having none. */
TEST(a_set_that_could_not_be_made_leaves_the_outer_labels)
{
	unsigned long refused_before = profbuf_labels_refused();
	char route[PROFBUF_LABELS_BYTES];

	memset(route, '/', sizeof(route) - 1);
	route[sizeof(route) - 1] = 0;
	PROFBUF_WITH_LABELS(a) {
		PROFBUF_WITH_LABELS(profbuf_labels("route", route, NULL)) {
			assert_ptr_equal(profbuf_get_labels(), a);
			PROFBUF_WITH_LABELS(b)
				assert_ptr_equal(profbuf_get_labels(), b);
			assert_ptr_equal(profbuf_get_labels(), a);
		}
		{
			PROFBUF_LABEL_SCOPE(profbuf_labels_merge(a, "route", route, NULL));

			assert_ptr_equal(profbuf_get_labels(), a);
		}
		assert_ptr_equal(profbuf_get_labels(), a);
	}
	assert_null(profbuf_get_labels());
	assert_int_equal(profbuf_labels_refused(), refused_before + 2);
	assert_non_null(profbuf_labels("x", "a", NULL));
	assert_int_equal(profbuf_labels_refused(), refused_before + 2);
}

/* Signals */

static volatile int handled, wrong;

static void handler(int signal)
{
	const profbuf_labels_t *former = profbuf_get_labels();

	(void)signal;
	PROFBUF_WITH_LABELS(c) {
		if (profbuf_get_labels() != c)
			wrong++;
	}
	if (profbuf_get_labels() != former)
		wrong++;
	handled++;
}

/* Runs until the handler was called often: the program reads back what it has set, and handlers see one of the sets. */
TEST(signal_handlers_set_and_restore)
{
	struct sigaction action = { .sa_handler = handler }, old;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec every = { { 0, 200000 }, { 0, 200000 } };
	timer_t timer;

	handled = wrong = 0;
	sigaction(SIGUSR1, &action, &old);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	timer_settime(timer, 0, &every, NULL);
	while (handled < 300) {
		PROFBUF_WITH_LABELS(a) {
			if (profbuf_get_labels() != a)
				wrong++;
			PROFBUF_WITH_LABELS(b) {
				if (profbuf_get_labels() != b)
					wrong++;
			}
			if (profbuf_get_labels() != a)
				wrong++;
		}
		if (profbuf_get_labels())
			wrong++;
	}
	timer_delete(timer);
	sigaction(SIGUSR1, &old, NULL);
	assert_int_equal(wrong, 0);
}

/* Threads */

struct seen {
	const profbuf_labels_t *first, *last;
	pthread_barrier_t barrier;
};

static void *look(void *arg)
{
	struct seen *seen = arg;

	seen->first = profbuf_get_labels();
	pthread_barrier_wait(&seen->barrier);
	/* Meanwhile the creator sets another one. */
	pthread_barrier_wait(&seen->barrier);
	seen->last = profbuf_get_labels();
	profbuf_set_labels(c);
	return seen;
}

TEST(threads_inherit)
{
	struct seen seen;
	pthread_t thread;
	void *result;

	pthread_barrier_init(&seen.barrier, NULL, 2);
	PROFBUF_WITH_LABELS(a) {
		assert_int_equal(profbuf_thread_create(&thread, NULL, look, &seen), 0);
		pthread_barrier_wait(&seen.barrier);
		profbuf_set_labels(b);
		pthread_barrier_wait(&seen.barrier);
		pthread_join(thread, &result);
		assert_ptr_equal(profbuf_get_labels(), b);
	}
	assert_ptr_equal(seen.first, a);
	assert_ptr_equal(seen.last, a);
	assert_ptr_equal(result, &seen);

	/* Threads of pthread_create() do not inherit. */
	PROFBUF_WITH_LABELS(a) {
		assert_int_equal(pthread_create(&thread, NULL, look, &seen), 0);
		pthread_barrier_wait(&seen.barrier);
		pthread_barrier_wait(&seen.barrier);
		pthread_join(thread, NULL);
	}
	assert_null(seen.first);
}

TEST(thread_create_fails_as_pthread_create)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1UL << 46);
	assert_int_equal(profbuf_thread_create(&thread, &attr, look, NULL), EAGAIN);
	pthread_attr_destroy(&attr);
}

/* Not in sanitized builds: a fork() copies the locks of their allocators while they may be held. */
#ifdef PLAIN
static volatile int stop;

static void *make_until_stop(void *arg)
{
	char value[32];

	for (int i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
		snprintf(value, sizeof(value), "%d", i % 20000);
		profbuf_labels("fork", value, NULL);
	}
	return arg;
}

/* Children of a program that is making sets at the moment of the fork. */
TEST(fork)
{
	pthread_t thread;

	stop = 0;
	pthread_create(&thread, NULL, make_until_stop, NULL);
	profbuf_set_labels(a);
	for (int i = 0; i < 50; i++) {
		pid_t child = fork();
		int status;

		if (!child) {
			const profbuf_labels_t *l;
			char value[32];

			alarm(20);
			/* The child has inherited no labels. */
			if (profbuf_get_labels() || profbuf_labels("x", "a", NULL) != a)
				_exit(1);
			profbuf_set_labels(a);
			if (profbuf_get_labels() != a)
				_exit(3);
			for (int k = 0; k < 100; k++) {
				snprintf(value, sizeof(value), "%d", k);
				l = profbuf_labels("child", value, NULL);
				if (!l || l != profbuf_labels("child", value, NULL))
					_exit(2);
			}
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		assert_ptr_equal(profbuf_get_labels(), a);
	}
	profbuf_set_labels(NULL);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}
#endif

int main(void)
{
	return make_sets() ? tap_cmocka_main() : 1;
}
