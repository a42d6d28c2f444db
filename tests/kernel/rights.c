// SPDX-License-Identifier: GPL-2.0-only
/*
 * rights.c - what an opener without rights gets: samples of its own processes' user code, and nothing else
 *
 * Each test runs in a child that gives up root. The device is opened to everybody for it, as a group rule would.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/capability.h>

#include "kt.h"

#define NOBODY 65534
#define SOMEBODY 12345

static void become(uid_t uid)
{
	NEED(!setgroups(0, NULL) && !setresgid(uid, uid, uid) && !setresuid(uid, uid, uid));
	/* As after a login: a change of ids alone would leave the process undumpable. */
	NEED(!prctl(PR_SET_DUMPABLE, 1));
}

/* Runs @work in a child; what it fails is this test's failure. */
static void in_child(void (*work)(void))
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		kt_failed = false;
		work();
		fflush(stdout);
		_exit(kt_failed);
	}
	waitpid(pid, &status, 0);
	CHECK(status == 0, "status %x", status);
}

/* A configuration without what needs rights. */
static struct profbuf_config user_config(void)
{
	struct profbuf_config config = kt_config();

	config.flags = PROFBUF_CONFIG_USER | PROFBUF_CONFIG_SIDEBAND;
	config.kernel_depth = 0;
	return config;
}

/* No sample but of @pid, none of the kernel, no kernel address anywhere. */
static void check_own(const struct kt_stream *s, uint32_t pid)
{
	const struct profbuf_record *r = NULL;

	while ((r = kt_next(s, r))) {
		const struct profbuf_sample *p = (const struct profbuf_sample *)r;

		CHECK(r->type != PROFBUF_RECORD_PROCESS || ((const struct profbuf_process *)r)->pid == pid);
		CHECK(r->type != PROFBUF_RECORD_MAPPING || ((const struct profbuf_mapping *)r)->pid == pid);
		CHECK(r->type != PROFBUF_RECORD_THREAD || ((const struct profbuf_thread *)r)->pid == pid);
		CHECK(r->type != PROFBUF_RECORD_TAG || ((const struct profbuf_tag *)r)->pid == pid);
		CHECK((r->type != PROFBUF_RECORD_EXEC && r->type != PROFBUF_RECORD_EXIT) ||
		      ((const struct profbuf_life *)r)->pid == pid);
		if (r->type != PROFBUF_RECORD_SAMPLE)
			continue;
		CHECK(p->pid == pid, "sample of %u", p->pid);
		CHECK((p->mode & PROFBUF_MODE_MASK) == PROFBUF_MODE_USER && !p->nr_kernel);
		for (int i = 0; i < p->nr_user; i++)
			CHECK(!(p->frames[i] >> 63));
	}
}

static void own_samples_only_work(void)
{
	struct profbuf_config config = user_config();
	struct profbuf_info info = { .size = sizeof(info) };
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd;

	become(NOBODY);
	fd = kt_open();
	NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
	CHECK(info.rights == 0);
	kt_configure(fd, &config);
	sums = kt_run_session(fd, 400 * MSEC, &s);
	CHECK(sums.all_samples > 50, "%llu", (unsigned long long)sums.all_samples);
	CHECK(sums.processes >= 1 && sums.info->kernel_anchor == 0);
	CHECK(kt_counters(fd, -1).skipped[PROFBUF_SKIP_RIGHTS] > 20);
	check_own(&s, getpid());
}

/* Root's process spins on the other CPU. */
static void own_samples_only(void)
{
	pid_t other = kt_spinner(1);

	in_child(own_samples_only_work);
	kt_kill(other);
}

static void cat_work(void)
{
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd;

	become(NOBODY);
	fd = open(PROFBUF_DEVICE, O_RDONLY);
	NEED(fd >= 0);
	CHECK(kt_read(fd, &s) > 0);
	kt_spin(300 * MSEC);
	kt_stop(fd);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	CHECK(sums.info->flags == (PROFBUF_CONFIG_USER | PROFBUF_CONFIG_SIDEBAND | PROFBUF_CONFIG_TAGS));
	CHECK(!sums.info->kernel_depth);
	CHECK(sums.all_samples > 5);
	check_own(&s, getpid());
}

/* The defaults of an unprivileged opener are ones that work. */
static void defaults_are_what_is_allowed(void)
{
	in_child(cat_work);
}

static void kernel_is_refused_work(void)
{
	struct profbuf_config config = user_config();
	struct profbuf_config kernel = config, idle = config, depth = config;
	int fd;

	become(NOBODY);
	fd = kt_open();
	kernel.flags |= PROFBUF_CONFIG_KERNEL;
	CHECK(ioctl(fd, PROFBUF_IOC_CONFIG, &kernel) == -1 && errno == EPERM);
	idle.flags |= PROFBUF_CONFIG_KERNEL | PROFBUF_CONFIG_IDLE;
	CHECK(ioctl(fd, PROFBUF_IOC_CONFIG, &idle) == -1 && errno == EPERM);
	/* A depth alone gives no frames. */
	depth.kernel_depth = PROFBUF_STACK_MAX;
	if (!ioctl(fd, PROFBUF_IOC_CONFIG, &depth)) {
		struct kt_stream s = { 0 };

		kt_run_session(fd, 200 * MSEC, &s);
		check_own(&s, getpid());
	}
}

static void kernel_is_refused(void)
{
	in_child(kernel_is_refused_work);
}

/* Another user's process, though filtered for by its pid. */
static void other_users_process_work(void)
{
	struct profbuf_config config = user_config();
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	pid_t other = fork();
	int fd;

	if (!other) {
		become(SOMEBODY);
		kt_pin(1);
		for (;;)
			kt_spin(SEC);
	}
	become(NOBODY);
	fd = kt_open();
	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = other;
	if (!ioctl(fd, PROFBUF_IOC_CONFIG, &config)) {
		sums = kt_run_session(fd, 300 * MSEC, &s);
		CHECK(!sums.all_samples && !sums.processes);
	}
	close(fd);
	/* Only root may kill it. */
	_exit(kt_failed);
}

static void other_users_process(void)
{
	in_child(other_users_process_work);
	system("pkill -9 -U 12345");
}

/* What root opened stays root's, what another opened stays the other's, whoever holds the descriptor. */
static void a_passed_descriptor_keeps_its_openers_rights_work(void)
{
	struct profbuf_info info = { .size = sizeof(info) };
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd = kt_open();

	become(NOBODY);
	NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
	CHECK(info.rights == (PROFBUF_RIGHT_TASKS | PROFBUF_RIGHT_KERNEL));
	kt_configure(fd, &config);
	sums = kt_run_session(fd, 200 * MSEC, &s);
	CHECK(sums.all_samples > 50);
}

static void send_fd(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	NEED(sendmsg(socket, &m, 0) == 1);
}

static int receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	NEED(recvmsg(socket, &m, 0) == 1 && CMSG_FIRSTHDR(&m));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	return fd;
}

/* Root reads what nobody opened: still nobody's processes only. */
static void a_descriptor_from_nobody_in_roots_hands(void)
{
	struct profbuf_config config = user_config(), kernel = kt_config();
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int pair[2], fd;
	pid_t child;

	NEED(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	child = fork();
	if (!child) {
		become(NOBODY);
		send_fd(pair[0], kt_open());
		for (;;)
			kt_spin(SEC);
	}
	fd = receive_fd(pair[1]);
	CHECK(ioctl(fd, PROFBUF_IOC_CONFIG, &kernel) == -1 && errno == EPERM);
	kt_configure(fd, &config);
	sums = kt_run_session(fd, 300 * MSEC, &s);
	CHECK(sums.all_samples > 20);
	check_own(&s, child);
	kt_kill(child);
	kt_free(&s);
	close(fd);
}

static void a_passed_descriptor_keeps_its_openers_rights(void)
{
	in_child(a_passed_descriptor_keeps_its_openers_rights_work);
}

/* The opener runs a setuid program: it is not the opener's to look at. */
static void setuid_program_work(void)
{
	struct profbuf_config config = user_config();
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	pid_t child;
	int fd;

	become(NOBODY);
	fd = kt_open();
	kt_configure(fd, &config);
	kt_start(fd);
	child = fork();
	if (!child) {
		execl("/tmp/rights-setuid", "rights-setuid", "spin", NULL);
		_exit(1);
	}
	kt_spin(400 * MSEC);
	kt_stop(fd);
	kt_drain(fd, &s);
	kt_check(&s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_process *p = (const struct profbuf_process *)r;
		const struct profbuf_mapping *m = (const struct profbuf_mapping *)r;

		CHECK(r->type != PROFBUF_RECORD_PROCESS || strcmp(p->comm, "rights-setuid"));
		CHECK(r->type != PROFBUF_RECORD_MAPPING || !strstr(m->path, "rights-setuid"));
	}
	CHECK(kt_counters(fd, -1).skipped[PROFBUF_SKIP_RIGHTS] > 20);
	_exit(kt_failed);
}

static void setuid_program(void)
{
	NEED(!system("cp /proc/$PPID/exe /tmp/rights-setuid && chmod 4755 /tmp/rights-setuid"));
	in_child(setuid_program_work);
	system("pkill -9 rights-setuid");
}

/* CAP_PERFMON alone, without root, has all rights. */
static void cap_perfmon_alone_work(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	struct profbuf_info info = { .size = sizeof(info) };
	int fd;

	NEED(!prctl(PR_SET_KEEPCAPS, 1));
	become(NOBODY);
	data[CAP_PERFMON / 32].permitted = 1U << CAP_PERFMON % 32;
	data[CAP_PERFMON / 32].effective = data[CAP_PERFMON / 32].permitted;
	NEED(!syscall(SYS_capset, &header, data));
	fd = kt_open();
	NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
	CHECK(info.rights == (PROFBUF_RIGHT_TASKS | PROFBUF_RIGHT_KERNEL));
}

static void cap_perfmon_alone(void)
{
	in_child(cap_perfmon_alone_work);
}

static void closed_device_work(void)
{
	become(NOBODY);
	CHECK(open(PROFBUF_DEVICE, O_RDONLY) == -1 && errno == EACCES);
}

static void only_root_opens_the_device_as_it_comes(void)
{
	in_child(closed_device_work);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "spin")) {
		kt_spin(2 * SEC);
		return 0;
	}
	/* As the module makes the device, nobody may open it; the rest is for one that a rule has opened. */
	RUN(only_root_opens_the_device_as_it_comes);
	NEED(!chmod(PROFBUF_DEVICE, 0666));
	RUN(cap_perfmon_alone);
	RUN(own_samples_only);
	RUN(defaults_are_what_is_allowed);
	RUN(kernel_is_refused);
	RUN(other_users_process);
	RUN(a_passed_descriptor_keeps_its_openers_rights);
	RUN(a_descriptor_from_nobody_in_roots_hands);
	RUN(setuid_program);
	return kt_done();
}
