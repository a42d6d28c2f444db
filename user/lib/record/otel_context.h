/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * otel_context.h - what a process publishes of its thread contexts
 */
#ifndef PROFBUF_OTEL_CONTEXT_H
#define PROFBUF_OTEL_CONTEXT_H

#include <stddef.h>

#include "profbuf.h"

/**
 * profbuf_otel_keys_read() - the key names that a process publishes for its thread contexts (OTEP 4719)
 * @pid: the process
 * @record: set; free() it. start_time and time are 0.
 *
 * Return: 0; -ENOENT: it publishes none; -ESRCH: there is no such process; -EACCES or -EPERM: no right to its memory;
 * -EAGAIN: it is changing them all the time; -EBADMSG: what is there is something else; -EPROTO: of a schema that is
 * not known; -ENOMEM.
 */
int profbuf_otel_keys_read(uint32_t pid, struct profbuf_otel_keys_record **record);

/* The same out of a process context's payload. Return: 0; -ENOENT, -EBADMSG, -EPROTO, -ENOMEM as above. */
int profbuf_otel_keys_parse(const void *payload, size_t bytes, struct profbuf_otel_keys_record **record);

#endif /* PROFBUF_OTEL_CONTEXT_H */
