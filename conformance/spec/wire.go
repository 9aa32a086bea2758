package spec

import (
	"fmt"
	"time"
)

// A wireLog is what the client did and saw on each connection, byte counts with their offsets, whether or not the check
// tells of it in its timeline. It keeps the beginning and the end of a long story.
type wireLog struct {
	began   time.Time
	head    []wireEntry
	tail    []wireEntry // a ring once it is full
	next    int         // in the ring
	dropped int
}

// How much is kept: a screen of the beginning, three of the end.
const (
	wireHead = 40
	wireTail = 120
)

// A wireEntry is one or more writes, or reads, of one connection that follow each other without anything between them.
type wireEntry struct {
	at, last time.Duration
	conn     int
	what     string // "→" sent, "←" received, or an event in words
	offset   int64
	n        int64
	calls    int
}

func (w *wireLog) moved(conn int, direction string, offset, n int64) {
	now := time.Since(w.began)
	if e := w.latest(); e != nil && e.conn == conn && e.what == direction && e.offset+e.n == offset {
		e.n, e.last = e.n+n, now
		e.calls++
		return
	}
	w.add(wireEntry{at: now, last: now, conn: conn, what: direction, offset: offset, n: n, calls: 1})
}

func (w *wireLog) note(conn int, what string) {
	now := time.Since(w.began)
	w.add(wireEntry{at: now, last: now, conn: conn, what: what})
}

func (w *wireLog) latest() *wireEntry {
	switch {
	case len(w.tail) > 0:
		return &w.tail[(w.next+len(w.tail)-1)%len(w.tail)]
	case len(w.head) > 0:
		return &w.head[len(w.head)-1]
	}
	return nil
}

func (w *wireLog) add(e wireEntry) {
	switch {
	case len(w.head) < wireHead:
		w.head = append(w.head, e)
	case len(w.tail) < wireTail:
		w.tail = append(w.tail, e)
	default:
		w.tail[w.next] = e
		w.next = (w.next + 1) % wireTail
		w.dropped++
	}
}

// lines are the log as people read it: time, connection, direction, bytes from offset to offset.
func (w *wireLog) lines() []string {
	var lines []string
	for _, e := range w.head {
		lines = append(lines, e.String())
	}
	if w.dropped > 0 {
		lines = append(lines, fmt.Sprintf("  ...     %s left out", plural(int64(w.dropped), "entry", "entries")))
	}
	for i := range w.tail {
		lines = append(lines, w.tail[(w.next+i)%len(w.tail)].String())
	}
	return lines
}

func (e wireEntry) String() string {
	line := fmt.Sprintf("%9.6f c%-4d %s", e.at.Seconds(), e.conn, e.what)
	if e.calls == 0 {
		return line
	}
	line += fmt.Sprintf(" %s from offset %s", plural(e.n, "byte", "bytes"), group(e.offset))
	if e.calls > 1 {
		line += fmt.Sprintf(", in %d calls until %.6f", e.calls, e.last.Seconds())
	}
	return line
}
