package impls

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

func usage(t *testing.T, s *Server) Usage {
	t.Helper()
	u, err := s.Usage()
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func cpu(t *testing.T, s *Server) time.Duration {
	t.Helper()
	used, err := s.CPU()
	if err != nil {
		t.Fatal(err)
	}
	return used
}

// TestCPU: while a server that burns uses 200 ms, one that sleeps beside it uses next to none.
func TestCPU(t *testing.T) {
	burner, sleeper := start(t, "bad/burns", Options{}), start(t, "good", Options{})
	burnt, slept := cpu(t, burner), cpu(t, sleeper)
	eventually(t, "the burner used 200 ms", func() bool { return cpu(t, burner)-burnt >= 200*time.Millisecond })
	if used := cpu(t, sleeper) - slept; used > 50*time.Millisecond {
		t.Errorf("the sleeper used %v", used)
	}
	if u, now := usage(t, burner).CPU, cpu(t, burner); u <= burnt || u > now {
		t.Errorf("Usage tells %v of CPU, between %v and %v", u, burnt, now)
	}
}

// TestCPUOfThreadsThatEnded: they are gone from /proc/PID/task, not from the bill.
func TestCPUOfThreadsThatEnded(t *testing.T) {
	if used := cpu(t, start(t, "bad/burnt", Options{})); used < 100*time.Millisecond {
		t.Errorf("used %v; a thread that ended used 100 ms", used)
	}
}

// TestMemory: the peak remembers what the current figure has forgotten.
func TestMemory(t *testing.T) {
	swollen, slim := usage(t, start(t, "bad/swells", Options{})), usage(t, start(t, "good", Options{}))
	const touched, rest = 64 << 20, 40 << 20
	if swollen.PeakBytes < touched || swollen.PeakBytes > touched+rest {
		t.Errorf("the peak is %d bytes after touching %d", swollen.PeakBytes, touched)
	}
	if swollen.RSSBytes > rest || swollen.PSSBytes > rest {
		t.Errorf("it gave the memory back, but has RSS %d, PSS %d", swollen.RSSBytes, swollen.PSSBytes)
	}
	if slim.PeakBytes > rest || slim.RSSBytes <= 0 || slim.PSSBytes <= 0 {
		t.Errorf("a slim server uses %+v", slim)
	}
}

// TestDescriptors: each open connection is one descriptor and one socket.
func TestDescriptors(t *testing.T) {
	s := start(t, "bad/sulks", Options{})
	before := usage(t, s)
	if before.Sockets != 1 || before.Descriptors < 4 || before.Threads < 1 {
		t.Errorf("with a listening socket and three streams it has %+v", before)
	}
	const count = 50
	for range count {
		conn, err := net.Dial(s.Network(), s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	eventually(t, "one descriptor and one socket more for each connection", func() bool {
		after := usage(t, s)
		return after.Descriptors-before.Descriptors == count && after.Sockets-before.Sockets == count
	})
}

// TestSwitches: a server that waits for each of a hundred messages gives its processor up.
func TestSwitches(t *testing.T) {
	s := start(t, "good", Options{})
	before := usage(t, s)
	for range 100 {
		echo(t, s)
	}
	after := usage(t, s)
	if after.VoluntarySwitches <= before.VoluntarySwitches || after.InvoluntarySwitches < before.InvoluntarySwitches {
		t.Errorf("before a hundred trips %+v, after them %+v", before, after)
	}
}

func TestUsageOfAnyProcess(t *testing.T) {
	if u, err := UsageOf(os.Getpid()); err != nil || u.CPU <= 0 || u.PeakBytes < u.RSSBytes/2 || u.Threads < 2 {
		t.Errorf("of the test itself: %+v, %v", u, err)
	}
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	if u, err := UsageOf(ended.Process.Pid); err == nil || u != (Usage{}) {
		t.Errorf("of a process that is gone: %+v, %v", u, err)
	}
	zombie := exec.Command("true")
	output, _ := zombie.StdoutPipe()
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	defer zombie.Wait()
	io.ReadAll(output) // it ended, and is not collected yet
	eventually(t, "a zombie has no usage", func() bool {
		_, err := UsageOf(zombie.Process.Pid)
		return errors.Is(err, os.ErrProcessDone)
	})
}

// BenchmarkUsage tells what a reading costs the harness, next to CPU alone.
func BenchmarkUsage(b *testing.B) {
	s := start(b, "good", Options{})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			s.Usage()
		}
	})
	b.Run("CPU", func(b *testing.B) {
		for b.Loop() {
			s.CPU()
		}
	})
}
