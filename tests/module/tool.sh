#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tool.sh - the tool's live commands on the real module: info, stat, top; the examples; TAP
#
# Runs on: 6.1 kasan kcsan gcov
. "$(dirname "$0")/../tap.sh"
user() {	# somebody
	setpriv --reuid 1000 --regid 1000 --clear-groups "$@"
}
profbuf=/tmp/profbuf
cp "$BIN/../../../user/profbuf" $profbuf
cp "$BIN/split" /tmp/split
cp "$BIN/split" $'/tmp/odd\e[31m'
sysfs=/sys/class/misc/profbuf
session_runs() {	# waits for it: a recorder needs time to begin
	until [ "$(cat $sysfs/sessions)" = 1 ]; do sleep 0.1; done
}

$profbuf info >/tmp/info
[ $? = 0 ] && has /tmp/info '^A profile of the whole system would work\.$' && has /tmp/info '^rights +every process, the kernel$' &&
	has /tmp/info '^sources +hrtimer, cpu-clock'
ok info_as_root
$profbuf info --json >/tmp/json && python3 -c 'import json, sys
i = json.load(open("/tmp/json"))
assert i["works"] and i["loaded"] and i["right_kernel"] and i["abi"] == 1 and i["min_period_ns"] == 50000
assert "hrtimer" in i["sources"] and i["kernel_symbols"] and i["max_session_memory"] == 256 << 20
assert not [f for f in i["findings"] if f["kind"] != "hint"]'
ok info_as_json
user $profbuf info >/tmp/info
[ $? = 1 ] && has /tmp/info '^problem: this user may not open /dev/profbuf' && has /tmp/info 'rules.d/60-profbuf.rules'
ok info_without_permission_says_what_to_do
chgrp 12 /dev/profbuf && chmod 660 /dev/profbuf
user $profbuf info >/tmp/info
[ $? = 1 ] && has /tmp/info "usermod -a -G $(getent group 12 | cut -d: -f1) "
ok info_names_the_group_that_may
chgrp 0 /dev/profbuf && chmod 666 /dev/profbuf
echo 1 >/proc/sys/kernel/kptr_restrict
user $profbuf info >/tmp/info
[ $? = 1 ] && has /tmp/info '^problem: without CAP_PERFMON' && has /tmp/info 'setcap cap_perfmon' &&
	has /tmp/info '^warning: functions of the kernel will have no names'
ok info_without_rights_says_what_to_do
chmod 600 /dev/profbuf
mv /dev/profbuf /dev/away
$profbuf info >/tmp/info
[ $? = 1 ] && has /tmp/info '^problem: the module is loaded, but there is no /dev/profbuf here'
ok info_without_a_device
mv /dev/away /dev/profbuf
restrict=$(cat /proc/sys/kernel/kptr_restrict)
echo 2 >/proc/sys/kernel/kptr_restrict
$profbuf info >/tmp/info && has /tmp/info 'sysctl kernel.kptr_restrict=1'
ok info_knows_kptr_restrict
echo "$restrict" >/proc/sys/kernel/kptr_restrict
# The module's default rings shrink to what it allows.
echo 1 >/sys/module/profbuf/parameters/max_memory_mb
$profbuf info >/tmp/info && has /tmp/info '^memory +at most 1 MiB' && has /tmp/info '^A profile of the whole system would work' &&
	$profbuf record -q -a -d 0.2 -o /tmp/little
ok a_profile_works_where_little_memory_is_allowed
echo 256 >/sys/module/profbuf/parameters/max_memory_mb

/tmp/split 600 >/dev/null &
split=$!
$profbuf record -q -F 999 -o /dev/null &
record=$!
session_runs
sleep 1
$profbuf stat >/tmp/stat
[ $? = 0 ] && has /tmp/stat '^1 sessions' && has /tmp/stat '^ticks [0-9]{2,} = delivered [0-9]+ .*: adds up'
ok stat_sees_a_running_session_and_adds_up
$profbuf stat --by-cpu >/tmp/stat
[ $? = 0 ] && has /tmp/stat '^CPU 0: ticks .*: adds up' && has /tmp/stat '^CPU 1: ticks .*: adds up' &&
	has /tmp/stat '^all: ticks .*: adds up'
ok stat_by_cpu
before=$(cat $sysfs/ticks)
$profbuf stat -i 0.3 -n 3 --json >/tmp/stat
[ $? = 0 ] && passed=$(($(cat $sysfs/ticks) - before)) python3 -c 'import json, os
rounds = [json.loads(line) for line in open("/tmp/stat")]
assert len(rounds) == 3
for r in rounds:
    parts = sum(v for k, v in r.items() if k.startswith("skipped_")) + r["delivered"] + r["lost"] + r["missed"]
    assert r["adds_up"] and r["sessions"] == 1 and parts == r["ticks"]
ticks, seconds = (sum(r[k] for r in rounds) for k in ("ticks", "seconds"))
# After one that was late, the next comes early.
assert seconds > 0.5 and 0 < ticks <= int(os.environ["passed"]), rounds'
ok stat_intervals_are_differences
kill -INT $record
wait $record
$profbuf stat --json >/tmp/stat && python3 -c 'import json
s = json.load(open("/tmp/stat"))
assert s["sessions"] == 0 and s["exact"] and s["cpus"] == []'
ok stat_is_exact_when_nothing_runs
$profbuf stat -i 0.2 >/tmp/stat &
sleep 1
kill -INT $!
wait $! && has /tmp/stat '^0\.2 s, 0 sessions$'
ok stat_ends_at_a_signal
$profbuf stat >/dev/full 2>/tmp/err
[ $? = 1 ] && has /tmp/err 'cannot write the output'
ok stat_to_a_full_disk_is_an_error

# Files that are not the module's.
mkdir /tmp/sysfs && (cd $sysfs/ && for f in ticks delivered lost missed sessions skipped_*; do echo 0 >/tmp/sysfs/"$f"; done)
mount --bind /tmp/sysfs $sysfs/
echo 10 >/tmp/sysfs/ticks && echo 9 >/tmp/sysfs/delivered
$profbuf stat >/tmp/stat
[ $? = 1 ] && has /tmp/stat 'DOES NOT ADD UP: 10 to 10 ticks'
ok stat_says_what_does_not_add_up
echo 1 >/tmp/sysfs/skipped_later
$profbuf stat >/tmp/stat
[ $? = 0 ] && has /tmp/stat '^ticks 10 = delivered 9 \+ lost 0 \+ skipped 1 \(unknown 1\) \+ missed 0: adds up$'
ok stat_counts_causes_of_a_later_module
# None of them is ever empty, as none of the module's is.
(sleep 0.4; for f in ticks=1 delivered=0; do echo "${f#*=}" >/tmp/"${f%=*}"; mv /tmp/"${f%=*}" /tmp/sysfs/; done) &
$profbuf stat -i 0.2 -n 50 >/tmp/stat 2>/tmp/err
[ $? = 1 ] && has /tmp/err 'the module was loaded again'
ok stat_notices_another_module
umount $sysfs/

$profbuf top -b -F 499 -d 4 -i 1 >/tmp/top
[ $? = 0 ] && has /tmp/top '^profbuf top: all CPUs at 499 Hz, hrtimer; last [4-9]\.[0-9] s: [0-9]+ samples$' &&
	has /tmp/top '^ticks [0-9]+ = delivered' &&
	awk '$4 == "split" && $3 ~ /^(half|third|fifth)$/ { self[$3] = $1 }
		END { exit !(self["half"] > self["third"] && self["third"] > self["fifth"] && self["fifth"] > 0) }' /tmp/top
ok top_shows_half_more_than_third_more_than_fifth
# split's functions call nothing, so gcc gives them no frame, and who called them is found one further out.
$profbuf top -b -n 1000 -F 499 -d 2 -i 1 >/tmp/all
awk '$3 == "__libc_start_call_main" { found = $1 < 1 && $2 > 50 } END { exit !found }' /tmp/all &&
	[ "$(grep -c '^ *[0-9]' /tmp/top)" -le 20 ] || { sed 's/^/# /' /tmp/top /tmp/all; false; }
ok top_has_callers_and_a_limit
$profbuf top -b -F 499 -d 1 -i 3 -n 1 -p $split --by process >/tmp/top
[ "$(grep -c '^profbuf top: process' /tmp/top)" = 3 ] && [ "$(grep -c "^  100.00   100.00  split ($split)$" /tmp/top)" = 3 ]
ok top_of_a_process_three_times
$profbuf top -b -d 1 -i 1 -C 0-1 --by cpu >/tmp/top && has /tmp/top '  CPU [01]$' && has /tmp/top 'CPUs 0-1 at'
ok top_by_cpu
$profbuf top -b -d 1 -i 1 --by thread >/tmp/top && has /tmp/top "  split \($split/$split\)$"
ok top_by_thread
$profbuf top -b -d 1 -i 1 --by object --no-kernel >/tmp/top && has /tmp/top '  split$' && ! grep -q '\[kernel\]' /tmp/top
ok top_by_object_without_the_kernel
$'/tmp/odd\e[31m' 600 >/dev/null &
odd=$!
$profbuf top -b -F 499 -d 2 -i 1 --by process >/tmp/top
kill $odd
has /tmp/top 'odd\?\[31m \(' && ! grep -q $'\e' /tmp/top
ok top_prints_no_control_characters
$profbuf top -b -d 0.3 >/dev/full 2>/tmp/err
[ $? = 1 ] && has /tmp/err 'cannot write the output'
ok top_to_a_full_disk_is_an_error
$profbuf top -b -d 0.3 >/tmp/top &
session_runs
sleep 1
kill -TERM $!
wait $! && has /tmp/top 'samples$'
ok top_ends_at_a_signal
$profbuf top -b -p 4000000 2>/tmp/err
[ $? = 1 ] && has /tmp/err 'no such process'
ok top_of_nobody_is_an_error

python3 tests/module/terminal.py $profbuf >/tmp/terminal 2>&1
status=$?
tap_take /tmp/terminal
[ "$status" = 0 ]
ok terminal_tests_ran_to_the_end

"$BIN/live" >/tmp/live && has /tmp/live "^CPU [01], pid $split: 0x[0-9a-f]+$"
ok example_live
$profbuf record -q -F 499 -d 1 -p $split -o /tmp/profile && "$BIN/leaves" /tmp/profile >/tmp/leaves &&
	has /tmp/leaves "^CPU [01], pid $split: 0x[0-9a-f]+$" && has /tmp/leaves '^[0-9]+ samples: all ticks are accounted for$'
ok example_leaves
timeout 2 cat /dev/profbuf | python3 user/examples/read.py - >/tmp/read && has /tmp/read "%  +$split  split$" && has /tmp/read '^[0-9]+ samples, 0 lost$'
ok example_read_of_the_device
$profbuf record --raw -q -F 499 -d 1 -p $split -o /tmp/raw && python3 user/examples/read.py /tmp/raw >/tmp/read &&
	has /tmp/read '^([0-9]+) ticks, \1 accounted for$'
ok example_read_of_a_file_adds_up
kill $split
[ "$(cat $sysfs/sessions)" = 0 ]
ok no_session_is_left
tap_end
