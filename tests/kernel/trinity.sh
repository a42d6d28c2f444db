#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# trinity.sh - a second opinion: trinity's calls on the device, by nobody, who may open it; by hand, as it finds something
# else each time. TRINITY_CALLS (5000), TRINITY_SEED.
#
# Runs on: none: by hand
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
if [ "$status" = 0 ] && [ "${done:-0}" -ge "$calls" ]; then
	echo "ok 1 - trinity_makes_its_calls"
else
	echo "not ok 1 - trinity_makes_its_calls"
	echo "# status $status"
	tail -n 20 log | sed 's/^/# /'
fi
sessions=$(cat /sys/class/misc/profbuf/sessions)
if [ "$sessions" = 0 ] && [ "$(timeout 20 dd if=/dev/profbuf bs=64K count=1 status=none | wc -c)" -gt 0 ]; then
	echo "ok 2 - a_session_works_after_that"
else
	echo "not ok 2 - a_session_works_after_that: $sessions sessions are left"
fi
echo "1..2"
