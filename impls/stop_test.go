package impls

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAStubbornServerIsKilledAtTheDeadline(t *testing.T) {
	s := start(t, "bad/stubborn", Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	exit, err := s.Stop(ctx)
	if err != nil || !exit.Killed || exit.Clean() || exit.Signal != syscall.SIGKILL || exit.Code != -1 {
		t.Errorf("it %s, %v", exit, err)
	}
	if ctx.Err() == nil {
		t.Error("it was killed before the deadline")
	}
}

// TestStopHasADeadlineOfItsOwn: without one in ctx, the contract's 5 s and one more.
func TestStopHasADeadlineOfItsOwn(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 6 s")
	}
	s := start(t, "bad/stubborn", Options{})
	before := time.Now()
	exit, err := s.Stop(context.Background())
	if took := time.Since(before); err != nil || !exit.Killed || took < stopTime {
		t.Errorf("it %s after %v, %v", exit, took, err)
	}
}

func TestExitStatus(t *testing.T) {
	exit, err := start(t, "bad/sulks", Options{}).Stop(t.Context())
	if err != nil || exit.Code != 7 || exit.Killed || exit.Clean() || exit.String() != "exited with status 7" {
		t.Errorf("it %s, %v", exit, err)
	}
}

// TestACrashIsToldFromAnEnd: a server that went away before it was asked to is an error of Stop.
func TestACrashIsToldFromAnEnd(t *testing.T) {
	s := start(t, "good", Options{})
	if err := s.Signal(syscall.SIGSEGV); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	exit, err := s.Stop(t.Context())
	if err == nil || exit.Killed || exit.Clean() || !strings.Contains(err.Error(), "good ended before it was told to: it ") {
		t.Errorf("it %s, %v", exit, err)
	}
	foreign := start(t, "good", Options{})
	foreign.Signal(syscall.SIGKILL) // as the kernel does when memory runs out
	if exit := foreign.Exit(); exit.Killed || exit.Signal != syscall.SIGKILL || exit.String() != "was ended by signal 9 (killed)" {
		t.Errorf("a kill that was not ours: it %s", exit)
	}
}

func TestStopTwice(t *testing.T) {
	s := start(t, "good", Options{})
	first, err := s.Stop(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if second, err := s.Stop(t.Context()); err != nil || second != first {
		t.Errorf("the second time: %s, %v", second, err)
	}
	s.Kill() // of no effect, and hits nobody else
	if s.Exit() != first {
		t.Errorf("a late Kill changed the exit to %s", s.Exit())
	}
	if err := s.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("a signal to a dead server: %v", err)
	}
	if _, err := s.Usage(); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("usage of a dead server: %v", err)
	}
}

func TestKill(t *testing.T) {
	s := start(t, "good", Options{})
	s.Kill()
	<-s.Done()
	if exit, err := s.Stop(t.Context()); err != nil || !exit.Killed {
		t.Errorf("it %s, %v", exit, err)
	}
}
