package simulated

import "time"

// An agenda has what is going to happen, the earliest on top; what is due at one time happens in the order of arrival.
type agenda struct {
	heap     []happening
	sequence int
}

type happening struct {
	at       time.Duration
	sequence int
	act      func()
}

func (h happening) before(other happening) bool {
	return h.at < other.at || h.at == other.at && h.sequence < other.sequence
}

func (a *agenda) put(at time.Duration, act func()) {
	a.sequence++
	a.heap = append(a.heap, happening{at, a.sequence, act})
	for i := len(a.heap) - 1; i > 0 && a.heap[i].before(a.heap[(i-1)/2]); i = (i - 1) / 2 {
		a.heap[i], a.heap[(i-1)/2] = a.heap[(i-1)/2], a.heap[i]
	}
}

func (a *agenda) take() happening {
	first, last := a.heap[0], len(a.heap)-1
	a.heap[0] = a.heap[last]
	a.heap[last] = happening{}
	a.heap = a.heap[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child+1 < last && a.heap[child+1].before(a.heap[child]) {
			child++
		}
		if child >= last || !a.heap[child].before(a.heap[i]) {
			return first
		}
		a.heap[i], a.heap[child] = a.heap[child], a.heap[i]
		i = child
	}
}

// After has act called when d has passed, by a wait of some [Poller]. act is the world outside: it may use ends, and post to
// the loop, but not touch what belongs to the loop.
func (k *Kernel) After(d time.Duration, act func()) { k.agenda.put(k.now+d, act) }

// happen does what is due and reports whether there was anything.
func (k *Kernel) happen() (any bool) {
	for len(k.agenda.heap) > 0 && k.agenda.heap[0].at <= k.now {
		k.agenda.take().act()
		any = true
	}
	return any
}

// Soon is how long something outside takes: mostly no time at all or some microseconds, now and then a while.
func (k *Kernel) Soon() time.Duration {
	switch k.choose.Below(8) {
	case 0, 1:
		return 0
	case 2, 3, 4:
		return time.Duration(k.choose.Below(100)) * time.Microsecond
	case 5, 6:
		return time.Duration(k.choose.Below(3000)) * time.Microsecond
	default:
		return time.Duration(k.choose.Below(200)) * time.Millisecond
	}
}
