// SPDX-License-Identifier: GPL-2.0-only
/*
 * kallsyms.c - kernel symbols from /proc/kallsyms
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sorted.h"
#include "kallsyms.h"

struct entry {
	uint64_t address;	/* first, for by_word() */
	const char *name;	/* points into the text */
	const char *module;
	char type;
};

struct profbuf_kallsyms {
	char *text;
	struct entry *entries;	/* by address, the best name first; with data symbols, as code ends there */
	size_t n;
};

/* Reads the whole file into memory, with a zero after it. */
static int read_all(const char *path, char **text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t room = 1UL << 20, n = 0;
	char *t, *bigger;
	ssize_t got;
	int err = -ENOMEM;

	if (fd < 0)
		return -errno;
	t = malloc(room);
	while (t) {
		got = read(fd, t + n, room - 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err = -errno;
			break;
		}
		if (!got) {
			t[n] = 0;
			*text = t;
			close(fd);
			return 0;
		}
		n += got;
		if (n < room - 1)
			continue;
		bigger = realloc(t, room *= 2);
		if (!bigger)
			break;
		t = bigger;
	}
	free(t);
	close(fd);
	return err;
}

/* Parses "ffffffffc0000000 t name\t[module]" into @e, ending its strings with zeros. */
static bool parse_line(char *line, struct entry *e)
{
	char *at, *tab, *bracket;

	e->address = strtoull(line, &at, 16);
	if (at == line || at[0] != ' ' || !at[1] || at[2] != ' ' || !at[3])
		return false;
	e->type = at[1];
	e->name = at + 3;
	e->module = "";
	tab = strchr(at + 3, '\t');
	if (tab) {
		*tab = 0;
		bracket = strchr(tab + 1, ']');
		if (tab[1] != '[' || !bracket)
			return false;
		*bracket = 0;
		e->module = tab + 2;
	}
	return true;
}

static int parse(struct profbuf_kallsyms *k)
{
	size_t lines = 1, i;
	char *line, *next;
	bool any = false;

	for (i = 0; k->text[i]; i++)
		lines += k->text[i] == '\n';
	k->entries = malloc(lines * sizeof(*k->entries));
	if (!k->entries)
		return -ENOMEM;
	for (line = k->text; *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		else
			next = line + strlen(line);
		if (!parse_line(line, &k->entries[k->n]))
			continue;
		any |= k->entries[k->n].address != 0;
		k->n++;
	}
	return any ? 0 : -EPERM;
}

static bool is_code(const struct entry *e)
{
	return strchr("tTwW", e->type);
}

/* Of several names of an address, the best has the lowest rank: code, global, not weak, without leading underscores. */
static int rank(const struct entry *e)
{
	static const char order[] = "TtWw";
	const char *at = strchr(order, e->type);
	int n = 0;

	while (e->name[n] == '_')
		n++;
	return (at ? at - order : 4) * 256 + (n < 255 ? n : 255);
}

static int by_address(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	if (rank(x) != rank(y))
		return rank(x) - rank(y);
	return strcmp(x->name, y->name);
}

int profbuf_kallsyms_load(struct profbuf_kallsyms **kallsyms, const char *path)
{
	struct profbuf_kallsyms *k = calloc(1, sizeof(*k));
	int err;

	if (!k)
		return -ENOMEM;
	err = read_all(path, &k->text);
	if (!err)
		err = parse(k);
	if (err) {
		profbuf_kallsyms_free(k);
		return err;
	}
	qsort(k->entries, k->n, sizeof(*k->entries), by_address);
	*kallsyms = k;
	return 0;
}

void profbuf_kallsyms_free(struct profbuf_kallsyms *kallsyms)
{
	if (!kallsyms)
		return;
	free(kallsyms->entries);
	free(kallsyms->text);
	free(kallsyms);
}

bool profbuf_kallsyms_find(const struct profbuf_kallsyms *k, uint64_t address, const char **name, const char **module,
			   uint64_t *start, uint64_t *end)
{
	size_t next = sorted_after(k->entries, k->n, sizeof(*k->entries), by_word, &address), i;
	const struct entry *e;

	/* After the last symbol it is not known where code ends. */
	if (!next || next == k->n)
		return false;
	for (i = next - 1; i && k->entries[i - 1].address == k->entries[next - 1].address; i--)
		;
	e = &k->entries[i];
	if (!is_code(e) || !strcmp(e->name, "_etext") || !strcmp(e->name, "_einittext"))
		return false;
	*name = e->name;
	*module = e->module;
	*start = e->address;
	*end = k->entries[next].address;
	return true;
}

uint64_t profbuf_kallsyms_address(const struct profbuf_kallsyms *k, const char *name)
{
	size_t i;

	for (i = 0; i < k->n; i++) {
		if (!*k->entries[i].module && !strcmp(k->entries[i].name, name))
			return k->entries[i].address;
	}
	return 0;
}
