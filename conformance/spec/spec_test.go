package spec

import (
	"context"
	"net"
	"testing"
)

// serve runs a TCP server inside the test: no process to observe, but sockets like any other's.
func serve(t *testing.T, handle func(*net.TCPConn)) *Target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go handle(c.(*net.TCPConn))
		}
	}()
	return &Target{Name: "inside", Attached: Attached{Net: "tcp", Address: l.Addr().String()}, Again: "-addr " + l.Addr().String()}
}

// echo is a right server.
func echo(c *net.TCPConn) {
	defer c.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := c.Read(b)
		if n > 0 {
			if _, err := c.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func run(t *testing.T, target *Target, check Check) Result {
	t.Helper()
	r := Runner{Target: target, Options: Options{Seed: 7}}
	defer r.Close()
	return r.Run(context.Background(), check)
}

func TestARightServerPasses(t *testing.T) {
	target := serve(t, echo)
	for _, check := range All() {
		if check.Profile == Torture {
			continue
		}
		t.Run(check.Slug, func(t *testing.T) {
			result := run(t, target, check)
			if result.Verdict != Pass && result.Verdict != Info && result.Verdict != NotApplicable {
				t.Errorf("%s\n%+v", result.Verdict, result)
			}
		})
	}
}

func TestATruncatingServerFails(t *testing.T) {
	target := serve(t, func(c *net.TCPConn) {
		defer c.Close()
		b := make([]byte, 64<<10)
		for total := 0; total < 256<<10; {
			n, err := c.Read(b)
			c.Write(b[:n])
			if total += n; err != nil {
				return
			}
		}
		for { // it reads on, so that its end is FIN, and answers no more
			if _, err := c.Read(b); err != nil {
				return
			}
		}
	})
	result := run(t, target, halfCloseBacklog)
	if result.Verdict != Fail {
		t.Fatalf("verdict %s", result.Verdict)
	}
	t.Logf("%+v\n%s", result.Failures, result.Timeline)
}
