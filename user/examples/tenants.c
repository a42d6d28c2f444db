// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * tenants.c - a small key-value server for several tenants that generates its own load and labels its threads' work
 *
 * gcc -O2 -fno-omit-frame-pointer tenants.c -o tenants $(pkg-config --cflags --libs profbuf-tag)
 * profbuf record -- ./tenants 10
 *
 * usage: tenants [SECONDS [WORKERS]]
 *
 * Each request is served with the labels tenant and route. The program also measures with the thread's clock how much
 * CPU time the requests of each tenant take, and prints it at the end, to be compared with the profile. Each line is
 *
 *	tenant NAME CPU-SECONDS SHARE REQUESTS
 *
 * Two more lines follow: the sum of all tenants, and the whole process with all its other work.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "profbuf-tag.h"

#define QUEUE		64	/* requests */
#define ENTRIES		(1 << 16)
#define VALUE_WORDS	16
#define LOCKS		4096
#define TENANTS		3
#define ROUTES		3

static const char *const routes[ROUTES] = { "/get", "/put", "/scan" };

/* How much each tenant asks for in a request: keys to get, keys to put, and entries to scan. */
static const struct tenant {
	const char *name;
	unsigned int often;		/* how many of ten requests */
	unsigned int amount[ROUTES];
} tenants[TENANTS] = {
	{ "acme", 2, { 4000, 4000, 600000 } },
	{ "globex", 5, { 12000, 3000, 20000 } },
	{ "initech", 3, { 3000, 9000, 30000 } },
};

struct request {
	unsigned int tenant, route;
	uint64_t key;
};

static struct entry {
	uint64_t key, value[VALUE_WORDS];
} table[ENTRIES];

static pthread_mutex_t locks[LOCKS] = { [0 ... LOCKS - 1] = PTHREAD_MUTEX_INITIALIZER };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER, not_full = PTHREAD_COND_INITIALIZER;
static struct request queue[QUEUE];
static unsigned int head, tail, stopped;	/* under lock, as is the queue; head and tail are free-running */
static uint64_t cpu_ns[TENANTS], served[TENANTS];
static _Atomic uint64_t checksum;	/* so that nothing is optimized away */

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static uint64_t next_key(uint64_t key)
{
	return (key ^ key >> 29) * 0xbf58476d1ce4e5b9ULL;
}

__attribute__((noinline)) static uint64_t serve_get(uint64_t key, unsigned int amount)
{
	uint64_t sum = 0;

	for (; amount; amount--) {
		struct entry *entry = &table[(key = next_key(key + 1)) % ENTRIES];

		pthread_mutex_lock(&locks[key % LOCKS]);
		for (unsigned int i = 0; i < VALUE_WORDS; i++)
			sum += entry->value[i] ^ key;
		pthread_mutex_unlock(&locks[key % LOCKS]);
	}
	return sum;
}

__attribute__((noinline)) static uint64_t serve_put(uint64_t key, unsigned int amount)
{
	for (; amount; amount--) {
		struct entry *entry = &table[(key = next_key(key + 1)) % ENTRIES];

		pthread_mutex_lock(&locks[key % LOCKS]);
		entry->key = key;
		for (unsigned int i = 0; i < VALUE_WORDS; i++)
			entry->value[i] = next_key(key + i);
		pthread_mutex_unlock(&locks[key % LOCKS]);
	}
	return key;
}

__attribute__((noinline)) static uint64_t serve_scan(uint64_t key, unsigned int amount)
{
	uint64_t found = 0;

	for (; amount; amount--, key++)
		found += next_key(__atomic_load_n(&table[key % ENTRIES].key, __ATOMIC_RELAXED)) > key;
	return found;
}

static void serve(const struct request *request)
{
	static uint64_t (*const serve_route[])(uint64_t, unsigned int) = { serve_get, serve_put, serve_scan };
	const struct tenant *tenant = &tenants[request->tenant];
	uint64_t begin, *ns = &cpu_ns[request->tenant];

	PROFBUF_WITH_LABELS(profbuf_labels("tenant", tenant->name, "route", routes[request->route], NULL)) {
		begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		checksum ^= serve_route[request->route](request->key, tenant->amount[request->route]);
		__atomic_fetch_add(ns, clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin, __ATOMIC_RELAXED);
		__atomic_fetch_add(&served[request->tenant], 1, __ATOMIC_RELAXED);
	}
}

static void *work(void *arg)
{
	for (struct request request;;) {
		pthread_mutex_lock(&lock);
		while (head == tail && !stopped)
			pthread_cond_wait(&not_empty, &lock);
		if (stopped)
			break;
		request = queue[tail++ % QUEUE];
		pthread_cond_signal(&not_full);
		pthread_mutex_unlock(&lock);
		serve(&request);
	}
	pthread_mutex_unlock(&lock);
	return arg;
}

/* Generates the load: as many requests as the workers can serve, until the time is over. */
static void generate(double seconds)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + (uint64_t)(seconds * 1e9), random = 1;

	while (clock_ns(CLOCK_MONOTONIC) < end) {
		struct request request = { .key = random = next_key(random + 1) };
		unsigned int of_ten = (request.key >> 40) % 10;

		while (of_ten >= tenants[request.tenant].often)
			of_ten -= tenants[request.tenant++].often;
		request.route = (request.key >> 32) % ROUTES;
		pthread_mutex_lock(&lock);
		while (head - tail == QUEUE)
			pthread_cond_wait(&not_full, &lock);
		queue[head++ % QUEUE] = request;
		pthread_cond_signal(&not_empty);
		pthread_mutex_unlock(&lock);
	}
	pthread_mutex_lock(&lock);
	stopped = 1;
	pthread_cond_broadcast(&not_empty);
	pthread_mutex_unlock(&lock);
}

static void report(void)
{
	uint64_t all_ns = 0, all_served = 0;

	for (unsigned int i = 0; i < TENANTS; all_served += served[i++])
		all_ns += cpu_ns[i];
	for (unsigned int i = 0; i < TENANTS; i++)
		printf("tenant %s %.6f %.4f %llu\n", tenants[i].name, cpu_ns[i] / 1e9,
		       all_ns ? (double)cpu_ns[i] / all_ns : 0, (unsigned long long)served[i]);
	printf("all - %.6f 1.0000 %llu\n", all_ns / 1e9, (unsigned long long)all_served);
	printf("process - %.6f\n", clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 10;
	int n = argc > 2 ? atoi(argv[2]) : 2;
	pthread_t workers[64];

	if (seconds <= 0 || n < 1 || n > 64) {
		fputs("usage: tenants [SECONDS [WORKERS]]\n", stderr);
		return 2;
	}
	for (int i = 0; i < n; i++)
		if (pthread_create(&workers[i], NULL, work, NULL))
			return 1;
	generate(seconds);
	for (int i = 0; i < n; i++)
		pthread_join(workers[i], NULL);
	report();
	return 0;
}
