// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_rows.c - adds up samples: by symbol, process, ..., and around one symbol
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "report.h"

double report_share(uint64_t part, uint64_t of)
{
	return of ? part * 100.0 / of : 0;
}

uint64_t report_samples(const struct profbuf_profile *profile)
{
	const struct profbuf_event *events;
	size_t i, n = profbuf_profile_events(profile, &events);
	uint64_t samples = 0;

	for (i = 0; i < n; i++)
		samples += events[i].weight;
	return samples;
}

bool report_has_time(const struct report *r, uint64_t time)
{
	return !r->part || (time >= r->from && time < r->to);
}

/* Counts the samples: all, those of each stack, and why stacks end. */
static uint64_t *count_samples(struct report *r)
{
	const struct profbuf_event *events;
	const struct profbuf_stack *stacks;
	size_t i, n = profbuf_profile_events(r->profile, &events);
	uint64_t *weights = calloc(profbuf_profile_stacks(r->profile, &stacks) + 1, sizeof(*weights));

	for (i = 0; weights && i < n; i++) {
		if (report_has_time(r, events[i].time)) {
			weights[events[i].stack] += events[i].weight;
			r->samples += events[i].weight;
			stops_add(&r->stops, &events[i]);
		}
	}
	return weights;
}

static void count_losses(struct report *r)
{
	const struct profbuf_loss *losses;
	size_t i, n = profbuf_profile_losses(r->profile, &losses);

	for (i = 0; i < n; i++) {
		if (report_has_time(r, losses[i].time)) {
			r->lost += losses[i].count;
			r->gaps++;
		}
	}
}

/* Compares lines of functions. All frames of a function that have no line count as one line. */
static int by_line(const void *a, const void *b, void *context)
{
	const struct profbuf_frame *frames = context;
	const struct profbuf_frame *x = &frames[*(const uint32_t *)a], *y = &frames[*(const uint32_t *)b];

	if (x->symbol != y->symbol)
		return x->symbol->id < y->symbol->id ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->file < y->file ? -1 : x->file > y->file;
}

static char *line_name(const struct profbuf_frame *f)
{
	char *name;

	if (f->line)
		return asprintf(&name, "%s:%u", f->file, f->line) < 0 ? NULL : name;
	return strdup(f->symbol->unknown ? "[unknown]" : "[no line]");
}

/* Makes a row for each different line; r->lines has the row of each frame. */
static bool find_lines(struct report *r)
{
	const struct profbuf_frame *frames;
	size_t i, n = profbuf_profile_frames(r->profile, &frames);
	uint32_t *order = calloc(n + 1, sizeof(*order));

	r->lines = calloc(n + 1, sizeof(*r->lines));
	r->line_names = calloc(n + 1, sizeof(*r->line_names));
	if (!order || !r->lines || !r->line_names) {
		free(order);
		return false;
	}
	for (i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), by_line, (void *)frames);
	for (i = 0; i < n; i++) {
		if (!i || by_line(&order[i - 1], &order[i], (void *)frames)) {
			r->line_names[r->nr_lines] = line_name(&frames[order[i]]);
			if (!r->line_names[r->nr_lines++])
				break;
		}
		r->lines[order[i]] = r->nr_lines - 1;
	}
	free(order);
	r->n = r->nr_lines;
	return i == n;
}

/* Makes a row for each symbol or object id, or for each line. */
static bool make_rows(struct report *r)
{
	const struct profbuf_symbol *const *symbols;
	size_t i, n = profbuf_profile_symbols(r->profile, &symbols);

	if (r->options->by == BY_LINE && !find_lines(r))
		return false;
	for (i = 0; i < n && r->options->by != BY_LINE; i++) {
		size_t id = r->options->by == BY_SYMBOL ? symbols[i]->id : symbols[i]->object->id;

		if (id >= r->n)
			r->n = id + 1;
	}
	r->rows = calloc(r->n + 1, sizeof(*r->rows));
	return r->rows;
}

static struct report_row *row_of(const struct report *r, const struct profbuf_frame *frames, uint32_t frame)
{
	const struct profbuf_symbol *symbol = frames[frame].symbol;
	struct report_row *row;

	switch (r->options->by) {
	case BY_SYMBOL:
		row = &r->rows[symbol->id];
		row->name = symbol->name;
		row->object = symbol->object->name;
		break;
	case BY_LINE:
		row = &r->rows[r->lines[frame]];
		row->name = r->line_names[r->lines[frame]];
		row->object = symbol->name;
		break;
	default:
		row = &r->rows[symbol->object->id];
		row->name = symbol->object->name;
		row->object = "";
	}
	return row;
}

static void count_frames(struct report *r, const uint64_t *weights)
{
	const struct profbuf_frame *frames;
	const struct profbuf_stack *stacks;
	size_t i, n = profbuf_profile_stacks(r->profile, &stacks);
	unsigned int k;

	profbuf_profile_frames(r->profile, &frames);
	for (i = 0; i < n; i++) {
		for (k = 0; weights[i] && k < stacks[i].nr_kernel + stacks[i].nr_user; k++) {
			struct report_row *row = row_of(r, frames, stacks[i].frames[k]);

			if (!k)
				row->self += weights[i];
			if (row->last_stack != i + 1)
				row->total += weights[i];
			row->last_stack = i + 1;
		}
	}
}

static bool is_symbol(const struct profbuf_symbol *symbol, const char *name)
{
	return !strcmp(symbol->name, name) || !strcmp(symbol->linkage_name, name);
}

/*
 * Counts in rows what is next to a symbol on the stacks. The row after the last id is for stacks that end there. A
 * stack counts once in each row, even if the symbol is on it more than once.
 */
static void count_neighbours(struct report *r, const uint64_t *weights)
{
	const char *name = r->options->callers ? r->options->callers : r->options->callees;
	int step = r->options->callers ? 1 : -1;
	const struct profbuf_frame *frames;
	const struct profbuf_stack *stacks;
	size_t i, n = profbuf_profile_stacks(r->profile, &stacks);

	profbuf_profile_frames(r->profile, &frames);
	for (i = 0; i < n; i++) {
		int k, depth = stacks[i].nr_kernel + stacks[i].nr_user;
		bool found = false;

		for (k = 0; weights[i] && k < depth; k++) {
			struct report_row *row = &r->rows[r->n];
			int next = k + step;

			if (!is_symbol(frames[stacks[i].frames[k]].symbol, name))
				continue;
			found = true;
			if (next >= 0 && next < depth)
				row = row_of(r, frames, stacks[i].frames[next]);
			if (row->last_stack != i + 1)
				row->total += weights[i];
			row->last_stack = i + 1;
		}
		r->samples_with += found ? weights[i] : 0;
	}
	r->rows[r->n].name = r->options->callers ? "[no caller]" : "[itself]";
	r->rows[r->n++].object = "";
}

#define NAMED_THREAD	(1ULL << 63)

/*
 * The key of a thread under one name: under another name it has another key. A thread without a known name has its
 * program's name.
 */
static uint64_t thread_key(const struct report *r, const struct profbuf_event *e, uint32_t program)
{
	uint32_t id = profbuf_profile_thread(r->profile, e);

	return (uint64_t)program << 32 | (id == PROFBUF_NO_THREAD ? e->tid : NAMED_THREAD | id);
}

static uint64_t key_of(const struct report *r, const struct profbuf_event *e, const struct profbuf_stack *stacks)
{
	switch (r->options->by) {
	case BY_PROCESS:
		return (uint64_t)stacks[e->stack].program << 32;
	case BY_THREAD:
		return thread_key(r, e, stacks[e->stack].program);
	case BY_CPU:
		return e->cpu;
	default:
		return tag_value(r->values, e, stacks[e->stack].program);
	}
}

static void name_thread(const struct report *r, struct report_text *to, uint64_t key)
{
	const struct profbuf_program *const *programs, *program;
	const struct profbuf_thread_name *threads, *thread;

	profbuf_profile_programs(r->profile, &programs);
	profbuf_profile_threads(r->profile, &threads);
	program = programs[(key & ~NAMED_THREAD) >> 32];
	thread = key & NAMED_THREAD ? &threads[(uint32_t)key] : NULL;
	snprintf(to->text, sizeof(to->text), "%s (%u/%u)", thread ? thread->comm : program->comm, program->pid,
		 thread ? thread->tid : (uint32_t)key);
}

static const char *name_of(const struct report *r, struct report_text *to, uint64_t key)
{
	const struct profbuf_program *const *programs, *program;

	profbuf_profile_programs(r->profile, &programs);
	switch (r->options->by) {
	case BY_PROCESS:
		program = programs[key >> 32];
		/* In two recordings the same process has different pids. */
		if (r->options->diff)
			snprintf(to->text, sizeof(to->text), "%s", program->comm);
		else
			snprintf(to->text, sizeof(to->text), "%s (%u)", program->comm, program->pid);
		break;
	case BY_THREAD:
		name_thread(r, to, key);
		break;
	case BY_CPU:
		snprintf(to->text, sizeof(to->text), "CPU %" PRIu64, key);
		break;
	default:
		return r->values->names[key];
	}
	return to->text;
}

/* The key of an event's row, and how many samples the event stands for. */
struct keyed {
	uint64_t key;
	uint64_t weight;
};

/* For tags that could not be read, only their number in the whole recording is known, not which samples they are. */
static void count_untagged(struct report *r, const struct keyed *keys, size_t n)
{
	uint64_t lost = profbuf_accounting_tags_lost(r->accounting);

	for (size_t i = 0; i < n; i++) {
		r->untagged += keys[i].key ? 0 : keys[i].weight;
		r->unknown_tags += r->values->unknown[keys[i].key] ? keys[i].weight : 0;
	}
	/* That number counts records, not their weights. */
	r->unread_unknown = lost && (r->part || r->options->read.filter.n || r->accounting->max_stride > 1);
	if (!r->unread_unknown) {
		r->unread_tags = lost < r->untagged ? lost : r->untagged;
		r->untagged -= r->unread_tags;
	}
}

const char *report_by_name(const struct report_options *o)
{
	return o->by == BY_TAG && o->tag_key ? o->tag_key : report_by_key(o->by);
}

const char *report_object_name(const struct report_options *o)
{
	return o->by == BY_SYMBOL ? "object" : o->by == BY_LINE ? "symbol" : "";
}

static bool count_events(struct report *r)
{
	const struct profbuf_event *events;
	const struct profbuf_stack *stacks;
	size_t i, n = 0, nr_rows = 0, nr_events = profbuf_profile_events(r->profile, &events);
	struct keyed *keys = calloc(nr_events + 1, sizeof(*keys));
	struct report_row *row = NULL;

	if (!keys)
		return false;
	profbuf_profile_stacks(r->profile, &stacks);
	for (i = 0; i < nr_events; i++) {
		if (report_has_time(r, events[i].time))
			keys[n++] = (struct keyed){ key_of(r, &events[i], stacks), events[i].weight };
	}
	if (n)
		qsort(keys, n, sizeof(*keys), by_word);
	for (i = 0; i < n; i++)
		nr_rows += !i || keys[i].key != keys[i - 1].key;
	r->rows = calloc(nr_rows + 1, sizeof(*r->rows));
	r->texts = calloc(nr_rows + 1, sizeof(*r->texts));
	if (!r->rows || !r->texts) {
		free(keys);
		return false;
	}
	for (i = 0; i < n; i++) {
		if (!i || keys[i].key != keys[i - 1].key) {
			row = &r->rows[r->n];
			row->name = name_of(r, &r->texts[r->n++], keys[i].key);
			row->object = "";
		}
		row->self += keys[i].weight;
		row->total += keys[i].weight;
	}
	if (r->options->by == BY_TAG)
		count_untagged(r, keys, n);
	free(keys);
	return true;
}

static void count_unknown(struct report *r, const uint64_t *weights)
{
	const struct profbuf_frame *frames;
	const struct profbuf_stack *stacks;
	size_t i, n = profbuf_profile_stacks(r->profile, &stacks);
	unsigned int k;

	profbuf_profile_frames(r->profile, &frames);
	for (i = 0; i < n; i++) {
		for (k = 0; weights[i] && k < stacks[i].nr_kernel + stacks[i].nr_user; k++) {
			r->frames += weights[i];
			r->unknown_frames += frames[stacks[i].frames[k]].symbol->unknown ? weights[i] : 0;
		}
	}
}

bool report_count(struct report *r)
{
	uint64_t *weights;
	bool ok;

	report_free(r);
	weights = count_samples(r);
	ok = weights;

	if (ok && r->options->by <= BY_OBJECT) {
		ok = make_rows(r);
		if (ok && (r->options->callers || r->options->callees))
			count_neighbours(r, weights);
		else if (ok)
			count_frames(r, weights);
	} else if (ok) {
		ok = count_events(r);
	}
	if (ok) {
		count_losses(r);
		count_unknown(r, weights);
	}
	free(weights);
	return ok;
}

void report_free(struct report *r)
{
	for (size_t i = 0; i < r->nr_lines; i++)
		free(r->line_names[i]);
	free(r->line_names);
	free(r->lines);
	free(r->rows);
	free(r->texts);
	*r = (struct report){
		.options = r->options, .profile = r->profile, .accounting = r->accounting, .path = r->path,
		.part = r->part, .from = r->from, .to = r->to, .values = r->values, .recorded = r->recorded,
	};
}

static int by_weight(const void *a, const void *b)
{
	const struct report_row *x = a, *y = b;

	if (x->self != y->self)
		return x->self < y->self ? 1 : -1;
	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return x->total ? strcmp(x->name, y->name) : 0;
}

void report_sort(struct report *r)
{
	if (r->n)
		qsort(r->rows, r->n, sizeof(*r->rows), by_weight);
}

bool report_matches(const struct report_options *o, const char *name, const char *object)
{
	return !o->grep || strstr(name, o->grep) || strstr(object, o->grep);
}

bool report_wants(const struct report *r, const struct report_row *row)
{
	const struct report_options *o = r->options;

	return row->total && report_matches(o, row->name, row->object) && row->total >= o->min_samples &&
	       report_share(row->total, r->samples) >= o->min_percent;
}
