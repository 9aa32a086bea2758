package reactor

import (
	"fmt"
	"io"
	"time"
)

// Stats count what a base has done since New.
type Stats struct {
	Turns       uint64 // turns of the loop, each with one wait
	Ready       uint64 // descriptors that the backend reported
	Stale       uint64 // of these, for an owner that is gone
	Reopened    uint64 // times the backend was replaced to be rid of a registration without owner
	Orphans     uint64 // events whose descriptor was closed and its number reused behind their back
	Sets        uint64 // changes of interest told to the backend
	TimersFired uint64
	TimersMoved uint64 // deadlines that came up and had been pushed back meanwhile
	Wakes       uint64 // times the loop was woken by Post
	Posts       uint64 // functions posted and called

	Accepted    uint64 // connections accepted by listeners
	AcceptWaits uint64 // times a listener waited for descriptors or memory to become free
	Reads       uint64 // reads of bufferevents, those of filters and pairs too
	Writes      uint64 // writes, likewise
	ShortWrites uint64 // of these, such as left something to be written

	Levels []LevelStats // by priority
}

// LevelStats count what happened to one priority.
type LevelStats struct {
	Called     uint64 // callbacks
	PassedOver uint64 // turns in which the level had something to do and another one ran
	Rescued    uint64 // turns that it got because it had been passed over too often
}

// Stats returns the counters as they are now.
func (b *Base) Stats() Stats {
	s := b.stats
	s.Levels = append([]LevelStats(nil), s.Levels...)
	return s
}

// Dump writes what the base waits for, a line an event, for a person to read.
func (b *Base) Dump(w io.Writer) {
	fmt.Fprintf(w, "%s: %d pending, %d active, %d timers, turn %d\n",
		b.Method(), b.pending, b.active, b.timers.len(), b.stats.Turns)
	for fd := range b.fds.len() {
		for e := b.fds.entry(fd).first; e != nil; e = e.next {
			fmt.Fprintf(w, "  descriptor %d %v\n", fd, e)
		}
	}
	for _, node := range b.timers.nodes {
		if node.event.marks&added == 0 && node.event.deadline != 0 {
			fmt.Fprintf(w, "  timer %v\n", node.event)
		}
	}
}

func (e *Event) String() string {
	text := fmt.Sprintf("waits for %v", e.what)
	if e.timed() {
		text += fmt.Sprintf(", for %v", time.Duration(e.deadline-e.base.time()))
	}
	if e.queuePlace != 0 {
		text += fmt.Sprintf(", active with %v", e.result)
	}
	return fmt.Sprintf("%s, priority %d, %T", text, e.priority, e.handler)
}
