package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// A fault is what a server did wrong on one connection. It ends that connection alone: the others go on, so that the record can
// tell one broken connection of a thousand from a thousand. A cell with any fault has no figures.
type fault struct {
	kind faultKind
	error
}

func (f *fault) Unwrap() error { return f.error }

// A faultKind is the name of its counter in the record.
type faultKind string

const (
	closedEarly    faultKind = "closed_early"    // an end of stream while replies were owed
	reset          faultKind = "reset"           // the connection broke
	wrongBytes     faultKind = "wrong_bytes"     // a byte that was not sent there
	extraBytes     faultKind = "extra_bytes"     // more bytes than were sent
	late           faultKind = "late"            // no reply within the patience
	stoppedReading faultKind = "stopped_reading" // the server took no byte within the patience
	unbalanced     faultKind = "unbalanced"      // bytes out and in differ and nothing above explains it
)

// faultKinds in the order in which they are told, with the words for them.
var faultKinds = []struct {
	kind  faultKind
	words string
}{
	{wrongBytes, "brought wrong bytes"},
	{extraBytes, "brought more bytes than were sent"},
	{closedEarly, "were closed early"},
	{reset, "broke"},
	{stoppedReading, "were not read any more"},
	{late, "were not answered in time"},
	{unbalanced, "do not balance"},
}

func faultOf(kind faultKind, format string, args ...any) error {
	return &fault{kind, fmt.Errorf(format, args...)}
}

// broken is the fault of a read or write that failed.
func (s *stream) broken(call string, err error) error {
	return faultOf(reset, "%s on connection %d after %d bytes of echo: %w", call, s.number, s.received-s.before, err)
}

// isPeersDoing tells an errno that the other end caused from one that this program did.
func isPeersDoing(errno syscall.Errno) bool {
	return errno == syscall.ECONNRESET || errno == syscall.EPIPE || errno == syscall.ETIMEDOUT ||
		errno == syscall.ECONNABORTED || errno == syscall.ECONNREFUSED
}

// Faults are those of all connections of a cell, and the sentence of the first.
type Faults struct {
	count map[faultKind]int64
	conns int // connections of the cell, over all engines
	first string
}

func (f *Faults) add(fault *fault) {
	if f.count == nil {
		f.count = make(map[faultKind]int64)
		f.first = fault.Error()
	}
	f.count[fault.kind]++
}

// merge adds the faults of another engine.
func (f *Faults) merge(other *Faults) {
	if len(f.count) == 0 {
		f.first = other.first
	}
	for kind, n := range other.count {
		if f.count == nil {
			f.count = make(map[faultKind]int64)
		}
		f.count[kind] += n
	}
	f.conns = other.conns
}

// Error is one sentence: the first fault, and how many connections had which.
func (f *Faults) Error() string {
	var parts []string
	for _, k := range faultKinds {
		if n := f.count[k.kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d of %d connections %s", n, f.conns, k.words))
		}
	}
	return f.first + " (" + strings.Join(parts, ", ") + ")"
}

// counters is the form for the record.
func (f *Faults) counters() map[string]int64 {
	named := make(map[string]int64)
	for kind, n := range f.count {
		named[string(kind)] = n
	}
	return named
}

// joinEngines makes one error of those that engines ended with: the faults of all together, and otherwise the first that is not a
// consequence of another.
func joinEngines(ended []error) (first error) {
	var all Faults
	for _, err := range ended {
		var own *Faults
		if errors.As(err, &own) {
			all.merge(own)
		}
		first = firstCause(first, err)
	}
	if len(all.count) > 0 {
		return &all
	}
	return first
}

// firstCause keeps the first error that is not a consequence of another.
func firstCause(first, next error) error {
	if first == nil || errors.Is(first, errAborted) && next != nil {
		return next
	}
	return first
}
