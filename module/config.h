/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config.h - what a session may be asked for
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
 * profbuf_config_default() - what a session does if nobody says otherwise
 * @opener: for its rights
 * @config: set, complete
 */
void profbuf_config_default(const struct profbuf_opener *opener, struct profbuf_config *config);

/**
 * profbuf_config_check() - validate all of a configuration, and fill in the defaults
 * @opener: for its rights
 * @config: as user space gave it; complete on success
 * @mask: set to the CPUs
 *
 * Return: 0 or one of the errors in profbuf_uapi.h. The filter's object is not looked up.
 */
int profbuf_config_check(const struct profbuf_opener *opener, struct profbuf_config *config, struct cpumask *mask);

/* Bytes of a session that has this complete configuration, on so many CPUs. */
u64 profbuf_config_memory(const struct profbuf_config *config, unsigned int cpus);

#endif /* PROFBUF_CONFIG_H */
