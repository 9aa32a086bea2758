package reactor

import (
	"fmt"
	"math"
)

// A RateGroup is a RateLimit that bufferevents of one Base have in common. Only the goroutine of that base may touch it.
//
// With each tick the members that wait are given equal shares of what there is, in the order in which they began to wait, and none less
// than the minimum share: it may take several ticks until all have had their turn, but each has it. What a member does not use
// goes to those that ask for more. Members that are idle get nothing and take nothing from the others. (libevent divides by
// all members, and begins with a random one.)
type RateGroup struct {
	buckets
	base     *Base
	minShare int
	members  int
	total    [2]uint64
	lines    [2]line
	tickNo   uint64 // the number of the present tick, from 1: shares are good for one
	refilled Event  // while a member waits
}

// DefaultMinShare is the least that a member of a group is given at a time: moving less than 64 bytes costs more than it brings.
const DefaultMinShare = 64

// NewRateGroup returns a group without members. A limit that makes no sense, and the zero one, is an error.
func (b *Base) NewRateGroup(limit RateLimit) (*RateGroup, error) {
	b.mustBeOpen("NewRateGroup")
	g := &RateGroup{base: b, minShare: DefaultMinShare, tickNo: 1}
	g.refilled.init(b, -1, 0, partsCallback(g.refill))
	if err := g.SetLimit(limit); err != nil {
		return nil, err
	}
	return g, nil
}

// SetLimit changes the limit, for the members that there are too. A limit that makes no sense changes nothing.
func (g *RateGroup) SetLimit(limit RateLimit) error {
	if limit == (RateLimit{}) {
		return fmt.Errorf("rate limit: a group needs one for Read or Write")
	}
	limit, err := limit.check()
	if err != nil {
		return err
	}
	if g.tick > 0 {
		g.pass()
	}
	g.set(limit, g.base.time())
	g.refill()
	return nil
}

// SetMinShare sets the least that a member is given at a time, 1 or more (DefaultMinShare to begin with). More than one
// tick brings is never given.
func (g *RateGroup) SetMinShare(bytes int) error {
	if bytes < 1 {
		return fmt.Errorf("rate group: a minimum share of %d bytes: want 1 or more", bytes)
	}
	g.minShare = bytes
	return nil
}

// Add makes bev a member, and takes it out of the group that it was in. It refuses what is closed ([ErrClosed]), and what belongs
// to another base.
func (g *RateGroup) Add(bev *BufferEvent) error {
	switch {
	case bev.state == closed:
		return ErrClosed
	case bev.io.base != g.base:
		return fmt.Errorf("rate group: the bufferevent belongs to another base")
	}
	x := bev.needExtra()
	if x.member != nil {
		if x.member.group == g {
			return nil
		}
		x.member.group.Remove(bev)
	}
	x.member = &groupMember{bev: bev, group: g}
	g.members++
	return nil
}

// Remove ends a membership; closing the bufferevent does it too. It does nothing for others than members.
func (g *RateGroup) Remove(bev *BufferEvent) {
	x := bev.settings.extra
	if x == nil || x.member == nil || x.member.group != g {
		return
	}
	m := x.member
	x.member = nil
	g.members--
	for i, direction := range [2]What{Read, Write} {
		if m.held.Has(direction) {
			g.lines[i].live--
		}
		if s := &m.shares[i]; s.tickNo == g.tickNo {
			g.lines[i].promised -= s.left
		}
	}
	m.group = nil
	bev.touch()
	g.refill()
}

// RateGroup is the group that the bufferevent is a member of, or nil.
func (bev *BufferEvent) RateGroup() *RateGroup {
	if x := bev.settings.extra; x != nil && x.member != nil {
		return x.member.group
	}
	return nil
}

// Members is how many bufferevents are in the group.
func (g *RateGroup) Members() int { return g.members }

// Totals are the bytes that members have read and written since the group was made or ResetTotals.
func (g *RateGroup) Totals() (read, written uint64) { return g.total[0], g.total[1] }

// ResetTotals begins to count anew.
func (g *RateGroup) ResetTotals() { g.total = [2]uint64{} }

// Left is how many bytes the bucket for Read or Write has left; below 0 is a debt. Without a limit in that direction it is [math.MaxInt].
func (g *RateGroup) Left(direction What) int {
	if !g.each[way(direction)].limited() {
		return math.MaxInt
	}
	g.pass()
	return g.each[way(direction)].left
}

// Spend takes bytes out of the buckets as if members had moved them. Negative numbers put some back, up to the burst.
func (g *RateGroup) Spend(read, write int) {
	g.pass()
	for i, n := range [2]int{read, write} {
		if k := &g.each[i]; k.limited() {
			k.take(n)
		}
	}
	g.refill()
}
