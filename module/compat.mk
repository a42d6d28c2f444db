# SPDX-License-Identifier: GPL-2.0-only
#
# compat.mk - what the kernel has, for compat.h
#
# That is asked of its headers, and not of its version: a distribution may take a change back. A line is the NAME in
# PROFBUF_HAS_NAME, the header, and a pattern.
has = $(if $(shell grep -sE '$(3)' $(srctree)/include/linux/$(2)),-DPROFBUF_HAS_$(1))
ccflags-y += $(call has,USER_PATH,fs.h,\bfile_user_path\b)
ccflags-y += $(call has,USER_INODE,fs.h,\bfile_user_inode\b)
ccflags-y += $(call has,MODULE_MEM,module.h,\bMOD_TEXT\b)
ccflags-y += $(call has,HRTIMER_SETUP,hrtimer.h,\bhrtimer_setup\b)
ccflags-y += $(call has,PERCPU_WQ,workqueue.h,\bsystem_percpu_wq\b)
ccflags-y += $(call has,EXEC_STATE,sched.h,\bexec_state\b)
