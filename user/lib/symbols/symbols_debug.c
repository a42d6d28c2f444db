// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbols_debug.c - find the files with an ELF file's debug information
 *
 * Names are looked up in the same places as by elfutils; gdb's manual lists them in "Debugging Information in Separate
 * Files". A file that is found must have the build id of the ELF file or, if that has none, the checksum that stands
 * with the name.
 */
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"
#include "build_id.h"
#include "symbols_debug.h"

#define DEBUG_DIR	"/usr/lib/debug"
#define BUILD_ID_MAX	64

/*
 * Limits for the bytes of a debug file that is checked by its checksum, and of all such files in a report. Real debug
 * files of that size have build ids. A sparse file costs its owner nothing, but a second for each GiB here.
 */
#define SUMMED_MAX	(256LL << 20)
#define SUMMED_ALL_MAX	(1LL << 30)

struct summed_file {
	struct stat st;
	GElf_Word sum;
};

void debug_files_init(struct debug_files *d, Dwfl_Module *module, int fd, struct debug_limits *limits)
{
	struct stat st = { 0 };
	void **userdata;

	foreign_stat(limits ? &limits->foreign : NULL, fd, &st);
	*d = (struct debug_files){ .device = st.st_dev, .inode = st.st_ino, .limits = limits };
	dwfl_module_info(module, &userdata, NULL, NULL, NULL, NULL, NULL, NULL);
	*userdata = d;
}

/* Remembers the state of a file, with its own descriptor: elfutils may close @fd at any time. */
static void add_found(struct debug_files *d, int fd)
{
	int own = d->nr_found < sizeof(d->found) / sizeof(*d->found) ? dup(fd) : -1;

	if (own >= 0)
		d->found[d->nr_found++] = file_state(own);
}

bool debug_files_unchanged(const struct debug_files *d)
{
	for (unsigned int i = 0; i < d->nr_found; i++) {
		if (!file_unchanged(&d->found[i]))
			return false;
	}
	return true;
}

void debug_files_exit(struct debug_files *d)
{
	while (d->nr_found)
		close(d->found[--d->nr_found].fd);
	if (!d->alternate)
		return;
	dwarf_end(d->alternate);
	close(d->alternate_fd);
}

static bool has_build_id(int fd, const void *wanted, ssize_t len)
{
	uint8_t build_id[BUILD_ID_MAX];

	return len <= BUILD_ID_MAX && elf_build_id(fd, build_id, sizeof(build_id)) == len &&
	       !memcmp(build_id, wanted, len);
}

static GElf_Word sum_bytes(int fd, off_t size)
{
	uint8_t bytes[65536];
	off_t at = 0;
	uLong sum = 0;
	ssize_t n;

	while (at < size && (n = pread(fd, bytes, sizeof(bytes), at)) > 0) {
		sum = crc32(sum, bytes, n);
		at += n;
	}
	return sum;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Finds a file that was summed before. */
static const struct summed_file *find_sum(const struct debug_limits *l, const struct stat *st, uint64_t hash)
{
	uint64_t at = hash;
	uint32_t id;

	while ((id = index_next(&l->index, hash, &at)) != INDEX_NONE) {
		if (same_file(&l->files[id].st, st))
			return &l->files[id];
	}
	return NULL;
}

static bool has_sum(struct debug_limits *l, int fd, GElf_Word wanted)
{
	const struct summed_file *found;
	struct stat st;
	uint64_t hash;
	GElf_Word sum;

	if (!l || foreign_stat(&l->foreign, fd, &st))
		return false;
	hash = hash_mix(hash_mix(st.st_ino, st.st_dev), hash_mix(st.st_mtim.tv_nsec, st.st_size));
	found = find_sum(l, &st, hash);
	if (found)
		return found->sum == wanted;
	if (st.st_size > SUMMED_MAX || st.st_size > SUMMED_ALL_MAX - (off_t)l->summed)
		return false;
	sum = sum_bytes(fd, st.st_size);
	l->summed += st.st_size;
	/* Without memory the file is summed again later, and counts again. */
	if (ARRAY_GROW(l->files, l->nr_files, l->room_files) && index_add(&l->index, hash, l->nr_files))
		l->files[l->nr_files++] = (struct summed_file){ st, sum };
	return sum == wanted;
}

/* Debug files */

/* The file that is looked for. */
struct wanted {
	const struct debug_files *files;
	const unsigned char *build_id;
	int build_id_len;	/* 0 or less: no build id */
	bool has_sum;		/* the checksum stands with its name */
	GElf_Word sum;
};

static bool may_unpack(struct debug_limits *limits, int fd)
{
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	bool ok = debug_limits_may_unpack(limits, elf);

	elf_end(elf);
	return ok;
}

static bool is_named(const struct wanted *w, int fd)
{
	if (w->build_id_len > 0)
		return has_build_id(fd, w->build_id, w->build_id_len);
	return elf_build_id(fd, NULL, 0) >= 0 && (!w->has_sum || has_sum(w->files->limits, fd, w->sum));
}

static bool is_wanted(const struct wanted *w, int fd)
{
	struct debug_limits *limits = w->files->limits;
	struct stat st;

	/* The same file under another name does not count. */
	if (foreign_stat(limits ? &limits->foreign : NULL, fd, &st) ||
	    (st.st_dev == w->files->device && st.st_ino == w->files->inode))
		return false;
	return is_named(w, fd) && may_unpack(w->files->limits, fd);
}

/* A path in the root of a process. */
struct foreign_place {
	const struct wanted *w;
	const char *path;
};

/* Runs in the job. The caller checks checksums later, as they count for limits that are not shared with the job. */
static int open_foreign(const void *arg)
{
	const struct foreign_place *place = arg;
	int fd = file_open(place->path, 0);

	if (fd < 0 || place->w->build_id_len <= 0 || is_wanted(place->w, fd))
		return fd;
	close(fd);
	return -ENOENT;
}

/* Names of files in other roots begin with /proc/PID/root; their look-up stays in that root. */
static int open_place(const struct wanted *w, const char *path)
{
	const struct foreign_place place = { w, path };
	struct debug_limits *limits = w->files->limits;
	int pid, at = 0, foreign;

	if (sscanf(path, "/proc/%d/root%n", &pid, &at) < 1 || !at || path[at] != '/')
		return file_open_here(path, 0);
	foreign = foreign_root(pid);
	if (foreign <= 0)
		return foreign ? foreign : file_open_here(path + at, 0);
	return limits ? foreign_open(&limits->foreign, pid, open_foreign, &place, true) : -ENOENT;
}

/* Tries one path: @top, the first @bytes of @dir, @sub, "/" and @name. *@path: set to it if it is the wanted file. */
static int try_place(const struct wanted *w, const char *top, const char *dir, int bytes, const char *sub,
		     const char *name, char **path)
{
	char *place;
	int fd;

	if (asprintf(&place, "%s%.*s%s/%s", top, bytes, dir, sub, name) < 0)
		return -1;
	fd = open_place(w, place);
	if (fd >= 0 && is_wanted(w, fd)) {
		*path = place;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	free(place);
	return -1;
}

/*
 * Looks beside @file, in .debug there, and below DEBUG_DIR in @file's directory, with or without its first components.
 */
static int find_debug_file(const struct wanted *w, const char *file, const char *link, char **path)
{
	const char *base = strrchr(file, '/'), *names[2], *dir;
	char usual[PATH_MAX + sizeof(".debug")];
	int fd = -1;

	if (!base)
		return -1;
	snprintf(usual, sizeof(usual), "%s.debug", base + 1);
	names[0] = link ? link : usual;
	names[1] = link ? NULL : base + 1;
	for (int i = 0; i < 2 && names[i] && fd < 0; i++) {
		/* Beside @file, its own name is @file itself. */
		if (!i)
			fd = try_place(w, "", file, base - file, "", names[i], path);
		if (fd < 0)
			fd = try_place(w, "", file, base - file, "/.debug", names[i], path);
		for (dir = strchr(file, '/'); fd < 0 && dir && dir <= base; dir = strchr(dir + 1, '/'))
			fd = try_place(w, DEBUG_DIR, dir, base - dir, "", names[i], path);
	}
	return fd;
}

static bool servers_named(void)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	return urls && *urls;
}

static bool has_dwarf(int fd)
{
	Dwarf *dwarf = dwarf_begin(fd, DWARF_C_READ);

	dwarf_end(dwarf);
	return dwarf;
}

int debug_files_find(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *file,
		     const char *link, GElf_Word crc, char **path)
{
	struct debug_files *d = *userdata;
	struct wanted w = { .files = d, .has_sum = link, .sum = crc };
	GElf_Addr address;
	GElf_Word own;
	/* If the name is not the file's own debug link, it is the name of an alternate file. */
	bool alternate = link != dwelf_elf_gnu_debuglink(d->elf, &own);
	int fd = dwfl_build_id_find_debuginfo(module, userdata, name, base, NULL, NULL, 0, path);

	w.build_id_len = dwfl_module_build_id(module, &w.build_id, &address);
	if (fd < 0 && !alternate)
		fd = find_debug_file(&w, file, link, path);
	/* Without a name this asks the servers. */
	if (fd < 0 && w.build_id_len > 0 && debug_limits_may_ask(d->limits, w.build_id, w.build_id_len)) {
		fd = dwfl_standard_find_debuginfo(module, userdata, name, base, NULL, NULL, 0, path);
		d->limits->misses += fd < 0 && servers_named();
	}
	if (fd >= 0)
		add_found(d, fd);
	if (alternate)
		d->has_alternate = fd >= 0 && has_dwarf(fd);
	return fd;
}

/* Alternate files */

static void find_alternate(struct debug_files *d, const struct wanted *w, Dwfl_Module *module, const char *name)
{
	const char *file, *debug, *dir, *base = base_name(name);
	char *path = NULL;
	int bytes, fd;

	dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, &file, &debug);
	dir = debug ? debug : file;
	bytes = strrchr(dir, '/') ? strrchr(dir, '/') - dir : 0;
	fd = *name == '/' ? try_place(w, "", "", 0, "", name, &path) : try_place(w, "", dir, bytes, "", name, &path);
	if (fd < 0)
		fd = try_place(w, "", dir, bytes, "/.dwz", base, &path);
	if (fd < 0)
		fd = try_place(w, DEBUG_DIR, "", 0, "/.dwz", base, &path);
	free(path);
	if (fd < 0)
		return;
	d->alternate = dwarf_begin(fd, DWARF_C_READ);
	d->alternate_fd = fd;
	add_found(d, fd);
	if (!d->alternate)
		close(fd);
}

static bool has_all(struct debug_files *d, Dwfl_Module *module)
{
	struct wanted w = { .files = d };
	Dwarf *dwarf, *alternate;
	const void *build_id;
	Dwarf_Addr bias;
	const char *name;
	ssize_t len;

	dwarf = dwfl_module_getdwarf(module, &bias);
	if (!dwarf)
		return false;
	len = dwelf_dwarf_gnu_debugaltlink(dwarf, &name, &build_id);
	if (len <= 0)
		return true;
	if (len > BUILD_ID_MAX)
		return false;
	w.build_id = build_id;
	w.build_id_len = len;
	if (d->has_alternate) {
		alternate = dwarf_getalt(dwarf);
	} else {
		find_alternate(d, &w, module, name);
		alternate = d->alternate;
		dwarf_setalt(dwarf, alternate);
	}
	/* An alternate file must not need another one, of which libdw would know only the name. */
	return alternate && dwelf_dwarf_gnu_debugaltlink(alternate, &name, &build_id) <= 0;
}

bool debug_files_complete(struct debug_files *d, Dwfl_Module *module)
{
	if (!d->looked)
		d->complete = has_all(d, module);
	d->looked = true;
	return d->complete;
}
