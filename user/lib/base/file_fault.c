// SPDX-License-Identifier: GPL-2.0-only
/*
 * file_fault.c - files that others truncate while they are read through a mapping
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_fault.h"

static __thread volatile unsigned int reading;	/* nesting depth of file_reading_begin() in this thread */
static __thread volatile unsigned long faults;	/* of this thread; never reset */
static long page_bytes;

/* A line of /proc/self/maps, which begins with two addresses. */
struct line {
	uintptr_t addresses[2];
	unsigned int nr_ends;		/* of addresses that were read so far */
};

static void read_character(struct line *line, char c)
{
	unsigned int digit = c >= 'a' ? c - 'a' + 10 : c - '0';

	if (c == '\n')
		*line = (struct line){ 0 };
	else if (c == '-' || c == ' ')
		line->nr_ends++;
	else if (line->nr_ends < 2)
		line->addresses[line->nr_ends] = line->addresses[line->nr_ends] << 4 | digit;
}

/*
 * Returns the end of the mapping that contains @page, or the end of the page if the mapping is not found. Called in a
 * signal handler.
 */
static uintptr_t mapping_end(uintptr_t page)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	uintptr_t end = page + page_bytes;
	struct line line = { 0 };
	bool found = false;
	char text[512];
	ssize_t n;

	while (fd >= 0 && !found && (n = read(fd, text, sizeof(text))) > 0) {
		for (ssize_t i = 0; i < n && !found; i++) {
			read_character(&line, text[i]);
			found = line.nr_ends == 2 && page >= line.addresses[0] && page < line.addresses[1];
		}
	}
	if (found)
		end = line.addresses[1];
	if (fd >= 0)
		close(fd);
	return end;
}

static bool fill(uintptr_t from, uintptr_t to)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;

	return mmap((void *)from, to - from, PROT_READ | PROT_WRITE, flags, -1, 0) == (void *)from;
}

/*
 * Maps zeros over the missing page and over the rest of the mapping: replacing one page in the middle would split the
 * mapping in two, and a process may have only some ten thousand mappings.
 */
static bool fill_rest(const void *address)
{
	uintptr_t page = (uintptr_t)address & -(uintptr_t)page_bytes;

	return fill(page, mapping_end(page)) || fill(page, page + page_bytes);
}

/*
 * A SIGBUS that is not about such a read ends the program, as it would without this handler: a fault does so when the
 * instruction runs again.
 */
static void on_fault(int number, siginfo_t *info, void *context)
{
	int before = errno;

	(void)context;
	if (reading && info->si_code == BUS_ADRERR && fill_rest(info->si_addr)) {
		errno = before;
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
	/* If the program has its own handler, keep it. */
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
