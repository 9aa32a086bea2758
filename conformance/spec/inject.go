package spec

import (
	"bytes"
	"cmp"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// This file lets system calls fail in a server from outside, by strace.
//
// Only what the manual page of the call admits is injected, and only what a server of any design can meet: an interruption, a
// failed accept, a delay. Never "would block", which an edge-triggered server takes for a promise of another event, and
// never a count of bytes, for a call that is given one is not executed and the bytes vanish.
//
// A server may reach the kernel by other ways (io_uring). So the injections are counted, from strace's own output, and a
// check in which there was none has shown nothing: see injection.End.

// A fault is what shall become of system calls.
type fault struct {
	calls []string // by name; those that a processor does not have are passed over
	what  string   // strace's words: error=EINTR, delay_enter=5ms; "" is nothing, they are only watched
	when  string   // which calls of each thread: 2+3 is the second and every third after it
	only  []*Conn  // calls about these connections; none is any call
}

// The system calls by which a server may do the same thing. io_uring_enter is interrupted only before it has submitted
// anything (its manual page), as one that is not executed.
var (
	acceptCalls = []string{"accept", "accept4"}
	readCalls   = []string{"read", "readv", "recvfrom", "recvmsg", "recvmmsg"}
	writeCalls  = []string{"write", "writev", "sendto", "sendmsg", "sendmmsg"}
	waitCalls   = []string{"epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6", "io_uring_enter"}
)

// An injection is strace at work on the server.
type injection struct {
	t       *T
	fault   fault
	pid     int // of the server
	command *exec.Cmd
	ended   chan struct{}
	log     *traceLog
}

// Inject makes the fault happen in the running server until End. Where that is not possible the check ends with precondition.
func (s *Server) Inject(f fault) *injection {
	strace, err := exec.LookPath("strace")
	if err != nil {
		s.t.Precondition("strace is not installed")
	}
	i := &injection{t: s.t, fault: f, pid: s.PID(), log: &traceLog{}, ended: make(chan struct{})}
	i.command = exec.Command(strace, f.arguments(s)...)
	i.command.Args[0] = "strace" // as which it signs its messages
	i.command.Stderr = i.log
	i.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is ours to handle
	if err := i.command.Start(); err != nil {
		s.t.brokenf("strace: %v", err)
	}
	go func() {
		i.command.Wait()
		close(i.ended)
	}()
	s.t.atEnd(i.detach)
	i.awaitAttached()
	s.t.Eventf("%s of %s", cmp.Or(f.what, "a watch"), f.calls[0])
	return i
}

// Watch notes the calls of the running server, in their order, until End.
func (s *Server) Watch(calls []string) *injection { return s.Inject(fault{calls: calls}) }

// arguments are those of strace: attach to every thread, watch the calls, let them fail.
func (f fault) arguments(s *Server) []string {
	calls := "?" + strings.Join(f.calls, ",?")
	args := []string{"-f", "-p", strconv.Itoa(s.PID()), "-e", "signal=none", "-e", "trace=" + calls}
	if f.what != "" {
		args = append(args, "-e", "inject="+calls+":"+f.what+":when="+f.when)
	}
	for _, c := range f.only {
		args = append(args, "-P", fmt.Sprintf("socket:[%d]", c.ServerSocket().Inode))
	}
	return args
}

// awaitAttached returns when strace holds the server.
func (i *injection) awaitAttached() {
	for until := time.Now().Add(i.t.scaled(patience)); i.log.attached() == 0; i.t.Sleep(pollEvery) {
		select {
		case <-i.ended:
			i.t.Precondition("strace cannot attach to the server: " + i.log.last())
		default:
		}
		if time.Now().After(until) {
			i.t.brokenf("strace does not attach to the server: %s", i.log.last())
		}
	}
}

// Happened is how often the fault has happened so far.
func (i *injection) Happened() int { return i.log.injected() }

// Await waits until the fault has happened, and reports whether it has: a server may not make such calls at all.
func (i *injection) Await() bool {
	for until := time.Now().Add(i.t.scaled(time.Second)); i.Happened() == 0 && time.Now().Before(until); {
		i.t.alive("a server that lives on")
		i.t.Sleep(pollEvery)
	}
	return i.Happened() > 0
}

// End lets the server go, and returns how often the fault has happened.
func (i *injection) End() int {
	i.detach()
	i.t.Eventf("%d times", i.Happened())
	return i.Happened()
}

func (i *injection) detach() {
	select {
	case <-i.ended:
	default:
		i.settle()
		i.command.Process.Signal(syscall.SIGTERM) // it detaches from every thread and ends
		i.awaitEnd()
	}
}

// settle waits until the server sleeps in calls that strace has let through. To refuse a call strace makes its number one that does
// not exist, and puts the error right when the call has ended. Told to go in between, it leaves that to the kernel, and the server
// meets ENOSYS, which nobody has injected. A server that never sleeps is let go all the same.
func (i *injection) settle() {
	const inARow, atMost = 3, 2 * time.Second
	quiet := 0
	for until := time.Now().Add(atMost); quiet < inARow && time.Now().Before(until); time.Sleep(pollEvery / 2) {
		if quiet++; !allSleep(i.pid) || !allSleep(i.command.Process.Pid) {
			quiet = 0
		}
	}
}

// allSleep reports whether each thread of a process sleeps or is dead: none runs, or stands still in the hands of a tracer.
func allSleep(pid int) bool {
	return !slices.ContainsFunc(threads(pid), func(t thread) bool { return !strings.ContainsRune("SZX", rune(t.state)) })
}

// awaitEnd waits for the end of strace, which has been seen to wait for ever for a server that died in its hands.
func (i *injection) awaitEnd() {
	select {
	case <-i.ended:
	case <-time.After(collectTime):
		i.command.Process.Kill()
		<-i.ended
	}
}

// demandInjections ends a check that has shown nothing.
func (t *T) demandInjections(happened int, calls []string) {
	t.Infof("%d system calls met the fault", happened)
	if happened == 0 && !t.Failed() {
		t.NotApplicable("nothing was injected: strace saw the server make no call of " + strings.Join(calls, ", "))
	}
}

// A traceLog counts in strace's output. It keeps one line of it, and the first calls, for strace may write a great many.
type traceLog struct {
	mu            sync.Mutex
	attaches      int
	injections    int
	begun         []call
	rest, current []byte
}

func (l *traceLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		l.line(line)
		l.rest = rest
	}
}

func (l *traceLog) line(line []byte) {
	l.current = append(l.current[:0], line...)
	if c := callOf(line); c.name != "" && len(l.begun) < callsKept {
		l.begun = append(l.begun, c)
	}
	switch {
	case bytes.HasPrefix(line, []byte("strace: Process ")) && bytes.Contains(line, []byte(" attached")):
		l.attaches++
	case bytes.HasSuffix(line, []byte("(INJECTED)")), bytes.HasSuffix(line, []byte("(DELAYED)")):
		l.injections++
	}
}

// A call is one that strace has seen begin. Where there is one thread only, strace does not name it.
type call struct{ thread, name string }

// callsKept is far more than what a crowd of clients has a server call.
const callsKept = 10_000

// callOf reads the beginning of a line: "[pid 4712] accept4(4, ". It is empty where no call begins.
func callOf(line []byte) (c call) {
	if pid, rest, found := bytes.Cut(line, []byte("] ")); found && bytes.HasPrefix(pid, []byte("[pid ")) {
		c.thread, line = string(pid), rest
	}
	name, _, found := bytes.Cut(line, []byte("("))
	if !found || bytes.ContainsAny(name, " :<") {
		return call{}
	}
	c.name = string(name)
	return c
}

func (l *traceLog) calls() []call { l.mu.Lock(); defer l.mu.Unlock(); return slices.Clone(l.begun) }

func (l *traceLog) attached() int { l.mu.Lock(); defer l.mu.Unlock(); return l.attaches }
func (l *traceLog) injected() int { l.mu.Lock(); defer l.mu.Unlock(); return l.injections }
func (l *traceLog) last() string  { l.mu.Lock(); defer l.mu.Unlock(); return string(l.current) }
