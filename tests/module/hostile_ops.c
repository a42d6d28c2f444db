// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostile_ops.c - everything that can be done to a descriptor, with right, nearly right and wrong arguments
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "hostile.h"

int slots[SLOTS];
char *arena;
int mail[2];

enum { PAGES = 4 };

static int fd_of(const struct step *s)
{
	return __atomic_load_n(&slots[s->draw[1] % SLOTS], __ATOMIC_RELAXED);
}

/* Puts @fd into a slot, and closes what was there. */
static void put_fd(const struct step *s, int fd)
{
	int old;

	if (fd < 0)
		return;
	old = __atomic_exchange_n(&slots[s->draw[2] % SLOTS], fd, __ATOMIC_RELAXED);
	if (old >= 0)
		close(old);
}

static uint64_t interesting(uint64_t draw)
{
	static const uint64_t values[] = {
		0, 1, 2, 3, 4, 7, 8, 15, 16, 63, 64, 127, 128, 255, 256, 640, 641, 4095, 4096, 4097, 1 << 16, 1 << 20,
		0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 1ULL << 40, 0x7fffffffffffffff, 1ULL << 63, -1ULL,
		-2ULL,
		-4096ULL, 5 * MSEC, 20 * MSEC, SEC, 3600 * SEC, 0x7ffffffff000, 0xffff800000000000, 0xffffffff81000000,
	};

	return draw % 4 ? values[draw / 4 % (sizeof(values) / sizeof(values[0]))] : draw;
}

/* Returns a place for @bytes: in mapped memory, at its edge, or anywhere. */
static char *place(uint64_t draw, size_t bytes)
{
	switch (draw % 8) {
	case 0: /* the last bytes are not mapped */
		return arena + PAGE - draw / 8 % (bytes + 1);
	case 1: /* the last bytes are not writable */
		return arena + 2 * PAGE - draw / 8 % (bytes + 1);
	case 2:
		return (char *)interesting(draw / 8);
	case 3: /* exactly up to the edge */
		return bytes <= PAGE ? arena + PAGE - bytes : arena;
	default: /* where other threads have their structs */
		return arena + draw / 8 % 64 * 8;
	}
}

static void mutate(void *object, size_t bytes, const uint64_t *draws, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint64_t value = interesting(draws[i] >> 16);
		size_t width = (draws[i] & 1) && bytes >= 8 ? 8 : 4;

		memcpy((char *)object + (draws[i] >> 8) % (bytes / width) * width, &value, width);
	}
}

/* Copies a struct to the place that its pointer will point to, if that is writable. */
static void *placed(const void *object, size_t bytes, uint64_t draw)
{
	char *to = place(draw, bytes);

	if (to >= arena && to < arena + PAGE) {
		size_t room = arena + PAGE - to;

		memcpy(to, object, bytes < room ? bytes : room);
	}
	return to;
}

static int do_open(const struct step *s)
{
	static const int flags[] = {
		O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_NONBLOCK, O_RDONLY | O_NONBLOCK, O_RDWR | O_APPEND,
	};
	int fd = open(PROFBUF_DEVICE, flags[s->draw[3] % 6] | O_CLOEXEC);

	put_fd(s, fd);
	return fd;
}

static int do_close(const struct step *s)
{
	int fd = __atomic_exchange_n(&slots[s->draw[1] % SLOTS], -1, __ATOMIC_RELAXED);

	return fd < 0 ? 0 : close(fd);
}

static int do_config(const struct step *s)
{
	struct profbuf_config config = {
		.size = sizeof(config),
		.flags = s->draw[3] % 3 ? PROFBUF_CONFIG_USER | PROFBUF_CONFIG_SIDEBAND | PROFBUF_CONFIG_TAGS :
					  PROFBUF_CONFIG_FLAGS,
		.source = s->draw[3] >> 8 & 1,
		.period = (5 + (s->draw[3] >> 16) % 50) * MSEC,
		.ring_bytes = 16384 << (s->draw[3] >> 24) % 3,
		.user_depth = (s->draw[3] >> 32) % 100,
		.flush_ns = MSEC << (s->draw[3] >> 40) % 8,
		.duration_ns = (s->draw[3] >> 48) % 4 ? 0 : 30 * MSEC,
		.max_ticks = (s->draw[3] >> 50) % 4 ? 0 : 5,
		.delay_ns = (s->draw[3] >> 52) % 4 ? 0 : 5 * MSEC,
	};

	if ((s->draw[3] >> 54) % 4 == 0) {
		config.filter = 1 + (s->draw[3] >> 56) % 3;
		config.filter_id = config.filter == PROFBUF_FILTER_CGROUP ? (uint64_t)slots[0] : (uint64_t)getpid();
	}
	if ((s->draw[3] >> 60) % 4 == 0) {
		config.cpus = (uintptr_t)place(s->draw[4] >> 32, 16);
		config.cpus_bytes = s->draw[4] % 17;
	}
	/* Unchanged, a little wrong, or very wrong. */
	mutate(&config, sizeof(config), s->draw + 5, s->draw[4] % 4);
	return ioctl(fd_of(s), PROFBUF_IOC_CONFIG, placed(&config, sizeof(config), s->draw[4] >> 8));
}

static int do_ask(const struct step *s)
{
	static const unsigned long calls[] = { PROFBUF_IOC_INFO, PROFBUF_IOC_GET_CONFIG, PROFBUF_IOC_COUNTERS };
	static const __u32 sizes[] = {
		8, 64, 96, sizeof(struct profbuf_config), sizeof(struct profbuf_counters_get), 4096,
	};
	__u32 words[2] = { sizes[s->draw[3] % 6], (s->draw[3] >> 8) % 4 ? PROFBUF_CPU_NONE : (s->draw[3] >> 16) % 3 };

	mutate(words, sizeof(words), s->draw + 5, s->draw[4] % 8 == 0);
	return ioctl(fd_of(s), calls[(s->draw[3] >> 32) % 3], placed(words, sizeof(words), s->draw[4] >> 8));
}

static int do_state(const struct step *s)
{
	static const unsigned long calls[] = {
		PROFBUF_IOC_START, PROFBUF_IOC_START, PROFBUF_IOC_STOP, PROFBUF_IOC_FLUSH,
	};

	return ioctl(fd_of(s), calls[s->draw[3] % 4], s->draw[4]);
}

static uint32_t some_pid(uint64_t draw)
{
	return draw % 4 == 0 ? interesting(draw / 4) : (uint64_t)(draw % 4 == 1 ? getppid() : getpid());
}

static int do_tag_source(const struct step *s)
{
	struct profbuf_tag_source source = {
		.size = sizeof(source),
		.pid = some_pid(s->draw[3]),
		.kind = s->draw[3] >> 32 & 1,
		.tls = (s->draw[3] >> 40) % 3,
		.offset = (int64_t)interesting(s->draw[6]),
		.module = (s->draw[3] >> 40) % 3 ? 1 + (s->draw[3] >> 48) % 3 : 0,
	};

	mutate(&source, sizeof(source), s->draw + 5, s->draw[4] % 4 == 0);
	return ioctl(fd_of(s), PROFBUF_IOC_TAG_SOURCE, placed(&source, sizeof(source), s->draw[4] >> 8));
}

static int do_tag(const struct step *s)
{
	char text[700] = "tenant\0acme\0route\0/search";
	struct profbuf_tag_set set = {
		.size = sizeof(set),
		.flags = s->draw[3] & 1,
		.pid = s->draw[3] & 1 ? (uint32_t)gettid() : some_pid(s->draw[3] >> 8),
		.bytes = 26,
	};

	if (s->draw[3] >> 60 == 0)
		set.bytes = s->draw[3] >> 32 & 0x3ff;
	text[s->draw[6] % 27] ^= (s->draw[6] >> 8) % 8 ? 0 : s->draw[6] >> 16;
	if ((s->draw[3] >> 50) % 4 == 0) {
		set.flags |= PROFBUF_TAG_REMOVE;
		set.bytes = 0;
	} else {
		set.data = (uintptr_t)placed(text, 26, s->draw[5]);
	}
	mutate(&set, sizeof(set), s->draw + 7, s->draw[4] % 8 == 0);
	return ioctl(fd_of(s), PROFBUF_IOC_TAG, placed(&set, sizeof(set), s->draw[4] >> 8));
}

static int do_any_ioctl(const struct step *s)
{
	static const unsigned int others[] = { FIONBIO, FIONREAD, FIOCLEX, FIONCLEX, FIOASYNC, FIOQSIZE };
	unsigned int call = s->draw[3] % 4 == 0 ? others[s->draw[4] % 6] :
			    s->draw[3] % 4 == 1 ? (unsigned int)s->draw[4] : _IO(PROFBUF_IOC, s->draw[4] % 12);

	return ioctl(fd_of(s), call, place(s->draw[5], 256));
}

static int do_read(const struct step *s)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 64, 200, 1000, 4096, 2 * PAGE, 0x7fffffff, -1UL };

	return read(fd_of(s), place(s->draw[4], 300), sizes[s->draw[3] % 11]);
}

static int do_write(const struct step *s)
{
	size_t bytes = s->draw[3] % 8 ? s->draw[3] % 1100 : interesting(s->draw[3] / 8);

	return write(fd_of(s), place(s->draw[4], 300), bytes);
}

static int do_vector(const struct step *s)
{
	struct iovec v[4];

	for (int i = 0; i < 4; i++) {
		v[i].iov_base = place(s->draw[4 + i], 100);
		v[i].iov_len = s->draw[4 + i] >> 32 & 0x3ff;
	}
	return s->draw[3] & 1 ? readv(fd_of(s), v, s->draw[3] / 2 % 5) : writev(fd_of(s), v, s->draw[3] / 2 % 5);
}

static int do_poll(const struct step *s)
{
	struct pollfd p[2] = { { fd_of(s), s->draw[4], 0 }, { slots[s->draw[3] % SLOTS], POLLIN, 0 } };

	return poll(p, 2, s->draw[5] % 4);
}

static int do_epoll(const struct step *s)
{
	const uint32_t all = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLONESHOT | EPOLLRDNORM;
	struct epoll_event event = { .events = s->draw[4] & all };
	int ep = slots[s->draw[3] % SLOTS];

	switch (s->draw[5] % 4) {
	case 0:
		ep = epoll_create1(EPOLL_CLOEXEC);
		put_fd(s, ep);
		return ep;
	case 1:
		return epoll_ctl(ep, EPOLL_CTL_ADD, fd_of(s), &event);
	case 2:
		return epoll_ctl(ep, EPOLL_CTL_DEL, fd_of(s), &event);
	default:
		return epoll_wait(ep, &event, 1, s->draw[6] % 4);
	}
}

static int do_map(const struct step *s)
{
	size_t bytes = PAGE << s->draw[3] % 8;
	int flags = s->draw[5] & 1 ? MAP_SHARED : MAP_PRIVATE;
	void *p = mmap(NULL, bytes, s->draw[4] & 7, flags, fd_of(s), s->draw[6] % 4 * PAGE);

	return p == MAP_FAILED ? -1 : munmap(p, bytes);
}

static int do_position(const struct step *s)
{
	switch (s->draw[3] % 4) {
	case 0:
		return lseek(fd_of(s), interesting(s->draw[4]), s->draw[5] % 5) < 0 ? -1 : 0;
	case 1:
		return pread(fd_of(s), place(s->draw[5], 100), 100, interesting(s->draw[4]));
	case 2:
		return pwrite(fd_of(s), place(s->draw[5], 100), 100, interesting(s->draw[4]));
	default:
		return ftruncate(fd_of(s), s->draw[4] % 3);
	}
}

static int do_splice(const struct step *s)
{
	int ends[2], r;

	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC))
		return -1;
	switch (s->draw[3] % 3) {
	case 0:
		r = splice(fd_of(s), NULL, ends[1], NULL, 1 + s->draw[4] % 100000, SPLICE_F_NONBLOCK);
		break;
	case 1:
		r = write(ends[1], "text of a marker", 16);
		r = splice(ends[0], NULL, fd_of(s), NULL, r, SPLICE_F_NONBLOCK);
		break;
	default:
		r = sendfile(ends[1], fd_of(s), NULL, 1 + s->draw[4] % 100000);
		break;
	}
	close(ends[0]);
	close(ends[1]);
	return r;
}

static int do_flags(const struct step *s)
{
	int fd = fd_of(s);

	switch (s->draw[3] % 6) {
	case 0:
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		put_fd(s, fd);
		return fd;
	case 1:
		return fcntl(fd, F_SETFL, s->draw[4] & (O_NONBLOCK | O_ASYNC | O_APPEND | O_DIRECT));
	case 2:
		return fsync(fd);
	case 3:
		return flock(fd, LOCK_EX | LOCK_NB) ? -1 : flock(fd, LOCK_UN);
	case 4: {
		struct stat st;

		return fstat(fd, &st);
	}
	default:
		errno = posix_fadvise(fd, 0, 0, s->draw[4] % 6);
		return errno ? -1 : 0;
	}
}

/* Forks a child, which has all descriptors, uses one, and then ends or executes another program. */
static int do_fork(const struct step *s)
{
	pid_t pid = fork();
	char byte[100];

	if (pid < 0)
		return -1;
	if (!pid) {
		int fd = fd_of(s);

		alarm(2);
		signal(SIGUSR1, SIG_IGN);
		fcntl(fd, F_SETFL, O_NONBLOCK);
		if (s->draw[3] & 1)
			read(fd, byte, sizeof(byte));
		if (s->draw[3] & 2)
			ioctl(fd, PROFBUF_IOC_STOP);
		if (s->draw[3] & 4)
			execl("/bin/true", "true", NULL);
		if (s->draw[3] & 8)
			kill(getpid(), SIGKILL);
		_exit(0);
	}
	reader_owns(pid);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* Sends a descriptor to the other user, and receives one. */
static int do_mail(const struct step *s)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int fd = fd_of(s);

	if (s->draw[3] & 1) {
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
		return sendmsg(mail[0], &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	if (recvmsg(mail[0], &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -1;
	if (!CMSG_FIRSTHDR(&m))
		return 0;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	put_fd(s, fd);
	return 0;
}

static int do_work(const struct step *s)
{
	if (s->draw[3] & 1)
		kt_spin(s->draw[4] % (3 * MSEC));
	else
		usleep(s->draw[4] % 3000);
	return 0;
}

/* Changes memory that a call of another thread may be reading just now. */
static int do_scribble(const struct step *s)
{
	memcpy(arena + s->draw[3] % 64 * 8, s->draw + 4, 8 << s->draw[4] % 3);
	return 0;
}

/*
 * The errors that profbuf_uapi.h allows for each operation, and those that the kernel adds: by now the descriptor may
 * be a different file, an epoll file, closed, or open only for the other direction.
 */
#define ERRORS(...)	((const int []){ __VA_ARGS__, 0 })
#define OF_STRUCT	EINVAL, E2BIG, EFAULT
#define OF_CALL		EBADF, ENOTTY
#define OF_START	EBUSY, ENOMEM, ENOENT, EOPNOTSUPP, EUSERS, EDQUOT
#define OF_CONFIG	ERANGE, EPERM, EBUSY, ESRCH, EBADF, ENODEV, EDQUOT, ENOENT, EOPNOTSUPP, ENOMEM
#define OF_SOURCE	ESRCH, EPERM, ENOENT, ENOMEM, ENOSPC
#define OF_TAG		ESRCH, EPERM, ENOENT, ENOMEM, ENOSPC
#define OF_READ		EINVAL, EFAULT, EAGAIN, EINTR, OF_START, EBADF
#define OF_WRITE	EINVAL, EFAULT, ENOMEM, EAGAIN, EBADF

static const struct operation operations[] = {
	{ "open",	do_open,	6, ERRORS(ENOMEM, EMFILE, ENFILE) },
	{ "close",	do_close,	2, NULL },
	{ "config",	do_config,	8, ERRORS(OF_STRUCT, OF_CONFIG, OF_CALL) },
	{ "ask",	do_ask,		6, ERRORS(EINVAL, EFAULT, OF_CALL) },
	{ "state",	do_state,	8, ERRORS(OF_START, EINVAL, OF_CALL) },
	{ "tag source",	do_tag_source,	4, ERRORS(OF_STRUCT, OF_SOURCE, OF_CALL) },
	{ "tag",	do_tag,		4, ERRORS(OF_STRUCT, OF_TAG, OF_CALL) },
	{ "any ioctl",	do_any_ioctl,	4, ERRORS(OF_STRUCT, OF_CONFIG, OF_START, OF_TAG, OF_CALL) },
	{ "read",	do_read,	8, ERRORS(OF_READ) },
	{ "write",	do_write,	4, ERRORS(OF_WRITE) },
	{ "vector",	do_vector,	3, ERRORS(OF_READ) },
	{ "poll",	do_poll,	3, NULL },
	{ "epoll",	do_epoll,	4, NULL },
	{ "mmap",	do_map,		1, NULL },
	{ "position",	do_position,	2, NULL },
	{ "splice",	do_splice,	3, NULL },
	{ "flags",	do_flags,	3, NULL },
	{ "fork",	do_fork,	1, NULL },
	{ "mail",	do_mail,	2, NULL },
	{ "work",	do_work,	3, NULL },
	{ "scribble",	do_scribble,	3, NULL },
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

const struct operation *hostile_operation(const struct step *s)
{
	unsigned int total = 0, at, i;

	for (i = 0; i < OPERATIONS; i++)
		total += operations[i].weight;
	at = s->draw[0] % total;
	for (i = 0; at >= operations[i].weight; i++)
		at -= operations[i].weight;
	return &operations[i];
}

void hostile_setup(void)
{
	arena = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(arena != MAP_FAILED);
	NEED(!mprotect(arena + PAGE, PAGE, PROT_NONE) && !mprotect(arena + 2 * PAGE, PAGE, PROT_READ));
	for (int i = 0; i < SLOTS; i++)
		slots[i] = -1;
}
