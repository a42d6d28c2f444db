#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# record.sh - profbuf record on the real device: what it stores, and what is left when something goes wrong; TAP
#
# Runs on: 6.1 kasan kcsan gcov
. "$(dirname "$0")/../tap.sh"
profbuf=$BIN/../../../user/profbuf

# Waits for it: a recorder needs time to begin.
session_runs() {
	until [ "$(cat /sys/class/misc/profbuf/sessions)" = 1 ]; do sleep 0.1; done
}

# is_exact FILE: the accounting adds up, and there are samples
is_exact() {
	"$profbuf" report --by cpu "$1" >/tmp/report 2>/tmp/err
	grep -q ': adds up, on every CPU$' /tmp/report && grep -qE '^# [1-9][0-9]* samples' /tmp/report && ! [ -s /tmp/err ]
}

"$profbuf" record -q -a --idle -F 499 -d 1 -o /tmp/compact && is_exact /tmp/compact &&
	[ "$(od -An -tx1 -N4 /tmp/compact)" = ' 28 b5 2f fd' ]
ok a_file_is_compact_and_exact
"$profbuf" record -q -a --idle -F 499 -d 1 --raw -o /tmp/raw && is_exact /tmp/raw &&
	[ "$(od -An -c -j24 -N7 /tmp/raw | tr -d ' ')" = profbuf ]
ok a_raw_file_is_the_stream_and_exact
"$profbuf" record -q -a --idle -F 499 -d 1 -o - | cat >/tmp/pipe && is_exact /tmp/pipe &&
	[ "$(od -An -c -j24 -N7 /tmp/pipe | tr -d ' ')" = profbuf ]
ok a_pipe_gets_the_stream_and_all_of_it

"$profbuf" record -q -a --idle -F 499 -o /tmp/ended &
pid=$!
session_runs
sleep 2
kill -INT "$pid" && wait "$pid" && is_exact /tmp/ended
ok an_interrupt_ends_the_file_well

"$profbuf" record -q -a --idle -F 499 -o /tmp/killed &
pid=$!
session_runs
sleep 6
kill -KILL "$pid"
wait "$pid" 2>/dev/null
# All but the last two seconds or so: one until the device gives it, one until the file does.
"$profbuf" report --timeline=1s /tmp/killed >/tmp/report 2>/tmp/err
sed 's/^/# /' /tmp/report
grep -q 'the recording was cut short' /tmp/report && grep -q 'damaged or cut off' /tmp/err &&
	[ "$(grep -cE '^ +[0-9]\.000 +[1-9]' /tmp/report)" -ge 3 ]
ok a_killed_recorder_leaves_what_is_older_than_a_second

# parts FILE: each is exact, the last has the counters, which are of all of them, and no other file is there
parts() {
	local part samples=0 lost=0 n last=0
	for part in "$1".*; do
		"$profbuf" report --json "$part" >/tmp/json 2>/tmp/err && ! [ -s /tmp/err ] || return 1
		n=$(python3 -c 'import json
r = json.load(open("/tmp/json"))
assert r["exact"] and r["complete"] and r["part"] == '$((last + 1))'
assert not [x for x in r["rows"] if x["name"] == "[kernel]"]
print(r["samples"], r["lost"], r["counters"]["delivered"], r["counters"]["lost"])') || return 1
		! "$profbuf" report --by process "$part" | grep -E ' :[0-9]+ \(' || return 1
		# shellcheck disable=SC2086
		set -- "$1" $n
		samples=$((samples + $2)) lost=$((lost + $3)) last=$((last + 1))
		[ "$part" = "$1.$(printf %04u $last)" ] || return 1
	done
	echo "# $last parts, $samples samples, $lost lost; counted: $4 and $5"
	[ "$samples" = "$4" ] && [ "$lost" = "$5" ] && [ "$last" -ge 3 ]
}
# The process is described once, in the first part.
bash -c 'while :; do :; done' &
spinner=$!
sleep 0.5
began=$EPOCHREALTIME
"$profbuf" record -q -a --idle -F 499 -d 3.5 --rotate 1s -o /tmp/rotated &&
	ended=$EPOCHREALTIME && parts /tmp/rotated && [ ! -e /tmp/rotated ] &&
	[ "$(od -An -tx1 -N4 /tmp/rotated.0003)" = ' 28 b5 2f fd' ]
ok rotation_by_time_has_every_sample_in_one_part
# Seconds and rate are those of the part: together they give its samples, and they begin with it: all parts together take
# no longer than the recording. How many samples an emulated machine misses, and how late its recorder is, is its own.
for part in /tmp/rotated.000[12]; do
	"$profbuf" report --by process "$part" >/tmp/report && grep -q "  bash ($spinner)" /tmp/report &&
		grep -qE '^# [0-9.]+ s at 499 Hz, hrtimer; [0-9.]+ samples a second of each of 2 CPUs$' /tmp/report &&
		awk '/ s at 499 Hz/ { all = $2 * $8 * 2 } / samples, .* lost in / { n = $2 }
			END { exit !(n > 50 && all > 0.85 * n && all < 1.15 * n) }' /tmp/report &&
		grep -q 'part [12] of a recording: all its samples and losses' /tmp/report ||
		{ sed 's/^/# /' /tmp/report; broken=1; break; }
done
[ "$broken" = 0 ] && for part in /tmp/rotated.*; do "$profbuf" report "$part"; done |
	awk -v from="$began" -v to="$ended" '/ s at 499 Hz/ { all += $2; print } END { exit !(all > 1 && all < to - from) }'
ok each_part_is_of_its_time_and_knows_the_process
"$profbuf" record -q -a --idle -F 4999 -d 3 --buffer 4 --stack 10 --rotate 64K --raw -o /tmp/sized && parts /tmp/sized &&
	[ "$(od -An -c -j24 -N7 /tmp/sized.0002 | tr -d ' ')" = profbuf ] && [ "$(stat -c %s /tmp/sized.0001)" -ge 65536 ]
ok rotation_by_size_with_losses
"$profbuf" record -a -q -F 499 --rotate 1s -o /tmp/command -- bash -c 'sleep 2.5; exit 3'
[ $? = 3 ] && parts /tmp/command
ok rotation_with_a_command
mkdir -p /tmp/small && mount -t tmpfs -o size=64k none /tmp/small
"$profbuf" record -q -a --idle -F 999 --rotate 1s -d 30 --raw -o /tmp/small/x 2>/tmp/err
[ $? = 1 ] && grep -qE '/tmp/small/x.000[12]: No space left' /tmp/err
ok rotation_onto_a_full_disk_is_an_error
umount /tmp/small
kill $spinner
wait $spinner 2>/dev/null

# A spinner on each CPU, and one with two threads: a mask or a filter that is ignored has samples of the others.
taskset -c 0 bash -c 'while :; do :; done' &
first=$!
taskset -c 1 bash -c 'while :; do :; done' &
second=$!
sleep 0.5
for cpu in 0 1; do
	"$profbuf" record -q -a --idle -F 499 -d 1 -C $cpu -o /tmp/cpu && is_exact /tmp/cpu &&
		"$profbuf" report --by cpu --json /tmp/cpu >/tmp/json && python3 -c 'import json
r = json.load(open("/tmp/json"))
assert [x["name"] for x in r["rows"]] == ["CPU '$cpu'"], r["rows"]
assert r["samples"] > 20, r["samples"]' || { broken=1; break; }
done
ok only_the_cpus_that_were_asked_for
"$profbuf" record -q -F 499 -d 1 -C 1 -p $second -o /tmp/both && is_exact /tmp/both &&
	"$profbuf" record -q -F 499 -d 1 -C 0 -p $second -o /tmp/neither && "$profbuf" report /tmp/neither >/tmp/report &&
	grep -q '^# 0 samples' /tmp/report
ok cpus_and_a_process_are_one_condition
kill $first $second
wait $first $second 2>/dev/null
python3 -c 'import threading
def spin():
    while True:
        pass
threading.Thread(target=spin, daemon=True).start()
spin()' &
threads=$!
until grep -q "^Threads:.*2$" /proc/$threads/status; do sleep 0.1; done
for task in /proc/$threads/task/*; do
	tid=${task##*/}
	"$profbuf" record -q -F 499 -d 1 -t "$tid" -o /tmp/thread && is_exact /tmp/thread &&
		"$profbuf" report --by thread --json /tmp/thread >/tmp/json && python3 -c 'import json
r = json.load(open("/tmp/json"))
assert len(r["rows"]) == 1 and r["rows"][0]["name"].endswith(" ('$threads'/'"$tid"')"), r["rows"]' || { broken=1; break; }
done
ok only_the_thread_that_was_asked_for
kill $threads
wait $threads 2>/dev/null

# A spinner in a cgroup below the one that is asked for, and one that is in none of them.
outer=/sys/fs/cgroup/record
mkdir -p $outer/inner
bash -c 'echo $$ >/sys/fs/cgroup/record/inner/cgroup.procs; while :; do :; done' &
inside=$!
bash -c 'while :; do :; done' &
outside=$!
sleep 0.5
"$profbuf" record -q -F 499 -d 1 --cgroup record -o /tmp/cgroup && is_exact /tmp/cgroup &&
	"$profbuf" report --by process /tmp/cgroup >/tmp/report && grep -q "^  100.00   100.00  bash ($inside)" /tmp/report
ok a_cgroup_has_its_processes_and_those_below
"$profbuf" top -b -F 499 -d 1 -i 1 --by process --cgroup $outer/inner >/tmp/top &&
	grep -q "^  100.00   100.00  bash ($inside)" /tmp/top && grep -q "^profbuf top: cgroup $outer/inner at" /tmp/top
ok top_of_a_cgroup
kill $inside $outside
wait $inside $outside 2>/dev/null
rmdir $outer/inner $outer

# Code made at run time, in each kind of memory that virtual machines use for it: it counts down from 2^18.
python3 -c 'import ctypes, mmap, os
anonymous, shared, memfd = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, mmap.MAP_SHARED
file = os.memfd_create("doublemapper")
os.truncate(file, 4096)
loops, names = [], ""
for name, fd, flags in ("anonymous", -1, anonymous), ("shared", -1, shared), ("memfd", file, memfd):
    code = mmap.mmap(fd, 4096, flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb9\0\0\4\0" b"\xff\xc9" b"\x75\xfc" b"\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    loops.append((code, ctypes.CFUNCTYPE(None)(address)))
    names += f"{address:x} a jit_{name}\n"
with open(f"/tmp/perf-{os.getpid()}.map", "w") as f:
    f.write(names)
while True:
    for code, loop in loops:
        loop()' &
jit=$!
until [ -s /tmp/perf-$jit.map ]; do sleep 0.1; done
sleep 0.5
"$profbuf" record -q -F 499 -d 1 -p $jit -o /tmp/jit
kill -KILL $jit
wait $jit 2>/dev/null
rm /tmp/perf-$jit.map
is_exact /tmp/jit && "$profbuf" report --json /tmp/jit >/tmp/json && python3 -c 'import json
r = json.load(open("/tmp/json"))
own = {x["name"]: x["self"] for x in r["rows"]}
for kind in "anonymous", "shared", "memfd":
    assert own.get("jit_" + kind, 0) > r["samples"] * 0.15, r["rows"]'
ok code_made_at_run_time_has_its_names_after_the_process

# The command outlived a recorder that ended first; and the profile from before was gone when no recording began.
"$profbuf" record -q -a -F 499 -d 1 -o /tmp/timed -- sleep 31.25 && is_exact /tmp/timed && ! pgrep -f '^sleep 31.25$'
ok the_command_ends_with_the_time_of_the_recording
echo keep >/tmp/kept
"$profbuf" record -q -F 499 -d 1 --buffer 262144 -o /tmp/kept 2>/tmp/err
[ $? = 1 ] && [ "$(cat /tmp/kept)" = keep ]
ok a_recording_that_does_not_begin_leaves_the_file

"$profbuf" record -q -a --idle -F 499 -d 3 -o /dev/full 2>/tmp/err
[ $? = 1 ] && grep -q '/dev/full: No space left' /tmp/err
ok a_full_disk_is_an_error
mkdir -p /tmp/small && mount -t tmpfs -o size=32k none /tmp/small
"$profbuf" record -q -a --idle -F 4999 -d 30 -o /tmp/small/x 2>/tmp/err
[ $? = 1 ] && grep -q 'No space left' /tmp/err && "$profbuf" report /tmp/small/x >/tmp/report 2>/dev/null &&
	grep -qE '^# [1-9][0-9]{2,} samples' /tmp/report
ok a_disk_that_gets_full_keeps_what_was_written
umount /tmp/small
{ "$profbuf" record -q -a --idle -F 499 -d 30 -o - 2>/tmp/err; echo $? >/tmp/status; } | head -c 4096 >/dev/null
[ "$(cat /tmp/status)" = 1 ] && grep -q 'Broken pipe' /tmp/err
ok a_reader_that_goes_away_is_an_error
tap_end
