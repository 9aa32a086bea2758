package main

import (
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func init() {
	// A timer, a pipe or a log file for each connection, which the connection's end forgets.
	faults["leaks-descriptor"] = func(s *server) {
		s.welcome = func(c *net.TCPConn) {
			if _, err := syscall.Open(os.DevNull, syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err != nil {
				c.Close()
			}
		}
	}

	// Arrays of 512 clients, and select beyond FD_SETSIZE: one more is accepted and never served.
	faults["forgets-client-513"] = func(s *server) {
		echo := s.echo
		s.echo = func(c *net.TCPConn) error {
			if s.population() > 512 {
				return discard(c)
			}
			return echo(c)
		}
	}

	// Dense tables: the last client moves into the gap, and the table forgets where it came from.
	faults["forgets-moved-client"] = func(s *server) {
		var table denseTable
		echo, hangUp := s.echo, s.hangUp
		s.echo = func(c *net.TCPConn) error {
			table.add(c)
			return echo(c)
		}
		s.hangUp = func(c *net.TCPConn, why error) {
			table.remove(c)
			hangUp(c, why)
		}
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			if table.lost(c) {
				return nil
			}
			return send(c, block)
		}
	}

	// Servers that ask the name service for the name of each newcomer, in the loop.
	faults["looks-up-newcomers"] = func(s *server) {
		var loop sync.Mutex
		send := s.send
		s.welcome = func(*net.TCPConn) {
			loop.Lock()
			defer loop.Unlock()
			time.Sleep(faultDelay)
		}
		s.send = func(c *net.TCPConn, block []byte) error {
			takeTurn(&loop)
			return send(c, block)
		}
	}

	// A record of each client in a list that nobody clears.
	faults["remembers-each-client"] = func(s *server) {
		s.welcome = func(*net.TCPConn) { remember(make([]byte, 32<<10)) }
	}

	// A thread for each client that waits for work after its client has left.
	faults["keeps-thread"] = func(s *server) {
		s.welcome = func(*net.TCPConn) {
			go func() {
				runtime.LockOSThread()
				select {}
			}()
		}
	}

	// Samples with listen(fd, 5).
	faults["short-backlog"] = func(s *server) {
		s.listen = func(addr string) (*net.TCPListener, error) {
			l, err := listen(addr)
			if err != nil {
				return nil, err
			}
			raw, err := l.SyscallConn()
			if err != nil {
				return nil, err
			}
			return l, raw.Control(func(fd uintptr) { syscall.Listen(int(fd), 5) })
		}
	}

	// Servers that look through all their clients for one that has something.
	faults["walks-all-clients"] = func(s *server) {
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			s.mu.Lock()
			for other := range s.conns {
				for range 5 {
					try(other, func(fd int) (int, error) { return syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR) })
				}
			}
			s.mu.Unlock()
			return send(c, block)
		}
	}

	// Servers with an idle timeout that no one has asked for.
	faults["closes-idle-client"] = func(s *server) {
		echo := s.echo
		s.echo = func(c *net.TCPConn) error {
			c.SetReadDeadline(time.Now().Add(faultDelay))
			return echo(c)
		}
	}

	// Loops that read a connection until it is empty before they look at the next (mio issue 45, twemproxy issue 416).
	faults["starves-others"] = func(s *server) {
		var loop sync.Mutex
		s.echo = func(c *net.TCPConn) error { return s.echoUntilCalm(c, &loop) }
	}

	// Listeners that are one more descriptor in a busy loop's list, behind all connections.
	faults["starves-accept"] = func(s *server) {
		var lastByte atomic.Int64 // when, in nanoseconds since the epoch
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			lastByte.Store(time.Now().UnixNano())
			return send(c, block)
		}
		s.welcome = func(*net.TCPConn) {
			for time.Since(time.Unix(0, lastByte.Load())) < calm {
				pause()
			}
		}
	}
}

// A denseTable has no gaps: who leaves is replaced by the last one, which is then looked for in its old place.
type denseTable struct {
	sync.Mutex
	conns []*net.TCPConn
	moved map[*net.TCPConn]bool
}

func (t *denseTable) add(c *net.TCPConn) {
	t.Lock()
	defer t.Unlock()
	t.conns = append(t.conns, c)
}

// crowded is how long the table must be for the mistake to strike.
const crowded = 300

func (t *denseTable) remove(c *net.TCPConn) {
	t.Lock()
	defer t.Unlock()
	last := len(t.conns) - 1
	if place := slices.Index(t.conns, c); place >= 0 {
		if place < last && last > crowded {
			if t.moved == nil {
				t.moved = map[*net.TCPConn]bool{}
			}
			t.moved[t.conns[last]] = true
		}
		t.conns[place] = t.conns[last]
		t.conns = t.conns[:last]
	}
}

func (t *denseTable) lost(c *net.TCPConn) bool {
	t.Lock()
	defer t.Unlock()
	return t.moved[c]
}

func (s *server) population() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// calm is how long a client must have been silent before the loop believes it. A flooding client that has to wait for a
// CPU must not look calm.
const calm = faultDelay

// echoUntilCalm takes its turn in the loop for every block, and keeps it from a full buffer on.
func (s *server) echoUntilCalm(c *net.TCPConn, loop *sync.Mutex) error {
	buffer := make([]byte, readSize)
	for {
		n, err := s.read(c, buffer)
		block := buffer[:n]
		loop.Lock()
		if n == readSize {
			block, err = s.echoFlood(c, buffer)
		}
		loop.Unlock()
		if err := s.send(c, block); err != nil {
			return err
		}
		if err != nil {
			return err
		}
	}
}

// echoFlood returns a full buffer and all that follows until the client is calm or does not read. What it could not
// send is left to the caller.
func (s *server) echoFlood(c *net.TCPConn, buffer []byte) (unsent []byte, err error) {
	defer s.patience(c)
	for n := readSize; ; {
		c.SetDeadline(time.Now().Add(calm))
		sent, err := c.Write(buffer[:n])
		if err != nil {
			return buffer[sent:n], ignoreTimeout(err)
		}
		if n, err = c.Read(buffer); err != nil {
			return buffer[:n], ignoreTimeout(err)
		}
	}
}

// patience takes the deadlines of a calm-seeking loop away again.
func (s *server) patience(c *net.TCPConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.SetDeadline(time.Time{})
	if s.stopping {
		s.hurry(c)
	}
}
