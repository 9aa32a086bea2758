package spec

import (
	"syscall"
	"testing"

	"reactorbench/impls"
)

// TestClearDeath: a server that has run out of something may die, but neither as if all were well nor of a wild pointer.
func TestClearDeath(t *testing.T) {
	tests := []struct {
		exit impls.Exit
		want Verdict
	}{
		{impls.Exit{Code: 2}, Pass},
		{impls.Exit{Signal: syscall.SIGABRT}, Pass},
		{impls.Exit{Code: 0}, Weak},
		{impls.Exit{Signal: syscall.SIGSEGV}, Weak},
		{impls.Exit{Signal: syscall.SIGBUS}, Weak},
	}
	for _, test := range tests {
		target, program := fake(t, right)
		check := stub(SHOULD, func(t *T) {
			t.server.process.(*fakeProcess).die(test.exit)
			t.server.leaving = true
			t.servedOrDead()
		})
		check.Fresh = true
		if got := run(t, target, check).Verdict; got != test.want || program.starts() != 1 {
			t.Errorf("%v: %s, want %s", test.exit, got, test.want)
		}
	}
}
