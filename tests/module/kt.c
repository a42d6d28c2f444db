// SPDX-License-Identifier: GPL-2.0-only
/*
 * kt.c - see kt.h
 */
#define _GNU_SOURCE
#include <grp.h>
#include <sys/prctl.h>

#include "kt.h"

#define STARVED	2	/* exit status of a child that was starved */

uint64_t kt_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SEC + t.tv_nsec;
}

void kt_sleep(uint64_t ns)
{
	struct timespec t = { .tv_sec = ns / SEC, .tv_nsec = ns % SEC };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/*
 * Also does a minimum of work, because a machine that the host leaves without CPU time has no samples. Without other
 * load it does 20 rounds per ms.
 */
void kt_spin(uint64_t ns)
{
	uint64_t begin = kt_now(), rounds = 0, now;

	while ((now = kt_now()) < begin + ns || (rounds < ns * 5 / MSEC && now < begin + 10 * ns)) {
		for (volatile int i = 0; i < 10000; i++)
			;
		rounds++;
	}
}

void kt_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	NEED(!sched_setaffinity(0, sizeof(set), &set));
}

void kt_set_parameter(const char *name, int value)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/profbuf/parameters/%s", name);
	f = fopen(path, "w");
	NEED(f && fprintf(f, "%d", value) > 0 && !fclose(f));
}

unsigned long long kt_sysfs(const char *name)
{
	unsigned long long value;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/misc/profbuf/%s", name);
	f = fopen(path, "r");
	NEED(f && fscanf(f, "%llu", &value) == 1);
	fclose(f);
	return value;
}

unsigned long long kt_sysfs_accounted(void)
{
	static const char * const names[] = {
		"delivered", "lost", "missed", "skipped_nested", "skipped_no_regs", "skipped_idle", "skipped_kernel",
		"skipped_user", "skipped_filter", "skipped_rights", "skipped_ended", "skipped_budget",
	};
	unsigned long long sum = 0;

	_Static_assert(sizeof(names) / sizeof(names[0]) == 3 + PROFBUF_NR_SKIPS, "every cause is here");
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		sum += kt_sysfs(names[i]);
	return sum;
}

void kt_become(uid_t uid)
{
	NEED(!setgroups(0, NULL) && !setresgid(uid, uid, uid) && !setresuid(uid, uid, uid));
	/* As after a login. Otherwise the change of ids would leave the process undumpable. */
	NEED(!prctl(PR_SET_DUMPABLE, 1));
}

int kt_open_as(uid_t uid)
{
	int fd;

	NEED(!setresuid(uid, uid, 0));
	fd = kt_open();
	NEED(!setresuid(0, 0, 0));
	return fd;
}

void kt_in_child(void (*work)(void))
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		kt_failed = kt_starved = false;
		work();
		fflush(stdout);
		_exit(kt_failed ? 1 : kt_starved ? STARVED : 0);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == STARVED)
		kt_starved = true;
	else
		CHECK(status == 0, "status %x", status);
}

/* Runs in the child: makes it end with its parent. */
static void begin_child(int cpu)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (cpu >= 0)
		kt_pin(cpu);
}

static void spin(void)
{
	for (volatile int i = 0;; i++)
		;
}

pid_t kt_spinner(int cpu)
{
	pid_t pid = fork();

	NEED(pid >= 0);
	if (!pid) {
		begin_child(cpu);
		spin();
	}
	return pid;
}

pid_t kt_busy(int cpu, void (*prepare)(void), void (*again)(void))
{
	int ready[2];
	char byte;
	pid_t pid;

	NEED(!pipe(ready));
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		begin_child(cpu);
		prepare();
		NEED(write(ready[1], "", 1) == 1);
		for (;;)
			again ? again() : spin();
	}
	close(ready[1]);
	NEED(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	return pid;
}

void kt_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int kt_open(void)
{
	int fd = open(PROFBUF_DEVICE, O_RDWR | O_CLOEXEC);

	NEED(fd >= 0);
	return fd;
}

struct profbuf_config kt_config(void)
{
	return (struct profbuf_config){
		.size = sizeof(struct profbuf_config),
		.flags = PROFBUF_CONFIG_FLAGS,
		.period = MSEC,
		.ring_bytes = 256 << 10,
		.kernel_depth = PROFBUF_STACK_MAX,
		.user_depth = PROFBUF_STACK_MAX,
		.flush_ns = 50 * MSEC,
	};
}

void kt_configure(int fd, const struct profbuf_config *config)
{
	NEED(!ioctl(fd, PROFBUF_IOC_CONFIG, config));
}

void kt_start(int fd)
{
	NEED(!ioctl(fd, PROFBUF_IOC_START));
}

void kt_stop(int fd)
{
	NEED(!ioctl(fd, PROFBUF_IOC_STOP));
}

uint64_t kt_undescribed(const struct profbuf_counters_get *get)
{
	const __u64 *lost = get->sideband_lost;

	return lost[PROFBUF_SIDEBAND_BUSY] + lost[PROFBUF_SIDEBAND_MEMORY] + lost[PROFBUF_SIDEBAND_LIMIT] +
	       lost[PROFBUF_SIDEBAND_CHANGES];
}

static struct profbuf_counters_get get_counters(int fd, int cpu)
{
	struct profbuf_counters_get get = {
		.size = sizeof(get),
		.cpu = cpu < 0 ? PROFBUF_CPU_NONE : cpu,
	};

	NEED(!ioctl(fd, PROFBUF_IOC_COUNTERS, &get));
	return get;
}

struct profbuf_counters kt_counters(int fd, int cpu)
{
	return get_counters(fd, cpu).counters;
}

struct profbuf_counters_get kt_all_counters(int fd)
{
	return get_counters(fd, -1);
}

uint64_t kt_accounted(const struct profbuf_counters *c)
{
	uint64_t sum = c->delivered + c->lost + c->missed;

	for (int i = 0; i < PROFBUF_SKIPS_MAX; i++)
		sum += c->skipped[i];
	return sum;
}

ssize_t kt_read(int fd, struct kt_stream *s)
{
	size_t room = 256 << 10;
	ssize_t n;

	s->words = realloc(s->words, s->n * 8 + room);
	NEED(s->words);
	n = read(fd, s->words + s->n, room);
	if (n > 0) {
		CHECK(n % 8 == 0);
		s->n += n / 8;
	}
	return n;
}

void kt_drain(int fd, struct kt_stream *s)
{
	ssize_t n;

	while ((n = kt_read(fd, s)) > 0 || (n < 0 && errno == EINTR))
		;
	CHECK(n == 0, "%s", strerror(errno));
}

const struct profbuf_record *kt_next(const struct kt_stream *s, const struct profbuf_record *r)
{
	const uint64_t *next = r ? (const uint64_t *)r + r->len : s->words;

	return next < s->words + s->n ? (const struct profbuf_record *)next : NULL;
}

static void check_sample(const struct profbuf_sample *p)
{
	CHECK(p->len == 6ULL + p->nr_kernel + p->nr_user, "len %llu", (unsigned long long)p->len);
	CHECK((p->mode & PROFBUF_MODE_MASK) >= PROFBUF_MODE_USER && (p->mode & PROFBUF_MODE_MASK) <= PROFBUF_MODE_IDLE);
	for (int i = 0; i < p->nr_kernel; i++)
		CHECK(p->frames[i] >> 63, "kernel frame %llx", (unsigned long long)p->frames[i]);
	for (int i = p->nr_kernel; i < p->nr_kernel + p->nr_user; i++)
		CHECK(!(p->mode == PROFBUF_MODE_USER && i == p->nr_kernel && p->frames[i] >> 63));
}

void kt_check_part(const struct kt_stream *s, struct kt_sums *sums)
{
	const struct profbuf_record *r = NULL;

	while ((r = kt_next(s, r))) {
		const uint64_t *words = (const uint64_t *)r;

		NEED(r->len >= 3 && words + r->len <= s->words + s->n && r->len * 8 <= PROFBUF_RECORD_MAX);
		CHECK(r->cpu == PROFBUF_CPU_NONE || r->cpu < KT_CPUS);
		CHECK(!sums->records == (r->type == PROFBUF_RECORD_INFO), "type %d", r->type);
		sums->records++;
		if (r->type <= PROFBUF_RECORD_SAMPLE) {
			CHECK(r->time >= sums->last[r->cpu], "CPU %d goes back", r->cpu);
			sums->last[r->cpu] = r->time;
		}
		switch (r->type) {
		case PROFBUF_RECORD_INFO:
			sums->info = (const struct profbuf_stream_info *)r;
			break;
		case PROFBUF_RECORD_SAMPLE:
			check_sample((const struct profbuf_sample *)r);
			sums->samples[r->cpu]++;
			sums->all_samples++;
			break;
		case PROFBUF_RECORD_LOST:
			CHECK(r->len == 7 && !words[3] && !words[4] && !words[5] && words[6]);
			sums->lost[r->cpu] += words[6];
			sums->all_lost += words[6];
			sums->loss_records++;
			break;
		case PROFBUF_RECORD_COUNTERS:
			CHECK(r->misc == PROFBUF_COUNTERS_FINAL && !sums->has_final[r->cpu]);
			sums->final[r->cpu] = ((const struct profbuf_record_counters *)r)->counters;
			sums->has_final[r->cpu] = true;
			break;
		case PROFBUF_RECORD_PROCESS:
			sums->processes++;
			break;
		case PROFBUF_RECORD_MAPPING:
			sums->mappings++;
			break;
		case PROFBUF_RECORD_THREAD:
			sums->threads++;
			break;
		case PROFBUF_RECORD_TAG:
			sums->tags++;
			break;
		case PROFBUF_RECORD_EXEC:
		case PROFBUF_RECORD_EXIT:
			sums->lives++;
			break;
		case PROFBUF_RECORD_MODULE:
			sums->modules++;
			break;
		case PROFBUF_RECORD_RATE:
			sums->rates++;
			break;
		case PROFBUF_RECORD_MARKER:
			sums->markers++;
			break;
		case PROFBUF_RECORD_SIDEBAND_LOST:
			CHECK(r->len == 11 && r->cpu == PROFBUF_CPU_NONE);
			for (int i = 0; i < 8; i++)
				sums->sideband_lost += words[3 + i];
			break;
		case PROFBUF_RECORD_TAG_LOST:
			CHECK(r->len == 11 && r->cpu == PROFBUF_CPU_NONE && !words[3]);
			for (int i = 0; i < 8; i++)
				sums->tags_lost += words[3 + i];
			break;
		default:
			CHECK(false, "type %d", r->type);
		}
	}
}

struct kt_sums kt_check(const struct kt_stream *s)
{
	struct kt_sums sums = { 0 };

	kt_check_part(s, &sums);
	return sums;
}

void kt_check_no_kernel_address(const struct kt_stream *s, bool frames)
{
	const struct profbuf_record *r = NULL;

	while ((r = kt_next(s, r))) {
		const uint64_t *words = (const uint64_t *)r;
		uint64_t n = r->len;

		/* The letters of a path and a build id may look like any number. */
		if (r->type == PROFBUF_RECORD_MAPPING)
			n = offsetof(struct profbuf_mapping, build_id) / 8;
		else if (r->type == PROFBUF_RECORD_SAMPLE && !frames)
			n = offsetof(struct profbuf_sample, frames) / 8;
		for (uint64_t i = 0; i < n; i++)
			CHECK(words[i] < 0xffff800000000000ULL, "word %llu of a record of type %d: %llx",
			      (unsigned long long)i, r->type, (unsigned long long)words[i]);
	}
}

void kt_free(struct kt_stream *s)
{
	free(s->words);
	*s = (struct kt_stream){ 0 };
}

struct kt_sums kt_run_session(int fd, uint64_t ns, struct kt_stream *s)
{
	kt_start(fd);
	kt_spin(ns);
	return kt_end_session(fd, s);
}

struct kt_sums kt_end_session(int fd, struct kt_stream *s)
{
	struct profbuf_counters total;
	uint64_t ticks = 0;
	struct kt_sums sums;

	kt_stop(fd);
	kt_drain(fd, s);
	sums = kt_check(s);
	for (int cpu = 0; cpu < (int)sums.info->nr_cpus; cpu++) {
		struct profbuf_counters c = kt_counters(fd, cpu);

		CHECK(sums.has_final[cpu]);
		CHECK(!memcmp(&c, &sums.final[cpu], sizeof(c)));
		CHECK(c.ticks == kt_accounted(&c), "CPU %d: %llu ticks, %llu accounted for", cpu,
		      (unsigned long long)c.ticks, (unsigned long long)kt_accounted(&c));
		CHECK(c.delivered == sums.samples[cpu], "CPU %d", cpu);
		CHECK(c.lost == sums.lost[cpu], "CPU %d", cpu);
		ticks += c.ticks;
	}
	total = kt_counters(fd, -1);
	CHECK(total.ticks == ticks);
	return sums;
}

struct kt_stream kt_sampled(struct profbuf_config *config, void (*work)(uint64_t), uint64_t ns)
{
	uint64_t end = kt_now() + 20 * SEC;
	struct kt_stream s = { 0 };
	int fd = kt_open();

	if (!config->filter) {
		config->filter = PROFBUF_FILTER_THREAD;
		config->filter_id = getpid();
	}
	kt_configure(fd, config);
	kt_start(fd);
	do {
		work(ns);
	} while (kt_counters(fd, -1).delivered < 150 && kt_now() < end);
	ENOUGH(kt_counters(fd, -1).delivered >= 150);
	kt_end_session(fd, &s);
	close(fd);
	return s;
}

static void *read_to_the_end(void *arg)
{
	struct kt_reader *reader = arg;

	kt_drain(reader->fd, &reader->stream);
	return NULL;
}

void kt_reader_start(struct kt_reader *reader, const struct profbuf_config *config)
{
	*reader = (struct kt_reader){ .fd = kt_open() };
	kt_configure(reader->fd, config);
	kt_start(reader->fd);
	NEED(!pthread_create(&reader->thread, NULL, read_to_the_end, reader));
}

struct kt_sums kt_reader_stop(struct kt_reader *reader)
{
	kt_stop(reader->fd);
	pthread_join(reader->thread, NULL);
	return kt_check(&reader->stream);
}

uint64_t kt_symbol(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long long address, found = 0;
	char symbol[256];

	NEED(f);
	while (!found && fscanf(f, "%llx %*c %255s%*[^\n]", &address, symbol) == 2) {
		if (!strcmp(symbol, name))
			found = address;
	}
	fclose(f);
	return found;
}

uint64_t kt_symbol_after(uint64_t of)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long long address, best = UINT64_MAX;

	NEED(f);
	while (fscanf(f, "%llx%*[^\n]", &address) == 1) {
		if (address > of && address < best)
			best = address;
	}
	fclose(f);
	return best;
}

const char *kt_symbol_name(uint64_t of)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long long address, best = 0;
	static char name[256];
	char symbol[256];

	NEED(f);
	name[0] = 0;
	while (fscanf(f, "%llx %*c %255s%*[^\n]", &address, symbol) == 2) {
		if (address <= of && address > best) {
			best = address;
			strcpy(name, symbol);
		}
	}
	fclose(f);
	return name;
}
