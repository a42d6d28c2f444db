// SPDX-License-Identifier: GPL-2.0-only
/*
 * tag_losses.c - what kept samples from having their tags
 */
#include <inttypes.h>

#include "cmd.h"
#include "record/recorder.h"

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

void print_tag_losses(FILE *f, const struct recorder_tag_losses *losses)
{
	uint64_t all = 0;

	for (unsigned int i = 0; i < 8; i++)
		all += losses->samples[i];
	if (all) {
		fputs("profbuf: ", f);
		print_tags_lost(f, losses->samples);
		fputc('\n', f);
	}
	if (losses->old_module)
		fputs("profbuf: the module is of a version that knows no tags of threads\n", f);
	const struct {
		uint64_t n;
		const char *why;
	} causes[] = {
		{ losses->rights, "no right to read /proc/PID/mem (CAP_SYS_PTRACE)" },
		{ losses->full, "the module has no room for more" },
		{ losses->slow, "they were slow to answer, or never did" },
		{ losses->given_up, "the variable was not in its place for too long" },
		{ losses->failed, "other reasons" },
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
