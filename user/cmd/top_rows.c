// SPDX-License-Identifier: GPL-2.0-only
/*
 * top_rows.c - what the samples of a refresh interval add up to
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "top.h"

const char *const top_sort_names[] = { "self", "total", "name" };

static uint64_t event_key(const struct profbuf_event *e, const struct profbuf_stack *stacks, enum top_by by)
{
	switch (by) {
	case TOP_PROCESS:
		return stacks[e->stack].program;
	case TOP_THREAD:
		return (uint64_t)stacks[e->stack].program << 32 | e->tid;
	default:
		return e->cpu;
	}
}

static uint64_t symbol_key(const struct profbuf_symbol *symbol, enum top_by by)
{
	return by == TOP_SYMBOL ? symbol->id : symbol->object->id;
}

/* @e: an event of the row. */
static void name_row(struct top_row *row, const struct profbuf_profile *profile, enum top_by by,
		     const struct profbuf_event *e)
{
	const struct profbuf_program *const *programs;

	row->object = "";
	profbuf_profile_programs(profile, &programs);
	switch (by) {
	case TOP_PROCESS:
		snprintf(row->name, sizeof(row->name), "%s (%u)", programs[row->key]->comm, programs[row->key]->pid);
		break;
	case TOP_THREAD:
		snprintf(row->name, sizeof(row->name), "%s (%u/%u)", profbuf_profile_thread_name(profile, e),
			 programs[row->key >> 32]->pid, e->tid);
		break;
	default:
		snprintf(row->name, sizeof(row->name), "CPU %" PRIu64, row->key);
	}
}

static void name_symbol(struct top_row *row, const struct profbuf_symbol *symbol, enum top_by by)
{
	row->object = by == TOP_SYMBOL ? symbol->object->name : "";
	snprintf(row->name, sizeof(row->name), "%s", by == TOP_SYMBOL ? symbol->name : symbol->object->name);
}

/* Symbols and objects have ids without gaps. There is a row for each id; most rows are empty. */
static bool count_frames(struct top_rows *rows, const struct profbuf_profile *profile, enum top_by by)
{
	const struct profbuf_symbol *const *symbols;
	size_t nr_symbols = profbuf_profile_symbols(profile, &symbols);
	uint64_t *weights = stack_weights(profile);
	const struct profbuf_frame *frames;
	const struct profbuf_stack *stacks;
	size_t i, nr_stacks = profbuf_profile_stacks(profile, &stacks);
	unsigned int k;

	profbuf_profile_frames(profile, &frames);
	for (i = 0; i < nr_symbols; i++) {
		if (symbol_key(symbols[i], by) >= rows->n)
			rows->n = symbol_key(symbols[i], by) + 1;
	}
	rows->all = calloc(rows->n + 1, sizeof(*rows->all));
	if (!rows->all || !weights) {
		free(weights);
		return false;
	}
	for (i = 0; i < nr_stacks; i++) {
		for (k = 0; k < stacks[i].nr_kernel + stacks[i].nr_user; k++) {
			const struct profbuf_symbol *symbol = frames[stacks[i].frames[k]].symbol;
			struct top_row *row = &rows->all[symbol_key(symbol, by)];

			if (!row->total) {
				row->key = symbol_key(symbol, by);
				name_symbol(row, symbol, by);
			}
			if (!k)
				row->self += weights[i];
			if (row->last_stack != i + 1)
				row->total += weights[i];
			row->last_stack = i + 1;
		}
	}
	free(weights);
	return true;
}

/* An event with the key of its row. */
struct keyed {
	uint64_t key;
	const struct profbuf_event *event;
};

static bool count_events(struct top_rows *rows, const struct profbuf_profile *profile, enum top_by by)
{
	const struct profbuf_event *events;
	const struct profbuf_stack *stacks;
	size_t i, n = profbuf_profile_events(profile, &events);
	struct keyed *keys = calloc(n + 1, sizeof(*keys));
	size_t distinct = 0;

	if (!keys)
		return false;
	profbuf_profile_stacks(profile, &stacks);
	for (i = 0; i < n; i++)
		keys[i] = (struct keyed){ event_key(&events[i], stacks, by), &events[i] };
	if (n)
		qsort(keys, n, sizeof(*keys), by_word);
	for (i = 0; i < n; i++)
		distinct += !i || keys[i].key != keys[i - 1].key;
	rows->all = calloc(distinct + 1, sizeof(*rows->all));
	for (i = 0; rows->all && i < n; i++) {
		if (!i || keys[i].key != keys[i - 1].key) {
			rows->all[rows->n].key = keys[i].key;
			name_row(&rows->all[rows->n++], profile, by, keys[i].event);
		}
		rows->all[rows->n - 1].self += keys[i].event->weight;
		rows->all[rows->n - 1].total += keys[i].event->weight;
	}
	free(keys);
	return rows->all;
}

static int compare_names(const struct top_row *x, const struct top_row *y)
{
	int order = strcmp(x->name, y->name);

	return order ? order : x->key < y->key ? -1 : x->key > y->key;
}

static int by_self(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;

	if (x->self != y->self)
		return x->self < y->self ? 1 : -1;
	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return compare_names(x, y);
}

static int by_total(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;

	return x->total == y->total ? by_self(a, b) : x->total < y->total ? 1 : -1;
}

static int by_name(const void *a, const void *b)
{
	return compare_names(a, b);
}

/* Drops the rows that are not shown, and sorts the others. */
static void arrange(struct top_rows *rows, enum top_sort sort, const char *filter)
{
	static int (*const orders[])(const void *, const void *) = { by_self, by_total, by_name };
	size_t i, n = 0;

	for (i = 0; i < rows->n; i++) {
		struct top_row *row = &rows->all[i];

		if (row->total && (!*filter || strcasestr(row->name, filter) || strcasestr(row->object, filter)))
			rows->all[n++] = *row;
	}
	rows->n = n;
	if (n)
		qsort(rows->all, n, sizeof(*rows->all), orders[sort]);
}

/* A sample has a weight above 1 where the rate was lowered. */
static uint64_t count_samples(const struct profbuf_profile *profile)
{
	const struct profbuf_event *events;
	size_t i, n = profbuf_profile_events(profile, &events);
	uint64_t samples = 0;

	for (i = 0; i < n; i++)
		samples += events[i].weight;
	return samples;
}

bool top_rows_make(struct top_rows *rows, const struct profbuf_profile *profile, const struct top_view *view)
{
	bool ok;

	*rows = (struct top_rows){ .samples = count_samples(profile) };
	if (view->by <= TOP_OBJECT)
		ok = count_frames(rows, profile, view->by);
	else
		ok = count_events(rows, profile, view->by);
	if (ok)
		arrange(rows, view->sort, view->filter);
	else
		top_rows_free(rows);
	return ok;
}

/*
 * Returns the caller of the key's innermost frame in a stack. NULL: it has no caller, or the key is not on the stack.
 */
static const struct profbuf_symbol *caller_of(const struct profbuf_stack *stack, const struct profbuf_frame *frames,
					      enum top_by by, uint64_t key, bool *there)
{
	unsigned int k, n = stack->nr_kernel + stack->nr_user;

	for (k = 0; k < n && symbol_key(frames[stack->frames[k]].symbol, by) != key; k++)
		;
	*there = k < n;
	/* For an object, the caller is the next frame in another object. */
	for (k++; k < n; k++) {
		if (by == TOP_SYMBOL || symbol_key(frames[stack->frames[k]].symbol, by) != key)
			return frames[stack->frames[k]].symbol;
	}
	return NULL;
}

bool top_rows_explain(struct top_rows *rows, const struct profbuf_profile *profile, enum top_by by, uint64_t key)
{
	const struct profbuf_symbol *const *symbols;
	size_t i, n, nr_symbols = profbuf_profile_symbols(profile, &symbols);
	const struct profbuf_event *events;
	const struct profbuf_stack *stacks;
	const struct profbuf_frame *frames;

	n = profbuf_profile_events(profile, &events);
	profbuf_profile_stacks(profile, &stacks);
	profbuf_profile_frames(profile, &frames);
	*rows = (struct top_rows){ .n = nr_symbols + 1, .samples = count_samples(profile) };
	rows->all = calloc(rows->n, sizeof(*rows->all));
	if (!rows->all)
		return false;
	for (i = 0; i < n; i++) {
		const struct profbuf_stack *stack = &stacks[events[i].stack];
		const struct profbuf_symbol *symbol = frames[stack->frames[0]].symbol;
		struct top_row *row;
		bool there;

		if (by <= TOP_OBJECT)
			symbol = caller_of(stack, frames, by, key, &there);
		else
			there = event_key(&events[i], stacks, by) == key;
		if (!there)
			continue;
		row = &rows->all[symbol ? symbol->id : nr_symbols];
		if (!row->total && symbol) {
			name_symbol(row, symbol, TOP_SYMBOL);
		} else if (!row->total) {
			strcpy(row->name, "[no caller known]");
			row->object = "";
		}
		row->self += events[i].weight;
		row->total += events[i].weight;
	}
	arrange(rows, TOP_SELF, "");
	return true;
}

void top_rows_free(struct top_rows *rows)
{
	free(rows->all);
	*rows = (struct top_rows){ 0 };
}
