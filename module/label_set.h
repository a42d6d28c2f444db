/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * label_set.h - what is a label set, and what is not
 */
#ifndef PROFBUF_LABEL_SET_H
#define PROFBUF_LABEL_SET_H

#include <linux/types.h>

/* Is @text that of a label set with @count labels? 0: with any number of labels. */
bool profbuf_label_set_is_valid(const char *text, unsigned int bytes, unsigned int count);

#endif /* PROFBUF_LABEL_SET_H */
