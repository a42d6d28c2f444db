/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * process.h - processes to be looked at: programs, one whose memory lies, one that loads a library and closes it
 *
 * Who starts one has to end it. What fails, fails the test.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* Of the directory with the programs and libraries that `programs` has built. Valid until the next call. */
extern const char *dir;
const char *in_dir(const char *name);

/* A program that has run as far as its main(). @input: its standard input. */
pid_t start_process(const char *name, int *input);
void end_process(pid_t pid, int input);

/* A process that writes what it is told to where the dynamic linker has written. */
struct liar {
	pid_t pid;
	int to, from;
	uint64_t words[2];	/* the true ones */
};

/* @type: of the relocation whose words these are. */
void start_liar(struct liar *liar, const char *library, unsigned int type);
void lie(struct liar *liar, uint64_t first, uint64_t second);
void end_liar(struct liar *liar);

/* A process that loads a library and closes it again, each time it is told to: a byte to it; a byte from it, then. */
pid_t start_loader(const char *library, int *to, int *from);

#endif /* PROCESS_H */
