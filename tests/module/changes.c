// SPDX-License-Identifier: GPL-2.0-only
/*
 * changes.c - processes that change their mappings are described at the time of their samples, or as soon as possible
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "kt.h"

#define NEW_CODE	0x100000000000UL
#define NEW_CODE_END	0x100100000000UL

/* Copies only PROCESS records and MAPPING records of new code: short enough to be walked for each sample. */
static struct kt_stream descriptions_of(const struct kt_stream *s)
{
	const struct profbuf_record *r = NULL;
	struct kt_stream d = { .words = malloc(s->n * sizeof(*s->words)) };

	NEED(d.words);
	while ((r = kt_next(s, r))) {
		if (r->type != PROFBUF_RECORD_PROCESS &&
		    (r->type != PROFBUF_RECORD_MAPPING || ((const struct profbuf_mapping *)r)->start < NEW_CODE ||
		     ((const struct profbuf_mapping *)r)->start >= NEW_CODE_END))
			continue;
		memcpy(d.words + d.n, r, r->len * sizeof(*d.words));
		d.n += r->len;
	}
	return d;
}

enum described { DESCRIBED_NOT, DESCRIBED, DESCRIBED_NEXT };

/* Is @address in a mapping of the last description at or before @time, or else of the first one after @time? */
static enum described is_described(const struct kt_stream *s, uint32_t pid, uint64_t time, uint64_t address)
{
	uint64_t latest = 0, next = UINT64_MAX;
	const struct profbuf_record *r = NULL;
	bool now = false, then = false;

	while ((r = kt_next(s, r))) {
		const struct profbuf_process *p = (const struct profbuf_process *)r;
		const struct profbuf_mapping *m = (const struct profbuf_mapping *)r;

		if (r->type == PROFBUF_RECORD_PROCESS && p->pid == pid && r->time <= time && r->time >= latest) {
			latest = r->time;
			now = false;
		} else if (r->type == PROFBUF_RECORD_PROCESS && p->pid == pid && r->time > time && r->time <= next) {
			next = r->time;
			then = false;
		} else if (r->type == PROFBUF_RECORD_MAPPING && m->pid == pid) {
			now |= r->time == latest && m->start <= address && address < m->end;
			then |= r->time == next && m->start <= address && address < m->end;
		}
	}
	return now ? DESCRIBED : then ? DESCRIBED_NEXT : DESCRIBED_NOT;
}

/* Makes fork() slow: there are many pages to copy. */
static void have_many_pages(void)
{
	enum { BYTES = 128 << 20 };
	char *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	NEED(memory != MAP_FAILED);
	/* EINVAL: the kernel has no huge pages. */
	NEED(!madvise(memory, BYTES, MADV_NOHUGEPAGE) || errno == EINVAL);
	memset(memory, 1, BYTES);
}

/* Changes its mappings, so that it is described again; then fork() keeps its mappings locked, for most of the time. */
static void change_and_fork(void)
{
	char *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	NEED(code != MAP_FAILED);
	for (volatile int i = 0; i < 10000; i++)
		;
	pid = fork();
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	munmap(code, 4096);
}

#define MUCH	(10000UL * 4096)

/* Makes so many mappings that a change of them may wait for 40 ms until it is described. */
static char *map_much(void)
{
	char *memory = mmap(NULL, MUCH, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	NEED(memory != MAP_FAILED);
	for (size_t at = 0; at < MUCH; at += 2 * 4096)
		NEED(!mprotect(memory + at, 4096, PROT_NONE));
	return memory;
}

/* Maps code that counts down from @n. */
static void (*new_code(uint64_t address))(uint64_t n)
{
	/* dec %rdi; jnz; ret */
	static const uint8_t text[] = { 0x48, 0xff, 0xcf, 0x75, 0xfb, 0xc3 };
	char *code = mmap((void *)address, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	NEED(code != MAP_FAILED);
	memcpy(code, text, sizeof(text));
	return (void (*)(uint64_t))code;
}

/* Maps code and runs it on two CPUs, @rounds times. */
static void run_new_code(unsigned int rounds)
{
	for (unsigned int i = 0; i < rounds; i++) {
		void (*code)(uint64_t n) = new_code(NEW_CODE + i * 2 * 4096);

		for (unsigned int k = 0; k < 2; k++) {
			kt_pin((i + k) % 2);
			code(100000);
		}
	}
	/* As long as a change may wait. */
	kt_spin(rounds * MSEC);
}

/* Runs @work in a child process and waits for its end. */
static void run_in_child(void (*work)(unsigned int rounds), unsigned int rounds)
{
	pid_t pid = fork();

	NEED(pid >= 0);
	if (!pid) {
		work(rounds);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* Starts a session with a reader, for samples of new code. */
static void start_session(struct kt_reader *reader, uint64_t period)
{
	struct profbuf_config config = kt_config();

	config.period = period;
	config.ring_bytes = 2 << 20;
	config.flags &= ~PROFBUF_CONFIG_IDLE;
	kt_reader_start(reader, &config);
}

static bool is_new_code(const struct profbuf_sample *p)
{
	return p->nr_user && p->frames[p->nr_kernel] >= NEW_CODE && p->frames[p->nr_kernel] < NEW_CODE_END;
}

/*
 * Runs @processes processes, one after another, that run new code. @counts gets the number of samples of that code by
 * enum described. Return: the number of missing descriptions.
 */
static uint64_t sample_new_code(unsigned int processes, unsigned int rounds, unsigned int counts[3])
{
	struct profbuf_counters_get get;
	struct kt_stream descriptions;
	struct kt_reader reader;

	memset(counts, 0, 3 * sizeof(*counts));
	start_session(&reader, 50000);
	for (unsigned int i = 0; i < processes; i++)
		run_in_child(run_new_code, rounds);
	kt_reader_stop(&reader);
	get = kt_all_counters(reader.fd);
	descriptions = descriptions_of(&reader.stream);
	EACH_SAMPLE(p, &reader.stream) {
		if (is_new_code(p))
			counts[is_described(&descriptions, p->pid, p->time, p->frames[p->nr_kernel])]++;
	}
	printf("# samples: %u described, %u in the next description, %u not; %llu processes described, lost %llu\n",
	       counts[DESCRIBED], counts[DESCRIBED_NEXT], counts[DESCRIBED_NOT],
	       (unsigned long long)get.sideband_processes, (unsigned long long)kt_undescribed(&get));
	kt_free(&descriptions);
	kt_free(&reader.stream);
	close(reader.fd);
	return kt_undescribed(&get);
}

/*
 * Code that is new on one CPU runs on another CPU at once: its description is not later than its first sample (a bug
 * once: the worker took the later request of the other CPU first, and then had nothing to add for the earlier one).
 */
TEST(descriptions_are_as_old_as_the_code)
{
	pid_t forker = kt_busy(1, have_many_pages, change_and_fork);
	unsigned int counts[3];
	uint64_t lost;

	/* No process changes so often that its changes have to wait. */
	lost = sample_new_code(100, 5, counts);
	kt_kill(forker);
	/* A lost description may be about many samples. Many are lost only on a slow kernel. */
	ENOUGH(counts[DESCRIBED] > 20);
	CHECK(counts[DESCRIBED_NEXT] + counts[DESCRIBED_NOT] <= (lost < 20 ? lost : counts[DESCRIBED] / 4));
}

/* Changes that come faster than they are described are in the next description (a bug once: a change was not in it). */
TEST(fast_changes_are_in_the_next_description)
{
	enum { ROUNDS = 200 };
	char *memory = map_much();
	uint64_t begin = kt_now(), lost;
	unsigned int counts[3], described;

	lost = sample_new_code(1, ROUNDS, counts);
	described = counts[DESCRIBED] + counts[DESCRIBED_NEXT];
	ENOUGH(described + counts[DESCRIBED_NOT] > 40);
	CHECK(described >= counts[DESCRIBED_NOT]);
	/* One lost description is about many changes, each with many samples. */
	CHECK(!counts[DESCRIBED_NOT] || lost);
	/* A kernel that checks all mappings at each change takes longer for that than a change has to wait. */
	if (kt_now() - begin < ROUNDS * 20 * MSEC)
		ENOUGH(counts[DESCRIBED_NEXT] > 20);
	munmap(memory, MUCH);
}

static void change_and_stay(unsigned int rounds)
{
	void (*code)(uint64_t n);
	uint64_t end;

	for (unsigned int i = 1; i < rounds; i++) {
		new_code(NEW_CODE + i * 2 * 4096);
		kt_spin(MSEC);
	}
	code = new_code(NEW_CODE);
	for (end = kt_now() + SEC; kt_now() < end;)
		code(100000);
}

/* The last of many changes waits, too, and is described although nothing changes after it. */
TEST(last_of_fast_changes_is_described)
{
	unsigned int counts[3] = { 0 }, later = 0;
	struct kt_stream descriptions;
	struct kt_reader reader;
	char *memory = map_much();
	uint64_t begin = 0;

	start_session(&reader, 200000);
	run_in_child(change_and_stay, 100);
	kt_reader_stop(&reader);
	munmap(memory, MUCH);
	descriptions = descriptions_of(&reader.stream);
	EACH_SAMPLE(p, &reader.stream) {
		enum described d;

		if (!is_new_code(p))
			continue;
		begin = begin ? begin : p->time;
		d = is_described(&descriptions, p->pid, p->time, p->frames[p->nr_kernel]);
		counts[d]++;
		later += d != DESCRIBED && p->time > begin + 500 * MSEC;
	}
	ENOUGH(counts[DESCRIBED] > 50, "%u, %u in the next, %u not; %u later", counts[DESCRIBED],
	       counts[DESCRIBED_NEXT], counts[DESCRIBED_NOT], later);
	CHECK(!counts[DESCRIBED_NOT] && !later, "%u, %u in the next, %u not; %u later", counts[DESCRIBED],
	      counts[DESCRIBED_NEXT], counts[DESCRIBED_NOT], later);
	kt_free(&descriptions);
	kt_free(&reader.stream);
	close(reader.fd);
}

int main(void)
{
	return kt_main();
}
