// SPDX-License-Identifier: GPL-2.0-only
/*
 * stacks.c - kernel and user stacks have the right frames, and say why they end
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "kt.h"

#define DEEP 300

static volatile unsigned int sink;

/* noinline and without a tail call: each function has a frame. */
static __attribute__((noinline)) void leaf(uint64_t ns)
{
	kt_spin(ns);
	sink++;
}

static __attribute__((noinline)) void middle(uint64_t ns)
{
	leaf(ns);
	sink++;
}

static __attribute__((noinline)) void outer(uint64_t ns)
{
	middle(ns);
	sink++;
}

static __attribute__((noinline)) void deep(unsigned int levels, uint64_t ns)
{
	if (levels)
		deep(levels - 1, ns);
	else
		kt_spin(ns);
	sink++;
}

static bool in(uint64_t address, void *function)
{
	return address >= (uintptr_t)function && address < (uintptr_t)function + 200;
}

TEST(user_frames_are_the_callers)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = kt_sampled(&config, outer, 300 * MSEC);
	unsigned int good = 0, all = 0;

	EACH_SAMPLE(p, &s) {
		const __u64 *f = p->frames + p->nr_kernel;

		all++;
		for (int i = 0; i + 2 < p->nr_user; i++)
			good += in(f[i], leaf) && in(f[i + 1], middle) && in(f[i + 2], outer);
	}
	/*
	 * The clock's code in the vdso has no frame pointer: its caller's frame may be missing, but not the frames
	 * after it.
	 */
	ENOUGH(all > 50, "%u of %u", good, all);
	CHECK(good > all * 9 / 10, "%u of %u", good, all);
	kt_free(&s);
}

static void deep_200(uint64_t ns)
{
	deep(DEEP, ns);
}

TEST(depth_is_bounded_and_says_so)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s;
	unsigned int cut = 0, all = 0;

	config.user_depth = 10;
	s = kt_sampled(&config, deep_200, 200 * MSEC);
	EACH_SAMPLE(p, &s) {
		all++;
		CHECK(p->nr_user <= 10);
		cut += p->nr_user == 10 && PROFBUF_SAMPLE_USER_STOP(p) == PROFBUF_STOP_DEPTH;
	}
	ENOUGH(all > 30, "%u of %u", cut, all);
	CHECK(cut > all * 8 / 10, "%u of %u", cut, all);
	kt_free(&s);
}

TEST(no_depth_no_frames)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s;
	unsigned int all = 0;

	config.user_depth = 0;
	config.kernel_depth = 0;
	s = kt_sampled(&config, outer, 100 * MSEC);
	EACH_SAMPLE(p, &s) {
		all++;
		CHECK(p->len == 6 && p->stop == 0);
	}
	ENOUGH(all > 10);
	kt_free(&s);
}

/* A system call that works in the kernel: it zeroes fresh pages again and again. */
static void in_kernel(uint64_t ns)
{
	uint64_t end = kt_now() + ns;

	while (kt_now() < end) {
		void *p = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		NEED(p != MAP_FAILED);
		munmap(p, 4 << 20);
	}
}

TEST(kernel_frames_lead_to_the_system_call)
{
	uint64_t entry = kt_symbol("do_syscall_64"), mmap_call = kt_symbol("vm_mmap_pgoff");
	struct profbuf_config config = kt_config();
	struct kt_stream s = kt_sampled(&config, in_kernel, 400 * MSEC);
	unsigned int kernel = 0, complete = 0, user_too = 0;

	EACH_SAMPLE(p, &s) {
		bool has_entry = false, has_mmap = false;

		if ((p->mode & PROFBUF_MODE_MASK) != PROFBUF_MODE_KERNEL)
			continue;
		kernel++;
		for (int i = 0; i < p->nr_kernel; i++) {
			has_entry |= p->frames[i] - entry < 256;
			has_mmap |= p->frames[i] - mmap_call < 1024;
		}
		complete += has_entry && has_mmap && PROFBUF_SAMPLE_KERNEL_STOP(p) == PROFBUF_STOP_END;
		user_too += p->nr_user > 0;
	}
	ENOUGH(kernel > 50, "%u of %u", complete, kernel);
	CHECK(complete > kernel / 3, "%u of %u", complete, kernel);
	CHECK(user_too > kernel * 9 / 10, "%u of %u have the user's frames", user_too, kernel);
	kt_free(&s);
}

/*
 * Most of that work is in a function that calls no other. Which one that is depends on the kernel and the CPU; the last
 * of these has the loop in it on 7.x. So this function is the first frame, and never the second.
 */
TEST(kernel_frames_begin_with_the_interrupted_instruction)
{
	static const char *const names[] = { "clear_page_rep", "clear_page_orig", "clear_page_erms",
					     "clear_highpages_kasan_tagged" };
	uint64_t clear[sizeof(names) / sizeof(names[0])];
	struct profbuf_config config = kt_config();
	struct kt_stream s = kt_sampled(&config, in_kernel, 400 * MSEC);
	unsigned int kernel = 0, first = 0, second = 0, nr = sizeof(names) / sizeof(names[0]);

	for (unsigned int i = 0; i < nr; i++)
		clear[i] = kt_symbol(names[i]);
	EACH_SAMPLE(p, &s) {
		if ((p->mode & PROFBUF_MODE_MASK) != PROFBUF_MODE_KERNEL)
			continue;
		kernel++;
		for (unsigned int i = 0; i < nr; i++) {
			first += p->nr_kernel > 0 && p->frames[0] - clear[i] < 64;
			second += p->nr_kernel > 1 && p->frames[1] - clear[i] < 64;
		}
	}
	ENOUGH(kernel > 50, "%u first, %u second of %u", first, second, kernel);
	CHECK(first > kernel / 20 && !second, "%u first, %u second of %u", first, second, kernel);
	kt_free(&s);
}

/* A limit for kernel frames does not limit user frames. */
TEST(depth_of_the_kernel_is_bounded_and_says_so)
{
	struct profbuf_config config = kt_config();
	unsigned int kernel = 0, cut = 0;
	struct kt_stream s;

	config.kernel_depth = 3;
	s = kt_sampled(&config, in_kernel, 400 * MSEC);
	EACH_SAMPLE(p, &s) {
		CHECK(p->nr_kernel <= 3);
		if ((p->mode & PROFBUF_MODE_MASK) != PROFBUF_MODE_KERNEL)
			continue;
		kernel++;
		cut += p->nr_kernel == 3 && PROFBUF_SAMPLE_KERNEL_STOP(p) == PROFBUF_STOP_DEPTH && p->nr_user > 0;
	}
	/* Some samples are at the kernel's entry, where there are not yet three frames. */
	ENOUGH(kernel > 50, "%u of %u", cut, kernel);
	CHECK(cut > kernel * 8 / 10, "%u of %u", cut, kernel);
	kt_free(&s);
}

/*
 * A socket filter of 2000 divisions: code that the kernel compiled itself, and that the unwinder's tables do not have.
 */
static void in_bpf(uint64_t ns)
{
	static struct sock_filter code[2000];
	struct sock_fprog program = { .len = 2000, .filter = code };
	uint64_t end = kt_now() + ns;
	int sockets[2];

	for (int i = 0; i < 1999; i++)
		code[i] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 3);
	/* The filter accepts no packet, so nothing has to be received. */
	code[1999] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	NEED(!socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets));
	NEED(!setsockopt(sockets[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
	while (kt_now() < end)
		NEED(send(sockets[0], "x", 1, 0) == 1);
	close(sockets[0]);
	close(sockets[1]);
}

/*
 * The unwinder goes on with frame pointers, and the stack says that it is not reliable. A kernel that interprets the
 * filter has reliable stacks.
 */
TEST(a_stack_that_the_unwinder_is_not_sure_of_says_so)
{
	bool compiles = !access("/proc/sys/net/core/bpf_jit_enable", F_OK);
	struct profbuf_config config = kt_config();
	struct kt_stream s = kt_sampled(&config, in_bpf, 400 * MSEC);
	unsigned int kernel = 0, unsure = 0;

	EACH_SAMPLE(p, &s) {
		if ((p->mode & PROFBUF_MODE_MASK) != PROFBUF_MODE_KERNEL)
			continue;
		kernel++;
		if (PROFBUF_SAMPLE_KERNEL_STOP(p) != PROFBUF_STOP_UNWIND)
			continue;
		unsure++;
		CHECK(p->nr_kernel > 0 && p->nr_user > 0);
	}
	printf("# %u unsure of %u\n", unsure, kernel);
	ENOUGH(kernel > 50, "%u of %u", unsure, kernel);
	CHECK((compiles ? unsure > kernel / 4 : !unsure), "%u of %u", unsure, kernel);
	kt_free(&s);
}

/* A process that executes itself again and again. Each time the kernel frees the old memory, which takes a while. */
#define EXECS "20"

static void become(const char *left)
{
	char next[16];

	snprintf(next, sizeof(next), "%d", atoi(left) - 1);
	if (!atoi(left))
		_exit(0);
	if (mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) !=
	    MAP_FAILED)
		execl("/proc/self/exe", "stacks", "become", next, NULL);
	_exit(1);
}

static void exec_often(uint64_t unused)
{
	pid_t child = fork();
	int status;

	(void)unused;
	if (!child)
		become(EXECS);
	NEED(waitpid(child, &status, 0) == child);
	CHECK(!status, "status %x", status);
}

TEST(in_the_middle_of_an_exec_there_are_no_user_frames)
{
	uint64_t exec = kt_symbol("begin_new_exec"), exec_end = kt_symbol_after(exec);
	struct profbuf_config config = kt_config();
	unsigned int all = 0, said = 0, right = 0;

	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = getpid();
	config.period = 200000;
	fflush(stdout);
	/* On a busy host the machine may get few ticks. */
	for (int round = 0; round < 50 && all <= 10; round++) {
		struct kt_stream s = kt_sampled(&config, exec_often, 0);

		EACH_SAMPLE(p, &s) {
			bool inside = false;

			/*
			 * That function frees the old program's memory. If it is on the stack, the new program does not
			 * run yet.
			 */
			for (int i = 0; i < p->nr_kernel; i++)
				inside |= p->frames[i] > exec && p->frames[i] <= exec_end;
			all += inside;
			if (PROFBUF_SAMPLE_USER_STOP(p) != PROFBUF_STOP_EXEC)
				continue;
			said++;
			CHECK(p->mode == PROFBUF_MODE_KERNEL && !p->nr_user && (__u32)getpid() != p->pid);
			right += inside;
		}
		kt_free(&s);
	}
	printf("# %u said so, %u of %u there\n", said, right, all);
	ENOUGH(all > 10, "%u of %u", right, all);
	CHECK(right == all, "%u of %u", right, all);
}

/* With a frame pointer that leads nowhere, there is still a sample, and it says why its stack is short. */
static void bad_frame(uint64_t ns, uint64_t fp)
{
	uint64_t count = ns / 4;

	asm volatile("push %%rbp\n\t"
		     "mov %1, %%rbp\n"
		     "1:\tdec %0\n\t"
		     "jnz 1b\n\t"
		     "pop %%rbp"
		     : "+r" (count) : "r" (fp) : "cc", "memory");
}

static uint64_t bad_fp;

static void bad_frame_now(uint64_t ns)
{
	bad_frame(ns, bad_fp);
}

TEST(corrupt_frames_end_the_stack_with_a_reason)
{
	uint64_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct { uint64_t fp; enum profbuf_stop stop; } cases[] = {
		{ 0, PROFBUF_STOP_END },
		{ 8, PROFBUF_STOP_FRAME },			/* below the stack */
		{ 0x7ffffffff001, PROFBUF_STOP_FRAME },		/* not aligned */
		{ 0x7fffffffe000, PROFBUF_STOP_FAULT },		/* not mapped */
		{ 0xffffffff81000000, PROFBUF_STOP_FAULT },	/* a kernel address */
		{ 0x8000000000000000, PROFBUF_STOP_FAULT },	/* not canonical */
		{ 0xfffffffffffffff8, PROFBUF_STOP_FAULT },	/* wraps around */
	};

	NEED(page != MAP_FAILED);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct profbuf_config config = kt_config();
		unsigned int all = 0, good = 0;
		struct kt_stream s;

		bad_fp = cases[i].fp;
		s = kt_sampled(&config, bad_frame_now, 1200 * MSEC);
		EACH_SAMPLE(p, &s) {
			if (p->mode != PROFBUF_MODE_USER || !in(p->frames[0], bad_frame))
				continue;
			all++;
			good += p->nr_user == 1 && PROFBUF_SAMPLE_USER_STOP(p) == cases[i].stop;
		}
		/* In the first and the last instructions of the function, the frame pointer is another one. */
		ENOUGH(all > 30, "frame pointer %llx: %u of %u", (unsigned long long)cases[i].fp, good, all);
		CHECK(good + 3 >= all, "frame pointer %llx: %u of %u", (unsigned long long)cases[i].fp, good, all);
		kt_free(&s);
	}
	munmap(page, 4096);
}

/* A frame that is its own caller ends the stack. */
TEST(a_loop_of_frames_ends)
{
	struct profbuf_config config = kt_config();
	uint64_t frame[4] __attribute__((aligned(16)));
	unsigned int all = 0, good = 0;
	struct kt_stream s;

	frame[0] = (uintptr_t)frame;
	frame[1] = 0x1234;
	bad_fp = (uintptr_t)frame;
	s = kt_sampled(&config, bad_frame_now, 800 * MSEC);
	EACH_SAMPLE(p, &s) {
		if (p->mode != PROFBUF_MODE_USER || !in(p->frames[0], bad_frame))
			continue;
		all++;
		good += p->nr_user == 2 && p->frames[1] == 0x1234 &&
			PROFBUF_SAMPLE_USER_STOP(p) == PROFBUF_STOP_FRAME;
	}
	ENOUGH(all > 30, "%u of %u", good, all);
	CHECK(good + 3 >= all, "%u of %u", good, all);
	kt_free(&s);
}

/*
 * Runs the loop with a wrong frame pointer on a stack of its own, so that the test decides what the memory above the
 * stack holds: frames of callers are above.
 */
static ucontext_t back;

static void bad_frame_there(void)
{
	bad_frame(1200 * MSEC, bad_fp);
}

static void on_a_stack_below(uint64_t stack)
{
	ucontext_t there;

	NEED(!getcontext(&there));
	there.uc_stack.ss_sp = (void *)(uintptr_t)stack;
	there.uc_stack.ss_size = 16 * 4096;
	there.uc_link = &back;
	makecontext(&there, bad_frame_there, 0);
	NEED(!swapcontext(&back, &there));
}

TEST(memory_above_the_stack_may_be_anything)
{
	/*
	 * 16 pages of stack, then the cases: a chain of many frames, two frames in a circle, half a frame, untouched
	 * memory.
	 */
	char *map = mmap(NULL, 32 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t *many = (uint64_t *)(map + 16 * 4096), *two = (uint64_t *)(map + 20 * 4096);
	uint64_t *half = (uint64_t *)(map + 23 * 4096 - 8), *untouched = (uint64_t *)(map + 28 * 4096);
	unsigned char in_memory;
	struct { uint64_t *fp; unsigned int frames; enum profbuf_stop stop; } cases[] = {
		{ many, PROFBUF_STACK_MAX, PROFBUF_STOP_DEPTH },
		{ two, 3, PROFBUF_STOP_FRAME },
		{ half, 1, PROFBUF_STOP_FAULT },
		{ untouched, 1, PROFBUF_STOP_FAULT },
	};

	NEED(map != MAP_FAILED);
	for (unsigned int i = 0; i < 4 * 512; i++)
		many[i] = (uintptr_t)&many[i + 1];
	two[0] = (uintptr_t)&two[4];
	two[1] = 0x1234;
	two[4] = (uintptr_t)&two[0];
	two[5] = 0x5678;
	*half = (uintptr_t)(half + 8);
	NEED(!munmap(map + 23 * 4096, 4096));
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct profbuf_config config = kt_config();
		unsigned int all = 0, good = 0;
		struct kt_stream s;

		bad_fp = (uintptr_t)cases[i].fp;
		s = kt_sampled(&config, on_a_stack_below, (uintptr_t)map);
		EACH_SAMPLE(p, &s) {
			if (p->mode != PROFBUF_MODE_USER || !in(p->frames[0], bad_frame))
				continue;
			all++;
			good += p->nr_user == cases[i].frames && PROFBUF_SAMPLE_USER_STOP(p) == cases[i].stop;
		}
		ENOUGH(all > 30, "case %u: %u of %u", i, good, all);
		CHECK(good + 3 >= all, "case %u: %u of %u", i, good, all);
		kt_free(&s);
	}
	/* A tick must not bring memory in by a page fault. */
	NEED(!mincore(untouched, 4096, &in_memory));
	CHECK(!(in_memory & 1));
	munmap(map, 32 * 4096);
}

/* Another CPU maps and unmaps the memory at the moment when the tick reads it. */
static volatile bool done;

static void *map_and_unmap(void *arg)
{
	while (!done) {
		uint64_t *frame = mmap(arg, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
				       -1, 0);

		frame[1] = 0x1234;
		for (volatile int i = 0; i < 1000; i++)
			;
		munmap(arg, 4096);
	}
	return NULL;
}

TEST(frames_that_come_and_go)
{
	char *map = mmap(NULL, 20 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct profbuf_config config = kt_config();
	unsigned int there = 0, gone = 0, bad = 0;
	struct kt_stream s;
	pthread_t thread;

	NEED(map != MAP_FAILED && !munmap(map + 16 * 4096, 4096));
	NEED(!pthread_create(&thread, NULL, map_and_unmap, map + 16 * 4096));
	bad_fp = (uintptr_t)map + 16 * 4096;
	config.period = 200000;
	s = kt_sampled(&config, on_a_stack_below, (uintptr_t)map);
	done = true;
	pthread_join(thread, NULL);
	EACH_SAMPLE(p, &s) {
		if (p->mode != PROFBUF_MODE_USER || !in(p->frames[0], bad_frame))
			continue;
		if (p->nr_user == 1 && PROFBUF_SAMPLE_USER_STOP(p) == PROFBUF_STOP_FAULT)
			gone++;
		else if (p->nr_user == 2 && p->frames[1] == 0x1234 && PROFBUF_SAMPLE_USER_STOP(p) == PROFBUF_STOP_END)
			there++;
		else if (p->nr_user == 1 && PROFBUF_SAMPLE_USER_STOP(p) == PROFBUF_STOP_END)
			there++;	/* freshly mapped, still zeros */
		else
			bad++;
	}
	printf("# %u there, %u gone, %u else\n", there, gone, bad);
	CHECK(there + gone > 100 && bad <= 3, "%u", bad);
	munmap(map, 20 * 4096);
	kt_free(&s);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "become"))
		become(argv[2]);
	return kt_main();
}
