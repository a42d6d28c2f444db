#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR MIT
"""read.py - a profile with nothing but read(): what each process runs, and whether the ticks add up

usage: read.py FILE, as record --raw stores it; or: timeout 2 cat /dev/profbuf | read.py -

profbuf_uapi.h says what the records are.
"""
import collections
import struct
import sys

LOST, SAMPLE, INFO, COUNTERS, PROCESS = range(5)
names = {0: "idle"}
samples = collections.Counter()
at = lost = ticks = accounted = 0
with sys.stdin.buffer if sys.argv[1] == "-" else open(sys.argv[1], "rb") as f:
    data = f.read()
if data[24:31] != b"profbuf":
    sys.exit(f"{sys.argv[1]} is not a stream as it is: profbuf record --raw stores one")
while at + 24 <= len(data):
    length, _time, kind = struct.unpack_from("=QQH", data, at)     # in words of 8 bytes
    record = data[at:at + length * 8]
    if length < 3:
        sys.exit(f"damaged at byte {at}")
    if len(record) < length * 8:                                    # cut off
        break
    at += length * 8
    if kind == SAMPLE:
        samples[struct.unpack_from("=I", record, 32)[0]] += 1
    elif kind == LOST:
        lost += struct.unpack_from("=Q", record, 48)[0]
    elif kind == PROCESS:
        names[struct.unpack_from("=I", record, 24)[0]] = record[72:88].split(b"\0")[0].decode(errors="replace")
    elif kind == COUNTERS:                                          # only in a stream that has ended
        counters = struct.unpack_from("=20Q", record, 24)
        ticks += counters[0]
        accounted += sum(counters[1:])
for pid, n in samples.most_common(20):
    print(f"{100 * n / sum(samples.values()):6.2f} %  {pid:7}  {names.get(pid, '?')}")
print(f"{sum(samples.values())} samples, {lost} lost")
if ticks:
    print(f"{ticks} ticks, {accounted} accounted for")
sys.exit(ticks != accounted)
