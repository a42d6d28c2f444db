#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR MIT
"""read.py - a profile with nothing but read(): what each process runs, and whether the ticks add up

usage: read.py [SECONDS | FILE]

Reads /dev/profbuf for so long (1), at the module's rate, or what record --raw stored. profbuf_uapi.h says what the
records are.
"""
import collections
import struct
import sys
import time

LOST, SAMPLE, INFO, COUNTERS, PROCESS = range(5)
RECORD_MAX = 8192


def records(data):
    """(type, CPU, bytes) of each record; the first of its words is its length in words."""
    at = 0
    while at < len(data):
        length, _time, kind, cpu = struct.unpack_from("=QQHH", data, at)
        if length < 3:
            sys.exit(f"damaged at byte {at}")
        yield kind, cpu, data[at:at + length * 8]
        at += length * 8


def read_device(seconds):
    end = time.monotonic() + seconds
    with open("/dev/profbuf", "rb", buffering=0) as device:    # unbuffered: a read gives whole records
        while time.monotonic() < end:
            yield from records(device.read(64 * RECORD_MAX))    # the first read starts the session


def read_file(path):
    with open(path, "rb") as f:
        data = f.read()
    if data[24:31] != b"profbuf":
        sys.exit(f"{path} is not a stream as it is: profbuf record --raw stores one")
    yield from records(data)


argument = sys.argv[1] if len(sys.argv) > 1 else "1"
is_time = argument.replace(".", "", 1).isdigit()
names = {0: "idle"}
samples = collections.Counter()
lost = ticks = accounted = 0
for kind, cpu, record in read_device(float(argument)) if is_time else read_file(argument):
    if kind == SAMPLE:
        samples[struct.unpack_from("=I", record, 32)[0]] += 1
    elif kind == LOST:
        lost += struct.unpack_from("=Q", record, 48)[0]
    elif kind == PROCESS:
        pid = struct.unpack_from("=I", record, 24)[0]
        names[pid] = record[72:88].split(b"\0")[0].decode(errors="replace")
    elif kind == COUNTERS:                                      # only in a stream that has ended
        counters = struct.unpack_from("=20Q", record, 24)
        ticks += counters[0]
        accounted += sum(counters[1:])
for pid, n in samples.most_common(20):
    print(f"{100 * n / sum(samples.values()):6.2f} %  {pid:7}  {names.get(pid, '?')}")
print(f"{sum(samples.values())} samples, {lost} lost")
if ticks:
    print(f"{ticks} ticks, {accounted} accounted for")
sys.exit(ticks != accounted)
