#!/bin/sh
# The whole way of a measurement: check, load, draw. Usage: bench.sh RUN PATTERN...
#
# The report is drawn even when a check failed: a failure that nobody sees helps nobody. The exit status is the
# first one that was not 0. An interrupt ends the load early and keeps the records that it has.
set -u
run=$1
shift
mkdir -p "$run"
status=0
note() { [ "$status" -ne 0 ] || status=$1; }

echo "== conformance: does each server echo? (core profile)"
bin/conformance -profile core -parallel 2 -report "$run/conformance.json" "$@" || note $?
[ "$status" -ne 2 ] || exit 2

echo "== load: what does an echo cost? (quick suite, randomised blocks, a fresh server per cell)"
bin/loadgen -suite quick -out "$run" "$@" || note $?

echo "== charts and report"
bin/plots "$run" || note $?
exit "$status"
