package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"reactorbench/results"
)

// A goal is a bound on one figure, and where that figure stands among what was measured.
type goal struct {
	number   int     // goals about one subject have one number
	what     string  // with the unit, for a reader of the table
	most     float64 // the figure is to be no more
	measured func(evidence) results.Estimate
}

// A verdict is what a figure says about its goal.
type goalVerdict string

const (
	reached    goalVerdict = "reached"
	notReached goalVerdict = "NOT REACHED"
	cannotTell goalVerdict = "cannot tell"
)

// judge asks for the whole interval: an interval on both sides of the goal says nothing, and neither does one that is none.
func (g goal) judge(e results.Estimate) goalVerdict {
	switch {
	case !e.Known() || !e.Trusted():
		return cannotTell
	case e.High <= g.most:
		return reached
	case e.Low > g.most:
		return notReached
	}
	return cannotTell
}

// goals are what the whole library is to cost, with time-outs, marks and bounded memory, beside a server that has none of them.
func goals() (all []goal) {
	all = append(all, cpuGoals()...)
	all = append(all, callGoals()...)
	all = append(all, memoryGoals()...)
	all = append(all, dispatchGoals()...)
	all = append(all, timerGoals()...)
	return append(all, latencyGoals()...)
}

// shapes are the workloads of pairs, and what io_uring may cost there.
var shapes = []struct {
	name  string
	uring float64
}{{"closed-64", 0.97}, {"closed-1000", 0.97}, {"pipelined-16", 0.97}, {"closed-4k", 1.03}, {"bulk-64k", 1.03}}

func cpuGoals() (all []goal) {
	for _, w := range shapes {
		for _, server := range ours {
			most := 1.03
			if server == "reactor/io_uring" {
				most = w.uring
			}
			all = append(all,
				goal{1, fmt.Sprintf("%s, %s: server CPU a request ÷ bare's", server, w.name), most, toBare(server, w.name)},
				goal{1, fmt.Sprintf("%s, %s: that ÷ the best peer's", server, w.name), 1, toBestPeer(server, w.name)})
		}
	}
	return all
}

// strayCalls is what a request may have of calls that belong to none: those of the warm-up, of accepting, of waiting.
const strayCalls = 0.01

func callGoals() (all []goal) {
	for _, c := range []struct {
		what  string
		most  float64
		names []string
	}{
		{"reads", 1 + strayCalls, []string{"read", "readv"}},
		{"writes", 1 + strayCalls, []string{"write", "writev"}},
		{"waits", 1, []string{"epoll_wait", "epoll_pwait", "epoll_pwait2"}},
	} {
		all = append(all, goal{2, "reactor/epoll, closed-64: " + c.what + " a request", c.most, calls("reactor/epoll", c.names...)})
	}
	return append(all,
		goal{2, "reactor/epoll, closed-64: epoll_ctl a request, beyond two a connection", strayCalls, interestCalls("reactor/epoll")},
		goal{2, "reactor/epoll, closed-64: other system calls a request, without those of Go's runtime", strayCalls, otherCalls("reactor/epoll")},
		goal{2, "reactor/io_uring, closed-64: all system calls a request", 0.2, calls("reactor/io_uring")})
}

// memoryGoals are of connections that have a time-out.
func memoryGoals() (all []goal) {
	for _, server := range ours {
		all = append(all, goal{3, server + ": bytes an idle connection, time-outs set", 200, idleBytes(withTimeouts(server))})
	}
	for _, server := range ours {
		method := strings.TrimPrefix(server, "reactor/")
		all = append(all,
			goal{3, server + ": whole allocations an echo", 0, benchmarkCount("BenchmarkEcho/"+method+"/library_with_timeouts", "allocs/op")},
			goal{3, server + ": allocations a connection, from accept over an echo to its end", 1 + strayAllocations,
				benchmarkCount("BenchmarkLife/"+method, "allocations/life")})
	}
	return all
}

// strayAllocations is what a connection may have of those that belong to none: of Go's runtime, of tables that grow.
const strayAllocations = 0.01

func dispatchGoals() (all []goal) {
	for _, s := range sequences() {
		switch {
		case s.arguments[0] == "cascade" || s.arguments[0] == "dispatch" && !s.alone:
			all = append(all, goal{4, s.String() + ": CPU time ÷ libevent's", 1, toLibevent(s, s.arguments[0])})
		}
	}
	return append(all, goal{4, "epoll dispatch, 100 active: CPU time with 9000 pairs ÷ with 100", 2, flatness})
}

// strayWaits is what a timer may have of those that a signal of Go's runtime has ended.
const strayWaits = 0.01

func timerGoals() (all []goal) {
	timers := sequence{method: "epoll", arguments: []string{"timers", "1000000"}}
	for _, step := range []string{"add", "move", "cancel", "expire"} {
		all = append(all, goal{5, "a million timers, " + step + ": CPU time ÷ libevent's", 1, toLibevent(timers, step)})
	}
	for _, method := range []string{"epoll", "poll", "select", "io_uring-poll", "io_uring"} {
		all = append(all, goal{5, method + ": waits for a timer of 100 µs", 1 + strayWaits, benchmarkCount("BenchmarkTimerOf100Microseconds/"+method, "waits/timer")})
	}
	return append(all, goal{5, "ns to start an idle timeout anew", 100, rearm})
}

func latencyGoals() (all []goal) {
	for _, server := range ours {
		for _, percent := range []float64{50, 99} {
			all = append(all, goal{6, fmt.Sprintf("%s, one connection: p%g ÷ the best peer's at most", server, percent), 1, aloneToBestPeer(server, percent)})
		}
	}
	for _, share := range latencyShares {
		for _, server := range ours {
			for _, percent := range []float64{50, 99} {
				all = append(all, goal{6, fmt.Sprintf("%s, open loop at %d %% of capacity: p%g ÷ the best peer's at most", server, share, percent),
					1, latencyToBestPeer(server, share, percent)})
			}
		}
	}
	return all
}

// printGoals has a line for each goal, also for one of which nothing was measured.
func printGoals(w io.Writer, all []goal, e evidence, render renderer) error {
	count := make(map[goalVerdict]int)
	rows := [][]string{{"goal", "", "at most", "measured", "÷ goal", ""}}
	for _, g := range all {
		estimate := g.measured(e)
		verdict := g.judge(estimate)
		count[verdict]++
		rows = append(rows, []string{strconv.Itoa(g.number), g.what, fmt.Sprintf("%.4g", g.most), g.text(estimate), g.share(estimate), string(verdict)})
	}
	if err := render(w, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d goals: %d reached, %d not reached, %d cannot be told\n", len(all), count[reached], count[notReached], count[cannotTell])
	return err
}

// text is an estimate as it stands beside the goal.
func (g goal) text(e results.Estimate) string {
	number := func(v float64) string { return toldFrom(g.most, v, 'g', 4) }
	switch {
	case !e.Known():
		return "not measured"
	case !e.Trusted():
		return number(e.Median) + ", too few for an interval"
	case e.Low == e.High:
		return number(e.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", number(e.Median), number(e.Low), number(e.High))
}

func (g goal) share(e results.Estimate) string {
	if !e.Known() || g.most == 0 {
		return "–"
	}
	return toldFrom(1, e.Median/g.most, 'f', 2)
}

// toldFrom has so many digits, and more where it would read as the bound that it is not: whatever misses a bound by little must not look
// as if it had reached it.
func toldFrom(bound, v float64, format byte, digits int) string {
	for ; digits < 9; digits++ {
		if text := strconv.FormatFloat(v, format, digits, 64); v == bound || text != strconv.FormatFloat(bound, format, digits, 64) {
			return text
		}
	}
	return strconv.FormatFloat(v, format, digits, 64)
}
