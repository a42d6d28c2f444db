/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cmd.h - the commands, and what they share
 */
#ifndef PROFBUF_CMD_H
#define PROFBUF_CMD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "profbuf.h"

/* Exit codes; record passes on that of the command it ran. */
#define EXIT_OK		0
#define EXIT_FAILED	1	/* said why */
#define EXIT_USAGE	2

#define DEFAULT_FILE	"profile.profbuf"

int cmd_record(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_script(int argc, char **argv);
int cmd_export(int argc, char **argv);

/* "profbuf: ..." to standard error. Returns EXIT_FAILED. */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What went wrong with the device, and what to do about it. Returns EXIT_FAILED. */
int fail_device(int err);

/* A number from the command line, within bounds. Returns false after saying what is wrong. */
bool parse_number(const char *option, const char *text, double min, double max, double *value);

/* Returns NULL after saying what is wrong. */
struct profbuf_profile *read_profile(const char *path);

/* The profile in argv[optind], or in DEFAULT_FILE. Returns NULL after saying what is wrong. */
struct profbuf_profile *load_profile(int argc, char **argv, const char **path);

/* Samples of each stack, by its id; free() it. NULL: no memory. */
uint64_t *stack_weights(const struct profbuf_profile *profile);

void print_json_string(FILE *f, const char *text);

/* "ticks 100 = delivered 90 + lost 0 + skipped 10 (idle 10) + missed 0" */
void print_accounting(FILE *f, const struct profbuf_counters *counters);

/* Everything written to standard output has arrived. Returns EXIT_OK or, after saying so, EXIT_FAILED. */
int finish_output(void);

/* Flame graph of merged stacks as one SVG file (flamegraph.c). Returns false if memory is short. */
bool write_flamegraph(FILE *f, struct profbuf_profile *profile, const char *title);

#endif /* PROFBUF_CMD_H */
