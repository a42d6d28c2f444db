// SPDX-License-Identifier: GPL-2.0-only
/*
 * record.c - profbuf record: from the device into a file
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"

#define BUFFER_BYTES	(1 << 20)
#define FLUSH_NS	1000000000ULL	/* what a recorder that is killed loses, at most */

static const char help[] =
	"usage: profbuf record [options] [-- command...]\n"
	"\n"
	"Records what all CPUs run until Ctrl-C, or what a command and its children run until it ends.\n"
	"\n"
	"  -o, --output FILE      file to write (" DEFAULT_FILE "); - for standard output, as with --raw\n"
	"      --raw              the kernel's stream as it is; else equal stacks are stored once, and compressed\n"
	"  -F, --frequency HZ     samples a second of each CPU (99)\n"
	"  -d, --duration S       stop after so many seconds\n"
	"  -a, --all              the whole system, also with a command\n"
	"  -p, --pid PID          only this process and its descendants\n"
	"  -t, --tid TID          only this thread\n"
	"  -C, --cpu LIST         only these CPUs: 0,2-5\n"
	"      --source NAME      hrtimer (default), cpu-clock, or cycles (then -F is of a CPU at 1 GHz)\n"
	"      --no-kernel        no samples of kernel code, no kernel frames\n"
	"      --no-user          no samples of user code\n"
	"      --idle             samples of idle CPUs, too\n"
	"      --buffer KIB       ring of each CPU (512)\n"
	"      --stack DEPTH      frames of each kind (127)\n"
	"  -q, --quiet            no summary\n"
	"  -h, --help             this\n"
	"\n"
	"Exit status: the command's; else 0, 1 after an error, 2 for a wrong option.\n";

struct recording {
	struct profbuf_session *session;
	struct profbuf_config config;
	struct session_options options;
	double duration;
	const char *path;
	int out;
	struct profbuf_writer *writer;
	uint64_t flushed;		/* when */
	bool pending;			/* records came since */
	bool all, quiet, progress, raw;
	char **command;
	pid_t child;
	int go;				/* a pipe: closed when the child may run */
	int child_status;
	bool child_ended;
	struct profbuf_symbol_recorder *symbols;
	struct profbuf_tag_finder *tags;
	struct profbuf_tag_recorder *tag_names;
	uint64_t samples, lost;
	uint64_t first_time;
};

/* Says what went wrong with the file, if something did. */
static bool written(struct recording *r, int err)
{
	if (err)
		fail("%s: %s; the file has what was written before", r->path, strerror(-err));
	return !err;
}

/*
 * What has to go to the file by now: whoever reads a pipe gets all there is, a file what is older than a second: no
 * more is missing in it if the recorder is killed.
 */
static bool flush(struct recording *r)
{
	if (!r->pending || (!r->raw && now_ns() - r->flushed < FLUSH_NS))
		return true;
	r->flushed = now_ns();
	r->pending = false;
	return written(r, profbuf_writer_flush(r->writer));
}

static int write_record(const struct profbuf_record *record, void *context)
{
	struct recording *r = context;

	return written(r, profbuf_writer_add(r->writer, record)) ? 0 : -EIO;
}

/* Into the file, with what the recorder has to know of it. */
static bool add_records(struct recording *r, const uint64_t *words, size_t n)
{
	for (size_t at = 0; at < n; at += words[at]) {
		const struct profbuf_record *record = (const void *)(words + at);

		if (record->type == PROFBUF_RECORD_LOST)
			r->lost += ((const struct profbuf_lost *)record)->count;
		r->samples += record->type == PROFBUF_RECORD_SAMPLE;
		/* Without memory a symbol less is in the file, or tags of a process. */
		profbuf_symbol_recorder_add(r->symbols, record);
		if (r->config.flags & PROFBUF_CONFIG_TAGS)
			profbuf_tag_finder_add(r->tags, r->session, record);
		if (!written(r, profbuf_writer_add(r->writer, record)))
			return false;
		r->pending = true;
		if (profbuf_tag_recorder_add(r->tag_names, record, write_record, r) == -EIO)
			return false;
	}
	return true;
}

/* Reads what there is. Returns 1: more may come; 0: the end; -1: an error that was said. */
static int drain(struct recording *r)
{
	static uint64_t buffer[BUFFER_BYTES / 8];

	for (;;) {
		ssize_t n = profbuf_session_read(r->session, buffer, sizeof(buffer));

		if (n == -EAGAIN)
			return flush(r) ? 1 : -1;
		if (n == -EINTR)
			continue;
		if (n < 0)
			return -fail_device(n);
		if (n == 0)
			return 0;
		if (!add_records(r, buffer, n / 8))
			return -1;
	}
}

/* What the command was, and how it ended. */
static bool write_command(struct recording *r)
{
	uint64_t words[PROFBUF_RECORD_MAX / 8] = { 0 };
	struct profbuf_command_record *c = (void *)words;
	size_t at = 0, room = sizeof(words) - sizeof(*c);

	if (!r->command)
		return true;
	for (char **arg = r->command; *arg && at + strlen(*arg) + 1 <= room; arg++) {
		strcpy(c->text + at, *arg);
		at += strlen(*arg) + 1;
		c->misc++;
	}
	c->len = (sizeof(*c) + at + 7) / 8;
	c->time = now_ns();
	c->type = PROFBUF_RECORD_COMMAND;
	c->cpu = PROFBUF_CPU_NONE;
	c->pid = r->child;
	c->status = r->child_status;
	return written(r, profbuf_writer_add(r->writer, (const struct profbuf_record *)c));
}

/* The rest, and the end of the file. */
static bool close_output(struct recording *r, uint64_t *bytes)
{
	int err = profbuf_writer_flush(r->writer), err_close;

	*bytes = profbuf_writer_bytes(r->writer);
	err_close = profbuf_writer_close(r->writer);
	r->writer = NULL;
	if (r->out != STDOUT_FILENO && close(r->out) && !err_close)
		err_close = -errno;
	return written(r, err ? err : err_close);
}

/* The command, waiting for the recording to start. */
static bool fork_command(struct recording *r)
{
	int pipe_fds[2], err;
	sigset_t none;

	if (pipe2(pipe_fds, O_CLOEXEC)) {
		fail("pipe: %s", strerror(errno));
		return false;
	}
	r->child = fork();
	if (r->child < 0) {
		fail("fork: %s", strerror(errno));
		return false;
	}
	if (!r->child) {
		char byte;

		close(pipe_fds[1]);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		while (read(pipe_fds[0], &byte, 1) < 0 && errno == EINTR)
			;
		execvp(r->command[0], r->command);
		err = errno;
		fprintf(stderr, "profbuf: %s: %s\n", r->command[0], strerror(err));
		_exit(err == ENOENT ? 127 : 126);
	}
	close(pipe_fds[0]);
	r->go = pipe_fds[1];
	return true;
}

static void release_command(struct recording *r)
{
	if (r->go >= 0)
		close(r->go);
	r->go = -1;
}

static void print_progress(struct recording *r)
{
	double elapsed = (now_ns() - r->first_time) / 1e9;

	fprintf(stderr, "\rprofbuf: %6.1f s  %llu samples  %llu lost  %.1f MB ", elapsed,
		(unsigned long long)r->samples, (unsigned long long)r->lost, profbuf_writer_bytes(r->writer) / 1e6);
}

/* Signals and the device until the end of the stream. Returns false after an error that was said. */
static bool run(struct recording *r, int signals)
{
	struct pollfd fds[2] = {
		{ .fd = profbuf_session_fd(r->session), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	int more;

	for (;;) {
		if (poll(fds, 2, r->progress ? 500 : r->pending ? 1000 : -1) < 0 && errno != EINTR) {
			fail("poll: %s", strerror(errno));
			return false;
		}
		if (fds[1].revents) {
			struct signalfd_siginfo info;

			if (read(signals, &info, sizeof(info)) != sizeof(info))
				continue;
			if (info.ssi_signo == SIGCHLD) {
				if (waitpid(r->child, &r->child_status, WNOHANG) != r->child)
					continue;
				r->child_ended = true;
			} else if (r->child > 0 && !r->child_ended) {
				/* The command gets it, and its end is ours. */
				if (info.ssi_pid)
					kill(r->child, info.ssi_signo);
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

static void print_summary(struct recording *r, uint64_t bytes)
{
	struct profbuf_counters_get get;

	if (r->progress)
		fputs("\r\033[K", stderr);
	if (r->quiet || profbuf_session_counters(r->session, PROFBUF_CPU_NONE, &get))
		return;
	fputs("profbuf: ", stderr);
	print_accounting(stderr, &get.counters);
	fprintf(stderr, "; %.1f MB in %s\n", bytes / 1e6, r->path);
}

/* Configures and starts, records to the end. */
static int record(struct recording *r)
{
	sigset_t mask;
	uint64_t bytes;
	int signals, err;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	/* A reader of the pipe that went away is an error like another. */
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &mask, SFD_CLOEXEC);
	if (signals < 0)
		return fail("signalfd: %s", strerror(errno));

	if (r->command && !fork_command(r))
		return EXIT_FAILED;
	if (r->command && !r->all) {
		r->config.filter = PROFBUF_FILTER_PROCESS;
		r->config.filter_id = r->child;
	}
	err = profbuf_session_configure(r->session, &r->config);
	/* A command that is still to begin has no variables. */
	if (!err && r->config.flags & PROFBUF_CONFIG_TAGS && (!r->command || r->all))
		profbuf_tag_finder_scan(r->tags, r->session);
	if (!err)
		err = profbuf_session_start(r->session);
	if (err) {
		if (r->child > 0)
			kill(r->child, SIGKILL);
		return fail_config(r->session, err);
	}
	fcntl(profbuf_session_fd(r->session), F_SETFL, O_NONBLOCK);
	r->first_time = now_ns();
	release_command(r);
	if (!run(r, signals) || profbuf_symbol_recorder_emit(r->symbols, write_record, r) ||
	    profbuf_tag_recorder_emit(r->tag_names, write_record, r) || !write_command(r))
		return EXIT_FAILED;
	if (!close_output(r, &bytes))
		return EXIT_FAILED;
	print_summary(r, bytes);
	if (!r->child_ended)
		return EXIT_OK;
	return WIFEXITED(r->child_status) ? WEXITSTATUS(r->child_status) : 128 + WTERMSIG(r->child_status);
}

enum { OPT_RAW = OPT_OWN };

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "duration", required_argument, NULL, 'd' },
	{ "all", no_argument, NULL, 'a' },
	{ "raw", no_argument, NULL, OPT_RAW },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	SESSION_OPTIONS,
	{ NULL, 0, NULL, 0 },
};

/* One option. Returns false after saying what is wrong. */
static bool parse_option(struct recording *r, int option, const char *arg)
{
	switch (option) {
	case 'o':
		r->path = arg;
		return true;
	case 'd':
		return parse_number("-d", arg, 0.001, 1e8, &r->duration);
	case 'a':
		r->all = true;
		return true;
	case OPT_RAW:
		r->raw = true;
		return true;
	case 'q':
		r->quiet = true;
		return true;
	}
	return parse_session_option(&r->options, option, arg);
}

int cmd_record(int argc, char **argv)
{
	struct recording r = { .path = DEFAULT_FILE, .go = -1 };
	int option, err, status;

	while ((option = getopt_long(argc, argv, "+o:d:aqh" SESSION_LETTERS, options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return finish_output();
		}
		if (!parse_option(&r, option, optarg))
			return EXIT_USAGE;
	}
	if (optind < argc)
		r.command = argv + optind;
	if (r.command && r.options.filter) {
		fail("a command, or -p or -t, not both");
		return EXIT_USAGE;
	}
	err = profbuf_session_open(&r.session);
	if (!err)
		err = profbuf_session_get_config(r.session, &r.config);
	if (!err)
		err = profbuf_symbol_recorder_new(&r.symbols);
	if (!err)
		err = profbuf_tag_finder_new(&r.tags);
	if (!err)
		err = profbuf_tag_recorder_new(&r.tag_names);
	if (err) {
		profbuf_symbol_recorder_free(r.symbols);
		profbuf_tag_finder_free(r.tags);
		profbuf_session_close(r.session);
		return fail_device(err);
	}
	apply_session_options(&r.options, &r.config);
	r.config.duration_ns = r.duration * 1e9;
	r.out = STDOUT_FILENO;
	if (!strcmp(r.path, "-")) {
		r.raw = true;
	} else {
		r.out = open(r.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (r.out < 0) {
			status = fail("%s: %s", r.path, strerror(errno));
			goto out;
		}
	}
	err = profbuf_writer_open(&r.writer, r.out, r.raw);
	if (err) {
		status = fail("%s", strerror(-err));
		goto out;
	}
	r.progress = isatty(STDERR_FILENO) && !r.quiet && !r.command;
	status = record(&r);
out:
	/* After an error: what the device gave until then is in the file. */
	profbuf_writer_close(r.writer);
	profbuf_symbol_recorder_free(r.symbols);
	profbuf_tag_finder_free(r.tags);
	profbuf_tag_recorder_free(r.tag_names);
	profbuf_session_close(r.session);
	return status;
}
