package simulated

import (
	"golang.org/x/sys/unix"
)

// An End is one of the two ends of a connection: a socket of the process, if a descriptor names it, or of somebody elsewhere.
//
//	Write ─► out ══ network ══► in ─► Read
//
// A direction ends with FIN, which arrives after the data, or with RST, which overtakes it.
type End struct {
	Number int  // of all ends made, for the trace; the two ends of a connection have numbers one apart
	Lost   bool // the kernel gave the connection up before anybody accepted it

	kernel *Kernel
	peer   *End
	in     stretch // arrived and not read
	out    stretch // written and not arrived

	direct     bool // of the unix kind: what is written has arrived
	connecting bool
	finSent    bool       // shut down for writing
	finIn      bool       // the peer's FIN has arrived
	reset      bool       // RST has arrived, or the attempt to connect has failed
	closed     bool       // nobody names this end any more
	pending    unix.Errno // told once, by the next call

	delivering bool   // is on the agenda
	deliver    func() // made once
	notify     func() // tells the owner outside that something has changed

	arrivals uint32 // what makes an edge for Read and Closed
	vacancy  uint32 // and for Write
}

// A stretch is a bounded queue of bytes.
type stretch struct {
	bytes []byte
	head  int
	size  int
}

func (s *stretch) len() int  { return len(s.bytes) - s.head }
func (s *stretch) room() int { return s.size - s.len() }

func (s *stretch) put(p []byte) {
	if s.head > 0 && len(s.bytes)+len(p) > cap(s.bytes) {
		s.bytes = s.bytes[:copy(s.bytes, s.bytes[s.head:])]
		s.head = 0
	}
	s.bytes = append(s.bytes, p...)
}

// first shows the first n bytes.
func (s *stretch) first(n int) []byte { return s.bytes[s.head : s.head+n] }

func (s *stretch) drop(n int) {
	if s.head += n; s.head == len(s.bytes) {
		s.bytes, s.head = s.bytes[:0], 0
	}
}

// connection makes two ends. What they buffer is small, so that boundaries are met often.
func (k *Kernel) connection() (a, b *End) {
	direct := k.choose.Below(4) == 3
	a, b = k.newEnd(direct), k.newEnd(direct)
	a.peer, b.peer = b, a
	return a, b
}

func (k *Kernel) newEnd(direct bool) *End {
	e := &End{Number: k.ends, kernel: k, direct: direct, arrivals: 1, vacancy: 1}
	k.ends++
	sizes := [...]int{4096, 1024, 300, 64, 16384}
	e.in.size, e.out.size = sizes[k.choose.Below(len(sizes))], sizes[k.choose.Below(len(sizes))]
	e.deliver = e.arrive
	return e
}

// OnChange has call called when something has arrived at the end, or there is room to write again.
func (e *End) OnChange(call func()) { e.notify = call }

// Peer is the other end.
func (e *End) Peer() *End { return e.peer }

// Unread is the number of bytes that have arrived and were not read.
func (e *End) Unread() int { return e.in.len() }

// changed makes edges, and tells who waits outside.
func (e *End) changed(arrived, vacant bool) {
	if arrived {
		e.arrivals++
	}
	if vacant {
		e.vacancy++
	}
	e.kernel.Progress++
	if e.notify != nil {
		e.notify()
	}
}

// Read is read(2) on a socket that does not block.
func (e *End) Read(p []byte) (int, error) {
	k := e.kernel
	switch {
	case e.connecting:
		return 0, unix.ENOTCONN
	case e.in.len() > 0:
		n := min(len(p), e.in.len())
		if n > 1 && k.strikes(k.Faults.Short) {
			n = 1 + k.choose.Below(n-1)
			e.arrivals++ // the rest arrives just now
		}
		copy(p, e.in.first(n))
		e.in.drop(n)
		k.note(ReadBytes, e.Number, n, e.in.len())
		k.Progress++
		e.peer.roomAhead()
		return n, nil
	case e.finIn && !e.reset:
		k.note(ReadBytes, e.Number, 0, 0)
		return 0, nil
	case e.pending != 0:
		return 0, e.takePending()
	case e.reset:
		return 0, nil
	default:
		return 0, unix.EAGAIN
	}
}

func (e *End) takePending() error {
	err := e.pending
	e.pending = 0
	e.kernel.failed(e.Number, "pending error told")
	e.kernel.Progress++
	return err
}

// Write is write(2) on a socket that does not block.
func (e *End) Write(p []byte) (int, error) {
	k := e.kernel
	switch {
	case e.pending != 0:
		return 0, e.takePending()
	case e.reset, e.finSent, e.direct && e.peer.closed:
		return 0, unix.EPIPE
	case e.connecting, e.writable() == 0:
		return 0, unix.EAGAIN
	}
	n := min(len(p), e.writable())
	if n > 1 && k.strikes(k.Faults.Short) {
		n = 1 + k.choose.Below(n-1)
		e.vacancy++ // there is room again just now
	}
	k.Progress++
	k.note(WroteBytes, e.Number, n, e.writable()-n)
	if e.direct {
		e.peer.in.put(p[:n])
		e.peer.changed(true, false)
		return n, nil
	}
	e.out.put(p[:n])
	e.send()
	return n, nil
}

// writable is how many bytes a write would take.
func (e *End) writable() int {
	if e.direct {
		return e.peer.in.room()
	}
	return e.out.room()
}

// capacity is what writable is when nothing was written.
func (e *End) capacity() int {
	if e.direct {
		return e.peer.in.size
	}
	return e.out.size
}

// send puts the next delivery on the agenda, if there is something to deliver and room for it.
func (e *End) send() {
	nothing := e.out.len() == 0 && (!e.finSent || e.peer.finIn)
	if e.delivering || nothing || e.out.len() > 0 && e.peer.in.room() == 0 && !e.peer.closed && !e.peer.reset {
		return
	}
	e.delivering = true
	e.kernel.After(e.kernel.Soon(), e.deliver)
}

// arrive is one delivery: some of the data, then FIN.
func (e *End) arrive() {
	k, to := e.kernel, e.peer
	e.delivering = false
	if e.reset {
		return
	}
	if (to.closed || to.reset) && e.out.len() > 0 {
		e.out.drop(e.out.len())
		e.abort(unix.ECONNRESET)
		return
	}
	vacant := e.hasRoom()
	n := min(e.out.len(), to.in.room())
	if n > 1 && k.choose.Below(4) == 3 {
		n = 1 + k.choose.Below(n)
	}
	to.in.put(e.out.first(n))
	e.out.drop(n)
	if e.out.len() == 0 && e.finSent {
		to.finIn = true
	}
	k.note(Delivered, e.Number, n, e.out.len())
	to.changed(true, false)
	if n > 0 && !vacant && e.hasRoom() {
		e.changed(false, true)
	}
	e.send()
}

// hasRoom is when a socket counts as ready to write: with a third of its buffer free, as on Linux.
func (e *End) hasRoom() bool { return e.writable()*3 >= e.capacity() }

// roomAhead tells the writer that its peer has read something.
func (e *End) roomAhead() {
	if e.direct {
		e.changed(false, true)
		return
	}
	e.send()
}

// CloseWrite is shutdown(2) of the sending half.
func (e *End) CloseWrite() error {
	if e.reset || e.connecting {
		return unix.ENOTCONN
	}
	if e.finSent {
		return nil
	}
	e.finSent = true
	e.kernel.note(ShutDown, e.Number, e.out.len(), 0)
	if e.direct {
		e.peer.finIn = true
		e.peer.changed(true, false)
	}
	e.changed(false, true)
	e.send()
	return nil
}

// Close ends the end: by FIN, or by RST if there is unread input. What was written is still delivered, unless by RST.
func (e *End) Close() {
	if e.closed {
		return
	}
	if e.in.len() > 0 && !e.reset {
		e.Abort()
		return
	}
	e.closed = true
	e.notify = nil
	if e.direct && !e.reset {
		e.finSent, e.peer.finIn = true, true
		e.peer.changed(true, true)
	} else if !e.reset && !e.connecting {
		e.CloseWrite()
	}
	e.peer.send() // to find out that this end is closed
}

// Abort closes with RST.
func (e *End) Abort() {
	e.closed, e.reset = true, true
	e.notify = nil
	e.out.drop(e.out.len())
	e.kernel.note(Reset, e.Number, 0, 0)
	if e.direct {
		e.peer.abort(unix.ECONNRESET)
		return
	}
	e.kernel.After(e.kernel.Soon(), func() { e.peer.abort(unix.ECONNRESET) })
}

// abort is what RST does where it arrives. What was not read by then may be lost, or be there before the error.
func (e *End) abort(reason unix.Errno) {
	if e.reset || e.closed {
		return
	}
	e.reset, e.pending = true, reason
	if e.finIn && !e.direct {
		e.pending = unix.EPIPE
	}
	e.connecting = false
	e.out.drop(e.out.len())
	if e.kernel.choose.Below(2) == 1 {
		e.in.drop(e.in.len())
	}
	e.kernel.note(Reset, e.Number, int(reason), e.in.len())
	e.changed(true, true)
}

// Quiet reports that the peer has all that was written, and that all that it sent was read.
func (e *End) Quiet() bool { return e.out.len() == 0 && e.in.len() == 0 }

// Outcome is how an attempt to connect has ended, once: SO_ERROR.
func (e *End) Outcome() error {
	if e.pending != 0 {
		return e.takePending()
	}
	return nil
}

// Change has the owner outside look again.
func (e *End) Change() {
	if e.notify != nil {
		e.notify()
	}
}

// Unconnected returns an end that leads nowhere.
func (k *Kernel) Unconnected() *End {
	e, _ := k.connection()
	e.reset = true
	return e
}
