// SPDX-License-Identifier: GPL-2.0-only
/*
 * config.c - CONFIG refuses each wrong value in otherwise valid input, and then changes nothing
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>

#include "kt.h"

static struct profbuf_config in_force(int fd)
{
	struct profbuf_config config = { .size = sizeof(config) };

	NEED(!ioctl(fd, PROFBUF_IOC_GET_CONFIG, &config));
	return config;
}

/* Makes @change in a valid config: CONFIG must fail with @err, and the configuration in force must not change. */
#define REFUSED(err, change) do { \
	struct profbuf_config c = kt_config(), before; \
	int fd = kt_open(); \
	kt_configure(fd, &c); \
	before = in_force(fd); \
	change; \
	CHECK(ioctl(fd, PROFBUF_IOC_CONFIG, &c) == -1 && errno == (err), "%s: %s", #change, strerror(errno)); \
	struct profbuf_config after = in_force(fd); \
	CHECK(!memcmp(&before, &after, sizeof(before)), "%s changed it", #change); \
	close(fd); \
} while (0)

#define ACCEPTED(change, cond) do { \
	struct profbuf_config c = kt_config(), now; \
	int fd = kt_open(); \
	change; \
	CHECK(!ioctl(fd, PROFBUF_IOC_CONFIG, &c), "%s: %s", #change, strerror(errno)); \
	now = in_force(fd); \
	CHECK(cond); \
	close(fd); \
} while (0)

TEST(flags)
{
	REFUSED(EINVAL, c.flags |= 0x20);
	REFUSED(EINVAL, c.flags |= 0x80000000);
	REFUSED(EINVAL, c.flags = PROFBUF_CONFIG_SIDEBAND);
	REFUSED(EINVAL, c.flags = PROFBUF_CONFIG_USER | PROFBUF_CONFIG_IDLE);
	ACCEPTED(c.flags = PROFBUF_CONFIG_USER, now.flags == PROFBUF_CONFIG_USER);
}

TEST(source_and_period)
{
	REFUSED(EINVAL, c.source = PROFBUF_NR_SOURCES);
	REFUSED(EINVAL, c.source = 1U << 31);
	REFUSED(ERANGE, c.period = 49999);
	REFUSED(ERANGE, c.period = 1);
	REFUSED(EINVAL, c.period = 3600 * SEC + 1);
	REFUSED(EINVAL, c.period = 1ULL << 63);
	REFUSED(EINVAL, c.period = UINT64_MAX);
	/* Software emulation has no hardware counters. */
	REFUSED(ENOENT, (c.source = PROFBUF_SOURCE_PERF_CYCLES, c.period = 0));
	REFUSED(ERANGE, (c.source = PROFBUF_SOURCE_PERF_CYCLES, c.period = 9999));
	REFUSED(EINVAL, (c.source = PROFBUF_SOURCE_PERF_CYCLES, c.period = (1ULL << 40) + 1));
	ACCEPTED(c.period = 0, now.period == 10101000);
	ACCEPTED(c.period = 50000, now.period == 50000);
}

/* The administrator's limit for the period holds for cycles, too. */
TEST(floor_of_cycles)
{
	kt_set_parameter("min_period_us", 1000);
	REFUSED(ERANGE, (c.source = PROFBUF_SOURCE_PERF_CYCLES, c.period = 100000));
	REFUSED(ENOENT, (c.source = PROFBUF_SOURCE_PERF_CYCLES, c.period = 1ULL << 40));
	REFUSED(ENOENT, (c.source = PROFBUF_SOURCE_PERF_CYCLES, c.period = 0));
	kt_set_parameter("min_period_us", 50);
}

TEST(ring)
{
	REFUSED(EINVAL, c.ring_bytes = 4095);
	REFUSED(EINVAL, c.ring_bytes = (256U << 20) + 1);
	REFUSED(EINVAL, c.ring_bytes = UINT32_MAX);
	/* Two of the longest samples would not fit into the ring. */
	REFUSED(EINVAL, c.ring_bytes = 4096);
	REFUSED(EINVAL, c.tag_slots = 1);
	REFUSED(EINVAL, c.tag_slots = (256 << 10) / 8 + 1);
	REFUSED(EINVAL, c.tag_slots = UINT32_MAX);
	REFUSED(EINVAL, c.watermark = 7);
	REFUSED(EINVAL, c.watermark = (256 << 10) + 1);
	REFUSED(EDQUOT, c.ring_bytes = 256U << 20);
	ACCEPTED(c.ring_bytes = 0, now.ring_bytes == 512 << 10 && now.watermark == 256 << 10);
	ACCEPTED(c.ring_bytes = 65537, now.ring_bytes == 131072 && now.tag_slots == 2048);
	ACCEPTED(c.tag_slots = 1000, now.tag_slots == 1024);
	ACCEPTED((c.ring_bytes = 4096, c.kernel_depth = 0, c.user_depth = 16), now.ring_bytes == 4096);
}

TEST(depths)
{
	REFUSED(EINVAL, c.kernel_depth = PROFBUF_STACK_MAX + 1);
	REFUSED(EINVAL, c.user_depth = PROFBUF_STACK_MAX + 1);
	REFUSED(EINVAL, c.user_depth = UINT32_MAX);
	ACCEPTED(c.kernel_depth = c.user_depth = 0, now.kernel_depth == 0 && now.user_depth == 0);
}

TEST(times)
{
	REFUSED(EINVAL, c.flush_ns = MSEC - 1);
	REFUSED(EINVAL, c.flush_ns = UINT64_MAX);
	REFUSED(EINVAL, c.delay_ns = 1ULL << 62);
	REFUSED(EINVAL, c.duration_ns = 1ULL << 62);
	ACCEPTED(c.flush_ns = 0, now.flush_ns == 100 * MSEC);
	ACCEPTED(c.max_ticks = UINT64_MAX, now.max_ticks == UINT64_MAX);
}

static void *another_thread(void *tid)
{
	*(_Atomic pid_t *)tid = gettid();
	for (;;)
		pause();
	return NULL;
}

TEST(filters)
{
	static _Atomic pid_t tid;
	pthread_t other;

	NEED(!pthread_create(&other, NULL, another_thread, &tid));
	while (!tid)
		kt_sleep(MSEC);
	REFUSED(EINVAL, c.filter = PROFBUF_NR_FILTERS);
	REFUSED(EINVAL, c.filter_id = 1);
	REFUSED(EINVAL, (c.filter = PROFBUF_FILTER_PROCESS, c.filter_id = 1ULL << 32));
	REFUSED(ESRCH, (c.filter = PROFBUF_FILTER_PROCESS, c.filter_id = 4000000));
	REFUSED(ESRCH, (c.filter = PROFBUF_FILTER_PROCESS, c.filter_id = 0));
	REFUSED(ESRCH, (c.filter = PROFBUF_FILTER_THREAD, c.filter_id = 4000000));
	/* A thread other than the first of its process is not the id of a process. */
	REFUSED(ESRCH, (c.filter = PROFBUF_FILTER_PROCESS, c.filter_id = tid));
	ACCEPTED((c.filter = PROFBUF_FILTER_THREAD, c.filter_id = tid), now.filter_id == (__u64)tid);
	REFUSED(EBADF, (c.filter = PROFBUF_FILTER_CGROUP, c.filter_id = 999));
	REFUSED(EBADF, (c.filter = PROFBUF_FILTER_CGROUP, c.filter_id = fd));
	ACCEPTED((c.filter = PROFBUF_FILTER_PROCESS, c.filter_id = getpid()), now.filter_id == (__u64)getpid());
	pthread_cancel(other);
	pthread_join(other, NULL);
}

TEST(cpus)
{
	unsigned char one = 1, none = 0, far[64] = { 0 };

	far[63] = 0x80;
	REFUSED(EINVAL, c.cpus_bytes = 8);
	REFUSED(EINVAL, c.cpus = (uintptr_t)&one);
	REFUSED(EINVAL, (c.cpus = (uintptr_t)&one, c.cpus_bytes = 4097));
	REFUSED(ENODEV, (c.cpus = (uintptr_t)&none, c.cpus_bytes = 1));
	REFUSED(ENODEV, (c.cpus = (uintptr_t)far, c.cpus_bytes = sizeof(far)));
	REFUSED(EFAULT, (c.cpus = 8, c.cpus_bytes = 1));
	REFUSED(EFAULT, (c.cpus = 1ULL << 63, c.cpus_bytes = 1));
	ACCEPTED((c.cpus = (uintptr_t)&one, c.cpus_bytes = 1), !now.cpus && !now.cpus_bytes);
}

TEST(reserved)
{
	REFUSED(EINVAL, c.reserved[0] = 1);
	REFUSED(EINVAL, c.reserved[3] = 1ULL << 63);
}

/* The struct may be of an older or a newer version than the module's. */
TEST(sizes)
{
	struct {
		struct profbuf_config config;
		__u64 more[2];
	} longer = { .config = kt_config() };
	int fd = kt_open();

	longer.config.size = sizeof(longer);
	CHECK(!ioctl(fd, PROFBUF_IOC_CONFIG, &longer));
	CHECK(in_force(fd).size == sizeof(struct profbuf_config));
	longer.more[1] = 1;
	CHECK(ioctl(fd, PROFBUF_IOC_CONFIG, &longer) == -1 && errno == E2BIG);
	CHECK(longer.config.size == sizeof(struct profbuf_config));
	REFUSED(EINVAL, c.size = 0);
	REFUSED(EINVAL, c.size = 3);
	REFUSED(EINVAL, c.size = 4097);
	/* The struct ends after the flags: the other fields get their defaults. */
	ACCEPTED(c.size = 8, now.flags == PROFBUF_CONFIG_FLAGS && now.period == 10101000);
	ACCEPTED(c.size = 8, now.ring_bytes == 512 << 10 && now.flush_ns == 100 * MSEC);
	close(fd);
}

/* The structs that the module fills may be shorter or longer, too. */
TEST(answers_fit_the_caller)
{
	struct {
		struct profbuf_info info;
		__u64 more[2];
	} longer = { .info.size = sizeof(longer), .more = { 1, 1 } };
	struct profbuf_info shorter;
	int fd = kt_open();

	CHECK(!ioctl(fd, PROFBUF_IOC_INFO, &longer));
	CHECK(longer.info.size == sizeof(struct profbuf_info) && !longer.more[0] && !longer.more[1]);
	memset(&shorter, 0xff, sizeof(shorter));
	shorter.size = 8;
	CHECK(!ioctl(fd, PROFBUF_IOC_INFO, &shorter));
	CHECK(shorter.abi_version == PROFBUF_ABI_VERSION && shorter.state == 0xffffffff);
	close(fd);
}

TEST(bad_pointers)
{
	unsigned long calls[] = { PROFBUF_IOC_INFO, PROFBUF_IOC_CONFIG, PROFBUF_IOC_GET_CONFIG, PROFBUF_IOC_COUNTERS };
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	__u32 *half = (__u32 *)(page + 4096 - 8);
	int fd = kt_open();

	NEED(page != MAP_FAILED && !munmap(page + 4096, 4096));
	kt_start(fd);	/* counters need a session that ran */
	for (unsigned int i = 0; i < 4; i++) {
		CHECK(ioctl(fd, calls[i], NULL) == -1 && errno == EFAULT, "%u", i);
		CHECK(ioctl(fd, calls[i], 1UL << 63) == -1 && errno == EFAULT, "%u", i);
		/* The size can be read, the rest cannot. */
		half[0] = 64;
		half[1] = 0;
		CHECK(ioctl(fd, calls[i], half) == -1 && errno == EFAULT, "%u: %s", i, strerror(errno));
	}
	close(fd);
}

TEST(unknown_ioctls)
{
	int fd = kt_open();

	CHECK(ioctl(fd, _IO(PROFBUF_IOC, 9), 0) == -1 && errno == ENOTTY);
	CHECK(ioctl(fd, _IO(0xDF, 0), 0) == -1 && errno == ENOTTY);
	CHECK(ioctl(fd, _IOR(PROFBUF_IOC, 0, int), 0) == -1 && errno == ENOTTY);
	close(fd);
}

/* Calls that need the session in another state are refused. */
TEST(states)
{
	struct profbuf_counters_get get = { .size = sizeof(get), .cpu = PROFBUF_CPU_NONE };
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	int fd = kt_open();

	CHECK(ioctl(fd, PROFBUF_IOC_STOP) == -1 && errno == EINVAL);
	CHECK(ioctl(fd, PROFBUF_IOC_FLUSH) == -1 && errno == EINVAL);
	CHECK(ioctl(fd, PROFBUF_IOC_COUNTERS, &get) == -1 && errno == EINVAL);
	CHECK(write(fd, "x", 1) == -1 && errno == EINVAL);
	kt_configure(fd, &config);
	kt_start(fd);
	CHECK(ioctl(fd, PROFBUF_IOC_START) == -1 && errno == EBUSY);
	CHECK(ioctl(fd, PROFBUF_IOC_CONFIG, &config) == -1 && errno == EBUSY);
	get.cpu = 4000;
	CHECK(ioctl(fd, PROFBUF_IOC_COUNTERS, &get) == -1 && errno == EINVAL);
	get.size = 4;
	CHECK(ioctl(fd, PROFBUF_IOC_COUNTERS, &get) == -1 && errno == EINVAL);
	kt_stop(fd);
	CHECK(!ioctl(fd, PROFBUF_IOC_STOP));	/* a second stop changes nothing */
	CHECK(ioctl(fd, PROFBUF_IOC_START) == -1 && errno == EBUSY);
	CHECK(ioctl(fd, PROFBUF_IOC_CONFIG, &config) == -1 && errno == EBUSY);
	CHECK(write(fd, "x", 1) == -1 && errno == EINVAL);
	kt_drain(fd, &s);
	kt_free(&s);
	close(fd);
}

TEST(no_mmap_no_seek)
{
	int fd = kt_open();

	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENODEV);
	CHECK(lseek(fd, 0, SEEK_SET) == -1 && errno == ESPIPE);
	CHECK(pread(fd, &fd, 1, 0) == -1 && errno == ESPIPE);
	close(fd);
}

int main(void)
{
	return kt_main();
}
