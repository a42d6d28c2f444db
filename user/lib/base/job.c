// SPDX-License-Identifier: GPL-2.0-only
/*
 * job.c - work that may take forever
 *
 * The child waits at a socket until its parent has a pidfd of it. So the pidfd always means this child, even if other
 * code in this process handles SIGCHLD or waits for all children. Then the child does the work and answers with one
 * byte; without that byte the work was not done.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "job.h"

#define SECOND		1000000000ULL
#define HEADER_BYTES	64	/* before the memory that job_alloc() returns: the whole length */

/* A job that was left behind. */
struct left {
	struct left *next;
	int pidfd;
	uint64_t user;
	void (*drop)(void *arg);
	void *arg;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct left *all_left;

static int to_send = -1;	/* in the child */

void *job_alloc(size_t bytes)
{
	size_t length = HEADER_BYTES + bytes;
	char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	memcpy(memory, &length, sizeof(length));
	return memory + HEADER_BYTES;
}

void job_free(void *memory)
{
	size_t length;

	if (!memory)
		return;
	memcpy(&length, (char *)memory - HEADER_BYTES, sizeof(length));
	munmap((char *)memory - HEADER_BYTES, length);
}

/* Jobs that were left behind */

static bool has_ended(int pidfd)
{
	struct pollfd fd = { .fd = pidfd, .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

/*
 * Reaps a child that has ended. Errors do not matter: other code in this process may wait for all children, or SIGCHLD
 * may be ignored.
 */
static void bury(int pidfd)
{
	siginfo_t info;

	waitid(P_PIDFD, pidfd, &info, WEXITED | WNOHANG);
	close(pidfd);
}

/* Takes a job that has ended out of the list. NULL: there is none. */
static struct left *take_ended(void)
{
	struct left **at, *found;

	pthread_mutex_lock(&lock);
	for (at = &all_left; *at && !has_ended((*at)->pidfd); at = &(*at)->next)
		;
	found = *at;
	if (found)
		*at = found->next;
	pthread_mutex_unlock(&lock);
	return found;
}

void job_reap(void)
{
	struct left *left;

	while ((left = take_ended())) {
		bury(left->pidfd);
		left->drop(left->arg);
		free(left);
	}
}

void job_kill(void *arg)
{
	pthread_mutex_lock(&lock);
	for (const struct left *left = all_left; left; left = left->next) {
		if (left->arg == arg)
			syscall(SYS_pidfd_send_signal, left->pidfd, SIGKILL, NULL, 0);
	}
	pthread_mutex_unlock(&lock);
}

static bool is_allowed(uint64_t user)
{
	unsigned int n = 0, own = 0;

	pthread_mutex_lock(&lock);
	for (const struct left *left = all_left; left; left = left->next) {
		own += left->user == user && user != JOB_NO_USER;
		n++;
	}
	pthread_mutex_unlock(&lock);
	if (n >= JOB_LEFT_TOTAL / 2 && (own || user == JOB_NO_USER))
		return false;
	return own < JOB_LEFT_MAX && n < JOB_LEFT_TOTAL;
}

static void leave(struct left *left, const struct job *job, int pidfd)
{
	*left = (struct left){ .pidfd = pidfd, .user = job->user, .drop = job->drop, .arg = job->arg };
	pthread_mutex_lock(&lock);
	left->next = all_left;
	all_left = left;
	pthread_mutex_unlock(&lock);
}

/* Messages: one byte, perhaps with a descriptor */

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

static bool say(int to, int fd)
{
	union control control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec byte = { .iov_base = "", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &byte, .msg_iovlen = 1 };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	return sendmsg(to, &message, MSG_NOSIGNAL) == 1;
}

/* False: there is no byte. *@fd is -1 if no descriptor came with the byte. */
static bool hear(int from, int flags, int *fd)
{
	union control control = { 0 };
	struct msghdr message = { .msg_control = &control, .msg_controllen = sizeof(control), .msg_iovlen = 1 };
	const struct cmsghdr *header;
	char byte;

	*fd = -1;
	message.msg_iov = &(struct iovec){ .iov_base = &byte, .iov_len = 1 };
	if (recvmsg(from, &message, flags | MSG_CMSG_CLOEXEC) != 1)
		return false;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	return true;
}

/* The child */

/*
 * Closes all descriptors but those two. Otherwise the device, the output or a pipe would stay open for as long as the
 * child waits.
 */
static void close_others(int a, int b)
{
	unsigned int low = a < b ? a : b, high = a < b ? b : a;
	int null;

	if (a < 0 || b < 0)
		low = high;
	if (low)
		close_range(0, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0U, 0);
	/* So no file that is opened later becomes standard input, output or error. */
	while ((null = open("/dev/null", O_RDWR)) >= 0 && null <= STDERR_FILENO)
		;
	if (null >= 0)
		close(null);
}

/*
 * A file or a map can claim to have endless content, and perhaps nobody waits for this process any more. SIGXCPU is
 * blocked like all signals: the hard limit ends the process.
 */
static void limit_resources(void)
{
	const struct rlimit cpu = { JOB_CPU_SECONDS, JOB_CPU_SECONDS }, none = { 0, 0 };
	unsigned long pages = 0;
	struct rlimit data;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%*u %*u %*u %*u %*u %lu", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	data.rlim_cur = data.rlim_max = pages * sysconf(_SC_PAGESIZE) + JOB_MEMORY_BYTES;
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &none);
	if (pages)
		setrlimit(RLIMIT_DATA, &data);
}

static void __attribute__((noreturn)) be_child(const struct job *job, int parent, pid_t parent_pid)
{
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "profbuf-look");
	if (getppid() != parent_pid)
		_exit(1);
	close_others(parent, job->fd);
	/* The child's current directory must not keep a file system in use, either. */
	if (chdir("/") || !hear(parent, 0, &fd))
		_exit(1);
	limit_resources();
	job->work(job->arg);
	_exit(!say(parent, to_send));
}

void job_send(int fd)
{
	to_send = fd;
}

/* The parent */

/* The child blocks all signals: they are for the caller's process. So Ctrl-C at the terminal does not end the child. */
static pid_t fork_child(const struct job *job, int sockets[2])
{
	sigset_t all, former;
	pid_t pid, self = getpid();

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &former);
	pid = fork();
	if (!pid)
		be_child(job, sockets[1], self);
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	return pid;
}

/* Starts the child. Return: a pidfd of it, with *@socket set to a socket that is connected to it; -EUSERS. */
static int start(const struct job *job, int *socket)
{
	int sockets[2], pidfd = -1;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return -EUSERS;
	pid = fork_child(job, sockets);
	close(sockets[1]);
	if (pid > 0)
		pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pidfd >= 0 && say(sockets[0], -1)) {
		*socket = sockets[0];
		return pidfd;
	}
	/* The child has not begun the work, and ends now. */
	close(sockets[0]);
	if (pidfd >= 0)
		close(pidfd);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return -EUSERS;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static bool wait_for(int pidfd, uint64_t patience_ns)
{
	struct pollfd fd = { .fd = pidfd, .events = POLLIN };
	uint64_t end = now() + patience_ns, time;

	while (!has_ended(pidfd)) {
		time = now();
		if (time >= end)
			return false;
		poll(&fd, 1, (end - time) / 1000000 + 1);
	}
	return true;
}

int job_run_as(struct job *job)
{
	struct left *left;
	int pidfd, socket, err;

	job->sent = -1;
	job_reap();
	if (!is_allowed(job->user))
		return -EBUSY;
	left = malloc(sizeof(*left));
	pidfd = left ? start(job, &socket) : -EUSERS;
	if (pidfd < 0) {
		free(left);
		return pidfd;
	}
	if (wait_for(pidfd, job->patience_ns)) {
		err = hear(socket, MSG_DONTWAIT, &job->sent) ? 0 : -EIO;
		bury(pidfd);
		free(left);
	} else {
		err = -ETIMEDOUT;
		leave(left, job, pidfd);
	}
	close(socket);
	return err;
}

int job_run(void (*work)(void *arg), void (*drop)(void *arg), void *arg)
{
	struct job job = {
		.work = work, .drop = drop, .arg = arg, .user = JOB_NO_USER, .patience_ns = JOB_PATIENCE_NS, .fd = -1,
	};

	return job_run_as(&job);
}
