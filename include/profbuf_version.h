/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * profbuf_version.h - the version of all that is in this tree
 *
 * The version is written here and nowhere else: the Makefiles and dkms.conf read this file.
 */
#ifndef PROFBUF_VERSION_H
#define PROFBUF_VERSION_H

#define PROFBUF_VERSION	"0.1.0"

#endif /* PROFBUF_VERSION_H */
