#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# short.sh - a thousand processes of 5 ms: from the stored file each has the symbols of its program, after it has gone; TAP
#
# Runs on: 6.1 kasan kcsan gcov
. "$(dirname "$0")/../tap.sh"
profbuf=$BIN/../../../user/profbuf

"$profbuf" record -q -F 999 --buffer 4096 -o /tmp/short -- "$BIN/brief" 1000
ok a_thousand_processes_are_recorded
"$profbuf" export -f json /tmp/short >/tmp/json && "$profbuf" report --json --by process /tmp/short >/tmp/report &&
	python3 - <<'END'
import json, sys
p, report = json.load(open("/tmp/json")), json.load(open("/tmp/report"))
symbols, programs = p["symbols"], p["programs"]
sampled, named, alive, rows, wrong = set(), set(), set(), set(), []
for stack in p["stacks"]:
    program = programs[stack["program"]]
    rows.add(stack["program"])
    # The recorder's child, before it was the first.
    if program["comm"] == "profbuf":
        continue
    sampled.add(program["pid"])
    # The innermost: the program is static, all its code is its own but for the vdso's.
    user = [symbols[f] for f in stack["frames"] if not symbols[f]["kernel"]]
    if not user or user[0]["object"] == "[vdso]":
        continue
    if program["comm"] != "brief" or user[0]["unknown"] or user[0]["object"] != "brief":
        wrong.append((program["comm"], program["pid"], user[0]["name"], user[0]["object"], user[0]["start"],
                      stack["samples"]))
        continue
    named.add(program["pid"])
    if user[0]["name"] == "live":
        alive.add(program["pid"])
a = p["accounting"]
print(f"# {a['sum']['samples']} samples of {len(sampled)} processes, {len(named)} with names, {len(alive)} in live; wrong:",
      wrong[:10], "descriptions lost:", a["sideband_lost"])
# Not one without its mappings, or the stream says so.
assert len(wrong) <= a["sideband_lost"] and len(named) <= 1001
assert a["verdict"] == "exact" and not a["sum"]["lost"], a["sum"]
assert len(report["rows"]) == len(rows) and sum(r["self"] for r in report["rows"]) == a["sum"]["samples"]
# A busy machine lets some of them end without a sample at work.
if len(alive) <= 900:
    sys.exit(3)
END
status=$?
if [ "$status" = 3 ]; then
	starved every_one_that_was_sampled_has_the_symbols_of_its_program
else
	ok every_one_that_was_sampled_has_the_symbols_of_its_program "$status"
fi
tap_end
