package reactor

import (
	"fmt"
	"math"
	"time"
)

// A Rate bounds how fast bytes move in one direction. The zero value does not.
type Rate struct {
	PerTick int // bytes, 1 or more
	Burst   int // the most that is saved up, PerTick or more; 0: PerTick
}

// A RateLimit is a pair of token buckets, one for reading and one for writing, as of libevent's ev_token_bucket_cfg. A bucket
// begins with the bytes of one tick, gets as many again with each tick and never has more than Burst. Every byte that moves takes one out.
// While a bucket is empty its direction rests: nothing is asked of the kernel, and its timeout does not run.
//
// It makes no sense, and is refused, with a tick out of range, a negative rate, or a burst below the rate.
type RateLimit struct {
	Read, Write Rate
	Tick        time.Duration // 1 ms to 24 h; 0: a second
}

// check returns the limit with its defaults filled in.
func (l RateLimit) check() (RateLimit, error) {
	if l.Tick == 0 {
		l.Tick = time.Second
	}
	if l.Tick < time.Millisecond || l.Tick > 24*time.Hour {
		return l, fmt.Errorf("rate limit: a tick of %v: want 1ms to 24h", l.Tick)
	}
	for i, r := range [2]*Rate{&l.Read, &l.Write} {
		if r.Burst == 0 {
			r.Burst = r.PerTick
		}
		if r.PerTick < 0 || r.Burst < r.PerTick || r.PerTick == 0 && r.Burst != 0 {
			return l, fmt.Errorf("rate limit: %s %d bytes a tick with a burst of %d: want 1 <= rate <= burst, or neither",
				[2]string{"read", "write"}[i], r.PerTick, r.Burst)
		}
		r.PerTick, r.Burst = min(r.PerTick, mostTokens), min(r.Burst, mostTokens)
	}
	return l, nil
}

// A connectionLimit is the RateLimit of one bufferevent.
type connectionLimit struct {
	buckets
	refilled Event // while a direction is held back
}

// SetRateLimit bounds how fast the bufferevent moves bytes, from now on; it may be changed at any time, and the zero value takes it away.
// It holds beside the limit of a group ([RateGroup]) and the size of single reads and writes ([BufferEvent.SetMaxSingle]). A limit that
// makes no sense is an error and changes nothing. A limit on a filter counts the bytes above it, one on what is under it those below;
// a filter may move one unit more than there is, and then waits for as much longer.
// On what is closed it returns [ErrClosed].
func (bev *BufferEvent) SetRateLimit(limit RateLimit) error {
	if bev.state == closed {
		return ErrClosed
	}
	if limit == (RateLimit{}) {
		bev.dropConnectionLimit()
		bev.touch()
		return nil
	}
	limit, err := limit.check()
	if err != nil {
		return err
	}
	x := bev.needExtra()
	if x.limit == nil {
		x.limit = new(connectionLimit)
		x.limit.refilled.init(bev.io.base, -1, 0, partsCallback(bev.refill))
	}
	now := bev.io.base.time()
	if x.limit.tick > 0 {
		x.limit.pass(now)
	}
	x.limit.set(limit, now)
	bev.refill()
	return nil
}

// RateLeft is how many bytes the bufferevent's own bucket for Read or Write has left; below 0 is a debt. Without a limit it is [math.MaxInt].
func (bev *BufferEvent) RateLeft(direction What) int {
	x := bev.settings.extra
	if x == nil || x.limit == nil || !x.limit.each[way(direction)].limited() {
		return math.MaxInt
	}
	x.limit.pass(bev.io.base.time())
	return x.limit.each[way(direction)].left
}

// SpendRate takes bytes out of the bufferevent's own buckets as if they had been moved, for what travels beside it: headers, another
// connection. Negative numbers put some back, up to the burst. Without a limit it does nothing.
func (bev *BufferEvent) SpendRate(read, write int) {
	x := bev.settings.extra
	if x == nil || x.limit == nil {
		return
	}
	x.limit.pass(bev.io.base.time())
	for i, n := range [2]int{read, write} {
		if k := &x.limit.each[i]; k.limited() {
			k.take(n)
		}
	}
	bev.refill()
}

// held reports whether a limit keeps a direction from going on.
func (s *settings) held(direction What) bool {
	x := s.extra
	return x != nil && (x.held.Has(direction) || x.member != nil && x.member.held.Has(direction))
}

// allowance is how many bytes the limits allow now (0: as many as you like); not ok is none, and the direction is held back.
func (bev *BufferEvent) allowance(direction What) (most int, ok bool) {
	x, i := bev.settings.extra, way(direction)
	if x.limit != nil && x.limit.each[i].limited() {
		x.limit.pass(bev.io.base.time())
		if most = x.limit.each[i].left; most <= 0 {
			bev.refill()
			return 0, false
		}
	}
	if x.member != nil {
		share, ok := x.member.allowance(direction)
		if !ok {
			return 0, false
		}
		most = lesser(most, share)
	}
	return most, true
}

// spend counts bytes that have moved.
func (bev *BufferEvent) spend(direction What, n int) {
	x := bev.settings.extra
	if x == nil {
		return
	}
	if x.limit != nil && x.limit.each[way(direction)].limited() {
		k := &x.limit.each[way(direction)]
		if k.take(n); k.left <= 0 {
			bev.refill()
		}
	}
	if x.member != nil {
		x.member.spend(direction, n)
	}
}

// refill sees which directions the bucket holds back now, and to it that they go on when it is filled.
func (bev *BufferEvent) refill() {
	x := bev.settings.extra
	x.limit.pass(bev.io.base.time())
	next := moment(0)
	x.held = 0
	for i, direction := range [2]What{Read, Write} {
		if k := &x.limit.each[i]; !k.limited() || k.left > 0 {
			continue
		}
		x.held |= direction
		if due := x.limit.due(i); next == 0 || due < next {
			next = due
		}
	}
	x.limit.refilled.wakeAt(next)
	bev.touch()
}

// wakeAt sets a timer that is the loop's business alone; 0 takes it away.
func (e *Event) wakeAt(due moment) {
	if due == 0 {
		e.Del()
		return
	}
	e.base.arm(e, due, time.Duration(due-e.base.time()))
	e.base.count(e)
}

func (bev *BufferEvent) dropConnectionLimit() {
	x := bev.settings.extra
	if x == nil || x.limit == nil {
		return
	}
	x.limit.refilled.Del()
	x.limit, x.held = nil, 0
}

// dropLimits ends all limits of a bufferevent that is being closed.
func (bev *BufferEvent) dropLimits() {
	bev.dropConnectionLimit()
	if x := bev.settings.extra; x != nil && x.member != nil {
		x.member.group.Remove(bev)
	}
}
