// SPDX-License-Identifier: GPL-2.0-only
/*
 * tag_source.c - where the threads of a process have the pointers to their tags
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/table.h"
#include "tag_elf.h"
#include "tag_source.h"

#define FILES_MAX	65536	/* when there are as many, all are forgotten at once */
#define MAPPINGS_MAX	65536	/* executable mappings of one process */
#define MODULE_MAX	65535
#define PAGE		4096UL

/* Bound of an address that is read from the process's memory. The bound of offsets is PROFBUF_TLS_BYTES. */
#define ADDRESS_MAX	(1ULL << 47)

struct file {
	struct tag_file_id id;
	bool x86_64, musl;
	bool stale;		/* has to be read again */
	struct tag_elf *elf;	/* NULL: it names none of the variables */
};

struct tag_files {
	struct file *all;
	size_t n, room;
	struct index index;
	uint64_t read;
	struct tag_news *news;	/* NULL: do not report what is read */
};

/* An executable mapping of a file. */
struct mapped {
	uint64_t start, offset;
	uint32_t file;		/* its place in tag_files.all */
	bool known;		/* false: its file could not be read */
};

struct process {
	struct tag_files *files;
	pid_t pid;
	pid_t tid;		/* a thread of it that has not ended; used for /proc */
	int mem;		/* -1: not opened yet */
	uint64_t entry;		/* entry point of the program */
	struct mapped *maps;
	size_t n, room;
	size_t program;		/* its place in maps */
	bool has_program;
	int err;		/* the last error from reading a file or the memory */
};

/* Files */

int tag_files_new(struct tag_files **files)
{
	*files = calloc(1, sizeof(**files));
	return *files ? 0 : -ENOMEM;
}

static void forget(struct tag_files *files)
{
	size_t i;

	for (i = 0; i < files->n; i++)
		free(files->all[i].elf);
	files->n = 0;
	index_exit(&files->index);
	memset(&files->index, 0, sizeof(files->index));
}

void tag_files_free(struct tag_files *files)
{
	if (!files)
		return;
	forget(files);
	free(files->all);
	free(files);
}

uint64_t tag_files_read(const struct tag_files *files)
{
	return files->read;
}

static uint64_t id_hash(const struct tag_file_id *id)
{
	return hash_mix(id->inode, (uint64_t)id->major << 32 | id->minor);
}

static struct file *find_file(const struct tag_files *files, const struct tag_file_id *id)
{
	uint64_t hash = id_hash(id), at = hash;
	uint32_t i;

	while ((i = index_next(&files->index, hash, &at)) != INDEX_NONE) {
		const struct tag_file_id *other = &files->all[i].id;

		if (other->inode == id->inode && other->major == id->major && other->minor == id->minor)
			return &files->all[i];
	}
	return NULL;
}

bool tag_files_have_none(struct tag_files *files, const struct tag_file_id *id)
{
	struct file *file = find_file(files, id);

	if (!file)
		return false;
	/* The inode was freed, and belongs to another file now. */
	if (file->id.build_id && id->build_id && file->id.build_id != id->build_id)
		file->stale = true;
	if (id->build_id)
		file->id.build_id = id->build_id;
	return !file->elf && !file->stale;
}

/* Opens a file through its mapping, which needs rights but also works if the file was deleted; else by its name. */
static int open_mapped(const struct process *p, const char *range, const char *path, uint64_t inode)
{
	char name[PATH_MAX];
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/map_files/%s", p->tid, range);
	fd = file_open(name, inode);
	if (fd >= 0 || snprintf(name, sizeof(name), "/proc/%d/root%s", p->tid, path) >= (int)sizeof(name))
		return fd;
	return file_open(name, inode);
}

/* Remembers a file. @elf: NULL: it names none of the variables. Return: 0; -ENOMEM. */
static int keep(struct tag_files *files, const struct file *new, const struct tag_elf *elf, uint32_t *at)
{
	struct file *file = find_file(files, &new->id);
	struct tag_elf *copy = elf ? malloc(sizeof(*copy)) : NULL;

	if (elf && !copy)
		return -ENOMEM;
	if (elf)
		*copy = *elf;
	if (file) {
		free(file->elf);
	} else {
		if (!ARRAY_GROW(files->all, files->n, files->room) ||
		    !index_add(&files->index, id_hash(&new->id), files->n)) {
			free(copy);
			return -ENOMEM;
		}
		file = &files->all[files->n++];
	}
	*file = *new;
	file->elf = copy;
	*at = file - files->all;
	return 0;
}

static void tell(struct tag_news *news, const struct file *file, const struct tag_elf *elf)
{
	struct tag_file_news *to = &news->files[news->nr_files];

	if (news->nr_files == TAG_NEWS_FILES || (elf && news->nr_elfs == TAG_NEWS_ELFS))
		return;
	*to = (struct tag_file_news){ .id = file->id, .x86_64 = file->x86_64, .musl = file->musl };
	if (elf) {
		news->elfs[news->nr_elfs++] = *elf;
		to->elf = news->nr_elfs;
	}
	news->nr_files++;
}

void tag_files_tell(struct tag_files *files, struct tag_news *news)
{
	files->news = news;
}

int tag_files_merge(struct tag_files *files, const struct tag_news *news)
{
	uint32_t at;
	int err = 0;

	if (files->n >= FILES_MAX)
		forget(files);
	files->read += news->read;
	for (unsigned int i = 0; i < news->nr_files && i < TAG_NEWS_FILES && !err; i++) {
		const struct tag_file_news *n = &news->files[i];
		struct file file = { .id = n->id, .x86_64 = n->x86_64, .musl = n->musl };
		const struct file *known = find_file(files, &n->id);

		/* The inode belongs to another file since it was read. */
		if (known && known->id.build_id != n->id.build_id)
			continue;
		err = keep(files, &file, n->elf && n->elf <= TAG_NEWS_ELFS ? &news->elfs[n->elf - 1] : NULL, &at);
	}
	return err;
}

/* Reads a file and remembers it, unless it could not be read. Return: 0; -errno. */
static int read_file(struct tag_files *files, const struct tag_file_id *id, int fd, uint32_t *at)
{
	const struct file *known = find_file(files, id);
	struct file file = { .id = known ? known->id : *id };
	struct tag_elf elf;
	int err = tag_elf_read(fd, &elf);
	bool has_any;

	files->read++;
	if (files->news)
		files->news->read++;
	if (err && err != -ENOEXEC)
		return err;
	file.x86_64 = elf.x86_64;
	file.musl = elf.musl;
	has_any = tag_elf_has_any(&elf);
	if (files->news)
		tell(files->news, &file, has_any ? &elf : NULL);
	return keep(files, &file, has_any ? &elf : NULL, at);
}

/* Processes */

/* Reads the entry point of the program, which shows which mapping is the program's. */
static int read_entry(struct process *p)
{
	uint64_t auxv[128];
	char path[32];
	ssize_t n, i;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/auxv", p->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, auxv, sizeof(auxv));
	close(fd);
	if (n <= 0)
		return -ESRCH;
	for (i = 0; i + 1 < n / 8; i += 2) {
		if (auxv[i] == AT_ENTRY) {
			p->entry = auxv[i + 1];
			return 0;
		}
	}
	/* The words of its auxiliary vector have 32 bits. */
	return -ENOTSUP;
}

/* Takes one line of /proc/PID/maps. Return: 0, also for a line that is ignored; -ENOMEM. */
static int add_mapping(struct process *p, const char *line)
{
	unsigned long start, end, offset, inode;
	struct tag_file_id id = { 0 };
	struct mapped map = { 0 };
	char rights[8], range[40];
	struct file *file;
	int path = 0, fd, err;

	if (sscanf(line, "%lx-%lx %7s %lx %x:%x %lu %n", &start, &end, rights, &offset, &id.major, &id.minor, &inode,
		   &path) != 7 || rights[2] != 'x' || !inode || line[path] != '/' || p->n == MAPPINGS_MAX)
		return 0;
	map.start = start;
	map.offset = offset;
	id.inode = inode;
	file = find_file(p->files, &id);
	map.known = true;
	if (file && !file->stale) {
		map.file = file - p->files->all;
	} else {
		snprintf(range, sizeof(range), "%lx-%lx", start, end);
		fd = open_mapped(p, range, line + path, inode);
		err = fd < 0 ? fd : read_file(p->files, &id, fd, &map.file);
		if (fd >= 0)
			close(fd);
		if (err == -ENOMEM)
			return err;
		if (err) {
			p->err = err;
			map.known = false;
		}
	}
	if (!ARRAY_GROW(p->maps, p->n, p->room))
		return -ENOMEM;
	if (p->entry >= start && p->entry < end) {
		p->program = p->n;
		p->has_program = true;
	}
	p->maps[p->n++] = map;
	return 0;
}

static int read_maps(struct process *p)
{
	char path[32], *line = NULL;
	size_t room = 0;
	ssize_t n;
	FILE *file;
	int err = 0;

	snprintf(path, sizeof(path), "/proc/%d/maps", p->tid);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!err && (n = getline(&line, &room, file)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = 0;
		err = add_mapping(p, line);
	}
	free(line);
	fclose(file);
	return err;
}

static bool read_words(struct process *p, uint64_t address, uint64_t *words, size_t n)
{
	char path[32];

	if (p->mem < 0) {
		snprintf(path, sizeof(path), "/proc/%d/mem", p->tid);
		p->mem = open(path, O_RDONLY | O_CLOEXEC);
		if (p->mem < 0) {
			p->err = -errno;
			return false;
		}
	}
	return address < ADDRESS_MAX && pread(p->mem, words, n * 8, address) == (ssize_t)(n * 8);
}

/* Variables */

static bool set_static(struct profbuf_tag_source *source, uint64_t word)
{
	int64_t offset = word;

	if (offset >= 0 || offset < -PROFBUF_TLS_BYTES || offset % 8)
		return false;
	source->tls = PROFBUF_TLS_STATIC;
	source->offset = offset;
	source->module = 0;
	return true;
}

/* Whether a file defines the variable at that offset in its segment. Otherwise the number of a module means nothing. */
static bool is_defined_at(const struct process *p, int kind, uint64_t offset)
{
	const struct tag_elf *elf;
	size_t i;

	for (i = 0; i < p->n; i++) {
		elf = p->maps[i].known ? p->files->all[p->maps[i].file].elf : NULL;
		if (elf && elf->variables[kind].exported && elf->variables[kind].value == offset)
			return true;
	}
	return false;
}

static bool set_dynamic(const struct process *p, struct profbuf_tag_source *source, uint64_t module, uint64_t offset)
{
	bool musl = p->has_program && p->maps[p->program].known && p->files->all[p->maps[p->program].file].musl;

	if (!module || module > MODULE_MAX || offset >= PROFBUF_TLS_BYTES || offset % 8 ||
	    !is_defined_at(p, source->kind, offset))
		return false;
	source->tls = musl ? PROFBUF_TLS_MUSL : PROFBUF_TLS_GLIBC;
	source->offset = offset;
	source->module = module;
	return true;
}

/* Reads what the dynamic linker put into a slot. False: nothing yet. */
static bool read_slot(struct process *p, const struct tag_variable *v, const struct tag_slot *slot, uint64_t bias,
		      struct profbuf_tag_source *source)
{
	uint64_t words[2], argument[2];

	if (!read_words(p, bias + slot->address, words, slot->type == R_X86_64_TPOFF64 ? 1 : 2))
		return false;
	switch (slot->type) {
	case R_X86_64_TPOFF64:
		return set_static(source, words[0] - slot->addend);
	case R_X86_64_TLSDESC:
		/* A function and its argument: the distance, or the address of {module, offset}, in glibc and musl. */
		if (!words[0] || set_static(source, words[1] - slot->addend))
			return words[0];
		if (words[1] % 8 || words[1] < PAGE || !read_words(p, words[1], argument, 2))
			return false;
		return set_dynamic(p, source, argument[0], argument[1] - slot->addend);
	case R_X86_64_DTPMOD64:
		/* The next word has the offset, unless the slot is shared by all variables of its own file. */
		return set_dynamic(p, source, words[0], slot->own ? v->value : words[1] - slot->addend);
	}
	return false;
}

/* Finds what to add to an address in the file to get the address in the process. */
static bool find_bias(const struct tag_elf *elf, const struct mapped *map, uint64_t *bias)
{
	unsigned int i;

	for (i = 0; i < elf->nr_segments; i++) {
		const struct tag_segment *s = &elf->segments[i];

		if (map->offset >= (s->offset & ~(PAGE - 1)) && map->offset - (s->offset & ~(PAGE - 1)) < s->bytes +
		    s->offset % PAGE) {
			*bias = map->start - map->offset + s->offset - s->address;
			return true;
		}
	}
	return false;
}

/* Return: 1; 0: no file names the variable; -EAGAIN. */
static int find_variable(struct process *p, int kind, struct profbuf_tag_source *source)
{
	const struct tag_elf *elf;
	int found = 0;
	unsigned int k;
	uint64_t bias;
	size_t i;

	memset(source, 0, sizeof(*source));
	source->kind = kind;
	source->pid = p->pid;
	elf = p->has_program && p->maps[p->program].known ? p->files->all[p->maps[p->program].file].elf : NULL;
	if (elf && elf->variables[kind].defined && set_static(source, elf->tls + elf->variables[kind].value))
		return 1;
	for (i = 0; i < p->n; i++) {
		elf = p->maps[i].known ? p->files->all[p->maps[i].file].elf : NULL;
		if (!elf || !elf->variables[kind].named || !find_bias(elf, &p->maps[i], &bias))
			continue;
		found = found ? found : -EAGAIN;
		for (k = 0; k < elf->variables[kind].nr_slots; k++) {
			if (!read_slot(p, &elf->variables[kind], &elf->variables[kind].slots[k], bias, source))
				continue;
			found = 1;
			/*
			 * This is the best result: the place is the same in all threads, also in those that have not
			 * used it yet.
			 */
			if (source->tls == PROFBUF_TLS_STATIC)
				return 1;
		}
	}
	return found;
}

static int find(struct process *p, struct profbuf_tag_source *sources)
{
	int err, kind, found, n = 0;

	p->tid = proc_live_thread(p->pid);
	err = p->tid ? read_entry(p) : -ESRCH;
	if (!err)
		err = read_maps(p);
	if (err)
		return err;
	if (p->has_program && p->maps[p->program].known && !p->files->all[p->maps[p->program].file].x86_64)
		return -ENOTSUP;
	for (kind = 0; kind < PROFBUF_NR_TAG_KINDS; kind++) {
		found = find_variable(p, kind, &sources[n]);
		if (found > 0)
			n++;
		else if (found < 0)
			err = found;
	}
	if (n)
		return n;
	return p->err == -EACCES || p->err == -EPERM ? p->err : err ? err : -ENOENT;
}

int tag_source_find(struct tag_files *files, pid_t pid, struct profbuf_tag_source sources[PROFBUF_NR_TAG_KINDS])
{
	struct process p = { .files = files, .pid = pid, .mem = -1 };
	int n;

	/* Forget files only between two looks: during a look, places in files->all must stay valid. */
	if (files->n >= FILES_MAX)
		forget(files);
	n = find(&p, sources);
	if (p.mem >= 0)
		close(p.mem);
	free(p.maps);
	return n;
}
