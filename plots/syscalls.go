package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"reactorbench/results"
)

// traced is the purpose of records in which system calls were counted and nothing was timed.
const traced = "syscalls"

// A traffic is what one server asked of the kernel, over all of its traced runs.
type traffic struct {
	impl     string
	requests int64
	calls    map[string]int64
	totals   []float64 // per request, run by run
}

// callsChart shows what each server asks of the kernel for a request, by name. There is none without a traced run.
func (s study) callsChart(workload string) (chart, bool) {
	servers, shape := s.tracedUnder(workload)
	if len(servers) == 0 {
		return chart{}, false
	}
	plot := barPlot{Looks: s.Looks, Axis: "system calls per request", Format: func(v float64) string { return shortest(v) }}
	table := table{Head: []string{"implementation", "system calls per request", "by name", "requests", "note"}}
	runs := 0
	for _, t := range servers {
		runs = max(runs, len(t.totals))
		plot.Bars = append(plot.Bars, s.callsBar(t, callOrder(servers)))
		table.Rows = append(table.Rows, []string{t.impl, significant(t.total()), t.byName(), count(t.requests), s.Echo.mark(t.impl)})
	}
	sub := workload + ": " + countOf(shape.Conns, "connection") + ", " + countOf(shape.MessageBytes, "byte") + " a request, " + shape.Loop + " loop · counted by strace in " +
		countOf(runs, "run") + " of each server, which is many times slower then, so that a wait finds more ready at once · the counts are exact and have no interval" +
		spreadWords(runs) + " · pale, and the + behind the figure: sleeps, locks and signals, which a runtime makes by the clock · fewer is better"
	return chart{
		File: "calls-" + workload, Rows: true, Table: table,
		Page: page{Title: "What does a request ask of the kernel?", Sub: sub, Foot: s.Footnote(), BodyHeight: plot.height(), Body: plot.draw},
	}, true
}

func spreadWords(runs int) string {
	if runs > 1 {
		return ", the span is lowest to highest run"
	}
	return ""
}

// tracedUnder are the servers with counts, the most sparing first.
func (s study) tracedUnder(workload string) (servers []traffic, shape results.Record) {
	at := map[string]int{}
	for _, r := range s.Run.Records() {
		if r.Purpose != traced || r.Workload != workload || r.Failed() || r.Requests <= 0 || len(r.Syscalls) == 0 {
			continue
		}
		i, known := at[r.Impl]
		if !known {
			i = len(servers)
			at[r.Impl] = i
			servers = append(servers, traffic{impl: r.Impl, calls: map[string]int64{}})
		}
		servers[i].add(r)
		shape = r
	}
	slices.SortStableFunc(servers, func(a, b traffic) int {
		return cmp.Or(cmp.Compare(a.asked(), b.asked()), cmp.Compare(a.impl, b.impl))
	})
	return servers, shape
}

func (t *traffic) add(r results.Record) {
	t.requests += r.Requests
	var sum int64
	for name, n := range r.Syscalls {
		t.calls[name] += max(0, n)
		sum += max(0, n)
	}
	t.totals = append(t.totals, float64(sum)/float64(r.Requests))
}

// byTheClock are the calls that a runtime makes to sleep, to lock and to preempt: a traced server makes more of them for a request
// because the request takes longer.
var byTheClock = map[string]bool{
	"nanosleep": true, "clock_nanosleep": true, "futex": true, "sched_yield": true, "getpid": true, "tgkill": true,
	"rt_sigreturn": true, "rt_sigprocmask": true, "restart_syscall": true,
}

func (t traffic) perRequest(name string) float64 { return float64(t.calls[name]) / float64(t.requests) }

// asked is what the requests ask for, without what follows the clock.
func (t traffic) asked() (sum float64) {
	for name := range t.calls {
		if !byTheClock[name] {
			sum += float64(t.calls[name])
		}
	}
	return sum / float64(t.requests)
}

func (t traffic) total() (sum float64) {
	for _, n := range t.calls {
		sum += float64(n)
	}
	return sum / float64(t.requests)
}

// rareCall is how many a request are too few for a name.
const rareCall = 0.01

// callOrder is the order of the names in every bar: the most frequent over all servers first, those by the clock last.
func callOrder(servers []traffic) (names []string) {
	sums := map[string]float64{}
	for _, t := range servers {
		for name := range t.calls {
			sums[name] += t.perRequest(name)
		}
	}
	for name := range sums {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(compareBool(byTheClock[a], byTheClock[b]), cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b))
	})
	return names
}

func (s study) callsBar(t traffic, order []string) bar {
	b := bar{Name: t.impl, Label: fmt.Sprintf("%.2f", t.asked()), Mark: s.Echo.mark(t.impl)}
	rare, clock := 0.0, 0.0
	for i, name := range order {
		n := t.perRequest(name)
		switch {
		case byTheClock[name]:
			clock += n
		case n < rareCall:
			rare += n
		default:
			b.Parts = append(b.Parts, barPart{Name: name, Value: n, Shade: i})
		}
	}
	if rare > 0 {
		b.Parts = append(b.Parts, barPart{Name: "other", Value: rare, Shade: len(order)})
	}
	if clock > 0 {
		b.Parts = append(b.Parts, barPart{Name: "by the clock", Value: clock, Pale: true})
	}
	b.Aside = fmt.Sprintf("+ %.2f · %s requests", clock, count(t.requests))
	if len(t.totals) > 1 {
		b.Aside += " · " + fmt.Sprintf("%.2f–%.2f", slices.Min(t.totals), slices.Max(t.totals))
	}
	b.Says = t.byName()
	return b
}

// byName lists the calls per request, the most frequent first.
func (t traffic) byName() string {
	var words []string
	for _, name := range callOrder([]traffic{t}) {
		if n := t.perRequest(name); n >= rareCall {
			words = append(words, fmt.Sprintf("%s %.2f", name, n))
		}
	}
	return strings.Join(words, ", ")
}
