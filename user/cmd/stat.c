// SPDX-License-Identifier: GPL-2.0-only
/*
 * stat.c - profbuf stat: the module's counters, and whether they add up
 *
 * sysfs gives one number per file. Each is exact when it is read, but the counters go on between one file and the next.
 * Still there is a sum that can be checked. No counter ever falls. So if the parts are read one after the other between
 * two readings of the ticks, their sum is not less than the ticks before and not more than the ticks after. If no tick
 * came in between, which a second try finds soon enough, the two readings are equal and the sum is exact.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/sorted.h"
#include "cmd.h"
#include "json.h"
#include "options.h"

#define DIRECTORY	"/sys/class/misc/profbuf"
#define TRIES		50

/* The files of a directory, read once. */
struct snapshot {
	struct profbuf_counters counters;	/* causes unknown to this version: skipped[PROFBUF_NR_SKIPS] */
	uint64_t before, after;			/* ticks around the others; equal if counters.ticks is exact */
};

struct counting {
	bool by_cpu, json;
	double interval;
	uint64_t rounds;
	unsigned int *cpus;
	unsigned int nr_cpus;
	struct snapshot *last;		/* [nr_cpus + 1]: one for each CPU, and one for all together */
	bool wrong;
};

static int read_number(const char *dir, const char *name, uint64_t *value)
{
	char path[sizeof(DIRECTORY) + 32 + 256], text[32], *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return n;
	text[n] = 0;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno || end == text ? -EBADMSG : 0;
}

static unsigned int cause_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < PROFBUF_NR_SKIPS; i++) {
		if (!strcmp(name, profbuf_skip_name(i)))
			break;
	}
	return i;
}

static int read_skipped(const char *dir, struct profbuf_counters *c)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	uint64_t value;
	int err = 0;

	if (!d)
		return -errno;
	while (!err && (entry = readdir(d))) {
		if (strncmp(entry->d_name, "skipped_", 8))
			continue;
		err = read_number(dir, entry->d_name, &value);
		if (!err)
			c->skipped[cause_of(entry->d_name + 8)] += value;
	}
	closedir(d);
	return err;
}

static uint64_t sum_of(const struct profbuf_counters *c)
{
	return c->delivered + c->lost + c->missed + profbuf_counters_skipped(c);
}

static int read_once(const char *dir, struct snapshot *s)
{
	struct profbuf_counters *c = &s->counters;
	uint64_t delivered, lost, missed;
	int err;

	*s = (struct snapshot){ 0 };
	err = read_number(dir, "ticks", &s->before);
	if (!err)
		err = read_number(dir, "delivered", &delivered);
	if (!err)
		err = read_number(dir, "lost", &lost);
	if (!err)
		err = read_number(dir, "missed", &missed);
	if (!err)
		err = read_skipped(dir, c);
	if (!err)
		err = read_number(dir, "ticks", &s->after);
	if (err)
		return err;
	c->delivered = delivered;
	c->lost = lost;
	c->missed = missed;
	return 0;
}

static bool adds_up(const struct snapshot *s)
{
	return s->before <= sum_of(&s->counters) && sum_of(&s->counters) <= s->after;
}

/* The snapshot is exact if no tick comes while it is read; at a high rate a tick may come every time. */
static int take_snapshot(const char *dir, struct snapshot *s)
{
	int i, err;

	for (i = 0; i < TRIES; i++) {
		err = read_once(dir, s);
		if (err)
			return err;
		if (s->before == s->after)
			break;
	}
	/*
	 * If the sum is possible, it is taken as the number of ticks: there were as many at some moment between the two
	 * readings.
	 */
	s->counters.ticks = adds_up(s) ? sum_of(&s->counters) : s->after;
	return 0;
}

static int find_cpus(struct counting *st)
{
	DIR *d = opendir(DIRECTORY);
	struct dirent *entry;
	unsigned int cpu;
	char rest;

	if (!d)
		return -errno;
	while ((entry = readdir(d))) {
		unsigned int *more;

		if (sscanf(entry->d_name, "cpu%u%c", &cpu, &rest) != 1)
			continue;
		more = realloc(st->cpus, (st->nr_cpus + 1) * sizeof(*more));
		if (!more) {
			closedir(d);
			return -ENOMEM;
		}
		st->cpus = more;
		st->cpus[st->nr_cpus++] = cpu;
	}
	closedir(d);
	if (st->nr_cpus)
		qsort(st->cpus, st->nr_cpus, sizeof(*st->cpus), by_u32);
	return 0;
}

/* Takes the snapshot of the CPU at this position; the position after the last CPU stands for all together. */
static int snapshot_at(const struct counting *st, unsigned int at, struct snapshot *s)
{
	char dir[sizeof(DIRECTORY) + 32];

	if (at == st->nr_cpus)
		return take_snapshot(DIRECTORY, s);
	snprintf(dir, sizeof(dir), DIRECTORY "/cpu%u", st->cpus[at]);
	return take_snapshot(dir, s);
}

/* Returns false if a counter is less than before: the module was loaded again. */
static bool subtract(struct profbuf_counters *c, const struct profbuf_counters *before)
{
	unsigned int i;

	if (c->ticks < before->ticks || c->delivered < before->delivered || c->lost < before->lost ||
	    c->missed < before->missed)
		return false;
	c->ticks -= before->ticks;
	c->delivered -= before->delivered;
	c->lost -= before->lost;
	c->missed -= before->missed;
	for (i = 0; i < PROFBUF_SKIPS_MAX; i++) {
		if (c->skipped[i] < before->skipped[i])
			return false;
		c->skipped[i] -= before->skipped[i];
	}
	return true;
}

static void print_members(struct json *json, const struct profbuf_counters *c, const struct snapshot *s)
{
	print_json_counters(json, c);
	if (c->skipped[PROFBUF_NR_SKIPS])
		json_unsigned(json, "skipped_unknown", c->skipped[PROFBUF_NR_SKIPS]);
	json_bool(json, "adds_up", adds_up(s));
	json_bool(json, "exact", adds_up(s) && s->before == s->after);
}

static void print_line(const struct counting *st, unsigned int at, const struct profbuf_counters *c,
		       const struct snapshot *s)
{
	if (st->by_cpu && at < st->nr_cpus)
		printf("CPU %u: ", st->cpus[at]);
	else if (st->by_cpu)
		printf("all: ");
	print_accounting(stdout, c);
	if (!adds_up(s))
		printf(": DOES NOT ADD UP: %" PRIu64 " to %" PRIu64 " ticks since the module was loaded, the others are"
		       " %" PRIu64 "\n", s->before, s->after, sum_of(&s->counters));
	else if (s->before == s->after)
		puts(": adds up");
	else
		printf(": adds up, as far as can be said: %" PRIu64 " ticks came while it was read\n",
		       s->after - s->before);
}

static void begin_json(struct json *json, uint64_t sessions, double seconds)
{
	json_object_begin(json, NULL);
	json_unsigned(json, "sessions", sessions);
	json_double(json, "seconds", "%.3f", seconds);
	json_array_begin(json, "cpus");
}

/* Prints what was counted since the round before. */
static int print_round(struct counting *st, double seconds)
{
	unsigned int at = st->by_cpu ? 0 : st->nr_cpus;
	struct json json = { .f = stdout };
	uint64_t sessions, tagged_lost = 0;
	int err;

	err = read_number(DIRECTORY, "sessions", &sessions);
	if (err)
		return err;
	/* An older module has no such file. */
	read_number(DIRECTORY, "tagged_lost", &tagged_lost);
	if (st->json)
		begin_json(&json, sessions, seconds);
	else if (seconds)
		printf("%.1f s, %" PRIu64 " sessions\n", seconds, sessions);
	else
		printf("%" PRIu64 " sessions; since the module was loaded:\n", sessions);
	for (; at <= st->nr_cpus; at++) {
		struct profbuf_counters c;
		struct snapshot s;

		err = snapshot_at(st, at, &s);
		if (err)
			return err;
		c = s.counters;
		if (!subtract(&c, &st->last[at].counters))
			return -ESTALE;
		st->last[at] = s;
		st->wrong |= !adds_up(&s);
		if (!st->json) {
			print_line(st, at, &c, &s);
			if (at == st->nr_cpus && tagged_lost)
				printf("%" PRIu64 " processes and threads have not inherited their tag from outside\n",
				       tagged_lost);
			continue;
		}
		if (at < st->nr_cpus) {
			json_line(&json);
			json_object_begin(&json, NULL);
			json_unsigned(&json, "cpu", st->cpus[at]);
		} else {
			json_array_end(&json);
			json_unsigned(&json, "tagged_lost", tagged_lost);
		}
		print_members(&json, &c, &s);
		json_object_end(&json);
	}
	return 0;
}

/* Returns false if a signal came that ends the program. */
static bool wait_until(int signals, uint64_t end)
{
	struct pollfd fd = { .fd = signals, .events = POLLIN };
	int64_t left;

	while ((left = end - now_ns()) > 0) {
		if (poll(&fd, 1, left / 1000000 + 1) > 0)
			return false;
	}
	return true;
}

/* Prints rounds until a signal, or as many as the user asked for. */
static int run(struct counting *st)
{
	uint64_t start = now_ns(), last = start, now, i, step = st->interval * 1e9;
	unsigned int at;
	sigset_t mask;
	int signals, err = 0;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &mask, SFD_CLOEXEC);
	if (signals < 0)
		return -errno;
	for (at = st->by_cpu ? 0 : st->nr_cpus; !err && at <= st->nr_cpus; at++)
		err = snapshot_at(st, at, &st->last[at]);
	for (i = 1; !err && !ferror(stdout) && i <= st->rounds && wait_until(signals, start + i * step); i++) {
		now = now_ns();
		err = print_round(st, (now - last) / 1e9);
		last = now;
		fflush(stdout);
	}
	close(signals);
	return err;
}

static int explain(int err)
{
	switch (err) {
	case 0:
		return EXIT_OK;
	case -ENOENT:
	case -ENODEV:
		return fail("there is no " DIRECTORY ": load the module (modprobe profbuf, or insmod profbuf.ko);"
			    " profbuf info says more");
	case -ESTALE:
		return fail("the counters began anew: the module was loaded again");
	default:
		return fail(DIRECTORY ": %s", strerror(-err));
	}
}

static const struct argp_option options[] = {
	OPTION("by-cpu", 'c', NULL, "a line for each CPU"),
	OPTION("interval", 'i', "S", "every S seconds what was counted since the line before, until Ctrl-C"),
	OPTION("rounds", 'n', "N", "stop after N intervals"),
	OPTION("json", 'j', NULL, "one JSON object for each round"),
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct counting *st = state->input;

	switch (key) {
	case 'c':
		st->by_cpu = true;
		return 0;
	case 'i':
		return parse_number("--interval", arg, 0.01, 1e6, &st->interval);
	case 'n':
		return parse_whole("--rounds", arg, 1, 1e18, &st->rounds);
	case 'j':
		st->json = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options, .parser = parse_option, .args_doc = "[options]",
	.doc = "Shows the module's counters, of all sessions since it was loaded, and says whether they add up: "
	       "ticks = delivered + lost + skipped + missed.\v"
	       "Exit status: 0; 1 if the counters do not add up, or after an error; 2 for a wrong option.",
};

int cmd_stat(int argc, char **argv)
{
	struct counting st = { .rounds = UINT64_MAX };
	int err, status, at = parse_options(&argp, 0, argc, argv, &st);

	if (at <= 0)
		return -at;
	if (at < argc || (st.rounds != UINT64_MAX && !st.interval)) {
		fail(at < argc ? "stat takes no file" : "--rounds goes with --interval");
		return see_help();
	}
	err = find_cpus(&st);
	if (!err) {
		st.last = calloc(st.nr_cpus + 1, sizeof(*st.last));
		err = st.last ? 0 : -ENOMEM;
	}
	if (!err)
		err = st.interval ? run(&st) : print_round(&st, 0);
	free(st.last);
	free(st.cpus);
	status = explain(err);
	if (finish_output())
		status = EXIT_FAILED;
	return st.wrong && status == EXIT_OK ? EXIT_FAILED : status;
}
