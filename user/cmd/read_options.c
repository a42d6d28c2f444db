// SPDX-License-Identifier: GPL-2.0-only
/*
 * read_options.c - the options of commands that read a profile
 */
#include <errno.h>

#include "read_options.h"

enum { OPT_TAG = OPTION_KEYS, OPT_INLINES };

static const struct argp_option options[] = {
	OPTION("tag", OPT_TAG, "TERM", "only samples whose tag matches: KEY=VALUE has the label, KEY has one of that "
	       "name, !KEY has none, !KEY=VALUE has not that one. Several: all of it. The process's comm and cgroup "
	       "are labels, too. A tag whose meaning is not known is none of it. Losses stay."),
	OPTION("inlines", OPT_INLINES, NULL,
	       "inlined functions as if they were called, where there is debug information"),
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct read_options *o = state->input;

	switch (key) {
	case OPT_TAG:
		return tag_filter_add(&o->filter, arg) ? 0 : -EINVAL;
	case OPT_INLINES:
		o->inlines = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp read_argp = { .options = options, .parser = parse_option };
