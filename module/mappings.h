/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mappings.h - a process's executable mappings, and the files behind them
 */
#ifndef PROFBUF_MAPPINGS_H
#define PROFBUF_MAPPINGS_H

#include <linux/types.h>

struct list_head;
struct mm_struct;
struct profbuf_request;

/**
 * profbuf_mappings_signature() - a hash of the mappings, to tell whether they were described before
 * @mm: the memory map
 *
 * Context: mmap_lock held.
 */
u64 profbuf_mappings_signature(struct mm_struct *mm);

/**
 * profbuf_mappings_describe() - make a record of each mapping
 * @r: the request for a process that has memory, r->mm
 * @buf: for paths
 * @size: of @buf, bytes
 * @max: bytes that all records may have
 * @notes: the records are put at its end
 * @nr: the number of records is added to it
 *
 * Context: mmap_lock of r->mm held; may sleep.
 * Return: 0; -ENOMEM; -E2BIG: there are more records than @max. After an error, some records may be in @notes.
 */
int profbuf_mappings_describe(const struct profbuf_request *r, char *buf, int size, size_t max, struct list_head *notes,
			      u32 *nr);

#endif /* PROFBUF_MAPPINGS_H */
