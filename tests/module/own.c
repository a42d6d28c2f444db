// SPDX-License-Identifier: GPL-2.0-only
/*
 * own.c - which processes are an opener's own, so that it needs no rights to see them: as ptrace_may_access() decides
 *
 * Each test has a process that spins, and a process that opens the device and runs a session. Both belong to user
 * nobody, if the test does not say otherwise.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/capability.h>

#include "kt.h"

#define NOBODY 65534

static void be_nobody(void)
{
	kt_become(NOBODY);
}

static void be_in_another_group(void)
{
	NEED(!setresuid(NOBODY, NOBODY, NOBODY) && !prctl(PR_SET_DUMPABLE, 1));
}

/* Like a service that may bind to low ports. */
static void be_with_a_capability(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .permitted = 1U << CAP_NET_BIND_SERVICE } };

	NEED(!prctl(PR_SET_KEEPCAPS, 1));
	kt_become(NOBODY);
	NEED(!syscall(SYS_capset, &header, data));
	NEED(!prctl(PR_SET_DUMPABLE, 1));
}

/* The user nobody makes the namespace, and has every right in it. */
static void be_in_a_user_namespace(void)
{
	kt_become(NOBODY);
	NEED(!unshare(CLONE_NEWUSER) && !prctl(PR_SET_DUMPABLE, 1));
}

static void be_root(void)
{
}

/* Root without the capabilities of root, as in a container. */
static void be_root_of_a_container(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .permitted = 1U << CAP_CHOWN } };

	NEED(!syscall(SYS_capset, &header, data));
	NEED(!prctl(PR_SET_DUMPABLE, 1));
}

static void be_in_a_pid_namespace(void)
{
	pid_t pid;
	int status;

	NEED(!unshare(CLONE_NEWPID));
	pid = fork();
	NEED(pid >= 0);
	if (pid) {
		waitpid(pid, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	kt_become(NOBODY);
}

/* Parameters of the current test. */
static void (*opener)(void);
static pid_t other;
static int refusal;		/* errno when the opener names the other process; 0: it may see it */

static void watch(void)
{
	struct profbuf_tag_source source = { .size = sizeof(source), .pid = other, .offset = -8 };
	struct profbuf_config config = kt_config();
	unsigned int own = 0, others = 0;
	struct kt_stream s = { 0 };
	int fd, err;

	opener();
	fd = kt_open();
	config.flags = PROFBUF_CONFIG_USER | PROFBUF_CONFIG_SIDEBAND | PROFBUF_CONFIG_TAGS;
	config.kernel_depth = 0;
	kt_configure(fd, &config);
	err = ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source) ? errno : 0;
	CHECK(err == refusal, "errno %d", err);
	kt_pin(0);
	kt_run_session(fd, 400 * MSEC, &s);
	EACH_SAMPLE(p, &s) {
		own += p->pid == (uint32_t)getpid();
		others += p->pid != (uint32_t)getpid();
	}
	ENOUGH(own > 20, "%u", own);
	if (refusal) {
		CHECK(!others, "%u samples", others);
		ENOUGH(kt_counters(fd, 1).skipped[PROFBUF_SKIP_RIGHTS] > 20);
		for (const struct profbuf_record *r = kt_next(&s, NULL); r; r = kt_next(&s, r))
			CHECK(r->type != PROFBUF_RECORD_PROCESS ||
			      ((const struct profbuf_process *)r)->pid == (uint32_t)getpid());
	} else {
		ENOUGH(others > 20, "%u samples", others);
	}
	kt_free(&s);
	close(fd);
}

static void sees(void (*be_opener)(void), void (*be_other)(void), int err)
{
	opener = be_opener;
	refusal = err;
	other = kt_busy(1, be_other, NULL);
	kt_in_child(watch);
	kt_kill(other);
}

TEST(the_users_own)
{
	sees(be_nobody, be_nobody, 0);
}

TEST(not_one_of_another_group)
{
	sees(be_nobody, be_in_another_group, EPERM);
}

TEST(not_one_with_a_capability)
{
	sees(be_nobody, be_with_a_capability, EPERM);
}

TEST(one_in_a_user_namespace_that_the_user_made)
{
	sees(be_nobody, be_in_a_user_namespace, 0);
}

TEST(not_one_outside_the_openers_user_namespace)
{
	sees(be_in_a_user_namespace, be_nobody, EPERM);
}

TEST(not_one_outside_the_openers_pid_namespace)
{
	sees(be_in_a_pid_namespace, be_nobody, ESRCH);
}

TEST(not_roots_for_root_of_a_container)
{
	sees(be_root_of_a_container, be_root, EPERM);
}

TEST(roots_of_a_container_for_another_one)
{
	sees(be_root_of_a_container, be_root_of_a_container, 0);
}

/* A CPU has few counters, and a session that has one keeps users of perf from it. */
TEST(no_counter_of_the_hardware)
{
	struct profbuf_config config = kt_config();
	int fd = kt_open_as(NOBODY);

	config.flags = PROFBUF_CONFIG_USER;
	config.kernel_depth = 0;
	config.source = PROFBUF_SOURCE_PERF_CYCLES;
	config.period = 0;
	CHECK(ioctl(fd, PROFBUF_IOC_CONFIG, &config) == -1 && errno == EPERM, "errno %d", errno);
	config.source = PROFBUF_SOURCE_PERF_CPU_CLOCK;
	CHECK(!ioctl(fd, PROFBUF_IOC_CONFIG, &config));
	close(fd);
}

int main(void)
{
	NEED(!chmod(PROFBUF_DEVICE, 0666));
	return kt_main();
}
