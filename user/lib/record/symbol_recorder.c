// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbol_recorder.c - names for addresses of a stream that cannot be looked up in a file later
 */
#include <errno.h>
#include <time.h>

#include "base/sorted.h"
#include "base/table.h"
#include "jit_recorder.h"
#include "symbol_recorder.h"
#include "symbols/symbols.h"
#include "symbols/symbols_elf.h"

struct symbol_recorder {
	uint64_t *addresses;
	size_t n, room;
	struct index index;
	struct jit_recorder jit;
};

typedef int (*emit_fn)(const struct profbuf_record *record, void *context);

int symbol_recorder_new(struct symbol_recorder **recorder)
{
	*recorder = calloc(1, sizeof(**recorder));
	return *recorder ? 0 : -ENOMEM;
}

void symbol_recorder_free(struct symbol_recorder *r)
{
	if (!r)
		return;
	index_exit(&r->index);
	free(r->addresses);
	jit_recorder_exit(&r->jit);
	free(r);
}

static int add_address(struct symbol_recorder *r, uint64_t address)
{
	uint64_t hash = hash_mix(address, 0), at = hash;
	uint32_t id;

	while ((id = index_next(&r->index, hash, &at)) != INDEX_NONE) {
		if (r->addresses[id] == address)
			return 0;
	}
	if (!ARRAY_GROW(r->addresses, r->n, r->room) || !index_add(&r->index, hash, r->n))
		return -ENOMEM;
	r->addresses[r->n++] = address;
	return 0;
}

int symbol_recorder_add(struct symbol_recorder *r, const struct profbuf_record *record)
{
	const struct profbuf_sample *s = (const struct profbuf_sample *)record;
	int i, err = jit_recorder_add(&r->jit, record);

	if (record->type != PROFBUF_RECORD_SAMPLE)
		return err;
	for (i = 0; i < s->nr_kernel && !err; i++)
		err = add_address(r, s->frames[i] - !!i);
	return err;
}

static int emit_symbol(uint32_t kind, uint64_t start, uint64_t end, const char *name, const char *module,
		       emit_fn emit, void *context)
{
	size_t name_bytes = strlen(name) + 1, module_bytes = strlen(module) + 1;
	uint64_t words[PROFBUF_RECORD_MAX / 8] = { 0 };
	struct profbuf_symbol_record *s = (struct profbuf_symbol_record *)words;
	struct timespec now;

	if (sizeof(*s) + name_bytes + module_bytes > sizeof(words))
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	s->len = (sizeof(*s) + name_bytes + module_bytes + 7) / 8;
	s->time = now.tv_sec * 1000000000ULL + now.tv_nsec;
	s->type = PROFBUF_RECORD_SYMBOL;
	s->cpu = PROFBUF_CPU_NONE;
	s->misc = kind;
	s->start = start;
	s->end = end;
	memcpy(s->text, name, name_bytes);
	memcpy(s->text + name_bytes, module, module_bytes);
	return emit((const struct profbuf_record *)s, context);
}

static int emit_kernel(struct symbol_recorder *r, emit_fn emit, void *context)
{
	struct profbuf_kallsyms *kallsyms;
	uint64_t start, end = 0;
	const char *name, *module;
	int err = 0;
	size_t i;

	if (!r->n)
		return 0;
	/* Without the right to read the symbols, the addresses stay numbers. */
	err = profbuf_kallsyms_load(&kallsyms, "/proc/kallsyms");
	if (err)
		return err == -ENOMEM ? err : 0;
	/* Many addresses lie in one symbol. With sorted addresses each symbol is emitted once. */
	qsort(r->addresses, r->n, sizeof(*r->addresses), by_word);
	index_exit(&r->index);
	for (i = 0; i < r->n && !err; i++) {
		if (r->addresses[i] < end ||
		    !profbuf_kallsyms_find(kallsyms, r->addresses[i], &name, &module, &start, &end))
			continue;
		err = emit_symbol(0, start, end, name, module, emit, context);
	}
	profbuf_kallsyms_free(kallsyms);
	return err;
}

static int emit_vdso(emit_fn emit, void *context)
{
	const struct elf_symbol *all;
	struct elf_symbols *vdso;
	size_t i, n;
	int err = 0;

	if (vdso_open(&vdso))
		return 0;
	n = elf_symbols_all(vdso, &all);
	for (i = 0; i < n && !err; i++) {
		if (all[i].name)
			err = emit_symbol(PROFBUF_SYMBOL_VDSO, all[i].start, all[i].end, all[i].name, "", emit,
					  context);
	}
	elf_symbols_close(vdso);
	return err;
}

int symbol_recorder_emit(struct symbol_recorder *r, emit_fn emit, void *context)
{
	int err = emit_kernel(r, emit, context);

	if (!err)
		err = emit_vdso(emit, context);
	return err ? err : jit_recorder_emit(&r->jit, emit, context);
}
