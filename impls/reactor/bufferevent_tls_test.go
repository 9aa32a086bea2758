package reactor

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The peers here are the standard library's, each in a goroutine of its own.

// alongside runs work in another goroutine while the loop goes round.
func alongside(t testing.TB, b *Base, work func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		done <- work()
		b.Post(b.Break)
	}()
	loop(t, b, KeepAlive, Broken)
	check(t, <-done)
}

// listenTLS accepts connections over TLS.
func listenTLS(t testing.TB, b *Base, config *tls.Config, accept func(bev *BufferEvent)) *Listener {
	t.Helper()
	l, err := b.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) {
		accept(NewTLSServer(b.NewBufferEvent(fd), config))
	})
	check(t, err)
	t.Cleanup(l.Close)
	return l
}

// standardServer accepts one connection after the other and has serve called with each.
func standardServer(t testing.TB, config *tls.Config, serve func(*tls.Conn) error) (address string, wait func() error) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	check(t, err)
	t.Cleanup(func() { l.Close() })
	return l.Addr().String(), func() error {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(soon))
		return serve(conn.(*tls.Conn))
	}
}

func dialTLS(address string, config *tls.Config) (*tls.Conn, error) {
	conn, err := tls.Dial("tcp", address, config)
	if err == nil {
		conn.SetDeadline(time.Now().Add(soon))
	}
	return conn, err
}

var versions = map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}

// onEveryVersion runs the test with each version on each backend.
func onEveryVersion(t *testing.T, test func(t *testing.T, b *Base, version uint16)) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) { test(t, b, version) })
		})
	}
}

func TestTLSServerAgainstTheStandardClient(t *testing.T) {
	onEveryVersion(t, func(t *testing.T, b *Base, version uint16) {
		config := serverConfig(t)
		config.NextProtos = []string{"echo/1", "echo/2"}
		var told []Outcome
		var state tls.ConnectionState
		l := listenTLS(t, b, config, func(bev *BufferEvent) {
			if _, known := bev.TLS(); known {
				t.Error("particulars before the handshake")
			}
			bev.OnRead(func() { bev.Output().Append(bev.Input()) })
			bev.OnEvent(func(what Outcome) {
				told = append(told, what)
				if what == Connected {
					state, _ = bev.TLS()
				} else {
					bev.CloseAfterFlush()
				}
			})
			bev.Enable(Read)
		})
		random := rand.NewChaCha8([32]byte{1})
		sent := make([]byte, 4<<20)
		random.Read(sent)
		alongside(t, b, func() error {
			client := clientConfig(t)
			client.MaxVersion, client.NextProtos = version, []string{"echo/2"}
			conn, err := dialTLS(l.Addr(), client)
			if err != nil {
				return err
			}
			defer conn.Close()
			go func() {
				conn.Write(sent)
				conn.CloseWrite()
			}()
			got, err := io.ReadAll(conn)
			if err == nil && !bytes.Equal(got, sent) {
				err = fmt.Errorf("%d bytes came back, and not those that were sent", len(got))
			}
			return err
		})
		same(t, "told", told, []Outcome{Connected, EOF | Reading})
		equal(t, "version", state.Version, version)
		equal(t, "protocol", state.NegotiatedProtocol, "echo/2")
		equal(t, "name that was asked for", state.ServerName, "reactor.test")
		l.Close()
		loop(t, b, 0, Empty)
	})
}

func TestC10TLSClientAgainstTheStandardServer(t *testing.T) {
	onEveryVersion(t, func(t *testing.T, b *Base, version uint16) {
		server := serverConfig(t)
		server.MaxVersion = version
		var question []byte
		address, serve := standardServer(t, server, func(conn *tls.Conn) (err error) {
			if question, err = io.ReadAll(conn); err == nil {
				_, err = conn.Write(bytes.Repeat([]byte("answer"), 100_000))
			}
			return err
		})
		bev := NewTLSClient(b.NewBufferEvent(-1), clientConfig(t))
		var told []Outcome
		got := take(bev)
		bev.OnEvent(func(what Outcome) {
			told = append(told, what)
			if what.Has(EOF) {
				bev.CloseAfterFlush()
			}
		})
		check(t, bev.Connect("tcp", address))
		if err := bev.Connect("tcp", address); !errors.Is(err, ErrConnected) {
			t.Errorf("second Connect: %v", err)
		}
		bev.Write([]byte("written before there was a connection"))
		bev.CloseWrite()
		same(t, "told before the loop", told, nil)
		alongside(t, b, serve)
		loop(t, b, 0, Empty)
		same(t, "told", told, []Outcome{Connected, EOF | Reading})
		equal(t, "question", string(question), "written before there was a connection")
		equal(t, "answer", got.Len(), 600_000)
	})
}

// libevent's test connect_fail_eventcb, through filters: one Error, and no data callbacks.
func TestC10RefusedThroughFilters(t *testing.T) {
	make := map[string]func(t *testing.T, under *BufferEvent) *BufferEvent{
		"filter": func(_ *testing.T, under *BufferEvent) *BufferEvent { return rot13(under) },
		"TLS":    func(t *testing.T, under *BufferEvent) *BufferEvent { return NewTLSClient(under, clientConfig(t)) },
		"TLS over filter": func(t *testing.T, under *BufferEvent) *BufferEvent {
			return NewTLSClient(framed(under), clientConfig(t))
		},
	}
	for name, make := range make {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) {
				nobody, err := b.Listen("tcp", "127.0.0.1:0", func(int, netip.AddrPort) {})
				check(t, err)
				nobody.Close()
				bev := make(t, b.NewBufferEvent(-1))
				told := outcomes(bev)
				bev.OnRead(func() { t.Error("OnRead") })
				bev.OnWrite(func() { t.Error("OnWrite") })
				bev.Enable(Read)
				bev.Write([]byte("in vain"))
				check(t, bev.Connect("tcp", nobody.Addr()))
				loop(t, b, 0, Empty)
				same(t, "told", *told, []Outcome{Error | Reading | Writing})
				if !errors.Is(bev.Err(), unix.ECONNREFUSED) {
					t.Errorf("error %v", bev.Err())
				}
				bev.Close()
			})
		})
	}
}

// A certificate that nobody vouches for is an Error on this side, with the reason, and an alert on the other.
func TestC12TLSBadCertificate(t *testing.T) {
	onEveryVersion(t, func(t *testing.T, b *Base, version uint16) {
		server := serverConfig(t)
		server.MaxVersion = version
		address, serve := standardServer(t, server, func(conn *tls.Conn) error {
			err := conn.Handshake()
			if err == nil { // in TLS 1.3 the server is through before the client has looked
				_, err = conn.Read([]byte{0})
			}
			if err == nil || !strings.Contains(err.Error(), "bad certificate") {
				return fmt.Errorf("the server was told %v, want an alert", err)
			}
			return nil
		})
		bev := NewTLSClient(b.NewBufferEvent(-1), &tls.Config{ServerName: "reactor.test", RootCAs: trust(issue(t, "another"))})
		var told []Outcome
		bev.OnEvent(func(what Outcome) {
			told = append(told, what)
			bev.Close()
		})
		bev.Enable(Read)
		check(t, bev.Connect("tcp", address))
		alongside(t, b, serve)
		loop(t, b, 0, Empty)
		same(t, "told", told, []Outcome{Error | Reading | Writing})
		var reason *tls.CertificateVerificationError
		if !errors.As(bev.Err(), &reason) {
			t.Errorf("error %v, want the reason", bev.Err())
		}
	})
}

func TestC12TLSClientThatRefuses(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var told []Outcome
		var reason error
		l := listenTLS(t, b, serverConfig(t), func(bev *BufferEvent) {
			bev.OnEvent(func(what Outcome) {
				told = append(told, what)
				reason = bev.Err()
				bev.Close()
			})
			bev.Enable(Read)
		})
		alongside(t, b, func() error {
			if _, err := dialTLS(l.Addr(), &tls.Config{ServerName: "other.test"}); err == nil {
				return errors.New("the client is content")
			}
			return nil
		})
		l.Close()
		loop(t, b, 0, Empty)
		same(t, "told", told, []Outcome{Error | Reading | Writing})
		if reason == nil || !strings.Contains(reason.Error(), "bad certificate") {
			t.Errorf("error %v, want the client's alert", reason)
		}
	})
}

// What is no TLS is told once, with its reason.
func TestC12TLSGarbage(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		under, peer := owned(t, b)
		bev := NewTLSServer(under, serverConfig(t))
		told := outcomes(bev)
		write(t, peer, "GET / HTTP/1.0\r\n\r\n")
		loop(t, b, 0, Empty)
		same(t, "told", *told, []Outcome{Error | Reading | Writing})
		var reason tls.RecordHeaderError
		if !errors.As(bev.Err(), &reason) {
			t.Errorf("error %v", bev.Err())
		}
		bev.Close()
	})
}

func TestTLSClientCertificates(t *testing.T) {
	onEveryVersion(t, func(t *testing.T, b *Base, version uint16) {
		server := serverConfig(t)
		server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, trust(certificate(t))
		var names []string
		l := listenTLS(t, b, server, func(bev *BufferEvent) {
			bev.OnEvent(func(what Outcome) {
				if state, ok := bev.TLS(); ok && what == Connected {
					names = state.PeerCertificates[0].DNSNames
				}
				bev.CloseAfterFlush()
			})
			bev.Enable(Read)
		})
		client := clientConfig(t)
		client.Certificates, client.MaxVersion = server.Certificates, version
		bev := NewTLSClient(b.NewBufferEvent(-1), client)
		bev.OnEvent(func(what Outcome) {
			if what != Connected {
				equal(t, "outcome", what, EOF|Reading)
				bev.CloseAfterFlush()
				l.Close()
			}
		})
		bev.Enable(Read)
		check(t, bev.Connect("tcp", l.Addr()))
		loop(t, b, 0, Empty)
		same(t, "names", names, []string{"reactor.test"})
	})
}

func TestTLSResumption(t *testing.T) {
	onEveryVersion(t, func(t *testing.T, b *Base, version uint16) {
		server := serverConfig(t)
		server.MaxVersion = version
		resumed := map[string][]bool{}
		l := listenTLS(t, b, server, func(bev *BufferEvent) {
			bev.OnRead(func() { bev.Output().Append(bev.Input()) })
			bev.OnEvent(func(what Outcome) {
				if state, _ := bev.TLS(); what == Connected {
					resumed["server"] = append(resumed["server"], state.DidResume)
				} else {
					bev.CloseAfterFlush()
				}
			})
			bev.Enable(Read)
		})
		client := clientConfig(t)
		client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		for range 2 {
			bev := NewTLSClient(b.NewBufferEvent(-1), client)
			bev.OnEvent(func(what Outcome) {
				state, _ := bev.TLS()
				resumed["client"] = append(resumed["client"], state.DidResume)
			})
			bev.OnRead(func() { // with the ticket before it
				bev.CloseAfterFlush()
				b.Break()
			})
			bev.Enable(Read)
			bev.Write([]byte("hello"))
			check(t, bev.Connect("tcp", l.Addr()))
			loop(t, b, 0, Broken)
		}
		same(t, "server resumed", resumed["server"], []bool{false, true})
		same(t, "client resumed", resumed["client"], []bool{false, true})
		l.Close()
		loop(t, b, 0, Empty)
	})
}

// A peer that says nothing is not waited for longer than the timeouts say.
func TestC5TLSHandshakeTimesOut(t *testing.T) {
	for name, timeouts := range map[string][2]time.Duration{
		"Timeout|Reading at 100ms": {100 * ms, 0},
		"Timeout|Writing at 100ms": {0, 100 * ms},
	} {
		inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
			under, peer := owned(t, b)
			bev := NewTLSServer(under, serverConfig(t))
			var told []string
			begun := v.now
			bev.OnEvent(func(what Outcome) {
				told = append(told, fmt.Sprint(what, " at ", time.Duration(v.now-begun)))
				bev.Close()
			})
			bev.SetTimeouts(timeouts[0], timeouts[1])
			write(t, peer, "\x16\x03\x01") // as if it were to begin
			loop(t, b, 0, Empty)
			same(t, "told", told, []string{name})
		})
	}
}

// The connection may be closed in the middle of the handshake, and nothing is left of it.
func TestC9CloseDuringTheHandshake(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		before := runtime.NumGoroutine()
		for range 20 {
			under, peer := owned(t, b)
			bev := NewTLSClient(under, clientConfig(t))
			bev.OnEvent(func(what Outcome) { t.Errorf("%v after Close", what) })
			turns(t, b, 3)
			if len(read(t, peer)) == 0 {
				t.Fatal("the handshake did not begin")
			}
			fd := bev.FD()
			bev.Close()
			equal(t, "open after Close", isOpen(fd), false)
		}
		for range 1000 { // a goroutine that was told to end has still to do so
			if runtime.NumGoroutine() <= before {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if after := runtime.NumGoroutine(); after > before {
			t.Errorf("%d goroutines, %d before", after, before)
		}
		loop(t, b, 0, Empty)
	})
}

// A connection that is cut off is no EOF, between two records or within one.
func TestC13TLSCutOff(t *testing.T) {
	for name, rest := range map[string]string{"between records": "", "within a record": "\x17\x03\x03\x00\x40half of it"} {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) {
				var told []Outcome
				var reason error
				var got string
				l := listenTLS(t, b, serverConfig(t), func(bev *BufferEvent) {
					bev.OnRead(func() { got += string(bev.Input().Pullup(bev.Input().Len())); bev.Input().Reset() })
					bev.OnEvent(func(what Outcome) {
						if told = append(told, what); what != Connected {
							reason = bev.Err()
							bev.Close()
						}
					})
					bev.Enable(Read)
				})
				alongside(t, b, func() error {
					conn, err := dialTLS(l.Addr(), clientConfig(t))
					if err != nil {
						return err
					}
					io.WriteString(conn, "hello")
					io.WriteString(conn.NetConn(), rest)
					conn.NetConn().(*net.TCPConn).CloseWrite()
					io.Copy(io.Discard, conn.NetConn())
					return conn.NetConn().Close()
				})
				same(t, "told", told, []Outcome{Connected, Error | Reading})
				equal(t, "received", got, "hello")
				if !errors.Is(reason, io.ErrUnexpectedEOF) {
					t.Errorf("error %v, want an unexpected EOF", reason)
				}
				l.Close()
				loop(t, b, 0, Empty)
			})
		})
	}
}

// What a TLS connection keeps while it is idle: no goroutine, and what crypto/tls has.
func TestIdleTLSMemory(t *testing.T) {
	b := newBase(t)
	const connections = 200
	before, goroutines := heapBytes(), runtime.NumGoroutine()
	var all []*BufferEvent
	shaken := 0
	for range connections {
		one, other := socketKind(t, b)
		bev, peer := NewTLSServer(one, serverConfig(t)), NewTLSClient(other, clientConfig(t))
		for _, each := range []*BufferEvent{bev, peer} {
			each.OnEvent(func(Outcome) { shaken++ })
			each.SetTimeouts(time.Minute, time.Minute)
			all = append(all, each)
		}
		echo(bev)
		bev.OnEvent(func(Outcome) { shaken++ })
		got := 0
		peer.OnRead(func() { got += peer.Input().Len(); peer.Input().Reset() })
		peer.Enable(Read)
		peer.Write(make([]byte, 1000))
		until(t, b, "the echo", func() bool { return got == 1000 })
	}
	equal(t, "handshakes", shaken, 2*connections)
	equal(t, "goroutines", runtime.NumGoroutine(), goroutines)
	each := (heapBytes() - before) / (2 * connections)
	t.Logf("%d bytes an end, certificates included", each)
	if each > 24<<10 {
		t.Errorf("%d bytes an end", each)
	}
	for _, bev := range all {
		bev.Close()
	}
}

func TestTLSRefusesRenegotiation(t *testing.T) {
	b := newBase(t)
	for _, config := range []*tls.Config{nil, {Renegotiation: tls.RenegotiateFreelyAsClient}} {
		one, other := b.NewPair()
		panics(t, func() { NewTLSClient(one, config) })
		panics(t, func() { NewTLSServer(other, config) })
	}
}

func panics(t testing.TB, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	f()
}
