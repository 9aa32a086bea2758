package main

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// A scriptedListener returns the errors of its script, then the one that a closed listener returns.
type scriptedListener struct {
	net.Listener
	script []error
}

func (l *scriptedListener) Accept() (net.Conn, error) {
	if len(l.script) == 0 {
		return nil, net.ErrClosed
	}
	err := l.script[0]
	l.script = l.script[1:]
	return nil, err
}

func TestAcceptWaitsLongerAfterEachFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("too many open files")
		s := server{conns: make(map[net.Conn]struct{})}
		began := time.Now()
		s.accept(context.Background(), &scriptedListener{script: []error{broken, broken, broken}})
		if got, want := time.Since(began), (5+10+20)*time.Millisecond; got != want {
			t.Errorf("three failures were waited out for %v, want %v", got, want)
		}
	})
}

// drain must not cut off a connection whose client reads late: net.Pipe has no buffer, so its Write stands still
// until the other end reads.
func TestDrainDeliversWhatIsPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		s := server{echo: readWrite, conns: make(map[net.Conn]struct{})}
		s.start(ours)
		theirs.Write([]byte("late"))
		synctest.Wait() // the server stands in Write
		drained := make(chan struct{})
		go func() { s.drain(); close(drained) }()
		time.Sleep(time.Second)
		if got, err := io.ReadAll(theirs); string(got) != "late" || err != nil {
			t.Errorf("read %q and %v, want the echo and the end of the stream", got, err)
		}
		<-drained
	})
}

func TestDrainHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		s := server{echo: readWrite, conns: make(map[net.Conn]struct{})}
		s.start(ours)
		theirs.Write([]byte("never read"))
		began := time.Now()
		s.drain()
		if got := time.Since(began); got != drainTime {
			t.Errorf("drain returned after %v, want %v", got, drainTime)
		}
		theirs.Close() // lets the goroutine end
	})
}

// The timeout counts from the last byte, and a moment is granted for bytes that came while nobody looked.
func TestASilentClientIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		s := server{echo: readWrite, idleTimeout: time.Second, conns: make(map[net.Conn]struct{})}
		s.start(ours)
		echoed := make([]byte, 4)
		var last time.Time
		for range 5 {
			time.Sleep(900 * time.Millisecond)
			theirs.Write([]byte("here"))
			if _, err := io.ReadFull(theirs, echoed); err != nil {
				t.Fatalf("a client that speaks is cut off: %v", err)
			}
			last = time.Now()
		}
		_, err := theirs.Read(echoed)
		if got, want := time.Since(last), time.Second+silence; err != io.EOF || got != want {
			t.Errorf("%v after %v of silence, want the end of the stream after %v", err, got, want)
		}
	})
}

// Drain must not wait for the idle timeout of a client that is silent.
func TestDrainOutweighsTheIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		s := server{echo: readWrite, idleTimeout: time.Hour, conns: make(map[net.Conn]struct{})}
		s.start(ours)
		synctest.Wait() // the server stands in Read
		began := time.Now()
		s.drain()
		if got := time.Since(began); got != silence {
			t.Errorf("drain returned after %v, want %v", got, silence)
		}
	})
}
