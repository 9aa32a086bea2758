package reactor

import (
	"crypto/tls"
	"io"
	"math"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/evbuffer"
)

// NewTLSServer returns a bufferevent that speaks TLS through another one, as the server. config must have a certificate or a way to
// get one; everything in it counts but Renegotiation, which is refused with a panic.
//
//	base.Listen("tcp", address, func(fd int, _ netip.AddrPort) {
//		bev := reactor.NewTLSServer(base.NewBufferEvent(fd), config)
//		...
//	})
//
// It is a filter, see [NewFilter]. The handshake begins in the loop and has one outcome, told to OnEvent: Connected, with the particulars in
// [BufferEvent.TLS]; Error, with what was wrong in Err; or Timeout, after the shorter of the two timeouts. What is written before goes
// out after it. Its arithmetic, half a millisecond or so, and the callbacks of config run in the goroutine of the loop.
//
// EOF is the peer's close_notify. A connection that ends without has been cut off, perhaps by somebody in between: Error, with
// [io.ErrUnexpectedEOF] in Err. CloseWrite and CloseAfterFlush send everything, then close_notify, and then FIN. Close sends nothing,
// unless TLS itself has failed: then the alert that tells the peer why goes out first.
func NewTLSServer(underlying *BufferEvent, config *tls.Config) *BufferEvent {
	if config == nil {
		panic("reactor: NewTLSServer without a configuration")
	}
	return newTLS(underlying, config, tls.Server)
}

// NewTLSClient is NewTLSServer's counterpart; config must have ServerName, or InsecureSkipVerify. The underlying bufferevent may be
// unconnected: Connect connects it, and then shakes hands.
func NewTLSClient(underlying *BufferEvent, config *tls.Config) *BufferEvent {
	if config == nil {
		panic("reactor: NewTLSClient without a configuration")
	}
	return newTLS(underlying, config, tls.Client)
}

// TLS has the particulars of a connection over TLS once its handshake is done; false before, and for other bufferevents.
func (bev *BufferEvent) TLS() (tls.ConnectionState, bool) {
	f := bev.filter()
	if f == nil || f.tls == nil || f.begin != nil {
		return tls.ConnectionState{}, false
	}
	state := f.tls.conn.ConnectionState()
	return state, state.HandshakeComplete
}

func newTLS(under *BufferEvent, config *tls.Config, role func(net.Conn, *tls.Config) *tls.Conn) *BufferEvent {
	if config.Renegotiation != tls.RenegotiateNever {
		panic("reactor: TLS with renegotiation: the loop cannot wait in the middle of a read")
	}
	f := new(filter)
	s := &secured{f: f}
	s.conn = role((*wire)(s), config)
	f.tls, f.in, f.out, f.begin = s, s.decrypt, s.encrypt, s.shake
	f.releases = []func(){s.release}
	return f.open(under)
}

// secured is crypto/tls between the buffers of a filter.
//
// A tls.Conn wants a net.Conn that waits for bytes, and the loop must not wait. A goroutine for each connection would answer that,
// for a stack per idle connection and two switches a read. Here nearly all runs in the loop's own goroutine:
//
//   - The handshake cannot be interrupted by an error and go on later. So it runs as a coroutine, which waits where the bytes end. That
//     lasts as long as the handshake.
//   - After it, tls.Conn.Read may fail in the middle of a record, with what came kept for the next try, as long as
//     the error is a temporary one of package net. So it is simply called when bytes have come.
//   - Writing goes into the underlying output, which takes everything.
type secured struct {
	f       *filter
	conn    *tls.Conn
	shaking *coroutine // while the handshake goes on
}

// wire is the net.Conn that the tls.Conn sees.
type wire secured

// noBytes is the temporary error.
type noBytes struct{}

func (noBytes) Error() string   { return "no bytes have come yet" }
func (noBytes) Timeout() bool   { return true }
func (noBytes) Temporary() bool { return true }

// cutOff is not io.ErrUnexpectedEOF itself, because crypto/tls takes that for a harmless end between two records.
type cutOff struct{}

func (cutOff) Error() string { return "tls: the connection ended without close_notify" }
func (cutOff) Unwrap() error { return io.ErrUnexpectedEOF }

func (w *wire) Read(p []byte) (int, error) {
	for w.f.under.input.Len() == 0 {
		switch {
		case w.f.failure != nil:
			return 0, w.f.failure
		case w.f.ended:
			return 0, cutOff{}
		case w.shaking == nil:
			return 0, noBytes{}
		}
		if err := w.shaking.wait(); err != nil {
			return 0, err
		}
	}
	return w.f.under.input.Read(p)
}

func (w *wire) Write(p []byte) (int, error) { return w.f.under.Output().Write(p) }

func (w *wire) Close() error { return nil } // the filter sees to it

func (w *wire) LocalAddr() net.Addr  { return socketName(w.f.under.FD(), unix.Getsockname) }
func (w *wire) RemoteAddr() net.Addr { return socketName(w.f.under.FD(), unix.Getpeername) }

func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

func socketName(fd int, ask func(fd int) (unix.Sockaddr, error)) net.Addr {
	if name, err := ask(fd); err == nil {
		if a := addrPort(name); a.IsValid() {
			return net.TCPAddrFromAddrPort(a)
		}
	}
	return &net.UnixAddr{Net: "unix"}
}

// shake makes a step of the handshake.
func (s *secured) shake() error {
	if s.shaking == nil {
		s.shaking = new(coroutine)
		s.shaking.run(s.conn.Handshake)
	}
	c := s.shaking
	if c.step() {
		return ErrNeedMore
	}
	s.shaking = nil
	s.f.lastWord = c.err != nil
	return c.err
}

func (s *secured) release() {
	if s.shaking != nil {
		s.shaking.stop()
	}
}

// A recordBytes is the most plain text that a record of TLS carries (RFC 8446 section 5.1).
const recordBytes = 16 << 10

func (s *secured) decrypt(dst, src *evbuffer.Buffer, most int, _ FlushMode) error {
	p := s.f.bev.io.base.room16()
	if most > 0 && most < len(p) {
		p = p[:most]
	}
	n, err := s.conn.Read(p)
	if n > 0 { // and the error will come again
		_, err := dst.Write(p[:n])
		return err
	}
	switch err {
	case noBytes{}:
		return ErrNeedMore
	case nil, io.EOF:
	default:
		s.f.lastWord = true
	}
	return err
}

func (s *secured) encrypt(dst, src *evbuffer.Buffer, most int, flush FlushMode) error {
	if most == 0 {
		most = math.MaxInt
	}
	n := min(src.Len(), recordBytes, most)
	if n > 0 {
		p := s.plain(src, n)
		if len(p) < n {
			return io.ErrUnexpectedEOF // a file has become shorter
		}
		if _, err := s.conn.Write(p); err != nil {
			return err
		}
		src.Drain(n)
	}
	switch {
	case flush == Finished && src.Len() == 0:
		return s.conn.CloseWrite()
	case n == 0:
		return ErrNeedMore
	}
	return nil
}

// plain is the first n bytes of src in one piece: a record is encrypted as a whole.
func (s *secured) plain(src *evbuffer.Buffer, n int) []byte {
	var first [1][]byte
	if src.Peek(first[:], n); len(first[0]) == n {
		return first[0]
	}
	p := s.f.bev.io.base.room16()[:n]
	return p[:src.CopyOut(p, 0)]
}

// room16 is memory for one record, for use within one call.
func (b *Base) room16() []byte {
	if b.scratch == nil {
		b.scratch = make([]byte, recordBytes)
	}
	return b.scratch
}
