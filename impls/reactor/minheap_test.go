package reactor

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever is put, moved and removed, the heap gives what a sorted list gives. A failure prints its seed.
func TestT10HeapAgainstASortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h minheap
		var model []heapNode // in the heap, by arrival
		events := make([]Event, rapid.IntRange(1, 60).Draw(t, "events"))
		pick := func() *Event { return &events[rapid.IntRange(0, len(events)-1).Draw(t, "event")] }
		forget := func(e *Event) {
			model = slices.DeleteFunc(model, func(n heapNode) bool { return n.event == e })
		}
		for i := range events { // three levels of the tree from the beginning
			deadline := moment(rapid.IntRange(1, 20).Draw(t, "deadline"))
			h.put(&events[i], deadline)
			model = append(model, heapNode{deadline, 0, &events[i]})
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				e, deadline := pick(), moment(rapid.IntRange(1, 20).Draw(t, "deadline"))
				forget(e)
				h.put(e, deadline)
				model = append(model, heapNode{deadline, 0, e})
			},
			"remove": func(t *rapid.T) {
				e := pick()
				forget(e)
				h.remove(e)
			},
			"take the first": func(t *rapid.T) {
				if len(model) == 0 {
					return
				}
				first := slices.MinFunc(model, func(a, b heapNode) int { return int(a.deadline - b.deadline) })
				if h.nodes[0].event != first.event || h.nodes[0].deadline != first.deadline {
					t.Fatalf("on top is %v, want %v", h.nodes[0], first)
				}
				forget(first.event)
				h.remove(first.event)
			},
			"": func(t *rapid.T) { checkHeap(t, &h, events, len(model)) },
		})
	})
}

// checkHeap holds after every operation: parents come first, and every event knows its place.
func checkHeap(t *rapid.T, h *minheap, events []Event, want int) {
	if h.len() != want {
		t.Fatalf("%d nodes, want %d", h.len(), want)
	}
	for i, n := range h.nodes {
		if i > 0 && n.before(h.nodes[(i-1)/4]) {
			t.Fatalf("node %d comes before its parent", i)
		}
		if int(n.event.heapPlace) != i+1 {
			t.Fatalf("node %d: its event believes to be at %d", i, n.event.heapPlace-1)
		}
	}
	placed := 0
	for i := range events {
		if events[i].heapPlace != 0 {
			placed++
		}
	}
	if placed != want {
		t.Fatalf("%d events believe to be in a heap of %d", placed, want)
	}
}

// The same for the timers of a loop, in the heap and in lists: armed, pushed back, drawn near and taken away, they fire in order and never early.
func TestT10T11TimersAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := moment(1)
		b := &Base{clock: func() moment { return now }, levels: make([]level, 1), running: noLevel, turning: true}
		b.stats.Levels = make([]LevelStats, 1)
		for _, timeout := range []time.Duration{5, 20} { // these have lists, the others the heap
			common(b, timeout)
		}
		due := map[*Event]moment{}
		timers := make([]*Event, 30)
		for i := range timers {
			var e *Event
			e = b.NewTimer(func() {
				if d, pending := due[e]; !pending || d > now {
					t.Fatalf("fired at %d, due %d, pending %v", now, d, pending)
				}
				delete(due, e)
			})
			timers[i] = e
		}
		pick := func() *Event { return timers[rapid.IntRange(0, len(timers)-1).Draw(t, "timer")] }
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				e := pick()
				timeout := moment(rapid.OneOf(rapid.SampledFrom([]int{5, 20}), rapid.IntRange(0, 50)).Draw(t, "timeout"))
				b.now = now
				e.withdraw(Timeout)
				b.arm(e, now+timeout, time.Duration(timeout))
				due[e] = now + timeout
			},
			"delete": func(t *rapid.T) {
				e := pick()
				b.disarm(e)
				e.withdraw(Timeout)
				delete(due, e)
			},
			"pass": func(t *rapid.T) {
				now += moment(rapid.IntRange(0, 30).Draw(t, "time"))
				b.now = now
				b.expire()
				b.runActive()
				for e, d := range due {
					if d <= now {
						t.Fatalf("due %d and not fired at %d: %v", d, now, e)
					}
				}
			},
			"": func(t *rapid.T) { checkLists(t.Fatalf, b) },
		})
	})
}
