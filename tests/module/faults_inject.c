// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults_inject.c - makes the nth allocation or copy of a call fail, and checks what is left behind and still works
 */
#define _GNU_SOURCE
#include "faults.h"

int nth_fd;

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	NEED(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

void knob(const char *fault, const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", fault, name);
	put(path, value);
}

void fail_pages(bool on)
{
	knob("fail_page_alloc", "min-order", on ? "0" : "99");
}

void inject(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	/* This write needs a copy, too, and that copy may be the one that fails. */
	while (pwrite(nth_fd, text, len, 0) != len)
		NEED(errno == EFAULT);
}

bool injected(void)
{
	char text[16] = "";
	bool came = pread(nth_fd, text, sizeof(text) - 1, 0) > 0 && !strcmp(text, "0\n");

	inject(0);
	return came;
}

void each_fault_after(unsigned int n, const char *name, unsigned int at_least, long (*call)(void),
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
		/*
		 * The fault may have hit something that the kernel only keeps for itself about an allocation, so that
		 * the call succeeds. The kernel does not try that twice, so one more call is made.
		 */
		again = came && result >= 0 && !again;
		NEED(n < 20000);
	} while (came && !kt_failed);
	printf("# %s: %u faults, %u of them errors\n", name, n - 1, failed);
	/* If no call failed, nothing was tested. */
	CHECK(failed >= at_least, "%s: %u", name, failed);
}

unsigned int traces(unsigned int *of_vmalloc)
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

void each_fault(const char *name, unsigned int at_least, long (*call)(void), void (*after)(long result))
{
	each_fault_after(0, name, at_least, call, after);
}

unsigned int lines_with(const char *path, const char *text)
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

void check_nothing_left(void)
{
	CHECK(kt_sysfs("sessions") == 0);
	CHECK(kt_sysfs("tagged") == 0);
	/* The list of vmalloc areas has the function that allocated each, and the module it is in. */
	CHECK(!lines_with("/proc/vmallocinfo", "[profbuf]"), "%u areas of vmalloc are left",
	      lines_with("/proc/vmallocinfo", "[profbuf]"));
}

void check_works(void)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd = kt_open();

	kt_configure(fd, &config);
	sums = kt_run_session(fd, 200 * MSEC, &s);
	ENOUGH(sums.all_samples > 20, "%llu samples", (unsigned long long)sums.all_samples);
	CHECK(sums.processes && sums.mappings, "%llu samples", (unsigned long long)sums.all_samples);
	kt_free(&s);
	close(fd);
	check_nothing_left();
}
