package reactor

import (
	"fmt"
	"math"
)

// A RateGroup is a RateLimit that bufferevents of one Base have in common.
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

// A line is what a group has going in one direction.
type line struct {
	waiting  []*groupMember // in the order of their coming; some may have gone again
	live     int            // of these, such as are still there
	promised int            // given out as shares of this tick and not yet used
	active   int            // members that were given a share in this tick
	before   int            // and in the tick before, or waited at its end
}

// A groupMember is a bufferevent's part in a group.
type groupMember struct {
	bev    *BufferEvent
	group  *RateGroup
	held   What // directions that wait in line
	shares [2]share
}

// A share is what a member may move in one tick.
type share struct {
	tickNo uint64
	left   int
}

// DefaultMinShare is the least that a member of a group is given at a time: moving less than 64 bytes costs more than it brings.
const DefaultMinShare = 64

// NewRateGroup returns a group without members. A limit that makes no sense, and the zero one, is an error.
func (b *Base) NewRateGroup(limit RateLimit) (*RateGroup, error) {
	b.mustBeOpen("NewRateGroup")
	g := &RateGroup{base: b, minShare: DefaultMinShare, tickNo: 1}
	g.refilled.init(b, -1, 0, plainCallback(g.refill))
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

// Add makes bev a member, and takes it out of the group that it was in.
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

// pass begins a new tick if there is one: shares of the last are void.
func (g *RateGroup) pass() {
	if !g.buckets.pass(g.base.time()) {
		return
	}
	g.tickNo++
	for i := range g.lines {
		l := &g.lines[i]
		l.before = max(l.active, l.live)
		l.active, l.promised = 0, 0
	}
}

// free is what has not been promised to anybody.
func (g *RateGroup) free(i int) int { return g.each[i].left - g.lines[i].promised }

// allowance is what the member may move now; if that is nothing, it stands in line.
func (m *groupMember) allowance(direction What) (int, bool) {
	g, i := m.group, way(direction)
	if !g.each[i].limited() {
		return 0, true
	}
	g.pass()
	s := &m.shares[i]
	if s.tickNo == g.tickNo && s.left > 0 {
		return s.left, true
	}
	if g.lines[i].live > 0 || g.free(i) <= 0 {
		m.stand(direction)
		return 0, false
	}
	parts := g.lines[i].before
	if parts == 0 {
		parts = g.members // nobody knows yet who will be active
	}
	g.give(m, i, parts)
	return s.left, true
}

// give gives m one part of what is free.
func (g *RateGroup) give(m *groupMember, i, parts int) {
	l, s := &g.lines[i], &m.shares[i]
	part := min(max(g.free(i)/parts, g.minShare), g.each[i].PerTick)
	if s.tickNo != g.tickNo {
		l.active++
	}
	*s = share{g.tickNo, part}
	l.promised += part
}

func (m *groupMember) stand(direction What) {
	l := &m.group.lines[way(direction)]
	m.held |= direction
	l.waiting = append(l.waiting, m)
	l.live++
	m.group.refill()
}

func (m *groupMember) spend(direction What, n int) {
	g, i := m.group, way(direction)
	g.total[i] += uint64(n)
	if !g.each[i].limited() {
		return
	}
	s, l := &m.shares[i], &g.lines[i]
	g.each[i].take(n)
	if s.tickNo == g.tickNo {
		l.promised -= min(n, s.left)
		s.left -= min(n, s.left)
	}
	if s.left == 0 && !m.held.Has(direction) && (l.live > 0 || g.free(i) <= 0) {
		m.stand(direction)
	}
}

// refill gives shares to those who wait, the first first, and sees to it that the others get theirs with the next tick.
func (g *RateGroup) refill() {
	g.pass()
	next := moment(0)
	for i, direction := range [2]What{Read, Write} {
		g.serve(i, direction)
		if g.lines[i].live == 0 {
			continue
		}
		due := max(g.due(i), g.from+moment(g.tick))
		if next == 0 || due < next {
			next = due
		}
	}
	g.refilled.wakeAt(next)
}

func (g *RateGroup) serve(i int, direction What) {
	l := &g.lines[i]
	for len(l.waiting) > 0 {
		m := l.waiting[0]
		gone := m.group != g || !m.held.Has(direction)
		if !gone && g.each[i].limited() && g.free(i) <= 0 {
			return
		}
		l.waiting[0] = nil
		l.waiting = l.waiting[1:]
		if gone {
			continue
		}
		if g.each[i].limited() {
			g.give(m, i, max(l.live, l.before-l.active))
		}
		l.live--
		m.held &^= direction
		m.bev.touch()
	}
}
