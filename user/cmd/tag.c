// SPDX-License-Identifier: GPL-2.0-only
/*
 * tag.c - profbuf tag: labels for a process, from outside
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "options.h"

/* The text of a label set, made from arguments. */
struct labels {
	char text[PROFBUF_LABELS_BYTES];
	size_t bytes;
	unsigned int n;
};

static bool has_key(const struct labels *labels, const char *key, size_t bytes)
{
	const char *at = labels->text;

	for (unsigned int i = 0; i < labels->n; i++) {
		if (strlen(at) == bytes && !memcmp(at, key, bytes))
			return true;
		at += strlen(at) + 1;
		at += strlen(at) + 1;
	}
	return false;
}

/* Rejects text that would make trouble when it is read later. */
static bool is_text(const char *text)
{
	for (size_t n; *text; text += n) {
		n = utf8_bytes(text);
		if (!n || control_character(text) >= 0)
			return false;
	}
	return true;
}

/* Returns false after printing what is wrong. */
static bool add_label(struct labels *labels, const char *argument)
{
	const char *equals = strchr(argument, '=');
	size_t key_bytes = equals ? equals - argument : 0, bytes = strlen(argument) + 1;

	if (!key_bytes) {
		fail("a label is KEY=VALUE, not \"%s\"", argument);
	} else if (!is_text(argument)) {
		fail("a label is text in UTF-8, without control characters: number %u is not", labels->n + 1);
	} else if (has_key(labels, argument, key_bytes)) {
		fail("there are two labels %.*s", (int)key_bytes, argument);
	} else if (labels->n == PROFBUF_LABELS_MAX) {
		fail("%d labels at most", PROFBUF_LABELS_MAX);
	} else if (labels->bytes + bytes > sizeof(labels->text)) {
		fail("the labels are longer than %d bytes together", PROFBUF_LABELS_BYTES);
	} else {
		memcpy(labels->text + labels->bytes, argument, bytes);
		labels->text[labels->bytes + key_bytes] = 0;
		labels->bytes += bytes;
		labels->n++;
		return true;
	}
	return false;
}

static int fail_tag(int err, uint32_t id, bool thread)
{
	const char *what = thread ? "thread" : "process";

	switch (err) {
	case -ESRCH:
		return fail("there is no %s %u", what, id);
	case -EPERM:
		return fail("%s %u is another user's", what, id);
	case -ENOENT:
		return fail("%s %u has no labels from here", what, id);
	case -ENOSPC:
		return fail("as many processes have labels as can have: remove some");
	case -ENOTTY:
	case -EOPNOTSUPP:
		return fail("the module that is loaded has no tags");
	default:
		return fail("%s %u: %s", what, id, strerror(-err));
	}
}

/* What the user asked for. */
struct tagging {
	bool thread, delete;
	uint32_t id;
	struct labels labels;
};

static int parse_id(const char *name, const char *text, uint32_t *id)
{
	uint64_t value = 0;
	int err = parse_whole(name, text, 1, INT32_MAX, &value);

	*id = value;
	return err;
}

static const struct argp_option options[] = {
	OPTION("tid", 't', "TID", "only this thread"),
	OPTION("delete", 'd', NULL, "remove the labels, from all that have inherited them, too; what another user "
	       "has set, from this process only"),
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct tagging *t = state->input;

	switch (key) {
	case 't':
		t->thread = true;
		return parse_id("-t", arg, &t->id);
	case 'd':
		t->delete = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options, .parser = parse_option,
	.args_doc = "PID KEY=VALUE...\n-t TID KEY=VALUE...\n-d PID\n-d -t TID",
	.doc = "Gives a process, or a thread, a label set, in place of the one it had from here. Samples of it, and "
	       "of all it creates from now on, carry the labels, in every recording that takes tags. They end with "
	       "the process, or with -d. Threads that have labels of their own keep those. A thread keeps its labels "
	       "if it executes another program; children that have inherited a label set keep it if another one takes its place.\v"
	       "At most 16 labels, and 640 bytes of keys and values, each with a byte for its end.",
};

/* @arguments end with NULL. Returns false after printing what is wrong. */
static bool parse_arguments(struct tagging *t, char **arguments)
{
	if (!t->thread) {
		if (!*arguments) {
			fail("whose labels? a PID, or -t TID");
			return false;
		}
		if (parse_id("PID", *arguments++, &t->id))
			return false;
	}
	if (t->delete == !!*arguments) {
		fail(t->delete ? "-d takes no labels: it removes all" :
				 "which labels? KEY=VALUE, or -d to remove them");
		return false;
	}
	while (*arguments && add_label(&t->labels, *arguments))
		arguments++;
	return !*arguments;
}

int cmd_tag(int argc, char **argv)
{
	struct profbuf_session *session;
	struct tagging t = { 0 };
	int err, at = parse_options(&argp, ARGP_NO_ARGS, argc, argv, &t);
	uint32_t flags;

	if (at <= 0)
		return -at;
	if (!parse_arguments(&t, argv + at))
		return see_help();
	err = profbuf_session_open(&session);
	if (err)
		return fail_device(err);
	flags = (t.thread ? PROFBUF_TAG_THREAD : 0) | (t.delete ? PROFBUF_TAG_REMOVE : PROFBUF_TAG_STAY);
	err = profbuf_session_tag(session, t.id, flags, t.labels.text, t.labels.bytes);
	profbuf_session_close(session);
	return err ? fail_tag(err, t.id, t.thread) : EXIT_OK;
}
