/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * profbuf.h - libprofbuf: run sessions of /dev/profbuf; read, check and store their streams
 *
 * No function prints or exits. Functions that can fail return 0 or more, or -errno. Strings are the bytes that the
 * kernel and the files have; the library does not check that they are UTF-8. A string belongs to the object that
 * returned it. Times are CLOCK_MONOTONIC in ns. Only one thread at a time may use an object.
 *
 * A program that was linked with libprofbuf.so.1 runs with every later libprofbuf.so.1. These things may change:
 *
 * - New functions, constants and record types are added.
 * - Objects (session, stream, reader, writer) change inside: a program has only pointers to them.
 * - Structs that the library gives out (accounting, sums of a CPU) get new fields at their end, and never lose a field.
 *   Their field size says which fields the library has. Do not copy or create such a struct.
 * - Structs of the kernel (profbuf_uapi.h) grow, too. The caller sets the field size of a struct that it creates to the
 *   size that it knows. The field len of a record says how long the record is: a reader uses only what lies within it.
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

/* The version of the library that is loaded; LIBPROFBUF_VERSION is the version that the caller was compiled for. */
const char *profbuf_version(void);

/* Sessions ------------------------------------------------------------------------------------------------------- */

struct profbuf_session;

/**
 * profbuf_session_open() - open the device
 * @session: set to the new session
 *
 * Return: 0; -ENOENT: the module is not loaded; -EACCES: no permission for the device; -ENOMEM; -EPROTO: the module has
 * another ABI.
 */
int profbuf_session_open(struct profbuf_session **session);
void profbuf_session_close(struct profbuf_session *session);

/* The descriptor, for poll(). */
int profbuf_session_fd(const struct profbuf_session *session);

/*
 * The structs of these calls have a field size: the caller sets it to the size of the struct that it knows. Each call
 * can return the errors of its ioctl, and -EINVAL if no struct has that size.
 */

/* Gets the configuration in force, with defaults filled in; change it and give it to profbuf_session_configure(). */
int profbuf_session_get_config(const struct profbuf_session *session, struct profbuf_config *config);

/* Errors: see struct profbuf_config. */
int profbuf_session_configure(struct profbuf_session *session, const struct profbuf_config *config);
int profbuf_session_info(const struct profbuf_session *session, struct profbuf_info *info);
int profbuf_session_start(struct profbuf_session *session);
int profbuf_session_stop(struct profbuf_session *session);

/* The next reads return what is in the rings now: see PROFBUF_IOC_FLUSH. */
int profbuf_session_flush(struct profbuf_session *session);

/* @cpu: a CPU, or PROFBUF_CPU_NONE for the sum. */
int profbuf_session_counters(const struct profbuf_session *session, unsigned int cpu, struct profbuf_counters_get *get);

/* Return: 0; errors: see struct profbuf_tag_source; -ENOTTY: an older module. */
int profbuf_session_tag_source(struct profbuf_session *session, const struct profbuf_tag_source *source);

/*
 * Tags process (or thread) @pid from outside. @flags: PROFBUF_TAG_*. @labels: the text of a label set, @bytes long.
 * Errors: see struct profbuf_tag_set; -ENOTTY: the module is too old to know tags.
 */
int profbuf_session_tag(const struct profbuf_session *session, uint32_t pid, uint32_t flags, const char *labels,
			size_t bytes);

/* Like read(): returns the number of bytes read, which are whole records; 0 at the end; -errno. */
ssize_t profbuf_session_read(struct profbuf_session *session, void *buf, size_t bytes);

/* Records of files ----------------------------------------------------------------------------------------------- */

/*
 * Records that files have in addition to the kernel's records. `profbuf record` adds symbols, the names of cgroups and
 * the command after the end of the stream, and the key names of thread contexts when it finds them. In the compact
 * form, stack records and samples without frames stand for the samples; profbuf_reader_next() turns them into samples
 * again. A recording may have several parts, each in its own file: see struct profbuf_part_record.
 */
enum profbuf_file_record_type {
	PROFBUF_RECORD_SYMBOL	= 1024,	/* struct profbuf_symbol_record */
	PROFBUF_RECORD_COMMAND	= 1025,	/* struct profbuf_command_record */
	PROFBUF_RECORD_STACK	= 1026,	/* struct profbuf_stack_record */
	PROFBUF_RECORD_STACK_SAMPLE = 1027, /* struct profbuf_sample without frames[]; stack is the stack's id */
	PROFBUF_RECORD_OTEL_KEYS = 1028, /* struct profbuf_otel_keys_record */
	PROFBUF_RECORD_CGROUP	= 1029,	/* struct profbuf_cgroup_record */
	PROFBUF_RECORD_PART	= 1030,	/* struct profbuf_part_record */
	PROFBUF_RECORD_JIT_SYMBOL = 1031, /* struct profbuf_jit_symbol_record */
};

#define PROFBUF_SYMBOL_VDSO	1	/* misc: start and end are offsets in [vdso] */

/*
 * A symbol that cannot be looked up in a file later: a kernel symbol that contains addresses of the stream, or a symbol
 * of the vdso. text is two zero-terminated strings: the name of the symbol, then the kernel module, which is empty for
 * the kernel itself.
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
 * A function that a process generated at run time and that contains addresses of the stream, as the process wrote it to
 * its map (/tmp/perf-PID.map). name is zero-terminated.
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
 * The frames of later samples, stored once. Ids count up from 0 without gaps. When id 0 comes again, all earlier stacks
 * are forgotten, which bounds the memory of the writer and of the reader. A sample that refers to a stack has the same
 * nr_kernel and nr_user.
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
 * The keys of a process's thread contexts (PROFBUF_TAG_OTEL), in the order of their index. text is misc zero-terminated
 * strings. The last record of a process is the valid one.
 */
struct profbuf_otel_keys_record {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_OTEL_KEYS */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u32	pid;
	__u32	reserved;
	__u64	start_time;	/* as in its PROCESS record; 0: not known, any process with the pid */
	char	text[];
};

/* The path of a cgroup when the recording ended, from the root of the hierarchy: "/a/b". path is zero-terminated. */
struct profbuf_cgroup_record {
	__u64	len;
	__u64	time;
	__u16	type;		/* PROFBUF_RECORD_CGROUP */
	__u16	cpu;		/* PROFBUF_CPU_NONE */
	__u32	misc;
	__u64	id;		/* as in struct profbuf_process */
	char	path[];
};

/* How the file was made. text is misc zero-terminated strings: the arguments of the profiled command. */
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
 * Begins a part of a recording: how many samples and losses of one CPU the earlier parts have. A file that is a part
 * begins with PROFBUF_RECORD_INFO, whose time is that of the part's beginning, and with one of these records for each
 * CPU. After them come records from earlier parts about processes that may still run. At its end the file has the part
 * records with which the next part begins; the last part has the final counters instead.
 */
struct profbuf_part_record {
	__u64	len;
	__u64	time;		/* at which the part begins */
	__u16	type;		/* PROFBUF_RECORD_PART */
	__u16	cpu;
	__u32	misc;		/* number of the part that begins; the first is 1 */
	__u64	samples;
	__u64	lost;
};

/* Streams -------------------------------------------------------------------------------------------------------- */

/* Records in memory. */
struct profbuf_stream;

/**
 * profbuf_stream_new() - read records out of memory
 * @stream: set to the new stream
 * @data: the bytes of the stream, aligned for u64. The caller keeps them for as long as the stream uses them. NULL if
 * there are none yet
 * @bytes: number of bytes; up to seven bytes at the end that are no whole word are ignored
 *
 * Return: 0; -ENOMEM.
 */
int profbuf_stream_new(struct profbuf_stream **stream, const void *data, size_t bytes);
void profbuf_stream_free(struct profbuf_stream *stream);

/*
 * Goes on in other memory, which begins with a whole record: the caller copies what was not read yet to its beginning.
 */
void profbuf_stream_continue(struct profbuf_stream *stream, const void *data, size_t bytes);

/**
 * profbuf_stream_next() - get and check the next record: the caller may use every field of its type
 * @stream: the stream
 * @record: set to the record; the caller may not know its type
 *
 * After an error the stream stays at that record.
 *
 * Return: 1; 0 at the end; -ENODATA: the record is cut off; -EBADMSG: the record is damaged, or it is the first record
 * and this is no profbuf stream; -EPROTO: the stream has a later ABI or the other byte order.
 */
int profbuf_stream_next(struct profbuf_stream *stream, const struct profbuf_record **record);

/* How many bytes of the current memory were read; only whole records count. */
size_t profbuf_stream_bytes(const struct profbuf_stream *stream);

/* The name of a cause, as in sysfs; NULL if this library does not know it. */
const char *profbuf_skip_name(unsigned int cause);
const char *profbuf_stop_name(unsigned int stop);
const char *profbuf_source_name(unsigned int source);

/* One more cause why a tag has no meaning, beside enum profbuf_tag_cause: the stream has no definition of it. */
#define PROFBUF_TAG_UNDEFINED	0x100

/* @cause: enum profbuf_tag_cause, or PROFBUF_TAG_UNDEFINED. */
const char *profbuf_tag_cause_name(unsigned int cause);

/* Reads records from a file, a pipe or the device, with a buffer of fixed size. */
struct profbuf_reader;

/**
 * profbuf_reader_open() - read a stored stream
 * @reader: set to the new reader
 * @path: the file; "-" is the standard input
 *
 * Return: 0; -errno of open(); -ENOMEM.
 */
int profbuf_reader_open(struct profbuf_reader **reader, const char *path);
void profbuf_reader_close(struct profbuf_reader *reader);

/*
 * Like profbuf_stream_next(); also returns -errno of read(). The record is valid until the next call. The caller sees
 * no records of the compact form, but the samples that they stand for.
 */
int profbuf_reader_next(struct profbuf_reader *reader, const struct profbuf_record **record);

/* How many bytes of stored records were read so far, counted without compression. */
uint64_t profbuf_reader_bytes(const struct profbuf_reader *reader);

/* Stored streams ------------------------------------------------------------------------------------------------- */

/*
 * Writes records into a file in the compact form: equal stacks are stored once, and all is compressed with zstd. What
 * was flushed can be read, whatever happens to the writer later. In raw form the writer stores the records as they are,
 * but collects them into larger writes.
 */
struct profbuf_writer;

/**
 * profbuf_writer_open() - begin a stored stream
 * @writer: set to the new writer
 * @fd: a blocking descriptor; the caller owns it and closes it after profbuf_writer_close()
 * @raw: write the raw form, not the compact form
 *
 * Return: 0; -ENOMEM.
 */
int profbuf_writer_open(struct profbuf_writer **writer, int fd, bool raw);

/*
 * Adds a record from profbuf_stream_next(), profbuf_reader_next() or the device, or a tool's own record. The first
 * record of a stream has to be its PROFBUF_RECORD_INFO.
 *
 * Return: 0; -EINVAL: no record has that length; -errno of write(): all later calls return it, too, and the file keeps
 * what was written before.
 */
int profbuf_writer_add(struct profbuf_writer *writer, const struct profbuf_record *record);

/* Writes everything added so far to the file. Return: as profbuf_writer_add(). */
int profbuf_writer_flush(struct profbuf_writer *writer);

/* Flushes, ends the file, and frees the writer, also after an error. Return: as profbuf_writer_add(). */
int profbuf_writer_close(struct profbuf_writer *writer);

/* How many bytes were written to the file. */
uint64_t profbuf_writer_bytes(const struct profbuf_writer *writer);

/* Accounting ----------------------------------------------------------------------------------------------------- */

/* What the stream contains for a CPU, and what the kernel counted; or the sum of all CPUs. */
struct profbuf_cpu_sums {
	size_t size;		/* of this struct */
	uint64_t samples;
	uint64_t lost;
	uint64_t loss_records;
	uint64_t samples_before;	/* in earlier parts, if the stream is a part */
	uint64_t lost_before;
	const struct profbuf_counters *counters;	/* of the kernel; zeros: none in the stream yet */
	bool final;		/* the counters are final; in a sum: those of all CPUs are */
};

enum profbuf_verdict {
	PROFBUF_UNFINISHED,	/* no final counters: the stream was cut short */
	PROFBUF_EXACT,		/* for each CPU the counters add up, and agree with the records */
	PROFBUF_WRONG,		/* the counters do not add up, or do not agree with the records */
	PROFBUF_PART,		/* not the last part; it has all samples and losses of each CPU */
	PROFBUF_UNCOUNTED,	/* not judged: profbuf_accounting_check() was not called */
};

/* Only the library creates and changes this struct. */
struct profbuf_accounting {
	size_t size;		/* of this struct */
	uint32_t nr_cpus;
	uint32_t nr_skips;
	uint32_t part;		/* number of this part of a recording, from 1; 0: the whole recording */
	uint32_t wrong_cpu;	/* the first CPU whose counters are wrong */
	enum profbuf_verdict verdict;
	const struct profbuf_cpu_sums *const *cpus;
	const struct profbuf_cpu_sums *sum;	/* of all CPUs; profbuf_accounting_check() sets it */
	uint64_t sideband_lost[8];	/* by enum profbuf_sideband_cause */
	uint64_t tags_lost[8];		/* samples whose tag could not be read, by enum profbuf_tag_cause */
	uint64_t rate_changes;		/* made by the module's overhead budget */
	uint64_t max_stride;		/* most periods that one sample stands for; 0: no rate changed */
};

/**
 * profbuf_accounting_new() - begin to account for a stream
 * @accounting: set to the new accounting
 * @info: the first record of the stream
 *
 * Return: 0; -ENOMEM.
 */
int profbuf_accounting_new(struct profbuf_accounting **accounting, const struct profbuf_stream_info *info);
void profbuf_accounting_free(struct profbuf_accounting *accounting);

/* Adds a record of any type that profbuf_stream_next() or profbuf_reader_next() gave for the same stream. */
void profbuf_accounting_add(struct profbuf_accounting *accounting, const struct profbuf_record *record);

/* Computes the sum of all CPUs and the verdict. */
void profbuf_accounting_check(struct profbuf_accounting *accounting);

/*
 * The number of all samples whose tag could not be read. They have tag 0, so they are among the samples without labels;
 * which ones they are is not known.
 */
uint64_t profbuf_accounting_tags_lost(const struct profbuf_accounting *accounting);

/* The number of all skipped ticks. */
uint64_t profbuf_counters_skipped(const struct profbuf_counters *counters);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* PROFBUF_H */
