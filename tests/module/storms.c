// SPDX-License-Identifier: GPL-2.0-only
/*
 * storms.c - sampling while many processes come and go at once, and while the kernel traces the sampler itself
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "kt.h"

#define TRACING "/sys/kernel/tracing/"

static void check_sums(int fd, const struct kt_sums *sums)
{
	for (int cpu = 0; cpu < (int)sums->info->nr_cpus; cpu++) {
		struct profbuf_counters c = kt_counters(fd, cpu);

		CHECK(c.ticks == kt_accounted(&c), "CPU %d", cpu);
		CHECK(c.delivered == sums->samples[cpu] && c.lost == sums->lost[cpu], "CPU %d", cpu);
	}
}

static void *thread(void *arg)
{
	kt_spin(MSEC);
	return arg;
}

/* What one process of the storm does, depending on its number. */
static void child(int number)
{
	pthread_t t[4];

	switch (number % 5) {
	case 0:
		_exit(0);
	case 1:
		execl("/proc/self/exe", "storms", "--exit", NULL);
		_exit(127);
	case 2:
		/* The process ends together with its threads, one of which may be the sampled one. */
		for (int i = 0; i < 4; i++)
			pthread_create(&t[i], NULL, thread, NULL);
		pthread_join(t[0], NULL);
		_exit(0);
	case 3:
		if (!fork())
			kt_spin(MSEC);
		_exit(0);
	default:
		prctl(PR_SET_NAME, "another name");
		kt_spin(100 * MSEC);	/* it is killed before this ends */
		_exit(0);
	}
}

/*
 * Several parents create processes, programs and threads at once, at 4 kHz with descriptions. Each process with a
 * sample of user code is described, or the stream counts its description as missing.
 */
TEST(processes_in_storms)
{
	enum { PARENTS = 6, BURSTS = 25, PIDS = 1 << 16 };
	static bool sampled[PIDS], described[PIDS];
	struct profbuf_counters_get get;
	struct profbuf_config config = kt_config();
	const struct profbuf_record *r = NULL;
	unsigned int all = 0, missing = 0;
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	pid_t pids[PARENTS];
	int fd = kt_open();

	config.period = 250000;
	config.ring_bytes = 8 << 20;
	kt_configure(fd, &config);
	kt_start(fd);
	for (int i = 0; i < PARENTS; i++) {
		pids[i] = fork();
		NEED(pids[i] >= 0);
		for (int burst = 0; !pids[i] && burst < BURSTS; burst++) {
			pid_t last = 0;

			for (int n = 0; n < 10; n++) {
				last = fork();
				if (!last)
					child(n);
			}
			kill(last, SIGKILL);
			while (wait(NULL) > 0)
				;
		}
		if (!pids[i])
			_exit(0);
	}
	for (int i = 0; i < PARENTS; i++)
		waitpid(pids[i], NULL, 0);
	kt_stop(fd);
	get = kt_all_counters(fd);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	check_sums(fd, &sums);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;

		if (r->type == PROFBUF_RECORD_SAMPLE && (p->mode & PROFBUF_MODE_MASK) == PROFBUF_MODE_USER)
			sampled[p->pid % PIDS] = true;
		if (r->type == PROFBUF_RECORD_PROCESS)
			described[((const struct profbuf_process *)r)->pid % PIDS] = true;
	}
	for (int i = 1; i < PIDS; i++) {
		all += sampled[i];
		missing += sampled[i] && !described[i];
	}
	printf("# %u processes sampled, %u not described, %llu said to be lost\n", all, missing,
	       (unsigned long long)kt_undescribed(&get));
	ENOUGH(sums.lives > 100);
	CHECK(all > PARENTS * BURSTS);
	CHECK(missing <= kt_undescribed(&get));
	kt_free(&s);
	close(fd);
}

static uint64_t ends_lost(int fd)
{
	return kt_all_counters(fd).sideband_lost[PROFBUF_SIDEBAND_BUSY];
}

/*
 * More processes live at once than have places in the table of sampled processes. Each end is in the stream, or is
 * counted as lost.
 */
TEST(ends_that_find_no_place_are_counted)
{
	enum { N = 4000, PIDS = 1 << 16 };
	static bool sampled[PIDS], ended[PIDS];
	unsigned int all = 0, missing = 0, n;
	struct profbuf_config config = kt_config();
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	static pid_t pids[N];
	uint64_t lost;
	int fd = kt_open();

	config.period = 50000;
	config.ring_bytes = 8 << 20;
	kt_configure(fd, &config);
	kt_start(fd);
	for (n = 0; n < N && ends_lost(fd) < 10; n++) {
		pids[n] = fork();
		NEED(pids[n] >= 0);
		if (!pids[n]) {
			kt_spin(2 * MSEC);
			raise(SIGSTOP);
			_exit(0);
		}
		waitpid(pids[n], NULL, WUNTRACED);
		if (n % 50 == 0)
			kt_read(fd, &s);
	}
	for (unsigned int i = 0; i < n; i++)
		kt_kill(pids[i]);
	kt_stop(fd);
	lost = ends_lost(fd);
	kt_drain(fd, &s);
	kt_check(&s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;

		/* A process that is sampled only after its end needs no EXIT record. */
		if (r->type == PROFBUF_RECORD_SAMPLE && (p->mode & PROFBUF_MODE_MASK) == PROFBUF_MODE_USER)
			sampled[p->pid % PIDS] = true;
		if (r->type == PROFBUF_RECORD_EXIT)
			ended[((const struct profbuf_life *)r)->pid % PIDS] = true;
	}
	for (unsigned int i = 0; i < n; i++) {
		all += sampled[pids[i] % PIDS];
		missing += sampled[pids[i] % PIDS] && !ended[pids[i] % PIDS];
	}
	printf("# %u processes, %u sampled, of %u no end; %llu said to be lost\n", n, all, missing,
	       (unsigned long long)lost);
	ENOUGH(all > 50);
	CHECK(lost && missing <= lost);
	kt_free(&s);
	close(fd);
}

static void write_to(const char *file, const char *value, int flag)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), TRACING "%s", file);
	fd = open(path, O_WRONLY | flag);
	NEED(fd >= 0);
	NEED(write(fd, value, strlen(value)) == (ssize_t)strlen(value));
	close(fd);
}

static void set(const char *file, const char *value)
{
	write_to(file, value, O_TRUNC);
}

/* Returns the number of lines in the trace that contain both texts, and empties the trace. */
static unsigned int traced(const char *a, const char *b)
{
	FILE *f = fopen(TRACING "trace", "r");
	unsigned int n = 0;
	char line[512];

	NEED(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, a) && strstr(line, b);
	fclose(f);
	set("trace", "\n");
	return n;
}

/* Spins with a frame pointer above the stack, where no memory is mapped: each sample of it causes a page fault. */
static pid_t bad_frames(int cpu)
{
	pid_t pid = fork();

	NEED(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kt_pin(cpu);
	asm volatile("mov $0x1000, %%rsp; mov $0x7000000000, %%rbp; 1: jmp 1b" ::: "memory");
	__builtin_unreachable();
}

/* Samples both CPUs while something is traced, and checks that the trace has enough lines with both texts. */
static void sampled_under_trace(const char *a, const char *b)
{
	pid_t spinners[2] = { bad_frames(0), bad_frames(1) };

	for (int source = 0; source < 2; source++) {
		struct profbuf_config config = kt_config();
		struct kt_stream s = { 0 };
		struct kt_sums sums;
		int fd = kt_open();
		unsigned int lines;

		/* With every function traced, a tick may take a millisecond on an emulated CPU. */
		config.period = 4 * MSEC;
		config.source = source;
		kt_configure(fd, &config);
		kt_start(fd);
		kt_spin(500 * MSEC);
		/* Tracing ends here, because later lines would overwrite those of the ticks. */
		set("tracing_on", "0");
		sums = kt_end_session(fd, &s);
		lines = traced(a, b);
		set("tracing_on", "1");
		ENOUGH(lines > 20, "%u lines with %s", lines, a);
		ENOUGH(sums.all_samples > 20, "%llu", (unsigned long long)sums.all_samples);
		kt_free(&s);
		close(fd);
	}
	kt_kill(spinners[0]);
	kt_kill(spinners[1]);
}

/* Traces the page faults of the sampler itself: a tracepoint inside a tick, in every tick. */
TEST(page_fault_tracing)
{
	set("events/exceptions/enable", "1");
	set("trace", "\n");
	sampled_under_trace("page_fault_kernel", "address=");
	set("events/exceptions/enable", "0");
}

/*
 * Traces the sampler's own functions, and those of the kernel around and below them. Patching all functions of the
 * kernel would take so long on an emulated CPU that the kernel complains.
 */
static void traced_by(const char *tracer)
{
	static const char *const functions[] = {
		"*:mod:profbuf", "*hrtimer*", "perf_*", "*unwind*", "*irq_work*", "*user_nofault*", "*page_fault*",
		"*sched_clock*", "*wake_up*",
	};

	set("set_ftrace_filter", "\n");
	for (unsigned int i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		write_to("set_ftrace_filter", functions[i], O_APPEND);
	set("current_tracer", tracer);
	set("trace", "\n");
	sampled_under_trace("profbuf_write", "");
	set("current_tracer", "nop");
	set("set_ftrace_filter", "\n");
}

TEST(function_tracer)
{
	traced_by("function");
}

/* This tracer replaces return addresses on the kernel's stack, which the sampler reads. */
TEST(function_graph_tracer)
{
	if (access(TRACING "options/funcgraph-proc", F_OK)) {
		kt_skip("this kernel has no such tracer");
		return;
	}
	traced_by("function_graph");
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--exit"))
		return 0;
	return kt_main();
}
