// SPDX-License-Identifier: GPL-2.0-only
/*
 * identity.c - labels from outside belong to the process or thread that they were given to, whatever number or program
 * it has; those that it creates inherit them, and the labels end with it
 */
#define _GNU_SOURCE
#include <linux/userfaultfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "outside.h"

/*
 * Makes a chain of descendants, each of which ends when it has created the next one. So one of them is always in
 * another place of the table than where the closing of the session looks.
 */
static pid_t chain(volatile bool *go, volatile bool *stop)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (pid)
		return pid;
	signal(SIGCHLD, SIG_IGN);
	while (!*go)
		sched_yield();
	while (!*stop) {
		pid = fork();
		if (pid)
			_exit(0);
	}
	_exit(0);
}

TEST(the_files_end_leaves_no_descendant_tagged)
{
	volatile bool *flags = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int left = 0, ended = 0;

	NEED(flags != MAP_FAILED);
	for (int i = 0; i < 60; i++) {
		volatile bool *go = &flags[2 * i], *stop = &flags[2 * i + 1];
		pid_t pid[2] = { chain(go, stop), chain(go, stop) };
		int fd = kt_open();	/* opened after fork(), so that the children do not have it */

		for (int k = 0; k < 2; k++)
			CHECK(!tag_pid(fd, 0, pid[k], text, sizeof(text)));
		*go = true;
		kt_sleep((5 + i % 7) * MSEC);
		ended += !kt_sysfs("tagged");
		close(fd);
		left += kt_sysfs("tagged");
		*stop = true;
		for (int k = 0; k < 2; k++)
			waitpid(pid[k], NULL, 0);
	}
	CHECK(!left, "%u are left", left);
	CHECK(!ended, "%u have lost it before", ended);
	munmap((void *)flags, 4096);
}

/*
 * A thread that executes a program takes its process's number and keeps its tag. No entry with its old number is left.
 */
struct executor {
	pid_t tid;
	int go[2];
};

static void *execute(void *arg)
{
	struct executor *e = arg;
	char byte;

	__atomic_store_n(&e->tid, gettid(), __ATOMIC_RELEASE);
	NEED(read(e->go[0], &byte, 1) == 1);
	execl("/bin/sh", "sh", "-c", "while :; do :; done", NULL);
	_exit(127);
}

TEST(a_thread_that_executes_a_program_keeps_its_tag)
{
	struct executor *e = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = kt_open();

	NEED(e != MAP_FAILED);
	for (int removes = 0; removes < 2; removes++) {
		pid_t pid;

		e->tid = 0;
		NEED(!pipe(e->go));
		fflush(stdout);
		pid = fork();
		NEED(pid >= 0);
		if (!pid) {
			pthread_t thread;

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			NEED(!pthread_create(&thread, NULL, execute, e));
			kt_sleep(20 * SEC);
			_exit(1);
		}
		while (!__atomic_load_n(&e->tid, __ATOMIC_ACQUIRE))
			sched_yield();
		CHECK(!tag_pid(fd, PROFBUF_TAG_THREAD | PROFBUF_TAG_STAY, e->tid, text, sizeof(text)));
		NEED(write(e->go[1], "x", 1) == 1);
		kt_sleep(300 * MSEC);
		check_tagged(1);
		CHECK(is_tagged(pid));
		REFUSED(ESRCH, tag_pid(fd, PROFBUF_TAG_THREAD | PROFBUF_TAG_REMOVE, e->tid, NULL, 0));
		if (removes) {
			CHECK(!tag_pid(fd, PROFBUF_TAG_THREAD | PROFBUF_TAG_REMOVE, pid, NULL, 0));
			CHECK(!is_tagged(pid));
		}
		kt_kill(pid);
		check_tagged(0);
		close(e->go[0]);
		close(e->go[1]);
	}
	munmap(e, 4096);
	close(fd);
}

/* Sets how many numbers there are for processes and threads. Returns the former limit. */
static int set_numbers(int n)
{
	FILE *f = fopen("/proc/sys/kernel/pid_max", "r+");
	int before;

	NEED(f && fscanf(f, "%d", &before) == 1);
	rewind(f);
	NEED(fprintf(f, "%d", n) > 0 && !fclose(f));
	return before;
}

/* Calls @make until it gets that number again. */
static bool reuse(pid_t number, pid_t (*make)(pid_t number))
{
	pid_t pid = 0;

	for (int i = 0; i < 5000 && pid != number; i++)
		pid = make(number);
	CHECK(pid == number, "%d is not used again", number);
	return pid == number;
}

static pid_t make_process(pid_t number)
{
	pid_t pid = fork();

	NEED(pid >= 0);
	if (!pid) {
		if (getpid() != number)
			_exit(0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		kt_spin(30 * SEC);
		_exit(0);
	}
	if (pid != number)
		waitpid(pid, NULL, 0);
	return pid;
}

static struct worker reused;

static void *spin_if_reused(void *arg)
{
	pid_t number = *(pid_t *)arg;

	reused.tid = gettid();
	while (reused.tid == number && !__atomic_load_n(&reused.stop, __ATOMIC_RELAXED))
		;
	return NULL;
}

static pid_t make_thread(pid_t number)
{
	NEED(!pthread_create(&reused.thread, NULL, spin_if_reused, &number));
	while (!__atomic_load_n(&reused.tid, __ATOMIC_ACQUIRE))
		sched_yield();
	if (reused.tid != number) {
		pthread_join(reused.thread, NULL);
		reused.tid = 0;
		return 0;
	}
	return number;
}

/* A tag belongs to the process or thread that it was given to, not to its number. */
TEST(a_reused_number_carries_nobodys_tag)
{
	int numbers = set_numbers(1000), fd = kt_open();
	pid_t pid = kt_spinner(-1), tid;
	struct kt_stream s = { 0 };
	unsigned int others, none;
	struct worker w;

	CHECK(!tag_pid(fd, PROFBUF_TAG_STAY, pid, text, sizeof(text)));
	CHECK(is_tagged(pid));
	kt_kill(pid);
	fflush(stdout);
	if (reuse(pid, make_process)) {
		CHECK(!is_tagged(pid));
		kt_kill(pid);
	}
	close(fd);

	fd = session();
	start(&w, NULL);
	tid = w.tid;
	CHECK(!tag_pid(fd, PROFBUF_TAG_THREAD | PROFBUF_TAG_STAY, tid, text, sizeof(text)));
	stop(&w);
	/* The number is free a moment after the join. */
	kt_sleep(20 * MSEC);
	if (reuse(tid, make_thread)) {
		kt_start(fd);
		be_sampled(fd, 80);
		stop(&reused);
		finish(fd, &s);
		none = count(&s, tid, 0, &others);
		ENOUGH(none > 15, "%u without, %u with", none, others);
		CHECK(!others, "%u without, %u with", none, others);
	}
	check_tagged(0);
	set_numbers(numbers);
	kt_free(&s);
	close(fd);
}

/* Text whose page is missing until deliver() is called, so that copying it waits. */
struct late_text {
	int fd;
	char *page;
};

static struct late_text late_text(void)
{
	struct late_text late = { .fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK) };
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	late.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(late.page != MAP_FAILED);
	if (late.fd < 0) {
		/* This kernel has no userfaultfd: the text is there at once. */
		memcpy(late.page, text, sizeof(text));
		return late;
	}
	range.range.start = (uintptr_t)late.page;
	range.range.len = 4096;
	NEED(!ioctl(late.fd, UFFDIO_API, &api) && !ioctl(late.fd, UFFDIO_REGISTER, &range));
	return late;
}

static void deliver(struct late_text *late)
{
	static char from[4096] __attribute__((aligned(4096)));
	struct uffdio_copy copy = { .dst = (uintptr_t)late->page, .src = (uintptr_t)from, .len = 4096 };

	memcpy(from, text, sizeof(text));
	if (late->fd >= 0) {
		NEED(!ioctl(late->fd, UFFDIO_COPY, &copy));
		close(late->fd);
	}
}

struct tagger {
	int fd, result, error;
	pid_t pid;
	const char *text;
};

static void *tag_late(void *arg)
{
	struct tagger *t = arg;

	t->result = tag_pid(t->fd, PROFBUF_TAG_STAY, t->pid, t->text, sizeof(text));
	t->error = errno;
	return NULL;
}

/* A process ends while the text is being copied, and its parent has not waited for it yet. */
TEST(what_ends_while_it_is_tagged_is_not_tagged)
{
	struct late_text late = late_text();
	struct tagger t = { .fd = kt_open(), .text = late.page, .pid = kt_spinner(-1) };
	struct pollfd missing = { .fd = late.fd, .events = POLLIN };
	siginfo_t info;
	pthread_t thread;

	if (late.fd < 0)
		NEED(!kill(t.pid, SIGKILL) && !waitid(P_PID, t.pid, &info, WEXITED | WNOWAIT));
	NEED(!pthread_create(&thread, NULL, tag_late, &t));
	if (late.fd >= 0) {
		NEED(poll(&missing, 1, 10000) == 1);
		kill(t.pid, SIGKILL);
	}
	NEED(!waitid(P_PID, t.pid, &info, WEXITED | WNOWAIT));
	deliver(&late);
	pthread_join(thread, NULL);
	CHECK(t.result == -1 && t.error == ESRCH, "%d, %s", t.result, strerror(t.error));
	check_tagged(0);
	waitpid(t.pid, NULL, 0);
	munmap(late.page, 4096);
	close(t.fd);
}

/* Processes that end at once are tagged until tagging fails because they have ended. */
TEST(tags_while_processes_end)
{
	uint64_t end = kt_now() + 2 * SEC;
	unsigned int tagged = 0, refused = 0;
	int fd = kt_open();

	fflush(stdout);
	while (kt_now() < end) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		while (!tag_pid(fd, PROFBUF_TAG_STAY, pid, text, sizeof(text)))
			tagged++;
		refused += errno == ESRCH;
		waitpid(pid, NULL, 0);
	}
	ENOUGH(tagged > 10 && refused > 10, "%u, %u", tagged, refused);
	check_tagged(0);
	close(fd);
}

/* A tagged process creates children all the time, while it is tagged again and again. */
TEST(forks_while_tags_change)
{
	int status, fd = kt_open();
	unsigned int rounds = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		uint64_t end = kt_now() + 2 * SEC;

		while (kt_now() < end) {
			if (!fork())
				_exit(0);
			while (waitpid(-1, NULL, 0) > 0)
				;
		}
		_exit(0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		if (rounds++ % 3)
			tag_pid(fd, 0, pid, text, sizeof(text));
		else
			tag_pid(fd, PROFBUF_TAG_REMOVE, pid, NULL, 0);
	}
	ENOUGH(rounds > 10, "%u", rounds);
	CHECK(!status, "%u", rounds);
	close(fd);
	check_tagged(0);
}

int main(void)
{
	return kt_main();
}
