// SPDX-License-Identifier: GPL-2.0-only
/*
 * fetch.c - get files by build id from debuginfod servers
 *
 * The client library includes a whole HTTP client. So it is loaded only when there is a file to fetch, and only if the
 * user named a server. elfutils fetches separate debug files itself, in the same way.
 */
#include <dlfcn.h>
#include <stdlib.h>

#include "symbols.h"

typedef int (*find_fn)(void *client, const unsigned char *build_id, int bytes, char **path);

struct fetcher {
	void *library;
	void *client;
	find_fn find_executable, find_debuginfo;
	void (*end)(void *client);
};

static bool load(struct fetcher *f)
{
	void *(*begin)(void);

	f->library = dlopen("libdebuginfod.so.1", RTLD_LAZY);
	if (!f->library)
		return false;
	begin = (void *(*)(void))dlsym(f->library, "debuginfod_begin");
	f->end = (void (*)(void *))dlsym(f->library, "debuginfod_end");
	f->find_executable = (find_fn)dlsym(f->library, "debuginfod_find_executable");
	f->find_debuginfo = (find_fn)dlsym(f->library, "debuginfod_find_debuginfo");
	if (begin && f->end && f->find_executable && f->find_debuginfo)
		f->client = begin();
	return f->client;
}

int fetch_object(struct symbols *s, const struct profbuf_object *object)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	int fd;

	if (!urls || !*urls || !debug_limits_may_ask(&s->debug_limits, object->build_id, object->build_id_len))
		return -1;
	if (!s->fetcher) {
		s->fetcher = calloc(1, sizeof(*s->fetcher));
		if (s->fetcher)
			load(s->fetcher);
	}
	if (!s->fetcher || !s->fetcher->client)
		return -1;
	/*
	 * Prefer the file itself, which leads to its debug file: a debug file alone does not say where in the file the
	 * code is.
	 */
	fd = s->fetcher->find_executable(s->fetcher->client, object->build_id, object->build_id_len, NULL);
	if (fd < 0)
		fd = s->fetcher->find_debuginfo(s->fetcher->client, object->build_id, object->build_id_len, NULL);
	s->debug_limits.misses += fd < 0;
	return fd < 0 ? -1 : fd;
}

void fetch_exit(struct symbols *s)
{
	if (!s->fetcher)
		return;
	if (s->fetcher->client)
		s->fetcher->end(s->fetcher->client);
	/* Do not unload the library: not all libraries that it loaded can be unloaded safely. */
	free(s->fetcher);
}
