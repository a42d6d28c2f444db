// SPDX-License-Identifier: GPL-2.0-only
/*
 * lockdown.c - a kernel that keeps its secrets from root, too: no kernel addresses
 *
 * The lockdown is raised at run time and cannot be lifted, so this is the last test of a machine.
 *
 * Not on: *-rt gcov, last
 */
#define _GNU_SOURCE
#include <sys/mount.h>
#include <sys/syscall.h>

#include "kt.h"

#define LOCKDOWN "/sys/kernel/security/lockdown"

static uint32_t rights_of(int fd)
{
	struct profbuf_info info = { .size = sizeof(info) };

	NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
	return info.rights;
}

static void lock_down(const char *level)
{
	int fd = open(LOCKDOWN, O_WRONLY);

	NEED(fd >= 0 && write(fd, level, strlen(level)) == (ssize_t)strlen(level));
	close(fd);
}

/* Counts what is about the kernel in a stream. */
static uint64_t kernel_words(const struct kt_stream *s)
{
	const struct profbuf_record *r = NULL;
	uint64_t n = 0;

	while ((r = kt_next(s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;

		if (r->type == PROFBUF_RECORD_INFO)
			n += ((const struct profbuf_stream_info *)r)->kernel_anchor != 0;
		if (r->type == PROFBUF_RECORD_SAMPLE)
			n += p->nr_kernel + ((p->mode & PROFBUF_MODE_MASK) != PROFBUF_MODE_USER);
	}
	return n;
}

static struct kt_stream session(int fd, struct profbuf_config *config)
{
	struct kt_stream s = { 0 };

	kt_configure(fd, config);
	ENOUGH(kt_run_session(fd, 300 * MSEC, &s).all_samples > 20);
	return s;
}

/* Lockdown for integrity forbids changing the kernel, which sampling does not do. */
TEST(integrity_changes_nothing)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s;
	int fd;

	lock_down("integrity");
	fd = kt_open();
	CHECK(rights_of(fd) == (PROFBUF_RIGHT_TASKS | PROFBUF_RIGHT_KERNEL));
	s = session(fd, &config);
	ENOUGH(kernel_words(&s) > 20);
	kt_free(&s);
	close(fd);
}

static int opened_before;

TEST(confidentiality_takes_the_kernel_away)
{
	struct profbuf_config kernel = kt_config(), user = kernel;
	struct kt_stream s;
	int fd;

	opened_before = kt_open();
	lock_down("confidentiality");
	fd = kt_open();
	CHECK(rights_of(fd) == PROFBUF_RIGHT_TASKS, "%x", rights_of(fd));
	CHECK(ioctl(fd, PROFBUF_IOC_CONFIG, &kernel) == -1 && errno == EPERM);
	/* All tasks are still sampled in user code, without an address of the kernel. */
	user.flags &= ~(PROFBUF_CONFIG_KERNEL | PROFBUF_CONFIG_IDLE);
	s = session(fd, &user);
	CHECK(!kernel_words(&s));
	kt_free(&s);
	close(fd);

	/* The defaults ask only for what is allowed. */
	fd = open(PROFBUF_DEVICE, O_RDONLY);
	NEED(fd >= 0);
	CHECK(kt_read(fd, &s) > 0);
	kt_spin(300 * MSEC);
	kt_stop(fd);
	kt_drain(fd, &s);
	ENOUGH(kt_check(&s).all_samples > 5);
	CHECK(!kernel_words(&s));
	kt_free(&s);
	close(fd);
}

/* As with perf's events, the rights are from the time of the open. */
TEST(what_was_opened_before_keeps_its_rights)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s;

	CHECK(rights_of(opened_before) == (PROFBUF_RIGHT_TASKS | PROFBUF_RIGHT_KERNEL));
	s = session(opened_before, &config);
	ENOUGH(kernel_words(&s) > 20);
	kt_free(&s);
	close(opened_before);
}

/* This is a rule of the kernel, and the reason why this is the last test. */
TEST(an_unsigned_module_is_refused)
{
	int module = open(getenv("MODULE"), O_RDONLY);

	NEED(module >= 0);
	if (access("/sys/module/module/parameters/sig_enforce", F_OK)) {
		kt_skip("this kernel knows no signatures");
		close(module);
		return;
	}
	CHECK(syscall(SYS_finit_module, module, "", 0) == -1 && errno == EPERM, "%s", strerror(errno));
	close(module);
}

int main(void)
{
	NEED(!access(LOCKDOWN, F_OK) || !mount("security", "/sys/kernel/security", "securityfs", 0, NULL));
	return kt_main();
}
