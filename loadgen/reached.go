package main

import (
	"fmt"
	"time"
)

// leastReached is the share of the offered rate that must be answered for it to be called reached.
const leastReached = 0.99

// shortOf is empty if an open loop did what it was asked to, and else says what it did and why: asked X, did Y, because Z.
//
// Offered is what the plan held for the window, so the chance of a Poisson process is no shortfall. Replies are counted by the clock,
// and those in flight at the window's end are missing on one side and come on top on the other: as many as were in flight on average
// are no shortfall either.
func shortOf(asked float64, m Measurement, f Facts) string {
	offered := float64(m.Offered)
	allowed := (1-leastReached)*offered + m.meanOpen()
	if float64(m.Requests) >= offered-allowed && m.Unanswered == 0 {
		return ""
	}
	return fmt.Sprintf("asked %.0f requests/s, did %.0f, because %s", asked, float64(m.Requests)/m.Wall.Seconds(), whyShort(m, f))
}

// meanOpen is the mean number of requests in flight of an open loop, but not more than a healthy one has: a backlog that grows must
// not excuse itself.
func (m Measurement) meanOpen() float64 {
	inFlight := float64(m.Counts.InFlight) / float64(m.Wall)
	return min(inFlight, 0.01*float64(m.Offered)+64)
}

// whyShort names the bottleneck, the generator's own faults first.
func whyShort(m Measurement, f Facts) string {
	switch {
	case f.EngineWait > waitsACore:
		return fmt.Sprintf("the generator waited %.0f %% of the time for a core", 100*f.EngineWait)
	case f.EngineCPU >= busyOpen && f.ServerCPU < busy*float64(f.ServerCores):
		return fmt.Sprintf("the generator used %.0f %% of its core and was late by %v at p99", 100*f.EngineCPU, rounded(f.Late99))
	case f.ServerWait > serverWaits:
		return fmt.Sprintf("the server waited %.0f %% of the time for a core", 100*f.ServerWait)
	case f.ServerCPU >= busy*float64(f.ServerCores):
		return fmt.Sprintf("the server used all of %s", cores(f.ServerCores))
	case m.Held:
		return fmt.Sprintf("the server left %d requests unanswered, the most that the generator keeps", mostInFlight)
	case m.Unanswered > 0:
		return fmt.Sprintf("the server left %d of %d requests unanswered until the end of the drain, %d of them never sent", m.Unanswered, m.Offered, m.Unsent)
	}
	return fmt.Sprintf("replies came too slowly: half of them within %v, 99 %% within %v, without server or generator being busy",
		rounded(f.Response50), rounded(f.Response99))
}

// openDoubts are what the reader of an open loop's figures should know.
func (m Measurement) openDoubts(patience time.Duration) (doubts []string) {
	doubt := func(format string, args ...any) { doubts = append(doubts, fmt.Sprintf(format, args...)) }
	if m.Unanswered > 0 {
		doubt("%d requests were never answered: they count with the time that they had waited at least, and the maximum is a lower bound", m.Unanswered)
	}
	if m.Overdue > 0 {
		doubt("%d replies came later than %v after their request was sent", m.Overdue, patience)
	}
	if clamped := m.Latencies.Clamped(); clamped > 0 {
		doubt("%d response times are above the histogram's range and count as %v", clamped, time.Minute)
	}
	return doubts
}
