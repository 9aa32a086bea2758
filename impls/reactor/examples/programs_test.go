// Package examples tests the programs in its folders: the real ones, over real sockets.
package examples

import (
	"bufio"
	"errors"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reactorbench/impls/reactor"
	"reactorbench/impls/reactor/backend"
)

const (
	patience   = 30 * time.Second // when a test gives up on something that should happen at once
	impatience = 2 * time.Second  // the same, where it is known that it will not happen
)

var programs string // the folder of the built programs

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "examples"); err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(programs)
	if out, err := exec.Command("go", "build", "-o", programs+"/", "./...", "./testdata/careless").CombinedOutput(); err != nil {
		log.Fatalf("%v\n%s", err, out)
	}
	return m.Run()
}

// onEveryMethod runs the test once for each backend that the kernel grants; the programs learn of it by the environment.
func onEveryMethod(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	for _, method := range reactor.Methods() {
		t.Run(method, func(t *testing.T) {
			t.Setenv(reactor.MethodVariable, method)
			base, err := reactor.New()
			if errors.Is(err, backend.ErrUnavailable) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			base.Close()
			test(t)
		})
	}
}

// A server is a running program that listens.
type server struct {
	t        *testing.T
	cmd      *exec.Cmd
	addr     string
	patience time.Duration // how long a connection may take
}

// serve starts a server on a free port. It is interrupted at the end of the test, and must then exit 0.
func serve(t *testing.T, name string, flags ...string) *server {
	t.Helper()
	s := &server{t: t, patience: patience, cmd: exec.Command(filepath.Join(programs, name), append(flags, "-addr=127.0.0.1:0")...)}
	s.cmd.Stderr = os.Stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening ")
	if !ok {
		t.Fatalf("the first line is %q, %v", line, err)
	}
	s.addr = addr
	return s
}

func (s *server) stop() {
	s.t.Helper()
	s.cmd.Process.Signal(os.Interrupt)
	giveUp := time.AfterFunc(patience, func() { s.cmd.Process.Kill() })
	defer giveUp.Stop()
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("%s after an interrupt: %v", filepath.Base(s.cmd.Path), err)
	}
}

// dial connects. The receive buffer is fixed, or the kernel would make it larger and larger while nobody reads.
func (s *server) dial() (*net.TCPConn, error) {
	c, err := net.DialTimeout("tcp", s.addr, patience)
	if err != nil {
		return nil, err
	}
	conn := c.(*net.TCPConn)
	conn.SetReadBuffer(256 << 10)
	return conn, conn.SetDeadline(time.Now().Add(s.patience))
}
