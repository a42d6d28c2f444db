#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# trinity.sh - a second opinion: trinity's calls on the device, by nobody, who may open it; by hand, as it finds something
# else each time. TRINITY_CALLS (5000), TRINITY_SEED.
#
# Runs on: none: by hand
. "$(dirname "$0")/../tap.sh"
calls=${TRINITY_CALLS:-5000} seed=${TRINITY_SEED:-$RANDOM}
chmod 666 /dev/profbuf
dir=$(mktemp -d)
chmod 777 "$dir"
cd "$dir" || exit 1
options=()
for call in read readv pread64 preadv write writev pwrite64 ioctl poll ppoll select epoll_ctl epoll_wait mmap mprotect \
	lseek dup dup2 fcntl newfstat fsync ftruncate fallocate splice tee sendfile vmsplice close; do
	options+=(-c "$call")
done
echo "# seed $seed, $calls calls"
setpriv --reuid=65534 --regid=65534 --clear-groups trinity -q -l off --disable-fds=sockets -C 4 -N "$calls" -s "$seed" \
	-V /dev/profbuf "${options[@]}" >log 2>&1
status=$?
done=$(sed -n 's/.*Ran \([0-9]*\) syscalls.*/\1/p' log | tail -n 1)
[ "$status" = 0 ] && [ "${done:-0}" -ge "$calls" ] || { tail -n 20 log | sed 's/^/# /'; echo "# status $status"; false; }
ok trinity_makes_its_calls
is "$(cat /sys/class/misc/profbuf/sessions)" 0 &&
	[ "$(timeout 20 dd if=/dev/profbuf bs=64K count=1 status=none | wc -c)" -gt 0 ]
ok a_session_works_after_that
tap_end
