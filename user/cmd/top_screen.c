// SPDX-License-Identifier: GPL-2.0-only
/*
 * top_screen.c - the tables of profbuf top, as plain text and on a terminal
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "top.h"

/* Switches to the alternate screen, hides the cursor and cuts long lines; LEAVE undoes this. */
#define ENTER	"\033[?1049h\033[?25l\033[?7l"
#define LEAVE	"\033[?7h\033[?25h\033[?1049l"

#define BOLD	"\033[1m"
#define REVERSE	"\033[7m"
#define PLAIN	"\033[m"

#define COLUMNS_MAX	1000

static const char help[] =
	"q          quit\n"
	"p, space   pause, go on\n"
	"s          sort by the next of self, total, name\n"
	"b          rows by the next of symbol, object, process, thread, CPU\n"
	"/          only rows with a text: type it, Enter; Escape for all rows\n"
	"up, down   select a row (also k, j)\n"
	"c          callers of the selected symbol or object; functions of the selected process, thread or CPU\n"
	"h          this\n"
	"\n"
	"self: samples taken there. total: samples with it anywhere on the stack.\n"
	"Shares are of the samples of the last refresh interval, which the first line names.\n";

static double share(uint64_t part, uint64_t of)
{
	return of ? part * 100.0 / of : 0;
}

static void print_row(FILE *f, const struct top_row *row, uint64_t samples)
{
	size_t columns;

	fprintf(f, "%8.2f %8.2f  ", share(row->self, samples), share(row->total, samples));
	columns = print_harmless(f, row->name, COLUMNS_MAX);
	if (!*row->object)
		return;
	fprintf(f, "%*s ", columns < 42 ? (int)(42 - columns) : 0, "");
	print_harmless(f, row->object, COLUMNS_MAX);
}

void top_print_status(FILE *f, const struct top_status *status)
{
	const struct profbuf_event *events;
	size_t n = status->profile ? profbuf_profile_events(status->profile, &events) : 0;

	fputs("profbuf top: ", f);
	print_harmless(f, status->what, SIZE_MAX);
	fprintf(f, "; last %.1f s: %zu samples\n", status->seconds, n);
	print_accounting(f, &status->counters);
	fputc('\n', f);
}

bool top_print_plain(const struct top_status *status, const struct top_view *view, uint64_t limit)
{
	struct top_rows rows;
	size_t i;

	if (!top_rows_make(&rows, status->profile, view))
		return false;
	top_print_status(stdout, status);
	printf("%8s %8s  %-42s%s\n", "self %", "total %", top_by_name(view->by),
	       view->by == TOP_SYMBOL ? " object" : "");
	for (i = 0; i < rows.n && i < limit; i++) {
		print_row(stdout, &rows.all[i], rows.samples);
		putchar('\n');
	}
	top_rows_free(&rows);
	return true;
}

/* The terminal's state from before, and whether it was changed; the signal handler uses both. */
static struct termios before;
static volatile sig_atomic_t is_open;

/* Makes only calls that are allowed in a signal handler. */
void top_screen_close(void)
{
	ssize_t n;

	if (!is_open)
		return;
	is_open = 0;
	n = write(STDOUT_FILENO, LEAVE, sizeof(LEAVE) - 1);
	(void)n;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

static void crash(int number)
{
	top_screen_close();
	/* SA_RESETHAND has reset the handler, so this signal ends the program. */
	raise(number);
}

int top_screen_open(void)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	struct sigaction action = { .sa_handler = crash, .sa_flags = SA_RESETHAND | SA_NODEFER };
	static bool registered;
	struct termios raw;
	size_t i;

	if (tcgetattr(STDIN_FILENO, &before))
		return -errno;
	if (!registered && atexit(top_screen_close))
		return -ENOMEM;
	registered = true;
	for (i = 0; i < sizeof(crashes) / sizeof(*crashes); i++)
		sigaction(crashes[i], &action, NULL);
	raw = before;
	/* Ctrl-C and Ctrl-Z still send signals. */
	raw.c_lflag &= ~(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	is_open = 1;
	/*
	 * Input that was typed before is kept (TCSADRAIN). At the end, top_screen_close() drops what was typed for this
	 * program.
	 */
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) || write(STDOUT_FILENO, ENTER, sizeof(ENTER) - 1) < 0) {
		int err = -errno;

		top_screen_close();
		return err;
	}
	return 0;
}

/* Returns the position of the selected row, or the first position if that row is not there any more. */
static size_t selected_row(const struct top_screen *s, const struct top_rows *rows)
{
	size_t i;

	for (i = 0; s->has_selected && i < rows->n; i++) {
		if (rows->all[i].key == s->selected)
			return i;
	}
	return 0;
}

static void end_line(FILE *f, size_t *left)
{
	/* No newline after the last line of the screen. */
	fputs(--*left ? "\033[K\r\n" : "\033[K", f);
}

static bool draw_explanation(FILE *f, const struct top_status *status, const struct top_view *view, uint64_t key,
			     size_t *left, size_t lines)
{
	struct top_rows rows;
	size_t i;

	if (!top_rows_explain(&rows, status->profile, view->by, key))
		return false;
	for (i = 0; i < rows.n && i < lines && *left; i++) {
		fprintf(f, "%8.2f %8s    %s ", share(rows.all[i].self, rows.samples), "",
			view->by <= TOP_OBJECT ? "from" : "in");
		print_harmless(f, rows.all[i].name, COLUMNS_MAX);
		fputs("  ", f);
		print_harmless(f, rows.all[i].object, COLUMNS_MAX);
		end_line(f, left);
	}
	top_rows_free(&rows);
	return true;
}

static bool draw_rows(FILE *f, struct top_screen *s, const struct top_status *status, size_t *left)
{
	struct top_rows rows;
	size_t i, selected, room = *left, below = 0;
	bool ok = true;

	if (!status->profile)
		return true;
	if (!top_rows_make(&rows, status->profile, &s->view))
		return false;
	if (s->expanded)
		below = room / 2;
	selected = selected_row(s, &rows);
	/* Scrolls so that the selected row and its explanation are on the screen. */
	i = selected + below >= room ? selected + below + 1 - room : 0;
	for (; ok && i < rows.n && *left && i < s->limit; i++) {
		if (i == selected)
			fputs(REVERSE, f);
		print_row(f, &rows.all[i], rows.samples);
		if (i == selected)
			fputs(PLAIN, f);
		end_line(f, left);
		if (i == selected && s->expanded && *left)
			ok = draw_explanation(f, status, &s->view, rows.all[i].key, left, below);
	}
	top_rows_free(&rows);
	return ok;
}

static void draw_help(FILE *f, size_t *left)
{
	const char *line = help;

	for (; *line && *left; line += strcspn(line, "\n") + 1) {
		fwrite(line, 1, strcspn(line, "\n"), f);
		end_line(f, left);
	}
}

/* Draws the lines of the status as lines of the screen. */
static bool draw_status(FILE *f, const struct top_status *status, size_t *left)
{
	char *text = NULL, *line, *save;
	size_t bytes;
	FILE *memory = open_memstream(&text, &bytes);

	if (!memory)
		return false;
	top_print_status(memory, status);
	if (fclose(memory)) {
		free(text);
		return false;
	}
	for (line = strtok_r(text, "\n", &save); line && *left > 1; line = strtok_r(NULL, "\n", &save)) {
		print_harmless(f, line, COLUMNS_MAX);
		end_line(f, left);
	}
	free(text);
	return true;
}

static void draw_view(FILE *f, const struct top_screen *s)
{
	if (s->typing) {
		fputs(BOLD "/", f);
		print_harmless(f, s->view.filter, SIZE_MAX);
		fputs("_" PLAIN "   Enter: take it, Escape: all rows", f);
		return;
	}
	fprintf(f, "by %s, order %s%s", top_by_name(s->view.by), top_sort_names[s->view.sort],
		*s->view.filter ? ", with " : "");
	print_harmless(f, s->view.filter, SIZE_MAX);
	fprintf(f, "%s   h help, q quit", s->paused ? "   " REVERSE "PAUSED" PLAIN : "");
}

static bool draw(FILE *f, struct top_screen *s, const struct top_status *status, size_t lines)
{
	size_t left = lines;
	bool ok;

	fputs("\033[H", f);
	ok = draw_status(f, status, &left);
	draw_view(f, s);
	end_line(f, &left);
	if (!left)
		return ok;
	if (s->help) {
		draw_help(f, &left);
	} else {
		fprintf(f, BOLD "%8s %8s  %-42s%s" PLAIN, "self %", "total %", top_by_name(s->view.by),
			s->view.by == TOP_SYMBOL ? " object" : "");
		end_line(f, &left);
		if (left)
			ok &= draw_rows(f, s, status, &left);
	}
	if (left)
		fputs("\033[J", f);
	return ok;
}

/* Writes the whole screen at once, so that nothing flickers. */
int top_screen_draw(struct top_screen *s, const struct top_status *status)
{
	struct winsize size = { 0 };
	char *text = NULL;
	size_t bytes, at = 0;
	FILE *f = open_memstream(&text, &bytes);
	int err = 0;

	if (!f)
		return -ENOMEM;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_row < 4)
		size.ws_row = 24;
	if (!draw(f, s, status, size.ws_row))
		err = -ENOMEM;
	if (fclose(f))
		err = -ENOMEM;
	while (!err && at < bytes) {
		ssize_t n = write(STDOUT_FILENO, text + at, bytes - at);

		if (n >= 0)
			at += n;
		else if (errno != EINTR)
			err = -errno;
	}
	free(text);
	return err;
}

void top_screen_reset(struct top_screen *s)
{
	s->has_selected = false;
	s->expanded = false;
}

static void move_selection(struct top_screen *s, const struct top_status *status, int by)
{
	struct top_rows rows;
	size_t at;

	if (!status->profile || !top_rows_make(&rows, status->profile, &s->view))
		return;
	at = selected_row(s, &rows);
	if (by < 0 && at)
		at--;
	if (by > 0 && at + 1 < rows.n && at + 1 < s->limit)
		at++;
	if (at < rows.n) {
		s->selected = rows.all[at].key;
		s->has_selected = true;
	}
	top_rows_free(&rows);
}

/* Handles a key while the user types a filter. */
static void type(struct top_screen *s, unsigned char key)
{
	size_t n = strlen(s->view.filter);

	switch (key) {
	case '\r':
	case '\n':
		s->typing = false;
		break;
	case '\033':
		s->typing = false;
		*s->view.filter = 0;
		break;
	case '\b':
	case 0x7f:
		/* A UTF-8 character may have several bytes. */
		while (n && (s->view.filter[n - 1] & 0xc0) == 0x80)
			n--;
		s->view.filter[n ? n - 1 : 0] = 0;
		break;
	default:
		if (key >= ' ' && n + 1 < sizeof(s->view.filter)) {
			s->view.filter[n] = key;
			s->view.filter[n + 1] = 0;
		}
	}
}

/* Returns false if the key is for quit. */
static bool press(struct top_screen *s, const struct top_status *status, unsigned char key)
{
	switch (key) {
	case 'q':
		return false;
	case 'p':
	case ' ':
		s->paused = !s->paused;
		break;
	case 's':
		s->view.sort = (s->view.sort + 1) % TOP_NR_SORT;
		break;
	case 'b':
		s->view.by = (s->view.by + 1) % TOP_NR_BY;
		top_screen_reset(s);
		break;
	case '/':
		s->typing = true;
		break;
	case 'c':
		/* The selection becomes this row, so that the explanation stays with it wherever it moves. */
		move_selection(s, status, 0);
		s->expanded = !s->expanded && s->has_selected;
		break;
	case 'k':
	case 'j':
		move_selection(s, status, key == 'k' ? -1 : 1);
		break;
	case '\033':
		*s->view.filter = 0;
		s->help = false;
		break;
	case 'h':
	case '?':
		s->help = !s->help;
		break;
	}
	return true;
}

bool top_screen_keys(struct top_screen *s, const struct top_status *status)
{
	unsigned char keys[256];
	ssize_t i, n = read(STDIN_FILENO, keys, sizeof(keys));

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	for (i = 0; i < n; i++) {
		unsigned char key = keys[i];

		/* Cursor keys. Other keys that send several bytes are unknown, and do nothing. */
		if (key == '\033' && i + 2 < n && (keys[i + 1] == '[' || keys[i + 1] == 'O')) {
			i += 2;
			key = keys[i] == 'A' ? 'k' : keys[i] == 'B' ? 'j' : 0;
			while (!key && i + 1 < n && (keys[i] < '@' || keys[i] > '~'))
				i++;
			if (key && !s->typing)
				move_selection(s, status, key == 'k' ? -1 : 1);
		} else if (s->typing) {
			type(s, key);
		} else if (!press(s, status, key)) {
			return false;
		}
	}
	return true;
}
