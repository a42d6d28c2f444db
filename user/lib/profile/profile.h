/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profile.h - turn a stream, or a pprof file, into an answer: which program was where, and how often
 *
 * Strings and arrays belong to the profile. As in all the library, no function prints or exits, and errors are -errno.
 */
#ifndef PROFBUF_PROFILE_H
#define PROFBUF_PROFILE_H

#include "profbuf.h"
#include "types.h"

struct profbuf_profile_options {
	const char *root;	/* where the files of the profile are, if not in / */
	const char *kallsyms;	/* file of the kernel's symbols if not in the stream; NULL: /proc/kallsyms */
	bool no_user_symbols;
	bool lines;		/* look up the source files and lines of frames */
	bool inlines;		/* add the frames of inlined functions, with lines */
};

struct profbuf_profile;

/**
 * profbuf_profile_read() - read a stored stream, merge equal stacks and look up each address once; or read a pprof file
 * @profile: set to the new profile
 * @path: the file; "-" is the standard input
 * @options: may be NULL
 *
 * Reading a profile looks into the files that it names, which are not trusted. From then on the process has a handler
 * for SIGBUS, unless it had one before. The handler replaces pages of those files that are cut off meanwhile, and
 * nothing else. The process also has a handler for the last real-time signal that had no handler: a timer sends this
 * signal to the thread when demangling a name takes long.
 *
 * A stream that is damaged or cut off is read up to that place: see profbuf_profile_damage(). For a pprof file
 * (profile.proto, compressed by gzip or not) the verdict is PROFBUF_UNCOUNTED, and profbuf_profile_value() says what
 * its samples count.
 *
 * Return: 0; -errno of open() and read(); -ENODATA: the file is empty; -ENOMSG: the first record is cut off; -EBADMSG:
 * neither a stream nor a pprof file; -EPROTO: a stream with a later ABI or the other byte order; -EFBIG: a pprof file
 * of more than 1 GiB; -ENOMEM.
 */
int profbuf_profile_read(struct profbuf_profile **profile, const char *path,
			 const struct profbuf_profile_options *options);
void profbuf_profile_free(struct profbuf_profile *profile);

/**
 * profbuf_profile_new() - make a profile without records, for a stream that is still being recorded
 * @profile: set to the new profile
 * @options: may be NULL; the caller keeps its strings as long as the profile lives
 *
 * While a profile has no records, only these functions may be called: add, resolve, forget, free.
 *
 * Return: 0; -ENOMEM.
 */
int profbuf_profile_new(struct profbuf_profile **profile, const struct profbuf_profile_options *options);

/**
 * profbuf_profile_add() - add a record
 * @profile: the profile
 * @record: a record of any type from profbuf_stream_next() or profbuf_reader_next(); all records are of one stream, in
 * its order. The caller need not keep it
 *
 * Return: 0; -ENOMEM: the profile can only be freed.
 */
int profbuf_profile_add(struct profbuf_profile *profile, const struct profbuf_record *record);

/**
 * profbuf_profile_resolve() - look up what was added; before it, the stacks of the new events mean nothing
 * @profile: the profile
 *
 * Add all records that there are before the call: an address is looked up in the mappings that have come.
 *
 * Return: 0; -ENODATA: there are no records; -ENOMEM: the profile can only be freed.
 */
int profbuf_profile_resolve(struct profbuf_profile *profile);

/*
 * Forgets all samples, their stacks and frames. Programs, objects and symbols keep their ids; the accounting continues.
 */
void profbuf_profile_forget(struct profbuf_profile *profile);

/* Returns what the weights count: "samples" for a stream; for a pprof file also "inuse_space bytes" and the like. */
const char *profbuf_profile_value(const struct profbuf_profile *profile);

const struct profbuf_stream_info *profbuf_profile_info(const struct profbuf_profile *profile);
const struct profbuf_accounting *profbuf_profile_accounting(const struct profbuf_profile *profile);

/* Returns the command that was profiled, with its arguments in text; NULL if there is none. */
const struct profbuf_command_record *profbuf_profile_command(const struct profbuf_profile *profile);

/*
 * Returns 0 if the whole file was read; -ENODATA: its last record is cut off; -EBADMSG: the file is damaged. @bytes:
 * set to the length of the records that were read, without compression.
 */
int profbuf_profile_damage(const struct profbuf_profile *profile, uint64_t *bytes);

/* Returns the time from the start to the final counters, or to the last record. */
uint64_t profbuf_profile_duration(const struct profbuf_profile *profile);

/* Returns 0 if the kernel's symbols are known; -ESTALE: those here are from another boot; -EPERM: they are hidden. */
int profbuf_profile_kernel_symbols(const struct profbuf_profile *profile);

/* Gets the events in the order of the stream, or of time after profbuf_profile_sort(). */
size_t profbuf_profile_events(const struct profbuf_profile *profile, const struct profbuf_event **events);

void profbuf_profile_sort(struct profbuf_profile *profile);

/* Of the resolved events, keeps only those for which @keep returns true. After that, some stacks may have no event. */
void profbuf_profile_keep(struct profbuf_profile *profile,
			  bool (*keep)(const struct profbuf_event *event, const void *context), const void *context);

/* Returns the name of the event's thread at the event's time; if the stream has none, the name of its program. */
const char *profbuf_profile_thread_name(const struct profbuf_profile *profile, const struct profbuf_event *event);

/* Returns the id of that thread and name; PROFBUF_NO_THREAD if the stream has no name. */
uint32_t profbuf_profile_thread(const struct profbuf_profile *profile, const struct profbuf_event *event);

/* Gets the losses in the order of the stream. */
size_t profbuf_profile_losses(const struct profbuf_profile *profile, const struct profbuf_loss **losses);

/* These functions get arrays, indexed by id. */
size_t profbuf_profile_stacks(const struct profbuf_profile *profile, const struct profbuf_stack **stacks);
size_t profbuf_profile_programs(const struct profbuf_profile *profile, const struct profbuf_program *const **programs);
size_t profbuf_profile_frames(const struct profbuf_profile *profile, const struct profbuf_frame **frames);
size_t profbuf_profile_symbols(const struct profbuf_profile *profile, const struct profbuf_symbol *const **symbols);
size_t profbuf_profile_threads(const struct profbuf_profile *profile, const struct profbuf_thread_name **threads);
size_t profbuf_profile_labels(const struct profbuf_profile *profile, const struct profbuf_labels *const **labels);

/*
 * Gets the maps, sorted by pid, time and address. A later description of a program repeats the maps that it still has.
 */
size_t profbuf_profile_maps(const struct profbuf_profile *profile, const struct profbuf_map **maps);

/* Gets the markers that write() put into the stream. */
size_t profbuf_profile_markers(const struct profbuf_profile *profile, const struct profbuf_marker *const **markers);

#endif /* PROFBUF_PROFILE_H */
