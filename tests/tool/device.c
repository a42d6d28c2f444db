// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - for LD_PRELOAD, in place of /dev/profbuf: a device that always has one more sample, like the device of a
 * machine with so many CPUs that a reader never catches up
 *
 * It has samples until it is stopped, or its duration is over. DEVICE_FAILS: this ioctl fails (configure or start);
 * DEVICE_HANGS: this ioctl never returns. DEVICE_PID: the samples are of this process, in code made at run time;
 * DEVICE_AGE: the process seems this many ns younger; DEVICE_AFTER: it is described only when this file exists.
 * DEVICE_STRIDE: each sample stands for this many periods. DEVICE_COMM: the name of the process. DEVICE_RELEASE: the
 * stream is of this kernel release. DEVICE_REAPS: each read() first waits for children that have ended, so that the
 * caller cannot. There is only what the commands call; the device has one session of one thread.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "open.h"
#include "profbuf_uapi.h"

#define FRAMES	4
#define PID	4000000		/* no process has this pid */
#define CODE	0x400000
#define CODE_BYTES 0x10000

static int device = -1;
static bool stopped, described, counted, process_described, rated;
static __u64 samples, end, duration;
static __u32 pid = PID;

static __u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int open_any(const char *path, int flags, mode_t mode)
{
	int (*real)(const char *path, int flags, ...);

	real = dlsym(RTLD_NEXT, "open");
	if (strcmp(path, "/dev/profbuf"))
		return real(path, flags, mode);
	stopped = described = counted = process_described = rated = false;
	samples = end = 0;
	/* So that poll() always finds it readable. */
	device = eventfd(1, EFD_CLOEXEC);
	return device;
}

static int fails(const char *what)
{
	const char *wanted = getenv("DEVICE_FAILS"), *hangs = getenv("DEVICE_HANGS");

	while (hangs && !strcmp(hangs, what))
		pause();
	if (!wanted || strcmp(wanted, what))
		return 0;
	errno = ENOSPC;
	return -1;
}

static void get_info(struct profbuf_info *info)
{
	*info = (struct profbuf_info){
		.size = sizeof(*info), .abi_version = PROFBUF_ABI_VERSION, .rights = 3, .nr_cpus = 1,
		.min_period = 50000, .max_session_memory = 1 << 28,
	};
}

static int control(unsigned long command, void *arg)
{
	switch (command) {
	case PROFBUF_IOC_INFO:
		get_info(arg);
		return 0;
	case PROFBUF_IOC_GET_CONFIG:
		*(struct profbuf_config *)arg = (struct profbuf_config){
			.size = sizeof(struct profbuf_config), .period = 1000000,
			.flags = PROFBUF_CONFIG_KERNEL | PROFBUF_CONFIG_USER,
		};
		return 0;
	case PROFBUF_IOC_CONFIG:
		duration = ((struct profbuf_config *)arg)->duration_ns;
		return fails("configure");
	case PROFBUF_IOC_START:
		end = duration ? now() + duration : 0;
		return fails("start");
	case PROFBUF_IOC_STOP:
		stopped = true;
		return 0;
	case PROFBUF_IOC_COUNTERS: {
		struct profbuf_counters *c = &((struct profbuf_counters_get *)arg)->counters;

		memset(c, 0, sizeof(*c));
		c->ticks = c->delivered = samples;
		return 0;
	}
	}
	errno = ENOTTY;
	return -1;
}

int ioctl(int fd, unsigned long command, ...)
{
	int (*real)(int fd, unsigned long command, ...) = dlsym(RTLD_NEXT, "ioctl");
	va_list args;
	void *arg;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	return fd == device ? control(command, arg) : real(fd, command, arg);
}

static ssize_t put_info(struct profbuf_stream_info *info)
{
	const char *release = getenv("DEVICE_RELEASE");
	struct utsname name;

	*info = (struct profbuf_stream_info){
		.len = sizeof(*info) / 8, .time = now(), .type = PROFBUF_RECORD_INFO, .cpu = PROFBUF_CPU_NONE,
		.magic = PROFBUF_MAGIC, .abi_version = PROFBUF_ABI_VERSION, .clock = CLOCK_MONOTONIC, .period = 1000000,
		.nr_cpus = 1,
	};
	uname(&name);
	strncat(info->release, release ? release : name.release, sizeof(info->release) - 1);
	strncat(info->machine, name.machine, sizeof(info->machine) - 1);
	return sizeof(*info);
}

/* As /proc/PID/stat has it; the name of the process must have no spaces. */
static __u64 start_time(void)
{
	const char *age = getenv("DEVICE_AGE");
	unsigned long long ticks = 0;
	char path[32];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	f = fopen(path, "r");
	for (int i = 1; f && i < 22; i++) {
		if (fscanf(f, "%*s") == EOF)
			break;
	}
	if (f && fscanf(f, "%llu", &ticks) != 1)
		ticks = 0;
	if (f)
		fclose(f);
	return ticks * (1000000000 / sysconf(_SC_CLK_TCK)) + (age ? strtoull(age, NULL, 0) : 0);
}

/* Gives the process, and its one mapping. */
static ssize_t put_process(struct profbuf_process *p)
{
	struct profbuf_mapping *m = (struct profbuf_mapping *)(p + 1);
	const char *comm = getenv("DEVICE_COMM");
	size_t bytes = sizeof(*m) + 8;

	*p = (struct profbuf_process){
		.len = sizeof(*p) / 8, .time = now(), .type = PROFBUF_RECORD_PROCESS, .cpu = PROFBUF_CPU_NONE,
		.pid = pid, .ns_pid = pid, .uid = getuid(), .start_time = start_time(), .nr_mappings = 1,
	};
	snprintf(p->comm, sizeof(p->comm), "%s", comm ? comm : "jit");
	memset(m, 0, bytes);
	m->len = bytes / 8;
	m->time = p->time;
	m->type = PROFBUF_RECORD_MAPPING;
	m->cpu = PROFBUF_CPU_NONE;
	m->misc = PROFBUF_MAPPING_ANON;
	m->pid = pid;
	m->start_time = p->start_time;
	m->start = CODE;
	m->end = CODE + CODE_BYTES;
	return sizeof(*p) + bytes;
}

static ssize_t put_counters(struct profbuf_record_counters *c)
{
	*c = (struct profbuf_record_counters){
		.len = sizeof(*c) / 8, .time = now(), .type = PROFBUF_RECORD_COUNTERS, .misc = PROFBUF_COUNTERS_FINAL,
		.counters.ticks = samples, .counters.delivered = samples,
	};
	return sizeof(*c);
}

static ssize_t put_rate(struct profbuf_rate *r)
{
	*r = (struct profbuf_rate){
		.len = sizeof(*r) / 8, .time = now(), .type = PROFBUF_RECORD_RATE,
		.stride = strtoull(getenv("DEVICE_STRIDE"), NULL, 0),
	};
	return sizeof(*r);
}

static ssize_t put_sample(struct profbuf_sample *s)
{
	memset(s, 0, sizeof(*s));
	s->len = sizeof(*s) / 8 + FRAMES;
	s->time = now();
	s->type = PROFBUF_RECORD_SAMPLE;
	s->mode = PROFBUF_MODE_USER;
	s->nr_user = FRAMES;
	s->pid = s->tid = pid;
	for (unsigned int i = 0; i < FRAMES; i++)
		s->frames[i] = CODE + samples % 1000 * 16 + i;
	samples++;
	return s->len * 8;
}

ssize_t read(int fd, void *buf, size_t bytes)
{
	ssize_t (*real)(int fd, void *buf, size_t bytes) = dlsym(RTLD_NEXT, "read");

	if (getenv("DEVICE_REAPS"))
		waitpid(-1, NULL, WNOHANG);
	if (fd != device)
		return real(fd, buf, bytes);
	if (!described) {
		described = true;
		return put_info(buf);
	}
	if (getenv("DEVICE_STRIDE") && !rated) {
		rated = true;
		return put_rate(buf);
	}
	if (getenv("DEVICE_PID"))
		pid = strtoul(getenv("DEVICE_PID"), NULL, 0);
	if (pid != PID && !process_described && (!getenv("DEVICE_AFTER") || !access(getenv("DEVICE_AFTER"), F_OK))) {
		process_described = true;
		return put_process(buf);
	}
	if (!stopped && (!end || now() < end))
		return put_sample(buf);
	if (counted)
		return 0;
	counted = true;
	/* The final counters come late: a reader that gives up waiting now would miss them. */
	usleep(150000);
	return put_counters(buf);
}
