package reactor

// This file is how a group shares what it has.

// A line is what a group has going in one direction.
type line struct {
	waiting  []*groupMember // in the order of their coming; some may have gone again
	head     int            // before it are those that have had their turn
	live     int            // members that wait and are still there
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
	l.push(m)
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
	for l.head < len(l.waiting) {
		m := l.waiting[l.head]
		gone := m.group != g || !m.held.Has(direction)
		if !gone && g.each[i].limited() && g.free(i) <= 0 {
			return
		}
		l.pop()
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

// push puts a member at the end. When the memory of the line is full and half of it had their turn, the others move up.
func (l *line) push(m *groupMember) {
	if 2*l.head > len(l.waiting) && len(l.waiting) == cap(l.waiting) {
		n := copy(l.waiting, l.waiting[l.head:])
		clear(l.waiting[n:])
		l.waiting, l.head = l.waiting[:n], 0
	}
	l.waiting = append(l.waiting, m)
	l.live++
}

func (l *line) pop() {
	l.waiting[l.head] = nil
	if l.head++; l.head == len(l.waiting) {
		l.waiting, l.head = l.waiting[:0], 0
	}
}
