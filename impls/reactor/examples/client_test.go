package examples

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reactorbench/impls/reactor"
)

// client prepares a client for addr that is killed if the test outlasts everybody's patience.
func client(t *testing.T, addr string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, "client"), "-addr="+addr)
	return cmd
}

// listen has serve handle the one connection that a client makes.
func listen(t *testing.T, serve func(conn *net.TCPConn)) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		serve(conn.(*net.TCPConn))
	}()
	return listener.Addr().String()
}

// The client says by what it waits, on standard error: standard output has the answers alone.
func TestClientNamesItsMethod(t *testing.T) {
	for _, method := range reactor.Methods() {
		cmd := client(t, serve(t, "echo-bufferevent").addr)
		cmd.Env = append(os.Environ(), reactor.MethodVariable+"="+method)
		cmd.Stdin = strings.NewReader("hello\n")
		var said bytes.Buffer
		cmd.Stderr = &said
		got, err := cmd.Output()
		if err != nil && strings.Contains(said.String(), "not available here") {
			t.Logf("%s: %s", method, said.String())
			continue
		}
		if err != nil || string(got) != "hello\n" || !strings.Contains(said.String(), "waiting by "+method+"\n") {
			t.Errorf("%s: printed %q, said %q, %v", method, got, said.String(), err)
		}
	}
}

// A regular file, which no backend but poll and select could wait for.
func TestClientSendsAFileAndPrintsItsEcho(t *testing.T) {
	text := numbers(8 << 20)
	path := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := client(t, serve(t, "echo-bufferevent").addr)
	cmd.Stdin = file
	got, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := same(got, text); err != nil {
		t.Error(err)
	}
}

func TestClientPrintsAnswersWhileItsInputIsOpen(t *testing.T) {
	cmd := client(t, serve(t, "echo-event").addr)
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	for _, line := range []string{"one\n", "two\n"} {
		io.WriteString(stdin, line)
		if got, err := lines.ReadString('\n'); got != line {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	stdin.Close()
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("in the end %q, %v", rest, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// The server answers only after the client's end of stream, and at length.
func TestClientHalfClosesAndReadsOn(t *testing.T) {
	question, answer := numbers(1<<20), numbers(4<<20)
	asked := make(chan []byte, 1)
	cmd := client(t, listen(t, func(conn *net.TCPConn) {
		got, _ := io.ReadAll(conn)
		asked <- got
		conn.Write(answer)
	}))
	cmd.Stdin = bytes.NewReader(question)
	got, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := same(<-asked, question); err != nil {
		t.Error("the question: ", err)
	}
	if err := same(got, answer); err != nil {
		t.Error("the answer: ", err)
	}
}

func TestClientEndsWithTheServerThoughItsInputIsOpen(t *testing.T) {
	cmd := client(t, listen(t, func(conn *net.TCPConn) { io.WriteString(conn, "bye") }))
	stdin, _ := cmd.StdinPipe()
	defer stdin.Close()
	if got, err := cmd.Output(); err != nil || string(got) != "bye" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestClientSaysWhyItFailed(t *testing.T) {
	unused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	unused.Close()
	for what, addr := range map[string]string{
		"refused": unused.Addr().String(),
		"reset": listen(t, func(conn *net.TCPConn) {
			conn.Read(make([]byte, 1))
			conn.SetLinger(0)
		}),
		"no port": "127.0.0.1",
	} {
		t.Run(what, func(t *testing.T) {
			cmd := client(t, addr)
			cmd.Stdin = strings.NewReader("hello")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			err := cmd.Run()
			lines := strings.SplitAfter(stderr.String(), "\n")
			if strings.Contains(lines[0], "waiting by") {
				lines = lines[1:]
			}
			if err == nil || len(lines) != 2 || lines[0] == "" {
				t.Errorf("%v, %q, want one line of why", err, stderr.String())
			}
		})
	}
}
