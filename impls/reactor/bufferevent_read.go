package reactor

import (
	"golang.org/x/sys/unix"
)

// receive makes one read. If it was short the socket is empty, and if not the backend will report it again: a further read in
// the same turn would either find nothing or make the others wait.
func (bev *BufferEvent) receive() {
	most := bev.settings.readMost
	if high := bev.settings.readHigh; high > 0 {
		most = lesser(most, high-bev.input.Len())
	}
	if bev.settings.extra != nil && bev.state != lingering {
		allowed, ok := bev.allowance(Read)
		if !ok {
			return
		}
		most = lesser(most, allowed)
	}
	bev.flags &^= missed
	n, err := bev.settings.transport.fill(bev, most)
	bev.io.base.stats.Reads++
	switch {
	case n > 0:
		bev.readDeadline = 0
		bev.spend(Read, n)
		bev.received()
	case err == nil:
		bev.inputEnds()
	case err != unix.EAGAIN:
		bev.fail(Reading, err)
	}
}

// lesser is the smaller of two bounds, of which 0 is none.
func lesser(a, b int) int {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func (bev *BufferEvent) received() {
	if bev.state == lingering {
		bev.discard()
		return
	}
	if call := bev.calls.Read; call != nil && bev.input.Len() >= bev.settings.readLow {
		call(bev)
	}
}

// inputEnds passes the peer's FIN on; what is left in the input is still there for the callback.
func (bev *BufferEvent) inputEnds() {
	bev.flags |= sawEOF
	if bev.state == lingering {
		bev.Close()
		return
	}
	bev.state = inputEOF
	bev.enabled &^= Read
	bev.tell(EOF | Reading)
}
