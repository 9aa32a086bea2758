//go:build unix && !linux

package backend_test

import "testing"

// interrupter needs a signal to one thread, which only Linux offers without the C library.
func interrupter(t *testing.T) func() {
	t.Skip("no signal to a single thread here")
	return nil
}

// undisturbed needs a signal mask for one thread, likewise.
func undisturbed(t *testing.T) { t.Skip("no signal mask of a single thread here") }
