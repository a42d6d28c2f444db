/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * greedy.h - sessions that want as much of a machine as they can get, for budget.c and overhead.c
 */
#ifndef GREEDY_H
#define GREEDY_H

#include "kt.h"

/* The most expensive configuration: the highest rate, the deepest stacks, all CPUs, a small ring, constant flushing. */
static inline struct profbuf_config greedy(uint32_t source)
{
	struct profbuf_config config = kt_config();

	config.source = source;
	config.period = 50000;
	config.flags |= PROFBUF_CONFIG_IDLE;
	config.kernel_depth = PROFBUF_STACK_MAX;
	config.user_depth = PROFBUF_STACK_MAX;
	config.ring_bytes = 8 << 10;
	config.watermark = 0;
	config.flush_ns = MSEC;
	return config;
}

static inline int start(const struct profbuf_config *config)
{
	int fd = kt_open();

	kt_configure(fd, config);
	kt_start(fd);
	return fd;
}

#endif /* GREEDY_H */
