#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# agree.sh - perf and profbuf sample the same work at the same time and rate: the hottest symbols agree; TAP
#
# Both by a clock in the kernel, whole system; compared is the work: a program with a known split of user time, and reads
# and writes that keep the kernel busy.
#
# Not on: *-rt
. "$(dirname "$0")/../tap.sh"
profbuf=$BIN/../../../user/profbuf
echo 0 >/proc/sys/kernel/kptr_restrict
echo -1 >/proc/sys/kernel/perf_event_paranoid
# On a busy host perf would take its samples for too slow, and leave some of them out.
echo 0 >/proc/sys/kernel/perf_cpu_time_max_percent

"$BIN/split" 600 &
split=$!
while :; do dd if=/dev/zero of=/tmp/zeros bs=1M count=32 2>/dev/null; done &
dd=$!
sleep 1
# perf takes its time to begin and to end, so it is what runs profbuf.
perf record -q -a -g -k CLOCK_MONOTONIC -e cpu-clock -F 499 -o /tmp/perf.data -- \
	"$profbuf" record -q -a -F 499 -d 20 -o /tmp/profile 2>/tmp/perf.err
kill "$split" "$dd"
perf script -i /tmp/perf.data -G -F comm,time,ip,sym >/tmp/perf.txt 2>>/tmp/perf.err
"$profbuf" script /tmp/profile >/tmp/profbuf.txt
python3 - <<'END'
import collections, re, sys

# (time, symbol) of the samples of the work, not of the profilers.
WORK = ("split", "dd")

def perf():
    for line in open("/tmp/perf.txt"):
        m = re.match(r"\s*(\S+)\s+([\d.]+):\s+[0-9a-f]+ (.*)", line)
        if m and m[1] in WORK:
            yield float(m[2]), m[3].strip()

def profbuf():
    event = None
    for line in open("/tmp/profbuf.txt"):
        m = re.match(r"(\S+)\s+\S+\s+\[\d+\]\s+([\d.]+):", line)
        if m:
            event = m
        elif event and line.strip():
            if event[1] in WORK:
                symbol = line.split()[1]
                yield float(event[2]), "[unknown]" if symbol.startswith("[") else symbol.split("+0x")[0]
            event = None

a, b = list(perf()), list(profbuf())
start, end = max(min(a)[0], min(b)[0]), min(max(a)[0], max(b)[0])
a, b = (collections.Counter(s for t, s in x if start <= t <= end) for x in (a, b))
p, q = sum(a.values()), sum(b.values())
print("# %.1f s, perf %d samples, profbuf %d" % (end - start, p, q))
worst = 0
for symbol in dict(a.most_common(10)) | dict(b.most_common(10)):
    x, y = 100 * a[symbol] / p, 100 * b[symbol] / q
    worst = max(worst, abs(x - y))
    print("# %6.2f %6.2f  %s" % (x, y, symbol))
print("# largest difference %.2f points" % worst)
sys.exit(not (worst <= 3 and p > 5000 and q > 5000 and a["half"] and any(s.startswith("clear_") for s in a)))
END
ok the_ten_hottest_symbols_agree_within_3_points
[ ! -s /tmp/perf.err ] || sed 's/^/# /' /tmp/perf.err
tap_end
