package reactor

import (
	"fmt"
	"io"
	"time"
)

// Stats count what a base has done since New. All but Pending, Active and the two most of them only grow.
type Stats struct {
	Turns        uint64 // turns of the loop, each with one wait
	Ready        uint64 // descriptors that the backend reported; with completion, results too
	Stale        uint64 // of these, for an owner that is gone
	Reopened     uint64 // times the backend was replaced to be rid of a registration without owner
	Orphans      uint64 // events whose descriptor was closed and its number reused behind their back
	Sets         uint64 // changes of interest told to the backend
	TimersFired  uint64 // deadlines that have come, those of listeners and bufferevents too
	TimersMoved  uint64 // deadlines that came up and had been pushed back meanwhile
	TimersListed uint64 // timers set without a place in the heap, because many have their duration
	Wakes        uint64 // times the loop was woken by Post
	Posts        uint64 // functions posted and called

	Accepted    uint64 // connections accepted by listeners
	AcceptWaits uint64 // times a listener waited for descriptors or memory to become free
	Reads       uint64 // reads of bufferevents, those of filters and pairs too
	Writes      uint64 // writes, likewise
	ShortWrites uint64 // of these, such as left something to be written

	Pending, Active         int // events that wait for something, and that are about to be called, now
	MostPending, MostActive int // the most there were of them since New, or since ResetMost

	Levels []LevelStats // by priority
}

// LevelStats count what happened to one priority.
type LevelStats struct {
	Called     uint64 // callbacks
	PassedOver uint64 // turns in which the level had something to do and another one ran
	Rescued    uint64 // turns that it got because it had been passed over too often
}

// Stats returns the counters as they are now. The caller may keep them.
func (b *Base) Stats() Stats {
	b.enter("Stats")
	s := b.stats
	s.Pending, s.Active = b.pending, b.active
	s.Levels = append([]LevelStats(nil), s.Levels...)
	return s
}

// add adds the counters of another base.
func (s *Stats) add(other *Stats) {
	for _, c := range []struct {
		sum *uint64
		n   uint64
	}{
		{&s.Turns, other.Turns}, {&s.Ready, other.Ready}, {&s.Stale, other.Stale}, {&s.Reopened, other.Reopened},
		{&s.Orphans, other.Orphans}, {&s.Sets, other.Sets}, {&s.TimersFired, other.TimersFired}, {&s.TimersMoved, other.TimersMoved}, {&s.TimersListed, other.TimersListed},
		{&s.Wakes, other.Wakes}, {&s.Posts, other.Posts}, {&s.Accepted, other.Accepted}, {&s.AcceptWaits, other.AcceptWaits},
		{&s.Reads, other.Reads}, {&s.Writes, other.Writes}, {&s.ShortWrites, other.ShortWrites},
	} {
		*c.sum += c.n
	}
	s.Pending += other.Pending
	s.Active += other.Active
	s.MostPending += other.MostPending
	s.MostActive += other.MostActive
	for p, level := range other.Levels {
		if p == len(s.Levels) {
			s.Levels = append(s.Levels, LevelStats{})
		}
		s.Levels[p].Called += level.Called
		s.Levels[p].PassedOver += level.PassedOver
		s.Levels[p].Rescued += level.Rescued
	}
}

// ResetMost has MostPending and MostActive begin anew, with what there is now.
func (b *Base) ResetMost() {
	b.enter("ResetMost")
	b.stats.MostPending, b.stats.MostActive = b.pending, b.active
}

// Dump writes what the base waits for, a line an event, for a person to read. The form may change.
func (b *Base) Dump(w io.Writer) {
	b.enter("Dump")
	fmt.Fprintf(w, "%s: %d pending, %d active, %d timers, turn %d\n",
		b.Method(), b.pending, b.active, b.timerCount(), b.stats.Turns)
	for e := range b.everyEvent {
		fmt.Fprintf(w, "  %s %v\n", e.source(), e)
	}
}

// String says what the event waits for and whether it is active, as Dump does.
func (e *Event) String() string {
	text := fmt.Sprintf("waits for %v", e.what)
	if e.timed() {
		text += fmt.Sprintf(", for %v", time.Duration(e.deadline-e.base.time()))
	}
	if e.queuePlace != 0 || e.marks&deferred != 0 {
		text += fmt.Sprintf(", active with %v", e.result)
	}
	return fmt.Sprintf("%s, priority %d, %T", text, e.priority, e.handler)
}
