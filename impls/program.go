package impls

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Program can be started, any number of times: each time a fresh process. Builder.Build makes one from
// an implementation, Command from any command line.
type Program struct {
	Impl Impl

	argv     []string // how to run it; may hold {addr}, {host}, {port}, {loops}
	dir      string   // working directory, "" is the harness's own
	contract bool     // it signed the contract: takes -addr and -loops, and prints the line
}

// Command is the program of a stranger, who knows nothing of the contract beyond an address to listen on.
// {addr}, {host}, {port} and {loops} in argv are replaced; where none of the first three occurs, -addr HOST:PORT is
// appended.
//
// Such a server may stay silent. If it was told its address by a placeholder, the harness chose the port, and
// the server counts as started when its process listens there. That proof sends nothing on Linux and is
// one empty connection elsewhere. Between the choice and the server's bind another process can take the port;
// then the start fails and can be repeated.
func Command(name string, argv ...string) *Program {
	return &Program{
		Impl: Impl{Name: name, Folder: name, About: strings.Join(argv, " "), Language: "unknown", Design: "unknown"},
		argv: argv,
	}
}

// Options say how to start a server. The zero value starts it as every other one is started.
type Options struct {
	Addr   string        // HOST:PORT or unix:PATH; default 127.0.0.1:0
	Loops  int           // -loops; default 1. GOMAXPROCS is Procs of it
	CPUs   []int         // the only processors that it may run on; default all. Linux only
	Env    []string      // KEY=VALUE, after the variant's own: the last one counts
	Args   []string      // arguments behind all others
	Ready  time.Duration // how long it may take until it listens; default 10 s
	Stdout io.Writer     // receives its stdout as well. It must not block, or the server waits for it
	Stderr io.Writer     // receives its stderr as well, on the same condition
	NoFile uint64        // limit of open descriptors, soft and hard, from its first instruction on; 0 is inherited. Linux only
	Stdio  Stdio         // what its standard streams are; default Watched

	// Before runs on the thread that forks the server, just before it does, and what it changes of that thread the server
	// inherits. The thread is used for nothing else and ends with the server. Linux only.
	Before func() error
}

// Stdio is what the standard streams of a server are: redirections as sh(1) takes them.
type Stdio string

const (
	Watched    Stdio = ""             // stdin is /dev/null, and the harness reads stdout and stderr
	FullStderr Stdio = "2>/dev/full"  // every write to stderr fails with ENOSPC. Linux only
	ClosedAll  Stdio = "<&- >&- 2>&-" // all three are closed, as under a careless supervisor: its first descriptor is 0
)

// Procs is GOMAXPROCS in the environment of a server with so many loops: one more than they are.
//
// A loop that sleeps in a system call keeps its P. While no other P is idle, Go's monitor takes it away after 20 µs, and whoever wakes has
// to get one back and to wake the monitor for its next round: half the CPU time of an event loop at 5000 requests a second. While one is idle
// the monitor lets the sleeper alone for 10 ms (retake in runtime/proc.go). The processors that a server may run on are another matter,
// and the same for all. A design whose loops are Go's own threads sets GOMAXPROCS itself.
func Procs(loops int) int { return loops + 1 }

// silent reports whether the server cannot announce itself, so that its socket must be looked for.
func (s Stdio) silent() bool { return s == ClosedAll }

func (o Options) withDefaults() Options {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	o.Loops = max(o.Loops, 1)
	if o.Ready <= 0 {
		o.Ready = 10 * time.Second
	}
	return o
}

// A launch is one start, ready to be forked.
type launch struct {
	cmd       *exec.Cmd
	addr      string // the address that the server was told
	maySilent bool   // it was told its port and may not say so: it counts as started when it listens there
	marker    string // an environment entry that only this server and its descendants have
}

func (p *Program) launch(o Options) (launch, error) {
	if len(p.argv) == 0 {
		return launch{}, errors.New(p.Impl.Name + ": no command line to run")
	}
	l := launch{addr: o.Addr, marker: newMarker()}
	if o.Stdio.silent() || !p.contract && takesAddress(p.argv) {
		var err error
		if l.addr, err = withPort(o.Addr); err != nil {
			return launch{}, err
		}
		l.maySilent = true
	}
	argv := p.commandLine(l.addr, o)
	if o.Stdio != Watched { // exec keeps the process: it is still the server that was started
		argv = append([]string{"/bin/sh", "-c", `exec "$0" "$@" ` + string(o.Stdio)}, argv...)
	}
	l.cmd = exec.Command(argv[0], argv[1:]...)
	l.cmd.Dir = p.dir
	l.cmd.Env = slices.Concat(os.Environ(), []string{"GOMAXPROCS=" + strconv.Itoa(Procs(o.Loops)), l.marker}, p.Impl.Env, o.Env)
	return l, nil
}

// commandLine puts the contract's arguments where the program wants them: into placeholders, or at the end.
func (p *Program) commandLine(addr string, o Options) []string {
	host, port := hostPort(addr)
	loops := strconv.Itoa(o.Loops)
	written := slices.Concat(p.argv, p.Impl.Args)
	argv := substitute(written, "{addr}", addr, "{host}", host, "{port}", port, "{loops}", loops)
	if !takesAddress(written) {
		argv = append(argv, "-addr", addr)
	}
	if p.contract && !mentions(written, "{loops}") {
		argv = append(argv, "-loops", loops)
	}
	return append(argv, o.Args...)
}

func takesAddress(argv []string) bool { return mentions(argv, "{addr}", "{host}", "{port}") }

func mentions(argv []string, placeholders ...string) bool {
	return slices.ContainsFunc(argv, func(word string) bool {
		return slices.ContainsFunc(placeholders, func(placeholder string) bool { return strings.Contains(word, placeholder) })
	})
}

// hostPort splits an address; both are empty for a Unix socket and for what is no address at all. Whether
// that is so is for the server to find out: the conformance suite hands over bad addresses on purpose.
func hostPort(addr string) (host, port string) {
	if strings.HasPrefix(addr, unixPrefix) {
		return "", ""
	}
	host, port, _ = net.SplitHostPort(addr)
	return host, port
}

// withPort replaces port 0 by a port that is free at this moment.
func withPort(addr string) (string, error) {
	if _, port := hostPort(addr); port != "0" {
		return addr, nil
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("no free port on %s: %w", addr, err)
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// newMarker is of the same length every time: the size of the environment shifts a program's stack, and that alone
// can move its speed by percents.
func newMarker() string {
	var random [8]byte
	rand.Read(random[:])
	return "REACTORBENCH_SERVER=" + hex.EncodeToString(random[:])
}
