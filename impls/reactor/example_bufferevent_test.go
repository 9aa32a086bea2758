package reactor_test

import (
	"compress/flate"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/netip"
	"time"

	"reactorbench/impls/reactor"
	"reactorbench/impls/reactor/evbuffer"
)

// Two parts of a program talk to each other as over a socket.
func ExampleBase_NewPair() {
	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	client, server := base.NewPair()
	server.OnRead(func() {
		question, _ := server.Input().ReadLine(evbuffer.LF)
		fmt.Fprintf(server, "you have asked: %s", question)
		server.CloseAfterFlush()
	})
	server.Enable(reactor.Read)

	client.OnRead(func() { client.Input().WriteTo(printer{}) })
	client.OnEvent(func(what reactor.Outcome) {
		fmt.Println(what)
		client.Close()
	})
	client.Enable(reactor.Read)
	fmt.Fprintln(client, "what is a pair?")

	base.Dispatch()
	// Output:
	// you have asked: what is a pair?
	// EOF|Reading
}

type printer struct{}

func (printer) Write(p []byte) (int, error) {
	fmt.Printf("%s\n", p)
	return len(p), nil
}

// A filter that numbers the lines on their way out.
func ExampleNewFilter() {
	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	near, far := base.NewPair()
	far.OnEvent(func(reactor.Outcome) {
		far.Input().WriteTo(printer{})
		far.Close()
	})
	far.Enable(reactor.Read)

	number := 0
	numbered := reactor.NewFilter(near, nil, func(dst, src *evbuffer.Buffer, _ int, flush reactor.FlushMode) error {
		line, ok := src.ReadLine(evbuffer.LF)
		if !ok {
			return reactor.ErrNeedMore
		}
		number++
		fmt.Fprintf(dst, "%d %s\n", number, line)
		return nil
	})
	fmt.Fprint(numbered, "a line\nanother\n")
	numbered.CloseAfterFlush()

	base.Dispatch()
	// Output:
	// 1 a line
	// 2 another
}

// The standard library's decompressor waits for bytes in the middle of its work. As a coroutine it may.
func ExampleStreaming() {
	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	near, far := base.NewPair()
	inflate, stop := reactor.Streaming(func(dst io.Writer, src io.Reader) error {
		_, err := io.Copy(dst, flate.NewReader(src))
		return err
	})
	receiver := reactor.NewFilter(near, inflate, nil, reactor.OnRelease(stop))
	receiver.OnRead(func() { receiver.Input().WriteTo(printer{}) })
	receiver.OnEvent(func(what reactor.Outcome) {
		fmt.Println(what)
		receiver.Close()
	})
	receiver.Enable(reactor.Read)

	w, _ := flate.NewWriter(far, flate.BestCompression)
	io.WriteString(w, "compressed on the way")
	w.Close()
	far.CloseAfterFlush()

	base.Dispatch()
	// Output:
	// compressed on the way
	// EOF|Reading
}

// An echo server over TLS, and a client in the same loop.
func ExampleNewTLSServer() {
	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()
	certificate, roots := selfSigned("example.test")

	listener, err := base.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) {
		bev := reactor.NewTLSServer(base.NewBufferEvent(fd), &tls.Config{Certificates: []tls.Certificate{certificate}})
		bev.OnRead(func() { bev.Output().Append(bev.Input()) })
		bev.Enable(reactor.Read) // without OnEvent an end closes, and an error too
	})
	if err != nil {
		log.Fatal(err)
	}

	client := reactor.NewTLSClient(base.NewBufferEvent(-1), &tls.Config{ServerName: "example.test", RootCAs: roots})
	client.SetTimeouts(time.Minute, time.Minute) // for the handshake too
	client.OnEvent(func(what reactor.Outcome) {
		state, _ := client.TLS()
		fmt.Println(what, tls.VersionName(state.Version), state.PeerCertificates[0].DNSNames, client.Err())
	})
	client.OnRead(func() {
		client.Input().WriteTo(printer{})
		client.CloseAfterFlush() // sends close_notify
		listener.Close()
	})
	client.Enable(reactor.Read)
	client.Write([]byte("hello")) // goes out after the handshake
	if err := client.Connect("tcp", listener.Addr()); err != nil {
		log.Fatal(err)
	}

	base.Dispatch()
	// Output:
	// Connected TLS 1.3 [example.test] <nil>
	// hello
}

// selfSigned makes a certificate that is its own authority.
func selfSigned(name string) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{name},
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		log.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// A connection gets 1000 bytes every 10 ms, and no more.
func ExampleBufferEvent_SetRateLimit() {
	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	begun := time.Now()
	sender, receiver := base.NewPair()
	limit := reactor.RateLimit{Tick: 10 * time.Millisecond, Read: reactor.Rate{PerTick: 1000}}
	if err := receiver.SetRateLimit(limit); err != nil {
		log.Fatal(err)
	}
	pieces := 0
	receiver.OnRead(func() { pieces++ })
	receiver.OnEvent(func(reactor.Outcome) {
		fmt.Println(receiver.Input().Len(), "bytes in", pieces, "pieces, not before 40ms:", time.Since(begun) >= 40*time.Millisecond)
		receiver.Close()
	})
	receiver.Enable(reactor.Read)
	sender.Write(make([]byte, 5000))
	sender.CloseAfterFlush()

	base.Dispatch()
	// Output: 5000 bytes in 5 pieces, not before 40ms: true
}

// All connections together get 1 MB a second, in equal shares among those that are active.
func ExampleRateGroup() {
	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	rate := reactor.Rate{PerTick: 100_000}
	group, err := base.NewRateGroup(reactor.RateLimit{Tick: 100 * time.Millisecond, Read: rate, Write: rate})
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		bev, peer := base.NewPair()
		group.Add(bev)
		bev.OnEvent(func(reactor.Outcome) { bev.Close() }) // and leaves the group
		bev.Enable(reactor.Read)
		peer.Write(make([]byte, 10_000))
		peer.CloseAfterFlush()
	}
	base.Dispatch()
	read, written := group.Totals()
	fmt.Println(read, written, group.Members())
	// Output: 30000 0 0
}

// With a high mark of one's own Write says how much it has taken, and OnWrite when there is room.
func ExampleBufferEvent_Write() {
	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	sender, receiver := base.NewPair()
	receiver.OnEvent(func(reactor.Outcome) {
		fmt.Println("received", receiver.Input().Len())
		receiver.Close()
	})
	receiver.Enable(reactor.Read)

	rest := make([]byte, 10_000)
	more := func() {
		n, err := sender.Write(rest)
		fmt.Println(n, errors.Is(err, reactor.ErrOutputFull))
		if rest = rest[n:]; len(rest) == 0 {
			sender.CloseAfterFlush()
		}
	}
	sender.SetWatermark(reactor.Write, 0, 4096)
	sender.OnWrite(more)
	more()

	base.Dispatch()
	// Output:
	// 4096 true
	// 4096 true
	// 1808 false
	// received 10000
}
