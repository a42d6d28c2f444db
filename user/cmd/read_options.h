/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * read_options.h - the options of commands that read a profile
 */
#ifndef PROFBUF_READ_OPTIONS_H
#define PROFBUF_READ_OPTIONS_H

#include "options.h"
#include "tags.h"

struct read_options {
	struct tag_filter filter;	/* freed by tag_filter_free() */
	bool inlines;
};

/* The input of its parser is a struct read_options. */
extern const struct argp read_argp;

#endif /* PROFBUF_READ_OPTIONS_H */
