package examples

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// A check is a promise that a server keeps, or an error that says how it broke it. Being a value, it can
// also be held against a server that is known to be wrong (careless_test.go).
type check func(s *server) error

// exchange sends text, shuts down the sending side, and returns all that comes back before the server's end of stream.
func (s *server) exchange(text []byte) ([]byte, error) {
	conn, err := s.dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	go func() {
		conn.Write(text)
		conn.CloseWrite()
	}()
	return io.ReadAll(conn)
}

// turns is a check that what comes back for text is want.
func turns(text, want []byte) check {
	return func(s *server) error {
		got, err := s.exchange(text)
		return errors.Join(err, same(got, want))
	}
}

// answersAtOnce is a check that each piece is answered while the stream is open.
func answersAtOnce(pieces, want []string) check {
	return func(s *server) error {
		conn, err := s.dial()
		if err != nil {
			return err
		}
		defer conn.Close()
		for i, piece := range pieces {
			io.WriteString(conn, piece)
			got := make([]byte, len(want[i]))
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != want[i] {
				return fmt.Errorf("for %q came %q, want %q: %w", piece, got, want[i], err)
			}
		}
		conn.CloseWrite()
		rest, err := io.ReadAll(conn)
		return errors.Join(err, same(rest, nil))
	}
}

// deliversBacklog sends without reading for as long as the server takes it, half-closes with all of that pending, and only
// then reads: everything that the server took must come.
func deliversBacklog(s *server) error {
	conn, err := s.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	sent, err := sendUntilBlocked(conn)
	if err != nil {
		return err
	}
	conn.CloseWrite()
	got, err := io.ReadAll(conn)
	return errors.Join(err, same(got, backlog[:sent]))
}

// holdsBack sends without reading and expects the server to stop reading too.
func holdsBack(s *server) error {
	conn, err := s.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	sent, err := sendUntilBlocked(conn)
	if sent == len(backlog) {
		return fmt.Errorf("the server took all %d bytes although nobody reads the echo", sent)
	}
	return err
}

// backlog is more than all the kernel's buffers on the way hold.
var backlog = numbers(64 << 20)

// sendUntilBlocked sends the backlog and returns how much of it was taken, before a second in which nothing was.
func sendUntilBlocked(conn *net.TCPConn) (sent int, err error) {
	for sent < len(backlog) {
		conn.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := conn.Write(backlog[sent:])
		sent += n
		if os.IsTimeout(err) && n == 0 {
			break
		}
		if err != nil && !os.IsTimeout(err) {
			return sent, err
		}
	}
	return sent, conn.SetWriteDeadline(time.Time{})
}

// servesMany has fifty connections at a time.
func servesMany(s *server) error {
	text := numbers(100_000)
	outcomes := make(chan error)
	for range 50 {
		go func() { outcomes <- turns(text, text)(s) }()
	}
	var errs []error
	for range 50 {
		errs = append(errs, <-outcomes)
	}
	return errors.Join(errs...)
}

// survivesReset has one client break off in the middle, and expects the next one to be served.
func survivesReset(s *server) error {
	rude, err := s.dial()
	if err != nil {
		return err
	}
	if _, err := sendUntilBlocked(rude); err != nil {
		return err
	}
	rude.SetLinger(0)
	rude.Close()
	return turns([]byte("still there"), []byte("still there"))(s)
}

// numbers is text in which every part differs.
func numbers(size int) []byte {
	var text bytes.Buffer
	for i := 0; text.Len() < size; i++ {
		fmt.Fprintf(&text, "%d ", i)
	}
	return text.Bytes()[:size]
}

func same(got, want []byte) error {
	if bytes.Equal(got, want) {
		return nil
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	return fmt.Errorf("got %d bytes, want %d; the same up to %d, then %.40q, want %.40q", len(got), len(want), i, got[i:], want[i:])
}
