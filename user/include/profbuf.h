/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profbuf.h - libprofbuf: sessions of /dev/profbuf, and streams turned into profiles
 *
 * No function prints or exits. Functions that can fail return 0 or more, or -errno. Strings are bytes as the kernel and
 * the files have them, not checked to be UTF-8; they belong to the object that returned them. Times are CLOCK_MONOTONIC
 * in ns. One object is for one thread at a time.
 */
#ifndef PROFBUF_H
#define PROFBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "profbuf_uapi.h"
#include "profbuf_version.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define LIBPROFBUF_VERSION	PROFBUF_VERSION

/* Of the library that is there, as LIBPROFBUF_VERSION is of that which the caller was compiled for. */
const char *profbuf_version(void);

/* Sessions ------------------------------------------------------------------------------------------------------- */

struct profbuf_session;

/**
 * profbuf_session_open() - open the device
 * @session: set
 *
 * Return: 0; -ENOENT: the module is not loaded; -EACCES: no permission for the device; -ENOMEM; -EPROTO: the module has
 * another ABI.
 */
int profbuf_session_open(struct profbuf_session **session);
void profbuf_session_close(struct profbuf_session *session);

/* The descriptor, for poll(). */
int profbuf_session_fd(const struct profbuf_session *session);

/* What is in force, with defaults filled in: change it and give it to profbuf_session_configure(). */
int profbuf_session_get_config(const struct profbuf_session *session, struct profbuf_config *config);

/* Errors: see struct profbuf_config. */
int profbuf_session_configure(struct profbuf_session *session, const struct profbuf_config *config);
int profbuf_session_info(const struct profbuf_session *session, struct profbuf_info *info);
int profbuf_session_start(struct profbuf_session *session);
int profbuf_session_stop(struct profbuf_session *session);

/* What is in the rings comes with the next reads: see PROFBUF_IOC_FLUSH. */
int profbuf_session_flush(struct profbuf_session *session);

/* @cpu: a CPU, or PROFBUF_CPU_NONE for the sum. */
int profbuf_session_counters(const struct profbuf_session *session, unsigned int cpu, struct profbuf_counters_get *get);

/* Return: 0; errors: see struct profbuf_tag_source, whose size is set here; -ENOTTY: an older module. */
int profbuf_session_tag_source(struct profbuf_session *session, const struct profbuf_tag_source *source);

/*
 * Tags process @pid, or the thread, from outside. @flags: PROFBUF_TAG_*. @labels: @bytes of a label set's text.
 * Errors: see struct profbuf_tag_set; -ENOTTY: the module is of a version without tags.
 */
int profbuf_session_tag(const struct profbuf_session *session, uint32_t pid, uint32_t flags, const char *labels,
			size_t bytes);

/* As read(): bytes of whole records, 0 at the end, -errno. */
ssize_t profbuf_session_read(struct profbuf_session *session, void *buf, size_t bytes);

/* Records of files ----------------------------------------------------------------------------------------------- */

/*
 * What files have beside the kernel's records: symbols, the names of cgroups and the command, which `profbuf record`
 * adds after the end of the stream, the key names of thread contexts, which come when they were found, and what the
 * compact form has instead of samples, which profbuf_reader_next() turns into samples again. A recording may be in
 * parts, each a file: see struct profbuf_part_record.
 */
enum profbuf_file_record_type {
	PROFBUF_RECORD_SYMBOL	= 1024,	/* struct profbuf_symbol_record */
	PROFBUF_RECORD_COMMAND	= 1025,	/* struct profbuf_command_record */
	PROFBUF_RECORD_STACK	= 1026,	/* struct profbuf_stack_record */
	PROFBUF_RECORD_STACK_SAMPLE = 1027, /* struct profbuf_sample without frames[]; stack: the id of its stack */
	PROFBUF_RECORD_OTEL_KEYS = 1028, /* struct profbuf_otel_keys_record */
	PROFBUF_RECORD_CGROUP	= 1029,	/* struct profbuf_cgroup_record */
	PROFBUF_RECORD_PART	= 1030,	/* struct profbuf_part_record */
	PROFBUF_RECORD_JIT_SYMBOL = 1031, /* struct profbuf_jit_symbol_record */
};

#define PROFBUF_SYMBOL_VDSO	1	/* misc: start and end are offsets in [vdso] */

/*
 * A symbol that cannot be looked up in a file later: one of the kernel's that addresses of the stream lie in, or one of
 * the vdso. text is two strings, each with its zero: the name, and the kernel module, empty for the kernel itself.
 */
struct profbuf_symbol_record {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_SYMBOL */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;		/* PROFBUF_SYMBOL_VDSO or 0 */
	__u64	start;
	__u64	end;		/* after the last byte */
	char	text[];
};

/*
 * A function that a process made at run time, by the map it wrote (/tmp/perf-PID.map): one that addresses of the stream
 * lie in. name is zero-terminated.
 */
struct profbuf_jit_symbol_record {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_JIT_SYMBOL */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u32	pid;
	__u32	reserved;
	__u64	start_time;	/* of the process */
	__u64	start;
	__u64	end;		/* after the last byte */
	char	name[];
};

/*
 * The frames of samples that follow, stored once. Ids count from 0 without gaps; 0 again means that all stacks before
 * are forgotten, so that neither who writes nor who reads has to remember more than it wants to. A sample that refers
 * to a stack has the same nr_kernel and nr_user.
 */
struct profbuf_stack_record {
	__u64	len;
	__u64	time;		/* 0 */
	__u16	type;		/* PROFBUF_RECORD_STACK */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u8	reserved[2];	/* 0 */
	__u8	nr_kernel;
	__u8	nr_user;
	__u64	id;
	__u64	frames[];
};

/*
 * The keys of a process's thread contexts (PROFBUF_TAG_OTEL), by their index: text is misc strings, each with its zero.
 * The last record of a process is the one that counts.
 */
struct profbuf_otel_keys_record {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_OTEL_KEYS */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u32	pid;
	__u32	reserved;
	__u64	start_time;	/* as in its PROCESS record; 0: not known, whichever has the pid */
	char	text[];
};

/* Where a cgroup was when the recording ended. path is zero-terminated, below the root of the hierarchy: "/a/b". */
struct profbuf_cgroup_record {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_CGROUP */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u64	id;		/* as in struct profbuf_process */
	char	path[];
};

/* How the file was made. text is misc strings, each with its zero: the arguments of the command that was profiled. */
struct profbuf_command_record {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_COMMAND */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u32	pid;
	__s32	status;		/* as of waitpid() */
	char	text[];
};

/*
 * Where a part of a recording begins: what the parts before have of a CPU. A file that is a part has one for each CPU
 * after PROFBUF_RECORD_INFO, whose time is that of the part, and then what the parts before said of processes that may
 * still run; at its end it has those with which the next part begins. The last part has the final counters instead.
 */
struct profbuf_part_record {
	__u64	len;
	__u64	time;		/* of the part's beginning */
	__u16	type;		/* PROFBUF_RECORD_PART */
	__u16	cpu;
	__u32	misc;		/* number of the part that begins, from 1 */
	__u64	samples;
	__u64	lost;
};

/* Streams -------------------------------------------------------------------------------------------------------- */

/* Records in memory. */
struct profbuf_stream {
	const uint64_t *words;
	size_t n;		/* words */
	size_t at;		/* of the next record */
	uint32_t nr_cpus;	/* of the stream; 0 before its first record */
};

/**
 * profbuf_stream_init() - read records out of memory
 * @stream: the stream; nothing to free
 * @data: the stream's bytes, aligned for u64; kept by the caller
 * @bytes: how many; up to seven at the end are ignored
 */
void profbuf_stream_init(struct profbuf_stream *stream, const void *data, size_t bytes);

/* Goes on in other memory. */
void profbuf_stream_continue(struct profbuf_stream *stream, const void *data, size_t bytes);

/**
 * profbuf_stream_next() - the next record, checked: whoever gets it may use every field its type has
 * @stream: the stream
 * @record: set; of a type the caller may not know
 *
 * On an error the stream stays at the record.
 *
 * Return: 1; 0 at the end; -ENODATA: the record is cut off; -EBADMSG: it is damaged, or the first and not of a profbuf
 * stream; -EPROTO: the stream is one of a later ABI or of the other byte order.
 */
int profbuf_stream_next(struct profbuf_stream *stream, const struct profbuf_record **record);

/* The name of a cause, as in sysfs; NULL if this library does not know it. */
const char *profbuf_skip_name(unsigned int cause);
const char *profbuf_stop_name(unsigned int stop);
const char *profbuf_source_name(unsigned int source);
/* Of enum profbuf_tag_cause, or PROFBUF_TAG_UNDEFINED. */
const char *profbuf_tag_cause_name(unsigned int cause);

/* Records out of a file, a pipe or the device, with a buffer of fixed size. */
struct profbuf_reader;

/**
 * profbuf_reader_open() - read a stored stream
 * @reader: set
 * @path: the file; "-" is the standard input
 *
 * Return: 0; -errno of open(); -ENOMEM.
 */
int profbuf_reader_open(struct profbuf_reader **reader, const char *path);
void profbuf_reader_close(struct profbuf_reader *reader);

/*
 * As profbuf_stream_next(), or -errno of read(). The record is valid until the next call. Records of the compact form
 * are not seen: their samples come as they were.
 */
int profbuf_reader_next(struct profbuf_reader *reader, const struct profbuf_record **record);

/* Bytes of the stored records that were read so far, before compression. */
uint64_t profbuf_reader_bytes(const struct profbuf_reader *reader);

/* Stored streams ------------------------------------------------------------------------------------------------- */

/*
 * Writes records into a file in the compact form: equal stacks once, then zstd. What was flushed can be read, whatever
 * happens to the writer after. Raw: the records as they are, gathered into larger writes.
 */
struct profbuf_writer;

/**
 * profbuf_writer_open() - begin a stored stream
 * @writer: set
 * @fd: blocking; stays the caller's, who closes it after profbuf_writer_close()
 * @raw: not compact
 *
 * Return: 0; -ENOMEM.
 */
int profbuf_writer_open(struct profbuf_writer **writer, int fd, bool raw);

/*
 * Takes a record that profbuf_stream_next(), profbuf_reader_next() or the device gave, or one of a tool. The first of a
 * stream has to be its PROFBUF_RECORD_INFO.
 *
 * Return: 0; -EINVAL: no record has that length; -errno of write(), then also from all later calls: the file has what
 * was written before.
 */
int profbuf_writer_add(struct profbuf_writer *writer, const struct profbuf_record *record);

/* Everything added so far goes to the file. Return: as profbuf_writer_add(). */
int profbuf_writer_flush(struct profbuf_writer *writer);

/* Flushes, ends the file, and frees the writer, also after an error. Return: as profbuf_writer_add(). */
int profbuf_writer_close(struct profbuf_writer *writer);

/* Bytes that went to the file. */
uint64_t profbuf_writer_bytes(const struct profbuf_writer *writer);

/* Accounting ----------------------------------------------------------------------------------------------------- */

/* What the stream has of a CPU, beside what the kernel counted. */
struct profbuf_cpu_sums {
	uint64_t samples;
	uint64_t lost;
	uint64_t loss_records;
	bool final;		/* counters are the final ones */
	struct profbuf_counters counters;

	/* Of a part: */
	struct profbuf_part_record begin;	/* len 0: there was none */
	struct profbuf_part_record next;	/* likewise */
};

enum profbuf_verdict {
	PROFBUF_UNFINISHED,	/* no final counters: the stream was cut short */
	PROFBUF_EXACT,		/* for each CPU: the counters add up, and agree with the records */
	PROFBUF_WRONG,		/* they do not */
	PROFBUF_PART,		/* a part that another follows: it has all samples and losses, for each CPU */
	PROFBUF_UNCOUNTED,	/* no stream: nothing is known of ticks, CPUs, or when a sample was taken */
};

struct profbuf_accounting {
	uint32_t nr_cpus;
	uint32_t nr_skips;
	uint32_t part;		/* the stream is this part of a recording, from 1; 0: it is all of it */
	struct profbuf_cpu_sums *cpus;
	uint64_t sideband_lost[8];	/* by enum profbuf_sideband_cause */
	uint64_t tags_lost[8];		/* samples whose tag could not be read, by enum profbuf_tag_cause */
	uint64_t rate_changes;		/* by the module's overhead budget */
	uint64_t max_stride;		/* for how many periods a sample stands at most, if there were any */

	/* Of profbuf_accounting_check(). */
	enum profbuf_verdict verdict;
	unsigned int wrong_cpu;		/* the first that does not add up */
	struct profbuf_cpu_sums sum;	/* final: those of every CPU are; begin.samples, begin.lost: before this part */
};

/* Return: 0; -ENOMEM. */
int profbuf_accounting_init(struct profbuf_accounting *accounting, const struct profbuf_stream_info *info);
void profbuf_accounting_exit(struct profbuf_accounting *accounting);

/* Takes a record, of any type, that profbuf_stream_next() or profbuf_reader_next() gave, of the same stream. */
void profbuf_accounting_add(struct profbuf_accounting *accounting, const struct profbuf_record *record);

/* Sums up and judges. */
void profbuf_accounting_check(struct profbuf_accounting *accounting);

/*
 * All samples whose tag could not be read. They are among those of tag 0, without labels: which ones is not known.
 */
uint64_t profbuf_accounting_tags_lost(const struct profbuf_accounting *accounting);

/* All skipped ticks. */
uint64_t profbuf_counters_skipped(const struct profbuf_counters *counters);

/* Profiles ------------------------------------------------------------------------------------------------------- */

/* A file, or what stands for one, that code lies in. */
struct profbuf_object {
	uint32_t id;		/* from 0, without gaps */
	const char *name;	/* the path's last part, [kernel], [module's name], [vdso], [jit] or [unknown] */
	const char *path;	/* as mapped; name if there is none */
	const uint8_t *build_id;
	uint32_t build_id_len;
	bool kernel;
	bool missing;		/* no file with its symbols was found */
	bool changed;		/* the file at its path is another by now, or changed while it was read */
};

/* A function, or what stands for one. */
struct profbuf_symbol {
	uint32_t id;		/* from 0, without gaps */
	const char *name;	/* demangled; object+0xstart or [object] or [unknown] if not known */
	const char *linkage_name;
	const struct profbuf_object *object;
	uint64_t start;		/* in the object; of the kernel: run-time */
	bool unknown;
};

/* One place in code that samples were in or returned to. */
struct profbuf_frame {
	uint64_t address;	/* in the process; of a caller: of the call's last byte */
	uint64_t offset;	/* in the object */
	const struct profbuf_symbol *symbol;
	const char *file;	/* of the source; NULL: not known, or not asked for */
	uint32_t line;		/* 0: likewise */
	bool inlined;		/* into the next frame, whose address is the same */
};

/* A process under one name: exec, or a new name, begins another. */
struct profbuf_program {
	uint32_t id;		/* from 0, without gaps */
	uint32_t pid;
	uint32_t ns_pid;
	uint32_t ppid;
	uint32_t uid;
	uint64_t start_time;	/* CLOCK_BOOTTIME */
	uint64_t cgroup;
	const char *cgroup_path;	/* NULL: not in the stream */
	const char *comm;	/* :PID if the stream does not say; swapper of idle CPUs */
	bool described;
	bool kernel;		/* a kernel thread, or idle */
};

#define PROFBUF_NO_THREAD	UINT32_MAX

/* A thread under one name. */
struct profbuf_thread_name {
	uint32_t id;		/* from 0, without gaps */
	uint32_t pid;
	uint32_t tid;
	const char *comm;
};

/* Equal stacks of one program. frames[] are ids: kernel, leaf first, then user, leaf first. */
struct profbuf_stack {
	uint32_t program;
	uint16_t nr_kernel;
	uint16_t nr_user;
	const uint32_t *frames;	/* at least one */
};

/* Code that a process has mapped, by one description of it. */
struct profbuf_map {
	uint64_t time;		/* of the description; the first of a pid explains what is before it, too */
	uint64_t start;		/* in the process */
	uint64_t end;
	uint64_t offset;	/* in the object's file */
	const struct profbuf_object *object;
	uint32_t program;	/* id */
	bool anonymous;		/* code made at run time: no file, or one that is memory only */
};

/* A sample without its stack; of a profile that is no stream, equal samples. */
struct profbuf_event {
	uint64_t time;
	uint64_t tag;
	uint64_t weight;	/* how many samples it is; of a stream: periods that it stands for, 1 as a rule */
	uint32_t stack;		/* id */
	uint32_t tid;
	uint16_t cpu;
	uint8_t mode;
	uint8_t stop;
	uint32_t labels;	/* id of what tag means; 0: no labels */
};

struct profbuf_label {
	const char *key;
	const char *value;
};

/* Why a tag means nothing here, beside enum profbuf_tag_cause: the stream does not define it. */
#define PROFBUF_TAG_UNDEFINED	0x100

/* A label set; equal ones are one. No key is empty. */
struct profbuf_labels {
	uint32_t id;		/* from 0, without gaps; 0: the empty set */
	uint32_t cause;		/* PROFBUF_TAG_KNOWN, or why it is not known what labels these are; then n is 0 */
	uint32_t n;
	const struct profbuf_label *all;	/* in the order of keys, each key once */
};

/* Samples that were lost, of which no more is known: see struct profbuf_lost. */
struct profbuf_loss {
	uint64_t time;		/* of the first of them */
	uint64_t count;
	uint64_t weight;	/* periods that they stand for, by the rate at that time */
	uint16_t cpu;
};

struct profbuf_profile_options {
	const char *root;	/* where the files of the profile are, if not in / */
	const char *kallsyms;	/* the kernel's symbols, if not in the stream or in /proc/kallsyms */
	bool no_user_symbols;
	bool lines;		/* files and lines of frames */
	bool inlines;		/* frames of inlined functions, with lines */
};

struct profbuf_profile;

/**
 * profbuf_profile_read() - a stored stream, equal stacks merged, each address looked up once; or a pprof file
 * @profile: set
 * @path: the file; "-" is the standard input
 * @options: may be NULL
 *
 * Reading a profile looks into the files it names, which are anybody's. From then on the process has a handler of
 * SIGBUS, unless it had one before: it replaces pages of those files that are cut off meanwhile, and of nothing else.
 * And it has one of the last real-time signal that had none: a timer sends that to the thread when a name takes long.
 *
 * A stream that is damaged or cut is read up to there: see profbuf_profile_damage(). Of a pprof file (profile.proto,
 * compressed by gzip or not) the verdict is PROFBUF_UNCOUNTED, and profbuf_profile_value() says what its samples are.
 *
 * Return: 0; -errno of open() and read(); -ENODATA: empty; -ENOMSG: cut off before its first record ended; -EBADMSG:
 * neither; -EPROTO: a stream of a later ABI or of the other byte order; -EFBIG: a pprof file of more than 1 GiB;
 * -ENOMEM.
 */
int profbuf_profile_read(struct profbuf_profile **profile, const char *path,
			 const struct profbuf_profile_options *options);
void profbuf_profile_free(struct profbuf_profile *profile);

/**
 * profbuf_profile_new() - a profile without records: for a stream that is still being made
 * @profile: set
 * @options: may be NULL; its strings are the caller's as long as the profile lives
 *
 * Of a profile without records only these functions may be called: add, forget, free.
 *
 * Return: 0; -ENOMEM.
 */
int profbuf_profile_new(struct profbuf_profile **profile, const struct profbuf_profile_options *options);

/**
 * profbuf_profile_add() - one more record
 * @profile: the profile
 * @record: of any type, of one stream, in its order, that profbuf_stream_next() or profbuf_reader_next() gave; not kept
 *
 * Return: 0; -ENOMEM: the profile can only be freed.
 */
int profbuf_profile_add(struct profbuf_profile *profile, const struct profbuf_record *record);

/**
 * profbuf_profile_resolve() - looks up what was added: before it, stacks of those events mean nothing
 * @profile: the profile
 *
 * Call it with all records added that there are: a process is known by the mappings that have come.
 *
 * Return: 0; -ENODATA: there are no records; -ENOMEM: the profile can only be freed.
 */
int profbuf_profile_resolve(struct profbuf_profile *profile);

/*
 * Forgets all samples, their stacks and frames. Ids of programs, objects and symbols, and the accounting, go on.
 */
void profbuf_profile_forget(struct profbuf_profile *profile);

/* What the weights are of: "samples" of a stream; of a pprof file also "inuse_space bytes" and the like. */
const char *profbuf_profile_value(const struct profbuf_profile *profile);

const struct profbuf_stream_info *profbuf_profile_info(const struct profbuf_profile *profile);
const struct profbuf_accounting *profbuf_profile_accounting(const struct profbuf_profile *profile);

/* The command that was profiled: its arguments one after the other, each with its zero; NULL if there is none. */
const struct profbuf_command_record *profbuf_profile_command(const struct profbuf_profile *profile);

/*
 * 0 if the whole file was read; -ENODATA: its last record is cut off; -EBADMSG: it is damaged. @bytes: of the records
 * that were read, uncompressed.
 */
int profbuf_profile_damage(const struct profbuf_profile *profile, uint64_t *bytes);

/* From the start to the final counters, or to the last record. */
uint64_t profbuf_profile_duration(const struct profbuf_profile *profile);

/* The kernel's symbols: 0, or why there are none: -ESTALE: those here are another boot's; -EPERM: they are hidden. */
int profbuf_profile_kernel_symbols(const struct profbuf_profile *profile);

/* In the order of the stream; after profbuf_profile_sort(), of time. */
size_t profbuf_profile_events(const struct profbuf_profile *profile, const struct profbuf_event **events);

void profbuf_profile_sort(struct profbuf_profile *profile);

/* Leaves only the events, of those that are resolved, for which @keep returns true. Stacks may be without any then. */
void profbuf_profile_keep(struct profbuf_profile *profile,
			  bool (*keep)(const struct profbuf_event *event, const void *context), const void *context);

/* The name of an event's thread at its time; if the stream has none, its program's. */
const char *profbuf_profile_thread_name(const struct profbuf_profile *profile, const struct profbuf_event *event);

/* The id of that name and thread; PROFBUF_NO_THREAD if the stream has none. */
uint32_t profbuf_profile_thread(const struct profbuf_profile *profile, const struct profbuf_event *event);

/* In the order of the stream. */
size_t profbuf_profile_losses(const struct profbuf_profile *profile, const struct profbuf_loss **losses);

/* Arrays, indexed by id. */
size_t profbuf_profile_stacks(const struct profbuf_profile *profile, const struct profbuf_stack **stacks);
size_t profbuf_profile_programs(const struct profbuf_profile *profile, const struct profbuf_program *const **programs);
size_t profbuf_profile_frames(const struct profbuf_profile *profile, const struct profbuf_frame **frames);
size_t profbuf_profile_symbols(const struct profbuf_profile *profile, const struct profbuf_symbol *const **symbols);
size_t profbuf_profile_threads(const struct profbuf_profile *profile, const struct profbuf_thread_name **threads);
size_t profbuf_profile_labels(const struct profbuf_profile *profile, const struct profbuf_labels *const **labels);

/* By pid, time and address; a later description of a program repeats what stays. */
size_t profbuf_profile_maps(const struct profbuf_profile *profile, const struct profbuf_map **maps);

/* Markers that write() put into the stream. */
size_t profbuf_profile_markers(const struct profbuf_profile *profile, const struct profbuf_marker *const **markers);

/* Symbols of a recording ----------------------------------------------------------------------------------------- */

struct profbuf_symbol_recorder;

/*
 * Remembers which addresses a stream has of the kernel, and of code that processes made at run time, and makes the
 * records that name them, so that the file can be read after the next boot, and elsewhere.
 */
int profbuf_symbol_recorder_new(struct profbuf_symbol_recorder **recorder);
void profbuf_symbol_recorder_free(struct profbuf_symbol_recorder *recorder);

/* Takes a record of any type. Return: 0; -ENOMEM. */
int profbuf_symbol_recorder_add(struct profbuf_symbol_recorder *recorder, const struct profbuf_record *record);

/*
 * Gives @emit each record; stops at what it returns other than 0, and returns that.
 *
 * Return: 0, also if the kernel hides its symbols; -ENOMEM.
 */
int profbuf_symbol_recorder_emit(struct profbuf_symbol_recorder *recorder,
				 int (*emit)(const struct profbuf_record *record, void *context), void *context);

/* Sideband of a recording ---------------------------------------------------------------------------------------- */

struct profbuf_sideband;

/*
 * Remembers what a stream said last of each process, thread and tag, for a file that begins in the middle of it. What
 * ended is emitted once more, if that is within some seconds of the stream's time, and then forgotten.
 */
int profbuf_sideband_new(struct profbuf_sideband **sideband);
void profbuf_sideband_free(struct profbuf_sideband *sideband);

/* Takes a record of any type. Return: 0; -ENOMEM. */
int profbuf_sideband_add(struct profbuf_sideband *sideband, const struct profbuf_record *record);

/* Gives @emit each record; stops at what it returns other than 0, and returns that. Return: 0; -ENOMEM. */
int profbuf_sideband_emit(struct profbuf_sideband *sideband,
			  int (*emit)(const struct profbuf_record *record, void *context), void *context);

/* Tags of processes ---------------------------------------------------------------------------------------------- */

struct profbuf_tag_finder;

/*
 * Finds out where processes that say whose work their threads do have the pointers that say so, and tells the kernel:
 * those that run at the start by profbuf_tag_finder_scan(), others when their description comes. Whoever has no right
 * to a process, or has an older module, gets its samples without tags; nothing of that is an error.
 *
 * Processes are looked at from child processes of this one, here and where names are recorded: who is looked at may
 * have files that never come. They end with the thread that made the call, and a program that waits for all of its
 * children meets them.
 */
int profbuf_tag_finder_new(struct profbuf_tag_finder **finder);
void profbuf_tag_finder_free(struct profbuf_tag_finder *finder);

/**
 * profbuf_tag_finder_scan() - looks at all processes of /proc
 * @finder: the finder
 * @session: to be told; configured, best before it starts
 *
 * What is known of files is kept: to scan again, for another session, takes less time.
 *
 * Return: 0; -ENOMEM; -errno of opendir().
 */
int profbuf_tag_finder_scan(struct profbuf_tag_finder *finder, struct profbuf_session *session);

/*
 * Takes a record of any type, soon after it was read: processes end. Looks again, after a while, at processes that were
 * still about to start, and tells the kernel of variables that are not there any more. A process whose files or memory
 * are slow to come, or never do, is waited for 0.2 s; what comes later is told later. Return: 0; -ENOMEM.
 */
int profbuf_tag_finder_add(struct profbuf_tag_finder *finder, struct profbuf_session *session,
			   const struct profbuf_record *record);

/* What the finder did, in looks at processes; one process may be looked at more than once. */
struct profbuf_tag_finder_counts {
	uint64_t looks;		/* the sum of those below */
	uint64_t told;		/* the kernel knows its variables */
	uint64_t none;		/* it has none */
	uint64_t early;		/* has one that was not in its place so far */
	uint64_t other;		/* not a 64-bit x86 process */
	uint64_t gone;		/* ended meanwhile, or a kernel thread */
	uint64_t rights;	/* no right to look at it */
	uint64_t full;		/* the kernel has no room for more */
	uint64_t slow;		/* took more than 0.2 s: not waited for, or too many did. It may have been told later */
	uint64_t failed;	/* for another reason */
	uint64_t skipped;	/* not looked at: its files are known to name no such variable, or it is slow */
	uint64_t withdrawn;	/* variables that the kernel was told are not there any more */
	uint64_t given_up;	/* early ones not looked at any more: after 5 s, or as they were too many */
	uint64_t files;		/* read */
	bool old_module;	/* it knows nothing of tags; there were no more looks after that */
};

void profbuf_tag_finder_counts(const struct profbuf_tag_finder *finder, struct profbuf_tag_finder_counts *counts);

/* Tags of a recording -------------------------------------------------------------------------------------------- */

struct profbuf_tag_recorder;

/*
 * Makes the records that say what only the running system knows: the key names of thread contexts, and the paths of
 * cgroups.
 */
int profbuf_tag_recorder_new(struct profbuf_tag_recorder **recorder);
void profbuf_tag_recorder_free(struct profbuf_tag_recorder *recorder);

/*
 * Takes a record of any type that profbuf_stream_next() or the device gave. Gives @emit the names of a process with the
 * first tag that needs them, which can take 0.2 s, three times, if the process does all it can to be slow.
 *
 * Return: 0; -ENOMEM; what @emit returned other than 0.
 */
int profbuf_tag_recorder_add(struct profbuf_tag_recorder *recorder, const struct profbuf_record *record,
			     int (*emit)(const struct profbuf_record *record, void *context), void *context);

/* Gives @emit the paths of the cgroups of all processes, at the end. Return: 0; what @emit returned other than 0. */
int profbuf_tag_recorder_emit(struct profbuf_tag_recorder *recorder,
			      int (*emit)(const struct profbuf_record *record, void *context), void *context);

/**
 * profbuf_otel_keys_read() - the key names that a process publishes for its thread contexts (OTEP 4719)
 * @pid: the process
 * @record: set; free() it. start_time and time are 0.
 *
 * Return: 0; -ENOENT: it publishes none; -ESRCH: there is no such process; -EACCES or -EPERM: no right to its memory;
 * -EAGAIN: it is changing them all the time; -EBADMSG: what is there is something else; -EPROTO: of a schema that is
 * not known; -ENOMEM.
 */
int profbuf_otel_keys_read(uint32_t pid, struct profbuf_otel_keys_record **record);

/* The same out of a process context's payload. Return: 0; -ENOENT, -EBADMSG, -EPROTO, -ENOMEM as above. */
int profbuf_otel_keys_parse(const void *payload, size_t bytes, struct profbuf_otel_keys_record **record);

/* Kernel symbols ------------------------------------------------------------------------------------------------- */

struct profbuf_kallsyms;

/**
 * profbuf_kallsyms_load() - a kernel's symbols
 * @kallsyms: set
 * @path: of a file like /proc/kallsyms
 *
 * Return: 0; -EPERM: the kernel hides their addresses from this user; -errno of open() and read(); -ENOMEM.
 */
int profbuf_kallsyms_load(struct profbuf_kallsyms **kallsyms, const char *path);
void profbuf_kallsyms_free(struct profbuf_kallsyms *kallsyms);

/**
 * profbuf_kallsyms_find() - the symbol an address lies in
 * @kallsyms: the symbols
 * @address: any
 * @name: set
 * @module: set; "" for the kernel itself
 * @start: set
 * @end: set
 *
 * Return: true; false if the address is in no code.
 */
bool profbuf_kallsyms_find(const struct profbuf_kallsyms *kallsyms, uint64_t address, const char **name,
			   const char **module, uint64_t *start, uint64_t *end);

/* The address of a symbol of the kernel itself; 0: there is none. */
uint64_t profbuf_kallsyms_address(const struct profbuf_kallsyms *kallsyms, const char *name);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* PROFBUF_H */
