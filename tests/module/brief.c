// SPDX-License-Identifier: GPL-2.0-only
/*
 * brief.c - for short.sh: "brief N" runs itself N times, one after another; each run spends 5 ms in live()
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static volatile unsigned int sink;

static void __attribute__((noinline)) live(void)
{
	for (long long end = now() + 5000000; now() < end;) {
		for (unsigned int i = 0; i < 10000; i++)
			sink += i;
	}
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;

	if (argc == 1)
		live();
	while (n-- > 0) {
		pid_t pid = vfork();

		if (!pid) {
			execl(argv[0], argv[0], NULL);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return 1;
	}
	return 0;
}
