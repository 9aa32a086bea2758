#!/bin/sh
# Installs what the C servers and the tests need where that is allowed (apt as root), and otherwise names the command.
# Nothing here is required for the Go part: what stays missing is reported as unavailable, never as passed.
# Usage: setup.sh [servers]; with "servers" only what the servers need, without the browser that tests the report.
set -u

command -v go >/dev/null || { echo "setup: Go is missing: install it from https://go.dev/dl" >&2; exit 1; }

missing=""
command -v cc >/dev/null || missing="$missing gcc libc6-dev"
command -v pkg-config >/dev/null || missing="$missing pkg-config"
pkg-config --exists libevent 2>/dev/null || missing="$missing libevent-dev"
tracer="" # by strace the conformance suite lets system calls of a server fail
[ "$(uname)" != Linux ] || command -v strace >/dev/null || tracer="strace"
browser=""
[ "${1:-all}" = servers ] || command -v chromium >/dev/null || browser="chromium"

root="false" # prefix of what only root may do; in continuous integration sudo asks nobody
if [ "$(id -u)" = 0 ]; then
	root=""
elif [ -n "${CI:-}" ] && sudo -n true 2>/dev/null; then
	root="sudo"
fi

install() {
	if [ "$root" != false ] && command -v apt-get >/dev/null; then
		echo "setup: installing $*"
		log=$(mktemp)
		if { $root apt-get update -qq && $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >"$log" 2>&1; then
			rm -f "$log"
		else
			echo "setup: apt-get failed; left out: $*" >&2
			tail -n 3 "$log" >&2
		fi
	else
		echo "setup: not installed: $*; what needs it is left out until you install it (Debian: sudo apt-get install $*)"
	fi
}

# Apart, for a system without the one shall still get the other.
[ -z "$missing" ] || install $missing
[ -z "$tracer" ] || install $tracer
[ -z "$browser" ] || install $browser

go mod download
