// SPDX-License-Identifier: GPL-2.0-only
/*
 * places.c - a session is told where processes have the pointers to their tags
 */
#define _GNU_SOURCE
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tags.h"

TEST(wrong_places_are_refused)
{
	struct profbuf_tag_source good = { .size = sizeof(good), .pid = getpid(), .offset = -8 }, s;
	int fd = kt_open();
	pid_t pid;

#define WITH(change) (s = good, change, ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &s))
	CHECK(!WITH(s.pid = getpid()));
	REFUSED(EINVAL, WITH(s.size = 3));
	REFUSED(EINVAL, WITH(s.pid = 0));
	REFUSED(EINVAL, WITH(s.pid = 1U << 31));
	REFUSED(EINVAL, WITH(s.kind = PROFBUF_NR_TAG_KINDS));
	REFUSED(EINVAL, WITH(s.tls = PROFBUF_NR_TLS));
	REFUSED(EINVAL, WITH(s.module = 1));
	REFUSED(EINVAL, WITH(s.tls = PROFBUF_TLS_GLIBC));
	REFUSED(EINVAL, WITH(s.tls = PROFBUF_TLS_NONE));
	REFUSED(EINVAL, WITH((s.tls = PROFBUF_TLS_NONE, s.offset = 0, s.module = 1)));
	REFUSED(EINVAL, WITH((s.tls = PROFBUF_TLS_MUSL, s.module = 1 << 21)));
	REFUSED(EINVAL, WITH(s.reserved[1] = 1));
	/* A variable is at a whole word below the thread pointer, or in its module's block, and nowhere else. */
	CHECK(!WITH(s.offset = -PROFBUF_TLS_BYTES));
	REFUSED(EINVAL, WITH(s.offset = -PROFBUF_TLS_BYTES - 8));
	REFUSED(EINVAL, WITH(s.offset = -9));
	REFUSED(EINVAL, WITH(s.offset = -1));
	REFUSED(EINVAL, WITH(s.offset = 0));
	REFUSED(EINVAL, WITH(s.offset = 0x28));
	REFUSED(EINVAL, WITH(s.offset = 1LL << 40));
	REFUSED(EINVAL, WITH(s.offset = INT64_MIN));
	for (s.tls = PROFBUF_TLS_GLIBC; s.tls <= PROFBUF_TLS_MUSL; s.tls++) {
		const uint32_t tls = s.tls;

		CHECK(!WITH((s.tls = tls, s.module = 1, s.offset = PROFBUF_TLS_BYTES - 8)));
		REFUSED(EINVAL, WITH((s.tls = tls, s.module = 1, s.offset = PROFBUF_TLS_BYTES)));
		REFUSED(EINVAL, WITH((s.tls = tls, s.module = 1, s.offset = -8)));
		REFUSED(EINVAL, WITH((s.tls = tls, s.module = 1, s.offset = 4)));
		REFUSED(EINVAL, WITH((s.tls = tls, s.module = 1, s.offset = INT64_MAX)));
	}
	REFUSED(ESRCH, WITH(s.start_time = 1));
	REFUSED(EFAULT, ioctl(fd, PROFBUF_IOC_TAG_SOURCE, (void *)8));
	/* Kernel threads and zombies have no memory. */
	REFUSED(ESRCH, WITH(s.pid = 2));
	pid = fork();
	if (!pid)
		_exit(0);
	kt_sleep(100 * MSEC);
	REFUSED(ESRCH, WITH(s.pid = pid));
	waitpid(pid, NULL, 0);
	REFUSED(ESRCH, WITH(s.pid = pid));
	close(fd);
}

static int add_sources_of_children(int fd, int n)
{
	int status, failed = 0;
	pid_t pid;

	for (int i = 0; i < n; i++) {
		pid = fork();
		NEED(pid >= 0);
		if (!pid)
			_exit(add_source(fd, PROFBUF_TAG_LABELS, &own_labels) ? errno : 0);
		NEED(waitpid(pid, &status, 0) == pid);
		failed += !!status;
	}
	return failed;
}

/* A session has room for ROOM processes with tag sources at once, and for any number one after another. */
TEST(ended_processes_make_room)
{
	enum { ROOM = 4096 };
	int fd = session(), status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (!pid)
		_exit(add_sources_of_children(fd, ROOM / 2) != 0);
	CHECK(!add_sources_of_children(fd, ROOM / 2));
	NEED(waitpid(pid, &status, 0) == pid);
	CHECK(!status);
	CHECK(!add_sources_of_children(fd, 5));
	close(fd);
}

static int take_back(int fd, enum profbuf_tag_kind kind)
{
	struct profbuf_tag_source source = {
		.size = sizeof(source), .pid = getpid(), .kind = kind, .tls = PROFBUF_TLS_NONE,
	};

	return ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source);
}

/* As after dlclose(): the memory where the variable was holds no tag any more, and is not read. */
TEST(a_place_is_taken_back)
{
	static struct set set;
	static __thread const void *context;
	struct kt_stream s = { 0 };
	unsigned int others, with;
	int fd = session();

	set = labels("library", "there");
	own_labels = &set;
	kt_start(fd);
	be_sampled(fd, 20);
	REFUSED(ENOENT, take_back(fd, PROFBUF_TAG_OTEL));
	CHECK(!add_source(fd, PROFBUF_TAG_OTEL, &context));
	/* Takes back one of two kinds. */
	CHECK(!take_back(fd, PROFBUF_TAG_OTEL));
	be_sampled(fd, 20);
	CHECK(!take_back(fd, PROFBUF_TAG_LABELS));
	own_labels = (void *)8;
	be_sampled(fd, 20);
	REFUSED(ENOENT, take_back(fd, PROFBUF_TAG_LABELS));
	finish(fd, &s);
	with = count(&s, getpid(), (uintptr_t)&set, &others);
	ENOUGH(with > 20 && others > 8, "%u, %u others", with, others);
	CHECK(others == count(&s, getpid(), 0, NULL), "%u, %u others", with, others);
	CHECK(!failed(fd, PROFBUF_TAG_FAULT));
	own_labels = NULL;
	/* More often than there is room for: a source that was taken back takes no room. */
	for (int i = 0; i < 4200; i++) {
		if (add_source(fd, PROFBUF_TAG_LABELS, &own_labels) || take_back(fd, PROFBUF_TAG_LABELS)) {
			CHECK(false, "%d: %s", i, strerror(errno));
			break;
		}
	}
	kt_free(&s);
	close(fd);
}

/* A tag source keeps a process's memory map from being freed, so a user may name only his own processes. */
TEST(another_users_process_is_refused)
{
	enum { NOBODY = 65534 };
	pid_t mine, pid;
	int status;

	NEED(!chmod(PROFBUF_DEVICE, 0666));
	mine = kt_spinner(-1);
	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		struct profbuf_tag_source source = { .size = sizeof(source), .pid = mine, .offset = -8 };
		int fd;

		NEED(!setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY));
		fd = kt_open();
		kt_failed = false;
		REFUSED(EPERM, ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source));
		source.pid = 1;
		REFUSED(EPERM, ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source));
		/* His own process, which does not let him read its memory. */
		source.pid = getpid();
		NEED(!prctl(PR_SET_DUMPABLE, 0));
		REFUSED(EPERM, ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source));
		NEED(!prctl(PR_SET_DUMPABLE, 1));
		CHECK(!ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source));
		fflush(stdout);
		_exit(kt_failed);
	}
	NEED(waitpid(pid, &status, 0) == pid);
	CHECK(!status, "status %x", status);
	NEED(!chmod(PROFBUF_DEVICE, 0600));
	kt_kill(mine);
}

static struct set survivors;

static void *survive(void *arg)
{
	own_labels = arg;
	kt_spin(20 * SEC);
	return NULL;
}

/* The process keeps its memory and its identity as long as one of its threads lives. */
TEST(a_process_whose_first_thread_has_ended)
{
	struct profbuf_config config = kt_config();
	const struct profbuf_record *r = NULL;
	unsigned int own = 0, outside = 0, none = 0;
	struct kt_stream s = { 0 };
	struct profbuf_tag_source source = {
		.size = sizeof(source), .offset = (int64_t)((uint64_t)&own_labels - thread_pointer()),
	};
	int fd = kt_open();
	pid_t pid;

	survivors = labels("thread", "second");
	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		pthread_t thread;

		NEED(!pthread_create(&thread, NULL, survive, &survivors) &&
		     !pthread_create(&thread, NULL, survive, NULL));
		pthread_exit(NULL);
	}
	kt_sleep(200 * MSEC);
	source.pid = pid;
	CHECK(!ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source), "%s", strerror(errno));
	CHECK(!tag_pid(fd, 0, pid, "a\0b", 4), "%s", strerror(errno));
	kt_configure(fd, &config);
	kt_start(fd);
	kt_sleep(300 * MSEC);
	finish(fd, &s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;

		if (r->type != PROFBUF_RECORD_SAMPLE || p->pid != (uint32_t)pid)
			continue;
		own += p->tag == (uintptr_t)&survivors;
		outside += p->tag & PROFBUF_TAG_OUTSIDE ? 1 : 0;
		none += !p->tag;
	}
	ENOUGH(own > 15 && outside > 15, "%u own, %u outside, %u without", own, outside, none);
	CHECK(!none, "%u own, %u outside, %u without", own, outside, none);
	CHECK(!tag_pid(fd, PROFBUF_TAG_REMOVE, pid, NULL, 0), "%s", strerror(errno));
	kt_kill(pid);
	REFUSED(ESRCH, tag_pid(fd, 0, pid, "a\0b", 4));
	kt_free(&s);
	close(fd);
}

int main(void)
{
	return kt_main();
}
