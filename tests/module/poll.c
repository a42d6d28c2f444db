// SPDX-License-Identifier: GPL-2.0-only
/*
 * poll.c - poll() and epoll: when they wait, and what wakes them
 */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "kt.h"

/* At its timeout poll() looks once more. If it finds something only then, nothing has woken it, and the check fails. */
static int poll_for(int fd, short events, int ms, short *revents)
{
	struct pollfd p = { .fd = fd, .events = events };
	uint64_t start = kt_now();
	int n = poll(&p, 1, ms);

	CHECK(n != 1 || !ms || kt_now() - start < ms * MSEC, "found after %d ms", ms);
	*revents = p.revents;
	return n;
}

/* Returns a session whose first tick is far away, and whose first records were read. */
static int quiet_session(struct profbuf_config *config)
{
	struct kt_stream s = { 0 };
	int fd = kt_open();

	kt_configure(fd, config);
	kt_start(fd);
	CHECK(kt_read(fd, &s) > 0);
	kt_free(&s);
	return fd;
}

TEST(new_session_is_readable)
{
	short revents;
	int fd = kt_open();

	CHECK(poll_for(fd, POLLIN, 0, &revents) == 1 && revents == POLLIN);
	close(fd);
}

TEST(poll_waits_for_samples)
{
	struct profbuf_config config = kt_config();
	short revents;
	int fd;

	config.delay_ns = 200 * MSEC;
	fd = quiet_session(&config);
	CHECK(poll_for(fd, POLLIN, 0, &revents) == 0 && !revents);
	CHECK(poll_for(fd, POLLIN, 20000, &revents) == 1 && revents == POLLIN);
	close(fd);
}

/*
 * Far below the watermark, the flush period wakes, and nothing before it. Descriptions are off, because they would wake
 * at the first tick.
 */
TEST(flush_period_wakes)
{
	struct profbuf_config config = kt_config();
	uint64_t start = kt_now();
	short revents;
	int fd;

	config.flags &= ~PROFBUF_CONFIG_SIDEBAND;
	config.delay_ns = SEC;	/* so that poll() waits before there are records */
	config.flush_ns = 1500 * MSEC;
	config.ring_bytes = 4 << 20;
	fd = quiet_session(&config);
	CHECK(poll_for(fd, POLLIN, 20000, &revents) == 1 && revents == POLLIN);
	CHECK(kt_now() - start >= config.flush_ns, "%llu ms", (unsigned long long)((kt_now() - start) / MSEC));
	CHECK(kt_now() - start < 10 * SEC);
	close(fd);
}

/* If the flush period is an hour, reaching the watermark wakes, and nothing before it. */
TEST(watermark_wakes)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	pid_t spinner;
	short revents;
	ssize_t n;
	int fd;

	config.flags &= ~PROFBUF_CONFIG_SIDEBAND;
	config.flush_ns = 3600 * SEC;
	config.watermark = 16384;
	config.delay_ns = 300 * MSEC;	/* so that poll() waits before there are records */
	spinner = kt_spinner(0);
	fd = quiet_session(&config);
	/* It wakes again, even if no read in between has found nothing. */
	for (int i = 0; i < 2; i++) {
		CHECK(poll_for(fd, POLLIN, 20000, &revents) == 1 && revents == POLLIN);
		n = kt_read(fd, &s);
		/* The second time there may already be records; then poll() does not wait for the watermark. */
		CHECK(n >= 16384 || (i && n > 0), "%zd", n);
	}
	kt_kill(spinner);
	kt_free(&s);
	close(fd);
}

TEST(flush_ioctl_wakes)
{
	struct profbuf_config config = kt_config();
	short revents;
	pid_t child;
	int fd;

	config.flags &= ~PROFBUF_CONFIG_SIDEBAND;
	config.flush_ns = 3600 * SEC;
	config.ring_bytes = 16 << 20;
	config.delay_ns = 300 * MSEC;
	fd = quiet_session(&config);
	child = fork();
	if (!child) {
		kt_spin(600 * MSEC);
		_exit(ioctl(fd, PROFBUF_IOC_FLUSH) != 0);
	}
	CHECK(poll_for(fd, POLLIN, 20000, &revents) == 1 && revents == POLLIN);
	waitpid(child, NULL, 0);
	close(fd);
}

TEST(stop_wakes_and_hangs_up)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	short revents;
	pid_t child;
	int fd;

	config.delay_ns = 3600 * SEC;
	fd = quiet_session(&config);
	child = fork();
	if (!child) {
		kt_sleep(200 * MSEC);
		_exit(ioctl(fd, PROFBUF_IOC_STOP) != 0);
	}
	CHECK(poll_for(fd, POLLIN, 20000, &revents) == 1 && revents == (POLLIN | POLLHUP));
	waitpid(child, NULL, 0);
	kt_drain(fd, &s);
	kt_free(&s);
	close(fd);
}

TEST(epoll_edges_come_again)
{
	struct profbuf_config config = kt_config();
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct kt_stream s = { 0 };
	int fd, ep = epoll_create1(0);

	config.flush_ns = 20 * MSEC;
	fd = quiet_session(&config);
	NEED(!fcntl(fd, F_SETFL, O_NONBLOCK));
	NEED(!epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event));
	for (int i = 0; i < 5; i++) {
		CHECK(epoll_wait(ep, &event, 1, 5000) == 1);
		while (kt_read(fd, &s) > 0)
			;
		CHECK(errno == EAGAIN);
	}
	kt_free(&s);
	close(ep);
	close(fd);
}

static void on_signal(int signo)
{
	(void)signo;
}

/* A signal ends the wait of poll() and epoll. The file has not changed, and can be waited for again. */
TEST(signals_interrupt_and_harm_nothing)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };	/* no effect here */
	struct epoll_event event = { .events = EPOLLIN };
	struct profbuf_config config = kt_config();
	int fd, ep = epoll_create1(0);
	short revents;

	config.delay_ns = 1200 * MSEC;
	fd = quiet_session(&config);
	NEED(!epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event));
	sigaction(SIGALRM, &action, NULL);
	ualarm(100000, 0);
	CHECK(poll_for(fd, POLLIN, 20000, &revents) == -1 && errno == EINTR);
	ualarm(100000, 0);
	CHECK(epoll_wait(ep, &event, 1, 20000) == -1 && errno == EINTR);
	CHECK(poll_for(fd, POLLIN, 20000, &revents) == 1 && revents == POLLIN);
	CHECK(epoll_wait(ep, &event, 1, 20000) == 1);
	close(ep);
	close(fd);
}

/* When a waiting process is stopped and continued, poll() goes on with the wait; epoll_wait() may end with EINTR. */
TEST(a_stopped_waiter_is_woken_after_it)
{
	for (int by_epoll = 0; by_epoll < 2; by_epoll++) {
		struct epoll_event event = { .events = EPOLLIN };
		struct profbuf_config config = kt_config();
		int fd, ep = epoll_create1(0), status;
		pid_t child;
		short revents;

		config.delay_ns = 500 * MSEC;
		fd = quiet_session(&config);
		NEED(!epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event));
		fflush(stdout);
		child = fork();
		if (!child) {
			int n = by_epoll ? epoll_wait(ep, &event, 1, 20000) : poll_for(fd, POLLIN, 20000, &revents);

			/* A stop and continue ends epoll_wait() with EINTR: signal(7). */
			_exit(n != 1 && !(by_epoll && n == -1 && errno == EINTR));
		}
		kt_sleep(100 * MSEC);
		kill(child, SIGSTOP);
		CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
		kt_sleep(50 * MSEC);
		kill(child, SIGCONT);
		CHECK(waitpid(child, &status, 0) == child && !status, "epoll %d: status %x", by_epoll, status);
		CHECK(poll_for(fd, POLLIN, 20000, &revents) == 1 && revents == POLLIN);
		close(ep);
		close(fd);
	}
}

int main(void)
{
	return kt_main();
}
