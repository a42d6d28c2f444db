// SPDX-License-Identifier: GPL-2.0-only
/*
 * options.c - options of commands: parsing, --help and completions, all from the same tables
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "options.h"

/* The help text is the same everywhere: it does not depend on the terminal's width or the user's ARGP_HELP_FMT. */
#define HELP_FORMAT \
	"short-opt-col=2,long-opt-col=6,doc-opt-col=10,opt-doc-col=25,header-col=1,rmargin=112,no-dup-args,no-dup-args-note"

/* What a shell completes for an argument, by the argument's name. */
static const struct {
	const char *argument;
	const char *completes;
} kinds[] = {
	{ "FILE", "file" }, { "PID", "process" }, { "CGROUP", "cgroup" }, { "COMMAND", "command" },
};

#define NR_KINDS	(sizeof(kinds) / sizeof(kinds[0]))

/* The command's name, for messages. */
static const char *command = "profbuf";

int see_help(void)
{
	fail("see %s --help", command);
	return EXIT_USAGE;
}

static bool is_end(const struct argp_option *o)
{
	return !o->name && !o->key && !o->doc;
}

static bool is_value(const struct argp_option *o)
{
	return o->flags & OPTION_DOC;
}

/* Values */

static const struct argp_option *find_option(const struct argp_option *options, int key)
{
	while (is_value(options) || options->key != key)
		options++;
	return options;
}

/* Makes a list like "a, b or c". */
static void list_values(const struct argp_option *option, char *text, size_t room)
{
	size_t n = 0;

	for (const struct argp_option *o = option + 1; is_value(o) && n < room; o++) {
		const char *separator = o == option + 1 ? "" : is_value(o + 1) ? ", " : " or ";

		n += snprintf(text + n, room - n, "%s%s", separator, o->name);
	}
}

static bool has_name(const char *name, const char *text, const char **rest)
{
	const char *colon = strchr(name, ':');
	size_t n = colon ? colon - name + 1 : 0;

	if (!colon)
		return !strcmp(name, text);
	if (strncmp(name, text, n) || !text[n])
		return false;
	*rest = text + n;
	return true;
}

error_t parse_value(const struct argp_option *options, int key, const char *text, int *value, const char **name)
{
	const struct argp_option *option = find_option(options, key);
	const char *rest = NULL;
	char possible[256];

	for (const struct argp_option *o = option + 1; text && is_value(o); o++) {
		if (!has_name(o->name, text, &rest))
			continue;
		*value = o->key;
		if (name)
			*name = rest;
		return 0;
	}
	list_values(option, possible, sizeof(possible));
	if (text)
		fail("--%s takes %s, not \"%s\"", option->name, possible, text);
	else
		fail("which --%s? %s", option->name, possible);
	return -EINVAL;
}

const char *value_name(const struct argp_option *options, int key, int value)
{
	const struct argp_option *o = find_option(options, key) + 1;

	while (o->key != value)
		o++;
	return o->name;
}

/* Help */

void print_options(const struct argp *argp, FILE *f)
{
	char name[] = "profbuf";

	setenv("ARGP_HELP_FMT", HELP_FORMAT, 1);
	argp_help(argp, f, ARGP_HELP_PRE_DOC | ARGP_HELP_LONG | ARGP_HELP_POST_DOC, name);
}

/* @all: its first child is the command's argp. Returns an exit status. */
static int print_help(const struct argp *all)
{
	const char *form = all->children[0].argp->args_doc, *before = "usage:";
	size_t n;

	for (; *form; form += n + (form[n] == '\n')) {
		n = strcspn(form, "\n");
		printf("%s %s %.*s\n", before, command, (int)n, form);
		before = "      ";
	}
	putchar('\n');
	print_options(all, stdout);
	return finish_output();
}

/* Completions */

void print_completion(const char *names, const char *argument, const char *completes, const char *doc)
{
	printf("%s\t%s\t%s\t%s\n", names, argument ? argument : "-", completes ? completes : "-", doc);
}

/* Makes a list like "values a b c:". A value PREFIX:NAME is listed as PREFIX:, without NAME. */
static void name_values(const struct argp_option *option, char *text, size_t room)
{
	size_t n = snprintf(text, room, "values");

	for (const struct argp_option *o = option + 1; is_value(o) && n < room; o++) {
		const char *colon = strchr(o->name, ':');

		n += snprintf(text + n, room - n, " %.*s", colon ? (int)(colon + 1 - o->name) : -1, o->name);
	}
}

static const char *kind_of_argument(const char *argument)
{
	for (size_t i = 0; argument && i < NR_KINDS; i++) {
		if (!strcmp(argument, kinds[i].argument))
			return kinds[i].completes;
	}
	return NULL;
}

static void print_option(const struct argp_option *o)
{
	char names[64], argument[32], values[256];
	bool has_values = is_value(o + 1);

	if (o->key < OPTION_KEYS)
		snprintf(names, sizeof(names), "-%c --%s", o->key, o->name);
	else
		snprintf(names, sizeof(names), "--%s", o->name);
	if (o->arg)
		snprintf(argument, sizeof(argument), o->flags & OPTION_ARG_OPTIONAL ? "[%s]" : "%s", o->arg);
	if (has_values)
		name_values(o, values, sizeof(values));
	print_completion(names, o->arg ? argument : NULL, has_values ? values : kind_of_argument(o->arg), o->doc);
}

static void print_all_options(const struct argp *argp)
{
	for (const struct argp_option *o = argp->options; o && !is_end(o); o++) {
		if (!is_value(o))
			print_option(o);
	}
	for (const struct argp_child *c = argp->children; c && c->argp; c++)
		print_all_options(c->argp);
}

/* Returns an exit status. */
static int print_completions(const struct argp *all)
{
	const char *usage = all->children[0].argp->args_doc;

	for (size_t i = 0; i < NR_KINDS; i++) {
		if (strstr(usage, kinds[i].argument))
			print_completion("*", kinds[i].argument, kinds[i].completes, "-");
	}
	print_all_options(all);
	return finish_output();
}

/* Parsing */

static const struct argp_option help_options[] = {
	OPTION("help", 'h', NULL, "print this"),
	{ 0 },
};

static error_t parse_help(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		/*
		 * getopt prints what is wrong with an option. argp would add a message that names options which do not
		 * exist here.
		 */
		state->err_stream = NULL;
		return 0;
	case 'h':
		return -ECANCELED;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp help_argp = { .options = help_options, .parser = parse_help };

int parse_options(const struct argp *argp, unsigned int flags, int argc, char **argv, void *input)
{
	const struct argp_child children[] = { { argp, 0, NULL, 0 }, { &help_argp, 0, NULL, -1 }, { 0 } };
	const struct argp all = { .children = children };
	int at;

	command = argv[0];
	if (argc == 2 && !strcmp(argv[1], "--completions"))
		return -print_completions(&all);
	switch (argp_parse(&all, argc, argv, flags | ARGP_NO_HELP | ARGP_NO_EXIT, &at, input)) {
	case 0:
		return at;
	case -ECANCELED:
		return -print_help(&all);
	case ENOMEM:
		return -fail("%s", strerror(ENOMEM));
	default:
		return -see_help();
	}
}
