/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profbuf_port.h - all that the ring (profbuf_core.c) needs from its surroundings
 *
 * This header is for the kernel. User space (tests, benchmarks, fuzzers, the replay tool) puts
 * tests/ring/port/profbuf_port.h first on its include path: it has the same include guard, and the same operations in
 * C11.
 *
 * Orderings, in C11's terms: port_load_acquire is an acquire, port_store_release a release; port_load and port_store
 * are relaxed; port_swap and a port_cas that succeeds are sequentially consistent; a port_cas that fails orders
 * nothing. A port_load_ordered that follows a port_swap or a successful port_cas in its thread is sequentially
 * consistent, too.
 */
#ifndef PROFBUF_PORT_H
#define PROFBUF_PORT_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/stddef.h>
#include <linux/types.h>

typedef atomic64_t port_atomic;

#define PORT_ALIGNED	____cacheline_aligned
#define PORT_UNLIKELY(x)	unlikely(x)
#define PORT_NOINLINE	noinline

static __always_inline u64 port_load(const port_atomic *a)
{
	return atomic64_read(a);
}

static __always_inline u64 port_load_acquire(const port_atomic *a)
{
	return atomic64_read_acquire(a);
}

/* After a port_swap or port_cas, which are full barriers here, a plain load is enough. */
static __always_inline u64 port_load_ordered(const port_atomic *a)
{
	return atomic64_read(a);
}

static __always_inline void port_store(port_atomic *a, u64 v)
{
	atomic64_set(a, v);
}

static __always_inline void port_store_release(port_atomic *a, u64 v)
{
	atomic64_set_release(a, v);
}

/* Replaces *@a by @v if *@a is @old. Returns whether it was. */
static __always_inline bool port_cas(port_atomic *a, u64 old, u64 v)
{
	u64 seen = atomic64_cmpxchg(a, old, v);

	return seen == old;
}

/* Replaces *@a by @v, ordered against all accesses before and after. */
static __always_inline void port_swap(port_atomic *a, u64 v)
{
	atomic64_xchg(a, v);
}

#endif /* PROFBUF_PORT_H */
