/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kt.h - what the tests of the real module share: running a session, and checking its stream
 *
 * A test program has functions that begin with TEST(name), and a main() that ends with return kt_main(): see tap.h.
 */
#ifndef KT_H
#define KT_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../tap.h"
#include "profbuf_uapi.h"

#define MSEC	1000000ULL
#define SEC	1000000000ULL

#define KT_SESSIONS 64	/* as many as can run at once */

/* TEST(), CHECK(), ENOUGH() and NEED() are in tap.h. */
#define kt_failed	tap_failed
#define kt_starved	tap_starved
#define kt_skip		tap_skip
#define kt_main		tap_main

uint64_t kt_now(void);
void kt_sleep(uint64_t ns);
void kt_spin(uint64_t ns);		/* keeps a CPU busy in user space, at least that long */
void kt_pin(int cpu);

/* Sets a parameter of the module, from now on. */
void kt_set_parameter(const char *name, int value);

/* Reads one of the module's own counters, of all sessions. */
unsigned long long kt_sysfs(const char *name);

/* The sum of the counters in sysfs that must be equal to the ticks. */
unsigned long long kt_sysfs_accounted(void);

/* Gives up root, and cannot get it back. */
void kt_become(uid_t uid);

/* Opens the device as another user; everybody must be allowed to open it. */
int kt_open_as(uid_t uid);

/* Runs @work in a child; a failure in the child is a failure of this test. */
void kt_in_child(void (*work)(void));

/*
 * Starts a child that spins until it is killed. kt_busy() returns when the child has done @prepare. From then on the
 * child does @again over and over; if @again is NULL, it spins.
 */
pid_t kt_spinner(int cpu);
pid_t kt_busy(int cpu, void (*prepare)(void), void (*again)(void));
void kt_kill(pid_t pid);

/* A session. kt_config() has 1 kHz, all flags and rings of 256 KiB: change it, configure, then start. */
int kt_open(void);
struct profbuf_config kt_config(void);
void kt_configure(int fd, const struct profbuf_config *config);
void kt_start(int fd);
void kt_stop(int fd);
struct profbuf_counters kt_counters(int fd, int cpu);	/* cpu -1: the sum */
struct profbuf_counters_get kt_all_counters(int fd);	/* the sum, with the counters that belong to no CPU */
/* The number of descriptions of processes and threads that are missing in the stream. */
uint64_t kt_undescribed(const struct profbuf_counters_get *get);
uint64_t kt_accounted(const struct profbuf_counters *c);	/* the sum of all but ticks */

/*
 * A stream: what was read, and walks over it. kt_check() walks over all of it, checks the form of every record, and
 * adds up by CPU what the counters must agree with. A stream too long to keep is given to kt_check_part() in parts of
 * whole records; the sums begin as zeros, and info points into the first part.
 */
struct kt_stream {
	uint64_t *words;
	size_t n;
};

#define KT_CPUS 64

struct kt_sums {
	uint64_t samples[KT_CPUS], lost[KT_CPUS], loss_records;
	uint64_t all_samples, all_lost, processes, mappings, threads, tags, lives, markers, rates, modules;
	uint64_t sideband_lost, tags_lost;
	uint64_t records, last[KT_CPUS];
	struct profbuf_counters final[KT_CPUS];
	bool has_final[KT_CPUS];
	const struct profbuf_stream_info *info;
};

ssize_t kt_read(int fd, struct kt_stream *s);	/* appends the result of one read() */
void kt_drain(int fd, struct kt_stream *s);	/* reads and appends until the end */
struct kt_sums kt_check(const struct kt_stream *s);
void kt_check_part(const struct kt_stream *s, struct kt_sums *sums);
/* Returns the next record; NULL at the end. Start with NULL. */
const struct profbuf_record *kt_next(const struct kt_stream *s, const struct profbuf_record *r);
/* A loop over the samples only. */
#define EACH_SAMPLE(p, s) \
	for (const struct profbuf_record *r = kt_next(s, NULL); r; r = kt_next(s, r)) \
		for (const struct profbuf_sample *p = (const struct profbuf_sample *)r; \
		     p && r->type == PROFBUF_RECORD_SAMPLE; p = NULL)
void kt_free(struct kt_stream *s);
/*
 * Checks that no word outside of text is a kernel address. Unless @frames, frames of samples are not checked, because a
 * frame of user code may be any word of the stack.
 */
void kt_check_no_kernel_address(const struct kt_stream *s, bool frames);

/*
 * Both stop and drain the session, and check that the counters add up. kt_run_session() first starts it and does CPU
 * work for @ns.
 */
struct kt_sums kt_run_session(int fd, uint64_t ns, struct kt_stream *s);
struct kt_sums kt_end_session(int fd, struct kt_stream *s);

/*
 * Samples of one session around @work, which is repeated until there are enough of them, because a busy machine needs
 * more time. If the configuration has no filter, only this thread is sampled.
 */
struct kt_stream kt_sampled(struct profbuf_config *config, void (*work)(uint64_t), uint64_t ns);

/* A running session, and a thread that reads it. The caller frees the stream and closes the file. */
struct kt_reader {
	int fd;
	pthread_t thread;
	struct kt_stream stream;
};

void kt_reader_start(struct kt_reader *reader, const struct profbuf_config *config);
struct kt_sums kt_reader_stop(struct kt_reader *reader);

/* Kernel symbols: the address of a symbol, the address of the next symbol after an address, the name at an address. */
uint64_t kt_symbol(const char *name);
uint64_t kt_symbol_after(uint64_t address);
const char *kt_symbol_name(uint64_t address);

#endif /* KT_H */
