// SPDX-License-Identifier: GPL-2.0-only
/*
 * finder_test.c - the finder of tags: what it tells the kernel, and when
 *
 * usage: finder_test DIR  (with the programs and libraries that `programs` has built)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../tap.h"
#include "base/job.h"
#include "process.h"
#include "record/tag_elf.h"
#include "record/tag_finder.h"
#include "record/tag_source.h"
#include "stall.h"

/* In place of the kernel */

static struct profbuf_tag_source told[4096];
static unsigned int nr_told;
static int answer;

int profbuf_session_tag_source(struct profbuf_session *session, const struct profbuf_tag_source *source)
{
	(void)session;
	if (nr_told < 4096)
		told[nr_told++] = *source;
	return answer;
}

/*
 * For one file the test gives an answer instead of reading it. The finder looks in another process, so the count is in
 * shared memory.
 */

static uint64_t bad_inode;
static int bad_answer;
static unsigned int *times_read;

int __real_tag_elf_read(int fd, struct tag_elf *elf);
int __wrap_tag_elf_read(int fd, struct tag_elf *elf);

int __wrap_tag_elf_read(int fd, struct tag_elf *elf)
{
	struct stat st;

	if (!bad_inode || fstat(fd, &st) || st.st_ino != bad_inode)
		return __real_tag_elf_read(fd, elf);
	memset(elf, 0, sizeof(*elf));
	++*times_read;
	return bad_answer;
}

static void reset(void)
{
	bad_inode = 0;
	*times_read = 0;
	nr_told = 0;
	answer = 0;
}

static unsigned int times_told(pid_t pid)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < nr_told; i++)
		n += told[i].pid == (uint32_t)pid;
	return n;
}

/* A description, as the kernel makes it. */
struct description {
	struct profbuf_process process;
	struct profbuf_mapping mappings[64];
};

static void describe(struct description *d, pid_t pid)
{
	char line[4352], rights[8];
	FILE *maps;

	memset(d, 0, sizeof(*d));
	snprintf(line, sizeof(line), "/proc/%d/maps", pid);
	maps = fopen(line, "r");
	assert_non_null(maps);
	d->process.type = PROFBUF_RECORD_PROCESS;
	d->process.pid = pid;
	d->process.start_time = 1000 + pid;
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end, offset, inode;
		struct profbuf_mapping *m = &d->mappings[d->process.nr_mappings];

		memset(m, 0, sizeof(*m));
		assert_int_equal(sscanf(line, "%lx-%lx %7s %lx %x:%x %lu", &start, &end, rights, &offset, &m->dev_major,
					&m->dev_minor, &inode), 7);
		if (rights[2] != 'x' || d->process.nr_mappings == 63)
			continue;
		m->type = PROFBUF_RECORD_MAPPING;
		m->misc = inode ? 0 : PROFBUF_MAPPING_ANON;
		m->pid = pid;
		m->start_time = d->process.start_time;
		m->inode = inode;
		d->process.nr_mappings++;
	}
	fclose(maps);
	assert_true(d->process.nr_mappings > 0);
}

static void add(struct tag_finder *finder, const void *record)
{
	assert_int_equal(tag_finder_add(finder, NULL, record), 0);
}

static void add_all(struct tag_finder *finder, const struct description *d)
{
	add(finder, &d->process);
	for (unsigned int i = 0; i < d->process.nr_mappings; i++)
		add(finder, &d->mappings[i]);
}

TEST(a_process_is_told_when_its_mappings_have_come, .setup = reset)
{
	struct tag_finder_counts counts;
	struct tag_finder *finder;
	struct description d, other;
	int in, other_in;
	pid_t pid = start_process("pie", &in), other_pid = start_process("without", &other_in);
	unsigned int n;

	describe(&d, pid);
	describe(&other, other_pid);
	assert_int_equal(tag_finder_new(&finder), 0);
	/* Two descriptions, one of them between the records of the other. */
	add(finder, &d.process);
	n = d.process.nr_mappings;
	for (unsigned int i = 0; i + 1 < n; i++)
		add(finder, &d.mappings[i]);
	add_all(finder, &other);
	assert_int_equal(nr_told, 0);
	add(finder, &d.mappings[n - 1]);
	assert_int_equal(nr_told, 1);
	assert_int_equal(told[0].pid, pid);
	assert_int_equal(told[0].start_time, d.process.start_time);
	assert_int_equal(told[0].kind, PROFBUF_TAG_LABELS);
	assert_int_equal(told[0].tls, PROFBUF_TLS_STATIC);
	assert_int_equal(told[0].module, 0);
	assert_true(told[0].offset < 0);
	tag_finder_counts(finder, &counts);
	assert_int_equal(counts.looks, 2);
	assert_int_equal(counts.told, 1);
	assert_int_equal(counts.none, 1);
	assert_int_equal(counts.skipped, 0);
	/*
	 * If a process is described again, the kernel is told again, because the program may be another one. The other
	 * process's files are known by now.
	 */
	add_all(finder, &other);
	add_all(finder, &d);
	assert_int_equal(nr_told, 2);
	tag_finder_counts(finder, &counts);
	assert_int_equal(counts.skipped, 1);
	assert_int_equal(counts.looks, 3);
	/* With another build id, the inode belongs to another file. */
	n = counts.files;
	other.mappings[0].build_id_len = 20;
	add_all(finder, &other);
	other.mappings[0].build_id[0] = 1;
	add_all(finder, &other);
	tag_finder_counts(finder, &counts);
	assert_int_equal(counts.files, n + 1);
	assert_int_equal(counts.skipped, 2);
	tag_finder_free(finder);
	end_process(pid, in);
	end_process(other_pid, other_in);
}

TEST(causes_are_counted, .setup = reset)
{
	struct tag_finder_counts counts;
	struct tag_finder *finder;
	struct description d;
	int in;
	pid_t pid = start_process("pie", &in);

	describe(&d, pid);
	assert_int_equal(tag_finder_new(&finder), 0);
	answer = -ENOSPC;
	add_all(finder, &d);
	answer = -ESRCH;
	add_all(finder, &d);
	answer = -EINVAL;
	add_all(finder, &d);
	d.process.misc = 1;
	add_all(finder, &d);
	d.process.misc = 0;
	end_process(pid, in);
	add_all(finder, &d);
	tag_finder_counts(finder, &counts);
	assert_int_equal(counts.looks, 5);
	assert_int_equal(counts.full, 1);
	assert_int_equal(counts.gone, 2);
	assert_int_equal(counts.failed, 1);
	assert_int_equal(counts.other, 1);
	assert_int_equal(nr_told, 3);
	tag_finder_free(finder);
}

TEST(an_older_module_is_left_alone, .setup = reset)
{
	struct tag_finder_counts counts;
	struct tag_finder *finder;
	struct description d;
	int in;
	pid_t pid = start_process("pie", &in);

	describe(&d, pid);
	assert_int_equal(tag_finder_new(&finder), 0);
	answer = -ENOTTY;
	add_all(finder, &d);
	add_all(finder, &d);
	tag_finder_counts(finder, &counts);
	assert_int_equal(nr_told, 1);
	assert_true(counts.old_module);
	tag_finder_free(finder);
	end_process(pid, in);
}

TEST(scan, .setup = reset)
{
	struct tag_finder_counts counts;
	struct tag_finder *finder;
	int in, other_in;
	pid_t pid = start_process("static", &in), other_pid = start_process("without", &other_in);
	uint64_t files, before;
	unsigned int scans;

	assert_int_equal(tag_finder_new(&finder), 0);
	assert_int_equal(tag_finder_scan(finder, NULL), 0);
	assert_int_equal(times_told(pid), 1);
	assert_int_equal(times_told(other_pid), 0);
	tag_finder_counts(finder, &counts);
	files = counts.files;
	/* A later scan reads only files of new processes. If many processes begin now, the scan after that one does. */
	for (scans = 1, before = 0; scans < 10 && counts.files - before > files / 2; scans++) {
		before = counts.files;
		assert_int_equal(tag_finder_scan(finder, NULL), 0);
		assert_int_equal(times_told(pid), scans + 1);
		tag_finder_counts(finder, &counts);
	}
	assert_true(scans < 10);
	tag_finder_free(finder);
	end_process(pid, in);
	end_process(other_pid, other_in);
}

/* A bug once: every error of libelf was taken for a lack of memory, and later processes had no tags. */
TEST(a_file_that_cannot_be_read_does_not_end_the_scan, .setup = reset)
{
	static const int answers[] = { -ENOEXEC, -EIO };
	struct tag_finder *finder;
	int in, bad_in;
	pid_t bad_pid = start_process("without", &bad_in), pid = start_process("static", &in);
	struct stat st;

	assert_int_equal(stat(in_dir("without"), &st), 0);
	bad_inode = st.st_ino;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(tag_finder_new(&finder), 0);
		bad_answer = answers[i];
		*times_read = 0;
		assert_int_equal(tag_finder_scan(finder, NULL), 0);
		assert_int_equal(*times_read, 1);
		assert_int_equal(times_told(pid), 2 * i + 1);
		/* A file that could not be read is tried again. */
		assert_int_equal(tag_finder_scan(finder, NULL), 0);
		assert_int_equal(*times_read, bad_answer == -EIO ? 2 : 1);
		assert_int_equal(times_told(pid), 2 * i + 2);
		tag_finder_free(finder);
	}
	/* A file that claims to be larger than a look's memory does not end the scan, either. */
	assert_int_equal(tag_finder_new(&finder), 0);
	bad_answer = -ENOMEM;
	*times_read = 0;
	assert_int_equal(tag_finder_scan(finder, NULL), 0);
	assert_int_equal(*times_read, 1);
	assert_int_equal(times_told(pid), 5);
	tag_finder_free(finder);
	end_process(pid, in);
	end_process(bad_pid, bad_in);
}

/* The dynamic linker is still at work; a moment later it is done. */
TEST(an_early_process_is_looked_at_again, .setup = reset)
{
	struct profbuf_record record = { .len = 3, .type = PROFBUF_RECORD_THREAD };
	struct tag_finder_counts counts;
	struct tag_finder *finder;
	struct description d;
	struct liar liar;

	start_liar(&liar, "libinitial-exec.so", R_X86_64_TPOFF64);
	lie(&liar, 0, 0);
	describe(&d, liar.pid);
	assert_int_equal(tag_finder_new(&finder), 0);
	add_all(finder, &d);
	lie(&liar, liar.words[0], liar.words[1]);
	assert_int_equal(nr_told, 0);
	usleep(30000);
	add(finder, &record);
	assert_int_equal(nr_told, 1);
	assert_int_equal(told[0].start_time, d.process.start_time);
	usleep(30000);
	add(finder, &record);
	tag_finder_counts(finder, &counts);
	assert_int_equal(counts.looks, 2);
	assert_int_equal(counts.early, 1);
	assert_int_equal(nr_told, 1);
	tag_finder_free(finder);
	end_liar(&liar);
}

TEST(early_processes_that_are_too_many_are_counted, .setup = reset)
{
	struct tag_finder_counts counts;
	struct tag_finder *finder;
	struct description d;
	struct liar liar;

	start_liar(&liar, "libinitial-exec.so", R_X86_64_TPOFF64);
	lie(&liar, 0, 0);
	assert_int_equal(tag_finder_new(&finder), 0);
	describe(&d, liar.pid);
	for (int i = 0; i < 300; i++)
		add_all(finder, &d);
	tag_finder_counts(finder, &counts);
	assert_true(counts.early >= 300);
	/* On a slow machine some processes were looked at again nine times, and are then given up, too. */
	assert_in_range(counts.given_up, 300 - 256, 300 - 256 + (counts.early - 300) / 9);
	tag_finder_free(finder);
	end_liar(&liar);
}

TEST(a_library_that_was_closed_is_withdrawn, .setup = reset)
{
	struct tag_finder_counts counts;
	struct tag_finder *finder;
	struct description d;
	int to, from;
	char byte = 0;
	pid_t pid = start_loader("libgeneral-dynamic.so", &to, &from);

	assert_int_equal(tag_finder_new(&finder), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(read(from, &byte, 1), 1);
		describe(&d, pid);
		/*
		 * The second answer is as from an older module, or after another program was executed in the process.
		 */
		answer = i == 1 ? -EINVAL : 0;
		add_all(finder, &d);
		assert_int_equal(nr_told, i + 1);
		assert_int_equal(told[i].kind, PROFBUF_TAG_OTEL);
		assert_int_equal(told[i].tls, i == 1 ? PROFBUF_TLS_NONE : PROFBUF_TLS_GLIBC);
		assert_int_equal(told[i].start_time, d.process.start_time);
		assert_int_equal(write(to, &byte, 1), 1);
	}
	assert_int_equal(told[1].offset, 0);
	assert_int_equal(told[1].module, 0);
	assert_int_equal(read(from, &byte, 1), 1);
	describe(&d, pid);
	/* Only the source that the kernel was told is withdrawn, and only once. All files are known by now. */
	for (int i = 0; i < 2; i++) {
		add_all(finder, &d);
		assert_int_equal(nr_told, 4);
		assert_int_equal(told[3].tls, PROFBUF_TLS_NONE);
	}
	tag_finder_counts(finder, &counts);
	assert_int_equal(counts.withdrawn, 1);
	assert_int_equal(counts.told, 2);
	assert_int_equal(counts.failed, 0);
	assert_int_equal(counts.skipped, 1);
	tag_finder_free(finder);
	close(from);
	end_process(pid, to);
}

/* This is another process with the same pid. */
TEST(what_ended_is_not_withdrawn, .setup = reset)
{
	struct profbuf_life exit = { .len = sizeof(exit) / 8, .type = PROFBUF_RECORD_EXIT };
	struct tag_finder *finder;
	struct description d;
	int to, from;
	char byte = 0;
	pid_t pid = start_loader("libgeneral-dynamic.so", &to, &from);

	assert_int_equal(read(from, &byte, 1), 1);
	describe(&d, pid);
	assert_int_equal(tag_finder_new(&finder), 0);
	add_all(finder, &d);
	assert_int_equal(nr_told, 1);
	assert_int_equal(write(to, &byte, 1), 1);
	assert_int_equal(read(from, &byte, 1), 1);
	exit.pid = pid;
	exit.start_time = d.process.start_time;
	add(finder, &exit);
	describe(&d, pid);
	add_all(finder, &d);
	assert_int_equal(nr_told, 1);
	assert_int_equal(write(to, &byte, 1), 1);
	assert_int_equal(read(from, &byte, 1), 1);
	describe(&d, pid);
	add_all(finder, &d);
	assert_int_equal(nr_told, 2);
	assert_int_equal(write(to, &byte, 1), 1);
	assert_int_equal(read(from, &byte, 1), 1);
	describe(&d, pid);
	d.process.start_time++;
	for (unsigned int i = 0; i < d.process.nr_mappings; i++)
		d.mappings[i].start_time++;
	add_all(finder, &d);
	assert_int_equal(nr_told, 2);
	tag_finder_free(finder);
	close(from);
	end_process(pid, to);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The process has mapped a file of a file system that does not answer: the finder waits a moment, and only once. */
TEST(a_process_that_stalls_does_not_stall_the_finder, .setup = reset)
{
	struct profbuf_record record = { .len = 3, .type = PROFBUF_RECORD_THREAD };
	struct tag_finder_counts counts;
	struct tag_finder *finder;
	struct description d, good;
	struct stall stall;
	uint64_t start_ms;
	pid_t pid;
	int in;

	pid = start_process("pie", &in);
	describe(&good, pid);
	assert_true(stall_start(&stall, in_dir("libinitial-exec.so")));
	describe(&d, stall.pid);
	assert_int_equal(tag_finder_new(&finder), 0);
	start_ms = now_ms();
	add_all(finder, &d);
	assert_true(stall_is_waited_for(&stall));
	assert_in_range(now_ms() - start_ms, 150, 10000);
	start_ms = now_ms();
	for (int i = 0; i < 50; i++)
		add_all(finder, &d);
	assert_true(now_ms() - start_ms < 5000);
	/* Other processes are still found; what the look that stalls knew about files is lost. */
	add_all(finder, &good);
	assert_int_equal(times_told(pid), 1);
	tag_finder_counts(finder, &counts);
	assert_int_equal(counts.slow, 1);
	assert_int_equal(counts.skipped, 50);
	assert_int_equal(counts.looks, 2);
	/*
	 * The look that was left behind ends when the file system ends. Then the process is looked at again, but is
	 * gone.
	 */
	stall_end(&stall);
	for (int i = 0; i < 1000 && counts.looks == 2; i++) {
		usleep(10000);
		add(finder, &record);
		tag_finder_counts(finder, &counts);
	}
	assert_int_equal(counts.looks, 3);
	assert_int_equal(counts.gone, 1);
	tag_finder_free(finder);
	end_process(pid, in);
}

/* As with a large file on a cold disk: what is found late is told to the kernel then. */
TEST(a_process_that_is_slow_is_told_later, .setup = reset)
{
	struct profbuf_record record = { .len = 3, .type = PROFBUF_RECORD_THREAD };
	struct tag_finder *finder;
	struct description d;
	struct stall stall;

	assert_true(stall_start(&stall, in_dir("libinitial-exec.so")));
	describe(&d, stall.pid);
	assert_int_equal(tag_finder_new(&finder), 0);
	add_all(finder, &d);
	add(finder, &record);
	assert_int_equal(nr_told, 0);
	stall_release(&stall);
	for (int i = 0; i < 1000 && !nr_told; i++) {
		usleep(10000);
		add(finder, &record);
	}
	assert_int_equal(nr_told, 1);
	assert_int_equal(told[0].pid, stall.pid);
	assert_int_equal(told[0].start_time, d.process.start_time);
	assert_int_equal(told[0].kind, PROFBUF_TAG_OTEL);
	tag_finder_free(finder);
	stall_end(&stall);

	/* The finder ends before the look. */
	assert_true(stall_start(&stall, in_dir("libinitial-exec.so")));
	describe(&d, stall.pid);
	assert_int_equal(tag_finder_new(&finder), 0);
	add_all(finder, &d);
	tag_finder_free(finder);
	stall_end(&stall);
	usleep(100000);
	assert_int_equal(nr_told, 1);
}

/* A child that looks at the process that stalls and then ends, as main() would. */
static pid_t start_recorder(const struct description *d, const struct stall *stall)
{
	struct tag_finder *finder;
	pid_t pid = fork();

	if (!pid) {
		/* If it waits for the file system, the wait must end when the parent closes it. */
		close(stall->file_system);
		if (tag_finder_new(&finder))
			_exit(1);
		add_all(finder, d);
		_exit(0);
	}
	return pid;
}

/* A bug once: a thread waited that not even SIGKILL ended, so its process did not end either. */
TEST(a_look_that_never_ends_does_not_keep_main_from_returning, .setup = reset)
{
	struct description d;
	struct stall stall;
	pid_t pid, ended = 0;
	bool taken;
	int status;

	assert_true(stall_start(&stall, in_dir("libinitial-exec.so")));
	describe(&d, stall.pid);
	pid = start_recorder(&d, &stall);
	taken = stall_take(&stall);
	for (int i = 0; i < 6000 && !ended; i++) {
		usleep(10000);
		ended = waitpid(pid, &status, WNOHANG);
	}
	/* Before the checks: if one fails, a process that waits for the file system could not end. */
	stall_end(&stall);
	assert_true(taken);
	assert_int_equal(ended, pid);
	assert_int_equal(status, 0);
}

/* A bug once: after sixteen looks that never ended, there were no more looks at any process. */
TEST(looks_that_never_end_are_at_one_user, .setup = reset)
{
	struct tag_finder *finders[20], *finder;
	struct tag_finder_counts counts;
	struct description d, good;
	uint64_t left = 0;
	struct stall stall;
	pid_t pid;
	int in;

	pid = start_process("pie", &in);
	describe(&good, pid);
	assert_true(stall_start(&stall, in_dir("libinitial-exec.so")));
	describe(&d, stall.pid);
	assert_int_equal(tag_finder_new(&finder), 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(tag_finder_new(&finders[i]), 0);
		add_all(finders[i], &d);
		tag_finder_counts(finders[i], &counts);
		left += counts.slow;
	}
	assert_int_equal(left, 20);
	add_all(finder, &good);
	assert_int_equal(times_told(pid), 1);
	assert_int_equal(tag_finder_scan(finder, NULL), 0);
	assert_int_equal(times_told(pid), 2);
	tag_finder_free(finder);
	stall_end(&stall);
	for (int i = 0; i < 20; i++)
		tag_finder_free(finders[i]);
	end_process(pid, in);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	dir = argv[1];
	times_read = job_alloc(sizeof(*times_read));
	if (!times_read)
		return 2;
	return tap_cmocka_main();
}
