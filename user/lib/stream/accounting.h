/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * accounting.h - the sums of what is no stream
 */
#ifndef PROFBUF_ACCOUNTING_H
#define PROFBUF_ACCOUNTING_H

#include "profbuf.h"

/* Adds to CPU 0 and to the sum. Nobody counted ticks, so this is not judged: the verdict stays PROFBUF_UNCOUNTED. */
void accounting_count(struct profbuf_accounting *accounting, uint64_t samples, uint64_t lost, uint64_t loss_records);

#endif /* PROFBUF_ACCOUNTING_H */
