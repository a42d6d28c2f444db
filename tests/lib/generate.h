/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * generate.h - streams made by hand, for the tests of the code that reads them
 */
#ifndef GENERATE_H
#define GENERATE_H

#include "profbuf.h"

struct generated {
	uint64_t *words;
	size_t n, room;
	struct profbuf_counters counters[4];
};

void generate_info(struct generated *g, unsigned int nr_cpus);
void generate_sample(struct generated *g, uint64_t time, unsigned int cpu, uint32_t pid, const uint64_t *kernel,
		     unsigned int nr_kernel, const uint64_t *user, unsigned int nr_user);
void generate_lost(struct generated *g, uint64_t time, unsigned int cpu, uint64_t count);
void generate_process(struct generated *g, uint64_t time, uint32_t pid, uint64_t start_time, const char *comm,
		      uint32_t nr_mappings);
void generate_mapping(struct generated *g, uint32_t pid, uint64_t start_time, uint64_t start, uint64_t end,
		      uint64_t offset, const char *path);
void generate_symbol(struct generated *g, uint32_t kind, uint64_t start, uint64_t end, const char *name,
		     const char *module);
void generate_jit_symbol(struct generated *g, uint32_t pid, uint64_t start_time, uint64_t start, uint64_t end,
			 const char *name);
void generate_stack(struct generated *g, uint64_t id, const uint64_t *kernel, unsigned int nr_kernel,
		    const uint64_t *user, unsigned int nr_user);
/* A sample with a stack from generate_stack(). */
void generate_stack_sample(struct generated *g, uint64_t time, unsigned int cpu, uint32_t pid, uint64_t id,
			   unsigned int nr_kernel, unsigned int nr_user);
void generate_marker(struct generated *g, uint64_t time, const char *text);
void generate_module(struct generated *g, uint64_t start, uint64_t end, const char *name);
void generate_rate(struct generated *g, uint64_t time, unsigned int cpu, uint64_t stride);
/* Begins part @part. If it is not the first part, the counters so far are the content of the parts before. */
void generate_part(struct generated *g, uint64_t time, unsigned int nr_cpus, uint32_t part);
/* Says what @tag of @pid means: @bytes of @data. Returns the record, valid until the next one is made. */
struct profbuf_tag *generate_tag(struct generated *g, uint64_t time, uint32_t pid, uint64_t tag, unsigned int kind,
				 const void *data, size_t bytes);
/* A sample of user code with a tag. */
void generate_tagged(struct generated *g, uint64_t time, uint32_t pid, uint32_t tid, uint64_t tag);
/* Counts samples whose tags could not be read. */
void generate_tag_lost(struct generated *g, uint64_t time, uint64_t fault, uint64_t bad);
void generate_thread(struct generated *g, uint64_t time, uint32_t pid, uint32_t tid, const char *comm);
/* @text: @n names, each with its zero byte, @bytes together. */
void generate_otel_keys(struct generated *g, uint32_t pid, uint64_t start_time, const char *text, uint32_t n,
			size_t bytes);
void generate_cgroup(struct generated *g, uint64_t id, const char *path);
/* An EXEC or EXIT record. */
void generate_life(struct generated *g, unsigned int type, uint64_t time, uint32_t pid, const char *comm);
/* Final counters of every CPU, which agree with the samples and losses so far. */
void generate_end(struct generated *g, unsigned int nr_cpus);
/* Adds a record of any type, with @words after the three words of the header. Returns it. */
struct profbuf_record *generate(struct generated *g, unsigned int type, uint64_t time, unsigned int cpu, size_t words);

/* Writes the stream to a file. */
bool generate_write(const struct generated *g, const char *path);
void generate_free(struct generated *g);

/* A whole stream of two processes, used by the tests of the commands: see generate.c. */
void generate_example(struct generated *g);
/* A second profile of the same programs, to compare with. */
void generate_other(struct generated *g);
void generate_compact(struct generated *g);
/* The second of three parts, and the third. */
void generate_second(struct generated *g);
void generate_third(struct generated *g);
/* Three processes with tags, named threads and cgroups. */
void generate_tags(struct generated *g);
/* Names that steer a terminal. */
void generate_hostile(struct generated *g);
/* Names with invisible characters, or characters that change the order of the text. */
void generate_hidden(struct generated *g);

/* Names that are difficult for text formats: see generate.c. */
void generate_names(struct generated *g);
/* A stream whose rate was lowered and raised again: see generate.c. */
void generate_rates(struct generated *g);
void generate_wrapping(struct generated *g);
void generate_unread(struct generated *g);

#endif /* GENERATE_H */
