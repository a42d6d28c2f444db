// SPDX-License-Identifier: GPL-2.0-only
/*
 * litmus.c - does explore.c show what C11 allows, and nothing else
 *
 * Small programs of two threads whose outcomes are known: each has to show exactly these. Prints a line for each.
 * Exit status: 0, or 1 if one of them shows another set.
 */
#include <stdio.h>
#include <string.h>

#include "explore.h"
#include "profbuf_port.h"

static struct {
	port_atomic x, y;
	u64 plain;
	u64 a, b;		/* what the threads saw, 0 to 3 */
} s;

static u32 outcomes;		/* bit 4 * a + b */

#define SAW(a, b)	(1U << (4 * (a) + (b)))

struct litmus {
	const char *name;
	void (*thread[2])(void);
	u32 outcomes;
	const char *failure;
};

static void sb_relaxed_0(void)
{
	port_store(&s.x, 1);
	s.a = port_load(&s.y);
}

static void sb_relaxed_1(void)
{
	port_store(&s.y, 1);
	s.b = port_load(&s.x);
}

static void sb_release_0(void)
{
	port_store_release(&s.x, 1);
	s.a = port_load_acquire(&s.y);
}

static void sb_release_1(void)
{
	port_store_release(&s.y, 1);
	s.b = port_load_acquire(&s.x);
}

static void sb_ordered_0(void)
{
	port_swap(&s.x, 1);
	s.a = port_load_ordered(&s.y);
}

static void sb_ordered_1(void)
{
	port_swap(&s.y, 1);
	s.b = port_load_ordered(&s.x);
}

/* C11's swap is no fence for what comes after it. */
static void sb_swap_0(void)
{
	port_swap(&s.x, 1);
	s.a = port_load(&s.y);
}

static void mp_relaxed_0(void)
{
	port_store(&s.x, 1);
	port_store(&s.y, 1);
}

static void mp_release_0(void)
{
	port_store(&s.x, 1);
	port_store_release(&s.y, 1);
}

static void mp_relaxed_1(void)
{
	s.a = port_load(&s.y);
	s.b = port_load(&s.x);
}

static void mp_acquire_1(void)
{
	s.a = port_load_acquire(&s.y);
	s.b = port_load(&s.x);
}

/* What was released stays released through a read-modify-write. */
static void mp_swap_0(void)
{
	port_store(&s.x, 1);
	port_swap(&s.y, 1);
}

static void mp_cas_1(void)
{
	s.a = port_cas(&s.y, 1, 2);
	s.b = port_load(&s.x);
}

static void plain_relaxed_0(void)
{
	s.plain = 1;
	port_store(&s.y, 1);
}

static void plain_release_0(void)
{
	s.plain = 1;
	port_store_release(&s.y, 1);
}

static void plain_acquire_1(void)
{
	s.a = port_load_acquire(&s.y);
	if (s.a)
		s.b = s.plain;
}

/* Release after the load: the other thread may store. */
static void plain_load_0(void)
{
	s.a = s.plain;
	port_store_release(&s.y, 1);
}

static void plain_load_late_0(void)
{
	port_store_release(&s.y, 1);
	s.a = s.plain;
}

static void plain_store_1(void)
{
	s.b = port_load_acquire(&s.y);
	if (s.b)
		s.plain = 1;
}

static void coherence_0(void)
{
	port_store(&s.x, 1);
	port_store(&s.x, 2);
}

static void coherence_1(void)
{
	s.a = port_load(&s.x);
	s.b = port_load(&s.x);
}

static void lb_0(void)
{
	s.a = port_load(&s.x);
	port_store(&s.y, 1);
}

static void lb_1(void)
{
	s.b = port_load(&s.y);
	port_store(&s.x, 1);
}

/* Each stores first what is last in the end; the values of the end are looked at. */
static void last_0(void)
{
	port_store_release(&s.x, 1);
	port_store_release(&s.y, 2);
}

static void last_1(void)
{
	port_store_release(&s.y, 1);
	port_store_release(&s.x, 2);
	explore_join();
	s.a = explore_last(&s.x);
	s.b = explore_last(&s.y);
}

static void cas_0(void)
{
	s.a = port_cas(&s.x, 0, 1);
}

static void cas_1(void)
{
	s.b = port_cas(&s.x, 0, 2);
}

/* Nothing comes between what a cas read and what it stored. */
static void cas_store_0(void)
{
	port_store(&s.x, 1);
}

static void cas_store_1(void)
{
	s.a = port_cas(&s.x, 0, 2);
	explore_join();
	s.b = explore_last(&s.x);
}

static void nothing(void)
{
}

static bool never(void)
{
	return false;
}

static void wait_for_ever(void)
{
	explore_wait(never);
}

static void spin(void)
{
	while (!port_load(&s.x))
		;
}

static const struct litmus tests[] = {
	{ "store buffering, relaxed", { sb_relaxed_0, sb_relaxed_1 },
	  SAW(0, 0) | SAW(0, 1) | SAW(1, 0) | SAW(1, 1), NULL },
	{ "store buffering, release and acquire", { sb_release_0, sb_release_1 },
	  SAW(0, 0) | SAW(0, 1) | SAW(1, 0) | SAW(1, 1), NULL },
	{ "store buffering, swap and ordered load", { sb_ordered_0, sb_ordered_1 },
	  SAW(0, 1) | SAW(1, 0) | SAW(1, 1), NULL },
	{ "store buffering, swap and relaxed load", { sb_swap_0, sb_ordered_1 },
	  SAW(0, 0) | SAW(0, 1) | SAW(1, 0) | SAW(1, 1), NULL },
	{ "message passing, relaxed", { mp_relaxed_0, mp_relaxed_1 },
	  SAW(0, 0) | SAW(0, 1) | SAW(1, 0) | SAW(1, 1), NULL },
	{ "message passing, release only", { mp_release_0, mp_relaxed_1 },
	  SAW(0, 0) | SAW(0, 1) | SAW(1, 0) | SAW(1, 1), NULL },
	{ "message passing, acquire only", { mp_relaxed_0, mp_acquire_1 },
	  SAW(0, 0) | SAW(0, 1) | SAW(1, 0) | SAW(1, 1), NULL },
	{ "message passing, release and acquire", { mp_release_0, mp_acquire_1 },
	  SAW(0, 0) | SAW(0, 1) | SAW(1, 1), NULL },
	{ "message passing, swap and acquire", { mp_swap_0, mp_acquire_1 },
	  SAW(0, 0) | SAW(0, 1) | SAW(1, 1), NULL },
	{ "message passing, release and cas", { mp_release_0, mp_cas_1 },
	  SAW(0, 0) | SAW(0, 1) | SAW(1, 1), NULL },
	{ "plain, relaxed", { plain_relaxed_0, plain_acquire_1 }, 0, "a race: a load of what the other one stores" },
	{ "plain, release and acquire", { plain_release_0, plain_acquire_1 }, SAW(0, 0) | SAW(1, 1), NULL },
	{ "plain, load before release", { plain_load_0, plain_store_1 }, SAW(0, 0) | SAW(0, 1), NULL },
	{ "plain, load after release", { plain_load_late_0, plain_store_1 }, 0,
	  "a race: a store to what the other one loads" },
	{ "coherence", { coherence_0, coherence_1 },
	  SAW(0, 0) | SAW(0, 1) | SAW(0, 2) | SAW(1, 1) | SAW(1, 2) | SAW(2, 2), NULL },
	{ "load buffering, which is left out", { lb_0, lb_1 }, SAW(0, 0) | SAW(0, 1) | SAW(1, 0), NULL },
	{ "stores, in whatever order at the end", { last_0, last_1 },
	  SAW(1, 1) | SAW(1, 2) | SAW(2, 1) | SAW(2, 2), NULL },
	{ "one cas succeeds", { cas_0, cas_1 }, SAW(0, 1) | SAW(1, 0), NULL },
	{ "cas and store", { cas_store_0, cas_store_1 }, SAW(0, 1) | SAW(1, 1), NULL },
	{ "a wait without an end", { wait_for_ever, nothing }, 0, "both wait for ever" },
	{ "a loop without an end", { spin, nothing }, 0, "the same state again: this need not end" },
};

static void after_step(void)
{
	if (explore_ended(0) && explore_ended(1))
		outcomes |= SAW(s.a, s.b);
}

static bool run(const struct litmus *l)
{
	const struct explore_test test = { &s, sizeof(s), { l->thread[0], l->thread[1] }, after_step };
	struct explore_result result;
	bool ok;

	memset(&s, 0, sizeof(s));
	outcomes = 0;
	explore_reset();
	explore_location(&s.x, "x", EXPLORE_BOTH);
	explore_location(&s.y, "y", EXPLORE_BOTH);
	result = explore(&test);
	if (l->failure)
		ok = result.failure && !strcmp(result.failure, l->failure);
	else
		ok = !result.failure && outcomes == l->outcomes;
	printf("%s: %s%s%s, outcomes %x\n", l->name, ok ? "as it should be" : "WRONG", result.failure ? ", " : "",
	       result.failure ? result.failure : "", outcomes);
	return ok;
}

int main(void)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		ok &= run(&tests[i]);
	return !ok;
}
