package main

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What lies in the socket for a while has lain there for as long; without the option nothing is known. The kernel begins to stamp a
// moment after the first socket has asked, so the first bytes may have none.
func TestStampsTellHowLongBytesHaveLain(t *testing.T) {
	const pause = 5 * time.Millisecond
	address := serve(t, echo(unchanged))
	for _, on := range []bool{true, false} {
		fd, err := dial("tcp", address, netip.Addr{}, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		s := &stamps{on: on}
		if err := s.ask(fd); err != nil {
			t.Fatal(err)
		}
		lain := time.Duration(-1)
		for round := 0; round == 0 || on && lain < 0 && round < 1000; round++ {
			if _, err := unix.Write(fd, []byte("x")); err != nil {
				t.Fatal(err)
			}
			for ready := 0; ready == 0; {
				ready, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
			}
			time.Sleep(pause)
			var errno error
			if _, lain, errno = s.read(int32(fd), make([]byte, 10)); errno != unix.Errno(0) {
				t.Fatal(errno)
			}
		}
		if on && lain < pause || !on && lain != -1 {
			t.Errorf("asked %v: it had lain for %v, at least %v", on, lain, pause)
		}
	}
}

// A run that asks for stamps has them of one read in so many, or of every one in an open loop, and no reply waited longer to be read than it took in all.
func TestReceiveLagIsPartOfLatency(t *testing.T) {
	p := plan(serve(t, echo(unchanged)), 8, 1, 64)
	p.Stamps = true
	m, err := drive(t.Context(), newEpollEngine, brief, p)
	if err != nil {
		t.Fatal(err)
	}
	if m.Requests > stampEvery && m.ReceiveLag.Count() == 0 || m.ReceiveLag.Count() > m.Requests/stampEvery+1 {
		t.Errorf("%d stamps of %d requests", m.ReceiveLag.Count(), m.Requests)
	}
	if most := m.Latencies.Max(); m.ReceiveLag.Max() > most+most/100 {
		t.Errorf("a reply waited %v to be read, none took longer than %v", time.Duration(m.ReceiveLag.Max()), time.Duration(most))
	}
	each := openPlan(serve(t, echo(unchanged)), 8, 0, 500)
	each.Stamps = true
	m, err = drive(t.Context(), newEpollEngine, window{WarmUp: 60 * time.Millisecond, Measure: 300 * time.Millisecond, Open: true}, each)
	if err != nil || m.Offered == 0 || m.Unseen != 0 {
		t.Errorf("the kernel does not tell of %d of %d replies, %v", m.Unseen, m.Offered, err)
	}
	each.Stamps = false
	m, err = drive(t.Context(), newEpollEngine, window{WarmUp: 60 * time.Millisecond, Measure: 300 * time.Millisecond, Open: true}, each)
	if err != nil || m.Unseen != m.Offered-m.Unanswered {
		t.Errorf("%d of %d replies are not known without stamps, %v", m.Unseen, m.Offered, err)
	}
	p.Stamps = false
	if m, err = drive(t.Context(), newEpollEngine, brief, p); err != nil || m.ReceiveLag.Count() != 0 {
		t.Errorf("%d stamps unasked, %v", m.ReceiveLag.Count(), err)
	}
}
