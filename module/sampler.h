/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sampler.h - the ticks: their sources, CPU hotplug, and what one tick does
 */
#ifndef PROFBUF_SAMPLER_H
#define PROFBUF_SAMPLER_H

#include <linux/types.h>

struct profbuf_config;
struct profbuf_cpu;
struct profbuf_ksession;

/* The sources that this kernel has: bits by enum profbuf_source. */
u32 profbuf_sampler_sources(void);

/**
 * profbuf_sampler_probe() - does this machine have the configured source?
 * @config: source and period
 *
 * Context: may sleep.
 * Return: 0; -ENOENT, -EOPNOTSUPP: no such counter.
 */
int profbuf_sampler_probe(const struct profbuf_config *config);

/**
 * profbuf_sampler_init_cpu() - prepare a CPU's part; its source does not run yet
 * @c: the part; its session and cpu are set
 */
void profbuf_sampler_init_cpu(struct profbuf_cpu *c);

/**
 * profbuf_sampler_start() - turn ticks on, on every CPU of the session that is online now or later
 * @s: the session
 *
 * Context: may sleep.
 * Return: 0, or the source's error; all ticks are off then.
 */
int profbuf_sampler_start(struct profbuf_ksession *s);

/**
 * profbuf_sampler_stop() - turn ticks off; when it returns, no tick and no irq_work of a tick is under way
 * @s: the session, started
 *
 * Context: may sleep.
 */
void profbuf_sampler_stop(struct profbuf_ksession *s);

/**
 * profbuf_sampler_check_end() - a CPU had its last tick, or went offline: is the session at its end?
 * @s: the session, RUNNING
 *
 * Context: irq_work or task.
 */
void profbuf_sampler_check_end(struct profbuf_ksession *s);

int profbuf_sampler_module_init(void);
void profbuf_sampler_module_exit(void);

#endif /* PROFBUF_SAMPLER_H */
