// SPDX-License-Identifier: GPL-2.0-only
/*
 * export_perf.c - a profile as a perf.data file, for perf report and perf script
 *
 * Samples are in the order of time. Before the first sample of a process under a name come the records that perf needs:
 * a fork, so that perf forgets what it knew of that pid, then the name, then the mappings. So perf finds each sample's
 * process as the library did. The address of a caller's frame is the address of its call, as in the profile, not the
 * return address.
 *
 * perf has no field for tags. It has a field for cgroups, by which it can print, sort and filter. If samples have tags,
 * their label sets are stored as the paths of cgroups.
 *
 * The header has sizes of what follows, and the output may be a pipe. So everything is generated twice, the first time
 * only to count bytes.
 */
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "export.h"
#include "symbols/kallsyms.h"

/* Constants of perf's file format, which are in no installed header. */
#define PERF_MAGIC		"PERFILE2"
#define PERF_FINISHED_ROUND	68
#define HEADER_OSRELEASE	4
#define HEADER_ARCH		6
#define HEADER_NRCPUS		7
#define HEADER_CMDLINE		11
#define HEADER_SAMPLE_TIME	21
#define NR_FEATURES		5

/* The longest record is a command with as many arguments as a record can have. */
#define BODY_BYTES		(16 * PROFBUF_RECORD_MAX)
/* The longest path of a label set. A longer text is cut off, because a record of perf is not longer than 64 KiB. */
#define PATH_BYTES		4096

#define SAMPLE_TYPE	(PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD | \
			 PERF_SAMPLE_CALLCHAIN)

struct section {
	uint64_t offset;
	uint64_t bytes;
};

struct file_header {
	char magic[8];
	uint64_t bytes;
	uint64_t attr_bytes;
	struct section attrs;
	struct section data;
	struct section event_types;
	uint64_t features[4];
};

struct file_attr {
	struct perf_event_attr attr;
	struct section ids;
};

/* A process or thread id, and what perf was told about it. */
struct task {
	uint32_t id;		/* first, for by_u32() */
	uint32_t program;	/* as a process: id of the program + 1; 0: perf knows none */
	uint32_t process_fork;	/* as a process: number of its last fork */
	uint32_t thread_fork;	/* as a thread: the fork of its process that it belongs to */
	const char *comm;	/* as a thread: its name; interned by the library */
};

struct writer {
	FILE *f;		/* NULL: only count bytes */
	uint64_t bytes;
	struct profbuf_profile *profile;
	const struct profbuf_stream_info *info;
	struct perf_event_header record;
	uint64_t body[BODY_BYTES / 8];	/* of the record that is being built */
	size_t at;			/* bytes in body */

	const struct profbuf_event *events;
	const struct profbuf_stack *stacks;
	const struct profbuf_frame *frames;
	const struct profbuf_program *const *programs;
	const struct profbuf_map *maps;
	size_t nr_events, nr_programs, nr_maps;

	struct task *tasks;	/* by id */
	size_t nr_tasks;
	uint32_t nr_forks;
	uint32_t *by_program;	/* positions in maps */
	uint32_t *first_map;
	uint32_t *next_map;	/* of a program: the first position in by_program that perf was not told about */
	struct kernel_span *spans;
	size_t nr_spans;
	struct tag_values tags;
	bool has_tags;
	bool is_running;	/* the profile's kernel is the one that runs now */
};

/* Bytes */

static void put_bytes(struct writer *w, const void *data, size_t bytes)
{
	if (w->f)
		fwrite_unlocked(data, 1, bytes, w->f);
	w->bytes += bytes;
}

static void begin_record(struct writer *w, uint32_t type, uint16_t misc)
{
	w->record = (struct perf_event_header){ .type = type, .misc = misc };
	w->at = 0;
}

static void add(struct writer *w, const void *data, size_t bytes)
{
	memcpy((char *)w->body + w->at, data, bytes);
	w->at += bytes;
}

static void add_u32(struct writer *w, uint32_t value)
{
	add(w, &value, sizeof(value));
}

static void add_u64(struct writer *w, uint64_t value)
{
	add(w, &value, sizeof(value));
}

/* Adds the string with its zero byte, then zeros to a whole word. */
static void add_string(struct writer *w, const char *text)
{
	size_t bytes = strlen(text) + 1, padding = -bytes & 7;

	add(w, text, bytes);
	memset((char *)w->body + w->at, 0, padding);
	w->at += padding;
}

static void end_record(struct writer *w)
{
	w->record.size = sizeof(w->record) + w->at;
	put_bytes(w, &w->record, sizeof(w->record));
	put_bytes(w, w->body, w->at);
}

/* Ends a record that is not a sample with the fields that sample_id_all asks for. */
static void end_with_id(struct writer *w, uint32_t pid, uint32_t tid, uint64_t time, uint32_t cpu)
{
	add_u32(w, pid);
	add_u32(w, tid);
	add_u64(w, time);
	add_u32(w, cpu);
	add_u32(w, 0);
	end_record(w);
}

/* Processes */

static void put_fork(struct writer *w, const struct profbuf_program *program, uint32_t tid, uint64_t time)
{
	bool leader = tid == program->pid;

	/* This flag keeps the parent's mappings out of the child. */
	begin_record(w, PERF_RECORD_FORK, PERF_RECORD_MISC_COMM_EXEC);
	add_u32(w, program->pid);
	add_u32(w, leader ? program->ppid : program->pid);
	add_u32(w, tid);
	add_u32(w, leader ? program->ppid : program->pid);
	add_u64(w, time);
	end_with_id(w, program->pid, tid, time, 0);
}

static void put_comm(struct writer *w, uint32_t pid, uint32_t tid, const char *comm, uint64_t time)
{
	begin_record(w, PERF_RECORD_COMM, PERF_RECORD_MISC_USER);
	add_u32(w, pid);
	add_u32(w, tid);
	add_string(w, comm);
	end_with_id(w, pid, tid, time, 0);
}

/*
 * The inode of a file is not in the profile. If there is a build id, it is written instead, and identifies the file
 * better.
 */
static void put_map(struct writer *w, const struct profbuf_program *program, const struct profbuf_map *map,
		    uint64_t time)
{
	uint8_t id[24] = { 0 };
	bool has_id = map->object->build_id_len && map->object->build_id_len <= 20;

	if (has_id) {
		id[0] = map->object->build_id_len;
		memcpy(id + 4, map->object->build_id, map->object->build_id_len);
	}
	begin_record(w, PERF_RECORD_MMAP2, PERF_RECORD_MISC_USER | (has_id ? PERF_RECORD_MISC_MMAP_BUILD_ID : 0));
	add_u32(w, program->pid);
	add_u32(w, program->pid);
	add_u64(w, map->start);
	add_u64(w, map->end - map->start);
	add_u64(w, map->offset);
	add(w, id, sizeof(id));
	add_u32(w, 5);		/* PROT_READ | PROT_EXEC */
	add_u32(w, 2);		/* MAP_PRIVATE */
	/* By this name perf recognizes code made at run time, and looks into /tmp/perf-PID.map. */
	add_string(w, map->anonymous ? "//anon" : map->object->path);
	end_with_id(w, program->pid, program->pid, time, 0);
}

/*
 * Adds the mappings that a sample at @time was resolved with: the mappings of the first description, and all later ones
 * up to @time.
 */
static void put_maps(struct writer *w, const struct profbuf_program *program, uint64_t time)
{
	uint32_t first = w->first_map[program->id], end = w->first_map[program->id + 1];
	uint32_t *next = &w->next_map[program->id];

	for (; *next < end; (*next)++) {
		const struct profbuf_map *map = &w->maps[w->by_program[*next]];

		if (map->time > time && map->time != w->maps[w->by_program[first]].time)
			break;
		put_map(w, program, map, time);
	}
}

static struct task *find_task(struct writer *w, uint32_t id)
{
	return bsearch(&id, w->tasks, w->nr_tasks, sizeof(*w->tasks), by_u32);
}

/* Adds what perf must know before a sample. perf knows the idle task, pid 0, already. */
static void put_task(struct writer *w, const struct profbuf_program *program, const struct profbuf_event *e)
{
	struct task *process = find_task(w, program->pid), *thread = find_task(w, e->tid);
	const char *comm;

	if (!program->pid)
		return;
	if (process->program != program->id + 1) {
		put_fork(w, program, program->pid, e->time);
		put_comm(w, program->pid, program->pid, program->comm, e->time);
		process->comm = program->comm;
		process->program = program->id + 1;
		process->process_fork = process->thread_fork = ++w->nr_forks;
		w->next_map[program->id] = w->first_map[program->id];
	}
	put_maps(w, program, e->time);
	/* A new thread has the name of the thread that it is forked from. */
	if (thread->thread_fork != process->process_fork) {
		put_fork(w, program, e->tid, e->time);
		thread->thread_fork = process->process_fork;
		thread->comm = process->comm;
	}
	comm = profbuf_profile_thread_name(w->profile, e);
	if (strcmp(comm, thread->comm)) {
		put_comm(w, program->pid, e->tid, comm, e->time);
		thread->comm = comm;
	}
}

/* The kernel */

/*
 * Without a build id perf takes the running kernel's symbols. If the profile is from another kernel, the record gets a
 * build id that no kernel has: no names are better than wrong ones.
 */
static void put_kernel_map(struct writer *w, const char *name, uint64_t start, uint64_t end, uint64_t reference)
{
	uint8_t id[24] = { 20 };

	memcpy(id + 4, "kernel not recorded.", 20);
	begin_record(w, PERF_RECORD_MMAP2,
		     PERF_RECORD_MISC_KERNEL | (w->is_running ? 0 : PERF_RECORD_MISC_MMAP_BUILD_ID));
	if (w->is_running)
		memset(id, 0, sizeof(id));
	add_u32(w, UINT32_MAX);
	add_u32(w, 0);
	add_u64(w, start);
	add_u64(w, end - start);
	add_u64(w, reference);
	add(w, id, sizeof(id));
	add_u32(w, 5);		/* PROT_READ | PROT_EXEC */
	add_u32(w, 2);		/* MAP_PRIVATE */
	add_string(w, name);
	end_with_id(w, UINT32_MAX, 0, w->info->time, 0);
}

/*
 * The name of the kernel's map is followed by the name of a symbol, and the symbol's address is given as the offset.
 * perf compares it with the address in kallsyms. The profile knows one such address, the one of schedule().
 */
static void put_kernel(struct writer *w)
{
	for (size_t i = 0; i < w->nr_spans; i++) {
		const struct kernel_span *span = &w->spans[i];

		if (!span->object)
			continue;
		if (strcmp(span->object->name, "[kernel]"))
			put_kernel_map(w, span->object->name, span->start, span->end, 0);
		else
			put_kernel_map(w, "[kernel.kallsyms]schedule", span->start, span->end,
				       w->info->kernel_anchor);
	}
}

/* Tags */

/* The empty label set gets a path, too: perf prints nothing at all for a cgroup that it does not know. */
static void put_label_sets(struct writer *w)
{
	char path[PATH_BYTES];

	for (size_t i = 0; w->has_tags && i < w->tags.n; i++) {
		snprintf(path, sizeof(path), "%s", w->tags.names[i]);
		begin_record(w, PERF_RECORD_CGROUP, 0);
		add_u64(w, i + 1);
		add_string(w, path);
		end_with_id(w, 0, 0, w->info->time, 0);
	}
}

/* Samples */

static void put_sample(struct writer *w, const struct profbuf_event *e)
{
	const struct profbuf_stack *stack = &w->stacks[e->stack];
	const struct profbuf_program *program = w->programs[stack->program];
	unsigned int k, n = stack_depth(stack);

	begin_record(w, PERF_RECORD_SAMPLE, stack->nr_kernel ? PERF_RECORD_MISC_KERNEL : PERF_RECORD_MISC_USER);
	add_u64(w, w->frames[stack->frames[0]].address);
	add_u32(w, program->pid);
	add_u32(w, e->tid);
	add_u64(w, e->time);
	add_u32(w, e->cpu);
	add_u32(w, 0);
	add_u64(w, w->info->period * e->weight);
	add_u64(w, n + !!stack->nr_kernel + !!stack->nr_user);
	for (k = 0; k < n; k++) {
		if (k == stack->nr_kernel)
			add_u64(w, PERF_CONTEXT_USER);
		else if (!k)
			add_u64(w, PERF_CONTEXT_KERNEL);
		add_u64(w, w->frames[stack->frames[k]].address);
	}
	if (w->has_tags)
		add_u64(w, e->labels + 1);
	end_record(w);
}

static uint64_t last_time(const struct writer *w)
{
	return w->nr_events ? w->events[w->nr_events - 1].time : w->info->time;
}

static void put_lost(struct writer *w)
{
	const struct profbuf_accounting *a = profbuf_profile_accounting(w->profile);

	for (uint32_t cpu = 0; cpu < a->nr_cpus; cpu++) {
		if (!a->cpus[cpu]->lost)
			continue;
		begin_record(w, PERF_RECORD_LOST_SAMPLES, 0);
		add_u64(w, a->cpus[cpu]->lost);
		end_with_id(w, 0, 0, last_time(w), cpu);
	}
}

static void put_data(struct writer *w)
{
	size_t i;

	w->nr_forks = 0;
	for (i = 0; i < w->nr_tasks; i++)
		w->tasks[i] = (struct task){ .id = w->tasks[i].id };
	put_kernel(w);
	put_label_sets(w);
	for (i = 0; i < w->nr_events; i++) {
		put_task(w, w->programs[w->stacks[w->events[i].stack].program], &w->events[i]);
		put_sample(w, &w->events[i]);
	}
	put_lost(w);
	/* The data must not be empty: perf takes a file without data for a truncated one. */
	begin_record(w, PERF_FINISHED_ROUND, 0);
	end_record(w);
}

/* Features */

static void add_counted_string(struct writer *w, const char *text)
{
	add_u32(w, (strlen(text) + 8) & ~7UL);
	add_string(w, text);
}

static void add_command(struct writer *w)
{
	const struct profbuf_command_record *command = profbuf_profile_command(w->profile);
	const char *argument = command ? command->text : NULL;
	uint32_t i, n = command ? command->misc : 0;

	add_u32(w, n + 1);
	add_counted_string(w, "profbuf");
	for (i = 0; i < n; i++) {
		add_counted_string(w, argument);
		argument += strlen(argument) + 1;
	}
}

/*
 * Puts the features into body, one after the other, and their places in body into @sections. Returns the bits of the
 * features.
 */
static uint64_t make_features(struct writer *w, struct section *sections)
{
	static const unsigned int features[NR_FEATURES] = {
		HEADER_OSRELEASE, HEADER_ARCH, HEADER_NRCPUS, HEADER_CMDLINE, HEADER_SAMPLE_TIME,
	};

	uint64_t bits = 0;

	w->at = 0;
	for (size_t i = 0; i < NR_FEATURES; i++) {
		sections[i].offset = w->at;
		switch (features[i]) {
		case HEADER_OSRELEASE:
			add_counted_string(w, w->info->release);
			break;
		case HEADER_ARCH:
			add_counted_string(w, w->info->machine);
			break;
		case HEADER_NRCPUS:
			add_u32(w, w->info->nr_cpus);
			add_u32(w, w->info->nr_cpus);
			break;
		case HEADER_CMDLINE:
			add_command(w);
			break;
		case HEADER_SAMPLE_TIME:
			add_u64(w, w->nr_events ? w->events[0].time : w->info->time);
			add_u64(w, last_time(w));
			break;
		}
		sections[i].bytes = w->at - sections[i].offset;
		bits |= 1ULL << features[i];
	}
	return bits;
}

static void make_attr(const struct writer *w, struct perf_event_attr *attr)
{
	attr->size = sizeof(*attr);
	attr->type = is_cycles(w->profile) ? PERF_TYPE_HARDWARE : PERF_TYPE_SOFTWARE;
	attr->config = is_cycles(w->profile) ? PERF_COUNT_HW_CPU_CYCLES : PERF_COUNT_SW_CPU_CLOCK;
	attr->sample_period = w->info->period;
	attr->sample_type = SAMPLE_TYPE | (w->has_tags ? PERF_SAMPLE_CGROUP : 0);
	attr->cgroup = w->has_tags;
	attr->exclude_kernel = !(w->info->flags & PROFBUF_CONFIG_KERNEL);
	attr->exclude_user = !(w->info->flags & PROFBUF_CONFIG_USER);
	attr->exclude_guest = 1;
	attr->mmap = 1;
	attr->mmap2 = 1;
	attr->comm = 1;
	attr->task = 1;
	attr->build_id = 1;
	attr->sample_id_all = 1;
	attr->use_clockid = 1;
	attr->clockid = w->info->clock;
}

static void put_file(struct writer *w)
{
	struct file_header header = { .magic = PERF_MAGIC, .bytes = sizeof(header) };
	struct section sections[NR_FEATURES];
	struct file_attr attr = { 0 };
	FILE *f = w->f;

	w->f = NULL;
	put_data(w);
	w->f = f;
	header.attr_bytes = sizeof(attr);
	header.attrs.offset = sizeof(header);
	header.attrs.bytes = sizeof(attr);
	header.data.offset = sizeof(header) + sizeof(attr);
	header.data.bytes = w->bytes;
	header.features[0] = make_features(w, sections);
	make_attr(w, &attr.attr);
	attr.ids.offset = header.data.offset;

	put_bytes(w, &header, sizeof(header));
	put_bytes(w, &attr, sizeof(attr));
	put_data(w);
	make_features(w, sections);
	for (size_t i = 0; i < NR_FEATURES; i++)
		sections[i].offset += header.data.offset + header.data.bytes + sizeof(sections);
	put_bytes(w, sections, sizeof(sections));
	put_bytes(w, w->body, w->at);
}

/* Preparations */

static uint32_t program_of_map(const void *of, size_t i)
{
	return ((const struct writer *)of)->maps[i].program;
}

static bool is_running_kernel(const struct profbuf_stream_info *info)
{
	struct profbuf_kallsyms *kallsyms;
	bool same;

	if (!info->kernel_anchor || profbuf_kallsyms_load(&kallsyms, "/proc/kallsyms"))
		return false;
	same = profbuf_kallsyms_address(kallsyms, "schedule") == info->kernel_anchor;
	profbuf_kallsyms_free(kallsyms);
	return same;
}

static bool find_tasks(struct writer *w)
{
	size_t i, n = 0;

	w->tasks = calloc(w->nr_events + w->nr_programs + 1, sizeof(*w->tasks));
	if (!w->tasks)
		return false;
	for (i = 0; i < w->nr_programs; i++)
		w->tasks[n++].id = w->programs[i]->pid;
	for (i = 0; i < w->nr_events; i++) {
		if (!i || w->events[i].tid != w->events[i - 1].tid)
			w->tasks[n++].id = w->events[i].tid;
	}
	if (n)
		qsort(w->tasks, n, sizeof(*w->tasks), by_u32);
	for (i = 0; i < n; i++) {
		if (!i || w->tasks[i].id != w->tasks[w->nr_tasks - 1].id)
			w->tasks[w->nr_tasks++] = w->tasks[i];
	}
	return true;
}

bool export_perf(FILE *f, struct profbuf_profile *profile,
		 const struct export_options *options __attribute__((unused)))
{
	const struct profbuf_labels *const *sets;
	struct writer *w = calloc(1, sizeof(*w));
	bool ok = false;

	if (!w)
		return false;
	w->f = f;
	w->profile = profile;
	w->info = profbuf_profile_info(profile);
	profbuf_profile_sort(profile);
	w->nr_events = profbuf_profile_events(profile, &w->events);
	w->nr_programs = profbuf_profile_programs(profile, &w->programs);
	w->nr_maps = profbuf_profile_maps(profile, &w->maps);
	profbuf_profile_stacks(profile, &w->stacks);
	profbuf_profile_frames(profile, &w->frames);
	w->by_program = bucket_sort(w, w->nr_maps, program_of_map, w->nr_programs, &w->first_map);
	w->next_map = calloc(w->nr_programs + 1, sizeof(*w->next_map));
	w->is_running = is_running_kernel(w->info);
	w->spans = kernel_spans(profile, &w->nr_spans);
	w->has_tags = profbuf_profile_labels(profile, &sets) > 1;
	if (w->has_tags && !tag_values_make(&w->tags, profile, NULL, TAG_TEXT))
		goto out;
	if (w->by_program && w->next_map && w->spans && find_tasks(w)) {
		put_file(w);
		ok = true;
	}
out:
	tag_values_free(&w->tags);
	free(w->tasks);
	free(w->by_program);
	free(w->first_map);
	free(w->next_map);
	free(w->spans);
	free(w);
	return ok;
}
