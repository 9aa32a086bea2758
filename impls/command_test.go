package impls

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

func TestCommandLine(t *testing.T) {
	contract := &Program{argv: []string{"server"}, contract: true, Impl: Impl{Args: []string{"-mode=edge"}}}
	placed := &Program{argv: []string{"server", "--port={port}"}, contract: true, Impl: Impl{Args: []string{"-n", "{loops}"}}}
	for _, test := range []struct {
		program *Program
		addr    string
		want    string
	}{
		{contract, "127.0.0.1:0", "server -mode=edge -addr 127.0.0.1:0 -loops 2 -last"},
		{contract, "unix:/tmp/s", "server -mode=edge -addr unix:/tmp/s -loops 2 -last"},
		{contract, "nonsense", "server -mode=edge -addr nonsense -loops 2 -last"},
		{placed, "127.0.0.1:80", "server --port=80 -n 2 -last"},
		{Command("x", "server", "-l"), "127.0.0.1:80", "server -l -addr 127.0.0.1:80 -last"},
		{Command("x", "server", "{host}", "{port}"), "[::1]:80", "server ::1 80 -last"},
		{Command("x", "server", "tcp://{addr}"), "[::1]:80", "server tcp://[::1]:80 -last"},
	} {
		got := strings.Join(test.program.commandLine(test.addr, Options{Loops: 2, Args: []string{"-last"}}), " ")
		if got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

// TestStrangers: what a server that has never heard of the contract may do.
func TestStrangers(t *testing.T) {
	bad, good := executable(t, "bad/silent"), executable(t, "good")
	for _, test := range []struct {
		what string
		argv []string
	}{
		{"knows the contract", []string{good}},
		{"knows the contract and is told where", []string{good, "-addr={addr}"}},
		{"says nothing", []string{bad, "-fault=silent", "-addr={addr}"}},
		{"is told host and port", []string{bad, "-fault=silent", "-addr={host}:{port}"}},
		{"greets in its own words", []string{bad, "-fault=garbled", "-addr={addr}"}},
		{"is run by a shell that steps aside", []string{"sh", "-c", "exec " + bad + " -fault=silent -addr={addr}"}},
	} {
		s, err := Command("stranger", test.argv...).Start(t.Context(), Options{})
		if err != nil {
			t.Errorf("a stranger that %s: %v", test.what, err)
			continue
		}
		if conn, err := net.Dial(s.Network(), s.Addr()); err != nil {
			t.Errorf("a stranger that %s: %v", test.what, err)
		} else {
			conn.Close()
		}
		if exit, err := s.Stop(t.Context()); err != nil || !exit.Clean() {
			t.Errorf("a stranger that %s: it %s, %v", test.what, exit, err)
		}
	}
}

// TestPlaceholdersAreNoExcuse: who signed the contract prints the line, wherever he takes his address.
func TestPlaceholdersAreNoExcuse(t *testing.T) {
	p := &Program{argv: []string{executable(t, "bad/silent"), "-fault=silent", "-addr={addr}", "-loops={loops}"}, contract: true}
	_, err := p.Start(t.Context(), Options{Ready: 300 * time.Millisecond})
	var failed *StartError
	if !errors.As(err, &failed) || failed.Kind != Silent {
		t.Errorf("error is %v", err)
	}
}

func TestStrangersGreetingIsKept(t *testing.T) {
	s, err := Command("stranger", executable(t, "bad/garbled"), "-fault=garbled", "-addr={addr}").Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := "Server up and running on " + s.Addr() + "\n"
	eventually(t, "the greeting", func() bool { return s.StdoutExtra() == want }) // it may listen before it greets
	if exit, _ := s.Stop(t.Context()); exit.Stdout != want {
		t.Errorf("stdout is %q, want %q", exit.Stdout, want)
	}
}

// TestStrangersThatFail: being silent is no excuse for not listening, nor is somebody else who does.
func TestStrangersThatFail(t *testing.T) {
	bad := executable(t, "bad/silent")
	occupied, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer occupied.Close()
	const soon = 300 * time.Millisecond
	for _, test := range []struct {
		what     string
		argv     []string
		options  Options
		kind     StartKind
		contains string
	}{
		{"says nothing and chose its own port", []string{bad, "-fault=silent"}, Options{Ready: soon}, Silent, "printed no line"},
		{"listens elsewhere", []string{bad, "-fault=silent", "-addr=127.0.0.1:0", "-announce={addr}"}, Options{Ready: soon}, Silent, "does not listen on 127.0.0.1:"},
		{"dies", []string{bad, "-fault=dies", "-addr={addr}"}, Options{}, Died, "exited with status 3"},
		{"was forestalled", []string{bad, "-fault=silent", "-addr={addr}"}, Options{Addr: occupied.Addr().String()}, Died, "address already in use"},
	} {
		_, err := Command("stranger", test.argv...).Start(t.Context(), test.options)
		var failed *StartError
		if !errors.As(err, &failed) || failed.Kind != test.kind || !strings.Contains(err.Error(), test.contains) {
			t.Errorf("a stranger that %s:\n got %v\nwant %s: ...%s...", test.what, err, test.kind, test.contains)
		}
	}
}
