package reactor

import (
	"golang.org/x/sys/unix"
)

// writeBudget is the most that one connection writes in a turn: the others wait for that long.
const writeBudget = 256 << 10

// send makes one write, of as much as the limits allow. If that is nothing it hears at least what became of the last one.
func (bev *BufferEvent) send() {
	most := 0
	if bev.writing() {
		most = lesser(bev.settings.writeMost, writeBudget)
		if bev.settings.extra != nil {
			if allowed, ok := bev.allowance(Write); ok {
				most = lesser(most, allowed)
			} else {
				most = 0
			}
		}
	}
	if most > 0 || bev.underWay > 0 && bev.flags&outputOver == 0 {
		bev.flush(most)
	}
}

// flush has the transport write. A short write says that the kernel has no more room: the next waits for its word.
func (bev *BufferEvent) flush(most int) {
	length, underWay := bev.unwritten(), int(bev.underWay)
	n, err := bev.settings.transport.flush(bev, most)
	taken := n + int(bev.underWay) - underWay // the length of the output would not tell: callbacks and a transform may write to it meanwhile
	bev.spend(Write, max(0, taken))           // below 0 where what was under way has failed
	if err == errUnderWay {
		bev.flags |= blocked
		return
	}
	if err != nil && err != unix.EAGAIN && err != ErrNeedMore {
		bev.fail(Writing, err)
		return
	}
	if n < length && most > 0 && err != ErrNeedMore {
		bev.flags |= blocked
		bev.io.base.stats.ShortWrites++
	}
	if n > 0 {
		bev.writeDeadline = 0
		if call := bev.calls.Write; call != nil && bev.state < draining && bev.unwritten() <= bev.settings.writeLow {
			call(bev)
		}
	}
}

// flushed sends FIN or closes, once all output is written or can no longer be.
func (bev *BufferEvent) flushed() {
	over := bev.flags&outputOver != 0
	if bev.unwritten() > 0 && !over && !bev.starved() {
		return
	}
	f := bev.filter()
	switch {
	case bev.state == draining && f != nil:
		f.handOver()
	case bev.state == draining && bev.flags&sawEOF == 0 && bev.unheard(): // settle has it look again in the next turn
	case bev.state == draining && (bev.flags&sawEOF != 0 || bev.settings.transport.quiet(bev)):
		bev.Close()
	case bev.state == draining:
		bev.linger()
	case !over && (bev.state == opened || bev.state == inputEOF):
		bev.flags |= outputOver
		if err := bev.settings.transport.closeWrite(bev); err != nil {
			bev.fail(Writing, err)
		}
	}
}

// pauseOrResume is the back-pressure: a peer that does not read its answers is not read from.
func (bev *BufferEvent) pauseOrResume() {
	high := bev.settings.writeHigh
	if x := bev.settings.extra; x != nil && x.above != nil {
		high = 0 // the filter above does it: two in a row, each full, would wait for each other
	}
	switch {
	case high > 0 && bev.unwritten() > 0 && bev.holds(high):
		bev.flags |= paused
	case bev.flags&paused != 0 && (high == 0 || !bev.holds(bev.settings.resumeMark())):
		bev.flags &^= paused
	}
}

// holds reports whether the output exceeds a mark, in bytes or, because a few bytes may keep a whole chunk, in memory:
// of that it may have a chunk more.
func (bev *BufferEvent) holds(mark int) bool {
	return bev.unwritten() > mark || bev.output.Takes(mark+bev.io.base.pool.ChunkBytes())
}
