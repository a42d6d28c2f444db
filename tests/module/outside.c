// SPDX-License-Identifier: GPL-2.0-only
/*
 * outside.c - samples have the labels that a process or a thread was given from outside
 */
#define _GNU_SOURCE
#include <grp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "outside.h"

static const char other_text[] = "job\0hourly";

/* A child that spins in two threads, and forks a child of its own when told to. *@grandchild gets that one's pid. */
static volatile pid_t *grandchild;

static pid_t family(int go[2])
{
	pid_t pid;

	if (!grandchild)
		grandchild = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(grandchild != MAP_FAILED && !pipe(go));
	*grandchild = 0;
	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		struct worker w;
		char byte;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		start(&w, NULL);
		NEED(read(go[0], &byte, 1) == 1);
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			*grandchild = getpid();
			kt_spin(20 * SEC);
		}
		kt_spin(20 * SEC);
		_exit(0);
	}
	kt_sleep(50 * MSEC);
	return pid;
}

/* Tells the child to fork. */
static pid_t fork_grandchild(int go[2])
{
	NEED(write(go[1], "x", 1) == 1);
	while (!*grandchild)
		sched_yield();
	return *grandchild;
}

static void end_family(pid_t pid, int go[2])
{
	kt_kill(pid);
	close(go[0]);
	close(go[1]);
}

TEST(from_outside_with_threads_and_later_children)
{
	struct profbuf_config config = kt_config();
	const struct profbuf_tag *t;
	struct kt_stream s = { 0 };
	int go[2], fd = kt_open();
	pid_t pid = family(go);
	struct outside n;

	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = pid;
	kt_configure(fd, &config);
	CHECK(!tag_pid(fd, 0, pid, text, sizeof(text)));
	fork_grandchild(go);
	kt_start(fd);
	kt_sleep(500 * MSEC);
	finish(fd, &s);
	n = count_outside(&s, pid);
	ENOUGH(n.with > 15 && n.children > 8, COUNTS, COUNTS_OF(n));
	CHECK(!n.without && !n.untagged_children, COUNTS, COUNTS_OF(n));
	t = definition(&s, 0, n.tag);
	CHECK(t && t->bytes == sizeof(text) && !memcmp(t->data, text, sizeof(text)));
	end_family(pid, go);
	kt_free(&s);
	close(fd);
}

/* The label set is removed from all that have inherited it, whichever of them is named. */
TEST(removed_from_the_whole_family)
{
	int fd = kt_open();

	for (int by_child = 0; by_child < 2; by_child++) {
		pid_t pid, child;
		struct outside n;
		int go[2];

		pid = family(go);
		CHECK(!tag_pid(fd, PROFBUF_TAG_STAY, pid, text, sizeof(text)));
		child = fork_grandchild(go);
		check_tagged(2);
		n = look(pid);
		CHECK(n.with && n.children && !n.without && !n.untagged_children, COUNTS, COUNTS_OF(n));
		CHECK(!tag_pid(fd, PROFBUF_TAG_REMOVE, by_child ? child : pid, NULL, 0));
		check_tagged(0);
		n = look(pid);
		CHECK(!n.with && !n.children && n.without && n.untagged_children, COUNTS, COUNTS_OF(n));
		end_family(pid, go);
	}
	close(fd);
}

/* A process that has got another label set does not belong to the family any more. */
TEST(a_replaced_set_is_not_the_familys)
{
	int go[2], fd = kt_open();
	pid_t pid = family(go), child;

	CHECK(!tag_pid(fd, PROFBUF_TAG_STAY, pid, text, sizeof(text)));
	child = fork_grandchild(go);
	CHECK(!tag_pid(fd, PROFBUF_TAG_STAY, child, other_text, sizeof(other_text)));
	check_tagged(2);
	CHECK(!tag_pid(fd, PROFBUF_TAG_REMOVE, pid, NULL, 0));
	check_tagged(1);
	CHECK(is_tagged(child));
	CHECK(!tag_pid(fd, PROFBUF_TAG_REMOVE, child, NULL, 0));
	check_tagged(0);
	end_family(pid, go);
	close(fd);
}

/*
 * A label set from root: another user can remove it from his own process only. A label set from the user himself: he
 * can remove it from the whole family.
 */
TEST(a_user_removes_what_is_his)
{
	enum { NOBODY = 65534 };
	int go[2], fd = kt_open(), status;
	pid_t pid, user;

	NEED(!chmod(PROFBUF_DEVICE, 0666) && !pipe(go));
	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		char byte;

		NEED(read(go[0], &byte, 1) == 1);
		user = fork();
		if (!user) {
			pid_t family;
			int own;

			NEED(!setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY) &&
			     !setresuid(NOBODY, NOBODY, NOBODY) && !prctl(PR_SET_DUMPABLE, 1));
			own = kt_open();
			kt_failed = false;
			check_tagged(2);
			CHECK(!tag_pid(own, PROFBUF_TAG_REMOVE, getpid(), NULL, 0));
			check_tagged(1);
			REFUSED(EPERM, tag_pid(own, PROFBUF_TAG_REMOVE, getppid(), NULL, 0));
			CHECK(!tag_pid(own, 0, getpid(), other_text, sizeof(other_text)));
			family = kt_spinner(-1);
			check_tagged(3);
			CHECK(!tag_pid(own, PROFBUF_TAG_REMOVE, getpid(), NULL, 0));
			check_tagged(1);
			kt_kill(family);
			fflush(stdout);
			_exit(kt_failed);
		}
		NEED(waitpid(user, &status, 0) == user);
		_exit(status != 0);
	}
	CHECK(!tag_pid(fd, 0, pid, text, sizeof(text)));
	NEED(write(go[1], "x", 1) == 1 && waitpid(pid, &status, 0) == pid);
	CHECK(!status, "status %x", status);
	check_tagged(0);
	NEED(!chmod(PROFBUF_DEVICE, 0600));
	close(fd);
	close(go[0]);
	close(go[1]);
}

TEST(from_outside_ends_with_the_file_unless_it_stays)
{
	pid_t pid = kt_spinner(0);
	int fd = kt_open();	/* opened after fork(), so that the child does not have it */

	CHECK(!tag_pid(fd, 0, pid, text, sizeof(text)));
	CHECK(is_tagged(pid));
	close(fd);
	CHECK(!is_tagged(pid));

	fd = kt_open();
	CHECK(!tag_pid(fd, PROFBUF_TAG_STAY, pid, text, sizeof(text)));
	close(fd);
	CHECK(is_tagged(pid));
	fd = kt_open();
	CHECK(!tag_pid(fd, PROFBUF_TAG_REMOVE, pid, NULL, 0));
	CHECK(!is_tagged(pid));
	REFUSED(ENOENT, tag_pid(fd, PROFBUF_TAG_REMOVE, pid, NULL, 0));

	CHECK(!tag_pid(fd, PROFBUF_TAG_STAY, pid, text, sizeof(text)));
	check_tagged(1);
	kt_kill(pid);
	check_tagged(0);
	close(fd);
}

TEST(a_tagged_thread_is_one_of_many)
{
	struct kt_stream s = { 0 };
	struct worker a, b;
	uint64_t tag = 0;
	int fd = session();

	start(&a, NULL);
	start(&b, NULL);
	CHECK(!tag_pid(fd, PROFBUF_TAG_THREAD, a.tid, text, sizeof(text)));
	kt_start(fd);
	be_sampled(fd, 150);
	stop(&a);
	stop(&b);
	finish(fd, &s);
	EACH_SAMPLE(p, &s)
		tag = p->tid == (uint32_t)a.tid && p->tag ? p->tag : tag;
	ENOUGH(count(&s, a.tid, tag, NULL) > 25);
	CHECK(tag);
	check_thread(&s, a.tid, tag);
	check_thread(&s, b.tid, 0);
	check_tagged(0);
	kt_free(&s);
	close(fd);
}

TEST(own_labels_are_in_front_of_those_from_outside)
{
	static struct set set;
	struct kt_stream s = { 0 };
	unsigned int outside, own;
	int fd = session();

	set = labels("own", "yes");
	CHECK(!tag_pid(fd, 0, getpid(), text, sizeof(text)));
	kt_start(fd);
	be_sampled(fd, 20);
	own_labels = &set;
	be_sampled(fd, 20);
	own_labels = NULL;
	finish(fd, &s);
	own = count(&s, getpid(), (uintptr_t)&set, &outside);
	ENOUGH(own > 10 && outside > 10, "%u own, %u outside", own, outside);
	CHECK(!count(&s, getpid(), 0, NULL), "%u own, %u outside", own, outside);
	CHECK(!tag_pid(fd, PROFBUF_TAG_REMOVE, getpid(), NULL, 0));
	kt_free(&s);
	close(fd);
}

/* Kernel threads and the idle task have no tag, and no other process has a tag that it was not given. */
TEST(kernel_threads_and_idle_are_untagged)
{
	struct profbuf_config config = kt_config();
	const struct profbuf_record *r = NULL;
	unsigned int idle = 0, threads = 0, tagged = 0, wrong = 0;
	struct kt_stream s = { 0 };
	int fd = kt_open();
	pid_t pid = kt_spinner(0);

	CHECK(!tag_pid(fd, 0, pid, text, sizeof(text)));
	REFUSED(ESRCH, tag_pid(fd, 0, 2, text, sizeof(text)));
	REFUSED(ESRCH, tag_pid(fd, PROFBUF_TAG_THREAD, 2, text, sizeof(text)));
	kt_configure(fd, &config);
	kt_start(fd);
	/* A kernel thread describes each of these programs. */
	for (int i = 0; i < 40; i++)
		NEED(!system("exec /bin/true"));
	kt_sleep(100 * MSEC);
	finish(fd, &s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;
		char path[32], stat[256] = "";
		FILE *f;

		if (r->type != PROFBUF_RECORD_SAMPLE)
			continue;
		if (p->pid == (uint32_t)pid) {
			tagged += p->tag != 0;
			continue;
		}
		wrong += p->tag != 0;
		idle += !p->pid;
		if (p->pid && (p->mode & PROFBUF_MODE_MASK) == PROFBUF_MODE_KERNEL && !p->nr_user && threads < 10) {
			snprintf(path, sizeof(path), "/proc/%u/stat", p->pid);
			f = fopen(path, "r");
			if (f && fgets(stat, sizeof(stat), f))
				threads += strstr(stat, ") ") && atoi(strstr(stat, ") ") + 4) == 2;
			if (f)
				fclose(f);
		}
	}
	ENOUGH(tagged > 15 && idle > 5, "%u tagged, %u wrong, %u idle, %u kernel threads'", tagged, wrong, idle,
	       threads);
	CHECK(!wrong && threads > 0, "%u tagged, %u wrong, %u idle, %u kernel threads'", tagged, wrong, idle,
	      threads);
	kt_kill(pid);
	kt_free(&s);
	close(fd);
}

TEST(wrong_labels_are_refused)
{
	char long_text[PROFBUF_LABELS_BYTES + 2], many[17 * 4];
	struct profbuf_tag_set set = { .size = sizeof(set), .pid = getpid(), .data = (uintptr_t)text, .bytes = 12 };
	int fd = kt_open();
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	memset(long_text, 'x', sizeof(long_text));
	long_text[5] = long_text[sizeof(long_text) - 1] = 0;
	for (int i = 0; i < 17; i++)
		memcpy(many + i * 4, (char []){ 'a' + i, 0, 'v', 0 }, 4);
	CHECK(!tag_pid(fd, 0, getpid(), text, sizeof(text)));
	CHECK(!tag_pid(fd, 0, getpid(), many, 16 * 4));
	CHECK(!tag_pid(fd, PROFBUF_TAG_REMOVE, getpid(), NULL, 0));
	REFUSED(EINVAL, tag_pid(fd, 0, getpid(), NULL, 0));
	REFUSED(EINVAL, tag_pid(fd, 0, getpid(), long_text, sizeof(long_text)));
	REFUSED(EINVAL, tag_pid(fd, 0, getpid(), many, sizeof(many)));
	REFUSED(EINVAL, tag_pid(fd, 0, getpid(), "a\0b", 3));
	REFUSED(EINVAL, tag_pid(fd, 0, getpid(), "a", 2));
	REFUSED(EINVAL, tag_pid(fd, 0, getpid(), "\0b", 3));
	REFUSED(EINVAL, tag_pid(fd, 8, getpid(), text, sizeof(text)));
	REFUSED(EINVAL, tag_pid(fd, PROFBUF_TAG_REMOVE, getpid(), text, sizeof(text)));
	REFUSED(EINVAL, tag_pid(fd, PROFBUF_TAG_REMOVE | PROFBUF_TAG_STAY, getpid(), NULL, 0));
	REFUSED(EINVAL, tag_pid(fd, 0, 0, text, sizeof(text)));
	REFUSED(EFAULT, tag_pid(fd, 0, getpid(), (void *)8, sizeof(text)));
	set.reserved[0] = 1;
	REFUSED(EINVAL, ioctl(fd, PROFBUF_IOC_TAG, &set));
	waitpid(pid, NULL, 0);
	REFUSED(ESRCH, tag_pid(fd, 0, pid, text, sizeof(text)));
	check_tagged(0);
	close(fd);
}

int main(void)
{
	return kt_main();
}
