#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# generate_pprof.py - pprof files made by hand: what Go's runtime does not write
#
# usage: generate_pprof.py FILE KIND
#
# KIND: good (two programs, kernel frames, an inlined function, huge counts, a negative one, ids in no order, a deep
# stack), heap (the same, of bytes only), labels (one sample with 20 more labels, of 2,000 bytes), or what is wrong with it:
# location, mapping, function, values, strings, types.

import gzip
import sys


def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(**fields):
    """Fields named f1, f2, ...; a list is repeated."""
    out = b""
    for name, values in fields.items():
        for value in values if isinstance(values, list) else [values]:
            out += field(int(name[1:]), value)
    return out


strings = [""]


def s(text):
    if text not in strings:
        strings.append(text)
    return strings.index(text)


def label(key, value):
    return message(f1=s(key), f2=s(value)) if isinstance(value, str) else message(f1=s(key), f3=value)


kind = sys.argv[2]
KERNEL = 0xffffffff81000000
value = lambda n: [n * 1000, n] if kind not in ("values", "heap") else [n]


def sample(locations, n, **labels):
    """Packed, as proto3 has it, and values as older writers have them."""
    return message(f1=b"".join(varint(l) for l in locations), f2=value(n), f3=[label(k, v) for k, v in labels.items()])


types = [message(f1=s("cpu"), f2=s("nanoseconds")), message(f1=s("samples"), f2=s("count"))]
period_type = types[0]
if kind == "heap":
    types = [message(f1=s("inuse_space"), f2=s("bytes"))]
    period_type = message(f1=s("space"), f2=s("bytes"))
mappings = [message(f1=70, f2=0x400000, f3=0x500000, f5=s("/opt/bin/server")),
            message(f1=3, f2=KERNEL, f3=KERNEL + 0x1000000, f5=s("[kernel]")),
            message(f1=9, f2=0x700000, f3=0x800000, f5=s("/opt/lib/libnone.so"), f6=s("0011223344"))]
functions = [message(f1=5, f2=s("main"), f3=s("main"), f4=s("server.c")),
             message(f1=2, f2=s("helper"), f4=s("helper.h")),
             message(f1=8, f2=s("work(int)"), f3=s("_Z4worki"), f4=s("server.c")),
             message(f1=1, f2=s("sys_read"))]
locations = [message(f1=11, f2=70, f3=0x401000, f4=message(f1=5, f2=10)),
             # helper is inlined into work
             message(f1=4, f2=70, f3=0x402000, f4=[message(f1=2, f2=3), message(f1=8, f2=20)]),
             message(f1=6, f2=3, f3=KERNEL + 0x10, f4=message(f1=1)),
             message(f1=7, f2=9, f3=0x700100)]
samples = [sample([6, 4, 11], 4000000000000, pid=10, tid=11, comm="server", thread="worker", tenant="acme"),
           sample([4, 11], 3000000000000, pid=10, tid=10, comm="server"),
           sample([7, 11], 2000000000000, pid=20, tid=20, comm="another program of a long name"),
           sample([11], 1000000000000),
           sample([11], -5),
           sample([], 0),
           sample([11] * 5000, 1)]
if kind == "location":
    samples.append(sample([12], 1))
elif kind == "mapping":
    locations.append(message(f1=12, f2=71, f3=1, f4=message(f1=5)))
elif kind == "function":
    locations.append(message(f1=12, f2=70, f3=1, f4=message(f1=6)))
elif kind == "labels":
    samples.append(sample([11], 1, **{f"key{i}": 100 * "v" + str(i) for i in range(20)}))
elif kind == "types":
    types = []
elif kind == "strings":
    strings[0] = "x"
data = message(f1=types, f2=samples, f3=mappings, f4=locations, f5=functions,
               f6=[text.encode() for text in strings], f9=1700000000 * 10**9, f10=2 * 10**9, f11=period_type,
               f12=1000)
with open(sys.argv[1], "wb") as f:
    f.write(data if kind == "plain" else gzip.compress(data))
