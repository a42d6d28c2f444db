// SPDX-License-Identifier: GPL-2.0-only
/*
 * export_folded.c - a line for each stack: root;...;leaf count
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"

/* A symbol as the format can have it. */
struct name {
	const char *text;
	size_t bytes;
};

/* Frames are separated by ';', lines by '\n': neither is in a frame. */
static bool make_name(struct name *name, const char *text)
{
	char *copy;

	name->text = text;
	name->bytes = strlen(text);
	if (!strpbrk(text, ";\n"))
		return true;
	copy = strdup(text);
	if (!copy)
		return false;
	name->text = copy;
	for (; *copy; copy++)
		*copy = *copy == ';' ? ':' : *copy == '\n' ? ' ' : *copy;
	return true;
}

static void print_comm(FILE *f, const char *comm)
{
	for (; *comm; comm++)
		fputc(*comm == ' ' || *comm == ';' || *comm == '\n' ? '_' : *comm, f);
}

static void print_stacks(FILE *f, const struct profbuf_profile *profile, const struct name *names,
			 const uint64_t *weights)
{
	uint64_t lost = profbuf_profile_accounting(profile)->sum.lost;
	const struct profbuf_program *const *programs;
	const struct profbuf_frame *frames;
	const struct profbuf_stack *stacks;
	size_t i, n = profbuf_profile_stacks(profile, &stacks);
	unsigned int k;

	profbuf_profile_programs(profile, &programs);
	profbuf_profile_frames(profile, &frames);
	for (i = 0; i < n; i++) {
		print_comm(f, programs[stacks[i].program]->comm);
		for (k = stack_depth(&stacks[i]); k-- > 0;) {
			const struct name *name = &names[frames[stacks[i].frames[k]].symbol->id];

			fputc_unlocked(';', f);
			fwrite_unlocked(name->text, 1, name->bytes, f);
			if (k < stacks[i].nr_kernel)
				fwrite_unlocked("_[k]", 1, 4, f);
		}
		fprintf(f, " %" PRIu64 "\n", weights[i]);
	}
	if (lost)
		fprintf(f, "[lost] %" PRIu64 "\n", lost);
}

bool export_folded(FILE *f, struct profbuf_profile *profile, const char *path __attribute__((unused)))
{
	const struct profbuf_symbol *const *symbols;
	size_t i, n = profbuf_profile_symbols(profile, &symbols);
	struct name *names = calloc(n + 1, sizeof(*names));
	uint64_t *weights = stack_weights(profile);
	bool ok = names && weights;

	for (i = 0; i < n && ok; i++)
		ok = make_name(&names[i], symbols[i]->name);
	if (ok)
		print_stacks(f, profile, names, weights);
	for (i = 0; names && i < n; i++) {
		if (names[i].text != symbols[i]->name)
			free((char *)names[i].text);
	}
	free(names);
	free(weights);
	return ok;
}
