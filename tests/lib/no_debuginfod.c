// SPDX-License-Identifier: GPL-2.0-only
/*
 * no_debuginfod.c - in place of libdebuginfod: a client of a server that has no files; it counts requests
 */
#include <errno.h>
#include <stddef.h>

void *debuginfod_begin(void);
void debuginfod_end(void *client);
int debuginfod_find_executable(void *client, const unsigned char *build_id, int bytes, char **path);
int debuginfod_find_debuginfo(void *client, const unsigned char *build_id, int bytes, char **path);

unsigned int asked;

void *debuginfod_begin(void)
{
	return &asked;
}

void debuginfod_end(void *client)
{
	(void)client;
}

int debuginfod_find_executable(void *client, const unsigned char *build_id, int bytes, char **path)
{
	(void)client;
	(void)build_id;
	(void)bytes;
	(void)path;
	asked++;
	return -ENOENT;
}

int debuginfod_find_debuginfo(void *client, const unsigned char *build_id, int bytes, char **path)
{
	return debuginfod_find_executable(client, build_id, bytes, path);
}
