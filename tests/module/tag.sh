#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tag.sh - whose work it was, from end to end: a program with libprofbuf-tag, profbuf tag, record and report; TAP
#
# Runs on: 6.1 kasan kcsan gcov
. "$(dirname "$0")/../tap.sh"
profbuf=$BIN/../../../user/profbuf

# agrees PROFILE OUTPUT: the report by tenant and what the server has measured itself
agrees() {
	"$profbuf" report --by tag:tenant --json "$1" >/tmp/report.json && python3 - "$2" <<'END'
import json, sys

own = {l.split()[1]: float(l.split()[3]) for l in open(sys.argv[1]) if l.startswith("tenant ")}
rows = {r["name"]: r["self"] for r in json.load(open("/tmp/report.json"))["rows"]}
total = sum(rows.get(name, 0) for name in own)
print("# %d samples with a tenant, of %d" % (total, sum(rows.values())))
worst = 0
for name, share in own.items():
    seen = rows.get(name, 0) / max(total, 1)
    worst = max(worst, abs(seen - share))
    print("# %-8s own accounting %6.2f %%, profile %6.2f %%" % (name, 100 * share, 100 * seen))
sys.exit(not (len(own) == 3 and total > 5000 and worst <= 0.03))
END
}

# The server runs as nobody: it has no right to the device, and needs none.
setpriv --reuid 65534 --regid 65534 --clear-groups "$BIN/tenants" 24 2 >/tmp/tenants &
server=$!
sleep 0.3
"$profbuf" record -q -F 249 -d 26 -p $server -o /tmp/tenants.profbuf
wait $server
agrees /tmp/tenants.profbuf /tmp/tenants
ok the_report_by_tenant_agrees_with_the_servers_own_accounting_within_3_points
"$profbuf" report --by tag:tenant /tmp/tenants.profbuf >/tmp/report
sed 's/^/# /' /tmp/report
grep -qE '^#.*% .*(no|without).*tenant' /tmp/report
ok the_report_says_how_much_had_no_tenant
"$profbuf" report --by tag --tag tenant=acme /tmp/tenants.profbuf >/tmp/report
grep -q 'tenant=acme' /tmp/report && ! grep -q 'tenant=globex' /tmp/report
ok a_filter_by_tag

# part PROFILE LABEL VALUE LOW HIGH: the share of the samples with that label, in percent. A machine that has much else to
# do leaves out ticks, and has its time when it likes: so these are no narrow bounds.
part() {
	"$profbuf" report --by "tag:$2" --json "$1" | python3 -c 'import json, sys
r = json.load(sys.stdin)
rows = {x["name"]: x["self"] for x in r["rows"]}
share = 100 * rows.get(sys.argv[1], 0) / max(r["samples"], 1)
print("# %d samples, %.1f %% with %s: %s" % (r["samples"], share, sys.argv[1], rows))
sys.exit(not (r["samples"] >= 30 and float(sys.argv[2]) <= share <= float(sys.argv[3])))' "$3" "$4" "$5"
}

# OpenTelemetry's contexts, as another maker's program has them: the key names come from the process context.
"$profbuf" record -q -F 499 --no-kernel -o /tmp/context -- "$BIN/context" 2
part /tmp/context http.route /pay 50 100 && part /tmp/context tenant acme 50 100
ok the_thread_context_of_opentelemetry_is_reported_with_the_key_names_of_its_process_context
# Libraries that come when the recording runs, with the variable in a place of each thread's own, and in a fixed one.
"$profbuf" record -q -F 499 --no-kernel -o /tmp/loader -- "$BIN/loader" 1.5 otel "$BIN/otel.so"
part /tmp/loader http.route /pay 15 85
ok a_library_with_a_thread_context_that_is_loaded_during_the_recording
"$profbuf" record -q -F 499 --no-kernel -o /tmp/loader -- "$BIN/loader" 1.5 labels "$BIN/labels.so"
part /tmp/loader tenant acme 15 85
ok a_library_with_libprofbuf_tag_that_is_loaded_during_the_recording

# Whoever may see all samples may yet have no right to the memory of other users' processes: that is said, if it is so.
setpriv --reuid 65534 --regid 65534 --clear-groups "$BIN/split" 600 &
split=$!
sleep 0.2
setpriv --bounding-set -sys_ptrace "$profbuf" record -p $split -F 499 -d 1 -o /tmp/rights 2>/tmp/err
kill $split
wait $split 2>/dev/null
sed 's/^/# /' /tmp/err
[ "$(grep -c 'in time, or at all: [1-9][0-9]*: no right to read /proc/PID/mem' /tmp/err)" = 1 ] &&
	"$profbuf" record -d 0.2 -a -o /tmp/rights 2>/tmp/err && grep -q ' = delivered ' /tmp/err && ! grep -q 'no right' /tmp/err
ok record_says_that_it_had_no_right_to_look_for_tags

"$BIN/split" 600 &
split=$!
"$profbuf" tag $split job=nightly shift=3 && "$profbuf" record -q -a -F 499 -d 2 -o /tmp/outside &&
	"$profbuf" report --by tag /tmp/outside >/tmp/report && grep -qE '^ +[1-9].* job=nightly, shift=3' /tmp/report
ok a_process_is_tagged_from_outside
"$profbuf" tag -d $split && "$profbuf" record -q -a -F 499 -d 1 -o /tmp/outside &&
	"$profbuf" report --by tag /tmp/outside >/tmp/report && ! grep -q nightly /tmp/report
ok and_the_tag_removed
kill $split
wait $split 2>/dev/null
! "$profbuf" tag $split job=late 2>/tmp/err && grep -q 'there is no process' /tmp/err
ok a_process_that_has_gone_is_an_error
[ "$(cat /sys/class/misc/profbuf/tagged)" = 0 ]
ok nothing_stays_tagged
"$profbuf" stat --json | python3 -c 'import json, sys; sys.exit(json.load(sys.stdin)["tagged_lost"] != 0)' &&
	"$profbuf" info --json | python3 -c 'import json, sys; sys.exit(json.load(sys.stdin)["tagged_lost"] != 0)'
ok what_was_not_inherited_is_shown
tap_end
