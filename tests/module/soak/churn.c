// SPDX-License-Identifier: GPL-2.0-only
/*
 * churn.c - what goes on while sessions run: processes and threads, CPUs, deep stacks; and the module's loads
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "soak.h"

static void *thread(void *arg)
{
	kt_spin((uintptr_t)arg);
	return NULL;
}

/* Threads that end before the process, and some that the process takes with it. */
static void make_threads(void)
{
	int n = 1 + soak_random(8), joined = soak_random(n + 1);
	pthread_t t[8];

	for (int i = 0; i < n; i++) {
		NEED(!pthread_create(&t[i], NULL, thread, (void *)(uintptr_t)soak_random(2 * MSEC)));
		soak->threads++;
	}
	for (int i = 0; i < joined; i++)
		pthread_join(t[i], NULL);
}

static void one_process(void)
{
	char *argv[] = { "soak", "--exit", NULL };

	switch (soak_random(5)) {
	case 0:
		break;
	case 1:
		kt_spin(soak_random(3 * MSEC));
		break;
	case 2:
		make_threads();
		break;
	case 3:
		/* Its child is nobody's, soon. */
		if (!fork())
			kt_spin(soak_random(MSEC));
		soak->processes++;
		break;
	default:
		soak->execs++;
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	_exit(0);
}

/* Processes in bursts, some killed while they come up. */
void soak_processes(void)
{
	pid_t pids[16];

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	while (!soak_over()) {
		int n = 1 + soak_random(16);

		for (int i = 0; i < n; i++) {
			soak_random(1);	/* each child has numbers of its own */
			pids[i] = fork();
			NEED(pids[i] >= 0);
			if (!pids[i])
				one_process();
			soak->processes++;
		}
		if (!soak_random(4))
			kill(pids[soak_random(n)], SIGKILL);
		while (waitpid(-1, NULL, 0) > 0)
			;
		kt_sleep(soak_random(20 * MSEC));
	}
}

static void set_online(int cpu, bool online)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	fd = open(path, O_WRONLY);
	NEED(fd >= 0);
	NEED(write(fd, online ? "1" : "0", 1) == 1);
	close(fd);
}

static bool off[KT_CPUS];

static void change(int cpu)
{
	off[cpu] = !off[cpu];
	set_online(cpu, !off[cpu]);
	soak->count[SOAK_TRANSITIONS]++;
}

/* Every CPU but the first goes off and comes on, at any time; now and then the first is alone. */
void soak_hotplug(void)
{
	while (!soak_over()) {
		bool alone = !soak_random(16);

		if (!alone)
			change(1 + soak_random(soak->nr_cpus - 1));
		for (int cpu = 1; alone && cpu < soak->nr_cpus; cpu++) {
			if (!off[cpu])
				change(cpu);
		}
		/* From 10 ms to 1 s, the shorter the more often. */
		kt_sleep(10 * MSEC + (soak_wanted(SOAK_TRANSITIONS) ? 0 : soak_random(soak_random(SEC))));
	}
	for (int cpu = 1; cpu < soak->nr_cpus; cpu++) {
		if (off[cpu])
			change(cpu);
	}
}

static int __attribute__((noinline)) descend(int depth)
{
	if (!depth) {
		kt_spin(20 * MSEC);
		return 0;
	}
	return descend(depth - 1) + 1;
}

/* More frames than a sample has: a tick at the floor of the period takes longer than the period. */
void soak_deep_stacks(void)
{
	while (!soak_over()) {
		CHECK(descend(150) == 150);
		kt_sleep(soak_random(40 * MSEC));
	}
}

/* What the ticks may take of a CPU: all of it, or by times next to nothing, and sessions have to go by it. */
void soak_budget(void)
{
	static const char *const percents[] = { "100", "5" };

	for (unsigned int i = 0; !soak_over(); i++) {
		int fd = open("/sys/module/profbuf/parameters/max_overhead_percent", O_WRONLY);

		NEED(fd >= 0 && write(fd, percents[i % 2], strlen(percents[i % 2])) > 0);
		close(fd);
		kt_sleep((i % 2 ? 500 : 2000) * MSEC + soak_random(500 * MSEC));
	}
}

void soak_loads(const char *path)
{
	for (uint64_t i = 0; i < soak->want[SOAK_LOADS]; i++) {
		struct profbuf_config config = kt_config();
		struct kt_stream s = { 0 };
		int fd, file;

		NEED(!syscall(SYS_delete_module, "profbuf", O_NONBLOCK));
		CHECK(access(PROFBUF_DEVICE, F_OK), "the device is still there");
		if (soak_random(4) == 0)
			kt_sleep(soak_random(10 * MSEC));
		file = open(path, O_RDONLY | O_CLOEXEC);
		NEED(file >= 0);
		NEED(!syscall(SYS_finit_module, file, "", 0));
		close(file);
		soak->count[SOAK_LOADS]++;

		fd = kt_open();
		config.source = soak_random(2);
		kt_configure(fd, &config);
		kt_start(fd);
		CHECK(syscall(SYS_delete_module, "profbuf", O_NONBLOCK) == -1, "unloaded under a session");
		kt_spin(soak_random(10 * MSEC));
		if (soak_random(2)) {
			kt_stop(fd);
			kt_drain(fd, &s);
			kt_check(&s);
			kt_free(&s);
		}
		close(fd);
	}
}
