// SPDX-License-Identifier: GPL-2.0-only
/*
 * record.c - profbuf record: from the device into a file
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "record_command.h"
#include "record_output.h"
#include "session_options.h"

#define BUFFER_BYTES	(1 << 20)

struct recording {
	struct profbuf_session *session;
	struct profbuf_config config;
	struct session_options options;
	double duration;
	struct record_output output;
	bool all, quiet, progress;
	struct record_command command;
	bool interrupted;
	uint64_t first_time;
};

/* Reads for a while. Returns 2: there is more; 1: more may come; 0: the end; -1: an error that was printed. */
static int drain(struct recording *r)
{
	static uint64_t buffer[BUFFER_BYTES / 8];
	uint64_t began = now_ns(), time = began;
	ssize_t n = 0;

	for (; time - began < PASS_NS; time = now_ns()) {
		n = profbuf_session_read(r->session, buffer, sizeof(buffer));
		if (n == -EAGAIN)
			break;
		if (n == -EINTR)
			continue;
		if (n < 0)
			return -fail_device(n);
		if (n == 0)
			return 0;
		if (!record_output_add(&r->output, buffer, n / 8))
			return -1;
	}
	if (!record_output_pass(&r->output, time))
		return -1;
	return n == -EAGAIN ? 1 : 2;
}

static void print_progress(struct recording *r)
{
	double elapsed = (now_ns() - r->first_time) / 1e9;

	fprintf(stderr, "\rprofbuf: %6.1f s  %llu samples  %llu lost  %.1f MB ", elapsed,
		(unsigned long long)r->output.samples, (unsigned long long)r->output.lost,
		record_output_bytes(&r->output) / 1e6);
}

/* With rotation, a part may have to end although no records come. */
static int poll_timeout(const struct recording *r)
{
	if (r->output.rotate_ns || r->output.lingers)
		return 100;
	return r->progress ? 500 : r->output.pending ? 1000 : -1;
}

/* Handles signals and reads the device until the end of the stream. Returns false after an error that was printed. */
static bool run(struct recording *r, int signals)
{
	struct pollfd fds[2] = {
		{ .fd = profbuf_session_fd(r->session), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	int more = 1;

	for (;;) {
		if (poll(fds, 2, more > 1 ? 0 : poll_timeout(r)) < 0 && errno != EINTR) {
			fail("poll: %s", strerror(errno));
			return false;
		}
		if (fds[1].revents) {
			struct signalfd_siginfo info;

			if (read(signals, &info, sizeof(info)) != sizeof(info))
				continue;
			if (info.ssi_signo == SIGCHLD) {
				if (!record_command_reap(&r->command))
					continue;
			} else if (r->command.pid && !record_command_reap(&r->command) && !r->interrupted) {
				/*
				 * The signal is for the command. The recording ends when the command does. If the
				 * command does not react, a second signal ends the recording.
				 */
				if (info.ssi_pid)
					kill(r->command.pid, info.ssi_signo);
				r->interrupted = true;
				continue;
			}
			profbuf_session_stop(r->session);
		}
		more = drain(r);
		if (r->progress)
			print_progress(r);
		if (more < 0)
			return false;
		if (!more)
			return true;
	}
}

static void print_summary(struct recording *r)
{
	struct profbuf_counters_get get = { .size = sizeof(get) };
	struct recorder_tag_losses losses;

	if (r->progress)
		fputs("\r\033[K", stderr);
	if (r->quiet || profbuf_session_counters(r->session, PROFBUF_CPU_NONE, &get))
		return;
	fputs("profbuf: ", stderr);
	print_accounting(stderr, &get.counters);
	fprintf(stderr, "; %.1f MB in ", r->output.bytes / 1e6);
	print_harmless(stderr, r->output.path, SIZE_MAX);
	if (r->output.part)
		fprintf(stderr, ".0001 to .%04u", r->output.part);
	fputc('\n', stderr);
	recorder_tag_losses(r->output.recorder, &losses);
	print_tag_losses(stderr, &losses);
}

/* Configures and starts. Returns EXIT_OK, or an exit code after printing why; then no file was written to. */
static int start(struct recording *r)
{
	bool command = r->command.argv;
	int err, status;

	if (!record_command_fork(&r->command))
		return EXIT_FAILED;
	if (command && !r->all) {
		r->config.filter = PROFBUF_FILTER_PROCESS;
		r->config.filter_id = r->command.pid;
	}
	err = profbuf_session_configure(r->session, &r->config);
	/* If the recording is only of a command: it has not begun yet, and so has no variables. */
	if (!err && (!command || r->all) && recorder_scan(r->output.recorder))
		fputs("profbuf: not all processes were looked at for their tags\n", stderr);
	if (!err)
		err = profbuf_session_start(r->session);
	if (err) {
		/* The command still waits. It must not begin. */
		if (command)
			kill(r->command.pid, SIGKILL);
		return fail_config(r->session, err);
	}
	fcntl(profbuf_session_fd(r->session), F_SETFL, O_NONBLOCK);
	r->first_time = now_ns();
	status = record_command_release(&r->command);
	return status || record_output_begin(&r->output) ? status : EXIT_FAILED;
}

/* Records, from the start of the session to the end of the files. */
static int record(struct recording *r)
{
	bool ok, ended;
	sigset_t mask;
	int signals, status;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, &r->command.blocked);
	/* SIGPIPE is ignored: if the reader of the pipe is gone, write() returns an error like any other. */
	r->command.sigpipe = signal(SIGPIPE, SIG_IGN);
	r->command.sigchld = signal(SIGCHLD, SIG_DFL);
	signals = signalfd(-1, &mask, SFD_CLOEXEC);
	if (signals < 0)
		return fail("signalfd: %s", strerror(errno));
	status = start(r);
	ok = !status && run(r, signals);
	ended = r->command.ended;
	record_command_end(&r->command, signals);
	if (status)
		return status;
	if (!ok || !record_output_end(&r->output, record_command_record(&r->command)))
		return EXIT_FAILED;
	print_summary(r);
	/* If -d ended the recording first, the exit status of the command does not count. */
	if (!r->command.argv || (!ended && !r->interrupted))
		return EXIT_OK;
	return record_command_status(&r->command);
}

/* Parses "10s", "5m", "100M". */
static int parse_rotate(const char *text, struct record_output *o)
{
	static const struct {
		char unit;
		double size;
		bool time;
	} units[] = {
		{ 's', 1e9, true }, { 'm', 60e9, true }, { 'h', 3600e9, true }, { 'd', 86400e9, true },
		{ 'K', 1 << 10, false }, { 'M', 1 << 20, false }, { 'G', 1 << 30, false },
	};
	char *end;
	double value = strtod(text, &end);

	for (size_t i = 0; end != text && *end && !end[1] && i < sizeof(units) / sizeof(units[0]); i++) {
		/* The conditions are false for NaN, and the upper bound keeps out values too large for an integer. */
		if (*end != units[i].unit || !(value * units[i].size >= (units[i].time ? 1e8 : 4096)) ||
		    !(value * units[i].size <= 1e18))
			continue;
		o->rotate_ns = units[i].time ? value * units[i].size : 0;
		o->rotate_bytes = units[i].time ? 0 : value * units[i].size;
		return 0;
	}
	fail("--rotate takes a time from 0.1s, with s, m, h or d, or a size from 4K, with K, M or G, not \"%s\"", text);
	return -EINVAL;
}

enum { OPT_RAW = OPTION_KEYS, OPT_ROTATE };

static const struct argp_option options[] = {
	OPTION("output", 'o', "FILE", "file to write (" DEFAULT_FILE "); - for standard output, as with --raw"),
	OPTION("raw", OPT_RAW, NULL, "the kernel's stream as it is; else equal stacks are stored once, and compressed"),
	OPTION("rotate", OPT_ROTATE, "LIMIT",
	       "another file after each LIMIT, a time (10s, 5m, 1h) or a size (100M): FILE.0001, ..."),
	OPTION("duration", 'd', "S", "stop after so many seconds"),
	OPTION("all", 'a', NULL, "the whole system, also with a command"),
	OPTION("quiet", 'q', NULL, "no progress, no summary"),
	{ 0 },
};

static const struct argp_child children[] = { CHILD(&session_argp), { 0 } };

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct recording *r = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &r->options;
		return 0;
	case 'o':
		r->output.path = arg;
		return 0;
	case 'd':
		return parse_number("-d", arg, 0.001, 1e8, &r->duration);
	case 'a':
		r->all = true;
		return 0;
	case OPT_RAW:
		r->output.raw = true;
		return 0;
	case OPT_ROTATE:
		return parse_rotate(arg, &r->output);
	case 'q':
		r->quiet = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options, .parser = parse_option, .children = children, .args_doc = "[options] [-- COMMAND...]",
	.doc = "Records what all CPUs run until Ctrl-C, or what a command and its children run until it ends. Ctrl-C "
	       "is for the command then, a second one for the recording, too. If the recording ends first, by that, "
	       "by -d or by an error, the command gets SIGTERM, and 5 s later, or at another Ctrl-C, SIGKILL. A file "
	       "that is there is not touched before the recording, and the command, have started.\v"
	       "Progress is shown on a terminal, but not beside a command, which may write to it.\n\n"
	       "Exit status: 1 after an error, 2 for a wrong option; else that of the command, unless -d ended it; else 0.",
};

/* Checks options that do not go together, or do not fit the output. Returns false after printing why. */
static bool agree(struct recording *r)
{
	if (r->command.argv && r->options.filter) {
		fail("a command, or -p, -t or --cgroup, not both");
		return false;
	}
	if (strcmp(r->output.path, "-"))
		return true;
	r->output.raw = true;
	if (is_binary_to_terminal())
		return false;
	if (record_output_rotates(&r->output))
		fail("--rotate needs the name of a file");
	return !record_output_rotates(&r->output);
}

int cmd_record(int argc, char **argv)
{
	struct recording r = { .output.path = DEFAULT_FILE, .output.file.to.fd = -1 };
	int err, status, at = parse_options(&argp, ARGP_NO_ARGS, argc, argv, &r);
	bool tags;

	if (at <= 0)
		return -at;
	if (at < argc)
		r.command.argv = argv + at;
	if (!agree(&r))
		return see_help();
	r.config.size = sizeof(r.config);
	err = profbuf_session_open(&r.session);
	if (!err)
		err = profbuf_session_get_config(r.session, &r.config);
	apply_session_options(&r.options, &r.config);
	tags = r.config.flags & PROFBUF_CONFIG_TAGS;
	if (!err)
		err = recorder_new(&r.output.recorder, tags ? r.session : NULL, record_output_rotates(&r.output));
	if (err) {
		profbuf_session_close(r.session);
		return fail_device(err);
	}
	r.config.duration_ns = r.duration * 1e9;
	status = EXIT_FAILED;
	if (!record_output_open(&r.output))
		goto out;
	r.progress = isatty(STDERR_FILENO) && !r.quiet && !r.command.argv;
	status = record(&r);
out:
	/* After an error, too, the file keeps what the device gave until then. */
	record_output_close(&r.output);
	recorder_free(r.output.recorder);
	profbuf_session_close(r.session);
	return status;
}
