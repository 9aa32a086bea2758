package spec

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls"
)

// A stub is a check that ends in a given way.
func stub(level Level, run func(*T)) Check {
	return Check{Slug: "stub/check", Level: level, Says: "The server does it.", Run: run}
}

func fails(t *T)  { t.Fatal("this", "that") }
func passes(t *T) { t.Dial().Ping() }

// dies ends the process at the first byte of a connection.
func dies(p *fakeProcess, c *net.TCPConn) {
	var b [1]byte
	c.Read(b[:])
	p.die(impls.Exit{Code: 3})
}

func TestVerdicts(t *testing.T) {
	known := map[string]string{"stub/check": "it is known"}
	tests := []struct {
		name   string
		check  Check
		known  map[string]string
		server func(*fakeProcess, *net.TCPConn)
		want   Verdict
		says   string // part of the report
	}{
		{"kept promise", stub(MUST, passes), nil, right, Pass, ""},
		{"broken MUST", stub(MUST, fails), nil, right, Fail, "got   that"},
		{"broken SHOULD", stub(SHOULD, fails), nil, right, Weak, "got   that"},
		{"MAY", stub(MAY, func(t *T) { t.Infof("it does") }), nil, right, Info, "found it does"},
		{"MAY, and no choice", stub(MAY, func(t *T) { t.Infof("it does"); t.Failf("a wrong byte") }), nil, right, Fail, "got   a wrong byte"},
		{"known failure", stub(MUST, fails), known, right, XFail, "known it is known"},
		{"known failure that passes", stub(MUST, passes), known, right, XPass, `remove "stub/check" from "known"`},
		{"known failure that cannot be asked", stub(MUST, func(t *T) { t.NotApplicable("no") }), known, right, NotApplicable, "why   no"},
		{"not applicable", stub(MUST, func(t *T) { t.NotApplicable("no process") }), nil, right, NotApplicable, "why   no process"},
		{"needs the process", stub(MUST, func(t *T) { t.Server().Stop() }), nil, right, NotApplicable, "needs the server's process"},
		{"precondition", stub(MUST, func(t *T) { t.Precondition("no IPv6") }), nil, right, Precondition, "why   no IPv6"},
		{"death", stub(MUST, passes), nil, dies, Crash, "exited with status 3"},
		{"known death", stub(MUST, passes), known, dies, XFail, "exited with status 3"},
		{"death in a SHOULD", stub(SHOULD, passes), nil, dies, Crash, "stderr: its last words"},
		{"a fault of the check", stub(MUST, func(*T) { panic("oops") }), nil, right, Error, "panic: oops"},
		{"a feature not claimed", Check{Slug: "stub/check", Feature: "unix", Run: fails}, nil, right, NotApplicable, "does not claim unix"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			target, _ := fake(t, test.server)
			target.Known = test.known
			result := run(t, target, test.check)
			if result.Verdict != test.want || !strings.Contains(result.Report("fake"), test.says) {
				t.Errorf("verdict %s, want %s and %q in\n%s", result.Verdict, test.want, test.says, result.Report("fake"))
			}
		})
	}
}

// TestHang: at the end of its budget a check is ended wherever it waits, and the verdict says where that was.
func TestHang(t *testing.T) {
	target, _ := fake(t, right)
	check := stub(MUST, func(t *T) {
		t.WaitUntil("the moon is full", func() (bool, string) { return false, "a sickle" })
	})
	check.Budget = 20 * time.Millisecond
	result := run(t, target, check)
	if result.Verdict != Hang || !strings.Contains(result.Reason, "asleep") && !strings.Contains(result.Reason, "the moon") {
		t.Errorf("verdict %s: %s", result.Verdict, result.Reason)
	}
}

// TestTheGuiltyCheckIsFound: a check that passes but leaves the server broken is the one to blame, and the next
// check gets a server that works.
func TestTheGuiltyCheckIsFound(t *testing.T) {
	target, program := fake(t, func(p *fakeProcess, c *net.TCPConn) {
		b := make([]byte, 64)
		n, _ := c.Read(b)
		if string(b[:n]) == "poison" {
			p.die(impls.Exit{Code: 2})
			return
		}
		c.Write(b[:n])
		echo(c)
	})
	r := Runner{Target: target, Options: Options{Seed: 7}}
	defer r.Close()
	poison := stub(MUST, func(t *T) {
		c := t.Dial()
		c.WriteRaw([]byte("poison"))
		c.ExpectResetOrFIN()
	})
	if result := r.Run(context.Background(), poison); result.Verdict != Crash {
		t.Errorf("the guilty check: %s", result.Report("fake"))
	}
	if result := r.Run(context.Background(), stub(MUST, passes)); result.Verdict != Pass {
		t.Errorf("the check after it: %s", result.Report("fake"))
	}
	if program.starts() != 2 {
		t.Errorf("%d servers were started, want 2", program.starts())
	}
}

// TestADeathBehindTheVerdict: what the server dies of becomes known a moment later, between the verdict and the canary.
func TestADeathBehindTheVerdict(t *testing.T) {
	target, program := fake(t, right)
	r := Runner{Target: target, Options: Options{Seed: 7}}
	defer r.Close()
	check := stub(MUST, func(t *T) {
		t.Dial().Ping()
		t.atEnd(func() { program.started[0].die(impls.Exit{Code: 2}) })
	})
	result := r.Run(context.Background(), check)
	if result.Verdict != Crash || !strings.Contains(result.Report("fake"), "exited with status 2") {
		t.Errorf("%s", result.Report("fake"))
	}
}

// TestTheServerIsShared: pure checks have one process, and a Fresh one has its own.
func TestTheServerIsShared(t *testing.T) {
	target, program := fake(t, right)
	r := Runner{Target: target, Options: Options{Seed: 7}}
	defer r.Close()
	fresh := stub(MUST, passes)
	fresh.Fresh = true
	for i, check := range []Check{stub(MUST, passes), stub(MUST, passes), fresh, stub(MUST, passes)} {
		if result := r.Run(context.Background(), check); result.Verdict != Pass {
			t.Fatalf("check %d: %s", i, result.Report("fake"))
		}
	}
	if program.starts() != 2 {
		t.Errorf("%d servers were started, want 2", program.starts())
	}
}

func TestATimedCheckIsTriedAgain(t *testing.T) {
	target, program := fake(t, right)
	tries := 0
	check := stub(MUST, func(t *T) {
		if tries++; tries < 3 {
			t.Fatalf("too slow")
		}
	})
	check.Timed = true
	result := run(t, target, check)
	if result.Verdict != Flaky || program.starts() != 3 || !strings.Contains(result.Report("fake"), "it passed in a fresh process") {
		t.Errorf("%d servers, %s", program.starts(), result.Report("fake"))
	}
}

// TestAKnownFailureMayPassSometimes: a manifest is stale only if the check passes again and again.
func TestAKnownFailureMayPassSometimes(t *testing.T) {
	target, _ := fake(t, right)
	target.Known = map[string]string{"stub/check": "it loses a race"}
	tries := 0
	result := run(t, target, stub(MUST, func(t *T) {
		if tries++; tries == 5 {
			t.Fatalf("lost")
		}
	}))
	if result.Verdict != XFail || tries != 5 {
		t.Errorf("%s after %d tries", result.Verdict, tries)
	}
}

// TestAPureCheckIsNotTriedAgain: one corruption is a failure.
func TestAPureCheckIsNotTriedAgain(t *testing.T) {
	target, _ := fake(t, right)
	tries := 0
	run(t, target, stub(MUST, func(t *T) { tries++; t.Fatalf("wrong") }))
	if tries != 1 {
		t.Errorf("run %d times", tries)
	}
}

func TestAServerThatDoesNotStart(t *testing.T) {
	target := &Target{Name: "fake", Program: &fakeProgram{refuse: errors.New("no line was printed")}}
	r := Runner{Target: target}
	if result := r.Run(context.Background(), stub(MUST, passes)); result.Verdict != Skip {
		t.Errorf("a check that needs a server: %s", result.Verdict)
	}
	if r.Unstartable() == nil {
		t.Error("nobody learns that the server does not start")
	}
	starts := stub(MUST, func(t *T) { t.Start(impls.Options{}) })
	starts.Starts = true
	result := r.Run(context.Background(), starts)
	if result.Verdict != Fail || !strings.Contains(result.Report("fake"), "no line was printed") {
		t.Errorf("a check about the start: %s", result.Report("fake"))
	}
}

// TestInterrupt: what a check sees while everything is being called off is held against nobody.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	target, _ := fake(t, right)
	r := Runner{Target: target}
	defer r.Close()
	check := stub(MUST, func(t *T) {
		cancel()
		t.Dial().ExpectFIN()
	})
	if result := r.Run(ctx, check); result.Verdict != Skip || result.Reason != "interrupted" {
		t.Errorf("%s: %s", result.Verdict, result.Reason)
	}
	if result := r.Run(ctx, check); result.Verdict != Skip {
		t.Errorf("the check after it: %s", result.Verdict)
	}
}

// TestAnAttachedServer: without a program to start, only checks that need none are asked.
func TestAnAttachedServer(t *testing.T) {
	target := serve(t, echo)
	fresh := stub(MUST, passes)
	fresh.Fresh = true
	if result := run(t, target, fresh); result.Verdict != NotApplicable {
		t.Errorf("a check with a process of its own: %s", result.Verdict)
	}
	if result := run(t, target, stub(MUST, passes)); result.Verdict != Pass {
		t.Errorf("a check from outside: %s", result.Report("attached"))
	}
}

// TestAHangIsASilence: a check whose bytes keep coming has its budget again from each of them, but not for ever.
func TestAHangIsASilence(t *testing.T) {
	target, _ := fake(t, right)
	check := stub(MUST, func(t *T) {
		c := t.Dial()
		for range 2 * (budgets - 1) { // half of the budget passes, and bytes come
			t.began, t.deadline = t.began.Add(-defaultBudget/2), t.deadline.Add(-defaultBudget/2)
			c.Ping()
		}
		t.began = t.began.Add(-defaultBudget) // and now the last one has passed
		t.WaitUntil("the moon is full", func() (bool, string) { c.Ping(); return false, "a sickle" })
	})
	result := run(t, target, check)
	if want := "after 1m40s, 5 times the check's budget, still waiting: "; result.Verdict != Hang || !strings.HasPrefix(result.Reason, want) {
		t.Errorf("verdict %s: %s; want hang: %s", result.Verdict, result.Reason, want)
	}
}

// TestASilenceIsTold: where bytes came and come no more, the verdict says since when.
func TestASilenceIsTold(t *testing.T) {
	target, _ := fake(t, right)
	check := stub(MUST, func(t *T) {
		t.began = t.began.Add(-2 * defaultBudget)
		t.Dial().Ping()
		t.deadline = time.Now().Add(-time.Millisecond)
		t.Sleep(time.Millisecond)
	})
	result := run(t, target, check)
	if want := "and no byte for the last 20s, the check's budget, still waiting: "; result.Verdict != Hang || !strings.Contains(result.Reason, want) {
		t.Errorf("verdict %s: %s; want hang: %s", result.Verdict, result.Reason, want)
	}
}

// TestTheFactsAreToldOnce: also of a server that the check has started and made its own.
func TestTheFactsAreToldOnce(t *testing.T) {
	target, _ := fake(t, right)
	check := stub(MUST, func(t *T) {
		t.server = t.Start(impls.Options{})
		t.Fatal("this", "that")
	})
	check.Starts = true
	if result := run(t, target, check); strings.Count(result.Report("fake"), "its last words") != 1 {
		t.Errorf("%s", result.Report("fake"))
	}
}

// TestNoServerInheritsAClient: no process can begin between the making of a client's socket and its mark.
func TestNoServerInheritsAClient(t *testing.T) {
	open := func(domain, kind, protocol int) (int, error) {
		if syscall.ForkLock.TryLock() {
			syscall.ForkLock.Unlock()
			t.Error("a server that starts now inherits the client")
		}
		return unix.Socket(domain, kind, protocol)
	}
	fd, err := dialing{}.socket(open, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %#x, %v", flags, err)
	}
}
