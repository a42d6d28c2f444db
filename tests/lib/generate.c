// SPDX-License-Identifier: GPL-2.0-only
/*
 * generate.c - streams made by hand; as a program it writes one of them: FILE
 * [other|compact|tags|unread|second|third|hostile|hidden|names|rates|wrapping]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generate.h"

struct profbuf_record *generate(struct generated *g, unsigned int type, uint64_t time, unsigned int cpu, size_t words)
{
	struct profbuf_record *r;

	if (g->n + 3 + words > g->room) {
		g->room = 2 * (g->n + 3 + words);
		g->words = realloc(g->words, g->room * 8);
		if (!g->words)
			abort();
	}
	r = (struct profbuf_record *)(g->words + g->n);
	memset(r, 0, (3 + words) * 8);
	r->len = 3 + words;
	r->time = time;
	r->type = type;
	r->cpu = cpu;
	g->n += 3 + words;
	return r;
}

#define GENERATE(g, type, time, cpu, struct_name, extra) \
	((struct struct_name *)generate(g, type, time, cpu, (sizeof(struct struct_name) + (extra) + 7) / 8 - 3))

void generate_info(struct generated *g, unsigned int nr_cpus)
{
	struct profbuf_stream_info *info = GENERATE(g, PROFBUF_RECORD_INFO, 1000, PROFBUF_CPU_NONE,
						    profbuf_stream_info, 0);

	info->magic = PROFBUF_MAGIC;
	info->abi_version = PROFBUF_ABI_VERSION;
	info->clock = 1;
	info->realtime_offset = 1700000000000000000ULL;
	info->period = 1000000;
	info->flags = PROFBUF_CONFIG_FLAGS;
	info->nr_cpus = nr_cpus;
	info->nr_skips = PROFBUF_NR_SKIPS;
	info->kernel_depth = 127;
	info->user_depth = 127;
	strcpy(info->release, "6.1.0-test");
	strcpy(info->machine, "x86_64");
}

void generate_sample(struct generated *g, uint64_t time, unsigned int cpu, uint32_t pid, const uint64_t *kernel,
		     unsigned int nr_kernel, const uint64_t *user, unsigned int nr_user)
{
	struct profbuf_sample *s = GENERATE(g, PROFBUF_RECORD_SAMPLE, time, cpu, profbuf_sample,
					    8 * (nr_kernel + nr_user));

	s->mode = nr_kernel ? PROFBUF_MODE_KERNEL : PROFBUF_MODE_USER;
	s->stop = PROFBUF_STOP_END | PROFBUF_STOP_END << 4;
	s->nr_kernel = nr_kernel;
	s->nr_user = nr_user;
	s->pid = pid;
	s->tid = pid;
	if (nr_kernel)
		memcpy(s->frames, kernel, 8 * nr_kernel);
	if (nr_user)
		memcpy(s->frames + nr_kernel, user, 8 * nr_user);
	g->counters[cpu].ticks++;
	g->counters[cpu].delivered++;
}

void generate_jit_symbol(struct generated *g, uint32_t pid, uint64_t start_time, uint64_t start, uint64_t end,
			 const char *name)
{
	struct profbuf_jit_symbol_record *s = GENERATE(g, PROFBUF_RECORD_JIT_SYMBOL, 9000, PROFBUF_CPU_NONE,
						       profbuf_jit_symbol_record, strlen(name) + 1);

	s->pid = pid;
	s->start_time = start_time;
	s->start = start;
	s->end = end;
	strcpy(s->name, name);
}

void generate_stack(struct generated *g, uint64_t id, const uint64_t *kernel, unsigned int nr_kernel,
		    const uint64_t *user, unsigned int nr_user)
{
	struct profbuf_stack_record *s = GENERATE(g, PROFBUF_RECORD_STACK, 0, PROFBUF_CPU_NONE, profbuf_stack_record,
						  8 * (nr_kernel + nr_user));

	s->id = id;
	s->nr_kernel = nr_kernel;
	s->nr_user = nr_user;
	if (nr_kernel)
		memcpy(s->frames, kernel, 8 * nr_kernel);
	if (nr_user)
		memcpy(s->frames + nr_kernel, user, 8 * nr_user);
}

void generate_stack_sample(struct generated *g, uint64_t time, unsigned int cpu, uint32_t pid, uint64_t id,
			   unsigned int nr_kernel, unsigned int nr_user)
{
	struct profbuf_sample *s;

	generate_sample(g, time, cpu, pid, NULL, 0, NULL, 0);
	s = (struct profbuf_sample *)(g->words + g->n) - 1;
	s->type = PROFBUF_RECORD_STACK_SAMPLE;
	s->nr_kernel = nr_kernel;
	s->nr_user = nr_user;
	s->stack = id;
}

void generate_lost(struct generated *g, uint64_t time, unsigned int cpu, uint64_t count)
{
	GENERATE(g, PROFBUF_RECORD_LOST, time, cpu, profbuf_lost, 0)->count = count;
	g->counters[cpu].ticks += count;
	g->counters[cpu].lost += count;
}

void generate_process(struct generated *g, uint64_t time, uint32_t pid, uint64_t start_time, const char *comm,
		      uint32_t nr_mappings)
{
	struct profbuf_process *p = GENERATE(g, PROFBUF_RECORD_PROCESS, time, PROFBUF_CPU_NONE, profbuf_process, 0);

	p->pid = pid;
	p->ns_pid = pid;
	p->start_time = start_time;
	p->exe_start = nr_mappings ? 0x400000 : 0;
	p->nr_mappings = nr_mappings;
	strcpy(p->comm, comm);
}

void generate_mapping(struct generated *g, uint32_t pid, uint64_t start_time, uint64_t start, uint64_t end,
		      uint64_t offset, const char *path)
{
	struct profbuf_mapping *m = GENERATE(g, PROFBUF_RECORD_MAPPING, 1000, PROFBUF_CPU_NONE, profbuf_mapping,
					     strlen(path) + 1);

	m->misc = *path == '/' ? 0 : PROFBUF_MAPPING_ANON;
	m->pid = pid;
	m->start_time = start_time;
	m->start = start;
	m->end = end;
	m->offset = offset;
	strcpy(m->path, path);
}

void generate_symbol(struct generated *g, uint32_t kind, uint64_t start, uint64_t end, const char *name,
		     const char *module)
{
	struct profbuf_symbol_record *s = GENERATE(g, PROFBUF_RECORD_SYMBOL, 9000, PROFBUF_CPU_NONE,
						   profbuf_symbol_record, strlen(name) + strlen(module) + 2);

	s->misc = kind;
	s->start = start;
	s->end = end;
	strcpy(s->text, name);
	strcpy(s->text + strlen(name) + 1, module);
}

void generate_module(struct generated *g, uint64_t start, uint64_t end, const char *name)
{
	struct profbuf_module *m = GENERATE(g, PROFBUF_RECORD_MODULE, 1000, PROFBUF_CPU_NONE, profbuf_module, 0);

	m->start = start;
	m->end = end;
	strcpy(m->name, name);
}

void generate_rate(struct generated *g, uint64_t time, unsigned int cpu, uint64_t stride)
{
	GENERATE(g, PROFBUF_RECORD_RATE, time, cpu, profbuf_rate, 0)->stride = stride;
}

void generate_marker(struct generated *g, uint64_t time, const char *text)
{
	struct profbuf_marker *m = GENERATE(g, PROFBUF_RECORD_MARKER, time, PROFBUF_CPU_NONE, profbuf_marker,
					    strlen(text) + 1);

	m->misc = strlen(text);
	strcpy(m->text, text);
}

void generate_part(struct generated *g, uint64_t time, unsigned int nr_cpus, uint32_t part)
{
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		struct profbuf_part_record *r = GENERATE(g, PROFBUF_RECORD_PART, time, cpu, profbuf_part_record, 0);

		r->misc = part;
		r->samples = g->counters[cpu].delivered;
		r->lost = g->counters[cpu].lost;
	}
}

struct profbuf_tag *generate_tag(struct generated *g, uint64_t time, uint32_t pid, uint64_t tag, unsigned int kind,
				 const void *data, size_t bytes)
{
	struct profbuf_tag *t = GENERATE(g, PROFBUF_RECORD_TAG, time, PROFBUF_CPU_NONE, profbuf_tag, bytes);

	t->misc = kind;
	t->pid = pid;
	t->bytes = bytes;
	t->tag = tag;
	if (bytes)
		memcpy(t->data, data, bytes);
	return t;
}

void generate_tagged(struct generated *g, uint64_t time, uint32_t pid, uint32_t tid, uint64_t tag)
{
	static const uint64_t user[] = { 0x401010, 0x401110 };
	size_t at = g->n;
	struct profbuf_sample *s;

	generate_sample(g, time, 0, pid, NULL, 0, user, 2);
	s = (struct profbuf_sample *)(g->words + at);
	s->tid = tid;
	s->tag = tag;
}

void generate_thread(struct generated *g, uint64_t time, uint32_t pid, uint32_t tid, const char *comm)
{
	struct profbuf_thread *t = GENERATE(g, PROFBUF_RECORD_THREAD, time, PROFBUF_CPU_NONE, profbuf_thread, 0);

	t->pid = pid;
	t->tid = tid;
	strcpy(t->comm, comm);
}

void generate_otel_keys(struct generated *g, uint32_t pid, uint64_t start_time, const char *text, uint32_t n,
			size_t bytes)
{
	struct profbuf_otel_keys_record *k = GENERATE(g, PROFBUF_RECORD_OTEL_KEYS, 9000, PROFBUF_CPU_NONE,
						      profbuf_otel_keys_record, bytes);

	k->misc = n;
	k->pid = pid;
	k->start_time = start_time;
	memcpy(k->text, text, bytes);
}

void generate_cgroup(struct generated *g, uint64_t id, const char *path)
{
	struct profbuf_cgroup_record *c = GENERATE(g, PROFBUF_RECORD_CGROUP, 9000, PROFBUF_CPU_NONE,
						   profbuf_cgroup_record, strlen(path) + 1);

	c->id = id;
	strcpy(c->path, path);
}

void generate_life(struct generated *g, unsigned int type, uint64_t time, uint32_t pid, const char *comm)
{
	struct profbuf_life *l = GENERATE(g, type, time, PROFBUF_CPU_NONE, profbuf_life, 0);

	l->pid = pid;
	l->tid = pid;
	strcpy(l->comm, comm);
}

void generate_end(struct generated *g, unsigned int nr_cpus)
{
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		struct profbuf_record_counters *c = GENERATE(g, PROFBUF_RECORD_COUNTERS, 1000000000, cpu,
							     profbuf_record_counters, 0);

		c->misc = PROFBUF_COUNTERS_FINAL;
		c->counters = g->counters[cpu];
	}
}

bool generate_write(const struct generated *g, const char *path)
{
	FILE *f = fopen(path, "w");
	bool ok = f && fwrite(g->words, 8, g->n, f) == g->n;

	return f && !fclose(f) && ok;
}

void generate_free(struct generated *g)
{
	free(g->words);
	*g = (struct generated){ 0 };
}

/*
 * 100 ticks on two CPUs: "alpha one" (pid 100) has 40 samples in the kernel under its code, 30 in code it made at run
 * time; "beta" (pid 200) has 10, out of the order of time; 15 are lost, 4 skipped as idle, 1 is missed.
 */
void generate_example(struct generated *g)
{
	static const uint64_t kernel[] = { 0xffffffff81000010, 0xffffffff81000120, 0xffffffff81000230 };
	static const uint64_t user[] = { 0x401010, 0x401110 };
	static const uint64_t jit[] = { 0x7f0000000010 };
	unsigned int i;

	*g = (struct generated){ 0 };
	generate_info(g, 2);
	for (i = 0; i < 40; i++)
		generate_sample(g, 2000000 + i * 1000, 0, 100, kernel, 3, user, 2);
	generate_process(g, 2000000, 100, 5, "alpha one", 2);
	generate_mapping(g, 100, 5, 0x400000, 0x500000, 0, "/nonexistent/alpha");
	generate_mapping(g, 100, 5, 0x7f0000000000, 0x7f0000001000, 0, "");
	for (i = 0; i < 30; i++)
		generate_sample(g, 4000000 + i * 1000, 1, 100, NULL, 0, jit, 1);
	generate_lost(g, 5000000, 1, 15);
	generate_process(g, 1000000, 200, 6, "beta", 1);
	generate_mapping(g, 200, 6, 0x400000, 0x500000, 0, "/nonexistent/beta");
	for (i = 0; i < 10; i++)
		generate_sample(g, 1000000 + i * 1000, 0, 200, NULL, 0, user, 2);
	generate_marker(g, 6000000, "phase two");
	g->counters[0].ticks += 5;
	g->counters[0].skipped[PROFBUF_SKIP_IDLE] = 4;
	g->counters[0].missed = 1;
	generate_end(g, 2);
	generate_symbol(g, 0, 0xffffffff81000000, 0xffffffff81000100, "copy_page", "");
	generate_symbol(g, 0, 0xffffffff81000100, 0xffffffff81000200, "ext4_read", "ext4");
	generate_symbol(g, 0, 0xffffffff81000200, 0xffffffff81000300, "do_syscall_64", "");
	/* This symbol does not cover the samples, and belongs to another process. */
	generate_jit_symbol(g, 100, 5, 0x7f0000000100, 0x7f0000000200, "elsewhere");
	generate_jit_symbol(g, 100, 4, 0x7f0000000000, 0x7f0000000200, "earlier");
}

/* Twice as many samples of each process; half of the samples in copy_page are in write_page instead. */
void generate_other(struct generated *g)
{
	static const uint64_t kernel[] = { 0xffffffff81000010, 0xffffffff81000120, 0xffffffff81000230 };
	static const uint64_t other[] = { 0xffffffff81000310, 0xffffffff81000120, 0xffffffff81000230 };
	static const uint64_t user[] = { 0x401010, 0x401110 };
	static const uint64_t jit[] = { 0x7f0000000010 };
	unsigned int i;

	*g = (struct generated){ 0 };
	generate_info(g, 2);
	generate_process(g, 2000000, 101, 7, "alpha one", 2);
	generate_mapping(g, 101, 7, 0x400000, 0x500000, 0, "/nonexistent/alpha");
	generate_mapping(g, 101, 7, 0x7f0000000000, 0x7f0000001000, 0, "");
	generate_process(g, 1000000, 201, 8, "beta", 1);
	generate_mapping(g, 201, 8, 0x400000, 0x500000, 0, "/nonexistent/beta");
	for (i = 0; i < 80; i++)
		generate_sample(g, 2000000 + i * 1000, 0, 101, i % 2 ? other : kernel, 3, user, 2);
	for (i = 0; i < 60; i++)
		generate_sample(g, 4000000 + i * 1000, 1, 101, NULL, 0, jit, 1);
	for (i = 0; i < 20; i++)
		generate_sample(g, 5000000 + i * 1000, 0, 201, NULL, 0, user, 2);
	generate_end(g, 2);
	generate_symbol(g, 0, 0xffffffff81000000, 0xffffffff81000100, "copy_page", "");
	generate_symbol(g, 0, 0xffffffff81000100, 0xffffffff81000200, "ext4_read", "ext4");
	generate_symbol(g, 0, 0xffffffff81000200, 0xffffffff81000300, "do_syscall_64", "");
	generate_symbol(g, 0, 0xffffffff81000300, 0xffffffff81000400, "write_page", "");
}

/* The compact form, not compressed: stacks of kernel and user frames, and one after all stacks were forgotten. */
void generate_compact(struct generated *g)
{
	static const uint64_t kernel[] = { 0xffffffff81000010, 0xffffffff81000120 };
	static const uint64_t user[] = { 0x401010, 0x401110 };

	*g = (struct generated){ 0 };
	generate_info(g, 2);
	generate_process(g, 2000000, 100, 5, "alpha one", 1);
	generate_mapping(g, 100, 5, 0x400000, 0x500000, 0, "/nonexistent/alpha");
	generate_stack(g, 0, kernel, 2, user, 2);
	generate_stack(g, 1, NULL, 0, user, 1);
	generate_stack_sample(g, 2000000, 0, 100, 0, 2, 2);
	generate_stack_sample(g, 3000000, 1, 100, 1, 0, 1);
	generate_stack(g, 0, NULL, 0, user, 2);
	generate_stack_sample(g, 4000000, 1, 100, 0, 0, 2);
	generate_end(g, 2);
	generate_symbol(g, 0, 0xffffffff81000000, 0xffffffff81000100, "copy_page", "");
}

static void generate_of_three(struct generated *g, bool last)
{
	static const uint64_t user[] = { 0x401010, 0x401110 };

	*g = (struct generated){ 0 };
	generate_info(g, 2);
	((struct profbuf_stream_info *)g->words)->time = 500000000;
	/* The counters of the parts before. */
	g->counters[0] = (struct profbuf_counters){ .ticks = 107, .delivered = 100, .lost = 7 };
	g->counters[1] = (struct profbuf_counters){ .ticks = 50, .delivered = 20,
						     .skipped[PROFBUF_SKIP_IDLE] = 30 };
	generate_part(g, 500000000, 2, last ? 3 : 2);
	generate_process(g, 2000000, 100, 5, "alpha one", 1);
	generate_mapping(g, 100, 5, 0x400000, 0x500000, 0, "/nonexistent/alpha");
	for (unsigned int i = 0; i < 10; i++)
		generate_sample(g, 500000000 + i * 1000, i & 1, 100, NULL, 0, user, 2);
	generate_lost(g, 600000000, 1, 4);
	if (last)
		generate_end(g, 2);
	else
		generate_part(g, 700000000, 2, 3);
}

void generate_second(struct generated *g)
{
	generate_of_three(g, false);
}

void generate_third(struct generated *g)
{
	generate_of_three(g, true);
}

/*
 * 100 samples, one after another from 1 ms on:
 * "web" (pid 100, cgroup 7: /web.slice): thread 100 has 20 samples with tenant=acme, route=/pay, and 10 with
 * tenant=beta and an empty route. Thread 101, called worker, has 15 with acme's label set under another tag and in
 * another order, 5 without a tag, and 5 with a tag that cannot be read. Then it is called idler, and has 5 more without
 * a tag.
 * "otel" (pid 200, cgroup 8, whose path is not known): 20 with a thread context, 5 with one that is not valid.
 * "batch" (pid 300, no cgroup): 10 with a tag from outside, 5 with a tag that is not in the stream.
 */
void generate_tags(struct generated *g)
{
	static const char pay[] = "tenant\0acme\0route\0/pay", same[] = "route\0/pay\0tenant\0acme";
	static const char beta[] = "tenant\0beta\0route\0";
	static const char job[] = "job\0night; \x1b[1m\xc2\x9b\xff", keys[] = "http.route\0tenant";
	static const char context[] = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
				      "\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\x01\x00\x12\x00"
				      "\x00\x02/a\x01\x04" "acme\x05\x01x\x00\x02/b";
	char invalid[sizeof(context)];
	size_t at;

	*g = (struct generated){ 0 };
	generate_info(g, 1);
	at = g->n;
	generate_process(g, 1000000, 100, 5, "web", 1);
	((struct profbuf_process *)(g->words + at))->cgroup = 7;
	generate_mapping(g, 100, 5, 0x400000, 0x500000, 0, "/nonexistent/web");
	at = g->n;
	generate_process(g, 1000000, 200, 6, "otel", 1);
	((struct profbuf_process *)(g->words + at))->cgroup = 8;
	generate_mapping(g, 200, 6, 0x400000, 0x500000, 0, "/nonexistent/otel");
	generate_process(g, 1000000, 300, 7, "batch", 1);
	generate_mapping(g, 300, 7, 0x400000, 0x500000, 0, "/nonexistent/batch");

	for (unsigned int i = 0; i < 100; i++) {
		uint64_t time = 1000000 + i * 1000;

		if (i < 20)
			generate_tagged(g, time, 100, 100, 0x1000);
		else if (i < 30)
			generate_tagged(g, time, 100, 100, 0x2000);
		else if (i < 45)
			generate_tagged(g, time, 100, 101, 0x3000);
		else if (i < 50 || (i >= 55 && i < 60))
			generate_tagged(g, time, 100, 101, 0);
		else if (i < 55)
			generate_tagged(g, time, 100, 101, 0x4000);
		else if (i < 80)
			generate_tagged(g, time, 200, 200, 0x5000);
		else if (i < 85)
			generate_tagged(g, time, 200, 200, 0x6000);
		else if (i < 95)
			generate_tagged(g, time, 300, 300, PROFBUF_TAG_OUTSIDE | 1);
		else
			generate_tagged(g, time, 300, 300, 0x1000);
	}
	/* These may come late: the first meaning of a tag also holds for samples before it. */
	generate_tag(g, 2000000, 100, 0x1000, PROFBUF_TAG_LABELS, pay, sizeof(pay));
	generate_tag(g, 1000000, 100, 0x2000, PROFBUF_TAG_LABELS, beta, sizeof(beta));
	generate_tag(g, 1000000, 100, 0x3000, PROFBUF_TAG_LABELS, same, sizeof(same));
	generate_tag(g, 1000000, 100, 0x4000, PROFBUF_TAG_LABELS, NULL, 0)->cause = PROFBUF_TAG_FAULT;
	generate_tag(g, 1000000, 200, 0x5000, PROFBUF_TAG_OTEL, context, sizeof(context) - 1);
	memcpy(invalid, context, sizeof(context));
	invalid[24] = 2;
	generate_tag(g, 1000000, 200, 0x6000, PROFBUF_TAG_OTEL, invalid, sizeof(context) - 1);
	generate_tag(g, 1000000, 0, PROFBUF_TAG_OUTSIDE | 1, PROFBUF_TAG_LABELS, job, sizeof(job));
	generate_thread(g, 1000000, 100, 101, "worker");
	generate_thread(g, 1055000, 100, 101, "idler");
	generate_life(g, PROFBUF_RECORD_EXEC, 1080000, 300, "batch");
	generate_life(g, PROFBUF_RECORD_EXIT, 1099000, 300, "batch");
	generate_end(g, 1);
	generate_otel_keys(g, 200, 6, keys, 2, sizeof(keys));
	generate_cgroup(g, 7, "/web.slice");
}

/*
 * Names that would steer a terminal: of a program, a thread, a file and a kernel symbol. And a long name: one letter of
 * one byte, then letters of two bytes. The names of the program and of the file are not UTF-8.
 */
void generate_hostile(struct generated *g)
{
	static const uint64_t kernel[] = { 0xffffffff81000010, 0xffffffff81000110 };
	static const uint64_t user[] = { 0x401010 };
	char name[162] = "x";

	*g = (struct generated){ 0 };
	generate_info(g, 1);
	strcpy(((struct profbuf_stream_info *)g->words)->release, "6.1\x1b[2J");
	generate_process(g, 1000000, 100, 5, "x\x1b[31mRED\xff", 1);
	generate_mapping(g, 100, 5, 0x400000, 0x500000, 0,
			 "/nonexistent/lib\x1b]0;owned\a\xc2\x9b" "1m\x7f\xef\xbf\xbf.so");
	generate_thread(g, 1000000, 100, 100, "t\x1b[32m\rGREEN");
	generate_sample(g, 2000000, 0, 100, kernel, 1, user, 1);
	generate_sample(g, 3000000, 0, 100, NULL, 0, user, 1);
	generate_sample(g, 4000000, 0, 100, kernel + 1, 1, NULL, 0);
	generate_end(g, 1);
	for (size_t i = 1; i + 2 < sizeof(name); i += 2)
		memcpy(name + i, "\xc3\xa9", 3);
	generate_symbol(g, 0, 0xffffffff81000100, 0xffffffff81000200, name, "");
	generate_symbol(g, 0, 0xffffffff81000000, 0xffffffff81000100, "evil\x1bPq\x1b\\name", "mod\x1b[8m");
}

/* One character of each kind that steers a terminal, is invisible, or changes the order of the others. */
#define HIDDEN \
	"\x01\x1b\x7f\xc2\x80\xc2\x85\xc2\x9b\xc2\x9f" \
	"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180e\u180f\u200b\u200c\u200d\u200e\u200f" \
	"\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2065\u2066\u2067\u2068\u2069" \
	"\u206a\u206f\u3164\ufe00\ufe0f\ufeff\uffa0\ufff0\ufff8\ufff9\ufffa\ufffb" \
	"\U0001bca0\U0001d173\U0001d17a\U000e0000\U000e0001\U000e0020\U000e007f\U000e0100\U000e0fff"

/*
 * Names with such characters, each between an a and a z: of a program, two threads, a file, a kernel symbol, a module,
 * code made at run time, a label, a cgroup and a command. The name of another file has the characters next to them in
 * Unicode.
 */
void generate_hidden(struct generated *g)
{
	static const uint64_t kernel[] = { 0xffffffff81000010 }, user[] = { 0x401010, 0x601010, 0x7f0000000010 };
	static const char labels[] = "ka" HIDDEN "z\0va" HIDDEN "z";
	static const char text[] = "run\0a" HIDDEN "z";
	struct profbuf_command_record *command;
	size_t at;

	*g = (struct generated){ 0 };
	generate_info(g, 1);
	strcpy(((struct profbuf_stream_info *)g->words)->release, "6.1a\u202ez");
	at = g->n;
	generate_process(g, 1000000, 100, 5, "a\u202e\u200b\xc2\x9bz", 3);
	((struct profbuf_process *)(g->words + at))->cgroup = 7;
	generate_mapping(g, 100, 5, 0x400000, 0x500000, 0, "/nonexistent/a" HIDDEN "z");
	generate_mapping(g, 100, 5, 0x600000, 0x700000, 0,
			 "/nonexistent/\u00ac\u00ae\u061b\u061d\u200a\u2010\u2027\u202f\u205f\u2070\ufffc\ufffd\U000e1000");
	generate_mapping(g, 100, 5, 0x7f0000000000, 0x7f0000001000, 0, "");
	generate_thread(g, 1000000, 100, 100, "a\u2066\ufeff\u00adz");
	generate_thread(g, 1000000, 100, 101, "a\U000e0041\u2069z");
	generate_sample(g, 2000000, 0, 100, kernel, 1, user, 3);
	for (unsigned int i = 0; i < 3; i++)
		generate_sample(g, 3000000 + i, 0, 100, NULL, 0, user + i, 1);
	generate_tagged(g, 4000000, 100, 101, 0x1000);
	generate_tag(g, 1000000, 100, 0x1000, PROFBUF_TAG_LABELS, labels, sizeof(labels));
	generate_end(g, 1);
	generate_symbol(g, 0, 0xffffffff81000000, 0xffffffff81000100, "a" HIDDEN "z", "a" HIDDEN "z");
	generate_jit_symbol(g, 100, 5, 0x7f0000000000, 0x7f0000000200, "ja" HIDDEN "z");
	generate_cgroup(g, 7, "/a" HIDDEN "z");
	command = GENERATE(g, PROFBUF_RECORD_COMMAND, 9000, PROFBUF_CPU_NONE, profbuf_command_record, sizeof(text));
	command->misc = 2;
	memcpy(command->text, text, sizeof(text));
}

/*
 * "even" (pid 200, CPU 1) has 30 samples of one period each. "slow" (pid 100, CPU 0) has 10 samples of one period, 10
 * of four, half of them in another thread, and 10 of two: 70 periods. 5 samples of four periods are lost, and 3 of one.
 */
void generate_rates(struct generated *g)
{
	static const uint64_t user[] = { 0x401010, 0x401110 };
	struct profbuf_sample *s;

	*g = (struct generated){ 0 };
	generate_info(g, 2);
	generate_process(g, 1000000, 100, 5, "slow", 1);
	generate_mapping(g, 100, 5, 0x400000, 0x500000, 0, "/nonexistent/slow");
	generate_process(g, 1000000, 200, 6, "even", 1);
	generate_mapping(g, 200, 6, 0x400000, 0x500000, 0, "/nonexistent/even");
	for (unsigned int i = 0; i < 30; i++) {
		uint64_t time = 2000000 + i * 100000;

		if (i == 10)
			generate_rate(g, time, 0, 4);
		if (i == 20)
			generate_rate(g, time, 0, 2);
		generate_sample(g, time, 0, 100, NULL, 0, user, 2);
		s = (struct profbuf_sample *)(g->words + g->n - sizeof(*s) / 8 - 2);
		s->tid = i >= 10 && i < 20 && i % 2 ? 101 : 100;
		generate_sample(g, time + 1000, 1, 200, NULL, 0, user, 1);
	}
	generate_lost(g, 2000000 + 15 * 100000, 0, 5);
	generate_lost(g, 2000000 + 15 * 100000, 1, 3);
	generate_end(g, 2);
}

/* Each of 20 processes has a sample of 2^62 periods: together five times 2^64, which wraps to 0. */
void generate_wrapping(struct generated *g)
{
	static const uint64_t user[] = { 0x401010 };

	*g = (struct generated){ 0 };
	generate_info(g, 1);
	generate_rate(g, 1000000, 0, 1ULL << 62);
	for (unsigned int i = 0; i < 20; i++) {
		generate_process(g, 1000000, 100 + i, 5, "heavy", 0);
		generate_sample(g, 2000000 + i, 0, 100 + i, NULL, 0, user, 1);
	}
	generate_end(g, 1);
}

/*
 * Processes whose names are not UTF-8, are cut off, have characters of several bytes, or have characters that XML does
 * not allow or gives a meaning to. Each has 10 of the 360 samples, so that a flame graph has room for three characters.
 */
void generate_names(struct generated *g)
{
	static const char *const names[] = {
		"b\xff;d",
		"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9",
		"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6",
		"\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5",
		"a\x01\x1b[1m",
		"\xef\xbf\xbe\xef\xbf\xbf\xed\xa0\x80",
		"<a&b>\"']]>",
		"others",
	};
	static const uint64_t user[] = { 0x401010 };

	*g = (struct generated){ 0 };
	generate_info(g, 1);
	for (unsigned int i = 0; i < 8; i++) {
		generate_process(g, 1000000, 100 + i, 5, names[i], 1);
		generate_mapping(g, 100 + i, 5, 0x400000, 0x500000, 0, "/nonexistent/\xff");
		for (unsigned int k = 0; k < (i < 7 ? 10 : 290); k++)
			generate_sample(g, 2000000 + i * 1000000 + k * 1000, 0, 100 + i, NULL, 0, user, 1);
	}
	generate_end(g, 1);
}

void generate_tag_lost(struct generated *g, uint64_t time, uint64_t fault, uint64_t bad)
{
	struct profbuf_tag_lost *r = GENERATE(g, PROFBUF_RECORD_TAG_LOST, time, PROFBUF_CPU_NONE, profbuf_tag_lost, 0);

	r->count[PROFBUF_TAG_FAULT] = fault;
	r->count[PROFBUF_TAG_BAD] = bad;
}

/*
 * Like generate_tags(), but 4 of the 10 samples without a tag have one that could not be read, and 3 descriptions are
 * missing.
 */
void generate_unread(struct generated *g)
{
	struct profbuf_sideband_lost *lost;

	generate_tags(g);
	lost = GENERATE(g, PROFBUF_RECORD_SIDEBAND_LOST, 1040000, PROFBUF_CPU_NONE, profbuf_sideband_lost, 0);
	lost->count[PROFBUF_SIDEBAND_LIMIT] = 3;
	generate_tag_lost(g, 1050000, 2, 0);
	generate_tag_lost(g, 1090000, 1, 1);
}

#ifdef GENERATE_MAIN
int main(int argc, char **argv)
{
	struct generated g;

	if (argc < 2 || argc > 3)
		return 2;
	if (argc == 2)
		generate_example(&g);
	else if (!strcmp(argv[2], "other"))
		generate_other(&g);
	else if (!strcmp(argv[2], "compact"))
		generate_compact(&g);
	else if (!strcmp(argv[2], "second"))
		generate_second(&g);
	else if (!strcmp(argv[2], "third"))
		generate_third(&g);
	else if (!strcmp(argv[2], "tags"))
		generate_tags(&g);
	else if (!strcmp(argv[2], "hostile"))
		generate_hostile(&g);
	else if (!strcmp(argv[2], "hidden"))
		generate_hidden(&g);
	else if (!strcmp(argv[2], "names"))
		generate_names(&g);
	else if (!strcmp(argv[2], "rates"))
		generate_rates(&g);
	else if (!strcmp(argv[2], "wrapping"))
		generate_wrapping(&g);
	else if (!strcmp(argv[2], "unread"))
		generate_unread(&g);
	else
		return 2;
	return !generate_write(&g, argv[1]);
}
#endif
