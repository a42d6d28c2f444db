// SPDX-License-Identifier: GPL-2.0-only
/*
 * top.c - profbuf top: where the time goes, live
 *
 * Records are stored until the refresh interval is over. Then the profile drops its old samples and takes the new
 * records. So what is shown does not change before the next refresh, and keys can show it in other ways.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "session_options.h"
#include "top.h"

#define READ_BYTES	(256UL << 10)

/* An interval ends early when its records have this size. */
#define INTERVAL_BYTES	(256UL << 20)

/*
 * The profile keeps all records but samples, because the kernel describes a process once. After this many, the session
 * begins again.
 */
#define KEPT_MAX	200000

struct top {
	struct session_options options;
	struct profbuf_session *session;	/* NULL while paused */
	struct profbuf_stream *stream;
	char what[128];
	double delay;
	uint64_t iterations;
	bool plain;

	/* The interval that is being recorded. */
	uint64_t *words;
	size_t n, room;
	uint64_t began;
	struct profbuf_counters counters;	/* at the beginning of the interval */
	bool another_stream;		/* the records are from a newer stream than the profile's */

	struct profbuf_profile *profile;	/* of the interval that is shown */
	size_t kept;			/* number of records in the profile, without samples */
	struct top_screen screen;
	struct top_status status;
};

static void describe(struct top *t, const struct profbuf_config *c)
{
	const char *cpus = t->options.cpu_list;
	const char *source = profbuf_source_name(c->source);
	char who[64];

	if (c->filter == PROFBUF_FILTER_NONE)
		snprintf(who, sizeof(who), "%s%.40s", cpus ? "CPUs " : "all CPUs", cpus ? cpus : "");
	else if (c->filter == PROFBUF_FILTER_CGROUP)
		snprintf(who, sizeof(who), "cgroup %.40s", t->options.cgroup);
	else
		snprintf(who, sizeof(who), "%s %llu", c->filter == PROFBUF_FILTER_THREAD ? "thread" : "process",
			 (unsigned long long)c->filter_id);
	if (c->source == PROFBUF_SOURCE_PERF_CYCLES)
		snprintf(t->what, sizeof(t->what), "%s every %llu cycles", who, (unsigned long long)c->period);
	else
		snprintf(t->what, sizeof(t->what), "%s at %.6g Hz, %s", who, 1e9 / c->period, source);
	t->status.what = t->what;
}

static void close_session(struct top *t)
{
	profbuf_session_close(t->session);
	t->session = NULL;
}

/* Opens a new session with a new stream. Returns EXIT_OK, or EXIT_FAILED after printing why. */
static int open_session(struct top *t)
{
	struct profbuf_config config = { .size = sizeof(config) };
	struct profbuf_stream *stream;
	int err;

	err = profbuf_session_open(&t->session);
	if (!err)
		err = profbuf_session_get_config(t->session, &config);
	if (err) {
		close_session(t);
		return fail_device(err);
	}
	apply_session_options(&t->options, &config);
	/* The records are not looked at earlier. A ring that fills up wakes the reader at its watermark anyway. */
	config.flush_ns = t->delay * 1e9;
	/* No row is by tag. */
	config.flags &= ~PROFBUF_CONFIG_TAGS;
	err = profbuf_session_configure(t->session, &config);
	if (!err)
		err = profbuf_session_start(t->session);
	if (!err)
		err = profbuf_stream_new(&stream, NULL, 0);
	if (err) {
		fail_config(t->session, err);
		close_session(t);
		return EXIT_FAILED;
	}
	if (!*t->what)
		describe(t, &config);
	fcntl(profbuf_session_fd(t->session), F_SETFL, O_NONBLOCK);
	profbuf_stream_free(t->stream);
	t->stream = stream;
	t->another_stream = true;
	t->n = 0;
	t->counters = (struct profbuf_counters){ 0 };
	t->began = now_ns();
	return EXIT_OK;
}

static bool make_room(struct top *t)
{
	size_t room = t->room ? t->room * 2 : 4 * READ_BYTES / 8;
	uint64_t *more;

	if (t->room - t->n >= READ_BYTES / 8)
		return true;
	more = realloc(t->words, room * sizeof(*more));
	if (!more)
		return false;
	t->words = more;
	t->room = room;
	return true;
}

/* Reads what there is, for a while. Returns 1: more may come; 0: the end; -1: an error that was printed. */
static int drain(struct top *t)
{
	uint64_t began = now_ns();

	while (t->session && t->n * 8 < INTERVAL_BYTES && now_ns() - began < PASS_NS) {
		ssize_t n;

		if (!make_room(t)) {
			fail("%s", strerror(ENOMEM));
			return -1;
		}
		n = profbuf_session_read(t->session, t->words + t->n, READ_BYTES);
		if (n == -EAGAIN)
			return 1;
		if (n == -EINTR)
			continue;
		if (n < 0)
			return -fail_device(n);
		if (n == 0)
			return 0;
		t->n += n / 8;
	}
	return 1;
}

/* Adds the interval's records to the profile. */
static int add_records(struct top *t)
{
	const struct profbuf_record *record;
	int err, got;

	if (t->another_stream) {
		profbuf_profile_free(t->profile);
		t->profile = NULL;
		t->status.profile = NULL;
		t->kept = 0;
		top_screen_reset(&t->screen);
		err = profbuf_profile_new(&t->profile, NULL);
		if (err)
			return err;
		t->another_stream = false;
	}
	profbuf_profile_forget(t->profile);
	profbuf_stream_continue(t->stream, t->words, t->n * 8);
	while ((got = profbuf_stream_next(t->stream, &record)) > 0) {
		t->kept += record->type != PROFBUF_RECORD_SAMPLE;
		err = profbuf_profile_add(t->profile, record);
		if (err)
			return err;
	}
	t->n = 0;
	return got ? got : profbuf_profile_resolve(t->profile);
}

static void subtract(struct profbuf_counters *c, const struct profbuf_counters *before)
{
	c->ticks -= before->ticks;
	c->delivered -= before->delivered;
	c->lost -= before->lost;
	c->missed -= before->missed;
	for (unsigned int i = 0; i < PROFBUF_SKIPS_MAX; i++)
		c->skipped[i] -= before->skipped[i];
}

/* Ends the interval: from now on it is the one shown, and the next interval begins. */
static int end_interval(struct top *t)
{
	struct profbuf_counters_get get = { .size = sizeof(get) };
	uint64_t now = now_ns();
	int err;

	err = profbuf_session_counters(t->session, PROFBUF_CPU_NONE, &get);
	if (!err)
		err = add_records(t);
	if (err)
		return fail("the samples cannot be used: %s", strerror(-err));
	t->status.profile = t->profile;
	t->status.seconds = (now - t->began) / 1e9;
	t->status.counters = get.counters;
	subtract(&t->status.counters, &t->counters);
	t->counters = get.counters;
	t->began = now;
	return EXIT_OK;
}

static int show(struct top *t)
{
	int err;

	if (t->plain) {
		if (!top_print_plain(&t->status, &t->screen.view, t->screen.limit))
			return fail("%s", strerror(ENOMEM));
		return finish_output();
	}
	err = top_screen_draw(&t->screen, &t->status);
	if (!err)
		return EXIT_OK;
	top_screen_close();
	return fail("cannot write the output: %s", strerror(-err));
}

/* Returns false if the signal ends the program. */
static bool handle_signal(int signals)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return true;
	switch (info.ssi_signo) {
	case SIGWINCH:
	case SIGCONT:
		return true;
	case SIGTSTP:
		top_screen_close();
		raise(SIGSTOP);
		return !top_screen_open();
	}
	return false;
}

/* Starts or stops the session after a key has changed screen.paused. */
static int follow_pause(struct top *t)
{
	if (t->screen.paused && t->session)
		close_session(t);
	else if (!t->screen.paused && !t->session)
		return open_session(t);
	return EXIT_OK;
}

static int poll_timeout(const struct top *t)
{
	int64_t left = t->began + (uint64_t)(t->delay * 1e9) - now_ns();

	if (!t->session)
		return -1;
	return left > 0 ? left / 1000000 + 1 : 0;
}

static int loop(struct top *t, int signals)
{
	struct pollfd fds[3] = { { .events = POLLIN }, { .fd = signals, .events = POLLIN }, { .events = POLLIN } };
	uint64_t shown = 0;
	int more, status;

	for (;;) {
		fds[0].fd = t->session ? profbuf_session_fd(t->session) : -1;
		fds[2].fd = t->plain ? -1 : STDIN_FILENO;
		if (poll(fds, 3, poll_timeout(t)) < 0) {
			if (errno == EINTR)
				continue;
			return fail("poll: %s", strerror(errno));
		}
		if (fds[1].revents && !handle_signal(signals))
			return EXIT_OK;
		if (fds[2].revents) {
			if (!top_screen_keys(&t->screen, &t->status))
				return EXIT_OK;
			status = follow_pause(t);
			if (status)
				return status;
		}
		more = drain(t);
		if (more < 0)
			return EXIT_FAILED;
		if (t->session && (!poll_timeout(t) || t->n * 8 >= INTERVAL_BYTES || !more)) {
			status = end_interval(t);
			if (status)
				return status;
			shown++;
		} else if (!fds[1].revents && !fds[2].revents) {
			continue;
		}
		status = show(t);
		if (status || !more || shown == t->iterations)
			return status;
		if (t->session && t->kept > KEPT_MAX) {
			close_session(t);
			status = open_session(t);
			if (status)
				return status;
		}
	}
}

static int top(struct top *t)
{
	sigset_t mask;
	int signals, status, err;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGQUIT);
	if (!t->plain) {
		sigaddset(&mask, SIGWINCH);
		sigaddset(&mask, SIGTSTP);
	}
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &mask, SFD_CLOEXEC);
	if (signals < 0)
		return fail("signalfd: %s", strerror(errno));
	status = open_session(t);
	if (status)
		return status;
	if (!t->plain) {
		err = top_screen_open();
		if (err)
			return fail("the terminal: %s; try --batch", strerror(-err));
		status = show(t);
	}
	if (!status)
		status = loop(t, signals);
	top_screen_close();
	close(signals);
	return status;
}

enum { OPT_BY = OPTION_KEYS };

static const struct argp_option options[] = {
	OPTION("delay", 'd', "S", "refresh interval (2)"),
	OPTION("by", OPT_BY, "KEY", "what a row is"),
		VALUE("symbol", TOP_SYMBOL, "a function (default)"),
		VALUE("object", TOP_OBJECT, "a program, a library, the kernel or one of its modules"),
		VALUE("process", TOP_PROCESS, "a process"),
		VALUE("thread", TOP_THREAD, "a thread"),
		VALUE("cpu", TOP_CPU, "a CPU"),
	OPTION("limit", 'n', "N", "at most N rows (20; on a terminal as many as fit)"),
	OPTION("batch", 'b', NULL, "plain text, also on a terminal"),
	OPTION("iterations", 'i', "N", "quit after N intervals"),
	{ 0 },
};

static const struct argp_child children[] = { CHILD(&session_argp), { 0 } };

const char *top_by_name(enum top_by by)
{
	return value_name(options, OPT_BY, by);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct top *t = state->input;
	int err, by = 0;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &t->options;
		return 0;
	case 'd':
		return parse_number("--delay", arg, 0.05, 3600, &t->delay);
	case OPT_BY:
		err = parse_value(options, OPT_BY, arg, &by, NULL);
		t->screen.view.by = by;
		return err;
	case 'n':
		return parse_whole("--limit", arg, 1, 1e18, &t->screen.limit);
	case 'b':
		t->plain = true;
		return 0;
	case 'i':
		return parse_whole("--iterations", arg, 1, 1e18, &t->iterations);
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options, .parser = parse_option, .children = children, .args_doc = "[options]",
	.doc = "Shows live where the time goes: after each refresh the samples of the interval before it, and no "
	       "older ones. On a terminal keys change the view: h says which. Else, or with -b, one table after the other.\v"
	       "Symbols come from files that are here: nothing is downloaded.",
};

int cmd_top(int argc, char **argv)
{
	struct top t = { .delay = 2, .iterations = UINT64_MAX };
	int status, at = parse_options(&argp, 0, argc, argv, &t);

	if (at <= 0)
		return -at;
	if (at < argc) {
		fail("top takes no file and no command");
		return see_help();
	}
	t.plain |= !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO);
	if (!t.screen.limit)
		t.screen.limit = t.plain ? 20 : UINT64_MAX;
	/* No debuginfod server is asked: waiting for it would stop the live screen. */
	unsetenv("DEBUGINFOD_URLS");
	status = top(&t);
	profbuf_profile_free(t.profile);
	profbuf_stream_free(t.stream);
	profbuf_session_close(t.session);
	free(t.words);
	return status;
}
