#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lock_names.sh - lockdep prints names of locks that say whose they are
#
# Runs on: kasan
. "$(dirname "$0")/../tap.sh"
# lockdep knows a lock that was taken. A read takes those of a session, but not the one of its tag sources.
timeout 20 dd if=/dev/profbuf bs=64K count=1 status=none >/dev/null
for lock in session session_read session_wait notes lives; do
	grep -qw "profbuf_${lock}_lock" /proc/lockdep || missing+=" $lock"
done
[ -z "${missing:-}" ] || { echo "# not in /proc/lockdep:$missing"; false; }
ok locks_carry_the_modules_name
tap_end
