/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config.h - the configuration of a session: defaults and bounds
 */
#ifndef PROFBUF_CONFIG_H
#define PROFBUF_CONFIG_H

#include <linux/cpumask.h>
#include <linux/types.h>

#include "profbuf_uapi.h"

struct profbuf_opener;

/* Module parameters. */
extern unsigned int profbuf_default_period_us;
extern unsigned int profbuf_min_period_us;
extern unsigned int profbuf_max_memory_mb;

/**
 * profbuf_config_default() - the configuration of a session that is not configured
 * @opener: for its rights
 * @config: all of it is set
 */
void profbuf_config_default(const struct profbuf_opener *opener, struct profbuf_config *config);

/**
 * profbuf_config_check() - validate all of a configuration, and fill in the defaults
 * @opener: for its rights
 * @config: as user space gave it; complete on success
 * @mask: set to the CPUs
 *
 * It does not look up the process, thread or cgroup of the filter.
 *
 * Return: 0 or one of the errors in profbuf_uapi.h.
 */
int profbuf_config_check(const struct profbuf_opener *opener, struct profbuf_config *config, struct cpumask *mask);

/* Bytes that a session with this complete configuration needs on so many CPUs. */
u64 profbuf_config_memory(const struct profbuf_config *config, unsigned int cpus);

#endif /* PROFBUF_CONFIG_H */
