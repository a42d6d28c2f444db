// SPDX-License-Identifier: GPL-2.0-only
/*
 * stub.c - what DKMS installs for a kernel that the module does not compile for
 *
 * On Debian 12, a build that fails leaves apt unable to install anything, also what has nothing to do with profbuf. So
 * there is a module that cannot be loaded, and says why. scripts/dkms-build makes it, and nothing else does.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>

#include "stub_reason.h"

static int __init profbuf_stub_init(void)
{
	pr_err("profbuf: this kernel is not served: %s\n", PROFBUF_STUB_REASON);
	return -EOPNOTSUPP;
}

module_init(profbuf_stub_init);
MODULE_INFO(unserved, PROFBUF_STUB_REASON);	/* for profbuf info */
MODULE_DESCRIPTION("In place of profbuf, for a kernel that it does not compile for");
MODULE_LICENSE("GPL");
