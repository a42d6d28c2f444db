/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gfp.h - how the module allocates large memory
 */
#ifndef PROFBUF_GFP_H
#define PROFBUF_GFP_H

#include <linux/gfp.h>

/*
 * For memory whose size the user chooses, or that each CPU has. If there is not enough, the user gets an error. The
 * kernel kills no process in the cgroup that is charged for it, and reports nothing in its log.
 */
#define PROFBUF_GFP_LARGE	(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

#endif /* PROFBUF_GFP_H */
