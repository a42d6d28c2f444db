/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report.h - the parts of profbuf report: counting, printing, and its two other forms
 */
#ifndef PROFBUF_REPORT_H
#define PROFBUF_REPORT_H

#include "read_options.h"

enum report_by { BY_SYMBOL, BY_LINE, BY_OBJECT, BY_PROCESS, BY_THREAD, BY_CPU, BY_TAG, NR_BY };

/* As it is given to --by. */
const char *report_by_key(enum report_by by);

/* What was asked for. */
struct report_options {
	enum report_by by;
	const char *tag_key;		/* BY_TAG: of one key; NULL: whole label sets */
	struct read_options read;
	const char *grep;
	double min_percent;
	uint64_t min_samples;
	uint64_t limit;
	bool json;
	double from, to;		/* seconds since the start; negative: before the end */
	bool has_from, has_to;
	const char *callers, *callees;	/* a symbol */
	bool diff;
	bool timeline;
	double buckets;			/* how many, or, */
	double bucket_seconds;		/* if not 0, how long each */
};

struct report_row {
	const char *name;
	const char *object;	/* by line: the function; "" unless by that or by symbol */
	uint64_t self, total;
	size_t last_stack;	/* + 1: a stack counts once, however often the row is on it */
};

/* What a row is. */
const char *report_by_name(const struct report_options *options);

/* A name that no one else has. */
struct report_text {
	char text[64];
};

/* Numbers that a stop may have in a sample. */
#define STOPS	16

/* One profile, or a part of its time, counted. */
struct report {
	const struct report_options *options;
	const struct profbuf_profile *profile;
	const struct profbuf_accounting *accounting;
	const char *path;
	bool part;		/* of the time: */
	uint64_t from, to;	/* what counts is from <= time < to */
	const struct tag_values *values;	/* BY_TAG; of the report's owner */
	uint64_t recorded;	/* samples before the filter left some out */

	/* Of report_count(). */
	uint64_t samples;
	uint64_t lost, gaps;
	uint64_t samples_with;	/* those with the symbol of --callers or --callees */
	uint64_t frames, unknown_frames;
	uint64_t user_stops[STOPS], kernel_stops[STOPS];	/* samples, by why their stack ends */
	uint64_t untagged;	/* BY_TAG: samples without such a label */
	uint64_t unread_tags;	/* BY_TAG: samples whose tag could not be read */
	bool unread_unknown;	/* BY_TAG: how many those are is not known, and they are in untagged */
	uint64_t unknown_tags;	/* BY_TAG: it is not known what their tags mean */
	struct report_row *rows;
	size_t n;
	uint32_t *lines;	/* BY_LINE: rows of frames */
	char **line_names;	/* BY_LINE: of rows; not in them, which are sorted */
	size_t nr_lines;
	struct report_text *texts;	/* of names; not in the rows, which are sorted */
};

/* report_rows.c: counts what lies in the report's time. False: no memory. */
bool report_count(struct report *report);
/* Forgets what was counted. */
void report_free(struct report *report);

/* The rows with the most samples first. */
void report_sort(struct report *report);
bool report_wants(const struct report *report, const struct report_row *row);
bool report_matches(const struct report_options *options, const char *name, const char *object);
/* What the second name of a row is; "": it has none. */
const char *report_object_name(const struct report_options *options);
double report_share(uint64_t part, uint64_t of);
/* All there are in the profile. */
uint64_t report_samples(const struct profbuf_profile *profile);

/* report_print.c; @which: which of two, or "" */
void report_print_header(const struct report *report, const char *which);
void report_print_rows(const struct report *report);
/* The two names of a row, and the end of its line. */
void report_print_names(const char *name, const char *object);
void report_print_json(const struct report *report);
/* "by":..., as members of an object. */
void report_print_json_by(const struct report_options *options);
/* "key":{...}: what the samples and losses of a report are, as one member of an object. */
void report_print_json_summary(const struct report *report, const char *key);

/* report_markers.c: markers of the report's time, as lines of the header and as members of an object. */
void report_print_markers(const struct report *report);
void report_print_json_markers(const struct report *report);

/* report_timeline.c, report_diff.c: count and print. Return: exit status. */
int report_timeline(const struct report *report);
int report_diff(struct report *a, struct report *b);

#endif /* PROFBUF_REPORT_H */
