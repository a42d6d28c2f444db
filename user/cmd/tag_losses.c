// SPDX-License-Identifier: GPL-2.0-only
/*
 * tag_losses.c - what kept samples from having their tags
 */
#include <inttypes.h>

#include "cmd.h"

void print_tags_lost(FILE *f, const uint64_t lost[8])
{
	const char *separator = " (";
	uint64_t all = 0;
	unsigned int i;

	for (i = 0; i < 8; i++)
		all += lost[i];
	fprintf(f, "%" PRIu64 " samples' tags could not be read", all);
	for (i = 0; i < 8; i++) {
		const char *name = profbuf_tag_cause_name(i);

		if (!lost[i])
			continue;
		fprintf(f, "%s%s %" PRIu64, separator, name ? name : "unknown", lost[i]);
		separator = ", ";
	}
	fputs(all ? ")" : "", f);
}

void tag_losses_begin(struct tag_losses *t, const struct tag_finder *finder)
{
	*t = (struct tag_losses){ 0 };
	tag_finder_counts(finder, &t->before);
}

void tag_losses_add(struct tag_losses *t, const struct profbuf_record *record)
{
	const struct profbuf_tag_lost *lost = (const void *)record;

	for (unsigned int i = 0; record->type == PROFBUF_RECORD_TAG_LOST && i < 8; i++)
		t->lost[i] += lost->count[i];
}

void tag_losses_print(FILE *f, const struct tag_losses *t, const struct tag_finder *finder)
{
	struct tag_finder_counts now;
	uint64_t all = 0;

	for (unsigned int i = 0; i < 8; i++)
		all += t->lost[i];
	if (all) {
		fputs("profbuf: ", f);
		print_tags_lost(f, t->lost);
		fputc('\n', f);
	}
	tag_finder_counts(finder, &now);
	if (now.old_module)
		fputs("profbuf: the module is of a version that knows no tags of threads\n", f);
	const struct {
		uint64_t n;
		const char *why;
	} causes[] = {
		{ now.rights - t->before.rights, "no right to read /proc/PID/mem (CAP_SYS_PTRACE)" },
		{ now.full - t->before.full, "the module has no room for more" },
		{ now.slow - t->before.slow, "they were slow to answer, or never did" },
		{ now.given_up - t->before.given_up, "the variable was not in its place for too long" },
		{ now.failed - t->before.failed, "other reasons" },
	};
	const char *separator = "profbuf: processes whose own tags could not be looked for in time, or at all: ";

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if (!causes[i].n)
			continue;
		fprintf(f, "%s%" PRIu64 ": %s", separator, causes[i].n, causes[i].why);
		separator = "; ";
	}
	if (*separator == ';')
		fputc('\n', f);
}
