/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * otel_context.h - what a process publishes about its thread contexts
 */
#ifndef PROFBUF_OTEL_CONTEXT_H
#define PROFBUF_OTEL_CONTEXT_H

#include <stddef.h>

#include "profbuf.h"

/**
 * profbuf_otel_keys_read() - read the key names that a process publishes for its thread contexts (OTEP 4719)
 * @pid: the process
 * @record: set to a new record; the caller has to free() it. start_time and time are 0.
 *
 * Return: 0; -ENOENT: the process publishes none; -ESRCH: there is no such process; -EACCES or -EPERM: no right to read
 * its memory; -EAGAIN: the names changed during each try; -EBADMSG: the data are not a process context; -EPROTO: the
 * schema is not known; -ENOMEM.
 */
int profbuf_otel_keys_read(uint32_t pid, struct profbuf_otel_keys_record **record);

/* Gets the key names from the payload of a process context. Return: 0; -ENOENT, -EBADMSG, -EPROTO, -ENOMEM as above. */
int profbuf_otel_keys_parse(const void *payload, size_t bytes, struct profbuf_otel_keys_record **record);

#endif /* PROFBUF_OTEL_CONTEXT_H */
