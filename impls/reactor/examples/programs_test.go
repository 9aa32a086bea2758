// Package examples tests the programs in its folders: the real ones, over real sockets.
package examples

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is when a test gives up on something that should happen at once.
const patience = 30 * time.Second

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
	if out, err := exec.Command("go", "build", "-o", programs+"/", "./...").CombinedOutput(); err != nil {
		log.Fatalf("%v\n%s", err, out)
	}
	return m.Run()
}

// A server is a running program that listens.
type server struct {
	t    *testing.T
	cmd  *exec.Cmd
	addr string
}

// serve starts a server on a free port. It is interrupted at the end of the test, and must then exit 0.
func serve(t *testing.T, name string, flags ...string) *server {
	t.Helper()
	s := &server{t: t, cmd: exec.Command(filepath.Join(programs, name), append(flags, "-addr=127.0.0.1:0")...)}
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

// dial connects, with a receive buffer of the given size, or the default one for 0.
func (s *server) dial(receiveBuffer int) *net.TCPConn {
	s.t.Helper()
	c, err := net.DialTimeout("tcp", s.addr, patience)
	if err != nil {
		s.t.Fatal(err)
	}
	conn := c.(*net.TCPConn)
	s.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	if receiveBuffer > 0 {
		conn.SetReadBuffer(receiveBuffer)
	}
	return conn
}

// exchange sends text, shuts down the sending side, and returns all that comes back before the server's end of stream.
func (s *server) exchange(text []byte) []byte {
	s.t.Helper()
	conn := s.dial(0)
	go func() {
		conn.Write(text)
		conn.CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	if err != nil {
		s.t.Fatalf("after %d bytes: %v", len(got), err)
	}
	return got
}

// numbers is text in which every part differs.
func numbers(size int) []byte {
	var text bytes.Buffer
	for i := 0; text.Len() < size; i++ {
		fmt.Fprintf(&text, "%d ", i)
	}
	return text.Bytes()[:size]
}

// sendUntilBlocked sends until the server has stopped reading, and returns how much it took.
func sendUntilBlocked(t *testing.T, conn *net.TCPConn, text []byte) int {
	t.Helper()
	sent := 0
	for sent < len(text) {
		conn.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := conn.Write(text[sent:])
		sent += n
		if os.IsTimeout(err) {
			conn.SetWriteDeadline(time.Now().Add(patience))
			return sent
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("the server took all %d bytes although nobody reads the echo: it has no back-pressure", sent)
	return 0
}

func wantSame(t *testing.T, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Fatalf("got %d bytes, want %d; the same up to %d", len(got), len(want), commonPrefix(got, want))
	}
}

func commonPrefix(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}
