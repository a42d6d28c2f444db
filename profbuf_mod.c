// SPDX-License-Identifier: GPL-2.0-only
/*
 * profbuf_mod.c - the module: parameters, init and exit
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/time64.h>

#include "module/budget.h"
#include "module/config.h"
#include "module/dev.h"
#include "module/outside_tags.h"
#include "module/sampler.h"
#include "module/sessions.h"
#include "module/sysfs.h"
#include "module/tracepoints.h"
#include "module/worker.h"
#include "profbuf_version.h"

/*
 * Parameters can be written while sessions run, and a session divides by its period. So values are checked against
 * their bounds at each write, not only when the module is loaded.
 */
static int set_min_period(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 10, USEC_PER_SEC);
}

static int set_default_period(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 10, 3600U * USEC_PER_SEC);
}

static int set_max_memory(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, 1U << 20);
}

static int set_max_overhead(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, 100);
}

static const struct kernel_param_ops min_period_ops = { .set = set_min_period, .get = param_get_uint };
static const struct kernel_param_ops default_period_ops = { .set = set_default_period, .get = param_get_uint };
static const struct kernel_param_ops max_memory_ops = { .set = set_max_memory, .get = param_get_uint };
static const struct kernel_param_ops max_overhead_ops = { .set = set_max_overhead, .get = param_get_uint };

unsigned int profbuf_default_period_us = 10101;
module_param_cb(default_period_us, &default_period_ops, &profbuf_default_period_us, 0644);
MODULE_PARM_DESC(default_period_us, "period of a session that does not say (default: 10101, 99 Hz; at least min_period_us)");

unsigned int profbuf_min_period_us = 50;
module_param_cb(min_period_us, &min_period_ops, &profbuf_min_period_us, 0644);
MODULE_PARM_DESC(min_period_us, "shortest period a session may have (default: 50, 20 kHz; 10 to 1000000)");

unsigned int profbuf_max_memory_mb = 256;
module_param_cb(max_memory_mb, &max_memory_ops, &profbuf_max_memory_mb, 0644);
MODULE_PARM_DESC(max_memory_mb, "memory one session may have; without CAP_PERFMON, all sessions of one user (default: 256 MiB)");

unsigned int profbuf_max_overhead_percent = 5;
module_param_cb(max_overhead_percent, &max_overhead_ops, &profbuf_max_overhead_percent, 0644);
MODULE_PARM_DESC(max_overhead_percent, "how much of each CPU's time ticks may take before the rate is lowered (default: 5; 100: no limit)");

static int __init profbuf_mod_init(void)
{
	int err;

	err = profbuf_sessions_module_init();
	if (err)
		return err;
	err = profbuf_sysfs_init();
	if (err)
		goto err_sessions;
	err = profbuf_worker_module_init();
	if (err)
		goto err_sysfs;
	err = profbuf_sampler_module_init();
	if (err)
		goto err_worker;
	err = profbuf_tracepoints_init();
	if (err)
		goto err_sampler;
	err = profbuf_dev_init();
	if (err)
		goto err_tracepoints;
	return 0;

err_tracepoints:
	profbuf_tracepoints_exit();
err_sampler:
	profbuf_sampler_module_exit();
err_worker:
	profbuf_worker_module_exit();
err_sysfs:
	profbuf_sysfs_exit();
err_sessions:
	profbuf_sessions_module_exit();
	return err;
}

/* There is no session any more: an open file keeps the module loaded. */
static void __exit profbuf_mod_exit(void)
{
	profbuf_dev_exit();
	profbuf_tracepoints_exit();
	profbuf_outside_tags_module_exit();
	profbuf_sampler_module_exit();
	profbuf_worker_module_exit();
	profbuf_sysfs_exit();
	profbuf_sessions_module_exit();
}

module_init(profbuf_mod_init);
module_exit(profbuf_mod_exit);

MODULE_DESCRIPTION("Sampling profiler that is read like a file");
MODULE_AUTHOR("The profbuf developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(PROFBUF_VERSION);
