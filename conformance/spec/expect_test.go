package spec

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// alone is a check with a server of its own, so that no canary asks it afterwards.
func alone(run func(*T)) Check {
	check := stub(MUST, run)
	check.Fresh = true
	return check
}

// TestWhatAWrongServerIsToldWrong: each of these servers is wrong in one way, and the failure must name that way.
func TestWhatAWrongServerIsToldWrong(t *testing.T) {
	exchange := func(t *T) {
		c := t.Dial()
		c.Send(4096)
		c.CloseWrite()
		c.ExpectEcho(4096)
		c.ExpectFIN()
	}
	tests := []struct {
		name   string
		answer func(c *net.TCPConn, all []byte) // all that the client has sent up to its FIN
		want   []string
	}{
		{"tail missing", func(c *net.TCPConn, all []byte) { c.Write(all[:4000]) },
			[]string{"want  4 096 bytes, then FIN", "got   4 000 bytes, then FIN: the tail is missing, what came is intact"}},
		{"nothing at all", func(*net.TCPConn, []byte) {}, []string{"got   0 bytes, then FIN"}},
		{"reset in the middle", func(c *net.TCPConn, all []byte) { c.Write(all[:100]); c.SetLinger(0) },
			[]string{"then RST"}},
		{"gap", func(c *net.TCPConn, all []byte) { c.Write(all[:1000]); c.Write(all[1001:]) },
			[]string{"got   1 000 bytes intact, then from offset 1 000 on a gap: 1 byte is missing", "sent, from offset 984:", "came, from offset 984:"}},
		{"block twice", func(c *net.TCPConn, all []byte) { c.Write(all[:2048]); c.Write(all[1024:]) },
			[]string{"from offset 2 048 on a repeated block: the bytes of offset 1 024 came again"}},
		{"blocks swapped", func(c *net.TCPConn, all []byte) { c.Write(all[2048:]); c.Write(all[:2048]) },
			[]string{"reordered: the bytes of offset 2 048 before those of offset 0"}},
		{"bytes behind the end", func(c *net.TCPConn, all []byte) { c.Write(all); c.Write(all[:10]) },
			[]string{"want  4 096 bytes in all, as many as were sent", "got   4 096 bytes, then 10 bytes more: the bytes of offset 0 again"}},
		{"farewell", func(c *net.TCPConn, all []byte) { c.Write(all); io.WriteString(c, "goodbye") },
			[]string{"then 7 bytes more: bytes that no connection sent", "|goodbye|"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			target, _ := fake(t, func(_ *fakeProcess, c *net.TCPConn) {
				defer c.Close()
				if all, err := io.ReadAll(c); err == nil {
					test.answer(c, all)
				}
			})
			result := run(t, target, alone(exchange))
			for _, want := range test.want {
				if result.Verdict != Fail || !strings.Contains(result.Report("it"), want) {
					t.Errorf("want a failure that says %q, got %s", want, result.Report("it"))
				}
			}
		})
	}
}

// TestAnotherClientsBytesAreNamed: a server that mixes its clients up is told whose bytes it sent.
func TestAnotherClientsBytesAreNamed(t *testing.T) {
	late := make(chan []byte, 2) // each client gets what came before its own
	late <- streamOf(1, 0, 64)
	target, _ := fake(t, func(_ *fakeProcess, c *net.TCPConn) {
		defer c.Close()
		own := make([]byte, 64)
		if _, err := io.ReadFull(c, own); err == nil {
			late <- own
			c.Write(<-late)
		}
	})
	result := run(t, target, alone(func(t *T) {
		for range 2 {
			c := t.Dial()
			c.Send(64)
			c.ExpectEcho(64)
		}
	}))
	if !strings.Contains(result.Report("it"), "the bytes of another client: connection 1, offset 0") {
		t.Error(result.Report("it"))
	}
}

// TestSilenceFails: a server that owes bytes and sends none is not waited for for ever.
func TestSilenceFails(t *testing.T) {
	target, _ := fake(t, func(_ *fakeProcess, c *net.TCPConn) { defer c.Close(); io.Copy(io.Discard, c) })
	r := Runner{Target: target, Options: Options{Seed: 7, Slow: 0.02}} // a fiftieth of the patience
	result := r.Run(t.Context(), alone(func(t *T) { t.Dial().Ping() }))
	if result.Verdict != Fail || !strings.Contains(result.Report("it"), "then nothing for 0.1 s") {
		t.Error(result.Report("it"))
	}
}

// TestEchoNeedsNoRoom: an amount larger than every buffer comes through, because Echo reads while it sends.
func TestEchoNeedsNoRoom(t *testing.T) {
	result := run(t, serve(t, echo), stub(MUST, func(t *T) {
		c := t.Dial(WithReceiveBuffer(4 << 10))
		c.Echo(0)
		c.Echo(3 << 20)
		c.EchoPaced(1000, func() (int64, time.Duration) { return 100, 100 * time.Microsecond })
		if c.Sent() != 3<<20+1000 || c.Received() != c.Sent() {
			t.Fatalf("sent %d, received %d", c.Sent(), c.Received())
		}
	}))
	if result.Verdict != Pass {
		t.Error(result.Report("it"))
	}
}

// TestRawBytesAreCompared: the checks that choose their own bytes see a change too.
func TestRawBytesAreCompared(t *testing.T) {
	target, _ := fake(t, func(_ *fakeProcess, c *net.TCPConn) {
		defer c.Close()
		b := make([]byte, 4096)
		for {
			n, err := c.Read(b)
			for i := range b[:n] {
				b[i] &= 0x7f
			}
			if c.Write(b[:n]); err != nil {
				return
			}
		}
	})
	result := run(t, target, alone(allBytes.Run))
	if !strings.Contains(result.Report("it"), "0x00 where 0x80 was sent, at offset 128") {
		t.Error(result.Report("it"))
	}
}
