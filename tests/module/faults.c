// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults.c - in every call, each allocation and each copy is made to fail, one after another
 *
 * For kernels with fault injection. The first allocation or copy of a call is made to fail, then the second, and so on
 * (/proc/self/fail-nth), until the call succeeds without a fault. Each time the call must either work, or fail with
 * ENOMEM or EFAULT and change nothing. Where another thread of the kernel does the work of a call, that thread's
 * allocations fail.
 *
 * The tests check that no vmalloc area is left. Objects of the slab are left to kmemleak (kmemleak=on).
 *
 * Runs on: none: by hand, in a machine of its own
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "faults.h"

#define MODULE_COPY "/tmp/profbuf-faults.ko"

static int module_fd;

/* Loading and unloading the module */

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

/* How many allocations and copies a load has before the module looks at its parameters, which are wrong here. */
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

/* The module loader prints warnings for some of its own faults. Only the faults after the loader's part are tested. */
TEST(loading)
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

TEST(unloading)
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

TEST(opening)
{
	each_fault("open", 3, open_it, after_open);
	check_works();
}

int fd;
struct profbuf_config before;

static long close_it(void)
{
	return close(fd);
}

void running(void)
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

TEST(closing)
{
	running();
	each_fault("close", 0, close_it, after_close);
	close(fd);
	check_works();
}

/* ioctls */

__u64 state_of(void)
{
	struct profbuf_info info = { .size = sizeof(info) };

	NEED(!ioctl(fd, PROFBUF_IOC_INFO, &info));
	CHECK(!info.used_memory == (info.state == PROFBUF_STATE_NEW));
	return info.state;
}

struct profbuf_config get_config(void)
{
	struct profbuf_config config = { .size = sizeof(config) };

	NEED(!ioctl(fd, PROFBUF_IOC_GET_CONFIG, &config));
	return config;
}

void check_config_unchanged(void)
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

TEST(configuring)
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

TEST(questions)
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

long tag(void)
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
	CHECK(kt_sysfs("tagged") == !result);
	if (!result)
		NEED(!untag());
	CHECK(!kt_sysfs("tagged"));
}

static void after_untag(long result)
{
	CHECK(kt_sysfs("tagged") == !!result);
	if (!result)
		NEED(!tag());
}

static long tag_source(void)
{
	struct profbuf_tag_source source = { .size = sizeof(source), .pid = getpid(), .offset = -64 };

	return ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source);
}

void nothing(long result)
{
	(void)result;
}

TEST(tags)
{
	running();
	each_fault("TAG", 3, tag, after_tag);
	NEED(!tag());
	each_fault("TAG, to remove", 1, untag, after_untag);
	each_fault("TAG_SOURCE", 2, tag_source, nothing);
	close(fd);
	check_works();
}

/* A user who has no memory gets an error, and cannot fill the kernel's log. */
TEST(nothing_in_the_log)
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
	return kt_main();
}
