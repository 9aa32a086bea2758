package link

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

// A Link forwards IPv4 packets between two ends. All methods may be called from any goroutine.
type Link struct {
	seed uint64
	ends [2]io.ReadWriteCloser // of A and of B: a packet for each Read and each Write
	done sync.WaitGroup

	mu     sync.Mutex
	faults Faults
	silent bool
	counts Counts
	record *recorder // nil: nobody wants to know
}

// Counts are what a link has done so far.
type Counts struct {
	Forwarded, Lost, Corrupted, Doubled, Late, Reset int
	Silenced                                         int // lost while the link was silent
}

func (c Counts) String() string {
	return fmt.Sprintf("the link has forwarded %d packets, lost %d, corrupted %d, doubled %d, held back %d, made %d into RST and swallowed %d in silence",
		c.Forwarded, c.Lost, c.Corrupted, c.Doubled, c.Late, c.Reset, c.Silenced)
}

// New joins two ends and begins to forward. The link closes them when it is closed.
func New(a, b io.ReadWriteCloser, seed uint64, faults Faults) *Link {
	l := &Link{seed: seed, ends: [2]io.ReadWriteCloser{a, b}, faults: faults}
	for _, d := range []Direction{AToB, BToA} {
		w := &way{link: l, direction: d, arrivals: make(chan []byte, 64)}
		l.done.Go(w.read)
		l.done.Go(w.forward)
	}
	return l
}

// Close ends forwarding. Packets under way are lost.
func (l *Link) Close() {
	l.ends[AToB].Close()
	l.ends[BToA].Close()
	l.done.Wait()
}

// SetFaults changes what happens to packets from now on.
func (l *Link) SetFaults(f Faults) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = f
}

// Forge delivers a packet at the end of a direction as if the other end had sent it. No fault happens to it.
func (l *Link) Forge(d Direction, packet []byte) error {
	l.mu.Lock()
	if l.record != nil {
		l.record.packet(d, packet, "forged")
	}
	l.mu.Unlock()
	_, err := l.ends[1-d].Write(packet)
	return err
}

// Silence makes the link a black hole, or heals it.
func (l *Link) Silence(silent bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent = silent
}

// Record writes every packet that comes to the link to w as pcapng (draft-ietf-opsawg-pcapng), with what became of it as a
// comment. An error of w ends the record, not the link.
func (l *Link) Record(w io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.record = newRecorder(w)
}

// Counts are what the link has done so far.
func (l *Link) Counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts
}

// decide makes of one arrival what shall be delivered: nothing, one packet or two.
func (l *Link) decide(d Direction, number int, packet []byte) (deliver [][]byte, delay time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fate := l.faults.Fate(l.seed, d, number)
	fate.Reset = fate.Reset && hasData(packet)
	if l.record != nil {
		l.record.packet(d, packet, fmt.Sprintf("%d: %s", number, fate.describe(l.silent)))
	}
	switch {
	case l.silent:
		l.counts.Silenced++
		return nil, 0
	case fate.Reset:
		l.counts.Reset++
		return [][]byte{makeReset(packet)}, fate.Delay
	case fate.Lost:
		l.counts.Lost++
		return nil, 0
	}
	l.counts.Forwarded++
	if fate.Late {
		l.counts.Late++
	}
	deliver = [][]byte{packet}
	if fate.Doubled {
		l.counts.Doubled++
		deliver = append(deliver, bytes.Clone(packet))
	}
	if fate.Corrupt {
		l.counts.Corrupted++
		bit := fate.Bit % uint64(8*len(packet))
		packet[bit/8] ^= 1 << (bit % 8)
	}
	return deliver, fate.Delay
}
