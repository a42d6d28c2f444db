// SPDX-License-Identifier: GPL-2.0-only
/*
 * file_fault.c - files that others cut while they are read through a mapping
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_fault.h"

static __thread volatile unsigned int reading;	/* how deep in file_reading_begin() this thread is */
static __thread volatile unsigned long faults;	/* of this thread */
static long page_bytes;

/* Zeros in place of the page that is no longer there. */
static bool fill_page(const void *address)
{
	void *page = (void *)((uintptr_t)address & -(uintptr_t)page_bytes);

	return mmap(page, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page;
}

/* What is none of this file's ends the program, as it would without it: a fault when it comes again. */
static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (reading && info->si_code == BUS_ADRERR && fill_page(info->si_addr)) {
		faults++;
		return;
	}
	signal(number, SIG_DFL);
	if (info->si_code <= 0)
		raise(number);
}

static void install(void)
{
	struct sigaction own = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_RESTART }, old;

	page_bytes = sysconf(_SC_PAGESIZE);
	/* Who has a handler has a reason. */
	if (!sigaction(SIGBUS, NULL, &old) && !(old.sa_flags & SA_SIGINFO) && old.sa_handler == SIG_DFL)
		sigaction(SIGBUS, &own, NULL);
}

unsigned long file_reading_begin(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, install);
	reading++;
	return faults;
}

bool file_reading_faulted(unsigned long began)
{
	return faults != began;
}

bool file_reading_end(unsigned long began)
{
	reading--;
	return faults == began;
}

struct file_state file_state(int fd)
{
	struct stat st = { 0 };

	fstat(fd, &st);
	return (struct file_state){ .fd = fd, .size = st.st_size, .time = st.st_mtim };
}

bool file_unchanged(const struct file_state *f)
{
	struct file_state now = file_state(f->fd);

	return now.size == f->size && now.time.tv_sec == f->time.tv_sec && now.time.tv_nsec == f->time.tv_nsec;
}
