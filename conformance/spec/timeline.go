package spec

import (
	"fmt"
	"strings"
	"time"
)

// A timeline is what happened when, for the line "when" of a failure.
type timeline struct {
	began  time.Time
	events []event
}

type event struct {
	at   time.Duration
	conn int // 0: not about a connection
	what string
}

func (l *timeline) add(conn int, what string) {
	l.events = append(l.events, event{time.Since(l.began), conn, what})
}

// shownEvents is how many events a failure shows: the first few say how it began, the last ones how it ended.
const shownEvents = 16

// String joins the events: 0.000 connect · 0.031 sent 7 864 320, blocked. A connection is named only if there are several.
func (l *timeline) String() string {
	var parts []string
	for i, e := range l.events {
		if len(l.events) > shownEvents && i >= shownEvents/4 && i < len(l.events)-shownEvents*3/4 {
			if i == shownEvents/4 {
				parts = append(parts, fmt.Sprintf("(%d more)", len(l.events)-shownEvents))
			}
			continue
		}
		parts = append(parts, l.text(e))
	}
	return strings.Join(parts, " · ")
}

func (l *timeline) text(e event) string {
	if e.conn > 0 && l.connections() > 1 {
		return fmt.Sprintf("%.3f c%d %s", e.at.Seconds(), e.conn, e.what)
	}
	return fmt.Sprintf("%.3f %s", e.at.Seconds(), e.what)
}

func (l *timeline) connections() int {
	seen := map[int]bool{}
	for _, e := range l.events {
		if e.conn > 0 {
			seen[e.conn] = true
		}
	}
	return len(seen)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
