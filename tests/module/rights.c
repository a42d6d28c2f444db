// SPDX-License-Identifier: GPL-2.0-only
/*
 * rights.c - an opener without rights gets samples of its own processes' user code, and nothing else
 *
 * Each test runs in a child that gives up root. For that the device is opened to everybody, as a udev rule for a group
 * would do.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/capability.h>

#include "kt.h"

#define NOBODY 65534
#define SOMEBODY 12345

static struct stat device;	/* as the module made it */

static void closed_device_work(void)
{
	kt_become(NOBODY);
	CHECK(open(PROFBUF_DEVICE, O_RDONLY) == -1 && errno == EACCES);
}

TEST(only_root_opens_the_device_as_it_comes)
{
	CHECK((device.st_mode & 07777) == 0600 && !device.st_uid);
	NEED(!chmod(PROFBUF_DEVICE, device.st_mode & 07777));
	kt_in_child(closed_device_work);
	NEED(!chmod(PROFBUF_DEVICE, 0666));
}

/* A configuration that needs no rights. */
static struct profbuf_config user_config(void)
{
	struct profbuf_config config = kt_config();

	config.flags = PROFBUF_CONFIG_USER | PROFBUF_CONFIG_SIDEBAND;
	config.kernel_depth = 0;
	return config;
}

/* Checks that all samples are of @pid and not of the kernel, and that there is no kernel address anywhere. */
static void check_own(const struct kt_stream *s, uint32_t pid)
{
	const struct profbuf_record *r = NULL;

	kt_check_no_kernel_address(s, true);
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

	kt_become(NOBODY);
	fd = kt_open();
	NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
	CHECK(info.rights == 0);
	kt_configure(fd, &config);
	sums = kt_run_session(fd, 400 * MSEC, &s);
	ENOUGH(sums.all_samples > 50, "%llu", (unsigned long long)sums.all_samples);
	CHECK(sums.processes >= 1 && sums.info->kernel_anchor == 0 && !sums.modules);
	ENOUGH(kt_counters(fd, -1).skipped[PROFBUF_SKIP_RIGHTS] > 20);
	check_own(&s, getpid());
}

/* Root's process spins on the other CPU, and is not sampled. */
TEST(own_samples_only)
{
	pid_t other = kt_spinner(1);

	kt_in_child(own_samples_only_work);
	kt_kill(other);
}

static void cat_work(void)
{
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd;

	kt_become(NOBODY);
	fd = open(PROFBUF_DEVICE, O_RDONLY);
	NEED(fd >= 0);
	CHECK(kt_read(fd, &s) > 0);
	kt_spin(300 * MSEC);
	kt_stop(fd);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	CHECK(sums.info->flags == (PROFBUF_CONFIG_USER | PROFBUF_CONFIG_SIDEBAND | PROFBUF_CONFIG_TAGS));
	CHECK(!sums.info->kernel_depth);
	ENOUGH(sums.all_samples > 5);
	check_own(&s, getpid());
}

/* An opener without rights can run a session with the defaults. */
TEST(defaults_are_what_is_allowed)
{
	kt_in_child(cat_work);
}

static void kernel_is_refused_work(void)
{
	struct profbuf_config config = user_config();
	struct profbuf_config kernel = config, idle = config, depth = config;
	int fd;

	kt_become(NOBODY);
	fd = kt_open();
	kernel.flags |= PROFBUF_CONFIG_KERNEL;
	CHECK(ioctl(fd, PROFBUF_IOC_CONFIG, &kernel) == -1 && errno == EPERM);
	idle.flags |= PROFBUF_CONFIG_KERNEL | PROFBUF_CONFIG_IDLE;
	CHECK(ioctl(fd, PROFBUF_IOC_CONFIG, &idle) == -1 && errno == EPERM);
	/* A kernel depth alone gives no kernel frames. */
	depth.kernel_depth = PROFBUF_STACK_MAX;
	if (!ioctl(fd, PROFBUF_IOC_CONFIG, &depth)) {
		struct kt_stream s = { 0 };

		kt_run_session(fd, 200 * MSEC, &s);
		check_own(&s, getpid());
	}
}

TEST(kernel_is_refused)
{
	kt_in_child(kernel_is_refused_work);
}

/* Another user's process is not sampled, even if the filter names its pid. */
static void other_users_process_work(void)
{
	struct profbuf_config config = user_config();
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	pid_t other = fork();
	int fd;

	if (!other) {
		kt_become(SOMEBODY);
		kt_pin(1);
		for (;;)
			kt_spin(SEC);
	}
	kt_become(NOBODY);
	fd = kt_open();
	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = other;
	if (!ioctl(fd, PROFBUF_IOC_CONFIG, &config)) {
		sums = kt_run_session(fd, 300 * MSEC, &s);
		CHECK(!sums.all_samples && !sums.processes);
	}
	close(fd);
	/* Only root may kill the other process. */
	_exit(kt_failed);
}

TEST(other_users_process)
{
	kt_in_child(other_users_process_work);
	system("pkill -9 -U 12345");
}

/*
 * A file that root opened keeps root's rights, and a file that another user opened keeps that user's, whoever holds the
 * descriptor.
 */
static void a_passed_descriptor_keeps_its_openers_rights_work(void)
{
	struct profbuf_info info = { .size = sizeof(info) };
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd = kt_open();

	kt_become(NOBODY);
	NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
	CHECK(info.rights == (PROFBUF_RIGHT_TASKS | PROFBUF_RIGHT_KERNEL));
	kt_configure(fd, &config);
	sums = kt_run_session(fd, 200 * MSEC, &s);
	ENOUGH(sums.all_samples > 50);
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

/* Root reads a file that user nobody opened: it still has only nobody's processes. */
TEST(a_descriptor_from_nobody_in_roots_hands)
{
	struct profbuf_config config = user_config(), kernel = kt_config();
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int pair[2], fd;
	pid_t child;

	NEED(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	child = fork();
	if (!child) {
		kt_become(NOBODY);
		send_fd(pair[0], kt_open());
		for (;;)
			kt_spin(SEC);
	}
	fd = receive_fd(pair[1]);
	CHECK(ioctl(fd, PROFBUF_IOC_CONFIG, &kernel) == -1 && errno == EPERM);
	kt_configure(fd, &config);
	sums = kt_run_session(fd, 300 * MSEC, &s);
	ENOUGH(sums.all_samples > 20);
	check_own(&s, child);
	kt_kill(child);
	kt_free(&s);
	close(fd);
}

TEST(a_passed_descriptor_keeps_its_openers_rights)
{
	kt_in_child(a_passed_descriptor_keeps_its_openers_rights_work);
}

/* The opener runs a setuid program: that process is not the opener's own, and is not sampled. */
static void setuid_program_work(void)
{
	struct profbuf_config config = user_config();
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	pid_t child;
	int fd;

	kt_become(NOBODY);
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
	ENOUGH(kt_counters(fd, -1).skipped[PROFBUF_SKIP_RIGHTS] > 20);
	fflush(stdout);
	_exit(kt_failed);
}

TEST(setuid_program)
{
	NEED(!system("cp /proc/$PPID/exe /tmp/rights-setuid && chmod 4755 /tmp/rights-setuid"));
	kt_in_child(setuid_program_work);
	system("pkill -9 rights-setuid");
}

/* Root opens the device and sends the file through a socket: the receiver has a session with root's rights. */
TEST(a_descriptor_from_root_in_nobodys_hands)
{
	struct profbuf_config config = kt_config();
	int pair[2], fd = kt_open(), status;
	pid_t child;

	NEED(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	child = fork();
	if (!child) {
		struct profbuf_info info = { .size = sizeof(info) };
		struct kt_stream s = { 0 };
		int received;

		close(fd);
		kt_become(NOBODY);
		received = receive_fd(pair[1]);
		kt_failed = false;
		NEED(!ioctl(received, PROFBUF_IOC_INFO, &info));
		CHECK(info.rights == (PROFBUF_RIGHT_TASKS | PROFBUF_RIGHT_KERNEL));
		kt_configure(received, &config);
		ENOUGH(kt_run_session(received, 200 * MSEC, &s).all_samples > 50);
		/* The rights belong to that file. A file that the user opens himself has none. */
		received = kt_open();
		NEED(!ioctl(received, PROFBUF_IOC_INFO, &info));
		CHECK(!info.rights);
		fflush(stdout);
		_exit(kt_failed);
	}
	send_fd(pair[0], fd);
	waitpid(child, &status, 0);
	CHECK(!status, "status %x", status);
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

/* A file that user nobody opened shows another user nobody's processes, and not his own. */
TEST(a_descriptor_from_nobody_in_somebodys_hands)
{
	int pair[2], status;
	pid_t nobody, somebody;

	NEED(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	nobody = fork();
	if (!nobody) {
		kt_become(NOBODY);
		kt_pin(0);
		send_fd(pair[0], kt_open());
		for (;;)
			kt_spin(SEC);
	}
	somebody = fork();
	if (!somebody) {
		struct profbuf_config config = user_config();
		struct kt_stream s = { 0 };
		struct kt_sums sums;
		int fd;

		kt_become(SOMEBODY);
		kt_pin(1);
		fd = receive_fd(pair[1]);
		kt_failed = false;
		kt_configure(fd, &config);
		sums = kt_run_session(fd, SEC, &s);
		ENOUGH(sums.all_samples > 10);
		check_own(&s, nobody);
		ENOUGH(kt_counters(fd, 1).skipped[PROFBUF_SKIP_RIGHTS] > 20);
		fflush(stdout);
		_exit(kt_failed);
	}
	waitpid(somebody, &status, 0);
	CHECK(!status, "status %x", status);
	kt_kill(nobody);
	close(pair[0]);
	close(pair[1]);
}

/* A reader that executes a setuid program can still read what was its own before; the new program is not sampled. */
static void reader_becomes_root_work(void)
{
	struct profbuf_config config = user_config();
	char number[16];
	int fd;

	kt_become(NOBODY);
	fd = open(PROFBUF_DEVICE, O_RDWR);
	NEED(fd >= 0);
	kt_configure(fd, &config);
	kt_start(fd);
	kt_spin(200 * MSEC);
	snprintf(number, sizeof(number), "%d", fd);
	execl("/tmp/rights-setuid", "rights-setuid", "read", number, NULL);
	_exit(1);
}

/* The setuid program. */
static int read_as_root(int fd)
{
	struct profbuf_info info = { .size = sizeof(info) };
	struct profbuf_config config = kt_config();
	struct profbuf_counters before, after;
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	uint64_t changed = kt_now(), late = 0;

	CHECK(geteuid() == 0 && getuid() == NOBODY);
	NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
	CHECK(!info.rights);
	before = kt_counters(fd, -1);
	kt_spin(300 * MSEC);
	after = kt_counters(fd, -1);
	CHECK(after.skipped[PROFBUF_SKIP_RIGHTS] - before.skipped[PROFBUF_SKIP_RIGHTS] > 20);
	kt_stop(fd);
	kt_drain(fd, &s);
	ENOUGH(kt_check(&s).all_samples > 20);
	check_own(&s, getpid());	/* the pid has not changed */
	while ((r = kt_next(&s, r)))
		late += r->type == PROFBUF_RECORD_SAMPLE && r->time > changed;
	CHECK(!late, "%llu samples of root's program", (unsigned long long)late);
	close(fd);
	/* A file that it opens now has the rights of its present user: root, with all rights. */
	fd = kt_open();
	CHECK(!ioctl(fd, PROFBUF_IOC_CONFIG, &config));
	fflush(stdout);
	return kt_failed;
}

TEST(reader_becomes_root)
{
	kt_in_child(reader_becomes_root_work);
}

/* A process of the same user that hides its memory from him, as ssh-agent does, is not sampled. */
static void undumpable_process_work(void)
{
	struct profbuf_config config = user_config();
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	pid_t child;
	int fd;

	kt_become(NOBODY);
	fd = kt_open();
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_DUMPABLE, 0);
		kt_pin(1);
		for (;;)
			kt_spin(SEC);
	}
	kt_sleep(100 * MSEC);
	kt_configure(fd, &config);
	sums = kt_run_session(fd, 400 * MSEC, &s);
	ENOUGH(sums.all_samples > 20);
	check_own(&s, getpid());
	ENOUGH(kt_counters(fd, 1).skipped[PROFBUF_SKIP_RIGHTS] > 20);
	kt_kill(child);
}

TEST(undumpable_process)
{
	kt_in_child(undumpable_process_work);
}

/*
 * A process that gives up another user's rights while it is sampled is sampled only from the time when it is allowed.
 */
static void process_changes_its_user_work(void)
{
	struct profbuf_config config = user_config();
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	uint64_t changed;
	int fd, pipes[2];
	pid_t child;

	NEED(!pipe(pipes));
	child = fork();
	if (!child) {
		/* The child is root at first. */
		kt_pin(1);
		kt_spin(200 * MSEC);
		NEED(!setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, 0));
		kt_spin(200 * MSEC);
		NEED(!setresuid(0, 0, 0) && !setresuid(NOBODY, NOBODY, NOBODY));
		changed = kt_now();
		prctl(PR_SET_DUMPABLE, 1);
		NEED(write(pipes[1], &changed, sizeof(changed)) == sizeof(changed));
		kt_spin(300 * MSEC);
		_exit(0);
	}
	kt_become(NOBODY);
	fd = kt_open();
	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = child;
	kt_configure(fd, &config);
	kt_start(fd);
	NEED(read(pipes[0], &changed, sizeof(changed)) == sizeof(changed));
	kt_spin(200 * MSEC);
	kt_stop(fd);
	kt_drain(fd, &s);
	ENOUGH(kt_check(&s).all_samples > 20);
	check_own(&s, child);
	while ((r = kt_next(&s, r)))
		CHECK(r->type != PROFBUF_RECORD_SAMPLE || r->time >= changed, "a sample %llu us too early",
		      (unsigned long long)((changed - r->time) / 1000));
	ENOUGH(kt_counters(fd, 1).skipped[PROFBUF_SKIP_RIGHTS] > 50);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

TEST(process_changes_its_user)
{
	kt_in_child(process_changes_its_user_work);
}

/* Root in a user namespace of its own has no rights outside. */
static void root_of_a_user_namespace_work(void)
{
	struct profbuf_info info = { .size = sizeof(info) };
	struct profbuf_config config = user_config(), kernel = kt_config();
	struct kt_stream s = { 0 };
	char map[32];
	int fd, file;

	kt_become(NOBODY);
	NEED(!unshare(CLONE_NEWUSER));
	file = open("/proc/self/uid_map", O_WRONLY);
	snprintf(map, sizeof(map), "0 %d 1", NOBODY);
	NEED(file >= 0 && write(file, map, strlen(map)) == (ssize_t)strlen(map));
	NEED(!prctl(PR_SET_DUMPABLE, 1));
	CHECK(geteuid() == 0);
	fd = kt_open();
	NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
	CHECK(!info.rights);
	CHECK(ioctl(fd, PROFBUF_IOC_CONFIG, &kernel) == -1 && errno == EPERM);
	kt_configure(fd, &config);
	ENOUGH(kt_run_session(fd, 800 * MSEC, &s).all_samples > 10);
	check_own(&s, getpid());
}

TEST(root_of_a_user_namespace)
{
	kt_in_child(root_of_a_user_namespace_work);
}

/*
 * Ticks come while the kernel works for the opener's own process, in system calls, faults and interrupts. None of them
 * becomes a sample, and no word of the stream is a kernel address, with either source.
 */
static void sampled_interrupts_work(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);

	kt_become(NOBODY);
	for (int source = PROFBUF_SOURCE_HRTIMER; source <= PROFBUF_SOURCE_PERF_CPU_CLOCK; source++) {
		int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0), fd = kt_open();
		struct profbuf_config config = user_config();
		uint64_t end = kt_now() + 1500 * MSEC;
		struct kt_stream s = { 0 };
		char byte = 0;

		address.sin_port = 0;
		NEED(!bind(receiver, (struct sockaddr *)&address, sizeof(address)));
		NEED(!getsockname(receiver, (struct sockaddr *)&address, &len));
		config.source = source;
		config.period = 200000;
		config.kernel_depth = PROFBUF_STACK_MAX;	/* asked for, but not granted */
		kt_configure(fd, &config);
		kt_start(fd);
		while (kt_now() < end) {
			/* The loopback device works in a softirq. */
			for (int i = 0; i < 50; i++) {
				NEED(sendto(sender, &byte, 1, 0, (struct sockaddr *)&address, len) == 1);
				NEED(recv(receiver, &byte, 1, 0) == 1);
			}
			munmap(mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
				    -1, 0), 1 << 20);
			kt_spin(4 * MSEC);
		}
		kt_stop(fd);
		kt_drain(fd, &s);
		ENOUGH(kt_check(&s).all_samples > 5);
		check_own(&s, getpid());
		ENOUGH(kt_counters(fd, -1).skipped[PROFBUF_SKIP_KERNEL] > 50, "%llu ticks in the kernel",
		       (unsigned long long)kt_counters(fd, -1).skipped[PROFBUF_SKIP_KERNEL]);
		kt_free(&s);
		close(fd);
		close(receiver);
		close(sender);
	}
}

TEST(sampled_interrupts)
{
	kt_in_child(sampled_interrupts_work);
}

/* CAP_PERFMON alone, without root, gives all rights. */
static void cap_perfmon_alone_work(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	struct profbuf_info info = { .size = sizeof(info) };
	int fd;

	NEED(!prctl(PR_SET_KEEPCAPS, 1));
	kt_become(NOBODY);
	data[CAP_PERFMON / 32].permitted = 1U << CAP_PERFMON % 32;
	data[CAP_PERFMON / 32].effective = data[CAP_PERFMON / 32].permitted;
	NEED(!syscall(SYS_capset, &header, data));
	fd = kt_open();
	NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
	CHECK(info.rights == (PROFBUF_RIGHT_TASKS | PROFBUF_RIGHT_KERNEL));
}

TEST(cap_perfmon_alone)
{
	kt_in_child(cap_perfmon_alone_work);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "spin")) {
		kt_spin(2 * SEC);
		return 0;
	}
	if (argc > 2 && !strcmp(argv[1], "read"))
		return read_as_root(atoi(argv[2]));
	/*
	 * As the module makes the device, only root may open it. The tests after the first one need it open to
	 * everybody.
	 */
	NEED(!stat(PROFBUF_DEVICE, &device) && !chmod(PROFBUF_DEVICE, 0666));
	return kt_main();
}
