// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * leaves.c - where all CPUs are for a second, by address: the device, a buffer and read()
 *
 * gcc leaves.c -o leaves	(with profbuf_uapi.h, which make install puts where gcc looks)
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "profbuf_uapi.h"

int main(void)
{
	static uint64_t words[1 << 17];
	struct profbuf_config config = { .size = sizeof(config) };
	int fd = open(PROFBUF_DEVICE, O_RDWR);
	ssize_t n = 0, at;

	if (fd < 0 || ioctl(fd, PROFBUF_IOC_GET_CONFIG, &config)) {
		perror(PROFBUF_DEVICE);
		return 1;
	}
	config.duration_ns = 1000000000;
	if (ioctl(fd, PROFBUF_IOC_CONFIG, &config) || ioctl(fd, PROFBUF_IOC_START)) {
		perror("the session");
		return 1;
	}
	while ((n = read(fd, words, sizeof(words))) > 0) {
		for (at = 0; at < n / 8; at += words[at]) {
			const struct profbuf_sample *s = (const void *)(words + at);

			if (s->type == PROFBUF_RECORD_SAMPLE && s->nr_kernel + s->nr_user)
				printf("CPU %u, pid %u: %#llx\n", s->cpu, s->pid, (unsigned long long)s->frames[0]);
		}
	}
	if (n < 0)
		perror("read");
	return n < 0;
}
