// SPDX-License-Identifier: GPL-2.0-only
/*
 * export_folded.c - a line for each stack: root;...;leaf count
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"

/* The name of a symbol in a form that the format allows. */
struct name {
	char *text;
	size_t bytes;
};

/* The format separates frames by ';' and lines by '\n'. So a frame's name may contain neither. */
static bool make_name(struct name *name, const char *text)
{
	FILE *f = open_memstream(&name->text, &name->bytes);

	if (!f)
		return false;
	for (size_t n; *text; text += n ? n : 1) {
		n = utf8_bytes(text);
		if (*text == ';' || *text == '\n')
			fputc(*text == ';' ? ':' : ' ', f);
		else
			print_harmless(f, text, 1);
	}
	return !fclose(f);
}

static void print_root(FILE *f, const char *comm)
{
	for (size_t n; *comm; comm += n ? n : 1) {
		n = utf8_bytes(comm);
		if (*comm == ' ' || *comm == ';' || *comm == '\n')
			fputc('_', f);
		else
			print_harmless(f, comm, 1);
	}
}

/* The format's suffix for the kind of code of a frame. */
static const char *suffix_of(const struct profbuf_frame *frame, bool kernel)
{
	if (kernel)
		return "_[k]";
	if (frame->inlined)
		return "_[i]";
	return frame->symbol->unknown || strcmp(frame->symbol->object->name, "[jit]") ? "" : "_[j]";
}

static void print_stacks(FILE *f, const struct profbuf_profile *profile, const struct name *names,
			 const struct tag_stack *counted, size_t n, const struct tag_values *root)
{
	uint64_t lost = lost_weight(profile);
	const struct profbuf_program *const *programs;
	const struct profbuf_frame *frames;
	const struct profbuf_stack *stacks;
	unsigned int k;
	size_t i;

	profbuf_profile_programs(profile, &programs);
	profbuf_profile_frames(profile, &frames);
	profbuf_profile_stacks(profile, &stacks);
	for (i = 0; i < n; i++) {
		const struct profbuf_stack *stack = &stacks[counted[i].stack];

		if (root) {
			print_root(f, root->names[counted[i].value]);
			fputc_unlocked(';', f);
		}
		print_root(f, programs[stack->program]->comm);
		for (k = stack_depth(stack); k-- > 0;) {
			const struct profbuf_frame *frame = &frames[stack->frames[k]];
			const struct name *name = &names[frame->symbol->id];

			fputc_unlocked(';', f);
			fwrite_unlocked(name->text, 1, name->bytes, f);
			fputs_unlocked(suffix_of(frame, k < stack->nr_kernel), f);
		}
		fprintf(f, " %" PRIu64 "\n", counted[i].samples);
	}
	if (lost)
		fprintf(f, "[lost] %" PRIu64 "\n", lost);
}

bool export_folded(FILE *f, struct profbuf_profile *profile, const struct export_options *options)
{
	const struct profbuf_symbol *const *symbols;
	size_t i, nr_counted, n = profbuf_profile_symbols(profile, &symbols);
	struct name *names = calloc(n + 1, sizeof(*names));
	struct tag_stack *counted = tag_stacks(profile, options->root, &nr_counted);
	bool ok = names && counted;

	for (i = 0; i < n && ok; i++)
		ok = make_name(&names[i], symbols[i]->name);
	if (ok)
		print_stacks(f, profile, names, counted, nr_counted, options->root);
	for (i = 0; names && i < n; i++)
		free(names[i].text);
	free(names);
	free(counted);
	return ok;
}
