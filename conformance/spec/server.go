package spec

import (
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls"
)

// A Server is a running server as a check sees it. Verbs that need its process end the check with n/a when the suite
// only knows an address.
type Server struct {
	t       *T
	process Process
	options impls.Options
	leaving bool    // the check has asked it to end, so its end is no crash
	stopped bool    // by Stop; cleanup must wake it
	inquiry inquiry // about its ends of connections, in its network
}

// Addr is the address that the server announced.
func (s *Server) Addr() string { return s.process.Addr() }

// tcpAddress is Addr for questions about TCP, which do not arise for a unix domain socket.
func (s *Server) tcpAddress() netip.AddrPort {
	address, err := netip.ParseAddrPort(s.Addr())
	if err != nil {
		s.t.NotApplicable("the server does not listen on TCP")
	}
	return address
}

// PID is the server's process.
func (s *Server) PID() int {
	if s.process.PID() == 0 {
		s.t.NotApplicable("needs the server's process (-pid)")
	}
	return s.process.PID()
}

// Dial connects to this server; see T.Dial.
func (s *Server) Dial(options ...DialOption) *Conn { return s.t.dial(s, options) }

// Signal sends a signal. After SIGTERM, SIGINT or SIGKILL the server's end counts as asked for.
func (s *Server) Signal(signal syscall.Signal) {
	s.PID()
	if signal == syscall.SIGTERM || signal == syscall.SIGINT || signal == syscall.SIGKILL {
		s.ownProcess("signal " + signal.String())
		s.leaving = true
	}
	s.t.Eventf("%v", name(signal))
	if err := s.process.Signal(signal); err != nil && s.Alive() {
		s.t.brokenf("signal %v: %v", signal, err)
	}
}

// name is SIGTERM for the signal that Go calls terminated.
func name(signal syscall.Signal) string { return unix.SignalName(signal) }

// ownProcess guards what would end a server that other checks, or strangers, still need.
func (s *Server) ownProcess(what string) {
	if s.process.Done() == nil {
		s.t.NotApplicable("the suite did not start this server and will not " + what + " it")
	}
}

// Stop freezes the server (SIGSTOP) and returns when every thread of it stands still. Until Continue its kernel goes
// on receiving, so any pattern of arrivals can be arranged for one turn of its loop.
func (s *Server) Stop() {
	s.Signal(syscall.SIGSTOP)
	s.stopped = true
	s.t.waitQuietly(Condition{"every thread of the server is stopped", func() (bool, string) { return s.threadsAre(true) }})
}

// Continue lets a stopped server run again (SIGCONT) and returns when no thread of it is stopped.
func (s *Server) Continue() {
	s.Signal(syscall.SIGCONT)
	s.stopped = false
	s.t.waitQuietly(Condition{"no thread of the server is stopped", func() (bool, string) { return s.threadsAre(false) }})
}

func (s *Server) threadsAre(stopped bool) (bool, string) {
	all := threads(s.PID())
	if len(all) == 0 {
		s.t.unobservable(errUnobservable)
	}
	for _, thread := range all {
		if (thread.state == 'T') != stopped {
			return false, thread.String()
		}
	}
	return true, ""
}

// Usage reads what the process has consumed and holds now.
func (s *Server) Usage() impls.Usage {
	u, err := impls.UsageOf(s.PID())
	if err != nil {
		s.t.unobservable(err)
	}
	return u
}

// Sockets counts the server's descriptors that are sockets, listeners included.
func (s *Server) Sockets() int { return s.Usage().Sockets }

// LimitDescriptors sets how many descriptors the running server may hold (prlimit, the soft limit).
func (s *Server) LimitDescriptors(n int) {
	if err := limitDescriptors(s.PID(), uint64(n)); err != nil {
		s.t.unobservable(err)
	}
	s.t.Eventf("limit of %d descriptors", n)
}

// HighestDescriptor is the largest descriptor number in use: the limit that leaves room for k more is that + 1 + k when
// the numbers below are taken.
func (s *Server) HighestDescriptor() int {
	n, err := highestDescriptor(s.PID())
	if err != nil {
		s.t.unobservable(err)
	}
	return n
}

// StderrBytes is how much the server has logged since its start.
func (s *Server) StderrBytes() int64 { return s.process.StderrBytes() }

// Alive reports whether the process still runs. For a server that the suite did not start that is unknown, and true.
func (s *Server) Alive() bool {
	select {
	case <-s.process.Done():
		return false
	default:
		return true
	}
}

// WaitExit waits until the server has ended and returns how. It fails the check if that takes longer than d times -slow;
// a factor below 1 does not count, because the contract gives the server its time in seconds. What the launcher takes to collect
// a dead server, and to look for what it has left, is not the server's.
func (s *Server) WaitExit(d time.Duration) impls.Exit {
	s.ownProcess("wait for")
	s.leaving = true
	s.t.waitFor(max(d, s.t.scaled(d)), Condition{"the server process ends", func() (bool, string) { return !s.Alive() || s.isDead(), s.brief() }})
	if s.awaitEnd(collectTime); s.Alive() {
		s.t.brokenf("the server has ended, and was not collected in %v", collectTime)
	}
	exit := s.process.Exit()
	s.t.Eventf("server: %v", exit)
	return exit
}

// Kill ends the server with SIGKILL and returns when it is gone.
func (s *Server) Kill() {
	s.ownProcess("kill")
	s.end()
	s.t.Eventf("server killed")
}

// StartAgain starts a server that has ended on the address that it had.
func (s *Server) StartAgain() {
	s.options.Addr = s.Addr()
	if s.process.Network() == "unix" {
		s.options.Addr = "unix:" + s.Addr()
	}
	process, err := s.t.target.Program.Start(s.t.ctx, s.options)
	if err != nil {
		s.t.Fatal("the server starts again on "+s.options.Addr, err.Error())
	}
	s.process, s.leaving, s.stopped = process, false, false
	s.t.Eventf("started again on %s", s.Addr())
}

// crashed reports an end that no check asked for, waiting for it a little.
func (s *Server) crashed(grant time.Duration) bool {
	if s.leaving || s.process.Done() == nil {
		return false
	}
	if grant > 0 {
		s.awaitEnd(grant)
		if s.isDead() { // on a busy machine the launcher takes a while to collect it
			s.awaitEnd(collectTime)
		}
	}
	return !s.Alive()
}

// collectTime bounds the wait for a process that the kernel calls dead. Its end is certain, so a generous bound costs nothing.
const collectTime = 10 * time.Second

func (s *Server) awaitEnd(d time.Duration) {
	select {
	case <-s.process.Done():
	case <-time.After(d):
	}
}

// isDead reports whether the kernel shows that the process has ended, although nobody has been told yet.
func (s *Server) isDead() bool {
	pid := s.process.PID()
	if pid == 0 {
		return false
	}
	if unix.Kill(pid, 0) == unix.ESRCH {
		return true
	}
	if first, ok := leader(pid); ok && first.state != 'Z' && first.state != 'X' {
		return false // as a rule, so one file is read and not one for each thread
	}
	all := threads(pid)
	for _, thread := range all {
		if thread.state != 'Z' && thread.state != 'X' {
			return false
		}
	}
	return len(all) > 0
}

// lookup asks the kernel for the server's end of a connection.
func (s *Server) lookup(connection fourTuple) (Socket, error) {
	return s.inquiry.lookup(s.ownSocket(), connection)
}

// close ends what the check has started and wakes what it has stopped.
func (s *Server) close(own bool) {
	s.inquiry.close()
	if s.stopped && s.Alive() {
		s.process.Signal(syscall.SIGCONT)
		s.stopped = false
	}
	if own {
		s.end()
	}
}

// end kills the process, if it lives, and waits until nothing of it is left.
func (s *Server) end() {
	s.leaving = true
	if s.process.Done() != nil {
		s.process.Kill()
		<-s.process.Done()
	}
}

// facts describes the process for a failure report: one line a thread, then the end of its log.
func (s *Server) facts() []string {
	if !s.Alive() {
		return append([]string{s.process.Exit().String()}, tail(s.process.Stderr())...)
	}
	var lines []string
	if pid := s.process.PID(); pid != 0 {
		if u, err := impls.UsageOf(pid); err == nil {
			lines = append(lines, fmt.Sprintf("alive, %d sockets, %d descriptors, %s KiB resident, %v CPU",
				u.Sockets, u.Descriptors, group(u.RSSBytes/1024), u.CPU.Round(time.Millisecond)))
		}
		lines = append(lines, threadLines(threads(pid))...)
	}
	return append(lines, tail(s.process.Stderr())...)
}

func (s *Server) brief() string {
	if !s.Alive() {
		return s.process.Exit().String()
	}
	return "still running"
}

// threadLines merges threads that do the same: a pool of twenty sleepers is one fact.
func threadLines(all []thread) []string {
	count := map[string]int{}
	var order []string
	for _, t := range all {
		does := t.does()
		if count[does]++; count[does] == 1 {
			order = append(order, does)
		}
	}
	lines := make([]string, 0, len(order))
	for _, does := range order {
		lines = append(lines, plural(int64(count[does]), "thread ", "threads ")+does)
	}
	return lines
}

// tail returns the last lines of a log.
func tail(log string) []string {
	const keep = 8
	lines := strings.FieldsFunc(log, func(r rune) bool { return r == '\n' || r == '\r' })
	lines = lines[max(0, len(lines)-keep):]
	for i := range lines {
		lines[i] = "stderr: " + lines[i]
	}
	return lines
}
