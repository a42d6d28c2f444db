#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""table.py - lines of the module that were run, by file, and those that were not; TAP

usage: table.py DIR FILE	(DIR: the sources; FILE: what gcov --json-format --stdout printed, an object a line)
"""
import json
import os
import sys

LEAST = 95.0

top, path = sys.argv[1:]


def source_of(file):
    """The source of the module by that name, from the top; None: it is the kernel's, or was made by the build."""
    name = os.path.basename(file)
    return next((n for n in (name, "module/" + name) if os.path.exists(os.path.join(top, n))), None)


counts = {}
for text in open(path):
    for unit in json.loads(text)["files"]:
        name = source_of(unit["file"])
        if not name:
            continue
        lines = counts.setdefault(name, {})
        for line in unit["lines"]:
            number = line["line_number"]
            lines[number] = lines.get(number, 0) + line["count"]

total = run = 0
print("# %-24s %6s %6s %7s" % ("file", "lines", "run", ""))
for name, lines in sorted(counts.items()):
    n = sum(1 for count in lines.values() if count)
    total, run = total + len(lines), run + n
    print("# %-24s %6d %6d %6.1f%%" % (name, len(lines), n, 100 * n / max(len(lines), 1)))
share = 100 * run / max(total, 1)
print("# %-24s %6d %6d %6.1f%%" % ("all", total, run, share))
for name, lines in sorted(counts.items()):
    source = open(os.path.join(top, name)).read().split("\n")
    for number in sorted(lines):
        if not lines[number]:
            print("# not run: %s:%d: %s" % (name, number, source[number - 1].strip()))
ok = total > 1000 and share >= LEAST
print("%sok - coverage: %.1f %% of the module's lines, at least %.0f %%" % ("" if ok else "not ", share, LEAST))
sys.exit(not ok)
