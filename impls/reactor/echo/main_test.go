package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"reactorbench/impls/reactor"
)

// The test binary is the server when this is set, so that signals and exit codes are real.
const serverVariable = "ECHO_TEST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(serverVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func command(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), serverVariable+"=1")
	return c
}

// start returns a running server and where it listens.
func start(t *testing.T, args ...string) (server *exec.Cmd, network, address string) {
	t.Helper()
	server = command(args...)
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	address, found := strings.CutPrefix(strings.TrimSpace(line), "listening ")
	if err != nil || !found {
		t.Fatalf("the server said %q, %v", line, err)
	}
	network, address = split(address)
	return server, network, address
}

// Echo over every method and family, by one loop and by several: every byte, then FIN; and an orderly end on SIGTERM.
func TestEcho(t *testing.T) {
	addresses := []string{"127.0.0.1:0", "[::1]:0", "unix:" + filepath.Join(t.TempDir(), "socket")}
	for _, method := range reactor.Methods() {
		for _, addr := range addresses {
			for _, loops := range []string{"1", "3"} {
				t.Run(method+"/"+addr+"/"+loops, func(t *testing.T) {
					serveAndEnd(t, "-method", method, "-addr", addr, "-loops", loops)
				})
			}
		}
	}
}

// The same for every way of sharing connections out.
func TestEchoSharing(t *testing.T) {
	for _, share := range []string{"handoff", "least", "reuseport"} {
		for _, addr := range []string{"127.0.0.1:0", "unix:" + filepath.Join(t.TempDir(), "socket")} {
			t.Run(share+"/"+addr, func(t *testing.T) { serveAndEnd(t, "-share", share, "-addr", addr, "-loops", "3") })
		}
	}
}

func serveAndEnd(t *testing.T, args ...string) {
	t.Helper()
	server, network, address := start(t, args...)
	for range 4 { // at least one for each loop
		echoOnce(t, network, address)
	}
	var idle [12]net.Conn
	for i := range idle {
		var err error
		if idle[i], err = net.Dial(network, address); err != nil {
			t.Fatal(err)
		}
		defer idle[i].Close()
		echoBytes(t, idle[i], []byte("it is accepted"))
	}
	server.Process.Signal(syscall.SIGTERM)
	for _, c := range idle {
		c.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("an idle connection ended with %v", err)
		}
	}
	if err := server.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if _, err := net.Dial(network, address); err == nil {
		t.Error("somebody is still listening")
	}
}

func echoOnce(t *testing.T, network, address string) {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<15)
	go func() {
		conn.Write(sent)
		conn.(interface{ CloseWrite() error }).CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%d of %d bytes came back, %v", len(got), len(sent), err)
	}
}

func echoBytes(t *testing.T, conn net.Conn, sent []byte) {
	t.Helper()
	conn.Write(sent)
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%q came back, %v", got, err)
	}
}

// On io_uring a listening socket outlives its process for a moment: an address in use is asked for again. The predecessor is played
// by the test, which hears the successor's first question and lets go only then.
func TestPredecessorLingers(t *testing.T) {
	for _, method := range reactor.Methods() {
		if !strings.HasPrefix(method, "io_uring") {
			continue
		}
		t.Run(method, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "socket")
			predecessor, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			if err != nil {
				t.Fatal(err)
			}
			predecessor.SetUnlinkOnClose(false) // a killed process leaves its file
			go func() {
				if question, err := predecessor.Accept(); err == nil {
					question.Close()
				}
				predecessor.Close()
			}()
			_, network, address := start(t, "-method", method, "-addr", "unix:"+path)
			echoOnce(t, network, address)
		})
	}
}

// What cannot be done is said in one line, and the exit code is not zero.
func TestRefusals(t *testing.T) {
	_, _, busy := start(t, "-addr", "127.0.0.1:0", "-share", "reuseport", "-loops", "2")
	for name, args := range map[string][]string{
		"busy address":   {"-addr", busy},
		"busy, shared":   {"-addr", busy, "-share", "reuseport", "-loops", "2"},
		"bad sharing":    {"-share", "fairly"},
		"bad address":    {"-addr", "nonsense"},
		"unknown method": {"-method", "semaphore flags"},
		"no loops":       {"-loops", "0"},
		"stray argument": {"stray"},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			c := command(args...)
			c.Stderr = &stderr
			out, err := c.Output()
			if err == nil || len(out) > 0 || strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("ended with %v, stdout %q, stderr %q", err, out, stderr.String())
			}
		})
	}
}
