/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * options.h - options of commands: declared once, in tables of argp
 *
 * Parsing, --help, messages about values and the completions of shells all come from the tables. A command has a struct
 * argp: its table, the function that takes its options, the arguments in its usage line, and the text that --help
 * prints before the options and, after \v, behind them. Options that several commands share are argp children:
 * session_argp, read_argp.
 *
 * The name of an argument says what a shell completes: FILE, PID, CGROUP and COMMAND are known, also in the usage
 * lines.
 */
#ifndef PROFBUF_OPTIONS_H
#define PROFBUF_OPTIONS_H

#include <argp.h>

/*
 * Rows of a table. Argp sorts the options of one group by name. So each row is a group of its own and stays in its
 * place. A child is in the group that comes next.
 */
#define OPTION(name, key, argument, doc)	{ name, key, argument, 0, doc, __LINE__ }
/* An option whose argument may be missing. */
#define OPTION_OR_NOT(name, key, argument, doc)	{ name, key, argument, OPTION_ARG_OPTIONAL, doc, __LINE__ }
/*
 * One of the values of the option above, which takes no other values. @name may be PREFIX:NAME, which stands for all
 * values that begin with PREFIX:.
 */
#define VALUE(name, value, doc)			{ name, value, NULL, OPTION_DOC, doc, __LINE__ }
#define CHILD(argp)				{ argp, 0, NULL, __LINE__ }

/* In each table, the first key of an option without a letter. */
#define OPTION_KEYS	256

/*
 * parse_options() - parses the options of a command
 * @argp: the command's; its parser returns -EINVAL after it has printed what is wrong
 * @flags: ARGP_NO_ARGS: options end at the first argument; 0: options may stand behind arguments
 * @argv: the first element is the command's name, in the form that users type
 *
 * It also handles --help, and "profbuf COMMAND --completions", which the completions of shells call.
 *
 * Return: the position in @argv where the arguments begin; or the exit status, negated, if nothing is left to do.
 */
int parse_options(const struct argp *argp, unsigned int flags, int argc, char **argv, void *input);

/* After a message about what was wrong, prints where the options of the command are explained. Returns EXIT_USAGE. */
int see_help(void);

/*
 * parse_value() - finds the value that the user gave an option
 * @options: the table with the option and its values
 * @text: what the user gave; NULL: nothing, and a message says that there must be a value
 * @name: gets what stands after PREFIX:, or NULL; may be NULL if no value has a PREFIX:
 *
 * Return: 0, or -EINVAL after printing the possible values.
 */
error_t parse_value(const struct argp_option *options, int key, const char *text, int *value, const char **name);

/* The name of an option's value. The value must be in the table. */
const char *value_name(const struct argp_option *options, int key, int value);

/* Prints the options of @argp with their meanings, as --help shows them. */
void print_options(const struct argp *argp, FILE *f);

/*
 * print_completion() - prints one line for the completions of shells
 * @names: the names of an option, or of a command, separated by spaces; "*": the line is about the command's arguments
 * @argument: the argument's name; NULL: there is none; [NAME]: the argument may be missing
 * @completes: file, process, cgroup, command, or values and then the values; NULL: nothing
 * @doc: what the option or command means
 *
 * The fields are separated by tabs; "-" stands for an empty field.
 */
void print_completion(const char *names, const char *argument, const char *completes, const char *doc);

#endif /* PROFBUF_OPTIONS_H */
