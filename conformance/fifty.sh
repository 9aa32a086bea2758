#!/bin/sh
# Right servers, held to the specification again and again: in turns alone and beside a busy processor, so that a run which is cut short
# has as much of the one as of the other. Usage: fifty.sh ROUNDS CHUNK [FLAGS] PATTERN..., ROUNDS each way, CHUNK of them to a turn.
#
# The last lines add the turns up, also after an interrupt. The exit status is the first one that was not 0. It goes on for an hour or more, so it
# does not outlive its caller by more than a turn, nor the busy processor this script by more than a moment.
set -u
conformance=${CONFORMANCE:-bin/conformance}
caller=$PPID
left=$1 chunk=$2
shift 2
dir=$(mktemp -d) || exit 1
status=0
trap 'rm -rf "$dir"' EXIT
trap 'left=0; kill "$(cat "$dir/pid")" 2>/dev/null' INT TERM # conformance ends by itself, and says so

# turn runs the command once, for $count rounds of $side, and keeps what it says for the tally.
turn() {
	{ "$conformance" -count "$count" "$@" 2>&1 & echo $! >"$dir/pid"; wait $!; echo $? >"$dir/status"; } | tee "$dir/turn" &
	while kill -0 $! 2>/dev/null; do wait $!; done
	read -r now <"$dir/status"
	[ "$status" -ne 0 ] || status=$now
	cat "$dir/turn" >>"$dir/$side"
}

# busy keeps one processor from everybody else for as long as process $1 lives.
busy() {
	while kill -0 "$1" 2>/dev/null; do
		i=0
		while [ $((i += 1)) -lt 100000 ]; do :; done
	done
}

# tally adds up the last lines of all turns of a side, and says what was not as it should be, and how often.
tally() {
	awk -v side="$1" '
		/^--- / { sub(/ \([0-9.]+s\)$/, ""); wrong[substr($0, 5)]++ }
		/^[0-9]+ passed, / {
			turns++
			for (n = split($0, part, ", "); n > 0; n--) { split(part[n], word, " "); sum[word[2]] += word[1] }
		}
		END {
			printf "%s, in %d %s: %d passed, %d failed, %d skipped\n", side, turns, turns == 1 ? "turn" : "turns", sum["passed"], sum["failed"], sum["skipped"]
			for (what in wrong) printf "      %d times %s\n", wrong[what], what
		}' "$dir/$1"
}

: >"$dir/alone" >"$dir/beside"
while [ "$left" -gt 0 ]; do
	count=$((left < chunk ? left : chunk))
	for side in alone beside; do
		kill -0 "$caller" 2>/dev/null || left=0
		[ "$left" -gt 0 ] || break
		hog=
		if [ "$side" = beside ]; then busy $$ & hog=$!; fi
		turn "$@"
		[ -z "$hog" ] || kill "$hog"
	done
	left=$((left - count))
done
tally alone
tally beside
exit "$status"
