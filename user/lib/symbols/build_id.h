/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * build_id.h - the build id of a file
 */
#ifndef PROFBUF_BUILD_ID_H
#define PROFBUF_BUILD_ID_H

#include <stddef.h>
#include <stdint.h>

/* Return: the length of the build id, copied to @build_id if it fits; 0: none; -errno: no ELF file. */
int elf_build_id(int fd, uint8_t *build_id, size_t max);

#endif /* PROFBUF_BUILD_ID_H */
