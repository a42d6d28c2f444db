// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostile.c - callers that want to do harm: several threads of root and of nobody do at once everything that can be
 * done to a descriptor, with right, nearly right and wrong arguments
 *
 * usage: hostile [SEED]
 *
 * Without a seed in the arguments or in HOSTILE_SEED it takes one from the clock, and prints it. The operations of each
 * thread and their arguments depend only on the seed, never on results. How the threads interleave is not determined.
 * HOSTILE_SECONDS says how long it runs: for hours, by hand,
 *
 *	HOSTILE_SECONDS=7200 tests/module/run --kernel kasan hostile
 *
 * Not on: *-rt
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "hostile.h"

#define THREADS		3

static uint64_t seed, deadline;

/* xorshift64* */
static uint64_t draw(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static struct step next_step(uint64_t *state)
{
	struct step s;

	for (int i = 0; i < DRAWS; i++)
		s.draw[i] = draw(state);
	return s;
}

struct thread {
	pthread_t id;
	uint64_t state;
	unsigned long done, failed;
	unsigned long errors[256];
	int undocumented;
};

static struct thread threads[THREADS];

static bool documented(const int *errors, int error)
{
	while (*errors && *errors != error)
		errors++;
	return *errors;
}

static void *hostile_thread(void *arg)
{
	struct thread *t = arg;

	while (kt_now() < deadline) {
		struct step s = next_step(&t->state);
		const struct operation *op = hostile_operation(&s);

		errno = 0;
		t->done++;
		if (op->call(&s) >= 0)
			continue;
		t->failed++;
		t->errors[errno & 255]++;
		if (op->errors && !documented(op->errors, errno) && !t->undocumented) {
			t->undocumented = errno;
			printf("# %s: %s is no error of it\n", op->name, strerror(errno));
		}
	}
	return NULL;
}

static void on_signal(int signo)
{
	(void)signo;
}

/* Runs the threads of one process. Each gets a signal every few milliseconds, so that no call waits forever. */
static int hostile_process(unsigned int number)
{
	struct sigaction action = { .sa_handler = on_signal };
	unsigned long done = 0, failed = 0, errors[256] = { 0 };
	struct reader reader;
	int bad = 0;

	sigaction(SIGUSR1, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	if (number)
		kt_become(NOBODY);
	kt_failed = false;
	if (number)
		reader_start(&reader);
	mail[0] = mail[number];
	hostile_setup();
	for (int i = 0; i < THREADS; i++) {
		threads[i].state = (seed + 1) * 0x9e3779b97f4a7c15ULL ^
				   (number * THREADS + i + 1) * 0xbf58476d1ce4e5b9ULL;
		NEED(!pthread_create(&threads[i].id, NULL, hostile_thread, &threads[i]));
	}
	while (kt_now() < deadline) {
		kt_sleep(10 * MSEC);
		if (number)
			reader_read(&reader);
		for (int i = 0; i < THREADS; i++)
			pthread_kill(threads[i].id, SIGUSR1);
	}
	for (int i = 0; i < THREADS; i++) {
		while (pthread_tryjoin_np(threads[i].id, NULL)) {
			pthread_kill(threads[i].id, SIGUSR1);
			kt_sleep(10 * MSEC);
		}
		done += threads[i].done;
		failed += threads[i].failed;
		bad |= threads[i].undocumented;
		for (int e = 0; e < 256; e++)
			errors[e] += threads[i].errors[e];
	}
	if (number)
		reader_end(&reader);
	bad |= kt_failed;
	printf("# %s: %lu operations, %lu errors:", number ? "nobody" : "root", done, failed);
	for (int e = 0; e < 256; e++) {
		if (errors[e])
			printf(" %s %lu", strerrorname_np(e), errors[e]);
	}
	printf("\n");
	/* If nearly all operations fail or nearly all succeed, the arguments are not mixed as they should be. */
	if (done < 100 || failed < done / 20 || failed > done * 19 / 20)
		bad = 1;
	fflush(stdout);
	return bad;
}

TEST(root_and_nobody_do_what_they_can)
{
	pid_t pids[2];
	int status;

	/* Otherwise an emulated machine would be busy with ticks only, and rings would take all of its memory. */
	kt_set_parameter("min_period_us", 5000);
	kt_set_parameter("max_memory_mb", 8);
	/* The budget is on: ticks that it leaves out are a part of the sum. */
	kt_set_parameter("max_overhead_percent", 10);
	NEED(!chmod(PROFBUF_DEVICE, 0666));
	NEED(!socketpair(AF_UNIX, SOCK_DGRAM, 0, mail));
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		NEED(pids[i] >= 0);
		if (!pids[i])
			_exit(hostile_process(i));
	}
	for (int i = 0; i < 2; i++) {
		NEED(waitpid(pids[i], &status, 0) == pids[i]);
		CHECK(!status, "process %d: status %x", i, status);
	}
	/* This also closes descriptors that were sent and not received. */
	close(mail[0]);
	close(mail[1]);
}

/* Whatever was done, every tick is accounted for. */
TEST(all_of_it_is_accounted_for)
{
	unsigned long long sum;

	/* A file in a message that was not received is closed a moment after the socket. */
	for (int i = 0; i < 100 && kt_sysfs("sessions"); i++)
		kt_sleep(50 * MSEC);
	CHECK(!kt_sysfs("sessions"));
	sum = kt_sysfs_accounted();
	CHECK(sum == kt_sysfs("ticks") && sum > 0, "%llu ticks, %llu accounted for", kt_sysfs("ticks"), sum);
	printf("# %llu ticks, %llu delivered, %llu lost, %llu left out for the budget\n", kt_sysfs("ticks"),
	       kt_sysfs("delivered"), kt_sysfs("lost"), kt_sysfs("skipped_budget"));
}

TEST(a_session_works_after_it)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd;

	kt_set_parameter("min_period_us", 50);
	kt_set_parameter("max_memory_mb", 256);
	kt_set_parameter("max_overhead_percent", 100);
	fd = kt_open();
	kt_configure(fd, &config);
	sums = kt_run_session(fd, 300 * MSEC, &s);
	ENOUGH(sums.all_samples > 50, "%llu samples", (unsigned long long)sums.all_samples);
	CHECK(sums.processes && sums.mappings, "%llu samples", (unsigned long long)sums.all_samples);
	kt_free(&s);
	close(fd);
}

TEST(the_module_unloads_and_loads_again)
{
	char command[4200];

	CHECK(!system("rmmod profbuf"));
	snprintf(command, sizeof(command), "insmod %s", getenv("MODULE"));
	NEED(!system(command));
	test_a_session_works_after_it();
}

/* The steps of a thread do not depend on what happens: the same seed gives the same steps, and another seed others. */
TEST(a_seed_is_a_sequence)
{
	uint64_t hash[2] = { 0 }, other = 0;

	for (int turn = 0; turn < 3; turn++) {
		uint64_t state = (seed + turn / 2 + 1) * 0x9e3779b97f4a7c15ULL, h = 0;

		for (int i = 0; i < 10000; i++) {
			struct step s = next_step(&state);

			h = (h ^ hostile_operation(&s)->name[0] ^ s.draw[7]) * 0x100000001b3ULL;
		}
		if (turn < 2)
			hash[turn] = h;
		else
			other = h;
	}
	CHECK(hash[0] == hash[1] && hash[0] != other);
}

int main(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : getenv("HOSTILE_SEED");
	const char *seconds = getenv("HOSTILE_SECONDS");

	seed = text ? strtoull(text, NULL, 0) : kt_now();
	printf("# HOSTILE_SEED=%llu for the same operations\n", (unsigned long long)seed);
	fflush(stdout);
	deadline = kt_now() + (seconds ? strtoull(seconds, NULL, 0) : 6) * SEC;
	return kt_main();
}
