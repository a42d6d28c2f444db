// SPDX-License-Identifier: GPL-2.0-only
/*
 * tag.c - profbuf tag: labels for a process, from outside
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

static const char help[] =
	"usage: profbuf tag PID KEY=VALUE...\n"
	"       profbuf tag -t TID KEY=VALUE...\n"
	"       profbuf tag -d PID\n"
	"       profbuf tag -d -t TID\n"
	"\n"
	"Gives a process, or a thread, a label set, in place of the one it had from here. Samples of it, and of all\n"
	"it creates from now on, carry the labels, in every recording that takes tags. They end with the process, or\n"
	"with -d. Threads that have labels of their own keep those. A thread keeps its labels if it executes another\n"
	"program; children that have inherited a label set keep it if another one takes its place.\n"
	"\n"
	"  -t, --tid TID          only this thread\n"
	"  -d, --delete           remove the labels, from all that have inherited them, too; what another user has set,\n"
	"                         from this process only\n"
	"  -h, --help             this\n"
	"\n"
	"At most 16 labels, and 640 bytes of keys and values, each with a byte for its end.\n";

/* A label set's text, that is made of arguments. */
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

/* What would be trouble to read later is not let in. */
static bool is_text(const char *text)
{
	for (size_t n; *text; text += n) {
		n = utf8_bytes(text);
		if (!n || control_character(text) >= 0)
			return false;
	}
	return true;
}

/* Returns false after saying what is wrong. */
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

static const struct option options[] = {
	{ "tid", required_argument, NULL, 't' },
	{ "delete", no_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static bool parse_id(const char *name, const char *text, uint32_t *id)
{
	uint64_t value = 0;
	bool ok = parse_whole(name, text, 1, INT32_MAX, &value);

	*id = value;
	return ok;
}

int cmd_tag(int argc, char **argv)
{
	struct profbuf_session *session;
	struct labels labels = { 0 };
	bool thread = false, delete = false;
	uint32_t id = 0, flags;
	int option, err, given;

	while ((option = getopt_long(argc, argv, "+t:dh", options, NULL)) != -1) {
		switch (option) {
		case 't':
			if (!parse_id("-t", optarg, &id))
				return EXIT_USAGE;
			thread = true;
			break;
		case 'd':
			delete = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output();
		default:
			return EXIT_USAGE;
		}
	}
	if (!thread) {
		if (optind == argc) {
			fail("whose labels? a PID, or -t TID");
			return EXIT_USAGE;
		}
		if (!parse_id("PID", argv[optind++], &id))
			return EXIT_USAGE;
	}
	given = argc - optind;
	if (delete ? given : !given) {
		fail(delete ? "-d takes no labels: it removes all" : "which labels? KEY=VALUE, or -d to remove them");
		return EXIT_USAGE;
	}
	for (; optind < argc; optind++) {
		if (!add_label(&labels, argv[optind]))
			return EXIT_USAGE;
	}
	err = profbuf_session_open(&session);
	if (err)
		return fail_device(err);
	flags = (thread ? PROFBUF_TAG_THREAD : 0) | (delete ? PROFBUF_TAG_REMOVE : PROFBUF_TAG_STAY);
	err = profbuf_session_tag(session, id, flags, labels.text, labels.bytes);
	profbuf_session_close(session);
	return err ? fail_tag(err, id, thread) : EXIT_OK;
}
