package reactor

import (
	"fmt"
	"time"
)

// settings are what bufferevents are told once and then use for ever. Thousands of connections have the same, so they share one copy,
// which is never changed: an idle connection pays a pointer for it.
type settings struct {
	transport                 transport
	readTimeout, writeTimeout time.Duration // 0: none
	readLow, readHigh         int           // 0 high: no bound
	writeLow, writeHigh       int           // 0 high: no bound
	readMost, writeMost       int           // of one read and one write; 0: a chunk, and writeBudget
	bounded                   bool          // the user has set writeHigh: Write keeps to it
	extra                     *extra        // of one bufferevent alone; nil for most
}

// extra is what few bufferevents have. It makes the settings that one's own.
type extra struct {
	err     error        // what the last Error was about, if no errno can say it
	above   *BufferEvent // the filter that has taken this one over
	starved int          // the length of the output at which the filter asked for more; 0: it did not
	limit   *connectionLimit
	member  *groupMember
	held    What // directions that limit holds back; the group's are in member
}

func (bev *BufferEvent) needExtra() *extra {
	if bev.settings.extra == nil {
		s := *bev.settings
		s.extra = new(extra)
		bev.settings = bev.io.base.share(s)
	}
	return bev.settings.extra
}

// endExtra lets go of the limits, and of a filter above, which has lost its ground.
func (bev *BufferEvent) endExtra() {
	x := bev.settings.extra
	if x == nil {
		return
	}
	bev.dropLimits()
	if above := x.above; above != nil {
		x.above = nil
		above.Close() // does nothing if it is the filter that is being closed
	}
}

// defaultSettings bound the memory of a connection whose peer does not read to 256 KiB and one read.
func (b *Base) defaultSettings() settings {
	return settings{transport: b.sockets, writeHigh: 256 << 10}
}

// resumeMark is the length of the output at which a paused bufferevent reads on. The distance from the high mark is what
// keeps it from changing its interest with each write.
func (s *settings) resumeMark() int { return max(s.writeLow, s.writeHigh/4) }

// mostShared bounds the table of shared settings, for a program that gives each connection settings of its own.
const mostShared = 256

// share returns the shared copy of s. A transport that belongs to one bufferevent makes its settings that one's own too.
func (b *Base) share(s settings) *settings {
	common := s.transport == b.sockets && s.extra == nil
	if shared, ok := b.settings[s]; ok && common {
		return shared
	}
	shared := new(settings)
	*shared = s
	if common && len(b.settings) < mostShared {
		b.settings[s] = shared
	}
	return shared
}

func (bev *BufferEvent) setTransport(t transport) {
	if bev.settings.transport != t {
		s := *bev.settings
		s.transport = t
		bev.settings = bev.io.base.share(s)
	}
}

// SetTimeouts bounds the time without progress: of reading, while it is enabled and not held back; of writing, while there is something to
// write; of connecting by the latter. When it is over the direction is disabled, and OnEvent is told Timeout with Reading or Writing.
// 0 or Forever is without bound, as it is to begin with. Both times begin anew. Another negative time is refused ([ErrTimeout]), and
// nothing has changed then.
func (bev *BufferEvent) SetTimeouts(read, write time.Duration) error {
	for _, timeout := range [2]time.Duration{read, write} {
		if timeout < 0 && timeout != Forever {
			return fmt.Errorf("SetTimeouts(%v, %v): %w", read, write, ErrTimeout)
		}
	}
	s := *bev.settings
	s.readTimeout, s.writeTimeout = max(0, read), max(0, write)
	bev.settings = bev.io.base.share(s)
	bev.readDeadline, bev.writeDeadline = 0, 0
	bev.touch()
	return nil
}

// SetWatermark sets the marks of Read, Write or both.
//
// Read: OnRead is called from low bytes on, and nothing is read that would make the input longer than high (0: no bound).
// Write: OnWrite is called at low bytes or fewer. While the output is longer than high (256 KiB to begin with, 0: no bound), or its
// chunks take more memory than that and one chunk, nothing is read; reading goes on at a quarter of high, or at low if that is more.
// A filter moves nothing into an underlying output that has reached high. And a high mark that was set here binds [BufferEvent.Write].
// Marks are bytes. It panics for marks below 0, and for low above a high mark.
func (bev *BufferEvent) SetWatermark(what What, low, high int) {
	if low < 0 || high < 0 || high > 0 && low > high {
		panic(fmt.Sprintf("reactor: SetWatermark(%v, %d, %d): want 0 <= low <= high, or no high mark", what, low, high))
	}
	s := *bev.settings
	if what.Has(Read) {
		s.readLow, s.readHigh = low, high
	}
	if what.Has(Write) {
		s.writeLow, s.writeHigh, s.bounded = low, high, high > 0
	}
	bev.settings = bev.io.base.share(s)
	bev.touch()
}

// SetMaxSingle bounds what one read and one write move, and so how long the other connections wait for this one. 0 is the
// default: a chunk (64 KiB) a read, and 256 KiB a write. Each turn makes one of each. It panics for numbers below 0.
func (bev *BufferEvent) SetMaxSingle(read, write int) {
	if read < 0 || write < 0 {
		panic(fmt.Sprintf("reactor: SetMaxSingle(%d, %d): want numbers of bytes, or 0", read, write))
	}
	s := *bev.settings
	s.readMost, s.writeMost = read, write
	bev.settings = bev.io.base.share(s)
}

// Watermarks are the marks of Read or Write as SetWatermark has them.
func (bev *BufferEvent) Watermarks(direction What) (low, high int) {
	if direction == Read {
		return bev.settings.readLow, bev.settings.readHigh
	}
	return bev.settings.writeLow, bev.settings.writeHigh
}
