/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * options.h - options of commands: declared once, in tables of argp
 *
 * Parsing, --help, messages about values, and the completions of shells come from the tables. A command has a struct
 * argp: its table, the function that takes its options, what follows its name in the lines of usage, and what --help
 * says before the options and, after \v, behind them. Options that commands share are a child: session_argp, read_argp.
 *
 * The name of an argument says what shells complete: FILE, PID, CGROUP and COMMAND are known, also in the lines of
 * usage.
 */
#ifndef PROFBUF_OPTIONS_H
#define PROFBUF_OPTIONS_H

#include <argp.h>

/*
 * Rows of a table. Argp sorts what is in one group by name; so each row is a group of its own, and stays where it is.
 * Children are in the group that comes next.
 */
#define OPTION(name, key, argument, doc)	{ name, key, argument, 0, doc, __LINE__ }
/* One that may come without its argument. */
#define OPTION_OR_NOT(name, key, argument, doc)	{ name, key, argument, OPTION_ARG_OPTIONAL, doc, __LINE__ }
/*
 * One of the values of the option above, which takes no other; @name may be PREFIX:NAME, which stands for all that
 * begin so.
 */
#define VALUE(name, value, doc)			{ name, value, NULL, OPTION_DOC, doc, __LINE__ }
#define CHILD(argp)				{ argp, 0, NULL, __LINE__ }

/* The first key of an option without a letter, in each table. */
#define OPTION_KEYS	256

/*
 * parse_options() - takes the options of a command
 * @argp: the command's; its parser returns -EINVAL after it has said what is wrong
 * @flags: ARGP_NO_ARGS: options end where the first argument is; 0: they may stand behind arguments
 * @argv: the first is the command's name, in the form that users type
 *
 * Does what --help asks for, too, and what the completions of shells ask for: "profbuf COMMAND --completions".
 *
 * Return: where in @argv the arguments begin; if nothing is left to do, the exit status, negated.
 */
int parse_options(const struct argp *argp, unsigned int flags, int argc, char **argv, void *input);

/* Says where the options of the command are explained, after what was wrong. Returns EXIT_USAGE. */
int see_help(void);

/*
 * parse_value() - the value that the user gave an option
 * @options: the table with the option and its values
 * @text: NULL: none was given; it is said that there has to be one
 * @name: what stands after PREFIX:, or NULL; may be NULL if no value has one
 *
 * Return: 0, or -EINVAL after saying what is possible.
 */
error_t parse_value(const struct argp_option *options, int key, const char *text, int *value, const char **name);

/* The name of an option's value, which is in the table. */
const char *value_name(const struct argp_option *options, int key, int value);

/* The options of @argp with what they mean, as --help has them. */
void print_options(const struct argp *argp, FILE *f);

/*
 * print_completion() - one line for the completions of shells
 * @names: of an option, or a command, separated by spaces; "*": it is what the command takes beside options
 * @argument: its name; NULL: there is none; [NAME]: it may be missing
 * @completes: file, process, cgroup, command, or values and then the values; NULL: nothing
 * @doc: what it means
 *
 * Separated by tabs; "-" stands for nothing.
 */
void print_completion(const char *names, const char *argument, const char *completes, const char *doc);

#endif /* PROFBUF_OPTIONS_H */
