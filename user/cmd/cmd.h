/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cmd.h - the commands, and what they share
 */
#ifndef PROFBUF_CMD_H
#define PROFBUF_CMD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "profbuf.h"
#include "profile/profile.h"

/* Exit codes. record passes on the exit code of the command that it ran. */
#define EXIT_OK		0
#define EXIT_FAILED	1	/* the reason was printed */
#define EXIT_USAGE	2

#define DEFAULT_FILE	"profile.profbuf"

/*
 * One pass of reading takes no longer than this, because there may always be more to read. After a pass the command
 * looks at signals, keys and clocks again.
 */
#define PASS_NS		100000000ULL

int cmd_record(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_script(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_tag(int argc, char **argv);

/* Prints "profbuf: ..." to standard error. Returns EXIT_FAILED. */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints what went wrong with the device, and what to do about it. Returns EXIT_FAILED. */
int fail_device(int err);

/* Reads a number from the command line, within bounds. Returns 0, or -EINVAL after it has printed what is wrong. */
int parse_number(const char *option, const char *text, double min, double max, double *value);

/* Does the same for a number without a fraction. */
int parse_whole(const char *option, const char *text, double min, double max, uint64_t *value);

/* Is standard output a terminal? If so, prints that binary output is not for a terminal. */
bool is_binary_to_terminal(void);

/* The time of CLOCK_MONOTONIC. */
uint64_t now_ns(void);

/*
 * read_profile() - reads the file @path, or standard input if @path is "-"
 * @status: gets the status of what was read; it is no regular file if that was standard input. NULL: not wanted. If it
 * is not NULL, the opened file may replace standard input.
 *
 * Return: the profile; NULL after printing what is wrong.
 */
struct profbuf_profile *read_profile(const char *path, const struct profbuf_profile_options *options,
				     struct stat *status);

/*
 * Reads the one profile named in @files, an array that ends with NULL, or DEFAULT_FILE if the array is empty. @status
 * and the return value are as for read_profile().
 */
struct profbuf_profile *load_profile(char **files, const struct profbuf_profile_options *options, const char **path,
				     struct stat *status);

/* The number of samples of each stack, by the stack's id. The caller frees it. NULL: no memory. */
uint64_t *stack_weights(const struct profbuf_profile *profile);

/* text.c: the length of the UTF-8 character at @text, which is not at its end. 0: there is no valid character. */
size_t utf8_bytes(const char *text);

/*
 * Returns the control character that @text begins with, or -1 if it begins with another character or is not UTF-8.
 * Here, invisible characters and characters that change the order of others are control characters, too.
 */
int control_character(const char *text);

/*
 * Prints at most @width characters of @text. A control character becomes ?, and bytes that are not UTF-8 become U+FFFD,
 * so that a process's name cannot steer the terminal or look like another name. Returns how many were printed.
 */
size_t print_harmless(FILE *f, const char *text, size_t width);

/* Prints "ticks 100 = delivered 90 + lost 0 + skipped 10 (idle 10) + missed 0". */
void print_accounting(FILE *f, const struct profbuf_counters *counters);

struct json;

/* Prints "ticks":100,"delivered":90,..., as members of an object. */
void print_json_counters(struct json *json, const struct profbuf_counters *counters);

/* Prints in one line what became of the ticks, and whether the counters add up. */
void print_verdict(FILE *f, const struct profbuf_accounting *accounting);

/*
 * tag_losses.c: prints "12 samples' tags could not be read (fault 10, bad 2)".
 * @lost: counts by enum profbuf_tag_cause
 */
void print_tags_lost(FILE *f, const uint64_t lost[8]);

/* Prints a line for each kind of loss; most often there is none. */
struct recorder_tag_losses;
void print_tag_losses(FILE *f, const struct recorder_tag_losses *losses);

/* Checks that everything written to standard output has arrived. Returns EXIT_OK, or EXIT_FAILED after printing why. */
int finish_output(void);

#endif /* PROFBUF_CMD_H */
