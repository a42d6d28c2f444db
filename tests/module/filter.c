// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter.c - a session has samples only of the processes and the code that it was asked for
 *
 * One cause for which a tick leaves no sample is tested nowhere: PROFBUF_SKIP_NO_REGS. A hard timer fires in the
 * timer's interrupt, which has registers, and perf does not pass on a tick without them. The cause exists for a source
 * that does.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kt.h"

/*
 * Runs a session while other processes work. Returns the number of samples; @of_pid and @of_tid get how many are of
 * @pid and @tid.
 */
static uint64_t run(struct profbuf_config *config, uint32_t pid, uint32_t tid, uint64_t *of_pid, uint64_t *of_tid)
{
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd = kt_open();

	kt_configure(fd, config);
	kt_start(fd);
	/* On a busy host, the other processes may get little CPU time. */
	for (int i = 0; i < 10 && (!i || kt_counters(fd, -1).delivered <= 20); i++)
		kt_spin(400 * MSEC);
	sums = kt_end_session(fd, &s);
	*of_pid = 0;
	*of_tid = 0;
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;

		if (r->type != PROFBUF_RECORD_SAMPLE)
			continue;
		*of_pid += p->pid == pid;
		*of_tid += p->tid == tid;
	}
	ENOUGH(kt_counters(fd, -1).skipped[PROFBUF_SKIP_FILTER] > 20);
	kt_free(&s);
	close(fd);
	return sums.all_samples;
}

TEST(process)
{
	struct profbuf_config config = kt_config();
	pid_t a = kt_spinner(0), b = kt_spinner(1);
	uint64_t all, of_pid, of_tid;

	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = a;
	all = run(&config, a, a, &of_pid, &of_tid);
	ENOUGH(all > 20, "%llu of %llu", (unsigned long long)of_pid, (unsigned long long)all);
	CHECK(all == of_pid, "%llu of %llu", (unsigned long long)of_pid, (unsigned long long)all);
	kt_kill(a);
	kt_kill(b);
}

/* A child that is created after the start, and its own child, are sampled. */
TEST(process_with_descendants)
{
	struct profbuf_config config = kt_config();
	uint64_t all, of_pid, of_tid;
	int pids[2];
	pid_t child, grandchild = 0, other = kt_spinner(0);

	NEED(!pipe(pids));
	child = fork();
	if (!child) {
		pid_t pid;

		kt_sleep(50 * MSEC);
		pid = kt_spinner(1);
		NEED(write(pids[1], &pid, sizeof(pid)) == sizeof(pid));
		pause();
	}
	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = child;
	NEED(read(pids[0], &grandchild, sizeof(grandchild)) == sizeof(grandchild));
	all = run(&config, grandchild, grandchild, &of_pid, &of_tid);
	ENOUGH(of_pid > 20);
	CHECK(all - of_pid <= 5);
	kill(grandchild, SIGKILL);
	kt_kill(child);
	kt_kill(other);
}

static void *spin(void *tid)
{
	*(volatile pid_t *)tid = syscall(SYS_gettid);
	for (volatile int i = 0;; i++)
		pthread_testcancel();
	return NULL;
}

TEST(thread)
{
	struct profbuf_config config = kt_config();
	volatile pid_t tid = 0;
	pthread_t other;
	uint64_t all, of_pid, of_tid;

	NEED(!pthread_create(&other, NULL, spin, (void *)&tid));
	while (!tid)
		kt_sleep(MSEC);
	config.filter = PROFBUF_FILTER_THREAD;
	config.filter_id = tid;
	/* The test's main thread spins, too, but is not sampled. */
	all = run(&config, getpid(), tid, &of_pid, &of_tid);
	ENOUGH(all > 20, "%lu samples, %lu of the thread, %lu of the process", all, of_tid, of_pid);
	CHECK(all == of_tid && all == of_pid, "%lu samples, %lu of the thread, %lu of the process", all, of_tid,
	      of_pid);
	pthread_cancel(other);
	pthread_join(other, NULL);
}

static void join_cgroup(const char *path, pid_t pid)
{
	char procs[128];
	FILE *f;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	f = fopen(procs, "w");
	NEED(f);
	fprintf(f, "%d\n", pid);
	NEED(!fclose(f));
}

/* Processes in a cgroup and in the cgroup below it are sampled. */
TEST(cgroup)
{
	const char *outer = "/sys/fs/cgroup/kt", *inner = "/sys/fs/cgroup/kt/inner";
	struct profbuf_config config = kt_config();
	pid_t a = kt_spinner(0), b = kt_spinner(1);
	uint64_t all, of_pid, of_tid;
	int dir;

	NEED(!mkdir(outer, 0755) && !mkdir(inner, 0755));
	join_cgroup(inner, a);
	dir = open(outer, O_RDONLY | O_DIRECTORY);
	NEED(dir >= 0);
	config.filter = PROFBUF_FILTER_CGROUP;
	config.filter_id = dir;
	all = run(&config, a, a, &of_pid, &of_tid);
	ENOUGH(all > 20);
	CHECK(all == of_pid);
	close(dir);
	kt_kill(a);
	kt_kill(b);
	rmdir(inner);
	rmdir(outer);
}

/* While a session filters by a process, the pid stays with it after its end: no other process is sampled. */
TEST(process_that_ends)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	pid_t a = kt_spinner(0);
	struct kt_sums sums;
	int fd = kt_open();

	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = a;
	kt_configure(fd, &config);
	kt_kill(a);
	sums = kt_run_session(fd, 100 * MSEC, &s);
	CHECK(!sums.all_samples);
	kt_free(&s);
	close(fd);
}

/*
 * The opener has all rights, but asked for user code only: ticks in the kernel are skipped for that cause and no other.
 */
TEST(kernel_code_that_was_not_asked_for)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	struct profbuf_counters c;
	struct kt_sums sums;
	int fd = kt_open();
	uint64_t end;

	kt_pin(0);
	config.flags = PROFBUF_CONFIG_USER;
	kt_configure(fd, &config);
	kt_start(fd);
	for (end = kt_now() + 400 * MSEC; kt_now() < end;) {
		void *p = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		NEED(p != MAP_FAILED && !munmap(p, 4 << 20));
	}
	kt_stop(fd);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	for (const struct profbuf_record *r = kt_next(&s, NULL); r; r = kt_next(&s, r))
		if (r->type == PROFBUF_RECORD_SAMPLE)
			CHECK(((const struct profbuf_sample *)r)->mode == PROFBUF_MODE_USER);
	c = sums.final[0];
	ENOUGH(c.skipped[PROFBUF_SKIP_KERNEL] > 50, "%llu", (unsigned long long)c.skipped[PROFBUF_SKIP_KERNEL]);
	CHECK(c.ticks == c.delivered + c.missed + c.skipped[PROFBUF_SKIP_KERNEL] + c.skipped[PROFBUF_SKIP_IDLE]);
	kt_free(&s);
	close(fd);
}

static bool set_cpu1(bool online)
{
	int fd = open("/sys/devices/system/cpu/cpu1/online", O_WRONLY);
	bool ok = fd >= 0 && write(fd, online ? "1" : "0", 1) == 1;

	close(fd);
	return ok;
}

static enum profbuf_state state_of(int fd)
{
	struct profbuf_info info = { .size = sizeof(info) };

	NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
	return info.state;
}

/*
 * One CPU has had its max_ticks, while another CPU, which came online later, has not. The hrtimer stops; perf's clock
 * goes on, and each of its ticks is skipped for that cause and no other.
 */
TEST(more_ticks_than_were_asked_for)
{
	int sources[] = { PROFBUF_SOURCE_HRTIMER, PROFBUF_SOURCE_PERF_CPU_CLOCK };

	for (int i = 0; i < 2; i++) {
		struct profbuf_config config = kt_config();
		struct profbuf_counters a, b;
		struct kt_stream s = { 0 };
		int fd = kt_open();

		config.source = sources[i];
		config.max_ticks = 3000;
		kt_configure(fd, &config);
		CHECK(set_cpu1(false));
		kt_start(fd);
		kt_sleep(SEC);
		CHECK(set_cpu1(true));
		do {
			kt_sleep(20 * MSEC);
			a = kt_counters(fd, 0);
		} while (a.ticks < config.max_ticks);
		kt_sleep(200 * MSEC);
		b = kt_counters(fd, 0);
		/*
		 * Otherwise the checks below prove nothing: when the last CPU has ended, there are no ticks any more.
		 */
		CHECK(state_of(fd) == PROFBUF_STATE_RUNNING);
		if (sources[i] == PROFBUF_SOURCE_HRTIMER) {
			CHECK(!memcmp(&a, &b, sizeof(a)) && !b.skipped[PROFBUF_SKIP_ENDED]);
		} else {
			CHECK(b.skipped[PROFBUF_SKIP_ENDED] > a.skipped[PROFBUF_SKIP_ENDED] + 20);
			CHECK(b.ticks - a.ticks == b.skipped[PROFBUF_SKIP_ENDED] - a.skipped[PROFBUF_SKIP_ENDED] +
			      b.missed - a.missed);
		}
		/* Before, the CPU had at most max_ticks ticks, besides the periods that the last tick had missed. */
		CHECK(a.ticks - a.skipped[PROFBUF_SKIP_ENDED] - a.missed <= config.max_ticks);
		kt_drain(fd, &s);
		kt_check(&s);
		kt_free(&s);
		close(fd);
	}
}

int main(void)
{
	return kt_main();
}
