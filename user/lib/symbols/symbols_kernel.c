// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbols_kernel.c - symbols of kernel addresses, from the records of the stream or else from kallsyms
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/sorted.h"
#include "symbols.h"

static int by_start(const void *a, const void *b)
{
	const struct profbuf_symbol_record *x = *(const void *const *)a, *y = *(const void *const *)b;

	if (x->misc != y->misc)
		return x->misc < y->misc ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

const struct profbuf_symbol_record *symbols_find_record(struct symbols *s, uint32_t kind, uint64_t address)
{
	const struct profbuf_symbol_record place = { .misc = kind, .start = address }, *key = &place, *found;
	size_t after;

	if (!s->records_sorted && s->nr_records)
		qsort(s->records, s->nr_records, sizeof(*s->records), by_start);
	s->records_sorted = true;
	after = sorted_after(s->records, s->nr_records, sizeof(*s->records), by_start, &key);
	found = after ? s->records[after - 1] : NULL;
	return found && found->misc == kind && address < found->end ? found : NULL;
}

/* For an address without a symbol: gives at most its module. */
static const struct profbuf_symbol *find_unknown(struct symbols *s, uint64_t address)
{
	char object_name[80] = "[kernel]", name[96] = "[kernel]";
	struct object *object;

	for (size_t i = 0; i < s->nr_modules; i++) {
		const struct profbuf_module *m = s->modules[i];

		if (address >= m->start && address < m->end) {
			snprintf(object_name, sizeof(object_name), "[%s]", m->name);
			snprintf(name, sizeof(name), "%s+0x%" PRIx64, m->name, (uint64_t)(address - m->start));
		}
	}
	object = symbols_object_named(s, object_name, true);
	return object ? symbols_named(s, object, name, 0, true) : NULL;
}

const struct profbuf_symbol *symbols_find_kernel(struct symbols *s, uint64_t address, uint64_t *offset)
{
	const struct profbuf_symbol_record *record = symbols_find_record(s, 0, address);
	const char *name, *module;
	char object_name[80];
	struct object *object;
	uint64_t start, end;

	*offset = address;
	if (record) {
		name = record->text;
		module = name + strlen(name) + 1;
		start = record->start;
	} else if (!s->kallsyms || !profbuf_kallsyms_find(s->kallsyms, address, &name, &module, &start, &end)) {
		return find_unknown(s, address);
	}
	snprintf(object_name, sizeof(object_name), "[%s]", *module ? module : "kernel");
	object = symbols_object_named(s, object_name, true);
	return object ? symbols_named(s, object, name, start, false) : NULL;
}
