#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# module.sh - the module comes and goes: refused while open, with a CPU off, a hundred times; its parameters; TAP
. "$(dirname "$0")/../tap.sh"
params=/sys/module/profbuf/parameters

exec 3</dev/profbuf
{ ! rmmod profbuf 2>/dev/null && [ "$(cat /sys/module/profbuf/refcnt)" = 1 ]; }
ok unload_is_refused_while_open
dd if=/dev/profbuf of=/dev/null bs=64k count=1 2>/dev/null
! rmmod profbuf 2>/dev/null
ok unload_is_refused_after_another_session_ran
exec 3<&-
rmmod profbuf
ok unload_after_close

echo 0 >/sys/devices/system/cpu/cpu1/online
counters=/sys/class/misc/profbuf
insmod "$MODULE" && exec 3</dev/profbuf && dd of=/tmp/off bs=64k count=1 <&3 2>/dev/null && [ -s /tmp/off ] && sleep 1 &&
	[ "$(cat $counters/cpu0/ticks)" -gt 20 ] && [ "$(cat $counters/cpu1/ticks)" = 0 ]
ok load_with_a_cpu_off
exec 3<&-
echo 1 >/sys/devices/system/cpu/cpu1/online
rmmod profbuf
ok unload_with_the_cpu_on_again

slab() {
	awk '/^(Slab|VmallocUsed|Percpu):/ { sum += $2 } END { print sum }' /proc/meminfo
}
cycle() {
	insmod "$MODULE" && dd if=/dev/profbuf of=/dev/null bs=64k count=1 2>/dev/null && rmmod profbuf
}
for _ in 1 2 3 4 5; do cycle; done
before=$(slab)
good=0
for _ in $(seq 100); do cycle && good=$((good + 1)); done
after=$(slab)
[ "$good" = 100 ]
ok a_hundred_loads_and_unloads
! [ -e /dev/profbuf ] && ! [ -e /sys/class/misc/profbuf ] && ! grep -q profbuf /proc/modules /proc/misc
ok nothing_is_left_behind
# Less than a page for each load: what grows is the kernel's own.
echo "# $before kB before, $after kB after"
[ $((after - before)) -lt 2000 ]
ok memory_does_not_grow_with_loads

insmod "$MODULE" min_period_us=1000 default_period_us=2000 max_memory_mb=1
[ "$(cat $params/min_period_us)" = 1000 ] && [ "$(cat $params/default_period_us)" = 2000 ]
ok parameters_are_taken
"$BIN/../../../user/profbuf" record -q -F 1001 -d 0.1 -o /tmp/p 2>/tmp/err
[ $? = 1 ] && grep -q '1000 Hz' /tmp/err
ok rate_above_the_floor_is_refused_with_the_floor_in_the_message
"$BIN/../../../user/profbuf" record -q -F 999 --buffer 64 -d 0.1 -o /tmp/p
ok rate_below_the_floor_is_taken
"$BIN/../../../user/profbuf" record -q -F 999 --buffer 1024 -d 0.1 -o /tmp/p 2>/tmp/err
[ $? = 1 ] && grep -q 'max_memory_mb' /tmp/err
ok memory_above_the_limit_is_refused
rmmod profbuf
# A period of zero once divided by zero when the session ended.
refused=0
nonsense=(min_period_us=0 min_period_us=9 min_period_us=1000001 min_period_us=x
	default_period_us=0 default_period_us=9 default_period_us=3600000001 default_period_us=4000000000
	max_memory_mb=0 max_memory_mb=-1 max_memory_mb=1048577 max_overhead_percent=0 max_overhead_percent=101)
for parameter in "${nonsense[@]}"; do
	if insmod "$MODULE" "$parameter" 2>/dev/null; then
		echo "# $parameter was taken"
		rmmod profbuf
	else
		refused=$((refused + 1))
	fi
done
[ "$refused" = ${#nonsense[@]} ]
ok parameters_of_zero_and_other_nonsense_are_refused
# What is next to that is taken: the refusals are of the value.
taken=0
bounds=(min_period_us=10 min_period_us=1000000 default_period_us=10 default_period_us=3600000000 max_memory_mb=1
	max_memory_mb=1048576 max_overhead_percent=1 max_overhead_percent=100)
for parameter in "${bounds[@]}"; do
	insmod "$MODULE" "$parameter" && [ "$(cat "$params/${parameter%=*}")" = "${parameter#*=}" ] && rmmod profbuf &&
		taken=$((taken + 1))
done
[ "$taken" = ${#bounds[@]} ]
ok parameters_at_their_bounds_are_taken
insmod "$MODULE" min_period_us=20000
! (echo 0 >$params/min_period_us) 2>/dev/null && ! (echo 0 >$params/default_period_us) 2>/dev/null &&
	! (echo 0 >$params/max_memory_mb) 2>/dev/null && ! (echo 101 >$params/max_overhead_percent) 2>/dev/null &&
	[ "$(cat $params/min_period_us $params/max_overhead_percent | tr '\n' ' ')" = '20000 5 ' ]
ok parameters_of_zero_are_refused_later_too
dd if=/dev/profbuf of=/tmp/p bs=64k count=1 2>/dev/null
[ "$(od -A n -t u8 -j 48 -N 8 /tmp/p | tr -d ' ')" = 20000000 ]
ok a_floor_above_the_default_period_is_the_default
rmmod profbuf
insmod "$MODULE"
# The next test finds it loaded.
tap_end
