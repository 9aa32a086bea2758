package examples

import (
	"io"
	"net"
	"testing"
)

// Both echo servers promise the same.
var echoServers = []string{"echo-event", "echo-bufferevent"}

func forEachEcho(t *testing.T, test func(t *testing.T, s *server)) {
	for _, name := range echoServers {
		t.Run(name, func(t *testing.T) { test(t, serve(t, name)) })
	}
}

func TestEchoAnswersWhileTheStreamIsOpen(t *testing.T) {
	forEachEcho(t, func(t *testing.T, s *server) {
		conn := s.dial(0)
		for _, text := range []string{"hello\n", "x", "again\r\n"} {
			io.WriteString(conn, text)
			got := make([]byte, len(text))
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != text {
				t.Fatalf("got %q, %v", got, err)
			}
		}
	})
}

func TestEchoDeliversEverythingAfterHalfClose(t *testing.T) {
	text := numbers(8 << 20)
	forEachEcho(t, func(t *testing.T, s *server) { wantSame(t, s.exchange(text), text) })
}

func TestEchoOfNothingIsNothing(t *testing.T) {
	forEachEcho(t, func(t *testing.T, s *server) { wantSame(t, s.exchange(nil), nil) })
}

// The client sends without reading until the server has stopped reading too, half-closes with all of that pending, and only then reads.
func TestEchoHasBackPressureAndLosesNothingByIt(t *testing.T) {
	text := numbers(64 << 20)
	forEachEcho(t, func(t *testing.T, s *server) {
		conn := s.dial(256 << 10)
		sent := sendUntilBlocked(t, conn, text)
		conn.CloseWrite()
		got, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, got, text[:sent])
	})
}

func TestEchoServesManyAtATime(t *testing.T) {
	text := numbers(100_000)
	forEachEcho(t, func(t *testing.T, s *server) {
		var conns []*net.TCPConn
		for range 50 {
			conns = append(conns, s.dial(0))
		}
		for _, conn := range conns {
			go func() {
				conn.Write(text)
				conn.CloseWrite()
			}()
		}
		for _, conn := range conns {
			got, err := io.ReadAll(conn)
			if err != nil {
				t.Fatal(err)
			}
			wantSame(t, got, text)
		}
	})
}

func TestEchoSurvivesAReset(t *testing.T) {
	forEachEcho(t, func(t *testing.T, s *server) {
		rude := s.dial(256 << 10)
		sendUntilBlocked(t, rude, numbers(64<<20))
		rude.SetLinger(0)
		rude.Close()
		wantSame(t, s.exchange([]byte("still there")), []byte("still there"))
	})
}
