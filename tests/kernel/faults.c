// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults.c - memory that is not there and copies that fail, one after the other, in every call
 *
 * For kernels with fault injection. The first allocation or copy of a call is made to fail, then the second, and so on
 * (/proc/self/fail-nth), until the call had none left. Each time the call works, or says ENOMEM or EFAULT and has
 * changed nothing. Where a call has its work done by another thread of the kernel, that thread's allocations fail.
 *
 * That no vmalloc area is left is looked at here; objects of the slab are kmemleak's to find (kmemleak=on).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kt.h"

#define MODULE_COPY "/tmp/profbuf-faults.ko"

static int nth_fd, module_fd;

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	NEED(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void knob(const char *fault, const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", fault, name);
	put(path, value);
}

/* Pages are the larger part of what the module loader needs, which is not ours to test. */
static void fail_pages(bool on)
{
	knob("fail_page_alloc", "min-order", on ? "0" : "99");
}

/* The @nth allocation or copy of this thread from now on fails; 0: none. */
static void inject(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	/* To say so takes a copy as well, which may be the one that fails. */
	while (pwrite(nth_fd, text, len, 0) != len)
		NEED(errno == EFAULT);
}

/* Has it come? Ends it. */
static bool injected(void)
{
	char text[16] = "";
	bool came = pread(nth_fd, text, sizeof(text) - 1, 0) > 0 && !strcmp(text, "0\n");

	inject(0);
	return came;
}

/*
 * Makes @call with its nth fault, for each n after the first @n, until there was none. @call returns -1 with errno, or
 * what a success is; @after looks at what there is then.
 */
static void each_fault_after(unsigned int n, const char *name, unsigned int at_least, long (*call)(void),
			     void (*after)(long result))
{
	unsigned int failed = 0;
	bool again = false, came;

	do {
		long result;
		int error;

		inject(again ? n : ++n);
		result = call();
		error = errno;
		came = injected();
		if (result < 0) {
			failed++;
			CHECK(came, "%s fails without a fault: %s", name, strerror(error));
			CHECK(error == ENOMEM || error == EFAULT, "%s, fault %u: %s", name, n, strerror(error));
		}
		after(result);
		/* What the kernel keeps for itself of an allocation may have failed, which it does not try twice. */
		again = came && result >= 0 && !again;
		NEED(n < 20000);
	} while (came && !kt_failed);
	printf("# %s: %u faults, %u of them errors\n", name, n - 1, failed);
	/* A sweep that met nothing has tested nothing. */
	CHECK(failed >= at_least, "%s: %u", name, failed);
}

/*
 * Traces in the kernel's log since the last call. vmalloc's report of a failure is one, if who asked has not said that
 * failure is a matter of course; the module loader has not, the module has.
 */
static unsigned int traces(unsigned int *of_vmalloc)
{
	static int log = -1;
	bool announced = false;
	unsigned int n = 0;
	char line[8192];
	ssize_t len;

	*of_vmalloc = 0;
	if (log < 0) {
		log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		NEED(log >= 0 && lseek(log, 0, SEEK_END) == 0);
	}
	while ((len = read(log, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		if (len <= 0)
			continue;	/* the oldest have been overwritten */
		line[len] = 0;
		announced |= strstr(line, "vmalloc error") || strstr(line, "page allocation failure");
		if (strstr(line, "Call Trace:")) {
			n++;
			*of_vmalloc += announced;
			announced = false;
		}
	}
	return n;
}

static void each_fault(const char *name, unsigned int at_least, long (*call)(void), void (*after)(long result))
{
	each_fault_after(0, name, at_least, call, after);
}

static unsigned long sysfs(const char *name)
{
	char path[128];
	unsigned long value;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/misc/profbuf/%s", name);
	f = fopen(path, "r");
	NEED(f && fscanf(f, "%lu", &value) == 1);
	fclose(f);
	return value;
}

/* Lines of a file that have a text. */
static unsigned int lines_with(const char *path, const char *text)
{
	FILE *f = fopen(path, "r");
	unsigned int n = 0;
	char line[512];

	NEED(f);
	while (fgets(line, sizeof(line), f))
		n += !!strstr(line, text);
	fclose(f);
	return n;
}

/* Without an open file the module has no memory of its own but what it is, and nobody is accounted for. */
static void check_nothing_left(void)
{
	CHECK(sysfs("sessions") == 0);
	CHECK(sysfs("tagged") == 0);
	/* vmalloc's list has the function that asked, of the module or not. */
	CHECK(!lines_with("/proc/vmallocinfo", "[profbuf]"), "%u areas of vmalloc are left",
	      lines_with("/proc/vmallocinfo", "[profbuf]"));
}

/* After all that, a session as any other. */
static void check_works(void)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd = kt_open();

	kt_configure(fd, &config);
	sums = kt_run_session(fd, 200 * MSEC, &s);
	CHECK(sums.all_samples > 20 && sums.processes && sums.mappings, "%llu samples",
	      (unsigned long long)sums.all_samples);
	kt_free(&s);
	close(fd);
	check_nothing_left();
}

/* The module comes and goes */

static bool loaded(void)
{
	return lines_with("/proc/modules", "profbuf ");
}

static long load(void)
{
	return syscall(SYS_finit_module, module_fd, "", 0);
}

static long unload(void)
{
	return syscall(SYS_delete_module, "profbuf", 0);
}

static void after_load(long result)
{
	if (!result) {
		CHECK(loaded());
		CHECK(!unload(), "%s", strerror(errno));
	}
	CHECK(!loaded());
	CHECK(access("/sys/class/misc/profbuf", F_OK) && !lines_with("/proc/misc", "profbuf"));
	CHECK(!lines_with("/sys/devices/system/cpu/hotplug/states", "profbuf"));
	CHECK(!lines_with("/proc/vmallocinfo", "[profbuf]"));
}

/* How many allocations and copies a load has before it looks at the parameters, which here are wrong. */
static unsigned int of_the_loader(void)
{
	const unsigned int far = 1000000;
	char text[16] = "";
	unsigned int left;

	inject(far);
	NEED(syscall(SYS_finit_module, module_fd, "min_period_us=0", 0) == -1 && errno == EINVAL);
	NEED(pread(nth_fd, text, sizeof(text) - 1, 0) > 0);
	inject(0);
	left = atoi(text);
	NEED(left && left < far);
	return far - left;
}

/* The loader itself warns of some of its own: only those count that come when it has done with it. */
static void loading(void)
{
	unsigned int all, of_vmalloc;

	NEED(!unload());
	fail_pages(false);
	each_fault_after(of_the_loader(), "finit_module", 20, load, after_load);
	fail_pages(true);
	NEED(!load());
	check_works();
	all = traces(&of_vmalloc);
	CHECK(all == of_vmalloc, "%u traces, %u of vmalloc", all, of_vmalloc);
}

static void after_unload(long result)
{
	if (result) {
		int fd;

		CHECK(loaded());
		fd = open(PROFBUF_DEVICE, O_RDWR);
		CHECK(fd >= 0, "%s", strerror(errno));
		close(fd);
	} else {
		CHECK(!loaded() && access("/sys/class/misc/profbuf", F_OK));
		NEED(!load());
	}
}

static void unloading(void)
{
	each_fault("delete_module", 1, unload, after_unload);
	check_works();
}

/* Open and close */

static long open_it(void)
{
	return open(PROFBUF_DEVICE, O_RDWR | O_CLOEXEC);
}

static void after_open(long fd)
{
	if (fd >= 0)
		close(fd);
	check_nothing_left();
}

static void opening(void)
{
	each_fault("open", 3, open_it, after_open);
	check_works();
}

static int fd;
static struct profbuf_config before;

static long close_it(void)
{
	return close(fd);
}

/* A session that runs, to be closed. */
static void running(void)
{
	struct profbuf_config config = kt_config();

	config.ring_bytes = 32 << 10;
	fd = kt_open();
	kt_configure(fd, &config);
	kt_start(fd);
	kt_spin(5 * MSEC);
}

static void after_close(long result)
{
	CHECK(!result);
	CHECK(fcntl(fd, F_GETFD) == -1);
	check_nothing_left();
	running();
}

static void closing(void)
{
	running();
	each_fault("close", 0, close_it, after_close);
	close(fd);
	check_works();
}

/* ioctls */

static __u64 state_of(void)
{
	struct profbuf_info info = { .size = sizeof(info) };

	NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
	CHECK(!info.used_memory == (info.state == PROFBUF_STATE_NEW));
	return info.state;
}

static struct profbuf_config get_config(void)
{
	struct profbuf_config config = { .size = sizeof(config) };

	NEED(!ioctl(fd, PROFBUF_IOC_GET_CONFIG, &config));
	return config;
}

static void check_config_unchanged(void)
{
	struct profbuf_config now = get_config();

	CHECK(!memcmp(&now, &before, sizeof(now)));
}

static long configure(void)
{
	struct profbuf_config config = kt_config();
	unsigned char mask = 1;

	config.period = 7 * MSEC;
	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = getpid();
	config.cpus = (uintptr_t)&mask;
	config.cpus_bytes = 1;
	return ioctl(fd, PROFBUF_IOC_CONFIG, &config);
}

static void after_configure(long result)
{
	if (result)
		check_config_unchanged();
	else
		CHECK(get_config().period == 7 * MSEC && get_config().filter == PROFBUF_FILTER_PROCESS);
	CHECK(state_of() == PROFBUF_STATE_NEW);
}

static void configuring(void)
{
	fd = kt_open();
	before = get_config();
	each_fault("CONFIG", 1, configure, after_configure);
	close(fd);
	check_works();
}

static union {
	struct profbuf_info info;
	struct profbuf_config config;
	struct profbuf_counters_get counters;
} answer;

static long get_info(void)
{
	answer.info.size = sizeof(answer.info);
	return ioctl(fd, PROFBUF_IOC_INFO, &answer);
}

static long get_config_again(void)
{
	answer.config.size = sizeof(answer.config);
	return ioctl(fd, PROFBUF_IOC_GET_CONFIG, &answer);
}

static long get_counters(void)
{
	answer.counters.size = sizeof(answer.counters);
	answer.counters.cpu = PROFBUF_CPU_NONE;
	return ioctl(fd, PROFBUF_IOC_COUNTERS, &answer);
}

static long flush(void)
{
	return ioctl(fd, PROFBUF_IOC_FLUSH);
}

static void after_question(long result)
{
	(void)result;
	check_config_unchanged();
	CHECK(state_of() == PROFBUF_STATE_RUNNING);
}

static void questions(void)
{
	running();
	before = get_config();
	each_fault("INFO", 1, get_info, after_question);
	each_fault("GET_CONFIG", 1, get_config_again, after_question);
	each_fault("COUNTERS", 2, get_counters, after_question);
	each_fault("FLUSH", 0, flush, after_question);
	close(fd);
	check_works();
}

static long tag(void)
{
	static const char labels[] = "tenant\0acme";
	struct profbuf_tag_set set = {
		.size = sizeof(set), .pid = getpid(), .bytes = sizeof(labels), .data = (uintptr_t)labels,
	};

	return ioctl(fd, PROFBUF_IOC_TAG, &set);
}

static long untag(void)
{
	struct profbuf_tag_set set = { .size = sizeof(set), .pid = getpid(), .flags = PROFBUF_TAG_REMOVE };

	return ioctl(fd, PROFBUF_IOC_TAG, &set);
}

static void after_tag(long result)
{
	CHECK(sysfs("tagged") == !result);
	if (!result)
		NEED(!untag());
	CHECK(!sysfs("tagged"));
}

static void after_untag(long result)
{
	CHECK(sysfs("tagged") == !!result);
	if (!result)
		NEED(!tag());
}

static long tag_source(void)
{
	struct profbuf_tag_source source = { .size = sizeof(source), .pid = getpid(), .offset = -64 };

	return ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source);
}

static void nothing(long result)
{
	(void)result;
}

static void tags(void)
{
	running();
	each_fault("TAG", 3, tag, after_tag);
	NEED(!tag());
	each_fault("TAG, to remove", 1, untag, after_untag);
	each_fault("TAG_SOURCE", 2, tag_source, nothing);
	close(fd);
	check_works();
}

/* Start */

static long start(void)
{
	return ioctl(fd, PROFBUF_IOC_START);
}

/* One file fails until it starts: what failed has left nothing in it. */
static void after_start(long result)
{
	CHECK(state_of() == (result ? PROFBUF_STATE_NEW : PROFBUF_STATE_RUNNING));
	check_config_unchanged();
	CHECK(sysfs("sessions") == !result);
	if (result) {
		struct profbuf_counters_get get = { .size = sizeof(get), .cpu = PROFBUF_CPU_NONE };

		CHECK(!lines_with("/proc/vmallocinfo", "[profbuf]"));
		CHECK(ioctl(fd, PROFBUF_IOC_STOP) == -1 && errno == EINVAL);
		CHECK(ioctl(fd, PROFBUF_IOC_COUNTERS, &get) == -1 && errno == EINVAL);
	} else {
		/* Also one that started in spite of a fault has to be as any other. */
		struct kt_stream s = { 0 };
		struct kt_sums sums;

		/* A busy host may keep most ticks of a short time from the machine. */
		for (int i = 0; i < 20 && kt_counters(fd, -1).delivered <= 10; i++)
			kt_spin(100 * MSEC);
		kt_stop(fd);
		kt_drain(fd, &s);
		sums = kt_check(&s);
		CHECK(sums.has_final[0] && sums.all_samples == kt_counters(fd, -1).delivered && sums.all_samples > 10,
		      "%llu samples, %llu delivered", (unsigned long long)sums.all_samples,
		      (unsigned long long)kt_counters(fd, -1).delivered);
		kt_free(&s);
		close(fd);
		fd = kt_open();
		kt_configure(fd, &before);
	}
}

static void starting(void)
{
	int sources[] = { PROFBUF_SOURCE_HRTIMER, PROFBUF_SOURCE_PERF_CPU_CLOCK };

	for (int i = 0; i < 2; i++) {
		before = kt_config();
		before.source = sources[i];
		before.ring_bytes = 16 << 10;
		fd = kt_open();
		kt_configure(fd, &before);
		before = get_config();
		each_fault("START", 20, start, after_start);
		close(fd);
		check_works();
	}
}

/* Stop */

static long stop(void)
{
	return ioctl(fd, PROFBUF_IOC_STOP);
}

/* A stop cannot be refused: there is nobody who would try again. */
static void after_stop(long result)
{
	struct kt_stream s = { 0 };
	struct kt_sums sums;

	CHECK(!result && state_of() == PROFBUF_STATE_STOPPED);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	CHECK(sums.has_final[0] && sums.all_samples == kt_counters(fd, -1).delivered);
	kt_free(&s);
	close(fd);
	check_nothing_left();
	fd = kt_open();
	kt_configure(fd, &before);
	kt_start(fd);
	kt_spin(5 * MSEC);
}

static void stopping(void)
{
	int sources[] = { PROFBUF_SOURCE_HRTIMER, PROFBUF_SOURCE_PERF_CPU_CLOCK };

	for (int i = 0; i < 2; i++) {
		before = kt_config();
		before.source = sources[i];
		before.ring_bytes = 16 << 10;
		fd = kt_open();
		kt_configure(fd, &before);
		kt_start(fd);
		each_fault("STOP", 0, stop, after_stop);
		close(fd);
		check_works();
	}
}

/* The pid of a thread of the kernel. */
static pid_t kernel_thread(const char *name)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	NEED(dir);
	while ((entry = readdir(dir))) {
		char path[300], comm[64] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		f = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "r") : NULL;
		if (f && fscanf(f, "%63s", comm) == 1 && !strcmp(comm, name))
			found = atoi(entry->d_name);
		if (f)
			fclose(f);
	}
	closedir(dir);
	return found;
}

/*
 * The second CPU's counter is made by that CPU's own thread, when the first CPU has ticks already. Once such a start
 * left behind what it had described, and the next one said nothing of those processes.
 */
static void starting_on_the_second_cpu(void)
{
	unsigned int n = 0, failed = 0, tries = 0;
	pid_t spinner = kt_spinner(0);
	bool came;

	before = kt_config();
	before.source = PROFBUF_SOURCE_PERF_CPU_CLOCK;
	before.ring_bytes = 64 << 10;
	before.period = MSEC / 10;	/* it is sampled before the second CPU's turn, most times */
	fd = kt_open();
	kt_configure(fd, &before);
	before = get_config();
	NEED(!tag());
	/* In place of this thread's. */
	close(nth_fd);
	{
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/fail-nth", kernel_thread("cpuhp/1"));
		nth_fd = open(path, O_RDWR);
		NEED(nth_fd >= 0);
	}
	do {
		long result;

		/* Each several times. */
		if (++tries % 8 == 1)
			n++;
		inject(n);
		result = start();
		NEED(!result || errno == ENOMEM);
		came = injected();
		CHECK(!result || came);
		failed += result < 0;
		CHECK(state_of() == (result ? PROFBUF_STATE_NEW : PROFBUF_STATE_RUNNING));
		check_config_unchanged();
		CHECK(sysfs("sessions") == !result);
		if (result) {
			CHECK(!lines_with("/proc/vmallocinfo", "[profbuf]"));
		} else {
			struct profbuf_counters_get get = { .size = sizeof(get), .cpu = 1 };
			const struct profbuf_record *r = NULL;
			struct kt_stream s = { 0 };
			bool described = false;
			struct kt_sums sums;

			kt_spin(100 * MSEC);
			kt_stop(fd);
			kt_drain(fd, &s);
			sums = kt_check(&s);
			NEED(!ioctl(fd, PROFBUF_IOC_COUNTERS, &get));
			CHECK(get.counters.ticks > 10);
			CHECK(get.sideband_processes == sums.processes && get.sideband_mappings == sums.mappings);
			CHECK(sums.tags && get.tag_definitions == sums.tags);
			while ((r = kt_next(&s, r)))
				described |= r->type == PROFBUF_RECORD_PROCESS &&
					     ((const struct profbuf_process *)r)->pid == (__u32)spinner;
			CHECK(described, "after %u starts that failed", failed);
			kt_free(&s);
			close(fd);
			fd = kt_open();
			kt_configure(fd, &before);
			NEED(!tag());
			failed = 0;
		}
	} while (came && !kt_failed && n < 100);
	printf("# START on the second CPU: %u faults in %u starts\n", n - 1, tries);
	CHECK(n > 1);
	kt_kill(spinner);
	close(fd);
	close(nth_fd);
	nth_fd = open("/proc/self/fail-nth", O_RDWR);
	NEED(nth_fd >= 0);
	check_works();
}

/* Reading and writing */

static struct kt_stream stream;

static long read_some(void)
{
	return read(fd, stream.words + stream.n, 64 << 10);
}

static void after_read(long result)
{
	if (result > 0)
		stream.n += result / 8;
}

/* What a copy that failed did not bring comes with the next: no record is lost, none comes twice. */
static void reading(void)
{
	struct profbuf_config config = kt_config();
	struct profbuf_counters c;
	struct kt_sums sums;
	uint64_t last = 0;

	config.period = 2 * MSEC;
	config.ring_bytes = 16 << 10;
	fd = kt_open();
	kt_configure(fd, &config);
	stream.words = malloc(8 << 20);
	NEED(stream.words);
	kt_start(fd);
	for (int i = 0; i < 5; i++) {
		const struct profbuf_record *r = NULL;
		size_t n = stream.n;

		kt_spin(100 * MSEC);
		each_fault("read", 1, read_some, after_read);
		CHECK(stream.n > n);
		while ((r = kt_next(&stream, r)))
			last = r->time > last ? r->time : last;
	}
	kt_stop(fd);
	each_fault("read, after the stop", 1, read_some, after_read);
	while (read_some() > 0)
		CHECK(false, "the last read had left something");
	sums = kt_check(&stream);
	c = kt_counters(fd, -1);
	CHECK(sums.all_samples == c.delivered && sums.all_lost == c.lost);
	for (unsigned int cpu = 0; cpu < sums.info->nr_cpus; cpu++)
		CHECK(sums.has_final[cpu]);
	kt_free(&stream);
	close(fd);
	check_works();
}

/* The first read is a start, too. */
static void after_first_read(long result)
{
	if (result > 0) {
		CHECK(state_of() == PROFBUF_STATE_RUNNING);
		CHECK(((struct profbuf_record *)stream.words)->type == PROFBUF_RECORD_INFO);
		close(fd);
		fd = kt_open();
		kt_configure(fd, &before);
	} else {
		/* A copy that fails leaves a session that has started. */
		CHECK(sysfs("sessions") == (state_of() == PROFBUF_STATE_RUNNING));
	}
}

static void first_read(void)
{
	before = kt_config();
	before.ring_bytes = 16 << 10;
	fd = kt_open();
	kt_configure(fd, &before);
	stream.words = malloc(64 << 10);
	NEED(stream.words);
	each_fault("read, the first", 20, read_some, after_first_read);
	kt_free(&stream);
	close(fd);
	check_works();
}

static unsigned int written;

static long write_marker(void)
{
	return write(fd, "a marker", 8);
}

static void after_write(long result)
{
	written += result == 8;
}

static void writing(void)
{
	struct kt_stream s = { 0 };

	running();
	written = 0;
	each_fault("write", 2, write_marker, after_write);
	kt_stop(fd);
	kt_drain(fd, &s);
	CHECK(written && kt_check(&s).markers == written);
	kt_free(&s);
	close(fd);
	check_works();
}

static int ep;

static long poll_it(void)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0);
}

static long epoll_add(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
}

static void after_epoll_add(long result)
{
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL) == (result ? -1 : 0));
}

static void polling(void)
{
	running();
	ep = epoll_create1(EPOLL_CLOEXEC);
	NEED(ep >= 0);
	each_fault("poll", 1, poll_it, nothing);
	each_fault("epoll_ctl", 2, epoll_add, after_epoll_add);
	NEED(!epoll_add());
	close(fd);
	close(ep);
	check_works();
}

/* The worker's threads, of which nobody knows which one it will be. */
static void fail_workers(bool on)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	NEED(dir);
	while ((entry = readdir(dir))) {
		char path[300], comm[64] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		f = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "r") : NULL;
		if (f && fscanf(f, "%63s", comm) == 1 && !strncmp(comm, "kworker/u", 9)) {
			int file;

			snprintf(path, sizeof(path), "/proc/%s/make-it-fail", entry->d_name);
			file = open(path, O_WRONLY);
			/* It may have gone meanwhile. */
			NEED(file < 0 || write(file, on ? "1" : "0", 1) == 1 || errno == ESRCH);
			close(file);
		}
		if (f)
			fclose(f);
	}
	closedir(dir);
}

/* What the worker has no memory to describe is counted, and described as soon as there is memory. */
static void describing(void)
{
	struct profbuf_counters_get get = { .size = sizeof(get), .cpu = PROFBUF_CPU_NONE };
	struct profbuf_config config = kt_config();
	const struct profbuf_record *r = NULL;
	uint64_t lost = 0, told = 0;
	struct kt_stream s = { 0 };
	bool described = false;
	struct kt_sums sums;

	fd = kt_open();
	kt_configure(fd, &config);
	knob("failslab", "task-filter", "Y");
	knob("failslab", "times", "-1");
	/* At times the path's buffer, at times one of the mappings. */
	knob("failslab", "probability", "60");
	fail_workers(true);
	kt_start(fd);
	for (int i = 0; i < 50 && lost < 20; i++) {
		kt_spin(20 * MSEC);
		NEED(!ioctl(fd, PROFBUF_IOC_COUNTERS, &get));
		lost = get.sideband_lost[PROFBUF_SIDEBAND_MEMORY];
	}
	fail_workers(false);
	knob("failslab", "probability", "0");
	knob("failslab", "task-filter", "N");
	knob("failslab", "times", "1");
	kt_spin(100 * MSEC);
	kt_stop(fd);
	NEED(!ioctl(fd, PROFBUF_IOC_COUNTERS, &get));
	lost = get.sideband_lost[PROFBUF_SIDEBAND_MEMORY];
	kt_drain(fd, &s);
	sums = kt_check(&s);
	CHECK(sums.all_samples == kt_counters(fd, -1).delivered);
	while ((r = kt_next(&s, r))) {
		if (r->type == PROFBUF_RECORD_SIDEBAND_LOST)
			told += ((const struct profbuf_sideband_lost *)r)->count[PROFBUF_SIDEBAND_MEMORY];
		described |= r->type == PROFBUF_RECORD_PROCESS &&
			     ((const struct profbuf_process *)r)->pid == (__u32)getpid();
	}
	printf("# %llu descriptions failed\n", (unsigned long long)lost);
	CHECK(lost >= 5 && told == lost && described, "%llu lost, %llu told", (unsigned long long)lost,
	      (unsigned long long)told);
	kt_free(&s);
	close(fd);
	check_works();
}

/* A user without memory gets an error, and fills nobody's log. */
static void nothing_in_the_log(void)
{
	unsigned int of_vmalloc, all = traces(&of_vmalloc);

	CHECK(!all, "%u traces, %u of vmalloc", all, of_vmalloc);
}

int main(void)
{
	unsigned int of_vmalloc;
	char command[4200];
	const char *faults[] = { "failslab", "fail_page_alloc", "fail_usercopy" };

	snprintf(command, sizeof(command), "cp %s " MODULE_COPY, getenv("MODULE"));
	NEED(!system(command));
	module_fd = open(MODULE_COPY, O_RDONLY | O_CLOEXEC);
	nth_fd = open("/proc/self/fail-nth", O_RDWR);
	NEED(module_fd >= 0 && nth_fd >= 0);
	for (int i = 0; i < 3; i++)
		knob(faults[i], "verbose", "0");
	knob("failslab", "ignore-gfp-wait", "N");
	knob("fail_page_alloc", "ignore-gfp-wait", "N");
	knob("fail_page_alloc", "ignore-gfp-highmem", "N");
	fail_pages(true);
	traces(&of_vmalloc);

	RUN(opening);
	RUN(closing);
	RUN(configuring);
	RUN(questions);
	RUN(tags);
	RUN(starting);
	RUN(stopping);
	RUN(starting_on_the_second_cpu);
	RUN(reading);
	RUN(first_read);
	RUN(writing);
	RUN(polling);
	RUN(describing);
	RUN(unloading);
	RUN(nothing_in_the_log);
	RUN(loading);
	return kt_done();
}
