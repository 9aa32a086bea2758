package reactor

import "time"

// commonTimeouts are the durations that many timers have in common, each with a list of its own.
//
// A server has a hundred thousand timers and three durations. Timers of one duration come due in the order in which they were set, so
// they need no heap: a queue will do, whose head alone has a place in the heap. Firing one of a million then touches the
// beginning of a queue, and not ten levels of a tree. On a busy machine with two cores, best of five: firing took 22 ns in a list and
// 178 in the heap, setting 44 and 134, pushing back the same 20 to 30 in both, because neither is touched; taking one out of the middle
// and setting it again was no faster, 160 and 70. (BenchmarkCommonTimeouts, BenchmarkExpireAMillion. The memory is the same.)
//
// libevent has its users ask for such a list, and hands out a duration with a mark in unused bits. Here nobody has to know: a duration that
// was asked for commonAfter times gets a list, and loses it when others need the place. A timer that does not fit at the end
// of its list, because it was pushed back while it waited (timeout.go) or ticks on a grid of its own, goes into the heap
// instead, which is always right.
type commonTimeouts struct {
	candidates [64]candidate // by a hash of the duration
	pages      []*timerPage  // by number; nil: the number is free
	free       []int32       // free numbers
	spare      *timerPage    // one page that is not in use, for a list at the edge of two
	listed     int           // timers in all lists
	lists      int           // lists that are not empty
}

// commonAfter is how often a duration has to be asked for before it gets a list, which costs a page.
const commonAfter = 64

// A candidate is a duration on its way to a list of its own.
type candidate struct {
	timeout time.Duration
	times   int        // how often it was asked for, less how often others in its place were; at most commonAfter
	list    *timerList // nil until it is common
}

// A timerList is the queue of one duration: pages that are linked, so that it grows and shrinks without moving anybody.
type timerList struct {
	base        *Base
	driver      Event // stands in the heap for the head
	first, last *timerPage
	live        int    // timers
	places      int    // and the gaps among them that cancelled ones have left
	latest      moment // the deadline of the last one
}

// A timerPage has 128 places: 3 KiB. A place has the 24 bytes of a node of the heap, which keeps equal deadlines in order across both.
type timerPage struct {
	list       *timerList
	next       *timerPage
	number     int32
	begin, end int32 // the places in use
	nodes      [pagePlaces]heapNode
}

const pagePlaces = 128

// list is where timers of this duration go, nil while it is not known to be common.
//
// Two durations that meet in one place vote: each asks for itself and against the other, so that one that is common wins over many that
// are not. A list in use stays.
func (c *commonTimeouts) list(b *Base, timeout time.Duration) *timerList {
	found := &c.candidates[uint64(timeout)*0x9e3779b97f4a7c15>>58] // by Fibonacci hashing
	if found.timeout != timeout {
		switch {
		case found.list != nil && found.list.live > 0:
			return nil
		case found.times > 0:
			found.times--
			return nil
		}
		*found = candidate{timeout: timeout}
	}
	found.times = min(found.times+1, commonAfter)
	if found.list == nil && found.times == commonAfter {
		found.list = &timerList{base: b}
		found.list.driver.init(b, -1, 0, found.list)
		found.list.driver.marks |= internal | drives
	}
	return found.list
}

// ready is never called: a driver fires for another event.
func (l *timerList) ready(What) {}

// add puts e at the end, if its deadline is not before that of the last one.
func (l *timerList) add(e *Event, deadline moment) bool {
	if l.live > 0 && deadline < l.latest {
		return false
	}
	h := &l.base.timers
	h.sequence++
	l.push(heapNode{deadline, h.sequence, e})
	l.latest = deadline
	l.base.common.listed++
	l.base.stats.TimersListed++
	if l.live++; l.live == 1 {
		l.base.common.lists++
		l.drive()
	}
	return true
}

func (l *timerList) push(node heapNode) {
	p := l.last
	if p == nil || p.end == pagePlaces {
		p = l.base.common.takePage(l)
		if l.last == nil {
			l.first = p
		} else {
			l.last.next = p
		}
		l.last = p
	}
	p.nodes[p.end] = node
	node.event.heapPlace = -(p.number*pagePlaces + p.end) - 1
	p.end++
	l.places++
}

// page is where e has its place.
func (c *commonTimeouts) page(e *Event) (p *timerPage, at int32) {
	place := -e.heapPlace - 1
	return c.pages[place/pagePlaces], place % pagePlaces
}

// deadline is that of e's place.
func (c *commonTimeouts) deadline(e *Event) moment {
	p, at := c.page(e)
	return p.nodes[at].deadline
}

// remove leaves a gap, or takes the head off. When there are more gaps than timers the list moves together.
func (c *commonTimeouts) remove(e *Event) {
	p, at := c.page(e)
	l := p.list
	wasHead := p == l.first && at == p.begin
	p.nodes[at] = heapNode{}
	e.heapPlace = 0
	c.listed--
	l.live--
	switch {
	case wasHead:
		l.skipGaps()
		l.drive()
	case l.places > 2*l.live+2*pagePlaces:
		l.moveTogether()
	}
}

// skipGaps makes the first timer the head again, and gives back the pages before it.
func (l *timerList) skipGaps() {
	for l.first != nil {
		p := l.first
		for p.begin < p.end && p.nodes[p.begin].event == nil {
			p.begin++
			l.places--
		}
		if p.begin < p.end {
			return
		}
		l.first = p.next
		if l.first == nil {
			l.last = nil
		}
		l.base.common.givePage(p)
	}
}

// drive gives the driver the place of the head in the heap, or none.
func (l *timerList) drive() {
	h := &l.base.timers
	if l.live == 0 {
		l.base.common.lists--
		h.remove(&l.driver)
		return
	}
	h.putNode(heapNode{l.head().deadline, l.head().sequence, &l.driver})
}

func (l *timerList) head() *heapNode { return &l.first.nodes[l.first.begin] }

// moveTogether closes all gaps.
func (l *timerList) moveTogether() {
	p := l.first
	l.first, l.last, l.places = nil, nil, 0
	for p != nil {
		next := p.next
		for _, node := range p.nodes[p.begin:p.end] {
			if node.event != nil {
				l.push(node)
			}
		}
		l.base.common.givePage(p)
		p = next
	}
}

func (c *commonTimeouts) takePage(l *timerList) *timerPage {
	p := c.spare
	c.spare = nil
	if p == nil {
		p = new(timerPage)
	}
	if n := len(c.free); n > 0 {
		p.number = c.free[n-1]
		c.free = c.free[:n-1]
		c.pages[p.number] = p
	} else {
		p.number = int32(len(c.pages))
		c.pages = append(c.pages, p)
	}
	p.list = l
	return p
}

func (c *commonTimeouts) givePage(p *timerPage) {
	c.pages[p.number] = nil
	c.free = append(c.free, p.number)
	if c.spare == nil {
		*p = timerPage{}
		c.spare = p
	}
}

// each yields the events in all lists.
func (c *commonTimeouts) each(yield func(*Event) bool) bool {
	for _, p := range c.pages {
		if p == nil {
			continue
		}
		for _, node := range p.nodes[p.begin:p.end] {
			if node.event != nil && !yield(node.event) {
				return false
			}
		}
	}
	return true
}
