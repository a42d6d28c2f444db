// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_readers.c - gives any bytes to the library's other readers: what they find must be in the input
 *
 * The name of the program selects the reader: fuzz-elf, -tagelf, -perfmap, -kallsyms, -otel, -pprof or -names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "profile/profile.h"
#include "record/otel_context.h"
#include "record/tag_elf.h"
#include "symbols/build_id.h"
#include "symbols/jit_map.h"
#include "symbols/symbols.h"
#include "symbols/symbols_elf.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t bytes;	/* of names, so that all are read to their ends */

static int open_input(const uint8_t *data, size_t size, char path[32])
{
	int fd = memfd_create("input", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET))
		abort();
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static void check_places(struct elf_symbols *s, uint64_t address)
{
	struct elf_place places[8];
	int n = elf_symbols_places(s, address, true, places, 8);

	if (n < 1 || n > 8)
		abort();
	for (int i = 0; i < n; i++) {
		bytes += places[i].function ? strlen(places[i].function) : 0;
		bytes += places[i].file ? strlen(places[i].file) : 0;
		bytes += places[i].directory ? strlen(places[i].directory) : 0;
	}
}

static void check_address(struct elf_symbols *s, uint64_t address)
{
	const struct elf_symbol *found = elf_symbols_find(s, address);

	if (found && (address < found->start || address >= found->end))
		abort();
}

static void read_elf(const uint8_t *data, size_t size)
{
	const struct elf_symbol *all;
	struct elf_symbols *s;
	uint8_t build_id[20];
	uint64_t address = 0;
	char path[32];
	int fd = open_input(data, size, path);

	if (elf_build_id(fd, build_id, sizeof(build_id)) > 0)
		bytes += build_id[0];
	if (!elf_symbols_open(&s, path, fd, NULL)) {
		size_t i, n = elf_symbols_all(s, &all);

		for (i = 0; i < n; i++) {
			bytes += all[i].name ? strlen(all[i].name) : 0;
			check_address(s, all[i].start);
			check_address(s, all[i].end);
			if (i < 8)
				check_places(s, all[i].start);
		}
		for (i = 0; i < size; i += 64)
			elf_symbols_address(s, i, 0x1000, &address);
		elf_symbols_named(s, "main");
		elf_symbols_close(s);
	}
	close(fd);
}

static void read_tag_elf(const uint8_t *data, size_t size)
{
	struct tag_elf elf;
	char path[32];
	int fd = open_input(data, size, path);

	if (!tag_elf_read(fd, &elf)) {
		if (elf.nr_segments > TAG_ELF_SEGMENTS)
			abort();
		for (int i = 0; i < PROFBUF_NR_TAG_KINDS; i++) {
			if (elf.variables[i].nr_slots > TAG_ELF_SLOTS)
				abort();
		}
	}
	close(fd);
}

static void read_perf_map(const uint8_t *data, size_t size)
{
	struct strings strings = { 0 };
	struct jit_map map = { 0 };
	char path[32];

	if (!jit_map_read(&map, &strings, open_input(data, size, path)) || !jit_map_sort(&map))
		abort();
	for (size_t i = 0; i < map.n; i++) {
		const struct jit_entry *e = &map.all[i];

		bytes += strlen(e->name);
		if (e->start >= e->end || (i && e->start < map.all[i - 1].end) || jit_map_find(&map, e->start) != e ||
		    jit_map_find(&map, e->end - 1) != e || jit_map_find(&map, e->end) == e)
			abort();
	}
	jit_map_exit(&map);
	strings_exit(&strings);
}

static void read_kallsyms(const uint8_t *data, size_t size)
{
	static const uint64_t addresses[] = { 0, 1, 0x1000, 0xffffffff81000010, 0xffffffffc0000010, UINT64_MAX };
	struct profbuf_kallsyms *k;
	char path[32];
	int fd = open_input(data, size, path);

	if (!profbuf_kallsyms_load(&k, path)) {
		for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
			const char *name, *module;
			uint64_t start, end;

			if (!profbuf_kallsyms_find(k, addresses[i], &name, &module, &start, &end))
				continue;
			if (addresses[i] < start || addresses[i] >= end)
				abort();
			bytes += strlen(name) + strlen(module);
		}
		bytes += profbuf_kallsyms_address(k, "_text");
		profbuf_kallsyms_free(k);
	}
	close(fd);
}

static void read_otel(const uint8_t *data, size_t size)
{
	struct profbuf_otel_keys_record *r;
	size_t at = 0;

	if (profbuf_otel_keys_parse(data, size, &r))
		return;
	for (unsigned int i = 0; i < r->misc; i++)
		at += strlen(r->text + at) + 1;
	if (r->len > PROFBUF_RECORD_MAX / 8 || sizeof(*r) + at > r->len * 8)
		abort();
	free(r);
}

static void read_pprof(const uint8_t *data, size_t size)
{
	static const struct profbuf_profile_options options = { .kallsyms = "/dev/null", .no_user_symbols = true };
	const struct profbuf_event *events;
	const struct profbuf_stack *stacks;
	const struct profbuf_frame *frames;
	struct profbuf_profile *p;
	char path[32];
	int fd = open_input(data, size, path);

	if (!profbuf_profile_read(&p, path, &options)) {
		size_t i, n = profbuf_profile_events(p, &events), nr_stacks = profbuf_profile_stacks(p, &stacks);
		size_t nr_frames = profbuf_profile_frames(p, &frames);

		for (i = 0; i < n; i++) {
			if (events[i].stack >= nr_stacks)
				abort();
		}
		for (i = 0; i < nr_frames; i++)
			bytes += strlen(frames[i].symbol->name) + strlen(frames[i].symbol->object->name);
		profbuf_profile_free(p);
	}
	close(fd);
}

/* Reads lines as names, all of one object. */
static void read_names(const uint8_t *data, size_t size)
{
	static struct demangler demangler;
	char *lines = strndup((const char *)data, size), *name, *rest = lines;
	unsigned int timeouts = 0;

	while ((name = strsep(&rest, "\n"))) {
		const char *shown = demangle(&demangler, name, &timeouts);

		if (shown && (!*shown || strlen(shown) > SYMBOL_NAME_MAX))
			abort();
	}
	if (timeouts > DEMANGLE_TIMEOUTS_MAX)
		abort();
	free(lines);
}

static const struct {
	const char *name;
	void (*read)(const uint8_t *data, size_t size);
} readers[] = {
	{ "elf", read_elf }, { "tagelf", read_tag_elf }, { "perfmap", read_perf_map },
	{ "kallsyms", read_kallsyms }, { "otel", read_otel }, { "pprof", read_pprof },
	{ "names", read_names },
};

static void (*read_input)(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = strrchr((*argv)[0], '-');

	(void)argc;
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		if (name && !strcmp(name + 1, readers[i].name))
			read_input = readers[i].read;
	}
	/* The build ids are random: no server must be asked for them. */
	unsetenv("DEBUGINFOD_URLS");
	if (!read_input)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_input(data, size);
	return 0;
}
