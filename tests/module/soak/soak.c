// SPDX-License-Identifier: GPL-2.0-only
/*
 * soak.c - the real module under load: sessions, readers, processes and CPUs come and go, and every tick is accounted
 * for; a table, and TAP
 *
 * usage: soak SECONDS SEED [OPENS [STARTS [TRANSITIONS [KILLS]]]]
 *        soak --loads MODULE SEED LOADS
 *
 * The soak goes on until SECONDS have passed and each number is reached. The module is loaded already; its file is for
 * loading it that many times.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/prctl.h>

#include "soak.h"

struct soak *soak;
static uint64_t random_state;

uint64_t soak_random(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return below ? random_state % below : 0;
}

/* A worker that has not ended this long after it should: something hangs. */
#define PATIENCE	(300 * SEC)
#define WORKERS_MAX	32

static struct {
	pid_t pid;
	const char *name;
} workers[WORKERS_MAX];
static int nr_workers;
static bool worker_failed;

#define WORKER(function) start_worker(#function, function)

static void start_worker(const char *name, void (*work)(void))
{
	pid_t pid;

	NEED(nr_workers < WORKERS_MAX);
	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		random_state = soak->seed * 0x9e3779b97f4a7c15ULL + nr_workers + 1;
		for (int i = 0; i < 10; i++)
			soak_random(1);
		work();
		fflush(stdout);
		_exit(kt_failed);
	}
	workers[nr_workers].pid = pid;
	workers[nr_workers++].name = name;
}

/* Takes notice of workers that ended; false if one did and should not have, or failed. */
static bool look_after_workers(bool may_end)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < nr_workers; i++) {
			if (workers[i].pid != pid)
				continue;
			workers[i].pid = 0;
			if (status || !may_end) {
				printf("# %s ended with status %x\n", workers[i].name, status);
				worker_failed = true;
			}
		}
	}
	return !worker_failed;
}

static void stop_workers(void)
{
	uint64_t end = kt_now() + PATIENCE;
	bool left = true;

	atomic_store(&soak->stop, 1);
	while (left && kt_now() < end) {
		left = false;
		look_after_workers(true);
		for (int i = 0; i < nr_workers; i++)
			left |= workers[i].pid;
		kt_sleep(50 * MSEC);
	}
	for (int i = 0; i < nr_workers; i++) {
		if (workers[i].pid) {
			printf("# %s does not end\n", workers[i].name);
			worker_failed = true;
			kill(workers[i].pid, SIGKILL);
		}
	}
	nr_workers = 0;
	atomic_store(&soak->stop, 0);
}

static const char *const skips[PROFBUF_NR_SKIPS] = {
	"nested", "no_regs", "idle", "kernel", "user", "filter", "rights", "ended", "budget",
};

_Static_assert(PROFBUF_NR_SKIPS == PROFBUF_SKIP_BUDGET + 1, "each has its name");
static const char *const sources[] = { "hrtimer", "cpu-clock", "cycles" };
static struct soak_row sum;

static void print_row(const char *source, const char *rate, struct soak_row *r)
{
	printf("# %-9s %-6s %8lu %10lu %10lu %9lu %9lu", source, rate, r->sessions, r->ticks, r->delivered, r->lost,
	       r->missed);
	for (int i = 0; i < PROFBUF_NR_SKIPS; i++)
		printf(" %8lu", r->skipped[i]);
	printf(" %7lu\n", r->unaccounted);
}

static void print_table(void)
{
	printf("# %-9s %-6s %8s %10s %10s %9s %9s", "source", "rate", "sessions", "ticks", "delivered", "lost",
	       "missed");
	for (int i = 0; i < PROFBUF_NR_SKIPS; i++)
		printf(" %8s", skips[i]);
	printf(" %7s\n", "unacc.");
	for (int source = 0; source < PROFBUF_NR_SOURCES - !soak->cycles; source++) {
		for (int rate = 0; rate < NR_RATES; rate++) {
			struct soak_row *r = &soak->rows[source][rate];

			print_row(sources[source], rate ? "floor" : "1 kHz", r);
			sum.sessions += r->sessions;
			sum.records += r->records;
			sum.ticks += r->ticks;
			sum.delivered += r->delivered;
			sum.lost += r->lost;
			sum.missed += r->missed;
			sum.unaccounted += r->unaccounted;
			for (int i = 0; i < PROFBUF_NR_SKIPS; i++)
				sum.skipped[i] += r->skipped[i];
		}
	}
	print_row("all", "", &sum);
	printf("# %lu records checked; %lu sessions ended by themselves, %lu more were closed while they ran\n",
	       sum.records, soak->by_themselves, soak->abandoned);
	printf("# %lu opens, %lu starts, %lu processes, %lu execs, %lu threads, %lu CPU transitions\n",
	       soak->count[SOAK_OPENS], soak->count[SOAK_STARTS], soak->processes, soak->execs, soak->threads,
	       soak->count[SOAK_TRANSITIONS]);
	printf("# %lu readers killed, %lu of them after they had read something: %lu records\n",
	       soak->count[SOAK_KILLS], soak->killed_after_data, soak->killed_records);
}

TEST(every_tick_is_accounted_for)
{
	uint64_t accounted;

	print_table();
	CHECK(!worker_failed);
	CHECK(!sum.unaccounted);
	accounted = sum.delivered + sum.lost + sum.missed;
	for (int i = 0; i < PROFBUF_NR_SKIPS; i++)
		accounted += sum.skipped[i];
	CHECK(sum.ticks == accounted);
}

/* A soak that did not do what it is for would find nothing. */
TEST(there_was_load_of_every_kind)
{
	for (int source = 0; source < PROFBUF_NR_SOURCES - !soak->cycles; source++) {
		for (int rate = 0; rate < NR_RATES; rate++)
			CHECK(soak->rows[source][rate].ticks > 100, "%s, %d", sources[source], rate);
	}
	CHECK(sum.lost && sum.missed && sum.skipped[PROFBUF_SKIP_IDLE] && sum.skipped[PROFBUF_SKIP_FILTER] &&
	      sum.skipped[PROFBUF_SKIP_BUDGET]);
	CHECK(soak->by_themselves && soak->abandoned && soak->killed_after_data);
	CHECK(soak->execs && soak->threads && soak->count[SOAK_TRANSITIONS] > 10);
}

/* The module's own files: all sessions, the abandoned ones too. */
TEST(sysfs_adds_up)
{
	unsigned long long accounted = kt_sysfs_accounted(), ticks = kt_sysfs("ticks");

	printf("# sysfs: %llu ticks, %llu accounted for\n", ticks, accounted);
	CHECK(kt_sysfs("sessions") == 0);
	CHECK(ticks == accounted);
	CHECK(ticks >= sum.ticks);
}

static const char *module;

TEST(module_comes_and_goes)
{
	if (!module) {
		kt_skip("this machine keeps its module: see --loads");
		return;
	}
	WORKER(soak_hotplug);
	WORKER(soak_processes);
	soak_loads(module);
	stop_workers();
	printf("# %lu loads and unloads\n", soak->count[SOAK_LOADS]);
	CHECK(!worker_failed);
}

static void prepare(const char *seed)
{
	struct profbuf_info info = { .size = sizeof(info) };
	struct profbuf_config config = kt_config();
	int fd = kt_open();

	soak = mmap(NULL, sizeof(*soak), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(soak != MAP_FAILED);
	NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
	soak->floor = info.min_period;
	soak->nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	soak->seed = strtoull(seed, NULL, 0);
	random_state = soak->seed + 1;
	config.source = PROFBUF_SOURCE_PERF_CYCLES;
	config.period = 3000000;
	soak->cycles = !ioctl(fd, PROFBUF_IOC_CONFIG, &config);
	close(fd);
	printf("# seed %lu, %d CPUs, floor %lu us%s\n", soak->seed, soak->nr_cpus, soak->floor / 1000,
	       soak->cycles ? "" : "; no counter of cycles here");
}

int main(int argc, char **argv)
{
	uint64_t begin = kt_now(), end;
	bool wanted = true;

	if (argc == 2 && !strcmp(argv[1], "--exit"))
		return 0;
	if (argc == 5 && !strcmp(argv[1], "--loads")) {
		module = argv[2];
		prepare(argv[3]);
		soak->want[SOAK_LOADS] = strtoull(argv[4], NULL, 0);
		NEED(!setenv("TAP_TEST", "module_comes_and_goes", 1));
		return kt_main();
	}
	NEED(argc >= 3);
	prepare(argv[2]);
	for (int i = 3; i < argc && i < 3 + SOAK_LOADS; i++)
		soak->want[i - 3] = strtoull(argv[i], NULL, 0);
	end = begin + strtoull(argv[1], NULL, 0) * SEC;
	WORKER(soak_long_session);
	for (int i = 0; i < 3; i++)
		WORKER(soak_sessions);
	for (int i = 0; i < 2; i++)
		WORKER(soak_killed_readers);
	WORKER(soak_opens);
	WORKER(soak_processes);
	WORKER(soak_hotplug);
	WORKER(soak_deep_stacks);
	WORKER(soak_budget);
	for (uint64_t told = begin; look_after_workers(false) && (kt_now() < end || wanted);) {
		kt_sleep(200 * MSEC);
		wanted = false;
		for (int i = 0; i < SOAK_LOADS; i++)
			wanted |= soak_wanted(i);
		if (kt_now() - told > 60 * SEC) {
			told = kt_now();
			printf("# %llu s: %lu opens, %lu starts, %lu transitions, %lu killed readers\n",
			       (told - begin) / SEC, soak->count[SOAK_OPENS], soak->count[SOAK_STARTS],
			       soak->count[SOAK_TRANSITIONS], soak->count[SOAK_KILLS]);
			fflush(stdout);
		}
	}
	stop_workers();
	return kt_main();
}
