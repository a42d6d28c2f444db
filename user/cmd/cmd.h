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
#include "record/tag_finder.h"

/* Exit codes; record passes on that of the command it ran. */
#define EXIT_OK		0
#define EXIT_FAILED	1	/* said why */
#define EXIT_USAGE	2

#define DEFAULT_FILE	"profile.profbuf"

/* Reading goes on no longer than this before signals, keys and clocks are looked at again: there may always be more. */
#define PASS_NS		100000000ULL

int cmd_record(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_script(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_tag(int argc, char **argv);

/* "profbuf: ..." to standard error. Returns EXIT_FAILED. */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What went wrong with the device, and what to do about it. Returns EXIT_FAILED. */
int fail_device(int err);

/* A number from the command line, within bounds. Returns 0, or -EINVAL after saying what is wrong. */
int parse_number(const char *option, const char *text, double min, double max, double *value);

/* Likewise one without a fraction. */
int parse_whole(const char *option, const char *text, double min, double max, uint64_t *value);

/* Whether standard output is a terminal; says that it must not be. */
bool is_binary_to_terminal(void);

/* CLOCK_MONOTONIC. */
uint64_t now_ns(void);

/*
 * @status: that of what was read, which is no regular file if it is standard input; NULL: not asked for. Standard input
 * may be the file then. Returns NULL after saying what is wrong.
 */
struct profbuf_profile *read_profile(const char *path, const struct profbuf_profile_options *options,
				     struct stat *status);

/*
 * Likewise the one profile in @files, which end with NULL, or DEFAULT_FILE if there is none. Returns NULL after saying
 * what is wrong.
 */
struct profbuf_profile *load_profile(char **files, const struct profbuf_profile_options *options, const char **path,
				     struct stat *status);

/* Samples of each stack, by its id; free() it. NULL: no memory. */
uint64_t *stack_weights(const struct profbuf_profile *profile);

/* For qsort() and bsearch() of what begins with a uint64_t. */
int by_word(const void *a, const void *b);

/* text.c: length of the UTF-8 character at text, which is not its end; 0: there is none. */
size_t utf8_bytes(const char *text);

/*
 * The control character that text begins with; -1: it begins with another, or with what is no UTF-8. Such are here also
 * those that nobody sees, and those that change the order in which others are shown.
 */
int control_character(const char *text);

/*
 * At most @width characters of @text; control characters are ?, and what is no UTF-8 is U+FFFD: what a process calls
 * itself steers no terminal, and is what is seen. Returns how many.
 */
size_t print_harmless(FILE *f, const char *text, size_t width);

/* Control characters are escaped; what is not UTF-8 becomes U+FFFD. */
void print_json_string(FILE *f, const char *text);

/* "ticks 100 = delivered 90 + lost 0 + skipped 10 (idle 10) + missed 0" */
void print_accounting(FILE *f, const struct profbuf_counters *counters);

/* What became of the ticks, and whether it adds up, in one line. */
void print_verdict(FILE *f, const struct profbuf_accounting *accounting);

/* "12 samples' tags could not be read (fault 10, bad 2)": counts by enum profbuf_tag_cause. */
void print_tags_lost(FILE *f, const uint64_t lost[8]);

/* What kept the samples of a session from having their tags (tag_losses.c). */
struct tag_losses {
	uint64_t lost[8];	/* samples, by enum profbuf_tag_cause */
	struct profbuf_tag_finder_counts before;	/* the finder's, when sampling began */
};

/*
 * After the finder's scan: it looks at all processes, also at those that are never sampled. Those that are it looks at
 * again.
 */
void tag_losses_begin(struct tag_losses *losses, const struct profbuf_tag_finder *finder);
void tag_losses_add(struct tag_losses *losses, const struct profbuf_record *record);

/* A line for each thing there is to say; most often there is none. */
void tag_losses_print(FILE *f, const struct tag_losses *losses, const struct profbuf_tag_finder *finder);

/* Everything written to standard output has arrived. Returns EXIT_OK or, after saying so, EXIT_FAILED. */
int finish_output(void);

#endif /* PROFBUF_CMD_H */
