// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostile.c - callers that want to do harm: everything that can be done to a descriptor, with arguments that are right,
 * nearly right and wrong, from several threads of root's and of nobody's at once
 *
 * usage: hostile [SEED]
 *
 * Without a seed in the arguments or HOSTILE_SEED it takes one from the clock, and prints it. The operations of each
 * thread and their arguments follow from the seed alone, never from what came of others; how the threads meet does not.
 * HOSTILE_SECONDS says how long: for hours, by hand,
 *
 *	HOSTILE_SECONDS=7200 tests/kernel/run --kernel kasan hostile
 */
#define _GNU_SOURCE
#include <grp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "kt.h"

#define THREADS		3
#define SLOTS		6
#define DRAWS		8
#define NOBODY		65534
#define PARAMETERS	"/sys/module/profbuf/parameters/"
#define PAGE		4096

static uint64_t seed, deadline;

/* One step of a thread: nothing else decides what it does. */
struct step {
	uint64_t draw[DRAWS];
};

/* xorshift64* */
static uint64_t draw(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static struct step next_step(uint64_t *state)
{
	struct step s;

	for (int i = 0; i < DRAWS; i++)
		s.draw[i] = draw(state);
	return s;
}

/* What a process's threads share: descriptors that come and go, and memory that changes while it is read. */
static int slots[SLOTS];
static char *arena;	/* pages: there, not there, read-only, never touched */
static int mail[2];	/* between root's and nobody's */

enum { PAGES = 4 };

struct thread {
	pthread_t id;
	uint64_t state;
	unsigned long done, failed;
	unsigned long errors[256];
	int undocumented;
};

static struct thread threads[THREADS];

static int fd_of(const struct step *s)
{
	return __atomic_load_n(&slots[s->draw[1] % SLOTS], __ATOMIC_RELAXED);
}

/* Takes @fd over; what was there is closed. */
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

/* A place for @bytes: all there, at the edge of what is there, or nowhere. */
static char *place(uint64_t draw, size_t bytes)
{
	switch (draw % 8) {
	case 0: /* the last bytes are not there */
		return arena + PAGE - draw / 8 % (bytes + 1);
	case 1: /* the last bytes cannot be written */
		return arena + 2 * PAGE - draw / 8 % (bytes + 1);
	case 2:
		return (char *)interesting(draw / 8);
	case 3: /* up to the edge, exactly */
		return bytes <= PAGE ? arena + PAGE - bytes : arena;
	default: /* where other threads have theirs */
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

/* Copies a struct to where its pointer will point, if that can be written. */
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
	/* As it is, a little wrong, very wrong. */
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

/* A child has all descriptors, uses one, and goes, or becomes another program. */
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
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* A descriptor goes to the other user, and one comes from there. */
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

/* Memory that a call of another thread may be reading just now. */
static int do_scribble(const struct step *s)
{
	memcpy(arena + s->draw[3] % 64 * 8, s->draw + 4, 8 << s->draw[4] % 3);
	return 0;
}

static const struct {
	const char *name;
	int (*call)(const struct step *s);
	unsigned int weight;
	bool ours;		/* errors are the module's, and documented */
} operations[] = {
	{ "open",	do_open,	6, true },
	{ "close",	do_close,	2, false },
	{ "config",	do_config,	8, true },
	{ "ask",	do_ask,		6, true },
	{ "state",	do_state,	8, true },
	{ "tag source",	do_tag_source,	4, true },
	{ "tag",	do_tag,		4, true },
	{ "any ioctl",	do_any_ioctl,	4, true },
	{ "read",	do_read,	8, true },
	{ "write",	do_write,	4, true },
	{ "vector",	do_vector,	3, true },
	{ "poll",	do_poll,	3, false },
	{ "epoll",	do_epoll,	4, false },
	{ "mmap",	do_map,		1, false },
	{ "position",	do_position,	2, false },
	{ "splice",	do_splice,	3, false },
	{ "flags",	do_flags,	3, false },
	{ "fork",	do_fork,	1, false },
	{ "mail",	do_mail,	2, false },
	{ "work",	do_work,	3, false },
	{ "scribble",	do_scribble,	3, false },
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static unsigned int operation_of(const struct step *s)
{
	unsigned int total = 0, at, i;

	for (i = 0; i < OPERATIONS; i++)
		total += operations[i].weight;
	at = s->draw[0] % total;
	for (i = 0; at >= operations[i].weight; i++)
		at -= operations[i].weight;
	return i;
}

/* What profbuf_uapi.h says an error may be; a descriptor may be another's by now, an epoll's, a closed one's. */
static bool documented(int error)
{
	static const int errors[] = {
		EINVAL, E2BIG, EFAULT, ERANGE, EPERM, EBUSY, ESRCH, EBADF, ENODEV, EDQUOT, ENOMEM, EUSERS, ENOENT,
		EOPNOTSUPP, ENOTTY, ENOSPC, EAGAIN, EINTR, EMFILE, ENFILE,
	};

	for (unsigned int i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (error == errors[i])
			return true;
	}
	return false;
}

static void *hostile_thread(void *arg)
{
	struct thread *t = arg;

	while (kt_now() < deadline) {
		struct step s = next_step(&t->state);
		unsigned int op = operation_of(&s);

		errno = 0;
		t->done++;
		if (operations[op].call(&s) >= 0)
			continue;
		t->failed++;
		t->errors[errno & 255]++;
		if (operations[op].ours && !documented(errno) && !t->undocumented) {
			t->undocumented = errno;
			printf("# %s: %s is no error of it\n", operations[op].name, strerror(errno));
		}
	}
	return NULL;
}

static void on_signal(int signo)
{
	(void)signo;
}

/* A process's threads, with a signal every few milliseconds, so that none waits for ever. */
static int hostile_process(unsigned int number)
{
	struct sigaction action = { .sa_handler = on_signal };
	unsigned long done = 0, failed = 0, errors[256] = { 0 };
	int bad = 0;

	sigaction(SIGUSR1, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	if (number)
		NEED(!setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY) &&
		     !prctl(PR_SET_DUMPABLE, 1));
	mail[0] = mail[number];
	arena = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(arena != MAP_FAILED);
	NEED(!mprotect(arena + PAGE, PAGE, PROT_NONE) && !mprotect(arena + 2 * PAGE, PAGE, PROT_READ));
	for (int i = 0; i < SLOTS; i++)
		slots[i] = -1;
	for (int i = 0; i < THREADS; i++) {
		threads[i].state = (seed + 1) * 0x9e3779b97f4a7c15ULL ^
				   (number * THREADS + i + 1) * 0xbf58476d1ce4e5b9ULL;
		NEED(!pthread_create(&threads[i].id, NULL, hostile_thread, &threads[i]));
	}
	while (kt_now() < deadline) {
		kt_sleep(10 * MSEC);
		for (int i = 0; i < THREADS; i++)
			pthread_kill(threads[i].id, SIGUSR1);
	}
	for (int i = 0; i < THREADS; i++) {
		while (pthread_tryjoin_np(threads[i].id, NULL)) {
			pthread_kill(threads[i].id, SIGUSR1);
			kt_sleep(10 * MSEC);
		}
		done += threads[i].done;
		failed += threads[i].failed;
		bad |= threads[i].undocumented;
		for (int e = 0; e < 256; e++)
			errors[e] += threads[i].errors[e];
	}
	printf("# %s: %lu operations, %lu errors:", number ? "nobody" : "root", done, failed);
	for (int e = 0; e < 256; e++) {
		if (errors[e])
			printf(" %s %lu", strerrorname_np(e), errors[e]);
	}
	printf("\n");
	/* Neither all refused nor all done: the arguments are as they should be. */
	if (done < 100 || failed < done / 20 || failed > done * 19 / 20)
		bad = 1;
	fflush(stdout);
	return bad;
}

static unsigned long long sysfs(const char *name)
{
	unsigned long long value;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/misc/profbuf/%s", name);
	f = fopen(path, "r");
	NEED(f && fscanf(f, "%llu", &value) == 1);
	fclose(f);
	return value;
}

static void set_parameter(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	NEED(fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value));
	close(fd);
}

static void root_and_nobody_do_what_they_can(void)
{
	pid_t pids[2];
	int status;

	/* An emulated machine would do nothing but ticks, and have no memory for anything but rings. */
	set_parameter(PARAMETERS "min_period_us", "5000");
	set_parameter(PARAMETERS "max_memory_mb", "8");
	NEED(!chmod(PROFBUF_DEVICE, 0666));
	NEED(!socketpair(AF_UNIX, SOCK_DGRAM, 0, mail));
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		NEED(pids[i] >= 0);
		if (!pids[i])
			_exit(hostile_process(i));
	}
	for (int i = 0; i < 2; i++) {
		NEED(waitpid(pids[i], &status, 0) == pids[i]);
		CHECK(!status, "process %d: status %x", i, status);
	}
	/* Descriptors that nobody fetched. */
	close(mail[0]);
	close(mail[1]);
}

/* Whatever was done, every tick of it is accounted for. */
static void all_of_it_is_accounted_for(void)
{
	static const char * const names[] = {
		"delivered", "lost", "missed", "skipped_nested", "skipped_no_regs", "skipped_idle", "skipped_kernel",
		"skipped_user", "skipped_filter", "skipped_rights", "skipped_ended",
	};
	unsigned long long sum = 0;

	/* A file that was in the mail goes with the socket, a moment later. */
	for (int i = 0; i < 100 && sysfs("sessions"); i++)
		kt_sleep(50 * MSEC);
	CHECK(!sysfs("sessions"));
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		sum += sysfs(names[i]);
	CHECK(sum == sysfs("ticks") && sum > 0, "%llu ticks, %llu accounted for", sysfs("ticks"), sum);
	printf("# %llu ticks, %llu delivered, %llu lost\n", sysfs("ticks"), sysfs("delivered"), sysfs("lost"));
}

static void a_session_works_after_it(void)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd;

	set_parameter(PARAMETERS "min_period_us", "50");
	set_parameter(PARAMETERS "max_memory_mb", "256");
	fd = kt_open();
	kt_configure(fd, &config);
	sums = kt_run_session(fd, 300 * MSEC, &s);
	CHECK(sums.all_samples > 50 && sums.processes && sums.mappings, "%llu samples",
	      (unsigned long long)sums.all_samples);
	kt_free(&s);
	close(fd);
}

static void the_module_unloads_and_loads_again(void)
{
	char command[4200];

	CHECK(!system("rmmod profbuf"));
	snprintf(command, sizeof(command), "insmod %s", getenv("MODULE"));
	NEED(!system(command));
	a_session_works_after_it();
}

/* The first steps of every thread do not depend on what happens: another walk over them is the same. */
static void a_seed_is_a_sequence(void)
{
	uint64_t hash[2] = { 0 }, other = 0;

	for (int turn = 0; turn < 3; turn++) {
		uint64_t state = (seed + turn / 2 + 1) * 0x9e3779b97f4a7c15ULL, h = 0;

		for (int i = 0; i < 10000; i++) {
			struct step s = next_step(&state);

			h = (h ^ operation_of(&s) ^ s.draw[7]) * 0x100000001b3ULL;
		}
		if (turn < 2)
			hash[turn] = h;
		else
			other = h;
	}
	CHECK(hash[0] == hash[1] && hash[0] != other);
}

int main(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : getenv("HOSTILE_SEED");
	const char *seconds = getenv("HOSTILE_SECONDS");

	seed = text ? strtoull(text, NULL, 0) : kt_now();
	printf("# HOSTILE_SEED=%llu for the same operations\n", (unsigned long long)seed);
	fflush(stdout);
	RUN(a_seed_is_a_sequence);
	deadline = kt_now() + (seconds ? strtoull(seconds, NULL, 0) : 6) * SEC;
	RUN(root_and_nobody_do_what_they_can);
	RUN(all_of_it_is_accounted_for);
	RUN(a_session_works_after_it);
	RUN(the_module_unloads_and_loads_again);
	return kt_done();
}
