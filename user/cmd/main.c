// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the table of commands, and what they share
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "json.h"
#include "options.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{ "record",	cmd_record,	"record a profile into a file" },
	{ "report",	cmd_report,	"say where the time went" },
	{ "top",	cmd_top,	"show live where the time goes" },
	{ "script",	cmd_script,	"print one sample after another" },
	{ "export",	cmd_export,	"write another format: pprof, perf.data, flame graph, ..." },
	{ "tag",	cmd_tag,	"give a process labels, by which to tell its samples apart" },
	{ "stat",	cmd_stat,	"show the module's counters" },
	{ "info",	cmd_info,	"say whether this machine can be profiled, and what to do if not" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct argp_option options[] = {
	OPTION("help", 'h', NULL, "print this"),
	OPTION("version", 'V', NULL, "say which version this is"),
	{ 0 },
};

static const struct argp argp = { .options = options, .doc = "profbuf COMMAND --help says more." };

static void usage(FILE *f)
{
	fputs("usage: profbuf COMMAND [options]\n\n", f);
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(f, "  %-8s %s\n", commands[i].name, commands[i].what);
	fputc('\n', f);
	print_options(&argp, f);
}

int fail(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	fflush(stdout);
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	fputs("profbuf: ", stderr);
	print_harmless(stderr, text ? text : strerror(ENOMEM), SIZE_MAX);
	fputc('\n', stderr);
	free(text);
	return EXIT_FAILED;
}

int fail_device(int err)
{
	switch (err) {
	case -ENOENT:
		return fail("there is no " PROFBUF_DEVICE ": load the module (modprobe profbuf, or insmod profbuf.ko)");
	case -EACCES:
		return fail("no permission for " PROFBUF_DEVICE ": run as root, or ask for access to the device");
	case -EPROTO:
		return fail("the module has another ABI than this program: install both from the same version");
	default:
		return fail(PROFBUF_DEVICE ": %s", strerror(-err));
	}
}

int parse_number(const char *option, const char *text, double min, double max, double *value)
{
	char *end;

	errno = 0;
	*value = strtod(text, &end);
	if (errno || end == text || *end || !isfinite(*value) || *value < min || *value > max) {
		fail("%s takes a number from %.7g to %.7g, not \"%s\"", option, min, max, text);
		return -EINVAL;
	}
	return 0;
}

int parse_whole(const char *option, const char *text, double min, double max, uint64_t *value)
{
	double number;

	if (parse_number(option, text, min, max, &number))
		return -EINVAL;
	*value = number;
	if (*value == number)
		return 0;
	fail("%s takes a whole number, not \"%s\"", option, text);
	return -EINVAL;
}

bool is_binary_to_terminal(void)
{
	if (!isatty(STDOUT_FILENO))
		return false;
	fail("that is nothing for a terminal: write it to a file (-o FILE) or a pipe");
	return true;
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/*
 * If a file has an access control list, its mode does not say who may read it. Then only the owner is taken to have
 * rights.
 */
static void forget_list(int fd, struct stat *status)
{
	if (fgetxattr(fd, "system.posix_acl_access", NULL, 0) >= 0)
		status->st_mode &= ~077;
}

/*
 * The file becomes standard input, so that @status is the status of the file that is read, whatever has its name a
 * moment later.
 */
static int open_as_input(const char *path, struct stat *status)
{
	int fd, err = 0;

	*status = (struct stat){ 0 };
	if (!strcmp(path, "-"))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, status) || dup2(fd, STDIN_FILENO) < 0)
		err = -errno;
	forget_list(fd, status);
	if (fd != STDIN_FILENO)
		close(fd);
	return err;
}

struct profbuf_profile *read_profile(const char *path, const struct profbuf_profile_options *options,
				     struct stat *status)
{
	struct profbuf_profile *profile = NULL;
	uint64_t bytes;
	int err;

	err = status ? open_as_input(path, status) : 0;
	if (!err)
		err = profbuf_profile_read(&profile, status ? "-" : path, options);
	switch (err) {
	case 0:
		break;
	case -ENODATA:
		fail("%s is empty", path);
		return NULL;
	case -ENOMSG:
		fail("%s is cut off before its first record: there is nothing to read in it", path);
		return NULL;
	case -ENOENT:
		fail("%s: %s%s", path, strerror(-err),
		     strcmp(path, DEFAULT_FILE) ? "" : "; profbuf record makes one, or name another");
		return NULL;
	case -EBADMSG:
		fail("%s is not a profbuf stream, and not a pprof file", path);
		return NULL;
	case -EPROTO:
		fail("%s was made by a later version, or by a machine of the other byte order", path);
		return NULL;
	default:
		fail("%s: %s", path, strerror(-err));
		return NULL;
	}
	if (profbuf_profile_damage(profile, &bytes))
		fail("%s is damaged or cut off after %llu bytes of uncompressed records; what is before is read",
		     path, (unsigned long long)bytes);
	return profile;
}

struct profbuf_profile *load_profile(char **files, const struct profbuf_profile_options *options, const char **path,
				     struct stat *status)
{
	*path = files[0] ? files[0] : DEFAULT_FILE;
	if (files[0] && files[1]) {
		fail("one file at a time, please");
		return NULL;
	}
	return read_profile(*path, options, status);
}

uint64_t *stack_weights(const struct profbuf_profile *profile)
{
	const struct profbuf_event *events;
	const struct profbuf_stack *stacks;
	size_t i, n = profbuf_profile_events(profile, &events);
	uint64_t *weights = calloc(profbuf_profile_stacks(profile, &stacks) + 1, sizeof(*weights));

	for (i = 0; weights && i < n; i++)
		weights[events[i].stack] += events[i].weight;
	return weights;
}

void print_accounting(FILE *f, const struct profbuf_counters *c)
{
	unsigned long long skipped = profbuf_counters_skipped(c);
	const char *separator = " (", *name;

	fprintf(f, "ticks %llu = delivered %llu + lost %llu + skipped %llu", (unsigned long long)c->ticks,
		(unsigned long long)c->delivered, (unsigned long long)c->lost, skipped);
	for (int i = 0; i < PROFBUF_SKIPS_MAX; i++) {
		if (!c->skipped[i])
			continue;
		name = profbuf_skip_name(i);
		fprintf(f, "%s%s %llu", separator, name ? name : "unknown", (unsigned long long)c->skipped[i]);
		separator = ", ";
	}
	fprintf(f, "%s + missed %llu", skipped ? ")" : "", (unsigned long long)c->missed);
}

void print_json_counters(struct json *json, const struct profbuf_counters *c)
{
	char name[64];

	json_unsigned(json, "ticks", c->ticks);
	json_unsigned(json, "delivered", c->delivered);
	json_unsigned(json, "lost", c->lost);
	json_unsigned(json, "missed", c->missed);
	for (unsigned int i = 0; i < PROFBUF_NR_SKIPS; i++) {
		snprintf(name, sizeof(name), "skipped_%s", profbuf_skip_name(i));
		json_unsigned(json, name, c->skipped[i]);
	}
}

void print_verdict(FILE *f, const struct profbuf_accounting *a)
{
	if (a->sum->final || (a->verdict == PROFBUF_WRONG && !a->part))
		print_accounting(f, a->sum->counters);
	else if (a->part)
		fprintf(f, "part %u of a recording", a->part);
	switch (a->verdict) {
	case PROFBUF_EXACT:
		fputs(": adds up, on every CPU", f);
		if (a->part)
			fprintf(f, ", with %llu delivered and %llu lost in the parts before this, the last, part %u",
				(unsigned long long)a->sum->samples_before, (unsigned long long)a->sum->lost_before,
				a->part);
		break;
	case PROFBUF_WRONG:
		fprintf(f, ": DOES NOT ADD UP with the stream, first on CPU %u", a->wrong_cpu);
		break;
	case PROFBUF_PART:
		fputs(": all its samples and losses, on every CPU; what was skipped and missed is in the last part", f);
		break;
	case PROFBUF_UNCOUNTED:
		fputs("what became of ticks is not in the file", f);
		break;
	case PROFBUF_UNFINISHED:
		fprintf(f, "%sno final counters: the recording was cut short", a->part ? "; " : "");
		break;
	}
}

int finish_output(void)
{
	if (fflush(stdout) || ferror(stdout))
		return fail("cannot write the output: %s", strerror(errno));
	return EXIT_OK;
}

/* Returns the key of an option: --help, -h, or the word help. 0: it is not an option. */
static int option_key(const char *arg)
{
	for (const struct argp_option *o = options; o->name; o++) {
		if (!strcmp(arg, o->name) || (arg[0] == '-' && arg[1] == o->key && !arg[2]) ||
		    (!strncmp(arg, "--", 2) && !strcmp(arg + 2, o->name)))
			return o->key;
	}
	return 0;
}

/* Prints what a shell may complete after profbuf. Returns an exit status. */
static int print_completions(void)
{
	char names[64];

	for (size_t i = 0; i < NR_COMMANDS; i++)
		print_completion(commands[i].name, NULL, NULL, commands[i].what);
	for (const struct argp_option *o = options; o->name; o++) {
		snprintf(names, sizeof(names), "-%c --%s %s", o->key, o->name, o->name);
		print_completion(names, NULL, NULL, o->doc);
	}
	return finish_output();
}

/* Runs one of the commands. The first of its arguments is the name that it has in messages about wrong options. */
static int run(size_t command, int argc, char **argv)
{
	char name[32];

	snprintf(name, sizeof(name), "profbuf %s", commands[command].name);
	argv[0] = name;
	return commands[command].run(argc, argv);
}

int main(int argc, char **argv)
{
	char *help[] = { NULL, "--help", NULL };

	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (option_key(argv[1]) == 'h') {
		if (argc == 2) {
			usage(stdout);
			return finish_output();
		}
		argv[1] = argv[2];
		argv += 1;
		argc = 0;
	}
	if (option_key(argv[1]) == 'V') {
		printf("profbuf %s\n", profbuf_version());
		return finish_output();
	}
	if (!strcmp(argv[1], "--completions"))
		return print_completions();
	for (size_t i = 0; i < NR_COMMANDS; i++) {
		if (!strcmp(argv[1], commands[i].name))
			return argc ? run(i, argc - 1, argv + 1) : run(i, 2, help);
	}
	fail("there is no command \"%s\"", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}
