// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbols_user.c - symbols of user addresses, from the mapped files
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "build_id.h"
#include "symbols.h"
#include "symbols_elf.h"

#define PLACES_MAX	64	/* nested inlined functions, and the function around them */
#define DEBUG_DIR	"/usr/lib/debug/.build-id"

/* Whether the open file is the object: compares the build id, or else the inode number. */
static bool is_file(const struct object *o, int fd)
{
	uint8_t build_id[64];
	struct stat st;
	int len;

	if (o->pub.build_id_len) {
		len = elf_build_id(fd, build_id, sizeof(build_id));
		return len == (int)o->pub.build_id_len && !memcmp(build_id, o->pub.build_id, len);
	}
	/* Some file systems give their files a device number other than their own: compare only the inode number. */
	return !fstat(fd, &st) && st.st_ino == o->inode;
}

/* A place where an object may be: @path in @root. */
struct place {
	const struct object *o;
	const char *root, *path;
};

/* Return: a descriptor; -ESTALE: another file is there; -errno. */
static int open_place(const void *arg)
{
	const struct place *p = arg;
	int fd = file_open_in(*p->root ? p->root : "/", p->path, 0);

	if (fd < 0 || is_file(p->o, fd))
		return fd;
	close(fd);
	return -ESTALE;
}

/* Notes whether another file was found. Return: the descriptor; -1. */
static int found(struct object *o, int fd)
{
	if (fd == -ESTALE)
		o->pub.changed = true;
	return fd < 0 ? -1 : fd;
}

/* Opens @path in @root if it is the object. @name: set to its path here; has PATH_MAX bytes. */
static int try_path(struct object *o, const char *root, const char *path, char *name)
{
	const struct place place = { o, root, path };

	if (snprintf(name, PATH_MAX, "%s%s", root, path) >= PATH_MAX)
		return -1;
	return found(o, open_place(&place));
}

/* Likewise in the root of the process, if that is not the root of this process. */
static int try_foreign(struct symbols *s, struct object *o, pid_t pid, char *name)
{
	char root[32];
	const struct place place = { o, root, o->pub.path };

	snprintf(root, sizeof(root), "/proc/%d/root", pid);
	if (foreign_root(pid) <= 0 || snprintf(name, PATH_MAX, "%s%s", root, o->pub.path) >= PATH_MAX)
		return -1;
	return found(o, foreign_open(&s->debug_limits.foreign, pid, open_place, &place, true));
}

static int try_build_id(struct object *o, const char *root, char *name, const char *suffix)
{
	char path[PATH_MAX];
	int at = snprintf(path, sizeof(path), DEBUG_DIR "/%02x/", o->pub.build_id[0]);
	uint32_t i;

	for (i = 1; i < o->pub.build_id_len && at < PATH_MAX; i++)
		at += snprintf(path + at, PATH_MAX - at, "%02x", o->pub.build_id[i]);
	if (at >= PATH_MAX || snprintf(path + at, PATH_MAX - at, "%s", suffix) >= PATH_MAX - at)
		return -1;
	return try_path(o, root, path, name);
}

/* Tries the paths of other objects with the same build id. */
static int try_others(struct symbols *s, struct object *o, const char *root, char *name)
{
	uint64_t hash = hash_bytes(o->pub.build_id, o->pub.build_id_len), at = hash;
	bool changed = o->pub.changed;
	const struct object *other;
	int fd = -1;

	while (fd < 0 && (other = symbols_next_of_build_id(s, o, hash, &at))) {
		if (other != o && *other->pub.path == '/')
			fd = try_path(o, root, other->pub.path, name);
	}
	o->pub.changed = changed;
	return fd;
}

/*
 * Finds the object's file: in the process's root, in this root, by build id, or from a server. @name: PATH_MAX bytes.
 */
static int find_file(struct symbols *s, struct object *o, const struct profbuf_program *program, char *name)
{
	const char *root = s->root ? s->root : "";
	int fd = -1;

	if (*o->pub.path == '/') {
		if (!s->root)
			fd = try_foreign(s, o, program->pid, name);
		if (fd < 0)
			fd = try_path(o, root, o->pub.path, name);
	}
	if (fd < 0 && o->pub.build_id_len > 1)
		fd = try_build_id(o, root, name, "");
	if (fd < 0 && o->pub.build_id_len > 1)
		fd = try_build_id(o, root, name, ".debug");
	if (fd < 0 && o->pub.build_id_len)
		fd = try_others(s, o, root, name);
	if (fd < 0 && *o->pub.path == '/') {
		fd = fetch_object(s, &o->pub);
		snprintf(name, PATH_MAX, "%s", o->pub.path);
	}
	return fd;
}

/* Returns the file that another object with this build id has opened: it has the same content. NULL: none has. */
static struct elf_symbols *find_opened(const struct symbols *s, const struct object *o, uint64_t hash)
{
	uint64_t at = hash;
	uint32_t id;

	while ((id = index_next(&s->elf_index, hash, &at)) != INDEX_NONE) {
		const struct profbuf_object *other = &s->objects[id]->pub;

		if (other->build_id_len == o->pub.build_id_len &&
		    !memcmp(other->build_id, o->pub.build_id, other->build_id_len))
			return s->objects[id]->elf;
	}
	return NULL;
}

static void open_file(struct symbols *s, struct object *o, const struct profbuf_program *program, uint64_t hash)
{
	char path[PATH_MAX];
	int fd = find_file(s, o, program, path), err;

	if (fd < 0)
		return;
	err = elf_symbols_open(&o->elf, path, fd, &s->debug_limits);
	/* Without memory for the index, another object opens the file again. */
	if (!err && o->pub.build_id_len)
		index_add(&s->elf_index, hash, o->pub.id);
	o->pub.changed = err == -ESTALE;
	close(fd);
}

static void open_object(struct symbols *s, struct object *o, const struct profbuf_program *program)
{
	uint64_t hash = o->pub.build_id_len ? hash_bytes(o->pub.build_id, o->pub.build_id_len) : 0;
	const struct elf_symbol *all;

	o->opened = true;
	if (s->no_user)
		return;
	if (o->pub.build_id_len)
		o->elf = find_opened(s, o, hash);
	o->shared = o->elf;
	if (!o->elf)
		open_file(s, o, program, hash);
	if (o->elf)
		o->ids = calloc(elf_symbols_all(o->elf, &all) + 1, sizeof(*o->ids));
	o->pub.missing = !o->elf;
}

/* Returns the symbol for all unknown addresses of an object. */
static const struct profbuf_symbol *unknown(struct symbols *s, struct object *o)
{
	const struct profbuf_symbol *symbol;
	const char *name = o->pub.name;

	if (o->unknown)
		return s->all[o->unknown - 1];
	if (*name != '[')
		name = strings_format(&s->strings, "[%s]", name);
	symbol = name ? symbols_named(s, o, name, 0, true) : NULL;
	if (symbol)
		o->unknown = symbol->id + 1;
	return symbol;
}

static const struct profbuf_symbol *find_vdso(struct symbols *s, struct object *o, uint64_t *offset)
{
	const struct profbuf_symbol_record *record = symbols_find_record(s, PROFBUF_SYMBOL_VDSO, *offset);
	const struct elf_symbol *symbol;

	if (record)
		return symbols_named(s, o, record->text, record->start, false);
	if (!s->vdso_opened && s->this_kernel)
		vdso_open(&s->vdso);
	s->vdso_opened = true;
	symbol = s->vdso ? elf_symbols_find(s->vdso, *offset) : NULL;
	if (!symbol || !symbol->name)
		return unknown(s, o);
	return symbols_named(s, o, symbol->name, symbol->start, false);
}

/* Makes the public symbol for a symbol in a file. */
static const struct profbuf_symbol *publish(struct symbols *s, struct object *o, const struct elf_symbol *symbol)
{
	const char *name = symbol->name;

	if (!name)
		name = strings_format(&s->strings, "%s+0x%lx", o->pub.name, (unsigned long)symbol->start);
	else if (symbol->plt)
		name = strings_format(&s->strings, "%s@plt", name);
	return name ? symbols_named(s, o, name, symbol->start, !symbol->name) : NULL;
}

static const struct profbuf_symbol *published(struct symbols *s, struct object *o, const struct elf_symbol *symbol)
{
	const struct profbuf_symbol *found;
	const struct elf_symbol *all;
	uint32_t *id;

	elf_symbols_all(o->elf, &all);
	id = &o->ids[symbol - all];
	if (*id)
		return s->all[*id - 1];
	found = publish(s, o, symbol);
	if (found)
		*id = found->id + 1;
	return found;
}

const struct profbuf_symbol *symbols_find_user(struct symbols *s, struct object *o,
					       const struct profbuf_program *program, uint64_t *offset)
{
	const struct elf_symbol *symbol;
	uint64_t address;

	if (!strcmp(o->pub.path, "[vdso]"))
		return find_vdso(s, o, offset);
	if (!o->opened)
		open_object(s, o, program);
	if (!o->elf || !o->ids || !elf_symbols_address(o->elf, *offset, o->code_offset, &address))
		return unknown(s, o);
	*offset = address;
	symbol = elf_symbols_find(o->elf, address);
	if (elf_symbols_changed(o->elf))
		o->pub.changed = true;
	return symbol ? published(s, o, symbol) : unknown(s, o);
}

/*
 * Returns an inlined function's own symbol in the file; else the one symbol for all functions of its name in the
 * object.
 */
static const struct profbuf_symbol *inlined_symbol(struct symbols *s, struct object *o, const char *name)
{
	const struct elf_symbol *symbol = elf_symbols_named(o->elf, name);

	return symbol ? published(s, o, symbol) : symbols_named(s, o, name, 0, false);
}

static const char *file_name(struct symbols *s, const struct elf_place *place)
{
	if (*place->file == '/' || !place->directory)
		return strings_intern(&s->strings, place->file);
	return strings_format(&s->strings, "%s/%s", place->directory, place->file);
}

int symbols_find_places(struct symbols *s, struct object *o, const struct profbuf_symbol *symbol, uint64_t address,
			struct profbuf_frame *places, int max)
{
	struct elf_place found[PLACES_MAX];
	int i, n;

	if (!o->elf)
		return 1;
	n = elf_symbols_places(o->elf, address, s->inlines, found, max < PLACES_MAX ? max : PLACES_MAX);
	for (i = 0; i < n; i++) {
		places[i] = places[0];
		places[i].inlined = i + 1 < n;
		places[i].symbol = found[i].function ? inlined_symbol(s, o, found[i].function) : symbol;
		places[i].file = found[i].file ? file_name(s, &found[i]) : NULL;
		places[i].line = found[i].file ? found[i].line : 0;
		if (!places[i].symbol || (found[i].file && !places[i].file))
			return 0;
	}
	return n;
}
