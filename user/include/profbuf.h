/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * profbuf.h - libprofbuf: sessions of /dev/profbuf, and its streams: read, checked, stored
 *
 * No function prints or exits. Functions that can fail return 0 or more, or -errno. Strings are bytes as the kernel and
 * the files have them, not checked to be UTF-8; they belong to the object that returned them. Times are CLOCK_MONOTONIC
 * in ns. One object is for one thread at a time.
 *
 * A program that was linked with libprofbuf.so.1 runs with all later ones of that name. What may change:
 *
 * - Functions, constants and types of records are added.
 * - Objects (session, stream, reader, writer) are known by pointer only.
 * - Structs that the library gives out (accounting, sums of a CPU) get fields at their end, and never lose one. Their
 *   size says which of them the library has. Do not copy such a struct or make one.
 * - Structs of the kernel (profbuf_uapi.h) that the caller makes have the caller's size in their field size, and those
 *   of records their length in len: a reader uses what lies within it.
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

/*
 * Structs of these calls have a field size, which the caller sets to the size of the struct as it knows it. Errors of
 * all of them: those of the ioctl; -EINVAL: no struct has that size.
 */

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

/* Return: 0; errors: see struct profbuf_tag_source; -ENOTTY: an older module. */
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
struct profbuf_stream;

/**
 * profbuf_stream_new() - read records out of memory
 * @stream: set
 * @data: the stream's bytes, aligned for u64; kept by the caller. May be NULL if there are none so far
 * @bytes: how many; up to seven at the end are ignored
 *
 * Return: 0; -ENOMEM.
 */
int profbuf_stream_new(struct profbuf_stream **stream, const void *data, size_t bytes);
void profbuf_stream_free(struct profbuf_stream *stream);

/* Goes on in other memory, which begins with a whole record: what was not read yet is to be copied there. */
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

/* Bytes of this memory that were read: of whole records. */
size_t profbuf_stream_bytes(const struct profbuf_stream *stream);

/* The name of a cause, as in sysfs; NULL if this library does not know it. */
const char *profbuf_skip_name(unsigned int cause);
const char *profbuf_stop_name(unsigned int stop);
const char *profbuf_source_name(unsigned int source);

/* Why a tag means nothing, beside enum profbuf_tag_cause: the stream does not define it. */
#define PROFBUF_TAG_UNDEFINED	0x100

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

/* What the stream has of a CPU, beside what the kernel counted; or the sum of all CPUs. */
struct profbuf_cpu_sums {
	size_t size;		/* of this struct */
	uint64_t samples;
	uint64_t lost;
	uint64_t loss_records;
	uint64_t samples_before;	/* of a part: in the parts before this */
	uint64_t lost_before;
	const struct profbuf_counters *counters;	/* of the kernel; zeros: the stream has none so far */
	bool final;		/* the counters are the final ones; of a sum: all are */
};

enum profbuf_verdict {
	PROFBUF_UNFINISHED,	/* no final counters: the stream was cut short */
	PROFBUF_EXACT,		/* for each CPU: the counters add up, and agree with the records */
	PROFBUF_WRONG,		/* they do not */
	PROFBUF_PART,		/* a part that another follows: it has all samples and losses, for each CPU */
	PROFBUF_UNCOUNTED,	/* not judged: profbuf_accounting_check() was not called */
};

/* Only the library makes one and changes it. */
struct profbuf_accounting {
	size_t size;		/* of this struct */
	uint32_t nr_cpus;
	uint32_t nr_skips;
	uint32_t part;		/* the stream is this part of a recording, from 1; 0: it is all of it */
	uint32_t wrong_cpu;	/* the first that does not add up */
	enum profbuf_verdict verdict;
	const struct profbuf_cpu_sums *const *cpus;
	const struct profbuf_cpu_sums *sum;	/* of all, by profbuf_accounting_check() */
	uint64_t sideband_lost[8];	/* by enum profbuf_sideband_cause */
	uint64_t tags_lost[8];		/* samples whose tag could not be read, by enum profbuf_tag_cause */
	uint64_t rate_changes;		/* by the module's overhead budget */
	uint64_t max_stride;		/* for how many periods a sample stands at most, if there were any */
};

/**
 * profbuf_accounting_new() - begin to account for a stream
 * @accounting: set
 * @info: the first record of the stream
 *
 * Return: 0; -ENOMEM.
 */
int profbuf_accounting_new(struct profbuf_accounting **accounting, const struct profbuf_stream_info *info);
void profbuf_accounting_free(struct profbuf_accounting *accounting);

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

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* PROFBUF_H */
