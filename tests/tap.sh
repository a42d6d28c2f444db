# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# tap.sh - tests in shell: what they share; source it
#
#	. tests/tap.sh
#	tap_of='user: commands: '	what the name of each test begins with
#	tap_log=$dir/log		what a command has said, if it says it there: shown if the test fails
#	command that must succeed
#	ok name_of_the_test
#	tap_end
#
# A test is known by its line "ok NAME": nothing else lists it. With TAP_TEST=NAME in the environment a script comes to
# an end after that test, and says of no other test whether it has passed: what is before it is what it needs. A name
# may have variables in it: each of its tests can be named.

tap_n=0 tap_bad=0 broken=0
: "${tap_of:=}" "${tap_log:=}"

# tap_line STATUS TEXT: a line of TAP
tap_line() {
	local not=
	if [ "$1" != 0 ]; then
		tap_bad=1 not='not '
	fi
	tap_n=$((tap_n + 1))
	echo "${not}ok $tap_n - $tap_of$2"
}

# tap_is_wanted NAME: whether to say how it went
tap_is_wanted() {
	[ -z "${TAP_TEST:-}" ] || [ "$1" = "$TAP_TEST" ]
}

# tap_has_run: after a test: was it the only one that is wanted?
tap_has_run() {
	[ -z "${TAP_TEST:-}" ] || tap_end
}

# ok NAME [STATUS]: the last command, or the one with that status, has succeeded. A loop that was left by break has ended
# well: broken=1 before the break says that it did not.
ok() {
	local status=$?
	status=${2:-$status}
	[ "$broken" != 1 ] || status=1
	broken=0
	if ! tap_is_wanted "$1"; then
		[ "$status" = 0 ] || echo "# failed before it: $1"
		return 0
	fi
	if [ "$status" != 0 ] && [ -n "$tap_log" ]; then
		tail -n 40 "$tap_log" | sed 's/^/# /'
	fi
	tap_line "$status" "$1"
	tap_has_run
}

# try NAME command...: a test that is one command and needs none of those before it; what it says goes to $tap_log
try() {
	local name=$1 status=0
	shift
	tap_is_wanted "$name" || return 0
	"$@" >"$tap_log" 2>&1 || status=$?
	ok "$name" "$status"
}

# skip NAME WHY: it cannot be made here
skip() {
	tap_is_wanted "$1" || return 0
	tap_line 0 "$1 # SKIP $2"
	tap_has_run
}

# starved NAME: it did not get what it needs, and is to be run once more, alone
starved() {
	tap_is_wanted "$1" || return 0
	tap_line 1 "$1 # starved"
	tap_has_run
}

# tap_take FILE [NAME: ]: the lines of a program that prints TAP, with that before the name of each. $tap_taken: how many
# tests there were, $tap_planned: how many it had planned.
tap_take() {
	local line name bad
	tap_taken=0 tap_planned=0
	while IFS= read -r line; do
		name=${line#*- } bad=0
		case $line in
		1..*)	tap_planned=$((tap_planned + ${line#1..})) ;;
		'ok '* | 'not ok '*)
			tap_taken=$((tap_taken + 1))
			[ "${line#not }" = "$line" ] || bad=1
			! tap_is_wanted "${name%% # *}" || tap_line "$bad" "${2:-}$name"
			;;
		'# ok - tests' | '# not ok - tests') ;;	# cmocka's own, of all
		*)	echo "# ${line#\# }" ;;
		esac
	done <"$1"
}

# tap_program NAME command...: a program that prints TAP. All that it planned have to come to their end.
tap_program() {
	local name=$1 out status=0
	shift
	out=$(mktemp -d)
	timeout 300 "$@" >"$out/tap" 2>"$out/err" || status=$?
	tap_take "$out/tap" "$name: "
	if [ "$status" != 0 ] || [ "$tap_taken" != "$tap_planned" ] || [ "$tap_taken" = 0 ]; then
		sed 's/^/# /' "$out/err"
		grep -q '^not ok' "$out/tap" ||
			tap_line 1 "$name: ended with $status, after $tap_taken of $tap_planned tests"
	fi
	rm -r "$out"
}

# tap_end: the plan, and the end of the script
tap_end() {
	if [ "$tap_n" = 0 ]; then
		tap_line 1 "${TAP_TEST:-a test}: there is no such test here"
	fi
	# What a test in the middle has in the background would go on.
	if [ -n "${TAP_TEST:-}" ]; then
		jobs -p | xargs -r kill 2>/dev/null
		wait
	fi
	echo "1..$tap_n"
	exit "$tap_bad"
}

# tap_list FILE...: the tests that are written there, in C, in shell or in Python; * is what is in a variable. $tap_words:
# functions of the script that take the name of a test first, as ok does, with | between them.
tap_list() {
	local words="ok|try|skip|starved${tap_words:+|$tap_words}" variable='\$\{[^}]*\}|\$\([^)]*\)|\$\w+|\{[a-z]+\}'
	sed -nE "s/^TEST\((\w+)[,)].*/\1/p; t
		/^(.*&& |.*; |.*\|\| )?\s*(($words) |result\(f?)('[^']*'|\"[^\"]*\"|\w+).*/ {
			s//\4/; s/^['\"]|['\"]\$//g; s/$variable/*/g; /[a-z0-9]/p
		}" "$@"
}

# tap_has NAME FILE...
tap_has() {
	local name=$1 pattern
	while IFS= read -r pattern; do
		# shellcheck disable=SC2053
		[[ "$name" != $pattern ]] || return 0
	done < <(tap_list "${@:2}")
	return 1
}

# tap_answer OPTION NAME FILE...: --list and --has NAME, which every script that runs tests has
tap_answer() {
	case $1 in
	--list)	tap_list "${@:3}"; exit 0 ;;
	--has)	tap_has "${@:2}"; exit ;;
	esac
}

# has FILE PATTERN
has() {
	grep -qE -- "$2" "$1" || { echo "# no line like: $2"; sed 's/^/# /' "$1"; false; }
}

# is GOT WANTED
is() {
	[ "$1" = "$2" ] || { echo "# $1, not $2"; false; }
}

# fails STATUS PATTERN command...: with one line that says why, and nothing on standard output. In $dir, as are its output.
fails() {
	local wanted=$1 pattern=$2 status
	shift 2
	"$@" >"$dir/out" 2>"$dir/err" </dev/null
	status=$?
	[ "$status" = "$wanted" ] && ! [ -s "$dir/out" ] && has "$dir/err" "$pattern"
}
