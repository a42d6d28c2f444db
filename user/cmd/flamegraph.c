// SPDX-License-Identifier: GPL-2.0-only
/*
 * flamegraph.c - a profile as one SVG file for a browser
 *
 * Every frame is a <g> with its left edge and width in samples, and its depth. A script in the file draws the frames to
 * the window's width, shows the widest frames first, zooms on a click and searches. The script needs nothing outside
 * the file. Without the script the file shows the whole graph.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"

#define WIDTH		1200
#define ROW		17
#define HEAD		64
#define MIN_PIXELS	0.1	/* narrower frames are left out to save bytes */

struct node {
	const char *name;
	char kind;		/* u: user, k: kernel, p: process, t: tag, l: lost, ?: unknown */
	uint64_t count;
	struct node *children, *next;
};

static struct node *child_of(struct node *parent, const char *name, char kind)
{
	struct node *n;

	for (n = parent->children; n; n = n->next) {
		if (n->kind == kind && !strcmp(n->name, name))
			return n;
	}
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->name = name;
	n->kind = kind;
	n->next = parent->children;
	parent->children = n;
	return n;
}

static void free_nodes(struct node *n)
{
	while (n) {
		struct node *next = n->next;

		free_nodes(n->children);
		free(n);
		n = next;
	}
}

/* @tag: the outermost frame; NULL: the process is the outermost frame. */
static bool add_stack(struct node *root, const char *tag, const char *comm, const struct profbuf_stack *s,
		      const struct profbuf_frame *frames, uint64_t weight)
{
	struct node *n = root;
	int k;

	if (tag) {
		n = child_of(n, tag, 't');
		if (!n)
			return false;
		n->count += weight;
	}
	n = child_of(n, comm, 'p');
	if (!n)
		return false;
	n->count += weight;
	for (k = s->nr_kernel + s->nr_user; k-- > 0;) {
		const struct profbuf_symbol *symbol = frames[s->frames[k]].symbol;

		n = child_of(n, symbol->name, symbol->unknown ? '?' : k < s->nr_kernel ? 'k' : 'u');
		if (!n)
			return false;
		n->count += weight;
	}
	root->count += weight;
	return true;
}

static bool build(struct node *root, const struct profbuf_profile *profile, const struct tag_values *tags)
{
	uint64_t lost = lost_weight(profile);
	const struct profbuf_program *const *programs;
	const struct profbuf_frame *frames;
	const struct profbuf_stack *stacks;
	size_t i, n;
	struct tag_stack *counted = tag_stacks(profile, tags, &n);
	struct node *node;
	bool ok = counted;

	profbuf_profile_stacks(profile, &stacks);
	profbuf_profile_programs(profile, &programs);
	profbuf_profile_frames(profile, &frames);
	for (i = 0; ok && i < n; i++) {
		const struct profbuf_stack *stack = &stacks[counted[i].stack];

		ok = add_stack(root, tags ? tags->names[counted[i].value] : NULL, programs[stack->program]->comm,
			       stack, frames, counted[i].samples);
	}
	free(counted);
	if (ok && lost) {
		node = child_of(root, "[lost]", 'l');
		ok = node;
		if (ok) {
			node->count = lost;
			root->count += lost;
		}
	}
	return ok;
}

static unsigned int depth_of(const struct node *n, double least)
{
	unsigned int deepest = 0;

	for (const struct node *c = n->children; c; c = c->next) {
		unsigned int depth = c->count >= least ? 1 + depth_of(c, least) : 0;

		if (depth > deepest)
			deepest = depth;
	}
	return deepest;
}

/*
 * Control characters are not shown; XML allows only some of them. XML does not allow the last two characters of the
 * BMP, either.
 */
static bool is_shown(const char *text, size_t n)
{
	return n && control_character(text) < 0 && (memcmp(text, "\xef\xbf", 2) || (unsigned char)text[2] < 0xbe);
}

/* Prints at most @max characters. */
static void print_text(FILE *f, const char *text, size_t max)
{
	for (size_t n; *text && max; text += n ? n : 1, max--) {
		n = utf8_bytes(text);
		switch (*text) {
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '&':
			fputs("&amp;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		default:
			if (is_shown(text, n))
				fwrite(text, 1, n, f);
			else
				fputs("\xef\xbf\xbd", f);
		}
	}
}

/* The hue depends on the kind and the shade on the name, so a frame looks the same in every picture. */
static void print_colour(FILE *f, const struct node *n)
{
	unsigned int hash = 5381, hue;

	for (const char *c = n->name; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	switch (n->kind) {
	case 'k':
		hue = 205 + hash % 20;
		break;
	case 'u':
		hue = 22 + hash % 28;
		break;
	case 'l':
		hue = 0;
		break;
	case 'p':
		hue = 130;
		break;
	case 't':
		hue = 280;
		break;
	default:
		fprintf(f, "hsl(0,0%%,%u%%)", 72 + hash / 32 % 10);
		return;
	}
	fprintf(f, "hsl(%u,%u%%,%u%%)", hue, n->kind == 'p' || n->kind == 't' ? 25 : 78,
		n->kind == 'l' ? 55 : 66 + hash / 32 % 10);
}

static int by_name(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
	int order = strcmp(x->name, y->name);

	return order ? order : x->kind - y->kind;
}

static bool print_node(FILE *f, const struct node *n, const struct node *root, uint64_t left, unsigned int depth,
		       unsigned int deepest, double least)
{
	double scale = (double)WIDTH / root->count;
	double x = left * scale, width = n->count * scale;
	unsigned int y = HEAD + (deepest - depth) * ROW;
	size_t nr = 0, i = 0;
	struct node **order;
	bool ok = true;

	/* In a damaged file the sum of counts may overflow. */
	if (width > WIDTH)
		width = WIDTH;
	fprintf(f, "<g data-x=\"%" PRIu64 "\" data-w=\"%" PRIu64 "\" data-d=\"%u\"><title>", left, n->count, depth);
	print_text(f, n->name, SIZE_MAX);
	fprintf(f, " (%" PRIu64 " samples, %.2f %%)</title>", n->count, n->count * 100.0 / root->count);
	fprintf(f, "<rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\" fill=\"", x, y, width, ROW - 1);
	print_colour(f, n);
	fprintf(f, "\"/><text x=\"%.2f\" y=\"%u\">", x + 3, y + ROW - 5);
	/* A letter is seven pixels wide. */
	if (width > 28)
		print_text(f, n->name, (width - 6) / 7);
	fputs("</text></g>\n", f);

	for (const struct node *c = n->children; c; c = c->next)
		nr++;
	order = calloc(nr + 1, sizeof(*order));
	if (!order)
		return false;
	for (struct node *c = n->children; c; c = c->next)
		order[i++] = c;
	qsort(order, nr, sizeof(*order), by_name);
	for (i = 0; i < nr && ok; i++) {
		if (order[i]->count >= least)
			ok = print_node(f, order[i], root, left, depth + 1, deepest, least);
		left += order[i]->count;
	}
	free(order);
	return ok;
}

/* The build turns these files into strings. */
static const char style[] =
#include "flamegraph.css.h"
;

static const char script[] =
#include "flamegraph.js.h"
;

bool export_flamegraph(FILE *f, struct profbuf_profile *profile, const struct export_options *options)
{
	const struct profbuf_accounting *accounting = profbuf_profile_accounting(profile);
	struct node root = { .name = "all", .kind = '?' };
	unsigned int deepest, height;
	bool ok = build(&root, profile, options->root);
	double least;

	if (!ok)
		goto out;
	if (!root.count)
		root.count = 1;
	least = root.count * MIN_PIXELS / WIDTH;
	deepest = depth_of(&root, least);
	height = HEAD + (deepest + 1) * ROW + 30;

	fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" viewBox=\"0 0 %d %u\" width=\"%d\" height=\"%u\">\n",
		WIDTH, height, WIDTH, height);
	fprintf(f, "<style>\n%s</style>\n", style);
	ok = print_node(f, &root, &root, 0, 0, deepest, least);
	/* The head stays above the frames wherever they are scrolled to. */
	fprintf(f, "<g id=\"head\"><rect width=\"100%%\" height=\"%d\" fill=\"#fff\"/>\n", HEAD - 2);
	fputs("<text id=\"title\" x=\"8\" y=\"22\">", f);
	print_text(f, options->path, 120);
	fputs("</text>\n<text class=\"note\" x=\"8\" y=\"42\">", f);
	print_verdict(f, accounting);
	fputs("</text>\n<text class=\"note\" x=\"8\" y=\"57\">orange: user, blue: kernel, grey: unknown, red: lost"
	      "</text>\n"
	      "<text id=\"reset\" class=\"button\" x=\"960\" y=\"22\" style=\"display:none\">reset zoom</text>\n"
	      "<text id=\"search\" class=\"button\" x=\"1080\" y=\"22\">search</text>\n"
	      "<text id=\"found\" class=\"note\" x=\"1040\" y=\"57\"></text></g>\n", f);
	fprintf(f, "<script><![CDATA[\n%s]]></script>\n</svg>\n", script);
out:
	free_nodes(root.children);
	return ok;
}
