/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * itself.h - what the kernel says about a process of the tests: when it began, and how much memory this process has
 * used
 */
#ifndef TESTS_USER_ITSELF_H
#define TESTS_USER_ITSELF_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

/* In ns of CLOCK_BOOTTIME, as precise as in /proc/PID/stat. 0: there is no such process. */
static inline uint64_t start_time_of(pid_t pid)
{
	unsigned long long ticks = 0;
	char path[32], line[1024] = "";
	const char *at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	at = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	/* The name may contain anything. After it come the state and 18 numbers. */
	for (int i = 0; at && i < 20; i++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu", &ticks) != 1)
		return 0;
	return ticks * (1000000000ULL / sysconf(_SC_CLK_TCK));
}

/* The largest amount of memory that this process has used, in MiB. */
static inline long peak_memory(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss / 1024;
}

#endif /* TESTS_USER_ITSELF_H */
