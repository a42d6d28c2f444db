# SPDX-License-Identifier: GPL-2.0-only
#
# profbuf.bash - completion of profbuf's commands, options and their values, for bash
_profbuf() {
	local command=${COMP_WORDS[1]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words='' i
	local session='--frequency --pid --tid --cgroup --cpu --source --no-kernel --no-user --idle --buffer --stack'
	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W 'record report top script export tag stat info help --help --version' -- "$word")
		return
	fi
	# What comes after the options of record is another program's command line.
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [ "$command" = record ] && [ "${COMP_WORDS[i]}" = -- ]; then
			mapfile -t COMPREPLY < <(compgen -c -f -- "$word")
			return
		fi
	done
	case $command$before in
	helphelp)		words='record report top script export tag stat info' ;;
	report-b | report--by)	words='symbol line object process thread cpu tag tag:' ;;
	export--root)		words='tag tag:' ;;
	export--by)		words='process thread tag tag:' ;;
	top--by)		words='symbol object process thread cpu' ;;
	export-f | export--format)	words='folded flamegraph pprof speedscope perf json' ;;
	record--source | top--source)	words='hrtimer cpu-clock cycles' ;;
	record-p | record--pid | top-p | top--pid)
		words=$(cd /proc && echo [0-9]*)
		;;
	record--cgroup | top--cgroup)
		mapfile -t COMPREPLY < <(cd /sys/fs/cgroup && compgen -d -- "$word")
		return
		;;
	record-o | record--output | export-o | export--output)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	esac
	if [ -z "$words" ] && [[ $word == -* ]]; then
		case $command in
		record)	words="--output --raw --rotate --duration --all --quiet --help $session" ;;
		report)	words='--by --tag --inlines --callers --callees --timeline --diff --from --to --grep --min-percent --min-samples --limit
				--json --help' ;;
		top)	words="--delay --by --limit --batch --iterations --help $session" ;;
		script)	words='--lines --inlines --tag --help' ;;
		export)	words='--format --output --tag --root --by --lines --inlines --help' ;;
		tag)	words='--tid --delete --help' ;;
		stat)	words='--by-cpu --interval --rounds --json --help' ;;
		info)	words='--json --help' ;;
		esac
	fi
	if [ -n "$words" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
		return
	fi
	case $command in
	tag)
		mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$word")
		;;
	report | script | export)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		;;
	esac
}
complete -o filenames -F _profbuf profbuf
