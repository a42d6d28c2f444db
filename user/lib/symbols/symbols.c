// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbols.c - the objects and symbols of one profile
 */
#include "base/file.h"
#include "symbols.h"

/* How many objects with one build id are tried when the file of another object with it is looked for. */
#define SAME_BUILD_ID_MAX	8

/* Cuts a name that is longer than SYMBOL_NAME_MAX. @to: room for SYMBOL_NAME_MAX + 1 bytes. */
static const char *cut_name(const char *name, char *to)
{
	static const char dots[] = "...";
	size_t n = SYMBOL_NAME_MAX - (sizeof(dots) - 1);

	if (strnlen(name, SYMBOL_NAME_MAX + 1) <= SYMBOL_NAME_MAX)
		return name;
	/* Cut between two UTF-8 characters. */
	while (n && (name[n] & 0xc0) == 0x80)
		n--;
	memcpy(to, name, n);
	memcpy(to + n, dots, sizeof(dots));
	return to;
}

static struct object *add_object(struct symbols *s, uint64_t hash)
{
	struct object *o = arena_alloc(&s->arena, sizeof(*o));

	if (!o || !ARRAY_GROW(s->objects, s->nr_objects, s->room_objects) ||
	    !index_add(&s->object_index, hash, s->nr_objects))
		return NULL;
	*o = (struct object){ .pub = { .id = s->nr_objects } };
	s->objects[s->nr_objects++] = o;
	return o;
}

/* Compares by build id and path; without a build id, by inode, device and path. */
static bool is_object(const struct object *o, const struct profbuf_mapping *m, uint64_t dev, const char *path)
{
	if (o->pub.kernel || o->pub.build_id_len != m->build_id_len || o->pub.path != path)
		return false;
	if (m->build_id_len)
		return !memcmp(o->pub.build_id, m->build_id, m->build_id_len);
	return o->inode == m->inode && o->dev == dev;
}

/* Memory without a file has a name of the kernel, or none. */
static const char *mapping_path(const struct profbuf_mapping *m)
{
	if (*m->path && strcmp(m->path, "//anon"))
		return m->path;
	return "[jit]";
}

const struct object *symbols_next_of_build_id(const struct symbols *s, const struct object *o, uint64_t hash,
					      uint64_t *at)
{
	const struct object *other;
	uint32_t id;

	while ((id = index_next(&s->build_id_index, hash, at)) != INDEX_NONE) {
		other = s->objects[id];
		if (other->pub.build_id_len == o->pub.build_id_len &&
		    !memcmp(other->pub.build_id, o->pub.build_id, o->pub.build_id_len))
			return other;
	}
	return NULL;
}

/* Adds only the first objects with a build id: of a thousand, each would try all others. */
static bool index_build_id(struct symbols *s, const struct object *o)
{
	uint64_t hash = hash_bytes(o->pub.build_id, o->pub.build_id_len), at = hash;
	unsigned int n = 0;

	while (symbols_next_of_build_id(s, o, hash, &at) && ++n < SAME_BUILD_ID_MAX)
		;
	return n == SAME_BUILD_ID_MAX || index_add(&s->build_id_index, hash, o->pub.id);
}

struct object *symbols_object(struct symbols *s, const struct profbuf_mapping *m)
{
	char cut[SYMBOL_NAME_MAX + 1];
	const char *path = strings_intern(&s->strings, cut_name(mapping_path(m), cut));
	uint64_t dev = (uint64_t)m->dev_major << 32 | m->dev_minor;
	uint64_t hash, at;
	struct object *o;
	uint8_t *build_id;
	uint32_t id;

	if (!path)
		return NULL;
	hash = m->build_id_len ? hash_bytes(m->build_id, m->build_id_len) : hash_mix(m->inode, dev);
	hash = at = hash_mix(hash, (uintptr_t)path);
	while ((id = index_next(&s->object_index, hash, &at)) != INDEX_NONE) {
		o = s->objects[id];
		if (!is_object(o, m, dev, path))
			continue;
		if (m->offset < o->code_offset)
			o->code_offset = m->offset;
		return o;
	}
	build_id = arena_alloc(&s->arena, sizeof(m->build_id));
	o = build_id ? add_object(s, hash) : NULL;
	if (!o)
		return NULL;
	memcpy(build_id, m->build_id, sizeof(m->build_id));
	o->pub.path = path;
	o->pub.name = base_name(path);
	o->pub.build_id = build_id;
	o->pub.build_id_len = m->build_id_len;
	o->dev = dev;
	o->inode = m->inode;
	o->code_offset = m->offset;
	return !m->build_id_len || index_build_id(s, o) ? o : NULL;
}

struct object *symbols_object_named(struct symbols *s, const char *name, bool kernel)
{
	char cut[SYMBOL_NAME_MAX + 1];
	uint64_t hash, at;
	struct object *o;
	uint32_t id;

	name = cut_name(name, cut);
	hash = at = hash_mix(hash_bytes(name, strlen(name)), kernel);
	while ((id = index_next(&s->object_index, hash, &at)) != INDEX_NONE) {
		o = s->objects[id];
		if (o->pub.kernel == kernel && !o->inode && !o->pub.build_id_len && !strcmp(o->pub.name, name))
			return o;
	}
	name = strings_intern(&s->strings, name);
	o = name ? add_object(s, hash) : NULL;
	if (!o)
		return NULL;
	o->pub.path = name;
	o->pub.name = name;
	o->pub.kernel = kernel;
	o->opened = true;
	return o;
}

/* @shown: the name to show; NULL: @name, demangled. @timeouts: of the object or program that gave the name. */
static const struct profbuf_symbol *get_symbol(struct symbols *s, struct object *object, const char *name,
					       const char *shown, uint64_t start, bool unknown,
					       unsigned int *timeouts)
{
	char cut[SYMBOL_NAME_MAX + 1], cut_shown[SYMBOL_NAME_MAX + 1];
	struct profbuf_symbol *symbol;
	uint64_t hash, at;
	uint32_t id;

	name = cut_name(name, cut);
	hash = at = hash_mix(hash_bytes(name, strlen(name)), hash_mix(object->pub.id, start));
	while ((id = index_next(&s->symbol_index, hash, &at)) != INDEX_NONE) {
		symbol = s->all[id];
		if (symbol->object == &object->pub && symbol->start == start && !strcmp(symbol->linkage_name, name))
			return symbol;
	}
	symbol = arena_alloc(&s->arena, sizeof(*symbol));
	if (!symbol || !ARRAY_GROW(s->all, s->n, s->room) || !index_add(&s->symbol_index, hash, s->n))
		return NULL;
	*symbol = (struct profbuf_symbol){
		.id = s->n,
		.linkage_name = strings_intern(&s->strings, name),
		.object = &object->pub,
		.start = start,
		.unknown = unknown,
	};
	if (!shown)
		shown = demangle(&s->demangler, name, timeouts);
	symbol->name = shown ? strings_intern(&s->strings, cut_name(shown, cut_shown)) : symbol->linkage_name;
	if (!symbol->linkage_name || !symbol->name)
		return NULL;
	s->all[s->n++] = symbol;
	return symbol;
}

const struct profbuf_symbol *symbols_named(struct symbols *s, struct object *object, const char *name, uint64_t start,
					   bool unknown)
{
	return get_symbol(s, object, name, NULL, start, unknown, &object->timeouts);
}

const struct profbuf_symbol *symbols_named_by(struct symbols *s, struct object *object, const char *name, bool unknown,
					      unsigned int *timeouts)
{
	return get_symbol(s, object, name, NULL, 0, unknown, timeouts);
}

const struct profbuf_symbol *symbols_function(struct symbols *s, struct object *object, const char *linkage_name,
					      const char *name, bool unknown)
{
	return get_symbol(s, object, linkage_name, name, 0, unknown, &object->timeouts);
}

bool symbols_add_record(struct symbols *s, const struct profbuf_symbol_record *record)
{
	if (!ARRAY_GROW(s->records, s->nr_records, s->room_records))
		return false;
	s->records[s->nr_records++] = record;
	s->records_sorted = false;
	return true;
}

bool symbols_add_module(struct symbols *s, const struct profbuf_module *module)
{
	if (!module || !ARRAY_GROW(s->modules, s->nr_modules, s->room_modules))
		return false;
	s->modules[s->nr_modules++] = module;
	return true;
}

void symbols_exit(struct symbols *s)
{
	size_t i;

	for (i = 0; i < s->nr_objects; i++) {
		if (!s->objects[i]->shared)
			elf_symbols_close(s->objects[i]->elf);
		free(s->objects[i]->ids);
	}
	symbols_exit_jit(s);
	fetch_exit(s);
	elf_symbols_close(s->vdso);
	profbuf_kallsyms_free(s->kallsyms);
	free(s->objects);
	free(s->all);
	free(s->records);
	free(s->modules);
	free(s->jit_records);
	index_exit(&s->object_index);
	demangler_exit(&s->demangler);
	debug_limits_exit(&s->debug_limits);
	index_exit(&s->elf_index);
	index_exit(&s->build_id_index);
	index_exit(&s->symbol_index);
	strings_exit(&s->strings);
	arena_exit(&s->arena);
}
