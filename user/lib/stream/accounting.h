/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * accounting.h - the sums of files that are no stream
 */
#ifndef PROFBUF_ACCOUNTING_H
#define PROFBUF_ACCOUNTING_H

#include "profbuf.h"

/* Adds to CPU 0 and to the sum. Such a file has no counters of ticks to check: the verdict stays PROFBUF_UNCOUNTED. */
void accounting_count(struct profbuf_accounting *accounting, uint64_t samples, uint64_t lost, uint64_t loss_records);

#endif /* PROFBUF_ACCOUNTING_H */
