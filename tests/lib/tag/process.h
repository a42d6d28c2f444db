/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * process.h - processes to be looked at: programs, one whose memory lies, one that loads a library and closes it
 *
 * The caller ends each process. If something goes wrong here, the test fails.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Returns the path of a file in the directory with the programs and libraries that `programs` has built. Valid until
 * the next call.
 */
extern const char *dir;
const char *in_dir(const char *name);

/* Starts a program and waits until it runs its main(). @input: its standard input. */
pid_t start_process(const char *name, int *input);
void end_process(pid_t pid, int input);

/* A process that overwrites what the dynamic linker has written with any words. */
struct liar {
	pid_t pid;
	int to, from;
	uint64_t words[2];	/* the right ones */
};

/* @type: the type of the relocation whose words these are. */
void start_liar(struct liar *liar, const char *library, unsigned int type);
void lie(struct liar *liar, uint64_t first, uint64_t second);
void end_liar(struct liar *liar);

/* A process that loads a library or closes it again, each time it gets a byte; then it sends a byte. */
pid_t start_loader(const char *library, int *to, int *from);

#endif /* PROCESS_H */
