// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.c - profbuf report: where the time went
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"

static const char help[] =
	"usage: profbuf report [options] [FILE]\n"
	"\n"
	"Says what a profile (" DEFAULT_FILE ") adds up to, then where the time went: self is the share of samples\n"
	"taken there, total the share of samples with it anywhere on the stack. Shares are of the samples delivered.\n"
	"\n"
	"  -b, --by KEY           symbol (default), object, process, thread, cpu or tag\n"
	"  -g, --grep TEXT        only rows whose name or object has TEXT\n"
	"      --min-percent P    only rows with at least P % of the samples in total\n"
	"      --min-samples N    only rows with at least N samples in total\n"
	"  -n, --limit N          at most N rows\n"
	"  -j, --json             as one JSON object\n"
	"  -h, --help             this\n";

enum by { BY_SYMBOL, BY_OBJECT, BY_PROCESS, BY_THREAD, BY_CPU, BY_TAG, NR_BY };

static const char *const by_names[] = { "symbol", "object", "process", "thread", "cpu", "tag" };

struct row {
	const char *name;
	const char *object;	/* "" unless by symbol */
	uint64_t self, total;
	size_t last_stack;	/* + 1: a stack counts once, however often the row is on it */
};

/* A name that no one else has. */
struct label {
	char text[64];
};

struct report {
	enum by by;
	const char *grep;
	double min_percent;
	uint64_t min_samples;
	uint64_t limit;
	bool json;

	const struct profbuf_profile *profile;
	const struct profbuf_accounting *accounting;
	uint64_t samples;
	uint64_t frames, unknown_frames;
	struct row *rows;
	size_t n;
	struct label *labels;	/* not in the rows, which are sorted */
};

static double share(uint64_t part, uint64_t of)
{
	return of ? part * 100.0 / of : 0;
}

/* Symbols and objects have ids: a row for each. */
static bool count_frames(struct report *r, const uint64_t *weights)
{
	const struct profbuf_symbol *const *symbols;
	size_t nr_symbols = profbuf_profile_symbols(r->profile, &symbols);
	const struct profbuf_frame *frames;
	const struct profbuf_stack *stacks;
	size_t i, nr_stacks = profbuf_profile_stacks(r->profile, &stacks);
	unsigned int k;

	profbuf_profile_frames(r->profile, &frames);
	for (i = 0; i < nr_symbols; i++) {
		size_t id = r->by == BY_SYMBOL ? symbols[i]->id : symbols[i]->object->id;

		if (id >= r->n)
			r->n = id + 1;
	}
	r->rows = calloc(r->n + 1, sizeof(*r->rows));
	if (!r->rows)
		return false;
	for (i = 0; i < nr_stacks; i++) {
		for (k = 0; k < stacks[i].nr_kernel + stacks[i].nr_user; k++) {
			const struct profbuf_symbol *symbol = frames[stacks[i].frames[k]].symbol;
			struct row *row = &r->rows[r->by == BY_SYMBOL ? symbol->id : symbol->object->id];

			row->name = r->by == BY_SYMBOL ? symbol->name : symbol->object->name;
			row->object = r->by == BY_SYMBOL ? symbol->object->name : "";
			if (!k)
				row->self += weights[i];
			if (row->last_stack != i + 1)
				row->total += weights[i];
			row->last_stack = i + 1;
		}
	}
	return true;
}

static uint64_t key_of(const struct report *r, const struct profbuf_event *e, const struct profbuf_stack *stacks)
{
	switch (r->by) {
	case BY_PROCESS:
		return (uint64_t)stacks[e->stack].program << 32;
	case BY_THREAD:
		return (uint64_t)stacks[e->stack].program << 32 | e->tid;
	case BY_CPU:
		return e->cpu;
	default:
		return e->tag;
	}
}

static const char *label(const struct report *r, struct label *label, uint64_t key)
{
	const struct profbuf_program *const *programs, *program;

	profbuf_profile_programs(r->profile, &programs);
	switch (r->by) {
	case BY_PROCESS:
		program = programs[key >> 32];
		snprintf(label->text, sizeof(label->text), "%s (%u)", program->comm, program->pid);
		break;
	case BY_THREAD:
		program = programs[key >> 32];
		snprintf(label->text, sizeof(label->text), "%s (%u/%u)", program->comm, program->pid, (uint32_t)key);
		break;
	case BY_CPU:
		snprintf(label->text, sizeof(label->text), "CPU %" PRIu64, key);
		break;
	default:
		if (key)
			snprintf(label->text, sizeof(label->text), "0x%" PRIx64, key);
		else
			strcpy(label->text, "[no tag]");
	}
	return label->text;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool count_events(struct report *r)
{
	const struct profbuf_event *events;
	const struct profbuf_stack *stacks;
	size_t i, n = profbuf_profile_events(r->profile, &events);
	uint64_t *keys = calloc(n + 1, sizeof(*keys));
	struct row *row = NULL;

	r->rows = calloc(n + 1, sizeof(*r->rows));
	r->labels = calloc(n + 1, sizeof(*r->labels));
	if (!keys || !r->rows || !r->labels) {
		free(keys);
		return false;
	}
	profbuf_profile_stacks(r->profile, &stacks);
	for (i = 0; i < n; i++)
		keys[i] = key_of(r, &events[i], stacks);
	qsort(keys, n, sizeof(*keys), by_value);
	for (i = 0; i < n; i++) {
		if (!i || keys[i] != keys[i - 1]) {
			row = &r->rows[r->n];
			row->name = label(r, &r->labels[r->n++], keys[i]);
			row->object = "";
		}
		row->self++;
		row->total++;
	}
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
		for (k = 0; k < stacks[i].nr_kernel + stacks[i].nr_user; k++) {
			r->frames += weights[i];
			r->unknown_frames += frames[stacks[i].frames[k]].symbol->unknown ? weights[i] : 0;
		}
	}
}

static int by_weight(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->self != y->self)
		return x->self < y->self ? 1 : -1;
	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return x->total ? strcmp(x->name, y->name) : 0;
}

static bool wanted(const struct report *r, const struct row *row)
{
	return row->total && (!r->grep || strstr(row->name, r->grep) || strstr(row->object, r->grep)) &&
	       row->total >= r->min_samples && share(row->total, r->samples) >= r->min_percent;
}

static uint64_t sideband_lost(const struct profbuf_accounting *a)
{
	return a->sideband_lost[0] + a->sideband_lost[1] + a->sideband_lost[2] + a->sideband_lost[3];
}

static void print_verdict(const struct profbuf_accounting *a)
{
	fputs("# ", stdout);
	switch (a->verdict) {
	case PROFBUF_EXACT:
		print_accounting(stdout, &a->sum.counters);
		puts(": adds up, on every CPU");
		break;
	case PROFBUF_WRONG:
		print_accounting(stdout, &a->sum.counters);
		printf(": DOES NOT ADD UP with the stream, first on CPU %u\n", a->wrong_cpu);
		break;
	case PROFBUF_UNFINISHED:
		puts("no final counters: the recording was cut short");
		break;
	}
	if (sideband_lost(a))
		printf("# %" PRIu64 " descriptions of processes are missing: their frames are unknown\n",
		       sideband_lost(a));
}

static void print_header(const struct report *r, const char *path)
{
	const struct profbuf_stream_info *info = profbuf_profile_info(r->profile);
	time_t start = (info->time + info->realtime_offset) / 1000000000;
	double seconds = profbuf_profile_duration(r->profile) / 1e9;
	const char *source = profbuf_source_name(info->source);
	int err = profbuf_profile_kernel_symbols(r->profile);
	char date[64];

	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", gmtime(&start));
	printf("# %s: %s, %s %s, %u CPUs\n", path, date, info->release, info->machine, info->nr_cpus);
	if (info->source == PROFBUF_SOURCE_PERF_CYCLES)
		printf("# %.1f s, a sample every %" PRIu64 " cycles\n", seconds, (uint64_t)info->period);
	else
		printf("# %.1f s at %.6g Hz, %s\n", seconds, 1e9 / info->period, source ? source : "unknown source");
	printf("# %" PRIu64 " samples, %" PRIu64 " lost in %" PRIu64 " gaps, %.1f %% of frames unknown\n", r->samples,
	       r->accounting->sum.lost, r->accounting->sum.loss_records, share(r->unknown_frames, r->frames));
	print_verdict(r->accounting);
	if (err && info->kernel_depth)
		printf("# no kernel symbols: %s\n",
		       err == -ESTALE ? "the file has none, and this is another kernel or boot" :
		       err == -EPERM ? "/proc/kallsyms hides them from this user" : strerror(-err));
	putchar('\n');
}

static void print_rows(const struct report *r)
{
	const char *bold = "", *plain = "";
	uint64_t shown = 0;
	size_t i;

	if (isatty(STDOUT_FILENO)) {
		bold = "\033[1m";
		plain = "\033[m";
	}
	printf("%s%8s %8s  %-42s %s%s\n", bold, "self %", "total %", by_names[r->by],
	       r->by == BY_SYMBOL ? "object" : "", plain);
	for (i = 0; i < r->n && shown < r->limit; i++) {
		if (!wanted(r, &r->rows[i]))
			continue;
		printf("%8.2f %8.2f  %-42s %s\n", share(r->rows[i].self, r->samples),
		       share(r->rows[i].total, r->samples), r->rows[i].name, r->rows[i].object);
		shown++;
	}
}

static void print_json(const struct report *r)
{
	const struct profbuf_stream_info *info = profbuf_profile_info(r->profile);
	const struct profbuf_counters *c = &r->accounting->sum.counters;
	enum profbuf_verdict verdict = r->accounting->verdict;
	uint64_t shown = 0;
	size_t i;

	printf("{\"samples\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"period\":%" PRIu64 ",", r->samples,
	       r->accounting->sum.lost, (uint64_t)info->period);
	printf("\"complete\":%s,\"exact\":%s,", verdict == PROFBUF_UNFINISHED ? "false" : "true",
	       verdict == PROFBUF_EXACT ? "true" : "false");
	printf("\"frames\":%" PRIu64 ",\"unknown_frames\":%" PRIu64 ",", r->frames, r->unknown_frames);
	printf("\"sideband_lost\":%" PRIu64 ",", sideband_lost(r->accounting));
	printf("\"counters\":{\"ticks\":%llu,\"delivered\":%llu,\"lost\":%llu,\"missed\":%llu",
	       (unsigned long long)c->ticks, (unsigned long long)c->delivered, (unsigned long long)c->lost,
	       (unsigned long long)c->missed);
	for (i = 0; i < PROFBUF_NR_SKIPS; i++)
		printf(",\"skipped_%s\":%llu", profbuf_skip_name(i), (unsigned long long)c->skipped[i]);
	printf("},\"by\":\"%s\",\"rows\":[", by_names[r->by]);
	for (i = 0; i < r->n && shown < r->limit; i++) {
		if (!wanted(r, &r->rows[i]))
			continue;
		printf("%s\n{\"name\":", shown++ ? "," : "");
		print_json_string(stdout, r->rows[i].name);
		if (r->by == BY_SYMBOL) {
			fputs(",\"object\":", stdout);
			print_json_string(stdout, r->rows[i].object);
		}
		printf(",\"self\":%" PRIu64 ",\"total\":%" PRIu64 "}", r->rows[i].self, r->rows[i].total);
	}
	puts("]}");
}

static int report(struct report *r, const char *path)
{
	uint64_t *weights = stack_weights(r->profile);
	bool ok;

	r->accounting = profbuf_profile_accounting(r->profile);
	r->samples = r->accounting->sum.samples;
	ok = weights && (r->by <= BY_OBJECT ? count_frames(r, weights) : count_events(r));
	if (!ok) {
		free(weights);
		return fail("%s", strerror(ENOMEM));
	}
	count_unknown(r, weights);
	free(weights);
	qsort(r->rows, r->n, sizeof(*r->rows), by_weight);
	if (r->json) {
		print_json(r);
	} else {
		print_header(r, path);
		print_rows(r);
	}
	return finish_output();
}

static bool parse_by(const char *name, enum by *by)
{
	for (*by = 0; *by < NR_BY; (*by)++) {
		if (!strcmp(name, by_names[*by]))
			return true;
	}
	fail("--by takes symbol, object, process, thread, cpu or tag, not \"%s\"", name);
	return false;
}

enum { OPT_MIN_PERCENT = 256, OPT_MIN_SAMPLES };

static const struct option options[] = {
	{ "by", required_argument, NULL, 'b' },
	{ "grep", required_argument, NULL, 'g' },
	{ "min-percent", required_argument, NULL, OPT_MIN_PERCENT },
	{ "min-samples", required_argument, NULL, OPT_MIN_SAMPLES },
	{ "limit", required_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

int cmd_report(int argc, char **argv)
{
	struct report r = { .limit = UINT64_MAX };
	struct profbuf_profile *profile;
	const char *path;
	double value;
	int option, status;

	while ((option = getopt_long(argc, argv, "b:g:n:jh", options, NULL)) != -1) {
		switch (option) {
		case 'b':
			if (!parse_by(optarg, &r.by))
				return EXIT_USAGE;
			break;
		case 'g':
			r.grep = optarg;
			break;
		case OPT_MIN_PERCENT:
			if (!parse_number("--min-percent", optarg, 0, 100, &r.min_percent))
				return EXIT_USAGE;
			break;
		case OPT_MIN_SAMPLES:
			if (!parse_number("--min-samples", optarg, 0, 1e18, &value))
				return EXIT_USAGE;
			r.min_samples = value;
			break;
		case 'n':
			if (!parse_number("-n", optarg, 0, 1e18, &value))
				return EXIT_USAGE;
			r.limit = value;
			break;
		case 'j':
			r.json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output();
		default:
			return EXIT_USAGE;
		}
	}
	profile = load_profile(argc, argv, &path);
	if (!profile)
		return EXIT_FAILED;
	r.profile = profile;
	status = report(&r, path);
	free(r.rows);
	free(r.labels);
	profbuf_profile_free(profile);
	return status;
}
