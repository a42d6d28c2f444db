// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * session.c - sessions of the device
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "profbuf.h"

struct profbuf_session {
	int fd;
};

const char *profbuf_version(void)
{
	return LIBPROFBUF_VERSION;
}

static int call(const struct profbuf_session *session, unsigned long cmd, const void *arg)
{
	return ioctl(session->fd, cmd, arg) ? -errno : 0;
}

int profbuf_session_open(struct profbuf_session **session)
{
	struct profbuf_session *s = malloc(sizeof(*s));
	struct profbuf_info info = { .size = sizeof(info) };
	int err;

	if (!s)
		return -ENOMEM;
	s->fd = open(PROFBUF_DEVICE, O_RDWR | O_CLOEXEC);
	if (s->fd < 0) {
		err = -errno;
		/* The device node was left behind without a module: as if there were no node. */
		err = err == -ENXIO || err == -ENODEV ? -ENOENT : err;
		free(s);
		return err;
	}
	err = profbuf_session_info(s, &info);
	if (!err && info.abi_version != PROFBUF_ABI_VERSION)
		err = -EPROTO;
	if (err) {
		profbuf_session_close(s);
		return err;
	}
	*session = s;
	return 0;
}

void profbuf_session_close(struct profbuf_session *session)
{
	if (!session)
		return;
	close(session->fd);
	free(session);
}

int profbuf_session_fd(const struct profbuf_session *session)
{
	return session->fd;
}

int profbuf_session_get_config(const struct profbuf_session *session, struct profbuf_config *config)
{
	return call(session, PROFBUF_IOC_GET_CONFIG, config);
}

int profbuf_session_configure(struct profbuf_session *session, const struct profbuf_config *config)
{
	return call(session, PROFBUF_IOC_CONFIG, config);
}

int profbuf_session_info(const struct profbuf_session *session, struct profbuf_info *info)
{
	return call(session, PROFBUF_IOC_INFO, info);
}

int profbuf_session_start(struct profbuf_session *session)
{
	return call(session, PROFBUF_IOC_START, NULL);
}

int profbuf_session_stop(struct profbuf_session *session)
{
	return call(session, PROFBUF_IOC_STOP, NULL);
}

int profbuf_session_flush(struct profbuf_session *session)
{
	return call(session, PROFBUF_IOC_FLUSH, NULL);
}

int profbuf_session_counters(const struct profbuf_session *session, unsigned int cpu, struct profbuf_counters_get *get)
{
	get->cpu = cpu;
	return call(session, PROFBUF_IOC_COUNTERS, get);
}

int profbuf_session_tag_source(struct profbuf_session *session, const struct profbuf_tag_source *source)
{
	return call(session, PROFBUF_IOC_TAG_SOURCE, source);
}

int profbuf_session_tag(const struct profbuf_session *session, uint32_t pid, uint32_t flags, const char *labels,
			size_t bytes)
{
	const struct profbuf_tag_set set = {
		.size = sizeof(set), .flags = flags, .pid = pid, .bytes = bytes,
		.data = bytes ? (uintptr_t)labels : 0,
	};

	return bytes > UINT32_MAX ? -EINVAL : call(session, PROFBUF_IOC_TAG, &set);
}

ssize_t profbuf_session_read(struct profbuf_session *session, void *buf, size_t bytes)
{
	ssize_t n = read(session->fd, buf, bytes);

	return n < 0 ? -errno : n;
}
