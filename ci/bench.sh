#!/bin/sh
# The whole way of a measurement: check, load, draw. Usage: [PROFILE=core] [SUITE=quick] bench.sh RUN PATTERN...
#
# The report is drawn even when a check failed: a failure that nobody sees helps nobody. The exit status is the
# first one that was not 0. An interrupt ends the load early; the records that it has are kept and drawn.
set -u
profile=${PROFILE:-core}
suite=${SUITE:-quick}
trap : INT TERM # the commands end by themselves and say so; this script goes on to what is left to do
run=$1
shift
mkdir -p "$run"
status=0
note() { [ "$status" -ne 0 ] || status=$1; }

echo "== conformance: does each server echo? ($profile profile)"
bin/conformance -profile "$profile" -parallel 4 -report "$run/conformance.json" "$@" || note $?
case $status in 2 | 130) exit "$status" ;; esac

echo "== load: what does an echo cost? ($suite suite, randomised blocks, a fresh server per cell)"
bin/loadgen -suite "$suite" -out "$run" "$@" || note $?

echo "== charts and report"
bin/plots "$run" || note $?
exit "$status"
