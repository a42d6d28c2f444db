/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report.h - the parts of profbuf report: counting, printing, and its two other forms
 */
#ifndef PROFBUF_REPORT_H
#define PROFBUF_REPORT_H

#include "json.h"
#include "read_options.h"
#include "stops.h"

enum report_by { BY_SYMBOL, BY_LINE, BY_OBJECT, BY_PROCESS, BY_THREAD, BY_CPU, BY_TAG, NR_BY };

/* The name of @by, as the option --by takes it. */
const char *report_by_key(enum report_by by);

/* What the user asked for. */
struct report_options {
	enum report_by by;
	const char *tag_key;		/* BY_TAG: the key; NULL: whole label sets */
	struct read_options read;
	const char *grep;
	double min_percent;
	uint64_t min_samples;
	uint64_t limit;
	bool json;
	double from, to;		/* seconds after the start; negative: before the end */
	bool has_from, has_to;
	const char *callers, *callees;	/* name of a symbol */
	bool diff;
	bool timeline;
	double buckets;			/* how many buckets, or, */
	double bucket_seconds;		/* if not 0, the length of each */
};

struct report_row {
	const char *name;
	const char *object;	/* BY_LINE: the function; BY_SYMBOL: the object; else "" */
	uint64_t self, total;
	size_t last_stack;	/* + 1: a stack counts once, however often the row is on it */
};

/* What the rows are of. */
const char *report_by_name(const struct report_options *options);

/* The buffer of a row's name, if no other object holds the name. */
struct report_text {
	char text[64];
};

/* The counts of one profile, or of a part of its time. */
struct report {
	const struct report_options *options;
	const struct profbuf_profile *profile;
	const struct profbuf_accounting *accounting;
	const char *path;
	bool part;		/* only a part of the time counts: */
	uint64_t from, to;	/* from <= time < to */
	const struct tag_values *values;	/* BY_TAG; the owner of the report frees them */
	uint64_t recorded;	/* samples before the filter removed some */

	/* Set by report_count(). */
	uint64_t samples;
	uint64_t lost, gaps;
	uint64_t samples_with;	/* samples with the symbol of --callers or --callees */
	uint64_t frames, unknown_frames;
	struct stop_counts stops;
	uint64_t untagged;	/* BY_TAG: samples without such a label */
	uint64_t unread_tags;	/* BY_TAG: samples whose tag could not be read */
	bool unread_unknown;	/* BY_TAG: unread_tags is not known; those samples are in untagged */
	uint64_t unknown_tags;	/* BY_TAG: samples with a tag whose meaning is not known */
	struct report_row *rows;
	size_t n;
	uint32_t *lines;	/* BY_LINE: row numbers, by frame */
	char **line_names;	/* BY_LINE: names of rows; not in the rows, because those are sorted */
	size_t nr_lines;
	struct report_text *texts;	/* buffers for names; not in the rows, because those are sorted */
};

/* report_rows.c: counts the samples in the report's time. False: no memory. */
bool report_count(struct report *report);
/* Whether the report is about that time, too. */
bool report_has_time(const struct report *report, uint64_t time);
/* Frees and clears the counts. */
void report_free(struct report *report);

/* Sorts the rows: those with the most samples first. */
void report_sort(struct report *report);
bool report_wants(const struct report *report, const struct report_row *row);
bool report_matches(const struct report_options *options, const char *name, const char *object);
/* What the second name of a row is; "": rows have none. */
const char *report_object_name(const struct report_options *options);
double report_share(uint64_t part, uint64_t of);
/* The number of all samples in the profile. */
uint64_t report_samples(const struct profbuf_profile *profile);

/* report_print.c. @which: which of two reports this is, or "". */
void report_print_header(const struct report *report, const char *which);
void report_print_rows(const struct report *report);
/* Prints the two names of a row, and ends the line. */
void report_print_names(const char *name, const char *object);
void report_print_json(const struct report *report);
/* Prints "by":..., as members of an object. */
void report_print_json_by(struct json *json, const struct report_options *options);
/* Prints "key":{...}, the samples and losses of a report, as one member of an object. */
void report_print_json_summary(struct json *json, const struct report *report, const char *key);
/* Begins the line and the object of a row, with its names. */
void report_print_json_row(struct json *json, const struct report_options *options, const char *name,
			   const char *object);

/* report_markers.c: prints the markers of the report's time, as lines of the header or as members of an object. */
void report_print_markers(const struct report *report);
void report_print_json_markers(struct json *json, const struct report *report);
/*
 * Prints the markers before @time, from position @i on, each with its time, as lines of the timeline. Returns the
 * position of the first marker that is not before it.
 */
size_t report_print_markers_before(const struct report *report, size_t i, uint64_t time);

/* report_timeline.c, report_diff.c: count and print. Return: exit status. */
int report_timeline(const struct report *report);
int report_diff(struct report *a, struct report *b);

#endif /* PROFBUF_REPORT_H */
