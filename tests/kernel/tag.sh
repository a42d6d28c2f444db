#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tag.sh - whose work it was, from end to end: a program with libprofbuf-tag, profbuf tag, record and report; TAP
n=0
result() {
	local status=$?
	n=$((n + 1))
	if [ "$status" = 0 ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; fi
}
profbuf=$BIN/../../user/profbuf

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
result the_report_by_tenant_agrees_with_the_servers_own_accounting_within_3_points
"$profbuf" report --by tag:tenant /tmp/tenants.profbuf >/tmp/report
sed 's/^/# /' /tmp/report
grep -qE '^#.*% .*(no|without).*tenant' /tmp/report
result the_report_says_how_much_had_no_tenant
"$profbuf" report --by tag --tag tenant=acme /tmp/tenants.profbuf >/tmp/report
grep -q 'tenant=acme' /tmp/report && ! grep -q 'tenant=globex' /tmp/report
result a_filter_by_tag

"$BIN/split" 600 &
split=$!
"$profbuf" tag $split job=nightly shift=3 && "$profbuf" record -q -a -F 499 -d 2 -o /tmp/outside &&
	"$profbuf" report --by tag /tmp/outside >/tmp/report && grep -qE '^ +[1-9].* job=nightly, shift=3' /tmp/report
result a_process_is_tagged_from_outside
"$profbuf" tag -d $split && "$profbuf" record -q -a -F 499 -d 1 -o /tmp/outside &&
	"$profbuf" report --by tag /tmp/outside >/tmp/report && ! grep -q nightly /tmp/report
result and_the_tag_removed
kill $split
wait $split 2>/dev/null
! "$profbuf" tag $split job=late 2>/tmp/err && grep -q 'there is no process' /tmp/err
result a_process_that_has_gone_is_an_error
[ "$(cat /sys/class/misc/profbuf/tagged)" = 0 ]
result nothing_stays_tagged
echo "1..$n"
