/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * top.h - the parts of profbuf top: sampling (top.c), adding up samples (top_rows.c), the terminal (top_screen.c)
 */
#ifndef PROFBUF_TOP_H
#define PROFBUF_TOP_H

#include "cmd.h"

enum top_by { TOP_SYMBOL, TOP_OBJECT, TOP_PROCESS, TOP_THREAD, TOP_CPU, TOP_NR_BY };
enum top_sort { TOP_SELF, TOP_TOTAL, TOP_NAME, TOP_NR_SORT };

extern const char *const top_sort_names[];

const char *top_by_name(enum top_by by);

struct top_row {
	uint64_t key;		/* identifies the row as long as the profile exists */
	uint64_t self, total;
	size_t last_stack;	/* + 1: a stack counts once, however often the row is on it */
	const char *object;	/* "" unless by symbol */
	char name[256];
};

/* The rows of one profile, in order, without the rows that the filter removes. */
struct top_rows {
	struct top_row *all;
	size_t n;
	uint64_t samples;	/* total; the rows' counts are shares of it */
};

/* What to show. */
struct top_view {
	enum top_by by;
	enum top_sort sort;
	char filter[64];
};

/* These functions return false if memory is short. */
bool top_rows_make(struct top_rows *rows, const struct profbuf_profile *profile, const struct top_view *view);

/*
 * Makes the rows that explain a row. For a symbol or an object these are its callers; for the other kinds, the
 * functions that the samples were in. @self is the number of samples.
 */
bool top_rows_explain(struct top_rows *rows, const struct profbuf_profile *profile, enum top_by by, uint64_t key);
void top_rows_free(struct top_rows *rows);

/* What changes from one refresh to the next. */
struct top_status {
	const struct profbuf_profile *profile;	/* NULL: nothing was sampled yet */
	const char *what;	/* what is sampled, and how often */
	double seconds;		/* length of the refresh interval that is shown */
	struct profbuf_counters counters;	/* of the same interval */
};

/* Prints the two lines above every table. */
void top_print_status(FILE *f, const struct top_status *status);

/* Prints one table, for a file or a pipe. */
bool top_print_plain(const struct top_status *status, const struct top_view *view, uint64_t limit);

/* The screen of the terminal. There is one at a time. */
struct top_screen {
	struct top_view view;
	bool paused;
	bool help;
	bool typing;		/* the user is typing a filter */
	bool expanded;
	uint64_t selected;	/* the key of a row */
	bool has_selected;
	uint64_t limit;
};

/*
 * Returns 0 or -errno. The terminal's state is restored by top_screen_close(), at exit, and when the program crashes.
 */
int top_screen_open(void);
void top_screen_close(void);

/* Draws the whole screen. Returns 0 or -errno. */
int top_screen_draw(struct top_screen *screen, const struct top_status *status);

/* Called when the profile is a new one: keys of rows are not valid any more. */
void top_screen_reset(struct top_screen *screen);

/* Reads and handles keys. Returns false at q, or if the terminal is gone. */
bool top_screen_keys(struct top_screen *screen, const struct top_status *status);

#endif /* PROFBUF_TOP_H */
