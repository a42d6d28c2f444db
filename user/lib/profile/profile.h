/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profile.h - the records of a stream, or a pprof file, as an answer: who was where, how often
 *
 * Strings and arrays belong to the profile. The library rules hold: nothing prints or exits, errors are -errno.
 */
#ifndef PROFBUF_PROFILE_H
#define PROFBUF_PROFILE_H

#include "profbuf.h"
#include "types.h"

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

#endif /* PROFBUF_PROFILE_H */
