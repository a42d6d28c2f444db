/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kallsyms.h - the symbols of a kernel
 */
#ifndef PROFBUF_KALLSYMS_H
#define PROFBUF_KALLSYMS_H

#include <stdbool.h>
#include <stdint.h>

struct profbuf_kallsyms;

/**
 * profbuf_kallsyms_load() - load a kernel's symbols
 * @kallsyms: set to the symbols
 * @path: a file like /proc/kallsyms
 *
 * Return: 0; -EPERM: the kernel hides the addresses from this user; -errno of open() and read(); -ENOMEM.
 */
int profbuf_kallsyms_load(struct profbuf_kallsyms **kallsyms, const char *path);
void profbuf_kallsyms_free(struct profbuf_kallsyms *kallsyms);

/**
 * profbuf_kallsyms_find() - find the symbol that contains an address
 * @kallsyms: the symbols
 * @address: any address
 * @name: set
 * @module: set; "" for the kernel itself
 * @start: set
 * @end: set
 *
 * Return: true; false if the address lies in no code.
 */
bool profbuf_kallsyms_find(const struct profbuf_kallsyms *kallsyms, uint64_t address, const char **name,
			   const char **module, uint64_t *start, uint64_t *end);

/* Returns the address of a symbol of the kernel itself, not of a module; 0: there is none. */
uint64_t profbuf_kallsyms_address(const struct profbuf_kallsyms *kallsyms, const char *name);

#endif /* PROFBUF_KALLSYMS_H */
