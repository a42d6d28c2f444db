/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session_options.h - the options of commands that open a session of their own
 *
 * They are parsed before there is a session, so that an error is reported whether or not the module is loaded.
 */
#ifndef PROFBUF_SESSION_OPTIONS_H
#define PROFBUF_SESSION_OPTIONS_H

#include "cmd.h"
#include "options.h"

struct session_options {
	uint64_t period;		/* here and below: 0 is the module's default */
	uint32_t source;
	uint32_t filter;
	uint64_t filter_id;
	const char *cgroup;		/* as the user gave it; filter_id is its descriptor, which stays open */
	uint32_t ring_bytes;
	uint32_t depth;
	bool some_depth;
	const char *cpu_list;		/* as the user gave it; NULL: all CPUs */
	bool no_kernel, no_user, idle;
	unsigned char cpus[1024];
};

/* The input of its parser is a struct session_options. */
extern const struct argp session_argp;

/* @options must stay valid as long as @config is used. */
void apply_session_options(const struct session_options *options, struct profbuf_config *config);

/* Prints why the module does not configure or start a session. Returns EXIT_FAILED. */
int fail_config(const struct profbuf_session *session, int err);

#endif /* PROFBUF_SESSION_OPTIONS_H */
