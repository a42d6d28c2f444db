// SPDX-License-Identifier: GPL-2.0-only
/*
 * session_options.c - the options of commands that have a session of their own
 *
 * They are parsed before there is a session, so that a wrong one is said whether or not the module is loaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cmd.h"

#define CGROUP_ROOT	"/sys/fs/cgroup"

/* "0,2-5" */
static bool parse_cpus(const char *text, unsigned char *mask, size_t bytes)
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
			return true;
		if (*end != ',')
			break;
		at = end + 1;
	}
	fail("--cpu takes a list like 0,2-5, not \"%s\"", text);
	return false;
}

static bool parse_source(const char *name, uint32_t *source)
{
	for (*source = 0; *source < PROFBUF_NR_SOURCES; (*source)++) {
		if (!strcmp(name, profbuf_source_name(*source)))
			return true;
	}
	fail("--source takes hrtimer, cpu-clock or cycles, not \"%s\"", name);
	return false;
}

/* The descriptor stays open as long as the program runs. */
static bool open_cgroup(struct session_options *o, const char *name)
{
	char path[PATH_MAX];
	struct statfs fs;
	int fd;

	if (snprintf(path, sizeof(path), "%s%s", *name == '/' ? "" : CGROUP_ROOT "/", name) >= (int)sizeof(path)) {
		fail("--cgroup: the path is too long");
		return false;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		fail("--cgroup %s: %s", path, strerror(errno));
		return false;
	}
	if (fstatfs(fd, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC) {
		fail("--cgroup %s: not a directory of cgroup v2", path);
		close(fd);
		return false;
	}
	o->filter = PROFBUF_FILTER_CGROUP;
	o->filter_id = fd;
	o->cgroup = name;
	return true;
}

/* Returns false after saying what of it makes no sense together. */
static bool agree(const struct session_options *o)
{
	if (o->no_kernel && o->no_user)
		fail("--no-kernel and --no-user leave nothing to sample");
	else if (o->no_kernel && o->idle)
		fail("--idle is of the kernel: not with --no-kernel");
	else
		return true;
	return false;
}

/* So that a second one does not replace the first. */
static bool is_filtered(const struct session_options *o)
{
	if (o->filter)
		fail("one of -p, -t and --cgroup, and once, please");
	return o->filter;
}

bool parse_session_option(struct session_options *o, int option, const char *arg)
{
	uint64_t whole;
	double value;

	switch (option) {
	case 'F':
		if (!parse_number("-F", arg, 0.001, 1e6, &value))
			return false;
		o->period = 1e9 / value;
		return true;
	case 'p':
	case 't':
		if (is_filtered(o) || !parse_whole(option == 'p' ? "-p" : "-t", arg, 1, 1 << 22, &o->filter_id))
			return false;
		o->filter = option == 'p' ? PROFBUF_FILTER_PROCESS : PROFBUF_FILTER_THREAD;
		return true;
	case OPT_CGROUP:
		return !is_filtered(o) && open_cgroup(o, arg);
	case 'C':
		o->some_cpus = true;
		return parse_cpus(arg, o->cpus, sizeof(o->cpus));
	case OPT_SOURCE:
		return parse_source(arg, &o->source);
	case OPT_NO_KERNEL:
		o->no_kernel = true;
		return agree(o);
	case OPT_NO_USER:
		o->no_user = true;
		return agree(o);
	case OPT_IDLE:
		o->idle = true;
		return agree(o);
	case OPT_BUFFER:
		if (!parse_number("--buffer", arg, 4, 256 << 10, &value))
			return false;
		o->ring_bytes = value * 1024;
		return true;
	case OPT_STACK:
		if (!parse_whole("--stack", arg, 0, PROFBUF_STACK_MAX, &whole))
			return false;
		o->depth = whole;
		o->some_depth = true;
		return true;
	}
	return false;
}

void apply_session_options(const struct session_options *o, struct profbuf_config *c)
{
	if (o->period)
		c->period = o->period;
	c->source = o->source;
	c->filter = o->filter;
	c->filter_id = o->filter_id;
	if (o->some_cpus) {
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
