/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * resolve.h - look up the addresses of a profile's samples
 */
#ifndef PROFBUF_RESOLVE_H
#define PROFBUF_RESOLVE_H

#include "contents.h"

/* Looks up what was added since the last call. The profile has its first record. Return: 0; -ENOMEM. */
int profile_resolve(struct profbuf_profile *profile);

#endif /* PROFBUF_RESOLVE_H */
