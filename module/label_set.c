// SPDX-License-Identifier: GPL-2.0-only
/*
 * label_set.c - what is a label set, and what is not
 */
#include "label_set.h"
#include "profbuf_uapi.h"

bool profbuf_label_set_is_valid(const char *text, unsigned int bytes, unsigned int count)
{
	unsigned int i, ends = 0;

	if (!bytes || bytes > PROFBUF_LABELS_BYTES || text[bytes - 1] || !text[0])
		return false;
	for (i = 0; i < bytes; i++) {
		if (text[i])
			continue;
		ends++;
		/* After a value comes a key, which must not be empty. */
		if (ends % 2 == 0 && i + 1 < bytes && !text[i + 1])
			return false;
	}
	return ends % 2 == 0 && ends / 2 <= PROFBUF_LABELS_MAX && (!count || ends / 2 == count);
}
