// SPDX-License-Identifier: GPL-2.0-only
/*
 * nmi.c - ticks that are NMIs, as the ticks of a hardware counter are
 *
 * profbuf_nmi.ko (in $NMI_MODULE) plays the counter, and says how many ticks it has made.
 *
 * Not on: *-rt
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/prctl.h>

#include "kt.h"

#define PARAMETERS "/sys/module/profbuf_nmi/parameters/"

static uint64_t made(void)
{
	FILE *f = fopen(PARAMETERS "made", "r");
	unsigned long long n;

	NEED(f && fscanf(f, "%llu", &n) == 1);
	fclose(f);
	return n;
}

static void set_period(unsigned int us)
{
	FILE *f = fopen(PARAMETERS "period_us", "w");

	NEED(f && fprintf(f, "%u", us) > 0 && !fclose(f));
}

static void set_online(int cpu, bool online)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	f = fopen(path, "w");
	NEED(f && fprintf(f, "%d", online) > 0 && !fclose(f));
}

static struct profbuf_config cycles(void)
{
	struct profbuf_config config = kt_config();

	config.source = PROFBUF_SOURCE_PERF_CYCLES;
	config.period = 1000000;
	return config;
}

static void check_sums(int fd, const struct kt_sums *sums)
{
	for (int cpu = 0; cpu < (int)sums->info->nr_cpus; cpu++) {
		struct profbuf_counters c = kt_counters(fd, cpu);

		CHECK(c.ticks == kt_accounted(&c), "CPU %d", cpu);
		CHECK(c.delivered == sums->samples[cpu] && c.lost == sums->lost[cpu], "CPU %d", cpu);
	}
}

/* Every NMI is a tick, and none is nested or missed. */
TEST(an_nmi_is_a_tick)
{
	struct profbuf_config config = cycles();
	const struct profbuf_record *r = NULL;
	pid_t spinners[2] = { kt_spinner(0), kt_spinner(1) };
	struct kt_stream s = { 0 };
	uint64_t before = made();
	unsigned int deep = 0;
	struct kt_sums sums;
	int fd = kt_open();

	config.flags |= PROFBUF_CONFIG_IDLE;
	kt_configure(fd, &config);
	sums = kt_run_session(fd, 500 * MSEC, &s);
	CHECK(kt_counters(fd, -1).ticks == made() - before, "%llu ticks, %llu made",
	      (unsigned long long)kt_counters(fd, -1).ticks, (unsigned long long)(made() - before));
	ENOUGH(sums.samples[0] > 20 && sums.samples[1] > 20, "%llu %llu", (unsigned long long)sums.samples[0],
	       (unsigned long long)sums.samples[1]);
	CHECK(kt_counters(fd, -1).delivered == kt_counters(fd, -1).ticks);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;

		deep += r->type == PROFBUF_RECORD_SAMPLE && p->mode == PROFBUF_MODE_USER && p->nr_user > 2;
	}
	ENOUGH(deep > 20, "%u stacks of user code", deep);
	kt_free(&s);
	close(fd);
	kt_kill(spinners[0]);
	kt_kill(spinners[1]);
}

/* Spins with a frame pointer above the stack, where no memory is mapped. */
static pid_t bad_frames(void)
{
	pid_t pid = fork();

	NEED(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	asm volatile("mov $0x1000, %%rsp; mov $0x7000000000, %%rbp; 1: jmp 1b" ::: "memory");
	__builtin_unreachable();
}

/* The return from a page fault lets the next NMI in, before the NMI that faulted has ended. That tick is not nested. */
TEST(faults_in_an_nmi)
{
	struct profbuf_config config = cycles();
	const struct profbuf_record *r = NULL;
	pid_t spinner = bad_frames();
	struct kt_stream s = { 0 };
	uint64_t before = made();
	unsigned int faults = 0;
	int fd = kt_open();

	set_period(300);
	kt_configure(fd, &config);
	kt_run_session(fd, 500 * MSEC, &s);
	set_period(997);
	CHECK(kt_counters(fd, -1).ticks == made() - before);
	CHECK(!kt_counters(fd, -1).skipped[PROFBUF_SKIP_NESTED]);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;

		faults += r->type == PROFBUF_RECORD_SAMPLE && p->pid == (uint32_t)spinner &&
			  p->stop >> 4 == PROFBUF_STOP_FAULT;
	}
	ENOUGH(faults > 20, "%u", faults);
	kt_free(&s);
	close(fd);
	kt_kill(spinner);
}

/* Only the irq_work of a tick can wake this reader. */
TEST(a_reader_is_woken_out_of_an_nmi)
{
	struct profbuf_config config = cycles();
	pid_t spinners[2] = { kt_spinner(0), kt_spinner(1) };
	struct kt_stream s = { 0 };
	int fd = kt_open();
	uint64_t begin;

	config.flags &= ~PROFBUF_CONFIG_SIDEBAND;
	config.ring_bytes = 16 << 10;
	config.flush_ns = 100 * SEC;
	kt_configure(fd, &config);
	kt_start(fd);
	CHECK(kt_read(fd, &s) > 0);
	/* The first read may find something. Soon nothing is left, and a read must wait. */
	alarm(60);
	begin = kt_now();
	for (int i = 0; i < 10; i++)
		CHECK(kt_read(fd, &s) > 0);
	CHECK(kt_now() - begin < 50 * SEC);
	alarm(0);
	kt_stop(fd);
	kt_drain(fd, &s);
	CHECK(kt_check(&s).all_samples == kt_counters(fd, -1).delivered);
	kt_free(&s);
	close(fd);
	kt_kill(spinners[0]);
	kt_kill(spinners[1]);
}

/* The tags of the process's threads, one for each. */
struct set {
	struct profbuf_label_set head;
	char text[64];
};

static __thread const void *own_labels;
static struct set sets[2];
static pid_t tids[2];
static bool over;

/* Yields to the other thread all the time. */
static void *yielder(void *arg)
{
	uintptr_t which = (uintptr_t)arg;

	own_labels = &sets[which];
	tids[which] = gettid();
	kt_pin(0);
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
		sched_yield();
	return NULL;
}

static uint64_t tag_failed(int fd)
{
	return kt_all_counters(fd).tag_failed[PROFBUF_TAG_CONTEXT];
}

/*
 * In the middle of a switch between threads it is not known whose variables the CPU sees. Such a sample has no tag, and
 * the cause is counted. Any other sample has its own thread's tag.
 */
TEST(tags_while_threads_change)
{
	unsigned int tagged = 0, wrong = 0, untagged_user = 0;
	struct profbuf_config config = cycles();
	const struct profbuf_record *r = NULL;
	struct profbuf_tag_source source = { .size = sizeof(source), .pid = getpid(), .tls = PROFBUF_TLS_STATIC };
	struct kt_stream s = { 0 };
	pthread_t threads[2];
	int fd = kt_open();
	uint64_t tp;

	for (int i = 0; i < 2; i++) {
		sets[i].head = (struct profbuf_label_set){ .magic = PROFBUF_LABELS_MAGIC, .count = 1 };
		sets[i].head.bytes = snprintf(sets[i].text, sizeof(sets[i].text), "thread%c%d", 0, i) + 1;
	}
	asm("mov %%fs:0, %0" : "=r" (tp));
	source.offset = (int64_t)((uintptr_t)&own_labels - tp);
	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = getpid();
	kt_configure(fd, &config);
	NEED(!ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source));
	set_period(300);
	over = false;
	for (uintptr_t i = 0; i < 2; i++)
		NEED(!pthread_create(&threads[i], NULL, yielder, (void *)i));
	kt_sleep(50 * MSEC);
	kt_start(fd);
	for (int i = 0; i < 10 || (i < 100 && tag_failed(fd) < 10); i++)
		kt_sleep(100 * MSEC);
	kt_stop(fd);
	over = true;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	set_period(997);
	kt_drain(fd, &s);
	kt_check(&s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;
		int which = r->type != PROFBUF_RECORD_SAMPLE ? -1 : p->tid == (uint32_t)tids[1] ? 1 :
			    p->tid == (uint32_t)tids[0] ? 0 : -1;

		if (which < 0)
			continue;
		tagged += p->tag == (uintptr_t)&sets[which];
		wrong += p->tag && p->tag != (uintptr_t)&sets[which];
		untagged_user += !p->tag && (p->mode & PROFBUF_MODE_MASK) == PROFBUF_MODE_USER;
	}
	printf("# %u tagged, %llu not while threads change\n", tagged,
	       (unsigned long long)tag_failed(fd));
	ENOUGH(tagged > 20, "%u tagged, %u wrong, %u of user code without", tagged, wrong, untagged_user);
	CHECK(!wrong && !untagged_user, "%u tagged, %u wrong, %u of user code without", tagged, wrong, untagged_user);
	ENOUGH(tag_failed(fd) >= 10);
	kt_free(&s);
	close(fd);
}

static void end(struct kt_reader *reader, uint64_t at_least)
{
	struct kt_sums sums = kt_reader_stop(reader);

	check_sums(reader->fd, &sums);
	CHECK(sums.all_samples > at_least, "%llu", (unsigned long long)sums.all_samples);
	kt_free(&reader->stream);
	close(reader->fd);
}

/* NMIs interrupt the ticks of timers, starts, reads and stops: every tick of both sessions is accounted for. */
TEST(nmis_into_everything)
{
	struct kt_reader nmis, timers;
	struct profbuf_config config = cycles();
	uint64_t before = made(), ticks = 0;

	config.ring_bytes = 1 << 20;
	kt_reader_start(&nmis, &config);
	config = kt_config();
	config.period = MSEC / 4;
	config.ring_bytes = 1 << 20;
	kt_reader_start(&timers, &config);
	set_period(300);
	for (int i = 0; i < 30; i++) {
		struct kt_stream s = { 0 };
		struct kt_sums sums;
		int fd = kt_open();

		config = i % 3 ? cycles() : kt_config();
		config.ring_bytes = 32 << 10;
		kt_configure(fd, &config);
		kt_start(fd);
		kt_spin(10 * MSEC);
		CHECK(kt_read(fd, &s) > 0);
		kt_stop(fd);
		kt_drain(fd, &s);
		sums = kt_check(&s);
		check_sums(fd, &sums);
		if (i % 3)
			ticks += kt_counters(fd, -1).ticks;
		kt_free(&s);
		close(fd);
	}
	set_period(997);
	kt_stop(nmis.fd);
	ticks += kt_counters(nmis.fd, -1).ticks;
	CHECK(ticks == made() - before, "%llu ticks, %llu made", (unsigned long long)ticks,
	      (unsigned long long)(made() - before));
	end(&nmis, 100);
	end(&timers, 100);
}

/* Sessions are closed while they run: nothing but the close of the last descriptor ends them. */
TEST(closes_under_nmis)
{
	set_period(300);
	for (int i = 0; i < 50; i++) {
		struct profbuf_config config = cycles();
		int fd = kt_open();

		config.ring_bytes = 32 << 10;
		kt_configure(fd, &config);
		kt_start(fd);
		kt_spin(i % 4 * MSEC);
		close(fd);
	}
	set_period(997);
}

/* A CPU that comes online has ticks again. While a CPU is alone it has none, because no other CPU sends it NMIs. */
TEST(cpus_go_and_come_under_nmis)
{
	struct profbuf_config config = cycles();
	pid_t spinners[2] = { kt_spinner(-1), kt_spinner(-1) };
	struct kt_reader nmis;
	uint64_t before = made();

	config.ring_bytes = 1 << 20;
	kt_reader_start(&nmis, &config);
	for (int i = 0; i < 10; i++) {
		uint64_t ticks = kt_counters(nmis.fd, 1).ticks;

		set_online(1, false);
		kt_spin(10 * MSEC);
		set_online(1, true);
		for (int j = 0; j < 200 && kt_counters(nmis.fd, 1).ticks < ticks + 10; j++)
			kt_spin(10 * MSEC);
		CHECK(kt_counters(nmis.fd, 1).ticks >= ticks + 10);
	}
	kt_stop(nmis.fd);
	CHECK(kt_counters(nmis.fd, -1).ticks == made() - before, "%llu ticks, %llu made",
	      (unsigned long long)kt_counters(nmis.fd, -1).ticks, (unsigned long long)(made() - before));
	end(&nmis, 100);
	kt_kill(spinners[0]);
	kt_kill(spinners[1]);
}

int main(void)
{
	char command[4200];
	int status;

	snprintf(command, sizeof(command), "insmod %s", getenv("NMI_MODULE"));
	NEED(!system(command));
	status = kt_main();
	NEED(!system("rmmod profbuf_nmi"));
	return status;
}
