// SPDX-License-Identifier: GPL-2.0-only
/*
 * session_options.c - the options of commands that have a session of their own
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "session_options.h"

#define CGROUP_ROOT	"/sys/fs/cgroup"

/* Parses "0,2-5". */
static int parse_cpus(const char *text, unsigned char *mask, size_t bytes)
{
	const char *at = text;

	memset(mask, 0, bytes);
	for (;;) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (end == at)
			break;
		if (*end == '-') {
			at = end + 1;
			last = strtoul(at, &end, 10);
			if (end == at)
				break;
		}
		if (first > last || last >= bytes * 8)
			break;
		for (; first <= last; first++)
			mask[first / 8] |= 1 << first % 8;
		if (!*end)
			return 0;
		if (*end != ',')
			break;
		at = end + 1;
	}
	fail("--cpu takes a list like 0,2-5, not \"%s\"", text);
	return -EINVAL;
}

/* The descriptor stays open as long as the program runs. */
static int open_cgroup(struct session_options *o, const char *name)
{
	char path[PATH_MAX];
	struct statfs fs;
	int fd;

	if (snprintf(path, sizeof(path), "%s%s", *name == '/' ? "" : CGROUP_ROOT "/", name) >= (int)sizeof(path)) {
		fail("--cgroup: the path is too long");
		return -EINVAL;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		fail("--cgroup %s: %s", path, strerror(errno));
		return -EINVAL;
	}
	if (fstatfs(fd, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC) {
		fail("--cgroup %s: not a directory of cgroup v2", path);
		close(fd);
		return -EINVAL;
	}
	o->filter = PROFBUF_FILTER_CGROUP;
	o->filter_id = fd;
	o->cgroup = name;
	return 0;
}

/* Returns -EINVAL after printing which options do not go together. */
static int agree(const struct session_options *o)
{
	if (o->no_kernel && o->no_user)
		fail("--no-kernel and --no-user leave nothing to sample");
	else if (o->no_kernel && o->idle)
		fail("--idle is of the kernel: not with --no-kernel");
	else
		return 0;
	return -EINVAL;
}

/* Prevents that a second filter replaces the first. */
static bool is_filtered(const struct session_options *o)
{
	if (o->filter)
		fail("one of -p, -t and --cgroup, and once, please");
	return o->filter;
}

enum { OPT_CGROUP = OPTION_KEYS, OPT_SOURCE, OPT_NO_KERNEL, OPT_NO_USER, OPT_IDLE, OPT_BUFFER, OPT_STACK };

static const struct argp_option options[] = {
	OPTION("frequency", 'F', "HZ", "samples a second of each CPU (99)"),
	OPTION("pid", 'p', "PID", "only this process and its descendants"),
	OPTION("tid", 't', "TID", "only this thread"),
	OPTION("cgroup", OPT_CGROUP, "CGROUP",
	       "only processes in this directory of cgroup v2 or below; relative: to /sys/fs/cgroup"),
	OPTION("cpu", 'C', "LIST", "only these CPUs: 0,2-5"),
	OPTION("source", OPT_SOURCE, "NAME", "what makes the ticks"),
		VALUE("hrtimer", PROFBUF_SOURCE_HRTIMER, "a timer of each CPU (default)"),
		VALUE("cpu-clock", PROFBUF_SOURCE_PERF_CPU_CLOCK, "perf's clock of each CPU"),
		VALUE("cycles", PROFBUF_SOURCE_PERF_CYCLES, "perf's counter of cycles; -F is then of a CPU at 1 GHz"),
	OPTION("no-kernel", OPT_NO_KERNEL, NULL, "no samples of kernel code, no kernel frames"),
	OPTION("no-user", OPT_NO_USER, NULL, "no samples of user code"),
	OPTION("idle", OPT_IDLE, NULL, "samples of idle CPUs, too"),
	OPTION("buffer", OPT_BUFFER, "KIB", "ring of each CPU (512)"),
	OPTION("stack", OPT_STACK, "DEPTH", "frames of each kind (127)"),
	{ 0 },
};

/* Parses the options that take a number. */
static error_t parse_numeric(struct session_options *o, int key, const char *arg)
{
	uint64_t whole;
	double value;

	switch (key) {
	case 'F':
		if (parse_number("-F", arg, 0.001, 1e6, &value))
			return -EINVAL;
		o->period = 1e9 / value;
		return 0;
	case 'p':
	case 't':
		if (is_filtered(o) || parse_whole(key == 'p' ? "-p" : "-t", arg, 1, 1 << 22, &o->filter_id))
			return -EINVAL;
		o->filter = key == 'p' ? PROFBUF_FILTER_PROCESS : PROFBUF_FILTER_THREAD;
		return 0;
	case OPT_BUFFER:
		if (parse_number("--buffer", arg, 4, 256 << 10, &value))
			return -EINVAL;
		o->ring_bytes = value * 1024;
		return 0;
	case OPT_STACK:
		if (parse_whole("--stack", arg, 0, PROFBUF_STACK_MAX, &whole))
			return -EINVAL;
		o->depth = whole;
		o->some_depth = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct session_options *o = state->input;
	int err, source = 0;

	switch (key) {
	case OPT_CGROUP:
		return is_filtered(o) ? -EINVAL : open_cgroup(o, arg);
	case 'C':
		o->cpu_list = arg;
		return parse_cpus(arg, o->cpus, sizeof(o->cpus));
	case OPT_SOURCE:
		err = parse_value(options, OPT_SOURCE, arg, &source, NULL);
		o->source = source;
		return err;
	case OPT_NO_KERNEL:
		o->no_kernel = true;
		return agree(o);
	case OPT_NO_USER:
		o->no_user = true;
		return agree(o);
	case OPT_IDLE:
		o->idle = true;
		return agree(o);
	}
	return parse_numeric(o, key, arg);
}

const struct argp session_argp = { .options = options, .parser = parse_option };

void apply_session_options(const struct session_options *o, struct profbuf_config *c)
{
	if (o->period)
		c->period = o->period;
	c->source = o->source;
	c->filter = o->filter;
	c->filter_id = o->filter_id;
	if (o->cpu_list) {
		c->cpus = (uintptr_t)o->cpus;
		c->cpus_bytes = sizeof(o->cpus);
	}
	if (o->idle)
		c->flags |= PROFBUF_CONFIG_IDLE;
	if (o->no_kernel) {
		c->flags &= ~(PROFBUF_CONFIG_KERNEL | PROFBUF_CONFIG_IDLE);
		c->kernel_depth = 0;
	}
	if (o->no_user)
		c->flags &= ~PROFBUF_CONFIG_USER;
	if (o->ring_bytes) {
		c->ring_bytes = o->ring_bytes;
		c->tag_slots = 0;
		c->watermark = 0;
	}
	if (o->some_depth) {
		c->user_depth = o->depth;
		if (c->kernel_depth)
			c->kernel_depth = o->depth;
	}
}

int fail_config(const struct profbuf_session *session, int err)
{
	struct profbuf_info info = { .size = sizeof(info) };

	profbuf_session_info(session, &info);
	switch (err) {
	case -ERANGE:
		return fail("the rate is above what the module allows, %.0f Hz (module parameter min_period_us)",
			    1e9 / info.min_period);
	case -EPERM:
		return fail("no right to sample the kernel or cycles: use --no-kernel, or another --source, "
			    "or run with CAP_PERFMON");
	case -ESRCH:
		return fail("there is no such process or thread");
	case -EBADF:
		return fail("the module does not take that cgroup: it was removed, or the kernel has no cgroups");
	case -ENODEV:
		return fail("this machine has none of these CPUs");
	case -EDQUOT:
		return fail("sessions may not have so much memory, %llu MiB at most (module parameter max_memory_mb)",
			    (unsigned long long)info.max_session_memory >> 20);
	case -ENOENT:
	case -EOPNOTSUPP:
		return fail("this machine has no such counter: use --source hrtimer");
	case -ENOSPC:
		return fail("others have all counters of a CPU: use --source hrtimer");
	case -EUSERS:
		return fail("as many sessions run as the module allows, of this user or in all");
	default:
		return fail("the module refuses that configuration: %s", strerror(-err));
	}
}
