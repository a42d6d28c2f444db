# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# parts.sh - what the runs of the library's and of the tool's tests share; source it in the top directory, after tap.sh
#
# The script sets $parts. For each part it has part_NAME(), which runs it, and files NAME prints where its tests are
# written. It ends with run_parts "$@". Programs are built by tests/build.mk, below $dir, for both scripts.

dir=$PWD/build/tests/user
mkdir -p "$dir/corpus" "$dir/fuzzed"

is_part() {
	[[ " $parts " == *" $1 "* ]]
}

# answer OPTION NAME: --list and --has NAME, also for a part
answer() {
	if [ "$1" = --has ] && is_part "$2"; then
		exit 0
	fi
	# shellcheck disable=SC2046
	tap_answer "$1" "$2" $(for part in $parts; do files "$part"; done)
}

# need TARGET...: builds what is not built so far; the other script may do so at the same time
need() {
	# shellcheck disable=SC2086
	flock "$dir/building" make -s -j "$(nproc)" -f tests/build.mk dir="$dir" "${@/#/$dir/}" >"$tap_log" 2>&1 && return
	sed 's/^/# /' "$tap_log"
	echo "not ok - ${tap_of}does not compile"
	exit 1
}

# is_wanted FILE...: one of them has the test, if only one is wanted
is_wanted() {
	[ -z "${TAP_TEST:-}" ] || tap_has "$TAP_TEST" "$@"
}

# run_parts [PART...]: these; or the part or the test TAP_TEST; or all
run_parts() {
	local part
	if [ $# = 0 ] && is_part "${TAP_TEST:-}"; then
		set -- "$TAP_TEST"
		unset TAP_TEST
	fi
	if [ $# = 0 ]; then
		for part in $parts; do
			# shellcheck disable=SC2046
			! is_wanted $(files "$part") || set -- "$@" "$part"
		done
	fi
	if [ $# = 0 ]; then
		echo "run: no such test: $TAP_TEST" >&2
		exit 1
	fi
	for part in "$@"; do
		if ! is_part "$part"; then
			echo "run: no such part: $part (there are: $parts)" >&2
			exit 1
		fi
		"part_$part" || tap_bad=1
	done
	exit "$tap_bad"
}
