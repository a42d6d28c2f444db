/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gfp.h - how the module takes much memory
 */
#ifndef PROFBUF_GFP_H
#define PROFBUF_GFP_H

#include <linux/gfp.h>

/*
 * For what is as large as the user says, or there for each CPU: that there is no memory is an answer to the user. It is
 * no reason to kill anybody in the cgroup that would be charged, and none for a report in the kernel's log.
 */
#define PROFBUF_GFP_LARGE	(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

#endif /* PROFBUF_GFP_H */
