package impls

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// echo sends a word through a connection and expects it back.
func echo(t *testing.T, s *Server) {
	t.Helper()
	conn, err := net.Dial(s.Network(), s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "hello" {
		t.Errorf("echo of hello is %q, %v", got, err)
	}
}

func TestStartAndStop(t *testing.T) {
	socket := filepath.Join(os.TempDir(), fmt.Sprintf("impls-test-%d", os.Getpid())) // short: 104 bytes are all it may have
	defer os.Remove(socket)
	for _, test := range []struct{ addr, network, at string }{
		{"", "tcp", "127.0.0.1:"},
		{"[::1]:0", "tcp", "[::1]:"},
		{":0", "tcp", "[::]:"},
		{"unix:" + socket, "unix", socket},
	} {
		s := start(t, "good", Options{Addr: test.addr})
		if s.Network() != test.network || !strings.HasPrefix(s.Addr(), test.at) {
			t.Errorf("told %q it listens on %s %s", test.addr, s.Network(), s.Addr())
		}
		echo(t, s)
		exit, err := s.Stop(t.Context())
		if err != nil || !exit.Clean() || exit.String() != "exited with status 0" {
			t.Errorf("told %q it %s, %v", test.addr, exit, err)
		}
	}
}

// TestStartNoticesTheFault: whatever is wrong with a start is an error of its kind, and nothing is left running.
func TestStartNoticesTheFault(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	const soon = 300 * time.Millisecond // how long the silent are waited for
	for _, test := range []struct {
		fault    string
		options  Options
		kind     StartKind
		contains string
	}{
		{"silent", Options{Ready: soon}, Silent, "after 300ms it has printed no line `listening ADDR` on stdout"},
		{"endless", Options{Ready: soon}, Silent, `its first line on stdout has no end: "listening 127.0.0.1:`},
		{"dies", Options{}, Died, "it exited with status 3 before it listened; its stderr ends: out of flux"},
		{"garbled", Options{}, Garbled, `the first line on stdout is "Server up and running on 127.0.0.1:`},
		{"lies", Options{}, Lied, "does not listen on 127.0.0.1:1"},
		{"twice", Options{Args: []string{"-announce=nowhere"}}, Garbled, `"listening nowhere": ADDR is neither IP:PORT nor unix:PATH`},
		{"twice", Options{Args: []string{"-announce=127.0.0.1:0"}}, Garbled, "nobody listens on port 0"},
		{"twice", Options{Args: []string{"-announce=localhost:80"}}, Garbled, "neither IP:PORT nor unix:PATH"},
		{"twice", Options{Args: []string{"-announce=127.0.0.2:80"}}, Lied, "asked to listen on 127.0.0.1:0, it announces 127.0.0.2:80"},
		{"twice", Options{Args: []string{"-announce=unix:/tmp/x"}}, Lied, "asked to listen on 127.0.0.1:0, it announces /tmp/x"},
		{"twice", Options{Addr: "127.0.0.1:1", Args: []string{"-addr=127.0.0.1:0"}}, Lied, "asked to listen on 127.0.0.1:1, it announces 127.0.0.1:"},
		{"twice", Options{Addr: busy.Addr().String()}, Died, "address already in use"},
	} {
		s, err := program(t, "bad/"+test.fault).Start(t.Context(), test.options)
		var failed *StartError
		if !errors.As(err, &failed) {
			t.Errorf("%s %v: error is %v, want a StartError", test.fault, test.options.Args, err)
			continue
		}
		if s != nil || failed.Kind != test.kind || failed.Impl != "bad/"+test.fault || !strings.Contains(err.Error(), test.contains) {
			t.Errorf("%s %v:\n got %s: %v\nwant %s: ...%s...", test.fault, test.options.Args, failed.Kind, err, test.kind, test.contains)
		}
	}
}

func TestASecondLineIsSeen(t *testing.T) {
	s := start(t, "bad/twice", Options{})
	eventually(t, "the second line", func() bool { return s.StdoutExtra() == "listening "+s.Addr()+"\n" })
	if exit, _ := s.Stop(t.Context()); exit.Stdout != "listening "+s.Addr()+"\n" {
		t.Errorf("the exit tells stdout %q", exit.Stdout)
	}
	if s := start(t, "good", Options{}); s.StdoutExtra() != "" {
		t.Errorf("a right server has extra output %q", s.StdoutExtra())
	}
}

// TestAFloodDoesNotBlock: 8 MiB on stderr are far more than a pipe holds; the server comes up only if they are read.
func TestAFloodDoesNotBlock(t *testing.T) {
	s := start(t, "bad/floods", Options{})
	const want = 8<<20 + int64(len("the flood is over\n"))
	eventually(t, "all of it counted", func() bool { return s.StderrBytes() == want })
	if kept := s.Stderr(); len(kept) != 4<<10 || !strings.HasSuffix(kept, "the flood is over\n") {
		t.Errorf("kept %d bytes that end with %q", len(kept), kept[len(kept)-20:])
	}
}

func TestTees(t *testing.T) {
	var stdout, stderr strings.Builder
	s := start(t, "bad/orphans", Options{Stdout: &stdout, Stderr: &stderr})
	s.Stop(t.Context()) // the outputs are read to their end when it returns
	if stdout.String() != "listening "+s.Addr()+"\n" || stderr.String() != s.Stderr() || stderr.Len() == 0 {
		t.Errorf("stdout was %q, stderr %q", stdout.String(), stderr.String())
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestATeeThatFailsDoesNotBlockTheServer(t *testing.T) {
	s := start(t, "bad/floods", Options{Stderr: failingWriter{}})
	eventually(t, "everything read", func() bool { return s.StderrBytes() > 8<<20 })
}

// TestEnvironment: GOMAXPROCS is one more than the loops for everybody; the variant may say otherwise, and the caller last.
func TestEnvironment(t *testing.T) {
	t.Setenv("GOMAXPROCS", "77")
	p := Command("env", "sh", "-c", "echo $GOMAXPROCS $WORD")
	for _, test := range []struct {
		variant []string
		options Options
		want    string
	}{
		{nil, Options{}, "2\n"},
		{nil, Options{Loops: 3}, "4\n"},
		{[]string{"GOMAXPROCS=5", "WORD=a"}, Options{Loops: 3}, "5 a\n"},
		{[]string{"GOMAXPROCS=5"}, Options{Loops: 3, Env: []string{"GOMAXPROCS=6", "WORD=b"}}, "6 b\n"},
	} {
		p.Impl.Env = test.variant
		exit, err := p.Run(t.Context(), test.options)
		if err != nil || exit.Stdout != test.want {
			t.Errorf("%v %v: %q, %v; want %q", test.variant, test.options.Env, exit.Stdout, err, test.want)
		}
	}
}

// TestRun is for programs that end by themselves.
func TestRun(t *testing.T) {
	exit, err := program(t, "good").Run(t.Context(), Options{Args: []string{"-no-such-flag"}})
	if err != nil || exit.Code != 2 || !strings.Contains(exit.Stderr, "flag provided but not defined: -no-such-flag") {
		t.Errorf("a bad flag: %s, %v, %q", exit, err, exit.Stderr)
	}
	busy := start(t, "good", Options{})
	exit, err = program(t, "good").Run(t.Context(), Options{Addr: busy.Addr()})
	if err != nil || exit.Code != 1 || !strings.Contains(exit.Stderr, "address already in use") || exit.Stdout != "" {
		t.Errorf("a busy port: %s, %v, %q", exit, err, exit.Stderr)
	}
	exit, err = program(t, "good").Run(t.Context(), Options{Addr: "not an address"})
	if err != nil || exit.Code != 1 || exit.Stderr == "" {
		t.Errorf("a bad address: %s, %v, %q", exit, err, exit.Stderr)
	}
}

func TestRunOfAServerThatStays(t *testing.T) {
	listens := make(chan bool, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-listens; cancel() }()
	exit, err := program(t, "good").Run(ctx, Options{Stdout: signalWriter(listens)})
	if !errors.Is(err, context.Canceled) || !exit.Killed || !strings.HasPrefix(exit.Stdout, "listening 127.0.0.1:") {
		t.Errorf("%s, %v, stdout %q", exit, err, exit.Stdout)
	}
}

// A signalWriter tells that something was written.
type signalWriter chan bool

func (w signalWriter) Write(text []byte) (int, error) {
	if len(text) > 0 {
		w <- true
	}
	return len(text), nil
}

func TestWhatCannotBeRun(t *testing.T) {
	for _, p := range []*Program{Command("gone", "/no/such/program"), Command("gone", "no-such-program"), Command("gone")} {
		_, err := p.Start(t.Context(), Options{})
		var failed *StartError
		if err == nil || errors.As(err, &failed) || !strings.HasPrefix(err.Error(), "gone") {
			t.Errorf("%v: error is %v", p.argv, err)
		}
		if _, err := p.Run(t.Context(), Options{}); err == nil {
			t.Errorf("%v: ran", p.argv)
		}
	}
}

func TestAStartCalledOff(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	tired := errors.New("tired of waiting")
	time.AfterFunc(50*time.Millisecond, func() { cancel(tired) })
	_, err := program(t, "bad/silent").Start(ctx, Options{})
	if !errors.Is(err, tired) {
		t.Errorf("error is %v", err)
	}
}

// TestTheContextIsTheLife of a server, not only of its start.
func TestTheContextIsTheLife(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := program(t, "good").Start(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if exit := s.Exit(); !exit.Killed || exit.String() != "was killed by the harness" {
		t.Errorf("it %s", exit)
	}
}

func TestManyAtOnce(t *testing.T) {
	p := program(t, "good")
	failures := make(chan error)
	const servers = 16
	for range servers {
		go func() {
			s, err := p.Start(context.Background(), Options{})
			if err == nil {
				_, err = s.Stop(context.Background())
			}
			failures <- err
		}()
	}
	for range servers {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
}
