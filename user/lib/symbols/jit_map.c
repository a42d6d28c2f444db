// SPDX-License-Identifier: GPL-2.0-only
/*
 * jit_map.c - the map that a process writes of the code that it generates at run time, /tmp/perf-PID.map
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/sorted.h"
#include "jit_map.h"

#define SECOND		1000000000ULL

/* Limits of a map; the rest is not read. The largest maps that programs write in days are as large as that. */
#define BYTES_MAX	(256L << 20)
#define ENTRIES_MAX	(4UL << 20)
/* Longer lines are skipped. */
#define LINE_MAX_BYTES	65536

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

bool jit_mapping(const struct profbuf_mapping *m)
{
	static const char *const memory[] = { "/memfd:", "/dev/zero", "/anon_hugepage" };

	/* [vdso] and similar mappings belong to the kernel. */
	if (m->misc & PROFBUF_MAPPING_ANON)
		return *m->path != '[';
	for (size_t i = 0; i < sizeof(memory) / sizeof(*memory); i++) {
		if (!strncmp(m->path, memory[i], strlen(memory[i])))
			return !m->build_id_len;
	}
	return false;
}

bool jit_process_lives(const struct jit_process *p)
{
	unsigned long long ticks;

	return proc_stat(p->pid, 22, &ticks) && ticks == p->start_time / (SECOND / sysconf(_SC_CLK_TCK));
}

/*
 * The process must not be able to pass off another user's file as its map. If a file has a second name, a user who
 * cannot read the file may have made that hard link. A file that only root can read is no map of another user.
 */
static bool is_own(const struct jit_process *p, const struct stat *st)
{
	if (st->st_nlink > 1)
		return false;
	return st->st_uid == p->uid || (!st->st_uid && st->st_mode & 0004);
}

static bool is_map_of(const struct jit_process *p, int fd)
{
	uint64_t began = now(CLOCK_REALTIME) - now(CLOCK_BOOTTIME) + p->start_time;
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) && is_own(p, &st) &&
	       st.st_mtim.tv_sec * SECOND + st.st_mtim.tv_nsec + SECOND / 100 >= began;
}

static int find(const struct jit_process *p, const char *root, uint32_t pid)
{
	char name[32];
	int handle;

	snprintf(name, sizeof(name), "perf-%u.map", pid);
	handle = file_find_in(root, "/tmp", name);
	if (handle < 0)
		return -1;
	if (is_map_of(p, handle))
		return handle;
	close(handle);
	return -1;
}

int jit_map_find_file(const struct jit_process *p)
{
	char root[32];

	if (!jit_process_lives(p))
		return -1;
	snprintf(root, sizeof(root), "/proc/%u/root", p->pid);
	return find(p, root, p->ns_pid ? p->ns_pid : p->pid);
}

int jit_map_reopen(const struct jit_process *p, int handle)
{
	int fd = is_map_of(p, handle) ? file_reopen(handle, 0) : -1;

	return fd < 0 ? -1 : fd;
}

/* Opens the map that was found, and closes @handle. */
static int open_found(const struct jit_process *p, int handle)
{
	int fd = handle < 0 ? -1 : jit_map_reopen(p, handle);

	if (handle >= 0)
		close(handle);
	return fd;
}

int jit_map_open(const struct jit_process *p)
{
	return open_found(p, jit_map_find_file(p));
}

int jit_map_open_own(const struct jit_process *p)
{
	return open_found(p, jit_process_lives(p) ? find(p, "/", p->ns_pid ? p->ns_pid : p->pid) : -1);
}

int jit_map_open_here(const struct jit_process *p)
{
	char path[32];

	/* The map of a process in another pid namespace is not here; a file of that name belongs to another process. */
	if (p->ns_pid && p->ns_pid != p->pid)
		return -1;
	/* The map may belong to another process that has the pid now. */
	snprintf(path, sizeof(path), "/proc/%u", p->pid);
	if (!access(path, F_OK) && !jit_process_lives(p))
		return -1;
	return open_found(p, find(p, "/", p->pid));
}

bool jit_map_add(struct jit_map *map, uint64_t start, uint64_t end, const char *name)
{
	if (!ARRAY_GROW(map->all, map->n, map->room))
		return false;
	map->all[map->n] = (struct jit_entry){ .start = start, .end = end, .order = map->n, .name = name };
	map->n++;
	return true;
}

/* Parses "START SIZE name"; both numbers are hexadecimal. */
static bool parse_line(struct jit_map *map, struct strings *strings, const char *line)
{
	uint64_t start, size;
	const char *name;
	int at = 0;

	if (map->n == ENTRIES_MAX ||
	    sscanf(line, "%" SCNx64 " %" SCNx64 " %n", &start, &size, &at) < 2 || !at || !line[at] || !size ||
	    start + size < start)
		return true;
	name = strings_intern(strings, line + at);
	return name && jit_map_add(map, start, start + size, name);
}

/* Text of the file that was read, but whose line is not complete yet. */
struct lines {
	char text[LINE_MAX_BYTES];
	size_t n;
	bool too_long;		/* the line is too long: its beginning was dropped */
};

static bool parse_lines(struct jit_map *map, struct strings *strings, struct lines *lines)
{
	char *line = lines->text, *end;

	while ((end = memchr(line, '\n', lines->text + lines->n - line))) {
		*end = 0;
		if (!lines->too_long && !parse_line(map, strings, line))
			return false;
		lines->too_long = false;
		line = end + 1;
	}
	lines->n -= line - lines->text;
	memmove(lines->text, line, lines->n);
	/* There has to be room for the rest of the last line. */
	if (lines->n == sizeof(lines->text) - 1) {
		lines->too_long = true;
		lines->n = 0;
	}
	return true;
}

bool jit_map_read(struct jit_map *map, struct strings *strings, int fd)
{
	struct lines lines = { .n = 0 };
	struct stat st = { 0 };
	off_t at = 0, size;
	bool ok = true;
	ssize_t n;

	fstat(fd, &st);
	size = st.st_size < BYTES_MAX ? st.st_size : BYTES_MAX;
	while (ok && at < size) {
		size_t room = sizeof(lines.text) - 1 - lines.n;

		n = pread(fd, lines.text + lines.n, (size_t)(size - at) < room ? (size_t)(size - at) : room, at);
		if (n <= 0)
			break;
		at += n;
		lines.n += n;
		ok = parse_lines(map, strings, &lines);
	}
	close(fd);
	/* The last line may have no newline; but skip it if it was cut off by BYTES_MAX. */
	lines.text[lines.n] = 0;
	return ok && (lines.too_long || size == BYTES_MAX || parse_line(map, strings, lines.text));
}

static int by_start(const void *a, const void *b)
{
	const struct jit_entry *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static bool has_overlaps(const struct jit_map *map)
{
	for (size_t i = 1; i < map->n; i++) {
		if (map->all[i].start < map->all[i - 1].end)
			return true;
	}
	return false;
}

/* Entries that may contain the current address, in a heap: the entry that was written last is the first. */
struct open_entries {
	const struct jit_entry **all;
	size_t n;
};

static void open_entries_push(struct open_entries *open, const struct jit_entry *entry)
{
	size_t at = open->n++;

	for (; at && open->all[(at - 1) / 2]->order < entry->order; at = (at - 1) / 2)
		open->all[at] = open->all[(at - 1) / 2];
	open->all[at] = entry;
}

static void open_entries_pop(struct open_entries *open)
{
	const struct jit_entry *last = open->all[--open->n];
	size_t at = 0, child;

	for (; (child = 2 * at + 1) < open->n; at = child) {
		if (child + 1 < open->n && open->all[child + 1]->order > open->all[child]->order)
			child++;
		if (open->all[child]->order < last->order)
			break;
		open->all[at] = open->all[child];
	}
	open->all[at] = last;
}

/* Adds the piece of @entry from @start to @end: extends the previous piece, or makes a new one. */
static bool add_piece(struct jit_map *to, const struct jit_entry *entry, uint64_t start, uint64_t end)
{
	struct jit_entry *before = to->n ? &to->all[to->n - 1] : NULL;

	if (before && before->order == entry->order && before->end == start) {
		before->end = end;
		return true;
	}
	if (!ARRAY_GROW(to->all, to->n, to->room))
		return false;
	to->all[to->n++] = (struct jit_entry){ start, end, entry->order, entry->name };
	return true;
}

/* Cuts entries, sorted by start, into pieces that do not overlap: at each address the entry written last remains. */
static bool cut(const struct jit_map *from, struct jit_map *to)
{
	struct open_entries open = { .all = malloc(from->n * sizeof(*open.all)) };
	uint64_t at = 0;
	size_t next = 0;
	bool ok = open.all;

	while (ok && (open.n || next < from->n)) {
		uint64_t end;

		if (!open.n)
			at = from->all[next].start;
		while (next < from->n && from->all[next].start <= at)
			open_entries_push(&open, &from->all[next++]);
		end = open.all[0]->end;
		if (end <= at) {
			open_entries_pop(&open);
			continue;
		}
		if (next < from->n && from->all[next].start < end)
			end = from->all[next].start;
		ok = add_piece(to, open.all[0], at, end);
		at = end;
	}
	free(open.all);
	return ok;
}

bool jit_map_sort(struct jit_map *map)
{
	struct jit_map pieces = { 0 };
	bool ok;

	if (map->n)
		qsort(map->all, map->n, sizeof(*map->all), by_start);
	if (!has_overlaps(map))
		return true;
	ok = cut(map, &pieces);
	jit_map_exit(map);
	if (ok)
		*map = pieces;
	else
		jit_map_exit(&pieces);
	return ok;
}

const struct jit_entry *jit_map_find(const struct jit_map *map, uint64_t address)
{
	size_t after = sorted_after(map->all, map->n, sizeof(*map->all), by_word, &address);

	return after && address < map->all[after - 1].end ? &map->all[after - 1] : NULL;
}

void jit_map_exit(struct jit_map *map)
{
	free(map->all);
	*map = (struct jit_map){ 0 };
}
