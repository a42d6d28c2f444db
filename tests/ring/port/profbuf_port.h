/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tests/ring/port/profbuf_port.h - the surroundings of the ring in user space: the twin of profbuf_port.h, from C11
 *
 * Same include guard, same operations, same orderings; see there. Give it to the compiler with -include, so that the
 * kernel's twin beside profbuf_core.h finds the guard defined.
 *
 * PORT_STEP(), if the compiler's command line defines it, runs before every operation: a test's way to put the other
 * side's work between two of them.
 */
#ifndef PROFBUF_PORT_H
#define PROFBUF_PORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef PORT_STEP
#define PORT_STEP() do { } while (0)
#else
void PORT_STEP(void);
#endif

typedef uint64_t u64;
typedef uint32_t u32;
typedef int32_t s32;
typedef int64_t s64;
typedef _Atomic uint64_t port_atomic;

#define PORT_ALIGNED	__attribute__((__aligned__(64)))
#define PORT_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define PORT_NOINLINE	__attribute__((__noinline__))

static inline u64 port_load(const port_atomic *a)
{
	PORT_STEP();
	return atomic_load_explicit(a, memory_order_relaxed);
}

static inline u64 port_load_acquire(const port_atomic *a)
{
	PORT_STEP();
	return atomic_load_explicit(a, memory_order_acquire);
}

static inline u64 port_load_ordered(const port_atomic *a)
{
	PORT_STEP();
	return atomic_load_explicit(a, memory_order_seq_cst);
}

static inline void port_store(port_atomic *a, u64 v)
{
	PORT_STEP();
	atomic_store_explicit(a, v, memory_order_relaxed);
}

static inline void port_store_release(port_atomic *a, u64 v)
{
	PORT_STEP();
	atomic_store_explicit(a, v, memory_order_release);
}

static inline bool port_cas(port_atomic *a, u64 old, u64 v)
{
	PORT_STEP();
	return atomic_compare_exchange_strong_explicit(a, &old, v, memory_order_seq_cst, memory_order_relaxed);
}

static inline void port_swap(port_atomic *a, u64 v)
{
	PORT_STEP();
	(void)atomic_exchange_explicit(a, v, memory_order_seq_cst);
}

#endif /* PROFBUF_PORT_H */
